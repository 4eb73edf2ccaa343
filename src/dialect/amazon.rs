//! Messages of AWS's binary event streams (`application/vnd.amazon.eventstream`), and what AWS says when it refuses.
//!
//! A message: its length, the length of its headers, a CRC of both; headers; payload; a CRC of all. Source: smithy.io,
//! "Amazon Event Stream specification".

use crate::canonical::{Code, Complaint};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Lengths and their CRC.
const PRELUDE: usize = 12;
const CRC: usize = 4;
/// The only kind of header that event streams of models use.
const TEXT: u8 = 7;

/// One message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Message<'a> {
    headers: Vec<(&'a str, &'a str)>,
    /// What it carries: JSON.
    pub payload: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the bytes of one message.
    ///
    /// # Errors
    /// [`Code::ProviderMalformed`] where lengths or checksums do not fit.
    pub fn read(bytes: &'a [u8]) -> Result<Message<'a>, Complaint> {
        Message::parse(bytes).ok_or_else(|| malformed("a message whose length or checksum is wrong"))
    }

    fn parse(bytes: &'a [u8]) -> Option<Message<'a>> {
        let (total, headers) = (number(bytes, 0)? as usize, number(bytes, 4)? as usize);
        let end = total.checked_sub(CRC)?;
        let payload = PRELUDE.checked_add(headers)?;
        let whole = total == bytes.len() && payload <= end;
        let sound = whole && number(bytes, 8)? == crc(bytes.get(..8)?) && number(bytes, end)? == crc(bytes.get(..end)?);
        if !sound {
            return None;
        }
        Some(Message { headers: read_headers(bytes.get(PRELUDE..payload)?)?, payload: bytes.get(payload..end)? })
    }

    fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.iter().find(|(other, _)| *other == name).map(|(_, value)| *value)
    }

    /// Which event it is.
    ///
    /// # Errors
    /// What went wrong, where it says that something did.
    pub fn event(&self) -> Result<&'a str, Complaint> {
        match self.header(":message-type") {
            Some("exception") => Err(self.exception()),
            Some("error") => {
                let code = self.header(":error-code").unwrap_or_default();
                Err(failure(code, self.header(":error-message")))
            }
            _ => Ok(self.header(":event-type").unwrap_or_default()),
        }
    }

    fn exception(&self) -> Complaint {
        let body: Value = serde_json::from_slice(self.payload).unwrap_or_default();
        failure(self.header(":exception-type").unwrap_or_default(), words(&body))
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk::<4>().map(|four| u32::from_be_bytes(*four))
}

fn crc(bytes: &[u8]) -> u32 {
    crc32fast::hash(bytes)
}

fn read_headers(mut rest: &[u8]) -> Option<Vec<(&str, &str)>> {
    let mut headers = Vec::with_capacity(3);
    while let Some((length, more)) = rest.split_first() {
        let (name, more) = more.split_at_checked(usize::from(*length))?;
        let (kind, more) = more.split_first()?;
        let (value, more) = value(*kind, more)?;
        if *kind == TEXT {
            headers.push((std::str::from_utf8(name).ok()?, std::str::from_utf8(value).ok()?));
        }
        rest = more;
    }
    Some(headers)
}

/// A header's value, and what is behind it.
fn value(kind: u8, rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = match kind {
        0 | 1 => 0,
        2 => 1,
        3 => 2,
        4 => 4,
        5 | 8 => 8,
        6 | TEXT => {
            let (length, rest) = rest.split_first_chunk::<2>()?;
            return rest.split_at_checked(usize::from(u16::from_be_bytes(*length)));
        }
        9 => 16,
        _ => return None,
    };
    rest.split_at_checked(length)
}

fn malformed(what: &str) -> Complaint {
    Complaint::new(Code::ProviderMalformed, format!("the provider sent {what} in its event stream"))
}

/// The status of an exception, by its name; in streams it has none of its own.
fn status_of(name: &str) -> u16 {
    match name.trim_end_matches("Exception").to_ascii_lowercase().as_str() {
        "validation" => 400,
        "accessdenied" => 403,
        "resourcenotfound" => 404,
        "modeltimeout" => 408,
        "throttling" => 429,
        "serviceunavailable" | "modelnotready" => 503,
        _ => 500,
    }
}

