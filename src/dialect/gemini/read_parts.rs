//! Contents of requests, as turns.
//!
//! Gemini matches the result of a function to its call by id where there is one, else by name and order: calls
//! without an id get one of their place, and results take it over. What stands in a part beside its words or bytes
//! (`videoMetadata` ...) follows it as an opaque part, so that a writer can name what it leaves out.

use super::carrier;
use super::wire::{At, Members, Object, boolean, encode, json, list, object, string, text};
use crate::canonical::{Complaint, Json, Media, MediaKind, Part, Places, Role, Source, Turn};
use crate::types::Protocol;
use serde_json::value::RawValue;

/// Members by which a function's response says what came of it, of which one may be all that it has.
const OUTPUTS: [&str; 2] = ["output", "result"];

/// Reads all contents; what the model said piece by piece (clients keep streams so) is one turn.
pub(super) fn conversation(raw: &RawValue, at: &At<'_>) -> Result<(Vec<Turn>, Places), Complaint> {
    let mut places = Places::default();
    let mut reader = Reader::default();
    let mut turns: Vec<Turn> = Vec::new();
    // One content may stand without a list around it, as protocol buffers allow.
    let contents = if raw.get().starts_with('{') { vec![raw] } else { list(raw, at)? };
    for (index, raw) in contents.into_iter().enumerate() {
        let at = &at.item(index);
        let mut content = object(raw, at)?;
        let role = match content.take_as("role", at, text)?.as_deref() {
            None | Some("" | "user" | "function" | "tool") => Role::User,
            Some("model") => Role::Assistant,
            Some("system") => Role::System,
            Some(_) => return Err(at.member("role").invalid("must be `user` or `model`")),
        };
        let goes_on = role == Role::Assistant && turns.last().is_some_and(|last| last.role == role);
        if !goes_on {
            turns.push(Turn { role, name: None, parts: Vec::new() });
        }
        let place = turns.len() - 1;
        let parts = &mut turns[place].parts;
        let before = parts.len();
        reader.parts(&mut content, role, at, parts)?;
        if parts.is_empty() {
            turns.pop();
        } else {
            places.note(Some(place), before, index);
        }
    }
    Ok((turns, places))
}

/// Reads instructions: one content, whose role says nothing, or a bare text.
pub(super) fn system(raw: &RawValue, at: &At<'_>) -> Result<Vec<Part>, Complaint> {
    if raw.get().starts_with('"') {
        return Ok(vec![Part::text(string(raw, at)?)]);
    }
    let mut parts = Vec::new();
    Reader::default().parts(&mut object(raw, at)?, Role::System, at, &mut parts)?;
    Ok(parts)
}

#[derive(Default)]
struct Reader {
    /// Ids and names of calls that have no result yet.
    unanswered: Vec<(String, String)>,
    calls: usize,
}

impl Reader {
    fn parts(
        &mut self,
        content: &mut Members<'_>,
        role: Role,
        at: &At<'_>,
        parts: &mut Vec<Part>,
    ) -> Result<(), Complaint> {
        let at = &at.member("parts");
        let Some(given) = content.take("parts") else { return Ok(()) };
        let given = if given.get().starts_with('{') { vec![given] } else { list(given, at)? };
        for (index, raw) in given.into_iter().enumerate() {
            self.part(raw, role, &at.item(index), parts)?;
        }
        Ok(())
    }

    fn part(&mut self, raw: &RawValue, role: Role, at: &At<'_>, parts: &mut Vec<Part>) -> Result<(), Complaint> {
        let mut part = object(raw, at)?;
        let thought = part.take_as("thought", at, boolean)?.unwrap_or(false);
        let seal = part.take_as("thoughtSignature", at, string)?.filter(|seal| !seal.is_empty());
        let words = part.take_as("text", at, string)?;
        if let Some(words) = words.as_ref().filter(|_| thought) {
            think(words, seal, parts);
        } else {
            sealed(seal, parts);
            if let Some(words) = words {
                say(words, role, parts);
            } else if let Some(call) = part.take("functionCall") {
                parts.push(self.call(call, &at.member("functionCall"))?);
            } else if let Some(response) = part.take("functionResponse") {
                parts.push(self.response(response, &at.member("functionResponse"))?);
            } else if let Some(media) = media(&mut part, at)? {
                parts.push(media);
            } else if !part.0.is_empty() {
                parts.push(opaque(Json(raw.to_owned())));
                return Ok(());
            }
        }
        parts.extend(leftovers(part));
        Ok(())
    }

