//! Parts of requests, as Gemini takes them.

use super::read_parts::response_of;
use super::wire::{At, Object, array};
use crate::canonical::{Code, Complaint, Media, MediaKind, Part, Source, opened_seal};
use crate::types::Protocol;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Members of parts that only this dialect can say and that a request may hold.
const OWN_PARTS: [&str; 6] =
    ["executableCode", "codeExecutionResult", "inlineData", "fileData", "toolCall", "toolResponse"];

/// Stands for the seal of a call that another model made. Source: ai.google.dev, "Thought signatures".
const UNSEALED: &str = "skip_thought_signature_validator";

/// What the writer of parts must know, and what it leaves out.
pub(super) struct Scribe<'d> {
    /// Whether the model is Gemini 3 or later: results of functions may hold images themselves, and calls are
    /// refused without a seal.
    pub(super) since_3: bool,
    pub(super) dropped: &'d mut Vec<String>,
    /// Names of functions by the ids of their calls.
    pub(super) names: Vec<(String, String)>,
}

/// What a turn holds, written.
#[derive(Default)]
pub(super) struct Written {
    parts: Vec<Object>,
    /// The seal of the part that follows.
    seal: Option<String>,
    /// Whether a call has come.
    calls: bool,
}

impl Written {
    fn push(&mut self, part: Object) {
        let part = match self.seal.take() {
            Some(seal) => part.put("thoughtSignature", &seal),
            None => part,
        };
        self.parts.push(part);
    }

    /// The JSON texts. A seal with nothing behind it gets a part without words, as Gemini sends it.
    pub(super) fn finish(mut self) -> Vec<String> {
        if self.seal.is_some() {
            self.push(Object::default().put("text", ""));
        }
        self.parts.iter().map(Object::finish).collect()
    }
}

