//! Errors: Google's body to a complaint and back.
//!
//! Source: google.rpc.Status (cloud.google.com, "AIP-193: Errors"), ai.google.dev, "Troubleshooting".

use super::wire::{Object, Str, array, encode};
use crate::canonical::{Code, Complaint};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// Statuses with the word that Google gives them, each word's own status first.
const WORDS: [(u16, &str); 16] = [
    (400, "INVALID_ARGUMENT"),
    (401, "UNAUTHENTICATED"),
    (403, "PERMISSION_DENIED"),
    (404, "NOT_FOUND"),
    (409, "ABORTED"),
    (429, "RESOURCE_EXHAUSTED"),
    (499, "CANCELLED"),
    (500, "INTERNAL"),
    (501, "UNIMPLEMENTED"),
    (503, "UNAVAILABLE"),
    (504, "DEADLINE_EXCEEDED"),
    (400, "FAILED_PRECONDITION"),
    (400, "OUT_OF_RANGE"),
    (402, "RESOURCE_EXHAUSTED"),
    (408, "DEADLINE_EXCEEDED"),
    (529, "UNAVAILABLE"),
];

/// The longest piece of an unreadable body that a message quotes, in characters.
const QUOTED: usize = 200;
/// Nobody is told to wait for longer.
const LONGEST_WAIT: Duration = Duration::from_secs(86_400);
const DOMAIN: &str = "optscale-ai";

fn word_of(status: u16) -> &'static str {
    let listed = WORDS.iter().find(|(other, _)| *other == status).map(|(_, word)| *word);
    listed.unwrap_or(if status < 500 { "INVALID_ARGUMENT" } else { "INTERNAL" })
}

/// An error body, also an element of a stream.
pub(super) fn write(complaint: &Complaint, trace_id: &str) -> Bytes {
    // A word of Google's own says more than its status; other vendors' words mean nothing here.
    let own = complaint.provider_type.as_deref().filter(|own| WORDS.iter().any(|(_, word)| word == own));
    let metadata = Object::default()
        .put("code", complaint.code.as_str())
        .put_some("param", complaint.param.as_ref())
        .put("requestId", trace_id);
    let metadata = complaint.facts().fold(metadata, |metadata, (name, value)| metadata.put(name, value));
    let mut details = vec![
        Object::default()
            .put("@type", "type.googleapis.com/google.rpc.ErrorInfo")
            .put("reason", &complaint.code.as_str().to_uppercase())
            .put("domain", DOMAIN)
            .raw("metadata", metadata.finish())
            .finish(),
    ];
    if let Some(wait) = complaint.retry_after {
        let delay = format!("{}s", wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        let info = Object::default().put("@type", "type.googleapis.com/google.rpc.RetryInfo").put("retryDelay", &delay);
        details.push(info.finish());
    }
    let error = Object::default()
        .put("code", &complaint.status)
        .put("message", &complaint.message)
        .raw("status", encode(own.unwrap_or(word_of(complaint.status))))
        .raw("details", array(&details));
    Object::default().raw("error", error.finish()).finish().into()
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    error: Detail<'a>,
}

/// What went wrong.
#[derive(Deserialize)]
pub(super) struct Detail<'a> {
    #[serde(default)]
    code: Option<u16>,
    #[serde(borrow, default)]
    message: Option<Str<'a>>,
    #[serde(borrow, default)]
    status: Option<Str<'a>>,
    #[serde(borrow, default)]
    details: Option<&'a RawValue>,
}

/// A detail of any type, with the members that tell something.
#[derive(Deserialize)]
struct Info {
    #[serde(default)]
    reason: Option<String>,
    #[serde(rename = "retryDelay", default)]
    retry_delay: Option<String>,
}

/// An error answer with this status.
pub(super) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
    // Streams that fail before their first piece may come as an array of one error. (serde would take a list for
    // an object whose members have no names.)
    let found = if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice::<Vec<ErrorBody<'_>>>(body).ok().and_then(|all| all.into_iter().next())
    } else {
        serde_json::from_slice::<ErrorBody<'_>>(body).ok()
    };
    let complaint = match found {
        Some(ErrorBody { error }) => of_detail(error, status),
        None => Complaint::new(Code::ProviderError, stranger(status, body)),
    };
    let wait = retry_after.or(complaint.retry_after);
    complaint.with_status(status).with_retry_after(wait)
}

