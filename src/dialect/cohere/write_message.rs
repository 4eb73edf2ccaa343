//! Writes turns as messages.

use super::unsupported;
use crate::canonical::{Complaint, Json, Media, MediaKind, Part, Prompt, Role, Source};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::{Value, json};

/// A message as it is written.
#[derive(Serialize, Default)]
pub(super) struct Message<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Value::is_null")]
    content: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_plan: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

#[derive(Serialize)]
struct Call<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// Writes instructions and conversation.
pub(super) fn messages<'a>(prompt: &'a Prompt, dropped: &mut Vec<String>) -> Result<Vec<Message<'a>>, Complaint> {
    let mut messages = Vec::with_capacity(prompt.turns.len() + 1);
    let mut scribe = Scribe { dropped, messages: &mut messages };
    if !prompt.system.is_empty() {
        scribe.turn("system", "system", &prompt.system)?;
    }
    for (place, turn) in prompt.turns.iter().enumerate() {
        let path = format!("messages[{place}].content");
        if turn.name.is_some() {
            scribe.dropped.push(format!("messages[{place}].name"));
        }
        let role = match turn.role {
            Role::System => "system",
            Role::User => "user",
            Role::Assistant => "assistant",
        };
        scribe.turn(role, &path, &turn.parts)?;
    }
    Ok(messages)
}

struct Scribe<'a, 'd> {
    dropped: &'d mut Vec<String>,
    messages: &'d mut Vec<Message<'a>>,
}

/// What a turn comes to.
#[derive(Default)]
struct Said<'a> {
    pieces: Vec<Value>,
    thoughts: Vec<&'a str>,
    calls: Vec<Call<'a>>,
    results: bool,
}

impl<'a> Scribe<'a, '_> {
    fn turn(&mut self, role: &'static str, path: &str, parts: &'a [Part]) -> Result<(), Complaint> {
        let mut said = Said::default();
        for (place, part) in parts.iter().enumerate() {
            self.part(&format!("{path}[{place}]"), part, &mut said)?;
        }
        if said.results && said.pieces.is_empty() {
            return Ok(());
        }
        let mut message = Message { role, tool_calls: said.calls, ..Message::default() };
        if message.tool_calls.is_empty() {
            let thoughts = said.thoughts.iter().map(|thought| json!({"type": "thinking", "thinking": thought}));
            said.pieces.splice(0..0, thoughts.collect::<Vec<_>>());
        } else if !said.thoughts.is_empty() {
            message.tool_plan = Some(said.thoughts.join("\n\n"));
        }
        let silent = said.pieces.is_empty() && !message.tool_calls.is_empty();
        message.content = if silent { Value::Null } else { content(said.pieces) };
        self.messages.push(message);
        Ok(())
    }

    fn mark(&mut self, path: &str, part: &Part) {
        let marked = match part {
            Part::Text { cache, .. } | Part::ToolCall { cache, .. } | Part::ToolResult { cache, .. } => cache.is_some(),
            Part::Media(media) => media.cache.is_some(),
            _ => false,
        };
        if marked {
            self.dropped.push(format!("{path}.cache_control"));
        }
    }

    fn part(&mut self, path: &str, part: &'a Part, said: &mut Said<'a>) -> Result<(), Complaint> {
        self.mark(path, part);
        match part {
            Part::Text { text, .. } | Part::Refusal { text } => said.pieces.push(words(text)),
            Part::Media(media) => said.pieces.push(piece(path, media)?),
            Part::Thinking { text, signature } => {
                if signature.is_some() {
                    self.dropped.push(format!("{path}.signature"));
                }
                said.thoughts.push(text);
            }
            Part::ToolCall { id, name, input, .. } => {
                let function = Function { name, arguments: Json::get(input) };
                said.calls.push(Call { id, r#type: "function", function });
            }
            Part::ToolResult { call, parts, is_error, .. } => {
                if *is_error {
                    self.dropped.push(format!("{path}.is_error"));
                }
                said.results = true;
                self.result(path, call, parts, said)?;
            }
            Part::RedactedThinking { .. } | Part::Opaque { .. } | Part::Citation(_) | Part::Search(_) => {
                self.dropped.push(path.to_owned());
            }
        }
        Ok(())
    }

    /// A result is words; its images go into the message behind it.
    fn result(&mut self, path: &str, call: &'a str, parts: &'a [Part], said: &mut Said<'a>) -> Result<(), Complaint> {
        let mut texts = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let path = format!("{path}.content[{place}]");
            self.mark(&path, part);
            match part {
                Part::Text { text, .. } => texts.push(text.clone()),
                Part::Media(media) => {
                    let piece = piece(&path, media)?;
                    match piece["text"].as_str() {
                        Some(text) => texts.push(text.to_owned()),
                        None => said.pieces.push(piece),
                    }
                }
                _ => self.dropped.push(path),
            }
        }
        let content = Value::String(texts.join("\n\n"));
        self.messages.push(Message { role: "tool", content, tool_call_id: Some(call), ..Message::default() });
        Ok(())
    }
}

fn words(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// A string where there are only texts, else the list.
fn content(pieces: Vec<Value>) -> Value {
    let texts: Option<Vec<&str>> =
        pieces.iter().map(|piece| piece["text"].as_str().filter(|_| piece["type"] == "text")).collect();
    match texts {
        Some(texts) => Value::String(texts.join("\n\n")),
        None => Value::Array(pieces),
    }
}

fn piece(path: &str, media: &Media) -> Result<Value, Complaint> {
    let url = match (media.kind, &media.source) {
        (MediaKind::Image, Source::Url(url)) => url.clone(),
        (MediaKind::Image, Source::Base64(data)) => {
            format!("data:{};base64,{data}", media.mime.as_deref().unwrap_or("image/png"))
        }
        (MediaKind::Document, Source::Text(text)) => return Ok(words(text)),
        (MediaKind::Document, Source::Base64(data)) => {
            let is_text = media.mime.as_deref().is_some_and(|mime| mime.starts_with("text/"));
            let text = BASE64_STANDARD.decode(data).ok().filter(|_| is_text).and_then(|b| String::from_utf8(b).ok());
            return text.map(|text| words(&text)).ok_or_else(|| unsupported(path, "documents but plain text"));
        }
        (MediaKind::Image, _) => return Err(unsupported(path, "images by file id; send the image itself")),
        (MediaKind::Document, _) => return Err(unsupported(path, "documents by address or file id; send the text")),
        (MediaKind::Audio, _) => return Err(unsupported(path, "sounds")),
    };
    let mut image = json!({"url": url});
    if let Some(detail) = &media.detail {
        image["detail"] = json!(detail);
    }
    Ok(json!({"type": "image_url", "image_url": image}))
}
