//! Content blocks of requests and answers, as parts.
//!
//! What the canonical model has no place for follows the part it belongs to as an **addendum**: an
//! opaque part `{"type":"addendum", ...}` with the members that were left (citations of a text,
//! title and context of a document ...). Writers of this dialect fold it back into the block before
//! it; other dialects name it among what they cannot say. Blocks of unknown types are opaque whole.

use super::wire::{At, Members, Object, boolean, json, list, object, string, text};
use crate::canonical::{CacheMark, Complaint, Json, Media, MediaKind, Part, Source};
use crate::types::Protocol;
use serde_json::value::RawValue;

/// The `type` of what belongs to the block before it. Anthropic has no such block.
pub(super) const ADDENDUM: &str = "addendum";

/// Reads a content: one string, or a list of blocks.
pub(super) fn content(raw: &RawValue, at: &At<'_>) -> Result<Vec<Part>, Complaint> {
    if raw.get().starts_with('"') {
        return Ok(vec![Part::text(string(raw, at)?)]);
    }
    if !raw.get().starts_with('[') {
        return Err(at.invalid("must be a string or a list of content blocks"));
    }
    let mut parts = Vec::new();
    for (index, raw) in list(raw, at)?.into_iter().enumerate() {
        block(raw, &at.item(index), &mut parts)?;
    }
    Ok(parts)
}

/// Reads one block.
pub(super) fn block(raw: &RawValue, at: &At<'_>, parts: &mut Vec<Part>) -> Result<(), Complaint> {
    let mut members = object(raw, at)?;
    let kind = members.need("type", at, text)?;
    let part = match &*kind {
        "text" => Some(Part::Text { text: members.need("text", at, string)?, cache: cache_mark(&mut members, at)? }),
        "thinking" => Some(Part::Thinking {
            text: members.need("thinking", at, string)?,
            signature: members.take_as("signature", at, string)?.filter(|seal| !seal.is_empty()),
        }),
        "redacted_thinking" => Some(Part::RedactedThinking { data: members.need("data", at, string)? }),
        "tool_use" => Some(tool_call(&mut members, at)?),
        "tool_result" => Some(tool_result(&mut members, at)?),
        "image" => media(MediaKind::Image, &mut members, at)?,
        "document" => media(MediaKind::Document, &mut members, at)?,
        _ => None,
    };
    match part {
        Some(part) => {
            parts.push(part);
            parts.extend(addendum(members));
        }
        None => parts.push(opaque(Json(raw.to_owned()))),
    }
    Ok(())
}

fn tool_call(members: &mut Members<'_>, at: &At<'_>) -> Result<Part, Complaint> {
    Ok(Part::ToolCall {
        id: members.need("id", at, string)?,
        name: members.need("name", at, string)?,
        input: members.take_as("input", at, json)?.unwrap_or_else(Json::empty_object),
        cache: cache_mark(members, at)?,
    })
}

fn tool_result(members: &mut Members<'_>, at: &At<'_>) -> Result<Part, Complaint> {
    Ok(Part::ToolResult {
        call: members.need("tool_use_id", at, string)?,
        parts: members.take_as("content", at, content)?.unwrap_or_default(),
        is_error: members.take_as("is_error", at, boolean)?.unwrap_or(false),
        cache: cache_mark(members, at)?,
    })
}

/// An image or a document; none where its bytes are in a way that only this dialect has.
fn media(kind: MediaKind, members: &mut Members<'_>, at: &At<'_>) -> Result<Option<Part>, Complaint> {
    let place = at.member("source");
    let mut source = members.need("source", at, object)?;
    let source_type = source.need("type", &place, text)?;
    let bytes = match &*source_type {
        "base64" => Source::Base64(source.need("data", &place, string)?),
        "text" => Source::Text(source.need("data", &place, string)?),
        "url" => Source::Url(source.need("url", &place, string)?),
        "file" => Source::File(source.need("file_id", &place, string)?),
        _ => return Ok(None),
    };
    Ok(Some(Part::Media(Media {
        kind,
        mime: source.take_as("media_type", &place, string)?,
        source: bytes,
        name: members.take_as("title", at, string)?,
        detail: None,
        cache: cache_mark(members, at)?,
    })))
}

/// The `cache_control` of a block or a tool.
pub(super) fn cache_mark(members: &mut Members<'_>, at: &At<'_>) -> Result<Option<CacheMark>, Complaint> {
    let place = at.member("cache_control");
    let Some(mut mark) = members.take_as("cache_control", at, object)? else { return Ok(None) };
    Ok(Some(CacheMark { ttl: mark.take_as("ttl", &place, string)? }))
}

/// What is left of a block and says something.
pub(super) fn leftovers(members: Members<'_>) -> Option<Json> {
    let says_nothing =
        |name: &str, value: &str| matches!(value, "null" | "[]") || name == "caller" && value.contains("\"direct\"");
    let mut rest = Object::default();
    for (name, value) in members.0 {
        if !says_nothing(&name, value.get()) {
            rest = rest.raw(name.into_owned(), value.get());
        }
    }
    addendum_of(rest)
}

/// An addendum with these members; none if there are none.
pub(super) fn addendum_of(members: Object) -> Option<Json> {
    (!members.is_empty()).then(|| Json::parse(members.first("type", ADDENDUM).finish()).ok()).flatten()
}

fn addendum(members: Members<'_>) -> Option<Part> {
    leftovers(members).map(opaque)
}

/// A part that only this dialect can say.
pub(super) fn opaque(raw: Json) -> Part {
    Part::Opaque { from: Protocol::Anthropic, raw }
}