fn failure(name: &str, message: Option<&str>) -> Complaint {
    let message =
        message.filter(|message| !message.is_empty()).unwrap_or("the provider broke off its answer with an error");
    let status = status_of(name);
    let complaint = Complaint::new(Code::ProviderError, message.to_owned()).with_status(status);
    Complaint { provider_code: (!name.is_empty()).then(|| name.to_owned()), ..complaint }
}

fn words(body: &Value) -> Option<&str> {
    ["message", "Message", "originalMessage"].iter().find_map(|name| body.get(*name)?.as_str())
}

/// Reads an error answer of AWS; none where it is another's.
pub(super) fn complaint(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Option<Complaint> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let message = words(&body).filter(|_| body.get("error").is_none())?;
    let code = if status == 403 && is_about_key(message) { Code::ProviderKeyRejected } else { Code::ProviderError };
    let kind = body.get("__type").and_then(Value::as_str).and_then(|kind| kind.rsplit('#').next());
    let complaint = Complaint::new(code, message.to_owned()).with_status(status).with_retry_after(retry_after);
    Some(Complaint { provider_code: kind.map(str::to_owned), ..complaint })
}

/// AWS refuses keys with the status of a missing right, and tells which in words.
fn is_about_key(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    let telling = ["security token", "signature", "authentication", "api key", "access key", "credential"];
    telling.iter().any(|words| message.contains(words))
}

