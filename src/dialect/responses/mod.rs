//! OpenAI's Responses.
//!
//! [`Caller`] faces callers, [`Provider`] faces providers; both are stateless. What a caller names by the id
//! of an earlier answer is looked up before a request comes here.
//!
//! Source: platform.openai.com, "Responses", "Streaming events", "Migrate to the Responses API".

mod echo;
mod evidence;
mod finish;
mod item;
mod object;
mod output;
mod peek;
mod read_content;
mod read_input;
mod read_prompt;
mod read_reply;
mod read_stream;
mod read_tools;
mod replay;
mod seal;
mod tap;
#[cfg(test)]
mod tests;
mod texts;
mod thread;
mod usage;
mod write_input;
mod write_prompt;
mod write_reply;
mod write_stream;

use super::{Answering, json as wire, openai_error as complaint, openai_models as models};
use super::{
    Asked, CallerDialect, Delivery, ModelCard, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, Thread, UrlFacts,
    WriteStream, Written,
};
use crate::body::Body;
use crate::canonical::{Complaint, Prompt, Reasoning, Reply, Text};
use crate::types::{Protocol, Task};
use bytes::Bytes;
use std::time::Duration;

pub use replay::replay;
pub use thread::{Paging, gone_on, id_of, is_request, items_of, join_items, output_of, page_of, removed};

/// The side that faces callers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller;

/// The side that faces providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provider;

impl CallerDialect for Caller {
    fn protocol(&self) -> Protocol {
        Protocol::Responses
    }

    fn peek(&self, _: Task, body: &str, _: &UrlFacts) -> Result<Peek, Complaint> {
        peek::peek(body)
    }

    fn texts<'a>(&self, _: Task, body: &'a str) -> Result<Vec<Text<'a>>, Complaint> {
        texts::list(body)
    }

    fn read_prompt(&self, task: Task, body: &str, _: &UrlFacts) -> Result<Prompt, Complaint> {
        read_prompt::read(task, body)
    }

    fn thread(&self, body: &str) -> Result<Thread, Complaint> {
        thread::read(body)
    }

    fn reasoning_field(&self, _: &Reasoning) -> &'static str {
        "reasoning"
    }

    fn write_reply(&self, _: Task, reply: Reply) -> Written {
        write_reply::write(&Answering::default(), reply)
    }

    fn answer(&self, to: &Answering<'_>, reply: Reply) -> Written {
        write_reply::write(to, reply)
    }

    fn stream_writer(&self, asked: Asked) -> Box<dyn WriteStream> {
        Box::new(write_stream::Writer::new(&Answering { asked, ..Answering::default() }))
    }

    fn answer_stream(&self, to: &Answering<'_>) -> Box<dyn WriteStream> {
        Box::new(write_stream::Writer::new(to))
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

impl ProviderDialect for Provider {
    fn protocol(&self) -> Protocol {
        Protocol::Responses
    }

    fn path(&self, task: Task, _: Delivery) -> Option<&'static str> {
        match task {
            Task::Chat => Some("/responses"),
            Task::CountTokens => Some("/responses/input_tokens"),
            _ => None,
        }
    }

    fn models_path(&self) -> &'static str {
        "/models"
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

    /// Usage comes with the end of every stream, so there is nothing to hide.
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
