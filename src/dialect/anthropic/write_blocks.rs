//! Parts as content blocks, in requests and answers.

use super::read_blocks::ADDENDUM;
use super::wire::{At, Object, array, encode};
use crate::canonical::{CacheMark, Code, Complaint, Json, Media, MediaKind, Part, Source, opened_seal};
use crate::types::Protocol;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Where blocks stand; it decides which kinds may.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Instructions: words only.
    System,
    /// The caller's turn.
    User,
    /// The model's turn, earlier in the conversation.
    Assistant,
    /// What a tool gave back.
    ToolResult,
}

/// One block.
pub(super) enum Block {
    /// A known kind.
    Known(Object),
    /// An unknown kind, as it was written.
    Raw(Json),
}

impl Block {
    /// Whether it is what a tool gave back.
    pub(super) fn is_tool_result(&self) -> bool {
        matches!(self, Block::Known(object) if object.is("type", "\"tool_result\""))
    }

    /// The JSON text.
    pub(super) fn finish(&self) -> String {
        match self {
            Block::Known(object) => object.finish(),
            Block::Raw(raw) => raw.get().to_owned(),
        }
    }
}

/// The JSON text of a list of blocks.
pub(super) fn block_list(blocks: &[Block]) -> String {
    array(&blocks.iter().map(Block::finish).collect::<Vec<_>>())
}

/// Writes the parts of a prompt that `place` can hold. What it cannot is named.
///
/// # Errors
/// [`Code::UnsupportedFeature`] for media of the caller's that Anthropic cannot read.
pub(super) fn blocks(
    parts: &[Part],
    place: Place,
    at: &At<'_>,
    dropped: &mut Vec<String>,
) -> Result<Vec<Block>, Complaint> {
    let mut blocks = Vec::new();
    let mut last_written = false;
    for (index, part) in parts.iter().enumerate() {
        let at = &at.item(index);
        if let Some(members) = addendum(part) {
            match blocks.last_mut().filter(|_| last_written) {
                Some(Block::Known(last)) => extend(last, members),
                _ => dropped.push(at.to_string()),
            }
            continue;
        }
        let block = block(part, place, at, dropped)?;
        last_written = block.is_some();
        if block.is_none() && !is_empty_text(part) {
            dropped.push(at.to_string());
        }
        blocks.extend(block);
    }
    Ok(blocks)
}

/// Anthropic refuses texts without a visible character, and nothing is lost with them.
fn is_empty_text(part: &Part) -> bool {
    matches!(part, Part::Text { text, .. } | Part::Refusal { text } if text.trim().is_empty())
}

fn block(part: &Part, place: Place, at: &At<'_>, dropped: &mut Vec<String>) -> Result<Option<Block>, Complaint> {
    use Place::{Assistant, System, ToolResult, User};
    let object = match (part, place) {
        _ if is_empty_text(part) => return Ok(None),
        (Part::Text { text, cache }, _) => marked(text_block(text), cache.as_ref()),
        (Part::Refusal { text }, _) => text_block(text),
        // Without its own seal, Anthropic does not take a thought back.
        (Part::Thinking { text, signature: Some(seal) }, Assistant) if is_own_seal(seal) => thinking_block(text, seal),
        (Part::RedactedThinking { data }, Assistant) => redacted_block(data),
        (Part::ToolCall { id, name, input, cache }, Assistant) => {
            marked(tool_use_block(id, name, input.get()), cache.as_ref())
        }
        (Part::ToolResult { .. }, User) => tool_result_block(part, at, dropped)?,
        (Part::Media(media), User | ToolResult) => media_block(media, at, dropped)?,
        (Part::Media(_), System) => return Err(unsupported(at, "instructions can only be text")),
        (Part::Opaque { from: Protocol::Anthropic, raw }, _) => return Ok(Some(Block::Raw(raw.clone()))),
        _ => return Ok(None),
    };
    Ok(Some(Block::Known(object)))
}

/// Whether no other protocol's name stands before the seal.
pub(super) fn is_own_seal(seal: &str) -> bool {
    matches!(opened_seal(seal).0, None | Some(Protocol::Anthropic))
}

