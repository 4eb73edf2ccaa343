//! Writes turns as messages.
//!
//! A turn of the user with tool results becomes one `tool` message for each result and a user
//! message for the rest. Several texts in a row become one, parted by an empty line: many vendors
//! take only strings where OpenAI takes lists of texts.

use super::write_part::{self, Piece};
use super::write_prompt::is_tagged;
use super::write_reply::{Call, Extra, call, seal_of_call};
use crate::canonical::{CacheMark, Complaint, Json, Part, Prompt, Role, Turn};
use crate::dialect::Target;
use crate::records::Quirks;
use crate::types::Protocol;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A message as it is written.
#[derive(Serialize, Default)]
pub(super) struct Message<'a> {
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<WrittenCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<Cow<'a, str>>,
    /// What the model thought, under the vendor's name for it.
    #[serde(flatten)]
    thoughts: BTreeMap<&'a str, String>,
}

#[derive(Serialize, Default)]
#[serde(untagged)]
enum Content<'a> {
    /// Null, which only messages with calls may have.
    #[default]
    Null,
    Text(String),
    Parts(Vec<Piece<'a>>),
}

#[derive(Serialize)]
#[serde(untagged)]
enum WrittenCall<'a> {
    Function(Call<'a>),
    Raw(&'a Json),
}

/// What the writer of messages must know, and what it leaves out.
pub(super) struct Scribe<'q, 'd> {
    system_role: &'static str,
    quirks: &'q Quirks,
    /// Whether the target takes Gemini's seals back.
    seals: bool,
    dropped: &'d mut Vec<String>,
}

impl<'q, 'd> Scribe<'q, 'd> {
    pub(super) fn new(target: &'q Target<'_>, dropped: &'d mut Vec<String>) -> Scribe<'q, 'd> {
        let quirks = target.quirks;
        let system_role = if quirks.developer_role { "developer" } else { "system" };
        Scribe { system_role, quirks, seals: target.model.contains("gemini"), dropped }
    }

    /// The id of a call in the form that the vendor takes; a call and its result get the same one.
    fn call_id<'a>(&self, id: &'a str) -> Cow<'a, str> {
        match self.quirks.tool_call_id_length {
            Some(length) if id.len() != length || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
                let digest = Sha256::digest(id.as_bytes());
                let digit = |byte: &u8| char::from(DIGITS[usize::from(*byte) % DIGITS.len()]);
                Cow::Owned(digest.iter().cycle().take(length).map(digit).collect())
            }
            _ => Cow::Borrowed(id),
        }
    }

    pub(super) fn drop(&mut self, path: impl Into<String>) {
        self.dropped.push(path.into());
    }

    /// Names a cache mark, of which the protocol has none: OpenAI caches by itself.
    pub(super) fn mark(&mut self, path: &str, mark: Option<&CacheMark>) {
        if mark.is_some() {
            self.drop(format!("{path}.cache_control"));
        }
    }
}

/// Writes instructions and conversation.
pub(super) fn messages<'a>(prompt: &'a Prompt, scribe: &mut Scribe<'a, '_>) -> Result<Vec<Message<'a>>, Complaint> {
    let mut messages = Vec::with_capacity(prompt.turns.len() + 1);
    if !prompt.system.is_empty() {
        let content = Content::Text(words("system", &prompt.system, scribe));
        messages.push(Message { role: scribe.system_role, content, ..Message::default() });
    }
    for (place, turn) in prompt.turns.iter().enumerate() {
        let path = format!("messages[{place}].content");
        match turn.role {
            Role::System => {
                let content = Content::Text(words(&path, &turn.parts, scribe));
                let name = turn.name.as_deref();
                messages.push(Message { role: scribe.system_role, name, content, ..Message::default() });
            }
            Role::User => user(&path, turn, scribe, &mut messages)?,
            Role::Assistant => messages.push(assistant(&path, turn, scribe)),
        }
    }
    Ok(messages)
}

/// The texts of parts that can only be texts; others are left out and named.
fn words(path: &str, parts: &[Part], scribe: &mut Scribe<'_, '_>) -> String {
    let mut words = Vec::with_capacity(parts.len());
    for (place, part) in parts.iter().enumerate() {
        let path = format!("{path}[{place}]");
        match part {
            Part::Text { text, cache } => {
                scribe.mark(&path, cache.as_ref());
                words.push(text.as_str());
            }
            _ => scribe.drop(path),
        }
    }
    words.join("\n\n")
}

