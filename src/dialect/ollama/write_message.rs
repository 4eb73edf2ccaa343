//! Writes turns as messages: one `tool` message for each result, and a message for the rest of a turn.

use super::media::{Said, said};
use crate::canonical::{CacheMark, Complaint, Json, Part, Prompt, Role, Turn};
use serde::Serialize;
use std::collections::HashMap;

/// A message as it is written.
#[derive(Serialize, Default)]
pub(super) struct Message<'a> {
    role: &'static str,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    images: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<Call<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

/// A call as requests and answers have it.
#[derive(Serialize)]
pub(super) struct Call<'a> {
    pub(super) id: &'a str,
    pub(super) function: Function<'a>,
}

#[derive(Serialize)]
pub(super) struct Function<'a> {
    pub(super) index: u32,
    pub(super) name: &'a str,
    pub(super) arguments: &'a Json,
}

/// Writes instructions and conversation.
pub(super) fn messages<'a>(prompt: &'a Prompt, dropped: &mut Vec<String>) -> Result<Vec<Message<'a>>, Complaint> {
    let names = prompt.turns.iter().flat_map(|turn| &turn.parts).filter_map(|part| match part {
        Part::ToolCall { id, name, .. } => Some((id.as_str(), name.as_str())),
        _ => None,
    });
    let mut scribe = Scribe { names: names.collect(), dropped, messages: Vec::with_capacity(prompt.turns.len() + 1) };
    if !prompt.system.is_empty() {
        scribe.turn("system", "system", &prompt.system)?;
    }
    for (place, Turn { role, parts, name }) in prompt.turns.iter().enumerate() {
        let path = format!("messages[{place}].content");
        if name.is_some() {
            scribe.dropped.push(format!("messages[{place}].name"));
        }
        match role {
            Role::System => scribe.turn("system", &path, parts)?,
            Role::User => scribe.turn("user", &path, parts)?,
            Role::Assistant => scribe.turn("assistant", &path, parts)?,
        }
    }
    Ok(scribe.messages)
}

struct Scribe<'a, 'd> {
    /// The functions of calls, by id.
    names: HashMap<&'a str, &'a str>,
    dropped: &'d mut Vec<String>,
    messages: Vec<Message<'a>>,
}

impl<'a> Scribe<'a, '_> {
    fn mark(&mut self, path: &str, mark: Option<&CacheMark>) {
        if mark.is_some() {
            self.dropped.push(format!("{path}.cache_control"));
        }
    }

    fn turn(&mut self, role: &'static str, path: &str, parts: &'a [Part]) -> Result<(), Complaint> {
        let mut message = Message { role, ..Message::default() };
        let (mut texts, mut thoughts) = (Vec::new(), Vec::new());
        for (place, part) in parts.iter().enumerate() {
            let path = format!("{path}[{place}]");
            match part {
                Part::Text { text, cache } => {
                    self.mark(&path, cache.as_ref());
                    texts.push(text.clone());
                }
                Part::Refusal { text } => texts.push(text.clone()),
                Part::Thinking { text, signature } => {
                    if signature.is_some() {
                        self.dropped.push(format!("{path}.signature"));
                    }
                    thoughts.push(text.as_str());
                }
                Part::Media(media) => {
                    self.mark(&path, media.cache.as_ref());
                    match said(&path, media)? {
                        Said::Image(data) => message.images.push(data),
                        Said::Words(words) => texts.push(words.into_owned()),
                    }
                }
                Part::ToolCall { id, name, input, cache } => {
                    self.mark(&path, cache.as_ref());
                    let index = message.tool_calls.len() as u32;
                    message.tool_calls.push(Call { id, function: Function { index, name, arguments: input } });
                }
                Part::ToolResult { call, parts, is_error, cache } => {
                    self.mark(&path, cache.as_ref());
                    if *is_error {
                        self.dropped.push(format!("{path}.is_error"));
                    }
                    message.images.extend(self.result(&path, call, parts)?);
                }
                Part::RedactedThinking { .. } | Part::Opaque { .. } | Part::Citation(_) | Part::Search(_) => {
                    self.dropped.push(path)
                }
            }
        }
        message.content = texts.join("\n\n");
        message.thinking = (!thoughts.is_empty()).then(|| thoughts.join("\n\n"));
        let silent = message.content.is_empty() && message.images.is_empty();
        let only_results = silent && parts.iter().any(|part| matches!(part, Part::ToolResult { .. }));
        if !only_results {
            self.messages.push(message);
        }
        Ok(())
    }

    /// Writes a result and gives its images, which the message behind it holds.
    fn result(&mut self, path: &str, call: &'a str, parts: &'a [Part]) -> Result<Vec<&'a str>, Complaint> {
        let (mut texts, mut images) = (Vec::new(), Vec::new());
        for (place, part) in parts.iter().enumerate() {
            let path = format!("{path}.content[{place}]");
            match part {
                Part::Text { text, cache } => {
                    self.mark(&path, cache.as_ref());
                    texts.push(text.clone());
                }
                Part::Media(media) => match said(&path, media)? {
                    Said::Image(data) => images.push(data),
                    Said::Words(words) => texts.push(words.into_owned()),
                },
                _ => self.dropped.push(path),
            }
        }
        let tool_name = self.names.get(call).copied();
        let content = texts.join("\n\n");
        let message = Message { role: "tool", content, tool_name, tool_call_id: Some(call), ..Message::default() };
        self.messages.push(message);
        Ok(images)
    }
}