    fn call(&mut self, raw: &RawValue, at: &At<'_>) -> Result<Part, Complaint> {
        let mut call = object(raw, at)?;
        let name = call.need("name", at, string)?;
        let own = call.take_as("id", at, string)?.filter(|id| !id.is_empty());
        let id = own.unwrap_or_else(|| format!("call_{}", self.calls));
        self.calls += 1;
        self.unanswered.push((id.clone(), name.clone()));
        let input = call.take_as("args", at, json)?.unwrap_or_else(Json::empty_object);
        Ok(Part::ToolCall { id, name, input, cache: None })
    }

    fn response(&mut self, raw: &RawValue, at: &At<'_>) -> Result<Part, Complaint> {
        let mut response = object(raw, at)?;
        let name = response.need("name", at, string)?;
        let own = response.take_as("id", at, string)?.filter(|id| !id.is_empty());
        let is_its = |(id, called): &(String, String)| match &own {
            Some(own) => own == id,
            None => *called == name,
        };
        let place = self.unanswered.iter().position(is_its);
        let call = match (place, own) {
            (Some(place), _) => self.unanswered.remove(place).0,
            (None, Some(own)) => own,
            (None, None) => {
                let why = "answers no call: there is none of that name before it that has no answer yet";
                return Err(at.invalid(why));
            }
        };
        let mut parts = Vec::new();
        let mut is_error = false;
        if let Some(raw) = response.take("response") {
            let (words, failed) = output(raw, &at.member("response"))?;
            is_error = failed;
            parts.extend(words.map(Part::text));
        }
        let at = &at.member("parts");
        for (index, raw) in response.take_as("parts", at, list)?.unwrap_or_default().into_iter().enumerate() {
            let at = &at.item(index);
            let mut part = object(raw, at)?;
            parts.push(media(&mut part, at)?.unwrap_or_else(|| opaque(Json(raw.to_owned()))));
        }
        Ok(Part::ToolResult { call, parts, is_error, cache: None })
    }
}

/// The words of a function's response, and whether it failed. An object with nothing but a text in `output` or
/// `result` is that text, one with nothing but `error` a failure; any other is its JSON text.
fn output(raw: &RawValue, at: &At<'_>) -> Result<(Option<String>, bool), Complaint> {
    if !raw.get().starts_with('{') {
        return Err(at.invalid("must be an object"));
    }
    let members = Members::as_written(raw.get());
    match members.as_slice() {
        [] => Ok((None, false)),
        [(name, value)] if name == "error" => {
            let words = if value.get().starts_with('"') { string(value, at)? } else { value.get().to_owned() };
            Ok((Some(words), true))
        }
        [(name, value)] if OUTPUTS.contains(&name.as_ref()) && value.get().starts_with('"') => {
            Ok((Some(string(value, at)?), false))
        }
        _ => Ok((Some(raw.get().to_owned()), false)),
    }
}

/// Adds a thought, to the one before it where that goes on.
fn think(words: &str, seal: Option<String>, parts: &mut Vec<Part>) {
    let seal = match seal {
        Some(seal) if carrier::is_carrier(&seal) => return sealed(Some(seal), parts),
        seal => seal.map(|seal| crate::canonical::sealed_by(Protocol::Gemini, &seal)),
    };
    match parts.last_mut() {
        Some(Part::Thinking { text, signature: signature @ None }) => {
            text.push_str(words);
            *signature = seal;
        }
        _ if words.is_empty() && seal.is_none() => {}
        _ => parts.push(Part::Thinking { text: words.to_owned(), signature: seal }),
    }
}

/// Adds what a signature says. Thoughts that it carries were shown without their seals before it.
fn sealed(seal: Option<String>, parts: &mut Vec<Part>) {
    let Some(seal) = seal else { return };
    if carrier::is_carrier(&seal) {
        while matches!(parts.last(), Some(Part::Thinking { signature: None, .. })) {
            parts.pop();
        }
    }
    parts.extend(carrier::read(&seal));
}

/// Adds words; those of the model go on where it left off.
fn say(words: String, role: Role, parts: &mut Vec<Part>) {
    match parts.last_mut() {
        _ if words.is_empty() => {}
        Some(Part::Text { text, .. }) if role == Role::Assistant => text.push_str(&words),
        _ => parts.push(Part::text(words)),
    }
}

