//! Gemini: answers, streams, token counts, embeddings, models.
//!
//! The URL names the model and the verb. Google's AI Studio has them below `/v1beta/models/`; Vertex has the same
//! bodies at other places, which is data ([`crate::records::Side::paths`]). Source: ai.google.dev, "Gemini API
//! reference"; cloud.google.com, "Vertex AI: generateContent".

mod carrier;
mod complaint;
mod embedding;
mod evidence;
mod finish;
mod logprobs;
mod models;
mod peek;
mod read_parts;
mod read_prompt;
mod read_reply;
mod read_stream;
mod schema;
mod speech;
mod tap;
#[cfg(test)]
mod tests;
mod texts;
mod thinking;
mod usage;
mod wire;
mod write_parts;
mod write_prompt;
mod write_reply;
mod write_stream;
mod write_turns;

use super::{
    Asked, CallerDialect, Delivery, ModelCard, Peek, ProviderDialect, ReadStream, Sight, Tap, Target, UrlFacts,
    WriteStream, Written,
};
use crate::body::Body;
use crate::canonical::{Complaint, EmbeddingRequest, Embeddings, Prompt, Reasoning, Reply, Text};
use crate::types::{Protocol, Task};
use bytes::Bytes;
use std::time::Duration;

/// The side that faces callers.
pub struct Caller;

/// The side that faces providers.
pub struct Provider;

impl CallerDialect for Caller {
    fn protocol(&self) -> Protocol {
        Protocol::Gemini
    }

    fn peek(&self, task: Task, body: &str, url: &UrlFacts) -> Result<Peek, Complaint> {
        peek::peek(task, body, url)
    }

    fn texts<'a>(&self, task: Task, body: &'a str) -> Result<Vec<Text<'a>>, Complaint> {
        texts::texts(task, body)
    }

    fn read_prompt(&self, task: Task, body: &str, url: &UrlFacts) -> Result<Prompt, Complaint> {
        read_prompt::read(task, body, url)
    }

    fn reasoning_field(&self, _: &Reasoning) -> &'static str {
        "generationConfig.thinkingConfig"
    }

    fn read_embedding(&self, task: Task, body: &str, url: &UrlFacts) -> Result<EmbeddingRequest, Complaint> {
        embedding::read_request(task, body, url)
    }

    fn write_embeddings(&self, request: &EmbeddingRequest, embeddings: Embeddings) -> Bytes {
        embedding::write_answer(request, &embeddings)
    }

    fn write_reply(&self, task: Task, reply: Reply) -> Written {
        write_reply::write(task, reply)
    }

    fn stream_writer(&self, asked: Asked) -> Box<dyn WriteStream> {
        Box::new(write_stream::Writer::new(asked.form))
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
        Protocol::Gemini
    }

    fn path(&self, task: Task, delivery: Delivery) -> Option<&'static str> {
        match (task, delivery) {
            (Task::Chat, Delivery::Whole) => Some("/v1beta/models/{model}:generateContent"),
            (Task::Chat, Delivery::Streamed) => Some("/v1beta/models/{model}:streamGenerateContent?alt=sse"),
            (Task::CountTokens, _) => Some("/v1beta/models/{model}:countTokens"),
            (Task::Embedding, _) => Some("/v1beta/models/{model}:embedContent"),
            (Task::EmbeddingBatch, _) => Some("/v1beta/models/{model}:batchEmbedContents"),
            _ => None,
        }
    }

    fn models_path(&self) -> &'static str {
        "/v1beta/models?pageSize=1000"
    }

    fn read_model_ids(&self, body: &[u8]) -> Result<Vec<String>, Complaint> {
        models::ids(body)
    }

    fn splice(&self, task: Task, body: &mut Body, _: &Peek, target: &Target<'_>) {
        peek::splice(task, body, target);
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
        tap::glance(task, body)
    }

    fn read_reply(&self, task: Task, body: &[u8]) -> Result<Reply, Complaint> {
        read_reply::read(task, body)
    }

    /// Gemini reports usage in every stream unasked, so there is nothing to hide.
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