/// The frame of server-sent events that a message of Anthropic's native form has inside (`{"bytes": BASE64}`).
pub(super) fn unwrapped(bytes: &[u8]) -> Vec<u8> {
    #[derive(Deserialize)]
    struct Chunk {
        bytes: String,
    }
    #[derive(Deserialize)]
    struct Kind {
        r#type: String,
    }
    let inside = || {
        let message = Message::read(bytes)?;
        message.event()?;
        let chunk: Option<Chunk> = serde_json::from_slice(message.payload).ok();
        let json = chunk.and_then(|chunk| BASE64_STANDARD.decode(chunk.bytes).ok());
        let json = json.filter(|json| !json.contains(&b'\n'));
        let kind = json.as_ref().and_then(|json| serde_json::from_slice::<Kind>(json).ok());
        kind.zip(json).ok_or_else(|| malformed("a message without an event"))
    };
    match inside() {
        Ok((kind, json)) => frame(&kind.r#type, &json),
        Err(complaint) => frame("error", failed(&complaint).to_string().as_bytes()),
    }
}

fn frame(event: &str, data: &[u8]) -> Vec<u8> {
    [b"event: ", event.as_bytes(), b"\ndata: ", data, b"\n\n"].concat()
}

/// A failure as Anthropic's event of that name says it.
fn failed(complaint: &Complaint) -> Value {
    let kind = match complaint.status {
        400 => "invalid_request_error",
        403 => "permission_error",
        404 => "not_found_error",
        408 => "timeout_error",
        429 => "rate_limit_error",
        503 => "overloaded_error",
        _ => "api_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": complaint.message}})
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The bytes of a message with these headers.
    pub(in crate::dialect) fn message(headers: &[(&str, &str)], payload: &[u8]) -> Vec<u8> {
        let mut coded = Vec::new();
        for (name, value) in headers {
            coded.push(name.len() as u8);
            coded.extend(name.as_bytes());
            coded.push(TEXT);
            coded.extend((value.len() as u16).to_be_bytes());
            coded.extend(value.as_bytes());
        }
        let total = PRELUDE + coded.len() + payload.len() + CRC;
        let mut bytes = [(total as u32).to_be_bytes(), (coded.len() as u32).to_be_bytes()].concat();
        bytes.extend(crc(&bytes).to_be_bytes());
        bytes.extend(coded);
        bytes.extend(payload);
        bytes.extend(crc(&bytes).to_be_bytes());
        bytes
    }

    pub(in crate::dialect) fn event(name: &str, payload: &str) -> Vec<u8> {
        let headers = [(":event-type", name), (":content-type", "application/json"), (":message-type", "event")];
        message(&headers, payload.as_bytes())
    }

    /// An empty message, as AWS's own test suite has it.
    #[test]
    fn aws_own_empty_message_is_read() {
        let bytes = [0, 0, 0, 0x10, 0, 0, 0, 0, 0x05, 0xc2, 0x48, 0xeb, 0x7d, 0x98, 0xc8, 0xff];
        assert_eq!(Message::read(&bytes).unwrap(), Message { headers: Vec::new(), payload: &[] });
        assert_eq!(message(&[], b""), bytes);
    }

    #[test]
    fn an_event_has_a_name_and_a_payload() {
        let bytes = event("messageStart", r#"{"role":"assistant"}"#);
        let message = Message::read(&bytes).unwrap();
        assert_eq!(
            (message.event().unwrap(), message.payload),
            ("messageStart", br#"{"role":"assistant"}"#.as_slice())
        );
    }

    #[test]
    fn exceptions_are_complaints() {
        let headers = [(":exception-type", "throttlingException"), (":message-type", "exception")];
        let bytes = message(&headers, br#"{"message":"Too many requests"}"#);
        let complaint = Message::read(&bytes).unwrap().event().unwrap_err();
        assert_eq!((complaint.status, complaint.message.as_ref()), (429, "Too many requests"));
        assert_eq!(complaint.provider_code.as_deref(), Some("throttlingException"));
        let headers = [(":error-code", "InternalFailure"), (":error-message", "oops"), (":message-type", "error")];
        let bytes = message(&headers, b"");
        assert_eq!(Message::read(&bytes).unwrap().event().unwrap_err().message, "oops");
    }

    #[test]
    fn native_events_are_unwrapped() {
        let wrapped =
            |json: &str| event("chunk", &json!({"bytes": BASE64_STANDARD.encode(json), "p": "abc"}).to_string());
        assert_eq!(unwrapped(&wrapped(r#"{"type":"ping"}"#)), b"event: ping\ndata: {\"type\":\"ping\"}\n\n");
        let headers = [(":exception-type", "serviceUnavailableException"), (":message-type", "exception")];
        let failed = String::from_utf8(unwrapped(&message(&headers, br#"{"message":"busy"}"#))).unwrap();
        assert_eq!(
            failed,
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"busy\"}}\n\n"
        );
        for broken in [b"\0\0\0\x04".to_vec(), event("chunk", "{}"), wrapped("{\n\"type\":\"x\"}")] {
            assert!(unwrapped(&broken).starts_with(b"event: error\n"));
        }
    }

    #[test]
    fn refusals_tell_keys_from_rights() {
        let of = |status, message: &str| {
            complaint(status, None, json!({"message": message}).to_string().as_bytes()).unwrap().code
        };
        assert_eq!(of(403, "The security token included in the request is invalid."), Code::ProviderKeyRejected);
        assert_eq!(of(403, "The request signature we calculated does not match"), Code::ProviderKeyRejected);
        assert_eq!(of(403, "You don't have access to the model with the specified model ID."), Code::ProviderError);
        assert_eq!(of(400, "The provided model identifier is invalid."), Code::ProviderError);
        assert!(complaint(400, None, br#"{"type":"error","error":{"message":"x"}}"#).is_none());
    }

    proptest! {
        #[test]
        fn one_wrong_byte_is_noticed(name in "[a-z]{1,9}", payload in prop::collection::vec(any::<u8>(), 0..60), at in any::<prop::sample::Index>(), flip in 1u8..) {
            let good = message(&[(":event-type", &name)], &payload);
            let read = Message::read(&good).unwrap();
            prop_assert_eq!((read.event().unwrap(), read.payload), (name.as_str(), payload.as_slice()));
            let mut bad = good.clone();
            bad[at.index(good.len())] ^= flip;
            prop_assert!(Message::read(&bad).is_err());
        }

        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Message::read(&bytes);
            let _ = unwrapped(&bytes);
        }
    }
}
