//! What carried calls consumed, as their answers say it: whole, or in the last events of a stream.
//!
//! Where tokens do not make the bill, pieces do: seconds that were heard and pictures that were made stand in answers,
//! characters that are read out in requests.

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

/// What a request says of what its answer will cost.
#[derive(Deserialize, Clone, Default, Debug, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Wish {
    input: Option<String>,
    quality: Option<String>,
    size: Option<String>,
}

impl Wish {
    /// Reads a request; nothing where it says nothing.
    pub fn of(body: &[u8]) -> Wish {
        serde_json::from_slice(body).unwrap_or_default()
    }

    /// What is known of the cost before there is an answer: how many characters are read out.
    pub fn spoken(&self, task: Task) -> Option<UsageReport> {
        let characters = self.input.as_ref().filter(|_| task == Task::Speech)?.chars().count();
        pieces(characters as u64, None)
    }
}

/// What an answer says of pieces.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Pieces<'a> {
    #[serde(borrow)]
    data: Option<Vec<&'a RawValue>>,
    quality: Option<String>,
    size: Option<String>,
    usage: Option<Lasting>,
    duration: Option<f64>,
    meta: Option<Searching>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lasting {
    seconds: Option<f64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Searching {
    billed_units: Option<Searches>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Searches {
    search_units: Option<f64>,
}

/// Reads the usage of a whole answer; none where it says nothing of what is billed.
pub(crate) fn usage(task: Task, body: &[u8], wish: &Wish) -> Option<UsageReport> {
    let answer: Answer<'_> = serde_json::from_slice(body).ok()?;
    let tokens = answer.usage.or(answer.meta).and_then(|raw| report(task, raw));
    let tokens = tokens.filter(|report| report.usage.total() > 0);
    tokens.or_else(|| by_piece(task, body, wish))
}

/// What is billed by the piece. The vendor counts the second that has begun.
fn by_piece(task: Task, body: &[u8], wish: &Wish) -> Option<UsageReport> {
    let said: Pieces<'_> = serde_json::from_slice(body).ok()?;
    let whole = |count: f64| (count.is_finite() && count > 0.0).then(|| count.ceil() as u64);
    match task {
        Task::Transcription | Task::Translation => {
            let seconds = said.usage.and_then(|usage| usage.seconds).or(said.duration);
            pieces(whole(seconds?)?, None)
        }
        Task::Rerank => pieces(whole(said.meta?.billed_units?.search_units?)?, None),
        Task::Image | Task::ImageEdit => {
            let usual = |own: Option<String>, asked: &Option<String>, usual: &str| {
                own.or_else(|| asked.clone()).filter(|word| word != "auto").unwrap_or_else(|| usual.to_owned())
            };
            let quality = usual(said.quality, &wish.quality, "standard");
            let size = usual(said.size, &wish.size, "1024x1024");
            pieces(said.data?.len() as u64, Some(format!("{quality}/{size}")))
        }
        _ => wish.spoken(task),
    }
}

/// So many pieces, of a kind where they have kinds.
fn pieces(pieces: u64, kind: Option<String>) -> Option<UsageReport> {
    let usage = Usage { pieces, ..Usage::default() };
    Some(UsageReport { usage, raw: None, service_tier: kind })
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
        usage(task, body.as_bytes(), &Wish::default()).map(|report| report.usage)
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
        for nothing in ["{}", "x", r#"{"usage":null}"#] {
            assert_eq!(of(Task::Transcription, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_sold_by_the_piece_is_counted() {
        let of = |task, body: &str, wish: &str| {
            let report = usage(task, body.as_bytes(), &Wish::of(wish.as_bytes()))?;
            Some((report.usage.pieces, report.service_tier))
        };
        let lasts = r#"{"text":"hi","usage":{"type":"duration","seconds":9}}"#;
        assert_eq!(of(Task::Transcription, lasts, ""), Some((9, None)));
        assert_eq!(of(Task::Translation, r#"{"text":"hi","duration":8.47}"#, ""), Some((9, None)));
        let two = r#"{"created":1,"data":[{"url":"a"},{"url":"b"}]}"#;
        assert_eq!(of(Task::Image, two, "{}"), Some((2, Some("standard/1024x1024".into()))));
        let wish = r#"{"quality":"hd","size":"1792x1024"}"#;
        assert_eq!(of(Task::Image, two, wish), Some((2, Some("hd/1792x1024".into()))));
        let told = r#"{"data":[{}],"quality":"low","size":"1024x1536"}"#;
        assert_eq!(of(Task::Image, told, wish), Some((1, Some("low/1024x1536".into()))));
        let order = r#"{"results":[],"meta":{"billed_units":{"search_units":2}}}"#;
        assert_eq!(of(Task::Rerank, order, ""), Some((2, None)));
        let spoken = Wish::of(r#"{"model":"tts-1","input":"Grüße"}"#.as_bytes()).spoken(Task::Speech);
        assert_eq!(spoken.map(|report| report.usage.pieces), Some(5));
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
