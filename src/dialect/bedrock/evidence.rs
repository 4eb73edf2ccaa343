//! Citations: Converse's form to the canonical one.
//!
//! Pages of the web become citations; places in documents that the caller sent have no address, and stay as they are.

use crate::canonical::{BlockKind, Citation, Json, Own};
use crate::types::Protocol;
use serde_json::{Value, json};

/// The part that a citation comes to.
pub(super) fn read(citation: &Value) -> Option<BlockKind> {
    let raw = Json::of(&json!({"citation": citation})).ok()?;
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let Some(url) = text(&citation["location"]["web"]["url"]) else {
        return Some(BlockKind::Opaque { from: Protocol::Bedrock, raw });
    };
    Some(BlockKind::Citation(Citation {
        url,
        title: text(&citation["title"]),
        quoted: text(&citation["sourceContent"][0]["text"]),
        range: None,
        own: Some(Own { from: Protocol::Bedrock, raw }),
    }))
}
