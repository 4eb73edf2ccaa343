//! What an answer says of a feature. Pure.
//!
//! `does not` is only said of what was refused, seen not to work where it must, or not seen where the catalogue says that
//! the model lacks it: routing obeys it.

use super::Heard;
use crate::canonical::Complaint;
use crate::catalogue::Capabilities;
use crate::records::{Feature, Status, Verdict};
use serde_json::Value;

/// More of a reason is not kept.
const MOST: usize = 200;

type Judgement = (Verdict, Option<String>);

/// What a refusal says: a fault of the call is the model's, a fault of the network or the key is not.
pub(super) fn refused(complaint: &Complaint) -> Judgement {
    let verdict = match complaint.status {
        400 | 404 | 405 | 409..=428 | 501 => Verdict::DoesNot,
        _ => Verdict::Unknown,
    };
    (verdict, Some(short(&complaint.message)))
}

/// What an answer says of the feature that was asked for.
pub(super) fn heard(feature: Feature, heard: &Heard, known: Option<&Capabilities>) -> Judgement {
    let catalogue = known.and_then(|known| said(feature, known));
    match feature {
        Feature::Plain | Feature::Audio => spoke(heard),
        Feature::Stream => match heard.pace.pieces {
            0 => unknown("the stream ended in order, without any text"),
            _ => WORKS,
        },
        Feature::Tools => match &heard.call {
            Some((_, input)) if is_object(input) => WORKS,
            Some((_, input)) => does_not(format!("it called with arguments that are no JSON object: {input}")),
            None => absent(catalogue, format!("it answered in words: {}", quoted(heard))),
        },
        Feature::ParallelTools => match heard.calls {
            0 => absent(catalogue, format!("it answered in words: {}", quoted(heard))),
            1 => does_not("it called one tool where two calls were asked for".to_owned()),
            _ => WORKS,
        },
        Feature::Images if says_red(&heard.text) => WORKS,
        Feature::Images => absent(catalogue, format!("it did not name the colour of a picture: {}", quoted(heard))),
        Feature::StructuredOutput if keeps_schema(&heard.text) => WORKS,
        Feature::StructuredOutput => does_not(format!("its answer is not what the schema asks for: {}", quoted(heard))),
        Feature::Thinking if heard.thought => WORKS,
        Feature::Thinking => absent(catalogue, "it was taken, and no thinking was shown or counted".to_owned()),
        Feature::StopSequence => stopped(heard),
        Feature::MaxTokens => limited(heard),
        Feature::Usage | Feature::HangUp => unknown("it is judged by more than one answer"),
    }
}

const WORKS: Judgement = (Verdict::Works, None);

fn does_not(reason: String) -> Judgement {
    (Verdict::DoesNot, Some(short(&reason)))
}

fn unknown(reason: &str) -> Judgement {
    (Verdict::Unknown, Some(short(reason)))
}

/// It was not seen: once is no proof, unless the catalogue says the same.
fn absent(catalogue: Option<bool>, reason: String) -> Judgement {
    if catalogue == Some(false) { does_not(reason) } else { unknown(&reason) }
}

/// What the catalogue says of a feature.
fn said(feature: Feature, known: &Capabilities) -> Option<bool> {
    match feature {
        Feature::Tools => known.tools,
        // A model that calls no tool does not call several.
        Feature::ParallelTools => known.parallel_tools.or(known.tools.filter(|tools| !tools)),
        Feature::Images => known.vision,
        Feature::Audio => known.audio_in,
        Feature::StructuredOutput => known.structured_output,
        Feature::Thinking => known.reasoning,
        _ => None,
    }
}

fn spoke(heard: &Heard) -> Judgement {
    if heard.text.trim().is_empty() { unknown("it answered without any text") } else { WORKS }
}

fn says_red(text: &str) -> bool {
    let mut words = text.split(|letter: char| !letter.is_alphabetic());
    words.any(|word| ["red", "crimson", "scarlet"].iter().any(|colour| word.eq_ignore_ascii_case(colour)))
}

fn is_object(text: &str) -> bool {
    serde_json::from_str::<Value>(text).is_ok_and(|value| value.is_object())
}

fn keeps_schema(text: &str) -> bool {
    let Ok(Value::Object(place)) = serde_json::from_str(text.trim()) else { return false };
    place.len() == 2 && ["city", "country"].iter().all(|name| place.get(*name).is_some_and(Value::is_string))
}

fn stopped(heard: &Heard) -> Judgement {
    let text = heard.text.to_lowercase();
    match (text.contains("bravo"), text.contains("delta")) {
        (_, true) => does_not("the answer went on behind the text that was to end it".to_owned()),
        (true, false) if !text.contains("charlie") => WORKS,
        _ => unknown(&format!("it did not come to the text that was to end it: {}", quoted(heard))),
    }
}

fn limited(heard: &Heard) -> Judgement {
    let counted = heard.usage.map(|usage| usage.output).unwrap_or_default();
    match heard.finish.as_deref() {
        Some("length") => WORKS,
        _ if counted > super::features::FEW_TOKENS => {
            does_not(format!("the answer has {counted} tokens, {} were allowed", super::features::FEW_TOKENS))
        }
        finish => unknown(&format!("it ended by: {}, within the limit", finish.unwrap_or("no stop reason"))),
    }
}

