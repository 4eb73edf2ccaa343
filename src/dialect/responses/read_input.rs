//! Reads the items of `input` into turns.
//!
//! What the model said in a row (thoughts, messages, calls) becomes one turn, and so do results of calls in
//! a row, as the other protocols have it. Instructions that stand first become [`Prompt::system`].

use super::read_content;
use super::read_prompt::{no_such_word, optional};
use super::read_tools::custom_input;
use super::seal::{self, Seal};
use super::wire::{Obj, Val};
use crate::canonical::{Code, Complaint, Json, Part, Prompt, Role, Turn};
use crate::types::Protocol;
use std::collections::BTreeMap;

/// Reads `input`: a text or a list of items.
pub(super) fn conversation(input: &Val<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let mut conversation = Conversation { prompt, joins: None };
    if input.is_string() {
        conversation.turn(Role::User, vec![Part::text(input.string()?)]);
        return Ok(());
    }
    if !input.raw.get().starts_with('[') {
        return Err(input.wrong("a string or an array of items"));
    }
    let items = input.items()?;
    if items.is_empty() && conversation.prompt.system.is_empty() {
        return Err(Complaint::invalid("input", "`input` is empty; send at least one item"));
    }
    items.iter().try_for_each(|item| conversation.item(item))
}

/// What may join the turn before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joins {
    Assistant,
    Results,
}

struct Conversation<'p> {
    prompt: &'p mut Prompt,
    /// What the last turn can still take in.
    joins: Option<Joins>,
}

impl Conversation<'_> {
    fn item(&mut self, item: &Val<'_>) -> Result<(), Complaint> {
        let mut object = item.object()?;
        let kind = optional(&mut object, "type", Val::string)?;
        match kind.as_deref() {
            None | Some("message") => self.message(object),
            Some("function_call") => {
                let call = function_call(&mut object)?;
                self.said(call);
                Ok(())
            }
            Some("custom_tool_call") => {
                let (id, name) = (object.need("call_id")?.string()?, object.need("name")?.string()?);
                let input = custom_input(&object.need("input")?.string()?);
                self.said(Part::ToolCall { id, name, input, cache: None });
                Ok(())
            }
            Some("function_call_output" | "custom_tool_call_output") => self.result(object),
            Some("reasoning") => {
                let thought = reasoning(object)?;
                self.said_all(thought);
                Ok(())
            }
            Some("item_reference") => Err(no_reference(item)),
            Some(_) => {
                self.said(Part::Opaque { from: Protocol::Responses, raw: item.json() });
                Ok(())
            }
        }
    }

    fn turn(&mut self, role: Role, parts: Vec<Part>) {
        self.joins = None;
        self.prompt.turns.push(Turn { role, name: None, parts });
    }

    fn join(&mut self, joins: Joins, role: Role, parts: Vec<Part>) {
        match self.prompt.turns.last_mut() {
            Some(turn) if self.joins == Some(joins) => turn.parts.extend(parts),
            _ => self.turn(role, parts),
        }
        self.joins = Some(joins);
    }

    fn said(&mut self, part: Part) {
        self.join(Joins::Assistant, Role::Assistant, vec![part]);
    }

    fn said_all(&mut self, parts: Vec<Part>) {
        if !parts.is_empty() {
            self.join(Joins::Assistant, Role::Assistant, parts);
        }
    }

    fn message(&mut self, mut message: Obj<'_>) -> Result<(), Complaint> {
        let role = message.need("role")?;
        let parts = read_content::list(&message.need("content")?)?;
        match &*role.text()? {
            "user" => self.turn(Role::User, parts),
            "assistant" => self.said_all(parts),
            "system" | "developer" if self.prompt.turns.is_empty() => self.prompt.system.extend(parts),
            "system" | "developer" => self.turn(Role::System, parts),
            other => return Err(no_such_word(&role, "user, assistant, system, developer", other)),
        }
        Ok(())
    }

    fn result(&mut self, mut object: Obj<'_>) -> Result<(), Complaint> {
        let call = object.need("call_id")?.string()?;
        let parts = object.take("output").map_or(Ok(Vec::new()), |output| read_content::list(&output))?;
        self.join(Joins::Results, Role::User, vec![Part::ToolResult { call, parts, is_error: false, cache: None }]);
        Ok(())
    }
}

fn function_call(object: &mut Obj<'_>) -> Result<Part, Complaint> {
    let (id, name) = (object.need("call_id")?.string()?, object.need("name")?.string()?);
    let arguments = optional(object, "arguments", Val::string)?.unwrap_or_default();
    Ok(Part::ToolCall { id, name, input: input_of(arguments), cache: None })
}

/// The input of a call from its arguments, which the protocol carries as a text that the model wrote. What is
/// no JSON object becomes one that shows the model its own words, so that the conversation can go on.
pub(super) fn input_of(arguments: String) -> Json {
    let trimmed = arguments.trim();
    if trimmed.is_empty() || trimmed == "null" {
        return Json::empty_object();
    }
    if trimmed.starts_with('{')
        && let Ok(input) = Json::parse(trimmed.to_owned())
    {
        return input;
    }
    Json::of(&BTreeMap::from([("arguments", arguments)])).unwrap_or_else(|_| Json::empty_object())
}

/// A thought. A seal of this protocol's own is of no use to other protocols' providers: only the words go on.
fn reasoning(mut object: Obj<'_>) -> Result<Vec<Part>, Complaint> {
    let mut words = Vec::new();
    for name in ["summary", "content"] {
        if let Some(list) = object.take(name).filter(|list| words.is_empty() && !list.is_empty_array()) {
            for part in list.items()? {
                words.push(part.object()?.need("text")?.string()?);
            }
        }
    }
    let text = words.join("\n\n");
    let encrypted = optional(&mut object, "encrypted_content", Val::string)?;
    Ok(match encrypted.as_deref().map(seal::unwrap) {
        Some(Seal::Redacted(data)) => vec![Part::RedactedThinking { data: data.to_owned() }],
        Some(Seal::Thought(signature)) => vec![Part::Thinking { text, signature: Some(signature.to_owned()) }],
        Some(Seal::Own(_)) | None if text.is_empty() => Vec::new(),
        Some(Seal::Own(_)) | None => vec![Part::Thinking { text, signature: None }],
    })
}

fn no_reference(item: &Val<'_>) -> Complaint {
    let path = &item.path;
    let message = format!(
        "`{path}` refers to an item that is kept by OpenAI, and this model's provider does not have it; send the item \
         itself, or go on from an answer with `previous_response_id`"
    );
    Complaint { param: Some(path.clone()), ..Complaint::new(Code::UnsupportedFeature, message) }
}
