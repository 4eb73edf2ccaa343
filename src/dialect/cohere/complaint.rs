//! Errors that the provider sends: `{"message": "words"}`.

use crate::canonical::{Code, Complaint};
use serde_json::Value;
use std::time::Duration;

/// Reads an error answer.
pub(super) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let said = ["message", "error", "detail"].iter().find_map(|name| value.get(*name)?.as_str());
    let message = match said.filter(|said| !said.is_empty()) {
        Some(said) => said.to_owned(),
        None if body.trim_ascii().starts_with(b"<") => {
            format!("the provider answered with status {status} and an HTML page")
        }
        None => format!("the provider answered with status {status} and no words that can be read"),
    };
    Complaint::new(Code::ProviderError, message).with_status(status).with_retry_after(retry_after)
}

/// The complaint about what is not of this protocol.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Complaint {
    Complaint::new(Code::ProviderMalformed, format!("the provider sent what is not a Cohere {what}: {error}"))
}
