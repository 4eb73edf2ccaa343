//! Anthropic messages and token counting.
//!
//! Source: platform.claude.com, "Messages API", "Streaming messages", "Count tokens", "Models".

mod complaint;
mod finish;
mod models;
mod peek;
mod read_blocks;
mod read_prompt;
mod tap;
mod texts;
mod usage;
mod wire;

use super::{
    Asked, CallerDialect, ModelCard, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, WriteStream, Written, sse,
};
use crate::body::Body;
use crate::canonical::{Code, Complaint, Event, Prompt, Reply, Text};
use crate::types::{Protocol, Task};
use bytes::{Bytes, BytesMut};
use std::time::Duration;

/// The side that faces callers.
pub struct Caller;

/// The side that faces providers.
pub struct Provider;

impl CallerDialect for Caller {
    fn protocol(&self) -> Protocol {
        Protocol::Anthropic
    }

    fn peek(&self, task: Task, body: &str) -> Result<Peek, Complaint> {
        peek::peek(task, body)
    }

    fn texts<'a>(&self, _: Task, body: &'a str) -> Result<Vec<Text<'a>>, Complaint> {
        texts::texts(body)
    }

    fn read_prompt(&self, task: Task, body: &str) -> Result<Prompt, Complaint> {
        read_prompt::read(task, body)
    }

    fn write_reply(&self, _: Task, _reply: Reply) -> Written {
        Written::default()
    }

    fn stream_writer(&self, _: Asked) -> Box<dyn WriteStream> {
        Box::new(Untranslated)
    }

    fn write_complaint(&self, complaint: &Complaint, trace_id: &str) -> Bytes {
        complaint::write(complaint, trace_id)
    }

    fn write_token_count(&self, input_tokens: u64) -> Bytes {
        wire::Object::default().put("input_tokens", &input_tokens).finish().into()
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

    fn path(&self, task: Task) -> Option<&'static str> {
        match task {
            Task::Chat => Some("/v1/messages"),
            Task::CountTokens => Some("/v1/messages/count_tokens"),
            Task::Completion | Task::Embedding => None,
        }
    }

    fn splice(&self, _: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
        peek::splice(body, peek, target);
    }

    fn write_prompt(&self, _: Task, _: &Prompt, _: &Target<'_>) -> Result<Written, Complaint> {
        Err(untranslated())
    }

    fn glance(&self, task: Task, body: &[u8]) -> Result<Sight, Complaint> {
        tap::glance(task, body)
    }

    fn read_reply(&self, _: Task, _: &[u8]) -> Result<Reply, Complaint> {
        Err(untranslated())
    }

    /// Anthropic reports usage in every stream unasked, so there is nothing to hide.
    fn tap(&self, _: Task, _hide_usage: bool) -> Box<dyn Tap> {
        Box::new(tap::Watch::default())
    }

    fn stream_reader(&self, _: Task) -> Box<dyn ReadStream> {
        Box::new(Untranslated)
    }

    fn read_complaint(&self, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
        complaint::read(status, retry_after, body)
    }
}

struct Untranslated;

impl WriteStream for Untranslated {
    fn event(&mut self, _: Event, _: &mut BytesMut) {}

    fn end(&mut self, _: &mut BytesMut) {}

    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut) {
        sse::write_event("error", &complaint::write(complaint, trace_id), out);
    }

    fn dropped(&self) -> &[String] {
        &[]
    }
}

impl ReadStream for Untranslated {
    fn frame(&mut self, _: &sse::Frame, _: &mut Vec<Event>) -> Result<(), Complaint> {
        Err(untranslated())
    }

    fn is_complete(&self) -> bool {
        false
    }
}

fn untranslated() -> Complaint {
    Complaint::new(Code::UnsupportedFeature, "this protocol is not translated yet")
}
