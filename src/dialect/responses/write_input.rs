//! Writes turns as items.
//!
//! What the model said becomes an item each: thoughts that this protocol's providers sealed, messages, calls.
//! A turn of the user with results becomes an item for each result and a message for the rest.

use super::object::json;
use super::seal;
use super::write_prompt::words;
use crate::canonical::{CacheMark, Code, Complaint, Media, MediaKind, Part, Prompt, Role, Source, Turn};
use crate::types::Protocol;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Instructions and items, the items as JSON texts.
pub(super) struct Input {
    pub(super) instructions: String,
    pub(super) items: Vec<String>,
}

struct Scribe<'d> {
    items: Vec<String>,
    dropped: &'d mut Vec<String>,
}

impl Input {
    /// Lays out a prompt.
    pub(super) fn of(prompt: &Prompt, dropped: &mut Vec<String>) -> Result<Input, Complaint> {
        let mut scribe = Scribe { items: Vec::new(), dropped };
        let instructions = scribe.plain("system", &prompt.system);
        for (place, turn) in prompt.turns.iter().enumerate() {
            let path = format!("messages[{place}].content");
            if turn.name.is_some() {
                scribe.drop(format!("messages[{place}].name"));
            }
            match turn.role {
                Role::System => {
                    let text = scribe.plain(&path, &turn.parts);
                    scribe.items.push(message("developer", &[text_part("input_text", &text)]));
                }
                Role::User => scribe.user(&path, turn)?,
                Role::Assistant => scribe.assistant(&path, turn),
            }
        }
        Ok(Input { instructions, items: scribe.items })
    }
}

/// Whether a part is a thought that this protocol's provider can take back.
pub(super) fn is_sealed(part: &Part) -> bool {
    matches!(part, Part::Thinking { signature: Some(signature), .. } if seal::own(signature).is_some())
}

