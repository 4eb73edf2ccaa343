//! What carried calls consumed, as their answers say it: whole, or in the last events of a stream.

use crate::canonical::{Code, Complaint, Json, UsageReport};
use crate::dialect::sse::Frame;
use crate::dialect::{Pass, Sight, Tap};
use crate::types::{Task, Usage};
use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    meta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    r#type: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Block {
    #[serde(alias = "prompt_tokens")]
    input_tokens: Option<u64>,
    #[serde(alias = "completion_tokens")]
    output_tokens: Option<u64>,
    total_tokens: Option<u64>,
    #[serde(alias = "input_token_details", alias = "prompt_tokens_details")]
    input_tokens_details: Option<Parts>,
    #[serde(alias = "output_token_details", alias = "completion_tokens_details")]
    output_tokens_details: Option<Parts>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parts {
    text_tokens: Option<u64>,
    audio_tokens: Option<u64>,
    image_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    reasoning_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Meta {
    billed_units: Option<Block>,
}

/// Reads the usage of a whole answer or of an event; none where it says nothing of tokens.
pub(crate) fn usage(task: Task, body: &[u8]) -> Option<UsageReport> {
    let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    let raw = answer.usage.or(answer.meta)?;
    report(task, raw)
}

/// Reads a usage block.
pub(crate) fn report(task: Task, raw: &RawValue) -> Option<UsageReport> {
    let block: Block = match serde_json::from_str::<Meta>(raw.get()) {
        Ok(Meta { billed_units: Some(billed) }) => billed,
        _ => serde_json::from_str(raw.get()).ok()?,
    };
    let usage = normalise(task, &block)?;
    Some(UsageReport { usage, raw: Some(Json(raw.to_owned())), service_tier: None })
}

fn normalise(task: Task, block: &Block) -> Option<Usage> {
    let output = block.output_tokens.unwrap_or(0);
    let input = block.input_tokens.or(block.total_tokens.map(|total| total.saturating_sub(output)))?;
    let none = Parts::default();
    let (given, made) =
        (block.input_tokens_details.as_ref().unwrap_or(&none), block.output_tokens_details.as_ref().unwrap_or(&none));
    // What an image endpoint makes is pictures, unless it says what part of it is words.
    let pictures = matches!(task, Task::Image | Task::ImageEdit);
    let all = if pictures { output.saturating_sub(made.text_tokens.unwrap_or(0)) } else { 0 };
    Some(Usage {
        input,
        output,
        cache_read: given.cached_tokens.unwrap_or(0),
        input_audio: given.audio_tokens.unwrap_or(0),
        input_image: given.image_tokens.unwrap_or(0),
        output_audio: made.audio_tokens.unwrap_or(if task == Task::Speech { output } else { 0 }),
        output_image: made.image_tokens.unwrap_or(all),
        reasoning: made.reasoning_tokens.unwrap_or(0),
        ..Usage::default()
    })
}

/// The watcher of a carried stream of events: pictures, words of a sound, pieces of a sound.
pub(crate) struct Watch(pub Task);

impl Tap for Watch {
    fn see(&mut self, frame: &Frame, sight: &mut Sight) -> Pass {
        let Some(data) = frame.data() else { return Pass::Forward };
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            return Pass::Last;
        }
        let Ok(event) = serde_json::from_slice::<Answer<'_>>(data) else { return Pass::Forward };
        if let Some(raw) = event.usage {
            sight.usage = report(self.0, raw).or_else(|| sight.usage.take());
        }
        let kind = event.r#type.unwrap_or_default();
        if kind == "error" || event.error.is_some_and(|error| error.get() != "null") {
            let message = format!("the provider broke off its stream: {}", clip(&String::from_utf8_lossy(data)));
            return Pass::Failed(Complaint::new(Code::ProviderError, message));
        }
        if kind.ends_with(".done") || kind.ends_with(".completed") {
            sight.finish = Some("stop".into());
        }
        Pass::Forward
    }
}

fn clip(text: &str) -> &str {
    let end = text.char_indices().nth(300).map_or(text.len(), |(at, _)| at);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(task: Task, body: &str) -> Option<Usage> {
        usage(task, body.as_bytes()).map(|report| report.usage)
    }

    #[test]
    fn each_endpoint_has_its_shape() {
        let image = r#"{"created":1,"data":[{"b64_json":"x"}],"usage":{"total_tokens":100,"input_tokens":50,
            "output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}"#;
        let expected = Usage { input: 50, output: 50, input_image: 40, output_image: 50, ..Usage::default() };
        assert_eq!(of(Task::Image, image), Some(expected));
        let words = r#"{"text":"hi","usage":{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,
            "audio_tokens":14},"output_tokens":45,"total_tokens":59}}"#;
        let expected = Usage { input: 14, output: 45, input_audio: 14, ..Usage::default() };
        assert_eq!(of(Task::Transcription, words), Some(expected));
        let order = r#"{"results":[],"meta":{"billed_units":{"input_tokens":7}}}"#;
        assert_eq!(of(Task::Rerank, order).map(|usage| usage.input), Some(7));
        assert_eq!(of(Task::Rerank, r#"{"results":[],"usage":{"total_tokens":9}}"#).map(|usage| usage.input), Some(9));
        for nothing in ["{}", "x", r#"{"usage":{"type":"duration","seconds":9}}"#, r#"{"usage":null}"#] {
            assert_eq!(of(Task::Transcription, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn streams_report_at_their_end() {
        let mut sight = Sight::default();
        let mut see = |data: &str| {
            let frame = Frame { raw: format!("data: {data}\n\n").into() };
            Watch(Task::Speech).see(&frame, &mut sight)
        };
        assert_eq!(see(r#"{"type":"speech.audio.delta","audio":"AAAA"}"#), Pass::Forward);
        let usage = r#"{"type":"speech.audio.done","usage":{"input_tokens":4,"output_tokens":9,"total_tokens":13}}"#;
        assert_eq!(see(usage), Pass::Forward);
        assert!(matches!(see(r#"{"type":"error","error":{"message":"no"}}"#), Pass::Failed(_)));
        assert_eq!((sight.finish.as_deref(), sight.usage.unwrap().usage.output_audio), (Some("stop"), 9));
    }
}
