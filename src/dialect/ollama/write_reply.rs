//! Writes a whole answer for callers.

use super::answer::Metrics;
use super::write_message::{Call, Function};
use crate::canonical::{Choice, Finish, Json, Part, Reply, UsageReport};
use crate::dialect::Written;
use crate::dialect::json::to_vec;
use crate::types::{Task, Time};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A line of a stream, or all of an answer.
#[derive(Serialize)]
pub(super) struct Line<'a> {
    pub(super) model: &'a str,
    pub(super) created_at: Time,
    #[serde(flatten)]
    pub(super) words: Words<'a>,
    pub(super) done: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) done_reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) logprobs: Option<Vec<Json>>,
    #[serde(flatten)]
    pub(super) metrics: Metrics,
}

/// What is said, as the endpoint has it.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Words<'a> {
    Chat {
        message: Message<'a>,
    },
    Text {
        response: &'a str,
        #[serde(skip_serializing_if = "str::is_empty")]
        thinking: &'a str,
    },
}

#[derive(Serialize, Default)]
pub(super) struct Message<'a> {
    pub(super) role: &'static str,
    pub(super) content: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub(super) thinking: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_calls: Vec<Call<'a>>,
}

impl<'a> Words<'a> {
    /// Words and thoughts, in the shape of the task's endpoint.
    pub(super) fn of(task: Task, content: &'a str, thinking: &'a str, tool_calls: Vec<Call<'a>>) -> Words<'a> {
        match task {
            Task::Completion => Words::Text { response: content, thinking },
            _ => Words::Chat { message: Message { role: "assistant", content, thinking, tool_calls } },
        }
    }
}

/// What of a usage the protocol has a place for.
pub(super) fn metrics(report: Option<&UsageReport>) -> Metrics {
    Metrics {
        prompt_eval_count: report.map(|report| report.usage.input),
        eval_count: report.map(|report| report.usage.output),
        ..Metrics::default()
    }
}

/// Names what of an end and of a usage the protocol has no place for.
pub(super) fn unsaid(finish: Option<&Finish>, report: Option<&UsageReport>, dropped: &mut Vec<String>) {
    if matches!(finish, Some(Finish::StopSequence(Some(_)))) {
        dropped.push("stop_sequence".to_owned());
    }
    let Some(UsageReport { usage, service_tier, .. }) = report else { return };
    let lost = [
        ("usage.cache_read_tokens", usage.cache_read > 0),
        ("usage.cache_write_tokens", usage.cache_write() > 0),
        ("usage.reasoning_tokens", usage.reasoning > 0),
        ("usage.audio_tokens", usage.input_audio > 0 || usage.output_audio > 0),
        ("usage.web_searches", usage.pieces > 0),
        ("service_tier", service_tier.as_deref().is_some_and(|tier| !matches!(tier, "default" | "standard"))),
    ];
    dropped.extend(lost.into_iter().filter(|(_, lost)| *lost).map(|(path, _)| path.to_owned()));
}

/// The protocol says `stop` for whatever is an ordinary end, calls included; others go by their own word.
pub(super) fn done_reason(finish: Option<&Finish>) -> &str {
    match finish {
        None | Some(Finish::Stop | Finish::StopSequence(_) | Finish::ToolCalls) => "stop",
        Some(other) => other.as_str(),
    }
}

/// The list of likelihoods, which other protocols have in an object.
pub(super) fn logprobs(whole: &Json) -> Option<Vec<Json>> {
    #[derive(Deserialize)]
    struct Whole {
        content: Option<Vec<Box<RawValue>>>,
    }
    let whole: Whole = serde_json::from_str(whole.get()).ok()?;
    Some(whole.content?.into_iter().map(Json).collect())
}

/// Writes the answer of a task.
pub(super) fn write(task: Task, mut reply: Reply) -> Written {
    let mut dropped: Vec<String> = (1..reply.choices.len()).map(|place| format!("choices[{place}]")).collect();
    let choice = if reply.choices.is_empty() { Choice::default() } else { reply.choices.swap_remove(0) };
    let (mut content, mut thinking, mut calls) = (String::new(), String::new(), Vec::new());
    for (place, part) in choice.parts.iter().enumerate() {
        match part {
            Part::Text { text, .. } | Part::Refusal { text } => content.push_str(text),
            Part::Thinking { text, signature } => {
                thinking.push_str(text);
                dropped.extend(signature.as_ref().map(|_| format!("content[{place}].signature")));
            }
            Part::ToolCall { id, name, input, .. } if task != Task::Completion => {
                calls.push(Call { id, function: Function { index: calls.len() as u32, name, arguments: input } });
            }
            _ => dropped.push(format!("content[{place}]")),
        }
    }
    let likelihoods = choice.logprobs.as_ref().and_then(logprobs);
    if choice.logprobs.is_some() && likelihoods.is_none() {
        dropped.push("logprobs".to_owned());
    }
    unsaid(choice.finish.as_ref(), reply.usage.as_ref(), &mut dropped);
    let line = Line {
        model: &reply.model,
        created_at: Time::now(),
        words: Words::of(task, &content, &thinking, calls),
        done: true,
        done_reason: Some(done_reason(choice.finish.as_ref())),
        logprobs: likelihoods,
        metrics: metrics(reply.usage.as_ref()),
    };
    Written { bytes: to_vec(&line).into(), dropped }
}