fn user<'a>(
    path: &str,
    turn: &'a Turn,
    scribe: &mut Scribe<'a, '_>,
    messages: &mut Vec<Message<'a>>,
) -> Result<(), Complaint> {
    let mut rest = Vec::new();
    for (place, part) in turn.parts.iter().enumerate() {
        let path = format!("{path}[{place}]");
        if let Part::ToolResult { call, parts, is_error, cache } = part {
            scribe.mark(&path, cache.as_ref());
            if *is_error {
                scribe.drop(format!("{path}.is_error"));
            }
            let (text, media) = result(&path, parts, scribe)?;
            rest.extend(media);
            let content = Content::Text(text);
            messages.push(Message {
                role: "tool",
                content,
                tool_call_id: Some(scribe.call_id(call)),
                ..Message::default()
            });
        } else {
            rest.extend(write_part::piece(&path, part, scribe)?);
        }
    }
    let has_results = turn.parts.iter().any(|part| matches!(part, Part::ToolResult { .. }));
    if !rest.is_empty() || !has_results {
        let name = turn.name.as_deref();
        messages.push(Message { role: "user", name, content: content(rest), ..Message::default() });
    }
    Ok(())
}

/// The text of a tool result, and its media, which `tool` messages cannot hold and the user message
/// behind them can.
fn result<'a>(
    path: &str,
    parts: &'a [Part],
    scribe: &mut Scribe<'a, '_>,
) -> Result<(String, Vec<Piece<'a>>), Complaint> {
    let (mut texts, mut media) = (Vec::new(), Vec::new());
    for (place, part) in parts.iter().enumerate() {
        match write_part::piece(&format!("{path}.content[{place}]"), part, scribe)? {
            Some(Piece::Text { text, .. }) => texts.push(text),
            Some(piece) => media.push(piece),
            None => {}
        }
    }
    Ok((texts.join("\n\n"), media))
}

/// A string where there are only texts, else the list.
fn content(pieces: Vec<Piece<'_>>) -> Content<'_> {
    let texts: Option<Vec<&str>> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text { text, .. } => Some(&**text),
            _ => None,
        })
        .collect();
    match texts {
        Some(texts) => Content::Text(texts.join("\n\n")),
        None => Content::Parts(pieces),
    }
}

fn assistant<'a>(path: &str, turn: &'a Turn, scribe: &mut Scribe<'a, '_>) -> Message<'a> {
    let mut message = Message { role: "assistant", name: turn.name.as_deref(), ..Message::default() };
    let mut texts: Vec<&str> = Vec::new();
    let mut seal = None;
    for (place, part) in turn.parts.iter().enumerate() {
        let path = format!("{path}[{place}]");
        match part {
            Part::Text { text, cache } => {
                scribe.mark(&path, cache.as_ref());
                texts.push(text);
            }
            Part::Thinking { text, signature }
                if scribe.seals && seal_of_call(text, signature.as_deref()).is_some() =>
            {
                seal = seal_of_call(text, signature.as_deref());
            }
            Part::Refusal { text } => message.refusal.get_or_insert_default().push_str(text),
            Part::ToolCall { id, name, input, cache } => {
                scribe.mark(&path, cache.as_ref());
                let extra_content = seal.take().map(Extra::new);
                let call = Call { extra_content, ..call(scribe.call_id(id), name, input) };
                message.tool_calls.push(WrittenCall::Function(call));
            }
            Part::Opaque { from: Protocol::Openai, raw } if is_tagged(raw) => {
                message.tool_calls.push(WrittenCall::Raw(raw));
            }
            Part::Thinking { text, signature } => match scribe.quirks.reasoning_field.as_deref() {
                Some(field) => {
                    message.thoughts.entry(field).or_default().push_str(text);
                    if signature.is_some() {
                        scribe.drop(format!("{path}.signature"));
                    }
                }
                None => scribe.drop(format!("{path}.thinking")),
            },
            Part::RedactedThinking { .. } => scribe.drop(format!("{path}.redacted_thinking")),
            Part::Opaque { .. } | Part::Media(_) | Part::ToolResult { .. } | Part::Citation(_) | Part::Search(_) => {
                scribe.drop(path)
            }
        }
    }
    let silent = texts.is_empty() && (!message.tool_calls.is_empty() || message.refusal.is_some());
    message.content = if silent { Content::Null } else { Content::Text(texts.join("\n\n")) };
    message
}
