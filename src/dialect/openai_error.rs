//! Errors, both ways: the body that callers get, and the many bodies that providers send.

use super::json::{kind_of, to_vec};
use crate::canonical::{Code, Complaint};
use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    message: &'a str,
    r#type: &'a str,
    param: Option<&'a str>,
    code: &'a str,
    trace_id: &'a str,
    #[serde(flatten)]
    facts: BTreeMap<&'a str, &'a str>,
}

/// Writes an error body; the same object ends a stream that fails.
pub(super) fn write(complaint: &Complaint, trace_id: &str) -> Bytes {
    let error = Body {
        message: &complaint.message,
        r#type: complaint.provider_type.as_deref().unwrap_or_else(|| type_of(complaint.status)),
        param: complaint.param.as_deref(),
        code: complaint.provider_code.as_deref().unwrap_or_else(|| complaint.code.as_str()),
        trace_id,
        facts: complaint.facts().collect(),
    };
    to_vec(&Envelope { error }).into()
}

/// The protocol's types; its SDKs look at the status and show the type to people.
fn type_of(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "insufficient_quota",
        403 => "permission_error",
        429 => "rate_limit_error",
        500.. => "server_error",
        _ => "invalid_request_error",
    }
}

/// What an error body says, in any of the shapes that vendors use.
#[derive(Default)]
struct Said {
    message: Option<String>,
    kind: Option<String>,
    code: Option<String>,
    param: Option<String>,
}

/// Reads an error answer.
pub(super) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
    let said = serde_json::from_slice::<Value>(body).map(|value| said(&value)).unwrap_or_default();
    let message = said.message.unwrap_or_else(|| instead(status, body));
    Complaint {
        param: said.param,
        provider_type: said.kind.map(Into::into),
        provider_code: said.code,
        ..Complaint::new(Code::ProviderError, message).with_status(status).with_retry_after(retry_after)
    }
}

/// Reads the `error` member of an answer or frame that has one although its status was 200. A code
/// that is an HTTP status (OpenRouter) is taken for the status.
pub(super) fn reported(error: &RawValue) -> Complaint {
    let said = serde_json::from_str::<Value>(error.get()).map(|value| of_error(&value)).unwrap_or_default();
    let status = said.code.as_deref().and_then(|code| code.parse().ok()).filter(|code| (400..600).contains(code));
    let message = said.message.unwrap_or_else(|| format!("the provider reported an error: {}", clip(error.get())));
    Complaint {
        param: said.param,
        provider_type: said.kind.map(Into::into),
        provider_code: said.code,
        ..Complaint::new(Code::ProviderError, message).with_status(status.unwrap_or(Code::ProviderError.status()))
    }
}

fn said(body: &Value) -> Said {
    match body {
        // Gemini's OpenAI endpoint wraps the object into a list.
        Value::Array(list) => list.first().map(said).unwrap_or_default(),
        Value::Object(object) => match object.get("error") {
            Some(error) if !error.is_null() => {
                // xAI: the message as a text, its code beside it.
                let inner = of_error(error);
                let outer = of_error(body);
                Said { code: inner.code.or(outer.code), kind: inner.kind.or(outer.kind), ..inner }
            }
            _ => of_error(body),
        },
        _ => Said::default(),
    }
}

fn of_error(error: &Value) -> Said {
    if let Value::String(message) = error {
        return Said { message: Some(message.clone()), ..Said::default() };
    }
    let message = ["message", "detail", "error", "title"].iter().find_map(|name| words(error.get(name)?));
    Said {
        message,
        kind: error.get("type").and_then(scalar),
        code: error.get("code").and_then(scalar),
        param: error.get("param").and_then(scalar),
    }
}

/// The message, which FastAPI servers write as a list of faults and Mistral as an object around one.
fn words(message: &Value) -> Option<String> {
    match message {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Array(faults) => {
            let all: Vec<String> = faults.iter().filter_map(words).collect();
            (!all.is_empty()).then(|| all.join("; "))
        }
        Value::Object(object) => ["message", "detail", "msg"].iter().find_map(|name| words(object.get(*name)?)),
        _ => None,
    }
}

fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => (!text.is_empty()).then(|| text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A sentence on what came where an error body should be.
fn instead(status: u16, body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let text = text.trim();
    if text.is_empty() {
        return format!("the provider answered with status {status} and no body");
    }
    if text.starts_with('<') {
        return match title(text) {
            Some(title) => format!("the provider answered with status {status} and an HTML page: {title}"),
            None => format!("the provider answered with status {status} and an HTML page"),
        };
    }
    format!("the provider answered with status {status}: {}", clip(text))
}

fn title(page: &str) -> Option<String> {
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title>")? + "<title>".len();
    let end = start + lower.get(start..)?.find("</title>")?;
    let title = page.get(start..end)?.trim();
    (!title.is_empty()).then(|| clip(title).to_owned())
}

const CLIP: usize = 300;

fn clip(text: &str) -> &str {
    let end = text.char_indices().nth(CLIP).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

/// The complaint about an answer or frame that is not of this protocol.
pub(super) fn malformed(what: &str, bytes: &[u8], error: &serde_json::Error) -> Complaint {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(CLIP)]);
    let kind = if text.trim_start().starts_with('<') { "an HTML page" } else { kind_of(&text) };
    let message = format!("the provider sent {kind} that is not an OpenAI {what}: {error}");
    Complaint::new(Code::ProviderMalformed, message)
}

/// Reads a frame named `error` whose data is the error itself.
pub(super) fn of_frame(data: &[u8]) -> Option<Complaint> {
    let raw: &RawValue = serde_json::from_slice(data).ok()?;
    Some(reported(raw))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(body: &str) -> String {
        read(400, None, body.as_bytes()).message.into_owned()
    }

    #[test]
    fn callers_get_the_protocols_shape() {
        let complaint = Complaint::invalid("n", "`n` must be a number");
        let body: Value = serde_json::from_slice(&write(&complaint, "tr_1")).unwrap();
        let expected = serde_json::json!({"error": {"message": "`n` must be a number", "type": "invalid_request_error",
            "param": "n", "code": "invalid_request_error", "trace_id": "tr_1"}});
        assert_eq!(body, expected);
    }

    #[test]
    fn a_providers_own_words_are_passed_on() {
        let body = br#"{"error":{"message":"Rate limit","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
        let complaint = read(429, Some(Duration::from_secs(2)), body);
        assert_eq!((complaint.status, complaint.code), (429, Code::ProviderError));
        assert_eq!(complaint.retry_after, Some(Duration::from_secs(2)));
        let written: Value = serde_json::from_slice(&write(&complaint, "tr_1")).unwrap();
        assert_eq!(written["error"]["type"], "requests");
        assert_eq!(written["error"]["code"], "rate_limit_exceeded");
    }

    #[test]
    fn every_vendors_shape_gives_its_message() {
        for body in [
            r#"{"error":{"message":"no","code":429}}"#,
            r#"{"error":"no"}"#,
            r#"{"code":"x","error":"no"}"#,
            r#"[{"error":{"code":400,"message":"no","status":"INVALID_ARGUMENT"}}]"#,
            r#"{"object":"error","message":"no","type":"BadRequestError","code":400}"#,
            r#"{"object":"error","message":{"detail":[{"type":"x","msg":"no","loc":["body"]}]},"type":"invalid_request_error"}"#,
            r#"{"detail":[{"loc":["body","model"],"msg":"no","type":"missing"}]}"#,
            r#"{"detail":"no"}"#,
        ] {
            assert_eq!(message(body), "no", "{body}");
        }
        let xai = read(400, None, br#"{"code":"x","error":"no"}"#);
        assert_eq!(xai.provider_code.as_deref(), Some("x"));
    }

    #[test]
    fn what_is_no_error_body_is_described() {
        let page = message("<html><head><title>502 Bad Gateway</title></head></html>");
        assert_eq!(page, "the provider answered with status 400 and an HTML page: 502 Bad Gateway");
        assert_eq!(message(""), "the provider answered with status 400 and no body");
        assert_eq!(message("overloaded"), "the provider answered with status 400: overloaded");
        assert!(message("{}").contains("{}"));
    }
}
