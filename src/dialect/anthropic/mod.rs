//! Anthropic messages and token counting.
//!
//! Source: platform.claude.com, "Messages API", "Streaming messages", "Count tokens", "Models".

mod brief;
mod complaint;
mod evidence;
mod finish;
mod generation;
mod models;
mod peek;
mod read_blocks;
mod read_prompt;
mod read_reply;
mod read_stream;
mod reasoning;
mod schema;
mod tap;
#[cfg(test)]
mod tests;
mod texts;
mod usage;
mod wire;
mod write_blocks;
mod write_prompt;
mod write_reply;
mod write_stream;
mod write_turns;

use super::{
    Asked, CallerDialect, Delivery, ModelCard, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, UrlFacts,
    WriteStream, Written,
};
use crate::body::Body;
use crate::canonical::{Complaint, Prompt, Reasoning, Reply, Text};
use crate::types::{Protocol, Task};
use bytes::Bytes;
use std::time::Duration;

/// The side that faces callers.
pub struct Caller;

/// The side that faces providers.
pub struct Provider;

impl CallerDialect for Caller {
    fn protocol(&self) -> Protocol {
        Protocol::Anthropic
    }

    fn peek(&self, task: Task, body: &str, _: &UrlFacts) -> Result<Peek, Complaint> {
        peek::peek(task, body)
    }

    fn texts<'a>(&self, _: Task, body: &'a str) -> Result<Vec<Text<'a>>, Complaint> {
        texts::texts(body)
    }

    fn read_prompt(&self, task: Task, body: &str, _: &UrlFacts) -> Result<Prompt, Complaint> {
        read_prompt::read(task, body)
    }

    fn reasoning_field(&self, wish: &Reasoning) -> &'static str {
        if wish.thinking.is_some() { "thinking" } else { "output_config.effort" }
    }

    fn write_reply(&self, task: Task, reply: Reply) -> Written {
        write_reply::write(task, reply)
    }

    fn stream_writer(&self, _: Asked) -> Box<dyn WriteStream> {
        Box::new(write_stream::Writer::default())
    }

    fn write_complaint(&self, complaint: &Complaint, trace_id: &str) -> Bytes {
        complaint::write(complaint, trace_id)
    }

    fn write_token_count(&self, input_tokens: u64) -> Bytes {
        write_reply::token_count(input_tokens)
    }

    fn write_models(&self, models: &[ModelCard]) -> Bytes {
        models::list(models)
    }

    fn write_model(&self, model: &ModelCard) -> Bytes {
        models::one(model)
    }
}

impl ProviderDialect for Provider {
    fn protocol(&self) -> Protocol {
        Protocol::Anthropic
    }

    fn path(&self, task: Task, _: Delivery) -> Option<&'static str> {
        match task {
            Task::Chat => Some("/v1/messages"),
            Task::CountTokens => Some("/v1/messages/count_tokens"),
            _ => None,
        }
    }

    fn models_path(&self) -> &'static str {
        "/v1/models?limit=1000"
    }

    fn splice(&self, _: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
        peek::splice(body, peek, target);
    }

    fn write_prompt(&self, task: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
        write_prompt::write(task, prompt, target)
    }

    fn glance(&self, task: Task, body: &[u8]) -> Result<Sight, Complaint> {
        tap::glance(task, body)
    }

    fn read_reply(&self, task: Task, body: &[u8]) -> Result<Reply, Complaint> {
        read_reply::read(task, body)
    }

    /// Anthropic reports usage in every stream unasked, so there is nothing to hide.
    fn tap(&self, _: Task, _hide_usage: bool) -> Box<dyn Tap> {
        Box::new(tap::Watch::default())
    }

    fn stream_reader(&self, _: Task) -> Box<dyn ReadStream> {
        Box::new(read_stream::Reader::default())
    }

    fn read_complaint(&self, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
        complaint::read(status, retry_after, body)
    }
}
