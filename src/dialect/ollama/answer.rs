//! An answer, or a line of one: the same members make up both.

use super::complaint;
use crate::canonical::{Complaint, Json, UsageReport};
use crate::dialect::json::{Count, Str};
use crate::dialect::sse::Frame;
use crate::dialect::{Pass, Sight, Tap};
use crate::types::Usage;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A line of a stream, or all of an answer: of `api/chat` with `message`, of `api/generate` with `response`.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Line<'a> {
    #[serde(borrow)]
    pub(super) model: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) created_at: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) message: Option<Message<'a>>,
    #[serde(borrow)]
    pub(super) response: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) thinking: Option<Str<'a>>,
    pub(super) done: Option<bool>,
    #[serde(borrow)]
    pub(super) done_reason: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
    total_duration: Count,
    load_duration: Count,
    prompt_eval_count: Count,
    prompt_eval_duration: Count,
    eval_count: Count,
    eval_duration: Count,
}

/// What the model says in a line.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) content: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) thinking: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) tool_calls: Option<Vec<Call<'a>>>,
}

/// A call, which comes whole.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Call<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) function: Function<'a>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Function<'a> {
    #[serde(borrow)]
    pub(super) name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<&'a RawValue>,
}

/// The words of a member that may be missing.
pub(super) fn words<'s>(text: &'s Option<Str<'_>>) -> &'s str {
    text.as_ref().map_or("", |text| &text.0)
}

impl Line<'_> {
    /// Parses a line.
    pub(super) fn parse(bytes: &[u8]) -> Result<Line<'_>, Complaint> {
        serde_json::from_slice(bytes).map_err(|error| complaint::malformed("answer", bytes, &error))
    }

    /// Parses a whole answer and checks that it is one.
    pub(super) fn whole(bytes: &[u8]) -> Result<Line<'_>, Complaint> {
        let line = Line::parse(bytes)?;
        match line.error {
            Some(error) => Err(complaint::reported(error)),
            None if line.message.is_none() && line.response.is_none() => Err(complaint::without_words()),
            None => Ok(line),
        }
    }

    /// What was consumed; none where nothing was counted, as when a model is merely loaded.
    pub(super) fn usage(&self) -> Option<UsageReport> {
        let counted = self.prompt_eval_count.0.or(self.eval_count.0);
        let raw = Metrics {
            total_duration: self.total_duration.0,
            load_duration: self.load_duration.0,
            prompt_eval_count: self.prompt_eval_count.0,
            prompt_eval_duration: self.prompt_eval_duration.0,
            eval_count: self.eval_count.0,
            eval_duration: self.eval_duration.0,
        };
        counted.map(|_| UsageReport {
            usage: Usage {
                input: self.prompt_eval_count.0.unwrap_or(0),
                output: self.eval_count.0.unwrap_or(0),
                ..Usage::default()
            },
            raw: Json::of(&raw).ok(),
            service_tier: None,
        })
    }

    fn collect(&self, said: &mut String) {
        let message = self.message.as_ref();
        for text in [&self.thinking, &self.response] {
            said.push_str(words(text));
        }
        let Some(message) = message else { return };
        said.push_str(words(&message.thinking));
        said.push_str(words(&message.content));
        for call in message.tool_calls.iter().flatten() {
            said.push_str(words(&call.function.name));
            said.push_str(call.function.arguments.map_or("", RawValue::get));
        }
    }

    /// Takes in what a trace needs of the line.
    fn note(&self, calls: bool, sight: &mut Sight) {
        sight.usage = self.usage().or_else(|| sight.usage.take());
        if self.done == Some(true) {
            sight.finish = Some(self.finish_word(calls).to_owned().into());
        }
    }

    fn finish_word(&self, calls: bool) -> &str {
        match words(&self.done_reason) {
            "" | "stop" if calls => "tool_calls",
            "" => "stop",
            word => word,
        }
    }

    fn has_calls(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.tool_calls.iter().flatten().next().is_some())
    }
}

/// The counts and times of an answer, times in nanoseconds.
#[derive(Serialize, Default)]
pub(super) struct Metrics {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) total_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) load_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_eval_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prompt_eval_duration: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) eval_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) eval_duration: Option<u64>,
}

/// Reads of a whole answer what a trace needs.
pub(super) fn glance(body: &[u8]) -> Result<Sight, Complaint> {
    let line = Line::whole(body)?;
    let mut sight = Sight::default();
    line.note(line.has_calls(), &mut sight);
    if sight.usage.is_none() {
        line.collect(&mut sight.said);
    }
    Ok(sight)
}

/// The watcher of a stream.
#[derive(Default)]
pub(super) struct Watch {
    calls: bool,
}

impl Tap for Watch {
    fn see(&mut self, frame: &Frame, sight: &mut Sight) -> Pass {
        let raw = frame.raw.trim_ascii();
        if raw.is_empty() {
            return Pass::Forward;
        }
        let line = match Line::parse(raw) {
            Ok(line) => line,
            Err(complaint) => return Pass::Broken(complaint),
        };
        if let Some(error) = line.error {
            return Pass::Failed(complaint::reported(error));
        }
        self.calls |= line.has_calls();
        line.collect(&mut sight.said);
        line.note(self.calls, sight);
        if line.done == Some(true) { Pass::Last } else { Pass::Forward }
    }
}
