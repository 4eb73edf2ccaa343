//! Reads messages into turns.
//!
//! Instructions that stand first become [`Prompt::system`]; consecutive tool results become one
//! turn of the user, as the other protocols have it. Empty texts are nothing.

use super::read_prompt::{no_such_word, optional};
use super::wire::{Obj, Val};
use super::{read_part, wire};
use crate::canonical::{Complaint, Json, Part, Prompt, Role, Turn, sealed_by};
use crate::types::Protocol;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Reads all messages.
pub(super) fn conversation(messages: &Val<'_>, prompt: &mut Prompt) -> Result<(), Complaint> {
    let items = messages.items()?;
    if items.is_empty() {
        return Err(Complaint::invalid(&messages.path, format!("`{}` is empty; send at least one", messages.path)));
    }
    let mut conversation = Conversation { prompt, results_open: false, legacy_calls: Vec::new() };
    for (place, message) in items.iter().enumerate() {
        let before = conversation.extent();
        conversation.message(message)?;
        conversation.note(before, place);
    }
    Ok(())
}

/// How many parts the instructions have, how many turns there are, and how many parts the last one has.
type Extent = (usize, usize, usize);

struct Conversation<'p> {
    prompt: &'p mut Prompt,
    /// Whether the last turn holds tool results only, so that the next result joins it.
    results_open: bool,
    /// Names and ids of calls in the form that had no ids.
    legacy_calls: Vec<(String, String)>,
}

impl Conversation<'_> {
    fn message(&mut self, message: &Val<'_>) -> Result<(), Complaint> {
        let mut object = message.object()?;
        let role = object.need("role")?;
        match &*role.text()? {
            "system" | "developer" => self.instructions(object),
            "user" => self.user(object),
            "assistant" => self.assistant(&message.path, object),
            "tool" => self.tool(object),
            "function" => self.function(object),
            other => Err(no_such_word(&role, "system, developer, user, assistant, tool", other)),
        }
    }

    fn extent(&self) -> Extent {
        let turns = &self.prompt.turns;
        (self.prompt.system.len(), turns.len(), turns.last().map_or(0, |turn| turn.parts.len()))
    }

    /// Notes where the parts of a message went.
    fn note(&mut self, before: Extent, message: usize) {
        let turns = self.prompt.turns.len();
        let (turn, part) = match (self.extent(), before) {
            ((_, now, _), (_, then, _)) if now > then => (Some(turns - 1), 0),
            ((now, ..), (then, ..)) if now > then => (None, then),
            (_, (_, _, then)) if turns > 0 => (Some(turns - 1), then),
            _ => return,
        };
        self.prompt.places.note(turn, part, message);
    }

    fn turn(&mut self, role: Role, name: Option<String>, parts: Vec<Part>) {
        self.results_open = false;
        self.prompt.turns.push(Turn { role, name, parts });
    }

    fn instructions(&mut self, mut message: Obj<'_>) -> Result<(), Complaint> {
        let parts = content(&mut message)?;
        if self.prompt.turns.is_empty() {
            self.prompt.system.extend(parts);
            return Ok(());
        }
        let name = optional(&mut message, "name", Val::string)?;
        self.turn(Role::System, name, parts);
        Ok(())
    }

    fn user(&mut self, mut message: Obj<'_>) -> Result<(), Complaint> {
        let name = optional(&mut message, "name", Val::string)?;
        let mut parts = content(&mut message)?;
        parts.extend(unknown(message)?);
        self.turn(Role::User, name, parts);
        Ok(())
    }

    fn assistant(&mut self, path: &str, mut message: Obj<'_>) -> Result<(), Complaint> {
        let name = optional(&mut message, "name", Val::string)?;
        let mut parts = thoughts(&mut message)?;
        parts.extend(content(&mut message)?);
        if let Some(text) = optional(&mut message, "refusal", Val::string)?.filter(|text| !text.is_empty()) {
            parts.push(Part::Refusal { text });
        }
        for call in message.take("tool_calls").map_or(Ok(Vec::new()), |calls| calls.items())? {
            parts.extend(seal(&call)?);
            parts.push(tool_call(&call)?);
        }
        if let Some(call) = message.take("function_call") {
            parts.push(self.function_call(path, &call)?);
        }
        parts.extend(unknown(message)?);
        self.turn(Role::Assistant, name, parts);
        Ok(())
    }

    /// A call in the old form. It has no id, so its place in the conversation makes one.
    fn function_call(&mut self, path: &str, call: &Val<'_>) -> Result<Part, Complaint> {
        let digits: String = path.chars().filter(char::is_ascii_digit).collect();
        let id = format!("call_{digits}");
        let (name, input) = function(&mut call.object()?)?;
        self.legacy_calls.push((name.clone(), id.clone()));
        Ok(Part::ToolCall { id, name, input, cache: None })
    }

    fn tool(&mut self, mut message: Obj<'_>) -> Result<(), Complaint> {
        let call = message.need("tool_call_id")?.string()?;
        let cache = read_part::cache_mark(&mut message)?;
        let parts = content(&mut message)?;
        self.result(Part::ToolResult { call, parts, is_error: false, cache });
        Ok(())
    }

    /// A result in the old form: it answers the last call of that name.
    fn function(&mut self, mut message: Obj<'_>) -> Result<(), Complaint> {
        let given = message.need("name")?;
        let name = given.string()?;
        let parts = content(&mut message)?;
        let Some((_, call)) = self.legacy_calls.iter().rfind(|(called, _)| *called == name) else {
            let text = format!("`{}` is `{name}`, but no message before it calls that function", given.path);
            return Err(Complaint::invalid(&given.path, text));
        };
        let call = call.clone();
        self.result(Part::ToolResult { call, parts, is_error: false, cache: None });
        Ok(())
    }

    fn result(&mut self, result: Part) {
        match self.prompt.turns.last_mut() {
            Some(turn) if self.results_open => turn.parts.push(result),
            _ => self.turn(Role::User, None, vec![result]),
        }
        self.results_open = true;
    }
}