/// Whether token counts came with a whole answer, and with a stream.
pub(super) fn usage(whole: &Heard, stream: &Heard) -> Judgement {
    let counted = |heard: &Heard| heard.usage.is_some_and(|usage| usage.input > 0 && usage.output > 0);
    match (counted(whole), counted(stream)) {
        (true, true) => WORKS,
        (true, false) => does_not("streams report none".to_owned()),
        (false, true) => does_not("whole answers report none".to_owned()),
        (false, false) => does_not("none is reported".to_owned()),
    }
}

/// What became of a call on which was hung up.
pub(super) fn hang_up(status: Option<Status>) -> Judgement {
    match status {
        Some(Status::Interrupted) => WORKS,
        Some(Status::Ok) => unknown("the answer was over before anybody could hang up"),
        Some(Status::Running) => does_not("the call went on".to_owned()),
        Some(status) => unknown(&format!("the call ended by itself: {}", status.as_str())),
        None => unknown("only who sees the gateway's own traces can tell"),
    }
}

fn quoted(heard: &Heard) -> String {
    let text: String = heard.text.trim().chars().take(60).collect();
    format!("\"{text}\"")
}

/// One line of a few words.
fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MOST { line } else { line.chars().take(MOST).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::Code;
    use crate::types::Usage;

    fn text(text: &str) -> Heard {
        Heard { text: text.to_owned(), ..Heard::default() }
    }

    fn verdict(feature: Feature, answer: &Heard, known: Option<&Capabilities>) -> Verdict {
        heard(feature, answer, known).0
    }

    #[test]
    fn what_was_not_seen_is_unknown_unless_the_catalogue_says_no() {
        let blind = Capabilities { vision: Some(false), ..Capabilities::default() };
        let sees = Capabilities { vision: Some(true), ..Capabilities::default() };
        for (answer, known, wanted) in [
            ("It is Red.", Some(&blind), Verdict::Works),
            ("It is coloured", Some(&blind), Verdict::DoesNot),
            ("Blue", Some(&sees), Verdict::Unknown),
            ("Blue", None, Verdict::Unknown),
        ] {
            assert_eq!(verdict(Feature::Images, &text(answer), known), wanted, "{answer}");
        }
    }

    #[test]
    fn calls_are_counted() {
        let called = |calls| Heard { calls, call: Some(("f".into(), "{}".into())), ..Heard::default() };
        assert_eq!(verdict(Feature::Tools, &called(1), None), Verdict::Works);
        assert_eq!(verdict(Feature::ParallelTools, &called(1), None), Verdict::DoesNot);
        assert_eq!(verdict(Feature::ParallelTools, &called(2), None), Verdict::Works);
        let badly = Heard { calls: 1, call: Some(("f".into(), "{".into())), ..Heard::default() };
        assert_eq!(verdict(Feature::Tools, &badly, None), Verdict::DoesNot);
    }

    #[test]
    fn a_schema_is_kept_to_the_letter() {
        for (answer, wanted) in [
            (r#"{"city":"Paris","country":"France"}"#, Verdict::Works),
            (r#"{"city":"Paris"}"#, Verdict::DoesNot),
            ("Paris, France", Verdict::DoesNot),
        ] {
            assert_eq!(verdict(Feature::StructuredOutput, &text(answer), None), wanted, "{answer}");
        }
    }

    #[test]
    fn an_answer_ends_where_it_was_to_end() {
        assert_eq!(verdict(Feature::StopSequence, &text("alpha bravo "), None), Verdict::Works);
        assert_eq!(verdict(Feature::StopSequence, &text("alpha bravo charlie delta"), None), Verdict::DoesNot);
        assert_eq!(verdict(Feature::StopSequence, &text("Hello"), None), Verdict::Unknown);
        let ended = |finish: &str, output| Heard {
            finish: Some(finish.to_owned()),
            usage: Some(Usage { output, ..Usage::default() }),
            ..Heard::default()
        };
        assert_eq!(verdict(Feature::MaxTokens, &ended("length", 16), None), Verdict::Works);
        assert_eq!(verdict(Feature::MaxTokens, &ended("stop", 400), None), Verdict::DoesNot);
        assert_eq!(verdict(Feature::MaxTokens, &ended("stop", 9), None), Verdict::Unknown);
    }

    #[test]
    fn usage_is_wanted_of_both() {
        let counted = Heard { usage: Some(Usage { input: 3, output: 2, ..Usage::default() }), ..Heard::default() };
        assert_eq!(usage(&counted, &counted), WORKS);
        assert_eq!(usage(&counted, &Heard::default()).1.as_deref(), Some("streams report none"));
    }

    #[test]
    fn who_hangs_up_is_heard() {
        assert_eq!(hang_up(Some(Status::Interrupted)), WORKS);
        assert_eq!(hang_up(Some(Status::Running)).0, Verdict::DoesNot);
        assert_eq!(hang_up(Some(Status::Ok)).0, Verdict::Unknown);
        assert_eq!(hang_up(None).0, Verdict::Unknown);
    }

    #[test]
    fn only_a_fault_of_the_call_is_the_models() {
        let of = |status| refused(&Complaint::new(Code::ProviderError, "no\n  way").with_status(status));
        assert_eq!(of(400), (Verdict::DoesNot, Some("no way".to_owned())));
        for status in [401, 403, 408, 429, 500, 503] {
            assert_eq!(of(status).0, Verdict::Unknown, "{status}");
        }
    }
}