/// A picture or a sound in an answer; none for everything else.
pub(super) fn shown(part: &mut Members<'_>, at: &At<'_>) -> Result<Option<Part>, Complaint> {
    let known = |part: &Part| matches!(part, Part::Media(media) if media.kind != MediaKind::Document);
    Ok(media(part, at)?.filter(|shown| known(shown) && part.0.is_empty()))
}

/// Bytes in place, or an address.
fn media(part: &mut Members<'_>, at: &At<'_>) -> Result<Option<Part>, Complaint> {
    let (source, mime, name) = if let Some(raw) = part.take("inlineData") {
        let at = &at.member("inlineData");
        let mut blob = object(raw, at)?;
        let mime = blob.need("mimeType", at, string)?;
        let name = blob.take_as("displayName", at, string)?;
        let data = blob.need("data", at, string)?;
        // Clients write bytes with either alphabet of base 64; others read only the usual one.
        let data = data.replace('-', "+").replace('_', "/");
        (Source::Base64(data), Some(mime), name)
    } else if let Some(raw) = part.take("fileData") {
        let at = &at.member("fileData");
        let mut file = object(raw, at)?;
        let mime = file.take_as("mimeType", at, string)?;
        let name = file.take_as("displayName", at, string)?;
        (address(file.need("fileUri", at, string)?), mime, name)
    } else {
        return Ok(None);
    };
    let Some(kind) = kind_of(mime.as_deref(), &source) else {
        let data = Object::default().put("mimeType", &mime);
        let lost = Object::default().raw("media", data.finish()).finish();
        return Ok(Json::parse(lost).ok().map(opaque));
    };
    let detail = match part.take("mediaResolution").map(|raw| raw.get().to_ascii_lowercase()) {
        Some(level) if level.contains("_low") => Some("low".to_owned()),
        Some(level) if level.contains("_high") => Some("high".to_owned()),
        _ => None,
    };
    Ok(Some(Part::Media(Media { kind, mime, source, name, detail, cache: None })))
}

/// What was uploaded to Google before has an address there; what has another can be fetched by anybody.
fn address(uri: String) -> Source {
    let uploaded =
        uri.contains("generativelanguage.googleapis.com/") || uri.starts_with("files/") || uri.starts_with("gs://");
    if uploaded { Source::File(uri) } else { Source::Url(uri) }
}

/// None for what the canonical model has no kind of (video).
fn kind_of(mime: Option<&str>, source: &Source) -> Option<MediaKind> {
    let Some(mime) = mime else {
        let (Source::Url(url) | Source::File(url)) = source else { return None };
        let end = url.split(['?', '#']).next().unwrap_or_default().rsplit('.').next().unwrap_or_default();
        return Some(match end.to_ascii_lowercase().as_str() {
            "png" | "jpg" | "jpeg" | "gif" | "webp" | "heic" | "heif" => MediaKind::Image,
            "mp3" | "wav" | "flac" | "aac" | "ogg" | "aiff" | "m4a" => MediaKind::Audio,
            _ => MediaKind::Document,
        });
    };
    match mime.split('/').next() {
        Some("image") => Some(MediaKind::Image),
        Some("audio") => Some(MediaKind::Audio),
        Some("video") => None,
        _ => Some(MediaKind::Document),
    }
}

fn leftovers(part: Members<'_>) -> Option<Part> {
    let rest = part.0.into_iter().filter(|(_, raw)| !matches!(raw.get(), "null" | "{}"));
    let rest = rest.fold(Object::default(), |all, (name, raw)| all.raw(name.into_owned(), raw.get()));
    (!rest.is_empty()).then(|| Json::parse(rest.finish()).ok().map(opaque)).flatten()
}

/// A part that only this dialect can say.
fn opaque(raw: Json) -> Part {
    Part::Opaque { from: Protocol::Gemini, raw }
}

/// A text as a JSON object, where it is one.
pub(super) fn as_object(text: &str) -> Option<&str> {
    let text = text.trim();
    (text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok()).then_some(text)
}

/// A function's response that holds these words.
pub(super) fn response_of(words: &str, is_error: bool) -> String {
    match as_object(words) {
        Some(object) if !is_error => object.to_owned(),
        _ => Object::default().raw(if is_error { "error" } else { "output" }, encode(words)).finish(),
    }
}