/// A text.
pub(super) fn text_block(text: &str) -> Object {
    Object::of("text").put("text", text)
}

/// A thought.
pub(super) fn thinking_block(text: &str, signature: &str) -> Object {
    Object::of("thinking").put("thinking", text).put("signature", signature)
}

/// A thought that only the provider can read.
pub(super) fn redacted_block(data: &str) -> Object {
    Object::of("redacted_thinking").put("data", data)
}

/// A call.
pub(super) fn tool_use_block(id: &str, name: &str, input: &str) -> Object {
    Object::of("tool_use").put("id", id).put("name", name).raw("input", input)
}

fn tool_result_block(part: &Part, at: &At<'_>, dropped: &mut Vec<String>) -> Result<Object, Complaint> {
    let Part::ToolResult { call, parts, is_error, cache } = part else { return Ok(Object::default()) };
    let content = blocks(parts, Place::ToolResult, &at.member("content"), dropped)?;
    let mut block = Object::of("tool_result").put("tool_use_id", call);
    if !content.is_empty() {
        block = block.raw("content", block_list(&content));
    }
    if *is_error {
        block = block.put("is_error", &true);
    }
    Ok(marked(block, cache.as_ref()))
}

/// The same with a `cache_control`.
pub(super) fn marked(block: Object, cache: Option<&CacheMark>) -> Object {
    let Some(cache) = cache else { return block };
    block.raw("cache_control", Object::of("ephemeral").put_some("ttl", cache.ttl.as_ref()).finish())
}

fn media_block(media: &Media, at: &At<'_>, dropped: &mut Vec<String>) -> Result<Object, Complaint> {
    if media.detail.as_deref().is_some_and(|detail| detail != "auto") {
        dropped.push(at.member("detail").to_string());
    }
    let block = match media.kind {
        MediaKind::Image => Object::of("image").raw("source", image_source(media, at)?),
        MediaKind::Document => {
            Object::of("document").raw("source", document_source(media, at)?).put_some("title", media.name.as_ref())
        }
        MediaKind::Audio => return Err(unsupported(at, "Anthropic models take no audio")),
    };
    Ok(marked(block, media.cache.as_ref()))
}

fn image_source(media: &Media, at: &At<'_>) -> Result<String, Complaint> {
    match &media.source {
        Source::Base64(data) => match media.mime.as_deref().or_else(|| sniffed(data)) {
            Some(mime) => Ok(bytes_source("base64", mime, data)),
            None => Err(unsupported(at, "the image's media type is not given and not recognised")),
        },
        Source::Text(_) => Err(unsupported(at, "an image cannot be given as text")),
        Source::Url(url) => Ok(Object::of("url").put("url", url).finish()),
        Source::File(id) => Ok(Object::of("file").put("file_id", id).finish()),
    }
}

