//! Ollama's own protocol: `api/chat`, `api/generate`, `api/embed`, `api/tags`, `api/show`.
//!
//! Streams are lines of JSON, and an answer is one unless the request says otherwise. A conversation is the task
//! `chat`, `api/generate` the task `completion`. Source of the formats: <https://docs.ollama.com/api> and the types
//! of Ollama's own client libraries.

mod answer;
mod complaint;
mod embedding;
mod media;
mod models;
mod peek;
mod read_prompt;
mod read_stream;
mod texts;
mod write_message;
mod write_prompt;
mod write_reply;
mod write_stream;

#[cfg(test)]
mod tests;

use super::sse::Framing;
use super::{
    Asked, CallerDialect, Delivery, LimitPlace, ModelCard, Peek, ProviderDialect, ReadStream, Sight, Tap, Target,
    UrlFacts, WriteStream, Written,
};
use crate::body::Body;
use crate::canonical::{Complaint, EmbeddingRequest, Embeddings, Prompt, Reasoning, Reply, Text};
use crate::records::Quirks;
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
        Protocol::Ollama
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

    fn limit_place(&self, task: Task, _: &Quirks) -> Option<LimitPlace> {
        let names = &["num_predict"];
        matches!(task, Task::Chat | Task::Completion).then_some(LimitPlace { within: &["options"], names })
    }

    fn reasoning_field(&self, _: &Reasoning) -> &'static str {
        "think"
    }

    fn read_embedding(&self, _: Task, body: &str, url: &UrlFacts) -> Result<EmbeddingRequest, Complaint> {
        embedding::read_request(body, url.one)
    }

    fn write_embeddings(&self, request: &EmbeddingRequest, embeddings: Embeddings) -> Bytes {
        embedding::write_answer(request, &embeddings)
    }

    fn write_reply(&self, task: Task, reply: Reply) -> Written {
        write_reply::write(task, reply)
    }

    fn stream_writer(&self, asked: Asked) -> Box<dyn WriteStream> {
        Box::new(write_stream::Writer::new(asked.task))
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
        Protocol::Ollama
    }

    fn path(&self, task: Task, _: Delivery) -> Option<&'static str> {
        match task {
            Task::Chat => Some("/api/chat"),
            Task::Completion => Some("/api/generate"),
            Task::Embedding => Some("/api/embed"),
            _ => None,
        }
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }

    fn models_path(&self) -> &'static str {
        "/api/tags"
    }

    fn read_model_ids(&self, body: &[u8]) -> Result<Vec<String>, Complaint> {
        models::read_ids(body)
    }

    fn splice(&self, _: Task, body: &mut Body, peek: &Peek, target: &Target<'_>) {
        if peek.model.value != target.model {
            body.replace(peek.model.span.clone(), super::json::to_vec(&target.model));
        }
    }

    fn write_prompt(&self, _: Task, prompt: &Prompt, target: &Target<'_>) -> Result<Written, Complaint> {
        write_prompt::write(prompt, target)
    }

    fn write_embedding(&self, request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
        embedding::write_request(request, target)
    }

    fn read_embeddings(&self, body: &[u8]) -> Result<Embeddings, Complaint> {
        embedding::read_answer(body)
    }

    fn glance(&self, task: Task, body: &[u8]) -> Result<Sight, Complaint> {
        if task == Task::Embedding {
            return embedding::glance(body);
        }
        answer::glance(body)
    }

    fn read_reply(&self, _: Task, body: &[u8]) -> Result<Reply, Complaint> {
        read_stream::whole(body)
    }

    fn tap(&self, _: Task, _: bool) -> Box<dyn Tap> {
        Box::new(answer::Watch::default())
    }

    fn stream_reader(&self, _: Task) -> Box<dyn ReadStream> {
        Box::new(read_stream::Reader::default())
    }

    fn read_complaint(&self, status: u16, retry_after: Option<Duration>, body: &[u8]) -> Complaint {
        complaint::read(status, retry_after, body)
    }
}
