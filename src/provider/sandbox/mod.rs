//! The built-in provider: deterministic answers in OpenAI's wire format, made in process, without a network.
//!
//! The same body gets the same answer, byte for byte. It counts one token for every four bytes of text,
//! rounded up, so that usage and costs can be foretold. It knows no caller, no key and no price.

mod body;
mod carried;
mod chat;
mod completion;
mod embedding;
mod fault;
mod model;
mod request;
mod schema;
mod speech;
mod wire;

pub use body::SandboxBody;

use crate::types::Task;
use fault::Fault;
use http::Response;
use model::Model;
use request::Request;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use wire::{Head, Wire};

/// The name of the vendor file, and of the provider that a fresh home has.
pub const KIND: &str = "sandbox";

/// The models that a list names. `error-` takes any status from 400 to 599.
pub const MODELS: &[&str] = &["echo", "fixed", "tools", "slow", "cut", "error-429", "error-500", "error-503"];

/// When its answers were made, as they say: constant, like everything else (2025-01-01, Unix seconds).
const CREATED: i64 = 1_735_689_600;

/// Answers one call. The body of the answer paces itself with the timers of the tokio runtime that polls it.
pub fn answer(task: Task, body: &[u8]) -> Response<SandboxBody> {
    reply(task, body).unwrap_or_else(Fault::into_response)
}

/// Answers an upload of a sound of so many bytes.
pub fn heard(model: &str, bytes: usize) -> Response<SandboxBody> {
    match Model::parse(model) {
        None => Fault::unknown_model(model).into_response(),
        Some(Model::Error(status)) => Fault::on_demand(status).into_response(),
        Some(model) => carried::words(bytes).into_response(model),
    }
}

/// The list of its models.
pub fn models() -> Response<SandboxBody> {
    let card = |id: &&str| json!({"id": id, "object": "model", "created": CREATED, "owned_by": KIND});
    let cards: Vec<Value> = MODELS.iter().map(card).collect();
    Wire::Whole(json!({"object": "list", "data": cards})).into_response(Model::Fixed)
}

fn reply(task: Task, body: &[u8]) -> Result<Response<SandboxBody>, Fault> {
    let request = Request::parse(body)?;
    let model = Model::parse(&request.model).ok_or_else(|| Fault::unknown_model(&request.model))?;
    if let Model::Error(status) = model {
        return Err(Fault::on_demand(status));
    }
    let head = Head { id: fingerprint(body), created: CREATED, model: request.model.clone() };
    let wire = match task {
        Task::Chat => chat::answer(&request, model, &head)?,
        Task::Completion => completion::answer(&request, model, &head)?,
        Task::Embedding => embedding::answer(&request)?,
        Task::Image => carried::pictures(&request)?,
        Task::Speech => return carried::speech(&request, model),
        Task::Moderation => carried::moderation(&request, &head.id)?,
        Task::Rerank => carried::order(&request, &head.id)?,
        _ => return Err(Fault::no_such_endpoint()),
    };
    Ok(wire.into_response(model))
}

/// Twenty-four characters that stand for a body, for ids.
fn fingerprint(body: &[u8]) -> String {
    Sha256::digest(body).iter().take(12).map(|byte| format!("{byte:02x}")).collect()
}

/// What so many bytes of text count.
fn tokens(bytes: usize) -> usize {
    bytes.div_ceil(4)
}

#[cfg(test)]
mod tests;
