//! One candidate of an answer on its way to a Gemini caller: parts, and the signatures that go onto them.

use super::carrier;
use super::evidence::Ground;
use super::wire::{Object, encode};
use crate::canonical::{Json, Media, Part, Source};
use crate::types::Protocol;

/// What a candidate says of itself beside its parts.
const NOTES: [&str; 6] = [
    "groundingMetadata",
    "citationMetadata",
    "urlContextMetadata",
    "groundingAttributions",
    "finishMessage",
    "safetyRatings",
];

/// The state of one candidate.
#[derive(Default)]
pub(super) struct Speech {
    /// Sealed thoughts that travel on the part that comes next.
    carried: Vec<Part>,
    /// Members of the candidate itself.
    notes: Object,
    ground: Ground,
    /// All words, which the grounding counts in bytes.
    said: String,
}

impl Speech {
    /// A part of the model's, as the parts that say it; none where nothing is to be said. False where the protocol
    /// has no place for it.
    pub(super) fn part(&mut self, part: Part, out: &mut Vec<String>) -> bool {
        match part {
            Part::Text { text, .. } | Part::Refusal { text } if text.is_empty() => {}
            Part::Text { text, .. } | Part::Refusal { text } => out.push(self.words(&text)),
            Part::Thinking { ref text, ref signature } => {
                if !text.is_empty() {
                    out.push(thought(text));
                }
                if signature.is_some() {
                    self.carry(part);
                }
            }
            Part::RedactedThinking { .. } => self.carry(part),
            Part::ToolCall { id, name, input, .. } => out.push(self.call(&id, &name, &input)),
            Part::Media(media) => match bytes(&media) {
                Some(part) => out.push(self.sealed(part)),
                None => return false,
            },
            Part::Opaque { from: Protocol::Gemini, raw } => {
                let own = Object::default().members(&raw);
                if NOTES.iter().any(|name| own.has(name)) {
                    self.notes = std::mem::take(&mut self.notes).members(&raw);
                } else {
                    out.push(raw.get().to_owned());
                }
            }
            Part::Citation(citation) => self.ground.cite(citation),
            Part::Search(search) => self.ground.search(search),
            Part::Opaque { .. } | Part::ToolResult { .. } => return false,
        }
        true
    }

    /// Keeps a sealed thought for the part that comes next.
    pub(super) fn carry(&mut self, thought: Part) {
        self.carried.push(thought);
    }

    /// Words, with what is carried.
    pub(super) fn words(&mut self, text: &str) -> String {
        self.said.push_str(text);
        self.sealed(Object::default().put("text", text))
    }

    /// A call, with what is carried.
    pub(super) fn call(&mut self, id: &str, name: &str, input: &Json) -> String {
        let call = Object::default().put("id", id).put("name", name).raw("args", input.get());
        self.sealed(Object::default().raw("functionCall", call.finish()))
    }

    fn sealed(&mut self, part: Object) -> String {
        let signature = carrier::write(&std::mem::take(&mut self.carried));
        part.put_some("thoughtSignature", signature.as_ref()).finish()
    }

    /// The last part where something is still carried: one without words, as Gemini sends it.
    pub(super) fn rest(&mut self) -> Option<String> {
        (!self.carried.is_empty()).then(|| self.words(""))
    }

    /// A candidate with these parts.
    pub(super) fn candidate(&mut self, index: usize, parts: &[String], reason: Option<&str>) -> Object {
        let content = Object::default().raw("parts", super::wire::array(parts)).put("role", "model");
        let candidate = Object::default().raw("content", content.finish()).put_some("finishReason", reason.as_ref());
        let candidate = candidate.put("index", &index);
        if reason.is_none() {
            return candidate;
        }
        let notes = self.noted().finish();
        Json::parse(notes).map_or(Object::default(), |notes| candidate.members(&notes))
    }
}

impl Speech {
    /// The members of the candidate, with its grounding from wherever it came.
    fn noted(&mut self) -> Object {
        let notes = std::mem::take(&mut self.notes);
        let grounding = std::mem::take(&mut self.ground).members(&self.said);
        if grounding.is_empty() {
            return notes;
        }
        let own = notes.get("groundingMetadata").and_then(|raw| Json::parse(raw.to_owned()).ok());
        let whole = own.iter().fold(grounding, |all, own| all.members(own));
        notes.raw("groundingMetadata", whole.finish())
    }
}

/// A piece of a thought.
pub(super) fn thought(text: &str) -> String {
    Object::default().put("text", text).put("thought", &true).finish()
}

fn bytes(media: &Media) -> Option<Object> {
    let mime = media.mime.as_deref();
    match &media.source {
        Source::Base64(data) => {
            let blob = Object::default().put("mimeType", mime.unwrap_or("application/octet-stream")).put("data", data);
            Some(Object::default().raw("inlineData", blob.finish()))
        }
        Source::Url(uri) | Source::File(uri) => {
            let file = Object::default().put_some("mimeType", mime.as_ref()).raw("fileUri", encode(uri));
            Some(Object::default().raw("fileData", file.finish()))
        }
        Source::Text(_) => None,
    }
}
