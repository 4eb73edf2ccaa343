//! OpenAI chat completions, completions and embeddings.
//!
//! [`Caller`] faces callers, [`Provider`] faces providers; both are stateless. Where both sides speak
//! this dialect, requests are spliced and streams are tapped; the canonical model is for the rest.

mod answer;
mod brief;
mod embedding;
mod evidence;
mod finish;
mod frame;
mod glance;
mod lane;
mod older_logprobs;
mod peek;
mod read_message;
mod read_part;
mod read_prompt;
mod read_reply;
mod read_stream;
mod read_tools;
mod splice;
mod tap;
mod texts;
mod usage;
mod words;
mod write_message;
mod write_part;
mod write_prompt;
mod write_reply;
mod write_stream;
mod write_tools;

#[cfg(test)]
mod answer_tests;
#[cfg(test)]
mod write_prompt_tests;

use super::{
    Asked, CallerDialect, Delivery, ModelCard, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, UrlFacts,
    WriteStream, Written,
};
use super::{json as wire, openai_error as complaint, openai_models as models};
use crate::body::Body;
use crate::canonical::{Complaint, EmbeddingRequest, Embeddings, Prompt, Reasoning, Reply, Text};
use crate::types::{Protocol, Task};
use bytes::Bytes;
use std::time::Duration;

/// The side that faces callers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Caller;

/// The side that faces providers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Provider;

impl CallerDialect for Caller {
    fn protocol(&self) -> Protocol {
        Protocol::Openai
    }

    fn peek(&self, task: Task, body: &str, _: &UrlFacts) -> Result<Peek, Complaint> {
        peek::peek(task, body)
    }

    fn texts<'a>(&self, task: Task, body: &'a str) -> Result<Vec<Text<'a>>, Complaint> {
        texts::list(task, body)
    }

    fn read_prompt(&self, task: Task, body: &str, _: &UrlFacts) -> Result<Prompt, Complaint> {
        read_prompt::read(task, body)
    }

    fn reasoning_field(&self, _: &Reasoning) -> &'static str {
        "reasoning_effort"
    }

    fn write_reply(&self, task: Task, reply: Reply) -> Written {
        write_reply::write(task, reply)
    }

    fn read_embedding(&self, _: Task, body: &str, _: &UrlFacts) -> Result<EmbeddingRequest, Complaint> {
        embedding::read_request(body)
    }

    fn write_embeddings(&self, request: &EmbeddingRequest, embeddings: Embeddings) -> Bytes {
        embedding::write_answer(request, &embeddings)
    }

    fn stream_writer(&self, asked: Asked) -> Box<dyn WriteStream> {
        Box::new(write_stream::Writer::new(asked))
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
        Protocol::Openai
    }

    fn path(&self, task: Task, _: Delivery) -> Option<&'static str> {
        match task {
            Task::Chat => Some("/chat/completions"),
            Task::Completion => Some("/completions"),
            Task::Embedding => Some("/embeddings"),
            Task::Image => Some("/images/generations"),
            Task::ImageEdit => Some("/images/edits"),
            Task::Speech => Some("/audio/speech"),
            Task::Transcription => Some("/audio/transcriptions"),
            Task::Translation => Some("/audio/translations"),
            Task::Moderation => Some("/moderations"),
            Task::Rerank => Some("/rerank"),
            Task::CountTokens | Task::EmbeddingBatch | Task::File | Task::Batch | Task::Other => None,
        }
    }

    fn models_path(&self) -> &'static str {
        "/models"
    }

    fn splice(&self, task: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
        splice::splice(task, body, peek, target);
    }

    fn write_prompt(&self, task: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
        write_prompt::write(task, prompt, target)
    }

    fn write_embedding(&self, request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
        embedding::write_request(request, target)
    }

    fn read_embeddings(&self, body: &[u8]) -> Result<Embeddings, Complaint> {
        embedding::read_answer(body)
    }

    fn glance(&self, task: Task, body: &[u8]) -> Result<Sight, Complaint> {
        glance::glance(task, body)
    }

    fn read_reply(&self, task: Task, body: &[u8]) -> Result<Reply, Complaint> {
        read_reply::read(task, body)
    }

    fn tap(&self, _: Task, hide_usage: bool) -> Box<dyn Tap> {
        Box::new(tap::Watch::new(hide_usage))
    }

    fn stream_reader(&self, _: Task) -> Box<dyn ReadStream> {
        Box::new(read_stream::Reader::default())
    }

    fn read_complaint(&self, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
        complaint::read(status, retry_after, body)
    }
}
