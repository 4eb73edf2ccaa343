//! Why an answer ended, in Anthropic's words and in ours.

use crate::canonical::Finish;
use std::borrow::Cow;

/// Anthropic's word and the stop text that goes with one of them.
pub(super) fn read(reason: &str, stop_sequence: Option<String>) -> Finish {
    match reason {
        "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence(stop_sequence),
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::Refusal,
        "pause_turn" => Finish::Pause,
        other => Finish::Other(other.to_owned()),
    }
}

/// The word that a trace stores for Anthropic's word, without making a [`Finish`] of it.
pub(super) fn word(reason: &str) -> Cow<'static, str> {
    match reason {
        "end_turn" => Cow::Borrowed("stop"),
        "stop_sequence" => Cow::Borrowed("stop_sequence"),
        "max_tokens" | "model_context_window_exceeded" => Cow::Borrowed("length"),
        "tool_use" => Cow::Borrowed("tool_calls"),
        "refusal" => Cow::Borrowed("refusal"),
        "pause_turn" => Cow::Borrowed("pause"),
        other => Cow::Owned(other.to_owned()),
    }
}

/// What an answer holds that its end must agree with.
#[derive(Clone, Copy, Default)]
pub(super) struct Content {
    /// Calls of the caller's functions.
    pub(super) calls: bool,
    /// Words by which the model declines.
    pub(super) refusal: bool,
}

/// Anthropic's word, the stop text, and whether another word was lost.
///
/// Some vendors end an answer that calls functions with `stop`; Anthropic clients run the calls
/// only after `tool_use`, and know a refusal only by its word.
pub(super) fn write(finish: Option<&Finish>, content: Content) -> (&str, Option<&str>, bool) {
    let usual = match content {
        Content { calls: true, .. } => "tool_use",
        Content { refusal: true, .. } => "refusal",
        _ => "end_turn",
    };
    match finish {
        None | Some(Finish::Stop) => (usual, None, false),
        Some(Finish::StopSequence(text)) => ("stop_sequence", text.as_deref(), false),
        Some(Finish::Length) => ("max_tokens", None, false),
        Some(Finish::ToolCalls) => ("tool_use", None, false),
        Some(Finish::ContentFilter | Finish::Refusal) => ("refusal", None, false),
        Some(Finish::Pause) => ("pause_turn", None, false),
        Some(Finish::Other(word)) if word == "compaction" => ("compaction", None, false),
        Some(Finish::Other(_)) => (usual, None, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree_with_their_finish() {
        for reason in ["end_turn", "stop_sequence", "max_tokens", "tool_use", "refusal", "pause_turn", "compaction"] {
            let finish = read(reason, None);
            assert_eq!(finish.as_str(), word(reason));
            assert_eq!(write(Some(&finish), Content::default()), (reason, None, false));
        }
        assert_eq!(word("model_context_window_exceeded"), "length");
    }

    #[test]
    fn calls_and_refusals_are_never_a_plain_end() {
        let calls = Content { calls: true, refusal: false };
        assert_eq!(write(Some(&Finish::Stop), calls).0, "tool_use");
        assert_eq!(write(None, Content { calls: false, refusal: true }).0, "refusal");
        assert_eq!(write(Some(&Finish::Other("eos".into())), Content::default()), ("end_turn", None, true));
    }
}
