//! Why an answer ended, in Gemini's words and in ours.

use crate::canonical::Finish;

/// The words for what a filter stopped.
const FILTERED: [&str; 10] = [
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
    "IMAGE_RECITATION",
    "MODEL_ARMOR",
];

/// The other words that end an answer and have no better one here.
const OTHERS: [&str; 9] = [
    "OTHER",
    "IMAGE_OTHER",
    "NO_IMAGE",
    "MALFORMED_FUNCTION_CALL",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
    "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE",
    "FINISH_REASON_UNSPECIFIED",
];

/// Gemini's word. It has none for an answer that waits for the results of calls.
pub(super) fn read(reason: &str, calls: bool) -> Finish {
    match reason {
        "STOP" if calls => Finish::ToolCalls,
        "STOP" => Finish::Stop,
        "MAX_TOKENS" => Finish::Length,
        filtered if FILTERED.contains(&filtered) => Finish::ContentFilter,
        other => Finish::Other(other.to_owned()),
    }
}

/// Gemini's word, and whether another word was lost.
pub(super) fn write(finish: Option<&Finish>) -> (&str, bool) {
    match finish {
        None | Some(Finish::Stop | Finish::StopSequence(None) | Finish::ToolCalls) => ("STOP", false),
        // Which stop text came up has no place.
        Some(Finish::StopSequence(Some(_))) => ("STOP", true),
        Some(Finish::Length) => ("MAX_TOKENS", false),
        Some(Finish::ContentFilter | Finish::Refusal) => ("SAFETY", false),
        Some(Finish::Other(word)) if OTHERS.contains(&word.as_str()) => (word, false),
        Some(Finish::Pause | Finish::Other(_)) => ("OTHER", true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_agree() {
        for word in OTHERS {
            assert_eq!(write(Some(&read(word, false))), (word, false));
        }
        for (word, finish) in
            [("STOP", Finish::Stop), ("MAX_TOKENS", Finish::Length), ("SAFETY", Finish::ContentFilter)]
        {
            assert_eq!((read(word, false), write(Some(&finish))), (finish.clone(), (word, false)));
        }
        assert_eq!(read("SPII", true), Finish::ContentFilter);
        assert_eq!(read("STOP", true), Finish::ToolCalls);
        assert_eq!(write(Some(&Finish::Pause)), ("OTHER", true));
    }
}
