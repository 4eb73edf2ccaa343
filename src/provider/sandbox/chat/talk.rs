//! What was said to the model.

use super::super::fault::Fault;
use super::super::request::Request;
use serde_json::{Map, Value};

const ROLES: &[&str] = &["system", "developer", "user", "assistant", "tool", "function"];

/// The parts of a conversation that answers depend on.
#[derive(Default)]
pub(super) struct Talk {
    /// The text of the last user message.
    pub heard: String,
    /// The results of tools behind the last message that is none.
    pub results: Vec<String>,
    /// Bytes of all texts, arguments of calls included.
    pub bytes: usize,
}

impl Talk {
    /// Reads `messages`.
    pub fn read(request: &Request) -> Result<Talk, Fault> {
        let messages = request.field("messages").ok_or_else(|| Fault::missing("messages"))?;
        let messages = messages.as_array().ok_or_else(|| Fault::wrong_type("messages", "an array of objects"))?;
        if messages.is_empty() {
            return Err(Fault::wrong_value("messages", "at least one message"));
        }
        let mut talk = Talk::default();
        for (index, message) in messages.iter().enumerate() {
            talk.add(message, &format!("messages[{index}]"))?;
        }
        Ok(talk)
    }

    fn add(&mut self, message: &Value, path: &str) -> Result<(), Fault> {
        let message = message.as_object().ok_or_else(|| Fault::wrong_type(path, "an object"))?;
        let role = role(message, path)?;
        let text = content(message.get("content"), &format!("{path}.content"))?;
        self.bytes += text.len() + call_bytes(message);
        match role {
            "tool" | "function" => self.results.push(text),
            "user" => {
                self.results.clear();
                self.heard = text;
            }
            _ => self.results.clear(),
        }
        Ok(())
    }
}

fn role<'a>(message: &'a Map<String, Value>, path: &str) -> Result<&'a str, Fault> {
    let path = format!("{path}.role");
    let role = message.get("role").ok_or_else(|| Fault::missing(&path))?;
    let role = role.as_str().ok_or_else(|| Fault::wrong_type(&path, "a string"))?;
    let expected = || format!("one of {}", ROLES.join(", "));
    ROLES.contains(&role).then_some(role).ok_or_else(|| Fault::wrong_value(&path, &expected()))
}

/// The words of a content; a part that has none is named, such as `[image_url]`.
fn content(content: Option<&Value>, path: &str) -> Result<String, Fault> {
    match content {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(parts)) => {
            parts.iter().enumerate().map(|(index, each)| part(each, &format!("{path}[{index}]"))).collect()
        }
        Some(_) => Err(Fault::wrong_type(path, "a string or an array of parts")),
    }
}

fn part(part: &Value, path: &str) -> Result<String, Fault> {
    let kind = part.get("type").and_then(Value::as_str).ok_or_else(|| Fault::missing(&format!("{path}.type")))?;
    match kind {
        "text" | "refusal" => {
            let path = format!("{path}.{kind}");
            let text = part.get(kind).ok_or_else(|| Fault::missing(&path))?;
            text.as_str().map(str::to_owned).ok_or_else(|| Fault::wrong_type(&path, "a string"))
        }
        other => Ok(format!("[{other}]")),
    }
}

/// Bytes of the names and arguments in `tool_calls`.
fn call_bytes(message: &Map<String, Value>) -> usize {
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let length = |call: &Value, pointer: &str| call.pointer(pointer).and_then(Value::as_str).map_or(0, str::len);
    calls.map(|call| length(call, "/function/name") + length(call, "/function/arguments")).sum()
}