fn message(role: &str, parts: &[String]) -> String {
    format!(r#"{{"type":"message","role":"{role}","content":[{}]}}"#, parts.join(","))
}

fn text_part(kind: &str, text: &str) -> String {
    format!(r#"{{"type":"{kind}","text":{}}}"#, json(text))
}

impl Scribe<'_> {
    fn drop(&mut self, path: impl Into<String>) {
        self.dropped.push(path.into());
    }

    /// Names a cache mark, of which the protocol has none: OpenAI caches by itself.
    fn mark(&mut self, path: &str, mark: Option<&CacheMark>) {
        if mark.is_some() {
            self.drop(format!("{path}.cache_control"));
        }
    }

    /// The texts of parts that can only be texts; others are left out and named.
    fn plain(&mut self, path: &str, parts: &[Part]) -> String {
        let mut texts = Vec::new();
        for (place, part) in parts.iter().enumerate() {
            let path = format!("{path}[{place}]");
            match words(part) {
                Some(text) => texts.push(text),
                None => self.drop(path.clone()),
            }
            if let Part::Text { cache, .. } = part {
                self.mark(&path, cache.as_ref());
            }
        }
        texts.join("\n\n")
    }

    fn user(&mut self, path: &str, turn: &Turn) -> Result<(), Complaint> {
        let mut rest = Vec::new();
        for (place, part) in turn.parts.iter().enumerate() {
            let path = format!("{path}[{place}]");
            match part {
                Part::ToolResult { call, parts, is_error, cache } => {
                    self.mark(&path, cache.as_ref());
                    if *is_error {
                        self.drop(format!("{path}.is_error"));
                    }
                    self.result(&path, call, parts)?;
                }
                _ => rest.extend(self.part(&path, part)?),
            }
        }
        let has_results = turn.parts.iter().any(|part| matches!(part, Part::ToolResult { .. }));
        if !rest.is_empty() || !has_results {
            self.items.push(message("user", &rest));
        }
        Ok(())
    }

    /// A result: a text where there are only texts, else a list.
    fn result(&mut self, path: &str, call: &str, parts: &[Part]) -> Result<(), Complaint> {
        let output = if parts.iter().all(|part| words(part).is_some()) {
            json(&self.plain(&format!("{path}.content"), parts))
        } else {
            let mut written = Vec::new();
            for (place, part) in parts.iter().enumerate() {
                written.extend(self.part(&format!("{path}.content[{place}]"), part)?);
            }
            format!("[{}]", written.join(","))
        };
        self.items.push(format!(r#"{{"type":"function_call_output","call_id":{},"output":{output}}}"#, json(call)));
        Ok(())
    }

    /// A part of a user's message or of a result; none where it is left out, and named.
    fn part(&mut self, path: &str, part: &Part) -> Result<Option<String>, Complaint> {
        match part {
            Part::Text { text, cache } => {
                self.mark(path, cache.as_ref());
                Ok(Some(text_part("input_text", text)))
            }
            Part::Media(media) => {
                self.mark(path, media.cache.as_ref());
                self.media(path, media).map(Some)
            }
            Part::Opaque { from: Protocol::Responses, raw } => Ok(Some(raw.get().to_owned())),
            _ => {
                self.drop(path);
                Ok(None)
            }
        }
    }

    fn media(&mut self, path: &str, media: &Media) -> Result<String, Complaint> {
        match media.kind {
            MediaKind::Image => image(path, media),
            MediaKind::Audio => audio(path, media),
            MediaKind::Document => self.document(path, media),
        }
    }

    /// PDFs are files; documents of plain text are texts.
    fn document(&mut self, path: &str, media: &Media) -> Result<String, Complaint> {
        let name = media.name.as_deref();
        let named = |name: Option<&str>| name.map(|name| format!(r#","filename":{}"#, json(name))).unwrap_or_default();
        let text = match &media.source {
            Source::Url(url) => {
                return Ok(format!(r#"{{"type":"input_file","file_url":{}}}"#, json(url)));
            }
            Source::File(id) => return Ok(format!(r#"{{"type":"input_file","file_id":{}}}"#, json(id))),
            Source::Text(text) => text.clone(),
            Source::Base64(data) => match plain_text(media, data) {
                Some(text) => text,
                None => {
                    let url = data_url(media.mime.as_deref().unwrap_or("application/pdf"), data);
                    let name = named(name.or(Some("document.pdf")));
                    return Ok(format!(r#"{{"type":"input_file"{name},"file_data":{}}}"#, json(&url)));
                }
            },
        };
        if name.is_some() {
            self.drop(format!("{path}.title"));
        }
        Ok(text_part("input_text", &text))
    }

    fn assistant(&mut self, path: &str, turn: &Turn) {
        let mut contents = Vec::new();
        for (place, part) in turn.parts.iter().enumerate() {
            let path = format!("{path}[{place}]");
            let item = match part {
                Part::Text { text, cache } => {
                    self.mark(&path, cache.as_ref());
                    contents.push(format!(r#"{{"type":"output_text","text":{},"annotations":[]}}"#, json(text)));
                    continue;
                }
                Part::Refusal { text } => {
                    contents.push(format!(r#"{{"type":"refusal","refusal":{}}}"#, json(text)));
                    continue;
                }
                Part::ToolCall { id, name, input, cache } => {
                    self.mark(&path, cache.as_ref());
                    let (id, name, arguments) = (json(id), json(name), json(input.get()));
                    format!(r#"{{"type":"function_call","call_id":{id},"name":{name},"arguments":{arguments}}}"#)
                }
                Part::Thinking { text, signature } => match signature.as_deref().and_then(seal::own) {
                    Some(own) => thought(text, own),
                    None => {
                        self.drop(format!("{path}.thinking"));
                        continue;
                    }
                },
                Part::Opaque { from: Protocol::Responses, raw } if !raw.get().contains(r#""type":"annotations""#) => {
                    raw.get().to_owned()
                }
                Part::RedactedThinking { .. } => {
                    self.drop(format!("{path}.redacted_thinking"));
                    continue;
                }
                Part::Opaque { .. }
                | Part::Media(_)
                | Part::ToolResult { .. }
                | Part::Citation(_)
                | Part::Search(_) => {
                    self.drop(path);
                    continue;
                }
            };
            self.say(&mut contents);
            self.items.push(item);
        }
        self.say(&mut contents);
    }

    /// The message so far.
    fn say(&mut self, contents: &mut Vec<String>) {
        if !contents.is_empty() {
            self.items.push(message("assistant", &std::mem::take(contents)));
        }
    }
}

/// Items of a conversation that is not kept have no ids, as OpenAI's own agents send them.
fn thought(text: &str, own: &str) -> String {
    let summary = if text.is_empty() { String::new() } else { text_part("summary_text", text) };
    format!(r#"{{"type":"reasoning","summary":[{summary}],"encrypted_content":{}}}"#, json(own))
}

fn image(path: &str, media: &Media) -> Result<String, Complaint> {
    let place = match &media.source {
        Source::Url(url) => format!(r#""image_url":{}"#, json(url)),
        Source::Base64(data) => {
            format!(r#""image_url":{}"#, json(&data_url(media.mime.as_deref().unwrap_or("image/png"), data)))
        }
        Source::File(id) => format!(r#""file_id":{}"#, json(id)),
        Source::Text(_) => return Err(unsupported(path, "images as text")),
    };
    let detail = json(media.detail.as_deref().unwrap_or("auto"));
    Ok(format!(r#"{{"type":"input_image",{place},"detail":{detail}}}"#))
}

fn audio(path: &str, media: &Media) -> Result<String, Complaint> {
    let Source::Base64(data) = &media.source else {
        return Err(unsupported(path, "sounds by address or file id; send the sound itself"));
    };
    let format = match media.mime.as_deref() {
        Some("audio/wav" | "audio/x-wav" | "audio/wave") => "wav",
        Some("audio/mpeg" | "audio/mp3") => "mp3",
        Some("audio/flac") => "flac",
        Some("audio/ogg") => "ogg",
        Some("audio/aac") => "aac",
        Some("audio/mp4") => "m4a",
        _ => return Err(unsupported(path, "this kind of sound; send wav or mp3")),
    };
    Ok(format!(r#"{{"type":"input_audio","input_audio":{{"data":{},"format":"{format}"}}}}"#, json(data)))
}

fn plain_text(media: &Media, data: &str) -> Option<String> {
    media.mime.as_deref().filter(|mime| mime.starts_with("text/"))?;
    String::from_utf8(BASE64_STANDARD.decode(data).ok()?).ok()
}

fn data_url(mime: &str, data: &str) -> String {
    format!("data:{mime};base64,{data}")
}

fn unsupported(path: &str, what: &str) -> Complaint {
    let message = format!("`{path}`: the provider speaks the Responses protocol, which does not take {what}");
    Complaint { param: Some(path.to_owned()), ..Complaint::new(Code::UnsupportedFeature, message) }
}
