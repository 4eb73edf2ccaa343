//! Why an answer ended, in the protocol's words and in ours.
//!
//! The protocol has a status, and for an answer that is not whole a reason. Calls and refusals are seen in
//! the items alone.

use crate::canonical::Finish;
use std::borrow::Cow;

/// What an answer holds that its end is told by.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// Calls that wait for a result.
    pub(super) calls: bool,
    /// Words by which the model declines.
    pub(super) refusal: bool,
}

/// The end that a status and a reason mean.
pub(super) fn read(status: &str, reason: Option<&str>, content: Content) -> Finish {
    match (status, reason) {
        ("incomplete", Some("max_output_tokens") | None) => Finish::Length,
        ("incomplete", Some("content_filter")) => Finish::ContentFilter,
        ("incomplete", Some(other)) => Finish::Other(other.to_owned()),
        _ if content.calls => Finish::ToolCalls,
        _ if content.refusal => Finish::Refusal,
        _ => Finish::Stop,
    }
}

/// The word that a trace stores.
pub(super) fn word(status: &str, reason: Option<&str>, content: Content) -> Cow<'static, str> {
    match read(status, reason, content) {
        Finish::Length => Cow::Borrowed("length"),
        Finish::ContentFilter => Cow::Borrowed("content_filter"),
        Finish::ToolCalls => Cow::Borrowed("tool_calls"),
        Finish::Refusal => Cow::Borrowed("refusal"),
        Finish::Stop => Cow::Borrowed("stop"),
        other => Cow::Owned(other.as_str().to_owned()),
    }
}

/// How an end is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ending {
    /// `completed` or `incomplete`.
    pub(super) status: &'static str,
    /// Why it is incomplete.
    pub(super) reason: Option<&'static str>,
    /// Whether a word was lost.
    pub(super) lost: bool,
}

/// The status and the reason. Which stop text ended an answer has no place, nor has a pause. A refusal is seen in its
/// words; one that has none (`refused` is false) must not look like an ordinary end.
pub(super) fn write(finish: Option<&Finish>, refused: bool) -> Ending {
    let completed = Ending { status: "completed", reason: None, lost: false };
    let incomplete = |reason| Ending { status: "incomplete", reason: Some(reason), lost: false };
    match finish {
        Some(Finish::Refusal) if !refused => incomplete("content_filter"),
        None | Some(Finish::Stop | Finish::ToolCalls | Finish::Refusal | Finish::StopSequence(None)) => completed,
        Some(Finish::Length) => incomplete("max_output_tokens"),
        Some(Finish::ContentFilter) => incomplete("content_filter"),
        Some(Finish::StopSequence(Some(_)) | Finish::Pause | Finish::Other(_)) => Ending { lost: true, ..completed },
    }
}
