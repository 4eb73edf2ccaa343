//! Errors, both ways: `{"error": "words"}`.

use crate::canonical::{Code, Complaint};
use crate::dialect::json::{kind_of, to_vec};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;

/// The protocol's member, and two that its clients pass over.
#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    code: &'a str,
    trace_id: &'a str,
    #[serde(flatten)]
    facts: std::collections::BTreeMap<&'a str, &'a str>,
}

/// Writes an error body; the same object ends a stream that fails.
pub(super) fn write(complaint: &Complaint, trace_id: &str) -> Bytes {
    let code = complaint.provider_code.as_deref().unwrap_or_else(|| complaint.code.as_str());
    let facts = complaint.facts().collect();
    to_vec(&Body { error: &complaint.message, code, trace_id, facts }).into()
}

/// Reads an error answer.
pub(super) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
    let said = serde_json::from_slice::<Value>(body).ok().and_then(|value| words(value.get("error")?));
    let message = said.unwrap_or_else(|| instead(status, body));
    Complaint::new(Code::ProviderError, message).with_status(status).with_retry_after(retry_after)
}

/// Reads the `error` of a line whose status was 200.
pub(super) fn reported(error: &RawValue) -> Complaint {
    let value = serde_json::from_str(error.get()).unwrap_or_default();
    let message = words(&value).unwrap_or_else(|| format!("the provider reported an error: {}", clip(error.get())));
    Complaint::new(Code::ProviderError, message)
}

/// A text; Ollama's cloud and proxies before it write an object around one.
fn words(error: &Value) -> Option<String> {
    match error {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Object(object) => words(object.get("message")?),
        _ => None,
    }
}

fn instead(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    match text.trim() {
        "" => format!("the provider answered with status {status} and no body"),
        page if page.starts_with('<') => format!("the provider answered with status {status} and an HTML page"),
        text => format!("the provider answered with status {status}: {}", clip(text)),
    }
}

const CLIP: usize = 300;

fn clip(text: &str) -> &str {
    let end = text.char_indices().nth(CLIP).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// The complaint about what is not of this protocol.
pub(super) fn malformed(what: &str, bytes: &[u8], error: &serde_json::Error) -> Complaint {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(CLIP)]);
    let kind = if text.trim_start().starts_with('<') { "an HTML page" } else { kind_of(&text) };
    Complaint::new(Code::ProviderMalformed, format!("the provider sent {kind} that is not an Ollama {what}: {error}"))
}

/// The complaint about an answer that says nothing.
pub(super) fn without_words() -> Complaint {
    Complaint::new(Code::ProviderMalformed, "the provider's answer has neither `message` nor `response`")
}
