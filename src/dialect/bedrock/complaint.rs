//! Errors that the provider sends: `{"message": "words"}`.

use crate::canonical::{Code, Complaint};
use crate::dialect::amazon;
use std::time::Duration;

/// Reads an error answer.
pub(super) fn read(status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
    amazon::complaint(status, retry_after, body).unwrap_or_else(|| {
        let what = if body.trim_ascii().starts_with(b"<") { "an HTML page" } else { "no words that can be read" };
        let message = format!("the provider answered with status {status} and {what}");
        Complaint::new(Code::ProviderError, message).with_status(status).with_retry_after(retry_after)
    })
}

/// The complaint about what is not of this protocol.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Complaint {
    Complaint::new(Code::ProviderMalformed, format!("the provider sent what is not a Bedrock {what}: {error}"))
}