fn document_source(media: &Media, at: &At<'_>) -> Result<String, Complaint> {
    let mime = media.mime.as_deref();
    match &media.source {
        Source::Base64(data) if mime.is_none_or(|mime| mime == "application/pdf") => {
            Ok(bytes_source("base64", "application/pdf", data))
        }
        Source::Base64(data) if mime.is_some_and(is_textual) => {
            let text = STANDARD.decode(data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(|| unsupported(at, "the document is not base 64 of UTF-8 text"))?;
            Ok(bytes_source("text", "text/plain", &text))
        }
        Source::Base64(_) => Err(unsupported(at, "Anthropic models take PDF and plain text documents only")),
        Source::Text(text) => Ok(bytes_source("text", "text/plain", text)),
        Source::Url(url) => Ok(Object::of("url").put("url", url).finish()),
        Source::File(id) => Ok(Object::of("file").put("file_id", id).finish()),
    }
}

fn bytes_source(kind: &str, mime: &str, data: &str) -> String {
    Object::of(kind).put("media_type", mime).put("data", data).finish()
}

fn is_textual(mime: &str) -> bool {
    mime.starts_with("text/") || mime == "application/json"
}

/// The media type that the first bytes tell, read from their base 64.
fn sniffed(data: &str) -> Option<&'static str> {
    let known =
        [("iVBORw0KGgo", "image/png"), ("/9j/", "image/jpeg"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp")];
    known.into_iter().find(|(start, _)| data.starts_with(start)).map(|(_, mime)| mime)
}

fn unsupported(at: &At<'_>, why: &str) -> Complaint {
    let path = at.to_string();
    let message = format!("`{path}` cannot be sent to this provider: {why}");
    Complaint { param: Some(path), ..Complaint::new(Code::UnsupportedFeature, message) }
}

/// The members of an addendum, `type` aside; none for every other part.
pub(super) fn addendum(part: &Part) -> Option<Vec<(String, Box<RawValue>)>> {
    let Part::Opaque { from: Protocol::Anthropic, raw } = part else { return None };
    addendum_members(raw)
}

/// The members of an addendum, `type` aside; none for everything else.
pub(super) fn addendum_members(raw: &Json) -> Option<Vec<(String, Box<RawValue>)>> {
    let mut members: BTreeMap<String, Box<RawValue>> = serde_json::from_str(raw.get()).ok()?;
    let kind = members.remove("type")?;
    (kind.get() == encode(ADDENDUM)).then(|| members.into_iter().collect())
}

/// Puts the members of an addendum into the block that it belongs to.
pub(super) fn extend(block: &mut Object, members: Vec<(String, Box<RawValue>)>) {
    let whole = members.into_iter().fold(std::mem::take(block), |block, (name, raw)| block.raw(name, raw.get()));
    *block = whole;
}

#[cfg(test)]
mod tests {
    use super::super::read_blocks;
    use super::*;

    fn round(json: &str) -> String {
        let raw = RawValue::from_string(json.to_owned()).unwrap();
        let parts = read_blocks::content(&raw, &At::Top).unwrap();
        block_list(&blocks(&parts, Place::User, &At::Top, &mut Vec::new()).unwrap())
    }

    #[test]
    fn what_the_model_has_no_place_for_comes_back() {
        for json in [
            r#"[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"},"citations":[{"cited_text":"b"}]}]"#,
            r#"[{"type":"document","source":{"type":"text","media_type":"text/plain","data":"d"},"title":"t","citations":{"enabled":true},"context":"c"}]"#,
            r#"[{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBE"}}]"#,
            r#"[{"type":"image","source":{"type":"url","url":"https://x/y.png"}},{"type":"image","source":{"type":"file","file_id":"f"}}]"#,
            r#"[{"type":"tool_result","tool_use_id":"t","content":[{"type":"text","text":"x"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBO"}}],"is_error":true}]"#,
            r#"[{"type":"document","source":{"type":"content","content":"c"}}, {"type":"novel", "a": 1.0}]"#,
        ] {
            assert_eq!(round(json).replace(' ', ""), json.replace(' ', ""));
        }
    }

    #[test]
    fn media_that_cannot_be_read_is_refused_by_place() {
        let media = |kind, mime: Option<&str>, source| {
            let mime = mime.map(str::to_owned);
            vec![Part::Media(Media { kind, mime, source, name: None, detail: Some("low".into()), cache: None })]
        };
        let written = |parts: &[Part]| {
            let mut dropped = Vec::new();
            let blocks = blocks(parts, Place::User, &At::Top.member("content"), &mut dropped)?;
            Ok::<_, Complaint>((block_list(&blocks), dropped))
        };
        let audio = written(&media(MediaKind::Audio, None, Source::Base64("AA".into()))).unwrap_err();
        assert_eq!((audio.code, audio.param.as_deref()), (Code::UnsupportedFeature, Some("content[0]")));
        assert!(written(&media(MediaKind::Image, None, Source::Base64("AA".into()))).is_err());
        assert!(written(&media(MediaKind::Document, Some("application/zip"), Source::Base64("AA".into()))).is_err());
        let (png, dropped) = written(&media(MediaKind::Image, None, Source::Base64("iVBORw0KGgoA".into()))).unwrap();
        assert!(png.contains("image/png"));
        assert_eq!(dropped, ["content[0].detail"]);
        let (csv, _) = written(&media(MediaKind::Document, Some("text/csv"), Source::Base64("YSxi".into()))).unwrap();
        assert!(csv.contains(r#""media_type":"text/plain","data":"a,b""#));
    }
}
