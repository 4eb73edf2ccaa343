//! OpenAI chat completions, completions and embeddings.
//!
//! [`Caller`] faces callers, [`Provider`] faces providers; both are stateless. Where both sides speak
//! this dialect, requests are spliced and streams are tapped; the canonical model is for the rest.

#![allow(dead_code)] // the writers that use the rest follow

mod complaint;
mod finish;
mod glance;
mod models;
mod peek;
mod said;
mod splice;
mod tap;
mod usage;
mod wire;

use super::{
    Asked, CallerDialect, ModelCard, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, WriteStream, Written,
};
use crate::body::Body;
use crate::canonical::{Code, Complaint, Event, Prompt, Reply, Text};
use crate::types::{Protocol, Task};
use bytes::{Bytes, BytesMut};
use std::time::Duration;

/// The side that faces callers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller;

/// The side that faces providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provider;

fn not_yet() -> Complaint {
    Complaint::new(Code::UnsupportedFeature, "translation from or to the OpenAI protocol is not there yet")
}

impl CallerDialect for Caller {
    fn protocol(&self) -> Protocol {
        Protocol::Openai
    }

    fn peek(&self, task: Task, body: &str) -> Result<Peek, Complaint> {
        peek::peek(task, body)
    }

    fn texts<'a>(&self, _: Task, _: &'a str) -> Result<Vec<Text<'a>>, Complaint> {
        Err(not_yet())
    }

    fn read_prompt(&self, _: Task, _: &str) -> Result<Prompt, Complaint> {
        Err(not_yet())
    }

    fn write_reply(&self, _: Task, _: Reply) -> Written {
        Written::default()
    }

    fn stream_writer(&self, _: Asked) -> Box<dyn WriteStream> {
        Box::new(NotYet)
    }

    fn write_complaint(&self, complaint: &Complaint, trace_id: &str) -> Bytes {
        complaint::write(complaint, trace_id)
    }

    fn write_token_count(&self, input_tokens: u64) -> Bytes {
        models::token_count(input_tokens)
    }

    fn write_models(&self, cards: &[ModelCard]) -> Bytes {
        models::list(cards)
    }

    fn write_model(&self, card: &ModelCard) -> Bytes {
        models::one(card)
    }
}

struct NotYet;

impl WriteStream for NotYet {
    fn event(&mut self, _: Event, _: &mut BytesMut) {}

    fn end(&mut self, _: &mut BytesMut) {}

    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut) {
        super::sse::write_data(&complaint::write(complaint, trace_id), out);
    }

    fn dropped(&self) -> &[String] {
        &[]
    }
}

impl ReadStream for NotYet {
    fn frame(&mut self, _: &super::sse::Frame, _: &mut Vec<Event>) -> Result<(), Complaint> {
        Err(not_yet())
    }

    fn is_complete(&self) -> bool {
        false
    }
}

impl ProviderDialect for Provider {
    fn protocol(&self) -> Protocol {
        Protocol::Openai
    }

    fn path(&self, task: Task) -> Option<&'static str> {
        match task {
            Task::Chat => Some("/chat/completions"),
            Task::Completion => Some("/completions"),
            Task::Embedding => Some("/embeddings"),
            Task::CountTokens => None,
        }
    }

    fn splice(&self, task: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
        splice::splice(task, body, peek, target);
    }

    fn write_prompt(&self, _: Task, _: &Prompt, _: &Target<'_>) -> Result<Written, Complaint> {
        Err(not_yet())
    }

    fn glance(&self, task: Task, body: &[u8]) -> Result<Sight, Complaint> {
        glance::glance(task, body)
    }

    fn read_reply(&self, _: Task, _: &[u8]) -> Result<Reply, Complaint> {
        Err(not_yet())
    }

    fn tap(&self, _: Task, hide_usage: bool) -> Box<dyn Tap> {
        Box::new(tap::Watch::new(hide_usage))
    }

    fn stream_reader(&self, _: Task) -> Box<dyn ReadStream> {
        Box::new(NotYet)
    }

    fn read_complaint(&self, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
        complaint::read(status, retry_after, body)
    }
}