/// Reads `content`. A cache mark on the message itself (LiteLLM's way) marks its last part.
fn content(message: &mut Obj<'_>) -> Result<Vec<Part>, Complaint> {
    let mark = read_part::cache_mark(message)?;
    let Some(given) = message.take("content") else { return Ok(Vec::new()) };
    let mut parts = read_part::list(&given)?;
    if let (Some(mark), Some(Part::Text { cache, .. })) = (mark, parts.last_mut()) {
        cache.get_or_insert(mark);
    }
    Ok(parts)
}

/// Reads what the model thought. `thinking_blocks` carry the provider's seals and win over the plain words.
fn thoughts(message: &mut Obj<'_>) -> Result<Vec<Part>, Complaint> {
    let blocks = message.take("thinking_blocks").map_or(Ok(Vec::new()), |blocks| blocks.items())?;
    let plain = ["reasoning_content", "reasoning"].map(|name| message.take(name));
    if !blocks.is_empty() {
        return blocks.iter().map(thinking_block).collect();
    }
    let text = plain.into_iter().flatten().find(|words| words.is_string()).map(|words| words.string()).transpose()?;
    let text = text.filter(|text| !text.is_empty());
    Ok(text.map(|text| Part::Thinking { text, signature: None }).into_iter().collect())
}

/// Reads one block of `thinking_blocks`.
pub(super) fn thinking_block(block: &Val<'_>) -> Result<Part, Complaint> {
    let mut object = block.object()?;
    let kind = object.need("type")?;
    match &*kind.text()? {
        "thinking" => Ok(Part::Thinking {
            text: optional(&mut object, "thinking", Val::string)?.unwrap_or_default(),
            signature: optional(&mut object, "signature", Val::string)?.filter(|seal| !seal.is_empty()),
        }),
        "redacted_thinking" => Ok(Part::RedactedThinking { data: object.need("data")?.string()? }),
        other => Err(no_such_word(&kind, "thinking, redacted_thinking", other)),
    }
}