impl Scribe<'_> {
    fn drop(&mut self, at: &At<'_>) {
        self.dropped.push(at.to_string());
    }

    /// Writes the parts of a turn. What has no place is named.
    ///
    /// # Errors
    /// [`Code::UnsupportedFeature`] for media that Gemini cannot read.
    pub(super) fn parts(&mut self, parts: &[Part], at: &At<'_>) -> Result<Vec<String>, Complaint> {
        let mut written = Written::default();
        for (index, part) in parts.iter().enumerate() {
            self.part(part, &at.item(index), &mut written)?;
        }
        Ok(written.finish())
    }

    fn part(&mut self, part: &Part, at: &At<'_>, written: &mut Written) -> Result<(), Complaint> {
        match part {
            Part::Text { text, cache } => {
                self.mark(cache.is_some(), at);
                if !text.is_empty() {
                    written.push(Object::default().put("text", text));
                }
            }
            Part::Refusal { text } => written.push(Object::default().put("text", text)),
            Part::Thinking { text, signature } => self.thought(text, signature.as_deref(), at, written),
            Part::RedactedThinking { .. } => self.drop(&at.member("redacted_thinking")),
            Part::Media(media) => written.push(self.media(media, at)?),
            Part::ToolCall { id, name, input, cache } => {
                self.mark(cache.is_some(), at);
                self.names.push((id.clone(), name.clone()));
                if self.since_3 && written.seal.is_none() && !written.calls {
                    written.seal = Some(UNSEALED.to_owned());
                }
                written.calls = true;
                let call = Object::default().put("id", id).put("name", name).raw("args", input.get());
                written.push(Object::default().raw("functionCall", call.finish()));
            }
            Part::ToolResult { .. } => self.result(part, at, written)?,
            Part::Opaque { from: Protocol::Gemini, raw } => {
                let own = Object::default().members(raw);
                if OWN_PARTS.iter().any(|name| own.has(name)) { written.push(own) } else { self.drop(at) }
            }
            Part::Opaque { .. } | Part::Citation(_) | Part::Search(_) => self.drop(at),
        }
        Ok(())
    }

    fn mark(&mut self, marked: bool, at: &At<'_>) {
        // Gemini caches by itself.
        if marked {
            self.drop(&at.member("cache_control"));
        }
    }

    /// Only Gemini's own seals are taken back; a thought of its own without words seals the part behind it.
    fn thought(&mut self, text: &str, signature: Option<&str>, at: &At<'_>, written: &mut Written) {
        match signature.map(opened_seal) {
            Some((Some(Protocol::Gemini), seal)) if text.is_empty() => written.seal = Some(seal.to_owned()),
            Some((Some(Protocol::Gemini), seal)) => {
                let thought = Object::default().put("text", text).put("thought", &true);
                written.parts.push(thought.put("thoughtSignature", seal));
            }
            _ => self.drop(&at.member("thinking")),
        }
    }

    fn result(&mut self, part: &Part, at: &At<'_>, written: &mut Written) -> Result<(), Complaint> {
        let Part::ToolResult { call, parts, is_error, cache } = part else { return Ok(()) };
        self.mark(cache.is_some(), at);
        let Some((_, name)) = self.names.iter().rfind(|(id, _)| id == call) else {
            let path = at.to_string();
            let message = format!("`{path}` answers the call `{call}`, but no turn before it makes that call");
            return Err(Complaint::invalid(path, message));
        };
        let mut response = Object::default().put("id", call).put("name", name);
        let (mut words, mut media) = (Vec::new(), Vec::new());
        for (index, part) in parts.iter().enumerate() {
            let at = &at.member("content");
            let at = &at.item(index);
            match part {
                Part::Text { text, cache } => {
                    self.mark(cache.is_some(), at);
                    words.push(text.as_str());
                }
                Part::Refusal { text } => words.push(text),
                Part::Media(given) => media.push(self.media(given, at)?),
                _ => self.drop(at),
            }
        }
        response = response.raw("response", response_of(&words.join("\n"), *is_error));
        if self.since_3 && !media.is_empty() {
            response = response.raw("parts", array(&media.iter().map(Object::finish).collect::<Vec<_>>()));
            media.clear();
        }
        written.push(Object::default().raw("functionResponse", response.finish()));
        // Older models see an image beside the response.
        written.parts.extend(media);
        Ok(())
    }

    fn media(&mut self, media: &Media, at: &At<'_>) -> Result<Object, Complaint> {
        self.mark(media.cache.is_some(), at);
        if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
            self.drop(&at.member("detail"));
        }
        if media.name.is_some() && media.kind != MediaKind::Document {
            self.drop(&at.member("filename"));
        }
        let inline = |mime: &str, data: &str| {
            Object::default().raw("inlineData", Object::default().put("mimeType", mime).put("data", data).finish())
        };
        let mime = media.mime.as_deref();
        match &media.source {
            Source::Base64(data) => match mime.or_else(|| sniffed(data)) {
                Some(mime) => Ok(inline(mime, data)),
                None => Err(unsupported(at, "its media type is not given and not recognised")),
            },
            Source::Text(text) => Ok(inline(mime.unwrap_or("text/plain"), &STANDARD.encode(text))),
            Source::Url(uri) => Ok(file(uri, mime.or_else(|| by_ending(uri)))),
            Source::File(uri) if uri.contains('/') => Ok(file(uri, mime)),
            Source::File(_) => Err(unsupported(at, "it was uploaded to another provider; send the file itself")),
        }
    }
}

fn file(uri: &str, mime: Option<&str>) -> Object {
    let data = Object::default().put_some("mimeType", mime.as_ref()).put("fileUri", uri);
    Object::default().raw("fileData", data.finish())
}

/// The media type that the first bytes tell, read from their base 64.
fn sniffed(data: &str) -> Option<&'static str> {
    let known = [
        ("iVBORw0KGgo", "image/png"),
        ("/9j/", "image/jpeg"),
        ("R0lGOD", "image/gif"),
        ("UklGR", "image/webp"),
        ("JVBERi", "application/pdf"),
    ];
    known.into_iter().find(|(start, _)| data.starts_with(start)).map(|(_, mime)| mime)
}

/// The media type that the end of an address tells: Gemini wants to know before it fetches.
fn by_ending(url: &str) -> Option<&'static str> {
    let end = url.split(['?', '#']).next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
    Some(match end.to_ascii_lowercase().as_str() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "pdf" => "application/pdf",
        "txt" => "text/plain",
        "mp3" => "audio/mp3",
        "wav" => "audio/wav",
        "mp4" => "video/mp4",
        _ => return None,
    })
}

fn unsupported(at: &At<'_>, why: &str) -> Complaint {
    let path = at.to_string();
    let message = format!("`{path}` cannot be sent to this provider: {why}");
    Complaint { param: Some(path), ..Complaint::new(Code::UnsupportedFeature, message) }
}
