//! Writes turns as messages: user and assistant in turn, instructions apart.

use super::{media, unsupported};
use crate::canonical::{CacheMark, Complaint, Json, Part, Prompt, Role, opened_seal};
use crate::types::Protocol;
use serde::Serialize;
use serde_json::{Value, json};

/// What stands for a user who has said nothing.
const SILENCE: &str = ".";

/// A message as it is written.
#[derive(Serialize)]
pub(super) struct Message {
    role: &'static str,
    content: Vec<Value>,
}

/// Instructions and conversation.
#[derive(Default)]
pub(super) struct Conversation {
    pub system: Vec<Value>,
    pub messages: Vec<Message>,
    /// Names of functions that were called.
    pub called: Vec<String>,
    documents: usize,
}

impl Conversation {
    /// Lays out a prompt.
    pub fn of(prompt: &Prompt, dropped: &mut Vec<String>) -> Result<Conversation, Complaint> {
        let mut conversation = Conversation::default();
        conversation.system = conversation.blocks("system", &prompt.system, dropped)?;
        for (place, turn) in prompt.turns.iter().enumerate() {
            if turn.name.is_some() {
                dropped.push(format!("messages[{place}].name"));
            }
            let path = format!("messages[{place}].content");
            let blocks = conversation.blocks(&path, &turn.parts, dropped)?;
            match turn.role {
                Role::System => {
                    dropped.push(format!("messages[{place}].role"));
                    conversation.system.extend(blocks);
                }
                Role::User => conversation.add("user", blocks),
                Role::Assistant => conversation.add("assistant", blocks),
            }
        }
        conversation.finish();
        Ok(conversation)
    }

    /// Adds words to the instructions.
    pub fn instruct(&mut self, words: &str) {
        self.system.push(json!({"text": words}));
    }

    fn add(&mut self, role: &'static str, blocks: Vec<Value>) {
        match self.messages.last_mut().filter(|last| last.role == role) {
            Some(last) => last.content.extend(blocks),
            None if blocks.is_empty() => {}
            None => self.messages.push(Message { role, content: blocks }),
        }
    }

    /// A conversation begins with the user, a document has words beside it, and what the model is to go on from does not
    /// end in white space.
    fn finish(&mut self) {
        if self.messages.first().is_none_or(|first| first.role != "user") {
            self.messages.insert(0, Message { role: "user", content: vec![json!({"text": SILENCE})] });
        }
        for message in &mut self.messages {
            let has = |name: &str| message.content.iter().any(|block| block.get(name).is_some());
            if has("document") && !has("text") {
                message.content.push(json!({"text": SILENCE}));
            }
        }
        let last = self.messages.last_mut().filter(|last| last.role == "assistant");
        let text = last.and_then(|last| last.content.last_mut()).and_then(|block| block.get_mut("text"));
        if let Some(Value::String(text)) = text {
            text.truncate(text.trim_end().len());
        }
    }

    fn blocks(&mut self, path: &str, parts: &[Part], dropped: &mut Vec<String>) -> Result<Vec<Value>, Complaint> {
        let mut blocks = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let path = format!("{path}[{place}]");
            blocks.extend(self.block(&path, part, dropped)?);
            if let Some(mark) = mark(part) {
                blocks.push(cache_point(mark));
            }
        }
        Ok(blocks)
    }

    fn block(&mut self, path: &str, part: &Part, dropped: &mut Vec<String>) -> Result<Option<Value>, Complaint> {
        Ok(match part {
            // The protocol takes no text without words.
            Part::Text { text, .. } | Part::Refusal { text } => {
                (!text.trim().is_empty()).then(|| json!({"text": text}))
            }
            Part::Thinking { text, signature } => match signature.as_deref().map(opened_seal) {
                Some((None | Some(Protocol::Bedrock), seal)) => {
                    Some(json!({"reasoningContent": {"reasoningText": {"text": text, "signature": seal}}}))
                }
                _ => {
                    dropped.push(path.to_owned());
                    None
                }
            },
            Part::RedactedThinking { data } => Some(json!({"reasoningContent": {"redactedContent": data}})),
            Part::Media(found) => {
                self.documents += 1;
                Some(media::block(path, found, self.documents, dropped)?)
            }
            Part::ToolCall { id, name, input, .. } => {
                self.called.push(name.clone());
                Some(json!({"toolUse": {"toolUseId": id, "name": name, "input": object(input)}}))
            }
            Part::ToolResult { call, parts, is_error, .. } => {
                let content = self.result(path, parts, dropped)?;
                let status = if *is_error { "error" } else { "success" };
                Some(json!({"toolResult": {"toolUseId": call, "content": content, "status": status}}))
            }
            Part::Opaque { from: Protocol::Bedrock, raw } => serde_json::from_str(raw.get()).ok(),
            Part::Opaque { .. } | Part::Citation(_) | Part::Search(_) => {
                dropped.push(path.to_owned());
                None
            }
        })
    }

    /// What a function gave back: texts and media. Nothing is said as an empty text.
    fn result(&mut self, path: &str, parts: &[Part], dropped: &mut Vec<String>) -> Result<Vec<Value>, Complaint> {
        let mut content = Vec::with_capacity(parts.len());
        for (place, part) in parts.iter().enumerate() {
            let path = format!("{path}.content[{place}]");
            match part {
                Part::Text { text, .. } | Part::Refusal { text } => content.push(json!({"text": text})),
                Part::Media(_) => content.extend(self.block(&path, part, dropped)?),
                Part::ToolCall { .. } | Part::ToolResult { .. } => {
                    return Err(unsupported(&path, "calls inside of results"));
                }
                _ => dropped.push(path),
            }
        }
        if content.is_empty() {
            content.push(json!({"text": ""}));
        }
        Ok(content)
    }
}

/// The arguments of a call: an object always.
fn object(input: &Json) -> Value {
    let value = serde_json::from_str(input.get()).ok().filter(Value::is_object);
    value.unwrap_or_else(|| json!({}))
}

fn mark(part: &Part) -> Option<&CacheMark> {
    match part {
        Part::Text { cache, .. } | Part::ToolCall { cache, .. } | Part::ToolResult { cache, .. } => cache.as_ref(),
        Part::Media(media) => media.cache.as_ref(),
        _ => None,
    }
}

/// Asks for the prompt up to here to be kept.
pub(super) fn cache_point(mark: &CacheMark) -> Value {
    match mark.ttl.as_deref() {
        Some(ttl) => json!({"cachePoint": {"type": "default", "ttl": ttl}}),
        None => json!({"cachePoint": {"type": "default"}}),
    }
}
