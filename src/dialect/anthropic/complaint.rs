//! Errors: Anthropic's body to a complaint and back.
//!
//! Source: platform.claude.com, "Errors".

use super::wire::{Object, Str, encode};
use crate::canonical::{Code, Complaint};
use bytes::Bytes;
use serde::Deserialize;
use std::time::Duration;

/// Statuses with the type that Anthropic gives them, each type's own status first.
const TYPES: [(u16, &str); 13] = [
    (400, "invalid_request_error"),
    (401, "authentication_error"),
    (402, "billing_error"),
    (403, "permission_error"),
    (404, "not_found_error"),
    (413, "request_too_large"),
    (429, "rate_limit_error"),
    (500, "api_error"),
    (504, "timeout_error"),
    (529, "overloaded_error"),
    (408, "timeout_error"),
    (409, "invalid_request_error"),
    (503, "overloaded_error"),
];

/// The longest piece of an unreadable body that a message quotes, in characters.
const QUOTED: usize = 200;

fn type_of(status: u16) -> &'static str {
    let listed = TYPES.iter().find(|(other, _)| *other == status).map(|(_, kind)| *kind);
    listed.unwrap_or(if status < 500 { "invalid_request_error" } else { "api_error" })
}

/// An error body, also the data of an `error` event.
pub(super) fn write(complaint: &Complaint, trace_id: &str) -> Bytes {
    // A type of Anthropic's own says more than its status; other vendors' types mean nothing here.
    let own = complaint.provider_type.as_deref().filter(|own| TYPES.iter().any(|(_, kind)| kind == own));
    let error = Object::of(own.unwrap_or(type_of(complaint.status)))
        .put("message", &complaint.message)
        .put("code", complaint.code.as_str())
        .put_some("param", complaint.param.as_ref());
    let error = complaint.facts().fold(error, |error, (name, value)| error.put(name, value));
    Object::of("error").raw("error", error.finish()).raw("request_id", encode(trace_id)).finish().into()
}

#[derive(Deserialize)]
struct ErrorBody<'a> {
    #[serde(borrow)]
    error: ErrorDetail<'a>,
}

#[derive(Deserialize)]
pub(super) struct ErrorDetail<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Str<'a>>,
    #[serde(borrow, default)]
    message: Option<Str<'a>>,
    #[serde(borrow, default)]
    code: Option<Str<'a>>,
}

/// An error answer with this status.
pub(super) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
    let complaint = match serde_json::from_slice::<ErrorBody<'_>>(body) {
        Ok(ErrorBody { error }) => of_detail(error, status),
        Err(_) => Complaint::new(Code::ProviderError, stranger(status, body)),
    };
    complaint.with_status(status).with_retry_after(retry_after)
}

/// The error of an `error` event; its type decides the status.
pub(super) fn of_event(detail: ErrorDetail<'_>) -> Complaint {
    let kind = detail.kind.as_ref().map(|Str(kind)| kind.as_ref());
    let status = TYPES.iter().find(|(_, other)| kind == Some(other)).map_or(500, |(status, _)| *status);
    of_detail(detail, status).with_status(status)
}

fn of_detail(detail: ErrorDetail<'_>, status: u16) -> Complaint {
    let owned = |text: Option<Str<'_>>| text.map(|Str(text)| text.into_owned());
    let message = owned(detail.message).filter(|message| !message.is_empty());
    let message = message.unwrap_or_else(|| format!("the provider refused with status {status} and no message"));
    Complaint {
        provider_type: owned(detail.kind).map(Into::into),
        provider_code: owned(detail.code),
        ..Complaint::new(Code::ProviderError, message)
    }
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
    fn writes_anthropics_shape_with_our_code() {
        let complaint = Complaint::invalid("messages[0].role", "`messages[0].role` is missing");
        let body: Value = serde_json::from_slice(&write(&complaint, "tr_1")).unwrap();
        let error = json!({"type": "invalid_request_error", "message": "`messages[0].role` is missing",
            "code": "invalid_request_error", "param": "messages[0].role"});
        assert_eq!(body, json!({"type": "error", "error": error, "request_id": "tr_1"}));
    }

    #[test]
    fn each_status_has_its_type() {
        let cases =
            [(402, "billing_error"), (405, "invalid_request_error"), (502, "api_error"), (503, "overloaded_error")];
        for (status, kind) in cases {
            assert_eq!(type_of(status), kind);
        }
    }

    #[test]
    fn reads_what_it_writes_and_says_what_else_came() {
        let body =
            br#"{"type":"error","error":{"type":"overloaded_error","message":"Over\u006coaded"},"request_id":"r"}"#;
        let wait = Some(Duration::from_secs(3));
        let complaint = read(529, wait, body);
        assert_eq!((complaint.status, complaint.message.as_ref()), (529, "Overloaded"));
        assert_eq!((complaint.provider_type.as_deref(), complaint.retry_after), (Some("overloaded_error"), wait));
        assert!(read(502, None, b"<html>").message.contains("HTML"));
        assert!(read(500, None, b" ").message.contains("empty"));
        assert!(read(500, None, b"\xffno").message.contains("no"));
        assert!(read(500, None, br#"{"error":{"type":"api_error"}}"#).message.contains("no message"));
    }
}
