//! Citations: Cohere's list and the canonical form.
//!
//! Cohere cites documents that the caller gave. Those with an address are pages; the others stay as they are. Source:
//! docs.cohere.com, "Chat with streaming" (`citations`).

use crate::canonical::{Citation, Json, Part};
use crate::types::Protocol;
use serde_json::{Value, json};

/// Names of a document's member that holds its address.
const ADDRESSES: [&str; 3] = ["url", "uri", "link"];

/// The parts that the citations of an answer come to.
pub(super) fn read(citations: Vec<Value>) -> Vec<Part> {
    let (mut parts, mut others) = (Vec::new(), Vec::new());
    for citation in citations {
        let pages: Vec<Citation> =
            citation["sources"].as_array().into_iter().flatten().filter_map(|source| page(&citation, source)).collect();
        if pages.is_empty() {
            others.push(citation);
        } else {
            parts.extend(pages.into_iter().map(Part::Citation));
        }
    }
    if !others.is_empty() {
        let raw = Json::of(&json!({"type": "citations", "citations": others})).ok();
        parts.extend(raw.map(|raw| Part::Opaque { from: Protocol::Cohere, raw }));
    }
    parts
}

fn page(citation: &Value, source: &Value) -> Option<Citation> {
    let document = &source["document"];
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Some(Citation {
        url: ADDRESSES.iter().find_map(|name| text(&document[*name]))?,
        title: text(&document["title"]).or_else(|| text(&source["id"])),
        quoted: text(&document["snippet"]).or_else(|| text(&document["text"])),
        range: citation["start"].as_u64().zip(citation["end"].as_u64()),
        own: None,
    })
}
