//! A whole answer for a Gemini caller.

use super::speech::Speech;
use super::wire::{Object, array};
use super::{finish, logprobs, usage};
use crate::canonical::{Choice, Reply};
use crate::dialect::Written;
use crate::types::Task;
use bytes::Bytes;

/// Writes an answer.
pub(super) fn write(task: Task, mut reply: Reply) -> Written {
    if task == Task::CountTokens {
        let input = reply.usage.map_or(0, |report| report.usage.input);
        return Written { bytes: token_count(input), dropped: Vec::new() };
    }
    // Clients read the first candidate without asking whether there is one.
    if reply.choices.is_empty() {
        reply.choices.push(Choice::default());
    }
    let mut dropped = Vec::new();
    let choices = std::mem::take(&mut reply.choices).into_iter().enumerate();
    let candidates: Vec<String> = choices.map(|(index, choice)| candidate(index, choice, &mut dropped)).collect();
    let body = Head { id: &reply.id, model: &reply.model }.response(&candidates);
    let body = body.raw("usageMetadata", usage::write(reply.usage.as_ref()));
    Written { bytes: body.finish().into(), dropped }
}

fn candidate(index: usize, choice: Choice, dropped: &mut Vec<String>) -> String {
    let (mut speech, mut parts) = (Speech::default(), Vec::new());
    for (place, part) in choice.parts.into_iter().enumerate() {
        if !speech.part(part, &mut parts) {
            dropped.push(format!("choices[{index}].content[{place}]"));
        }
    }
    parts.extend(speech.rest());
    if parts.is_empty() {
        parts.push(speech.words(""));
    }
    let (reason, lost) = finish::write(choice.finish.as_ref());
    if lost {
        dropped.push(format!("choices[{index}].finish_reason"));
    }
    let mut candidate = speech.candidate(index, &parts, Some(reason));
    if let Some(given) = &choice.logprobs {
        match logprobs::write(given) {
            Some(result) => candidate = candidate.raw("logprobsResult", result),
            None => dropped.push(format!("choices[{index}].logprobs")),
        }
    }
    candidate.finish()
}

/// A token count.
pub(super) fn token_count(input_tokens: u64) -> Bytes {
    Object::default().put("totalTokens", &input_tokens).finish().into()
}

/// Whose answer it is.
pub(super) struct Head<'a> {
    /// The provider's id for it.
    pub(super) id: &'a str,
    /// The model, as the provider names it.
    pub(super) model: &'a str,
}

impl Head<'_> {
    /// A response with these candidates.
    pub(super) fn response(&self, candidates: &[String]) -> Object {
        let body = Object::default().raw("candidates", array(candidates));
        body.put("modelVersion", self.model).put("responseId", self.id)
    }
}