/// The error of a stream; its code decides the status.
pub(super) fn of_stream(raw: &RawValue) -> Complaint {
    let bare = || Complaint::new(Code::ProviderError, "the provider reported an error without saying which");
    serde_json::from_str::<Detail<'_>>(raw.get()).map_or_else(
        |_| bare(),
        |detail| {
            let by_word = detail.status.as_ref().and_then(|Str(word)| WORDS.iter().find(|(_, other)| other == word));
            let status = detail.code.filter(|code| *code >= 400).or(by_word.map(|(status, _)| *status)).unwrap_or(500);
            of_detail(detail, status).with_status(status)
        },
    )
}

fn of_detail(detail: Detail<'_>, status: u16) -> Complaint {
    let infos = detail.details.and_then(|raw| serde_json::from_str::<Vec<Info>>(raw.get()).ok()).unwrap_or_default();
    let reason = infos.iter().find_map(|info| info.reason.clone());
    let wait = infos.iter().find_map(|info| seconds(info.retry_delay.as_deref()?));
    let owned = |text: Option<Str<'_>>| text.map(|Str(text)| text.into_owned());
    let message = owned(detail.message).filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| format!("the provider refused with status {status} and no message"));
    // Google refuses a key with 400; whoever called cannot do anything about it.
    let code =
        if reason.as_deref() == Some("API_KEY_INVALID") { Code::ProviderKeyRejected } else { Code::ProviderError };
    Complaint {
        provider_type: owned(detail.status).map(Into::into),
        provider_code: reason,
        retry_after: wait,
        ..Complaint::new(code, message)
    }
}

/// A duration as Google writes it: `37s`, `0.5s`.
fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok().map(|wait| wait.min(LONGEST_WAIT))
}

/// Says what came in the place of an error body.
fn stranger(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return format!("the provider answered with status {status} and an empty body");
    }
    if text.starts_with('<') {
        return format!("the provider answered with status {status} and an HTML page; check its base URL");
    }
    let quoted: String = text.chars().take(QUOTED).collect();
    format!("the provider answered with status {status}: {quoted}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn writes_googles_shape_with_our_code() {
        let complaint = Complaint::invalid("contents[0].role", "`contents[0].role` is wrong")
            .with_retry_after(Some(Duration::from_millis(1500)));
        let body: Value = serde_json::from_slice(&write(&complaint, "tr_1")).unwrap();
        let error = &body["error"];
        assert_eq!((&error["code"], &error["status"]), (&json!(400), &json!("INVALID_ARGUMENT")));
        assert_eq!(error["details"][0]["reason"], "INVALID_REQUEST_ERROR");
        let metadata = json!({"code": "invalid_request_error", "param": "contents[0].role", "requestId": "tr_1"});
        assert_eq!(error["details"][0]["metadata"], metadata);
        assert_eq!(error["details"][1]["retryDelay"], "2s");
    }

    #[test]
    fn reads_words_waits_and_rejected_keys() {
        let body = br#"{"error":{"code":429,"message":"Slow","status":"RESOURCE_EXHAUSTED","details":[
            {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[]},
            {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"37.2s"}]}}"#;
        let complaint = read(429, None, body);
        assert_eq!((complaint.status, complaint.message.as_ref()), (429, "Slow"));
        assert_eq!(complaint.provider_type.as_deref(), Some("RESOURCE_EXHAUSTED"));
        assert_eq!(complaint.retry_after, Some(Duration::from_secs_f64(37.2)));
        assert_eq!(read(429, Some(Duration::from_secs(1)), body).retry_after, Some(Duration::from_secs(1)));
        let key = br#"[{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}]"#;
        assert_eq!(read(400, None, key).code, Code::ProviderKeyRejected);
        assert!(read(502, None, b"<html>").message.contains("HTML"));
        assert!(read(500, None, b" ").message.contains("empty"));
        assert!(read(500, None, br#"{"error":{"code":500}}"#).message.contains("no message"));
    }

    #[test]
    fn what_it_writes_it_reads() {
        let complaint = Complaint::new(Code::Overloaded, "busy").with_retry_after(Some(Duration::from_secs(3)));
        let again = read(503, None, &write(&complaint, "t"));
        assert_eq!((again.retry_after, again.provider_code.as_deref()), (complaint.retry_after, Some("OVERLOADED")));
    }
}
