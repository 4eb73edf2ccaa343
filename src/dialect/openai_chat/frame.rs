//! What a frame of a stream is, before anybody asks what it says.

use super::answer::Answer;
use super::complaint;
use crate::canonical::Complaint;
use crate::dialect::sse::Frame;

/// What a frame of the protocol is.
pub(super) enum Parsed<'a> {
    /// Keeps the connection alive.
    Nothing,
    /// A piece of the answer.
    Answer(Answer<'a>),
    /// The end.
    Done,
    /// The provider failed.
    Failed(Complaint),
    /// No frame of the protocol.
    Broken(Complaint),
}

/// Parses the data of a frame, trimmed.
pub(super) fn parse<'a>(frame: &Frame, data: &'a [u8]) -> Parsed<'a> {
    if data.is_empty() {
        return Parsed::Nothing;
    }
    if data == DONE {
        return Parsed::Done;
    }
    let answer: Answer<'_> = match serde_json::from_slice(data) {
        Ok(answer) => answer,
        Err(error) => return Parsed::Broken(complaint::malformed("stream frame", data, &error)),
    };
    if let Some(error) = answer.error() {
        return Parsed::Failed(complaint::reported(error));
    }
    if answer.choices.is_none()
        && frame.event() == b"error"
        && let Some(complaint) = complaint::of_frame(data)
    {
        return Parsed::Failed(complaint);
    }
    Parsed::Answer(answer)
}

/// The data that ends a stream.
pub(super) const DONE: &[u8] = b"[DONE]";