/// The seal of a call, where Google's own endpoint for this protocol keeps it. It becomes a thought before the call.
pub(super) fn seal(call: &Val<'_>) -> Result<Option<Part>, Complaint> {
    let Some(extra) = call.object()?.take("extra_content") else { return Ok(None) };
    let Some(google) = extra.object()?.take("google") else { return Ok(None) };
    let seal = optional(&mut google.object()?, "thought_signature", Val::string)?.filter(|seal| !seal.is_empty());
    let signature = seal.map(|seal| Some(sealed_by(Protocol::Gemini, &seal)));
    Ok(signature.map(|signature| Part::Thinking { text: String::new(), signature }))
}

/// Reads one of `tool_calls`; a tool of another type than `function` is carried as it is.
pub(super) fn tool_call(call: &Val<'_>) -> Result<Part, Complaint> {
    let mut object = call.object()?;
    let kind = optional(&mut object, "type", Val::text)?;
    if kind.is_some_and(|kind| kind != "function" && !kind.is_empty()) {
        return Ok(Part::Opaque { from: Protocol::Openai, raw: call.json() });
    }
    let id = object.need("id")?.string()?;
    let (name, input) = function(&mut object.need("function")?.object()?)?;
    Ok(Part::ToolCall { id, name, input, cache: None })
}

fn function(function: &mut Obj<'_>) -> Result<(String, Json), Complaint> {
    let name = function.need("name")?.string()?;
    let arguments = optional(function, "arguments", Val::string)?.unwrap_or_default();
    Ok((name, input_of(arguments)))
}

/// The input of a call from its arguments, which the protocol carries as a text that the model wrote.
///
/// Models do write broken arguments, and the conversation must go on after that: what is no JSON
/// object becomes one that shows the model its own words.
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

