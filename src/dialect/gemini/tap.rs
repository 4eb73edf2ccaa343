//! Watching answers of the same dialect that go on as they are: whole ones and streams.
//!
//! Runs for each frame of each stream, so it borrows what it reads and passes over the rest.

use super::wire::{Str, utf8};
use super::{complaint, finish, usage};
use crate::canonical::{Code, Complaint, UsageReport};
use crate::dialect::sse::Frame;
use crate::dialect::{Pass, Sight, Tap};
use crate::types::Task;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Response<'a> {
    #[serde(borrow)]
    candidates: Vec<Candidate<'a>>,
    #[serde(borrow)]
    usage_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    prompt_feedback: Option<Feedback<'a>>,
    #[serde(borrow)]
    model_version: Option<Str<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
    #[serde(borrow)]
    embedding: Option<&'a RawValue>,
    #[serde(borrow)]
    embeddings: Option<&'a RawValue>,
    total_tokens: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Feedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Str<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Candidate<'a> {
    index: u32,
    #[serde(borrow)]
    content: Content<'a>,
    #[serde(borrow)]
    finish_reason: Option<Str<'a>>,
    #[serde(borrow)]
    grounding_metadata: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    parts: Vec<Part<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Part<'a> {
    #[serde(borrow)]
    text: Option<Str<'a>>,
    #[serde(borrow)]
    function_call: Option<Call<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Call<'a> {
    #[serde(borrow)]
    name: Option<Str<'a>>,
    #[serde(borrow)]
    args: Option<&'a RawValue>,
}

/// Watches one stream.
#[derive(Default)]
pub(super) struct Watch {
    queries: u64,
    calls: bool,
}

impl Watch {
    fn look(&mut self, response: &Response<'_>, sight: &mut Sight) {
        for candidate in &response.candidates {
            self.candidate(candidate, sight);
        }
        let blocked = response.prompt_feedback.as_ref().is_some_and(|feedback| feedback.block_reason.is_some());
        if blocked && sight.finish.is_none() {
            sight.finish = Some(Cow::Borrowed("content_filter"));
        }
        if let Some(report) = response.usage_metadata.and_then(usage::read) {
            sight.usage = Some(self.with_searches(report, response));
        }
    }

    fn candidate(&mut self, candidate: &Candidate<'_>, sight: &mut Sight) {
        for part in &candidate.content.parts {
            if let Some(Str(words)) = &part.text {
                sight.said.push_str(words);
            }
            if let Some(call) = &part.function_call {
                self.calls = true;
                call.name.iter().for_each(|Str(name)| sight.said.push_str(name));
                call.args.iter().for_each(|args| sight.said.push_str(args.get()));
            }
        }
        if let Some(grounding) = candidate.grounding_metadata {
            self.queries = self.queries.max(usage::queries(grounding));
        }
        if let Some(Str(reason)) = candidate.finish_reason.as_ref().filter(|_| candidate.index == 0) {
            let finish = finish::read(reason, self.calls);
            sight.finish = Some(Cow::Owned(finish.as_str().to_owned()));
        }
    }

    fn with_searches(&self, mut report: UsageReport, response: &Response<'_>) -> UsageReport {
        let model = response.model_version.as_ref().map_or("", |Str(model)| model.as_ref());
        report.usage.pieces = usage::searches(model, self.queries);
        report
    }
}

/// What a trace needs of a whole answer.
pub(super) fn glance(task: Task, body: &[u8]) -> Result<Sight, Complaint> {
    let response: Response<'_> =
        serde_json::from_str(utf8(body)?).map_err(|error| super::read_stream::no_answer(&error))?;
    let is_answer = match task {
        Task::CountTokens => response.total_tokens.is_some(),
        Task::Embedding => response.embedding.is_some(),
        Task::EmbeddingBatch => response.embeddings.is_some(),
        _ => !response.candidates.is_empty() || response.prompt_feedback.is_some() || response.usage_metadata.is_some(),
    };
    if !is_answer {
        let message = format!("the provider's answer is none of Gemini's: it has nothing of a {}", task.as_str());
        return Err(Complaint::new(Code::ProviderMalformed, message));
    }
    let mut sight = Sight::default();
    Watch::default().look(&response, &mut sight);
    if sight.usage.is_some() {
        sight.said.clear();
    }
    Ok(sight)
}

impl Tap for Watch {
    fn see(&mut self, frame: &Frame, sight: &mut Sight) -> Pass {
        let Some(data) = frame.data() else { return Pass::Forward };
        match serde_json::from_slice::<Response<'_>>(&data) {
            Ok(response) => match response.error {
                Some(error) => Pass::Failed(complaint::of_stream(error)),
                None => {
                    self.look(&response, sight);
                    Pass::Forward
                }
            },
            Err(error) => {
                let message = format!("a frame of the stream cannot be read: {error}");
                Pass::Broken(Complaint::new(Code::ProviderMalformed, message))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn see_all(frames: &[&str]) -> (Vec<Pass>, Sight) {
        let (mut watch, mut sight) = (Watch::default(), Sight::default());
        let frame = |text: &&str| Frame { raw: Bytes::copy_from_slice(format!("data: {text}\r\n\r\n").as_bytes()) };
        let passes = frames.iter().map(|text| watch.see(&frame(text), &mut sight)).collect();
        (passes, sight)
    }

    #[test]
    fn a_stream_tells_words_usage_and_end() {
        let (passes, sight) = see_all(&[
            r#"{"candidates":[{"content":{"parts":[{"text":"h\u006d","thought":true}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-pro"}"#,
            r#"{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":{"a":1}}}]},"finishReason":"STOP","groundingMetadata":{"webSearchQueries":["q","r"]}}],"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":7,"totalTokenCount":12},"modelVersion":"gemini-3-pro"}"#,
        ]);
        assert_eq!(passes, [Pass::Forward, Pass::Forward]);
        assert_eq!((sight.said.as_str(), sight.finish.as_deref()), ("hmf{\"a\":1}", Some("tool_calls")));
        let usage = sight.usage.unwrap().usage;
        assert_eq!((usage.input, usage.output, usage.pieces), (5, 7, 2));
    }

    #[test]
    fn errors_fail_nonsense_breaks_and_blocks_end() {
        let (passes, sight) = see_all(&[
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
            r#"{"candidates":["#,
            r#"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":5}}"#,
        ]);
        assert!(matches!(&passes[0], Pass::Failed(complaint) if complaint.status == 503));
        assert!(matches!(&passes[1], Pass::Broken(_)));
        assert_eq!((&passes[2], sight.finish.as_deref()), (&Pass::Forward, Some("content_filter")));
    }

    #[test]
    fn a_glance_knows_each_kind_of_answer() {
        assert_eq!(glance(Task::CountTokens, br#"{"totalTokens":31}"#).unwrap(), Sight::default());
        assert!(glance(Task::Embedding, br#"{"embedding":{"values":[0.1]}}"#).is_ok());
        assert!(glance(Task::EmbeddingBatch, br#"{"embeddings":[]}"#).is_ok());
        for (task, body) in [(Task::Chat, "{}"), (Task::CountTokens, "{}"), (Task::Embedding, r#"{"embeddings":[]}"#)] {
            assert_eq!(glance(task, body.as_bytes()).unwrap_err().code, Code::ProviderMalformed);
        }
        assert_eq!(glance(Task::Chat, b"<html>").unwrap_err().code, Code::ProviderMalformed);
    }
}
