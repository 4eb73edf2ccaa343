//! Why an answer ended: the protocol's few words, and the vendors' other ones.

use crate::canonical::Finish;
use std::borrow::Cow;

/// Reads a finish reason. `refused`: the answer has words in `refusal`, for which the protocol says `stop`.
pub(super) fn read(word: &str, refused: bool) -> Finish {
    match word {
        "stop" if refused => Finish::Refusal,
        // Together ends with `eos`, some vLLM servers with `eos_token`.
        "stop" | "eos" | "eos_token" | "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence(None),
        // Mistral says `model_length` where the context is full.
        "length" | "max_tokens" | "model_length" => Finish::Length,
        "tool_calls" | "function_call" => Finish::ToolCalls,
        "content_filter" => Finish::ContentFilter,
        other => Finish::Other(other.to_owned()),
    }
}

/// The same, as the word stored with a trace.
pub(super) fn stored(word: &str, refused: bool) -> Cow<'static, str> {
    match read(word, refused) {
        Finish::Stop => Cow::Borrowed("stop"),
        Finish::Length => Cow::Borrowed("length"),
        Finish::ToolCalls => Cow::Borrowed("tool_calls"),
        other => Cow::Owned(other.as_str().to_owned()),
    }
}

/// Writes a finish reason; the second value says whether the protocol has a word for it.
///
/// A refusal without words of its own becomes `content_filter`, so that it does not look like an
/// ordinary end: `refused` says whether the answer has words in `refusal`.
pub(super) fn written(finish: &Finish, refused: bool) -> (&'static str, bool) {
    match finish {
        Finish::Stop | Finish::StopSequence(None) => ("stop", true),
        Finish::Length => ("length", true),
        Finish::ToolCalls => ("tool_calls", true),
        Finish::ContentFilter => ("content_filter", true),
        Finish::Refusal => (if refused { "stop" } else { "content_filter" }, true),
        // Which stop text came up has no place.
        Finish::StopSequence(Some(_)) | Finish::Pause | Finish::Other(_) => ("stop", false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_can_say_comes_back() {
        for finish in [Finish::Stop, Finish::Length, Finish::ToolCalls, Finish::ContentFilter] {
            let (word, said) = written(&finish, false);
            assert!(said);
            assert_eq!(read(word, false), finish);
            assert_eq!(stored(word, false), finish.as_str());
        }
        assert_eq!(read(written(&Finish::Refusal, true).0, true), Finish::Refusal);
        assert_eq!(written(&Finish::Refusal, false), ("content_filter", true));
        assert_eq!(written(&Finish::Pause, false), ("stop", false));
    }
}