/// Members of a message that have no place in the canonical model (`audio`, `annotations` ...), so
/// that a writer can name what it leaves out.
fn unknown(message: Obj<'_>) -> Result<Vec<Part>, Complaint> {
    let rest = message.rest().into_iter().filter(|(_, value)| !value.is_empty_array());
    rest.map(|(name, value)| {
        let raw = wire::to_vec(&BTreeMap::from([(name, value.raw)]));
        let raw = String::from_utf8(raw).unwrap_or_default();
        let raw = RawValue::from_string(raw).map_err(|_| value.wrong("JSON"))?;
        Ok(Part::Opaque { from: Protocol::Openai, raw: Json(raw) })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::read_prompt::read;
    use super::*;
    use crate::types::Task;

    fn prompt(messages: &str) -> Result<Prompt, Complaint> {
        read(Task::Chat, &format!(r#"{{"model":"m","messages":{messages}}}"#))
    }

    fn call(id: &str, name: &str, input: &str) -> Part {
        Part::ToolCall { id: id.into(), name: name.into(), input: Json::parse(input.into()).unwrap(), cache: None }
    }

    #[test]
    fn leading_instructions_are_the_system_and_later_ones_are_turns() {
        let read = prompt(
            r#"[{"role":"developer","content":"a"},{"role":"system","content":[{"type":"text","text":"b"}]},
                {"role":"user","name":"ann","content":"hi"},{"role":"system","content":"c"}]"#,
        )
        .unwrap();
        assert_eq!(read.system, [Part::text("a"), Part::text("b")]);
        let expected = [
            Turn { role: Role::User, name: Some("ann".into()), parts: vec![Part::text("hi")] },
            Turn { role: Role::System, name: None, parts: vec![Part::text("c")] },
        ];
        assert_eq!(read.turns, expected);
    }

    #[test]
    fn parallel_calls_and_their_results() {
        let read = prompt(
            r#"[{"role":"user","content":"?"},
                {"role":"assistant","content":null,"annotations":[],"tool_calls":[
                    {"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\": 1.0}"}},
                    {"id":"c2","type":"function","function":{"name":"g","arguments":""}}]},
                {"role":"tool","tool_call_id":"c1","content":"1"},
                {"role":"tool","tool_call_id":"c2","content":[{"type":"text","text":"2"}]},
                {"role":"user","content":"so?"}]"#,
        )
        .unwrap();
        assert_eq!(read.turns[1].parts, [call("c1", "f", r#"{"x": 1.0}"#), call("c2", "g", "{}")]);
        let result = |call: &str, text: &str| Part::ToolResult {
            call: call.into(),
            parts: vec![Part::text(text)],
            is_error: false,
            cache: None,
        };
        assert_eq!(read.turns[2].parts, [result("c1", "1"), result("c2", "2")]);
        assert_eq!(read.turns.len(), 4);
    }

    #[test]
    fn broken_arguments_do_not_end_a_conversation() {
        assert_eq!(input_of("{\"a\":".into()).get(), r#"{"arguments":"{\"a\":"}"#);
        assert_eq!(input_of("[1]".into()).get(), r#"{"arguments":"[1]"}"#);
        assert_eq!(input_of(" null ".into()).get(), "{}");
    }

    #[test]
    fn the_old_form_of_calls_is_read() {
        let read = prompt(
            r#"[{"role":"user","content":"?"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},
                {"role":"function","name":"f","content":"ok"}]"#,
        )
        .unwrap();
        assert_eq!(read.turns[1].parts, [call("call_1", "f", "{}")]);
        assert!(matches!(&read.turns[2].parts[0], Part::ToolResult { call, .. } if call == "call_1"));
        let stray = prompt(r#"[{"role":"function","name":"f","content":"ok"}]"#).unwrap_err();
        assert_eq!(stray.param.as_deref(), Some("messages[0].name"));
    }

    #[test]
    fn thinking_survives_with_its_seal() {
        let read = prompt(
            r#"[{"role":"assistant","content":"a","reasoning_content":"xy","thinking_blocks":[
                {"type":"thinking","thinking":"x","signature":"s","index":0},{"type":"redacted_thinking","data":"d"}]},
                {"role":"assistant","content":"b","reasoning":"z"},{"role":"assistant","content":"c","audio":{"id":"au"}}]"#,
        )
        .unwrap();
        let sealed = Part::Thinking { text: "x".into(), signature: Some("s".into()) };
        let redacted = Part::RedactedThinking { data: "d".into() };
        assert_eq!(read.turns[0].parts, [sealed, redacted, Part::text("a")]);
        let plain = Part::Thinking { text: "z".into(), signature: None };
        assert_eq!(read.turns[1].parts, [plain, Part::text("b")]);
        assert!(matches!(&read.turns[2].parts[1], Part::Opaque { raw, .. } if raw.get() == r#"{"audio":{"id":"au"}}"#));
    }

    #[test]
    fn complaints_name_the_place() {
        for (messages, param) in [
            ("[]", "messages"),
            ("{}", "messages"),
            ("[1]", "messages[0]"),
            (r#"[{"content":"x"}]"#, "messages[0].role"),
            (r#"[{"role":"robot","content":"x"}]"#, "messages[0].role"),
            (r#"[{"role":"user","content":7}]"#, "messages[0].content"),
            (r#"[{"role":"user","content":"x","content":"y"}]"#, "messages[0].content"),
            (r#"[{"role":"user","content":[{"type":"text"}]}]"#, "messages[0].content[0].text"),
            (r#"[{"role":"tool","content":"x"}]"#, "messages[0].tool_call_id"),
            (
                r#"[{"role":"assistant","tool_calls":[{"id":"c","function":{"name":"f","arguments":{}}}]}]"#,
                "messages[0].tool_calls[0].function.arguments",
            ),
        ] {
            assert_eq!(prompt(messages).unwrap_err().param.as_deref(), Some(param), "{messages}");
        }
    }
}
