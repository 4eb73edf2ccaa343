//! Answers as bytes: whole as JSON, or as a stream of server-sent events.

use super::body::{Ending, SandboxBody};
use super::model::{Model, SLOW_CHUNK, SLOW_WORDS};
use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use std::time::Duration;

/// What every answer and every chunk begins with.
pub(super) struct Head {
    /// The body's fingerprint; each object puts its own prefix before it.
    pub id: String,
    /// Unix seconds.
    pub created: i64,
    /// As it was asked for.
    pub model: String,
}

impl Head {
    /// An object of this answer with these members behind the common ones.
    pub fn object(&self, prefix: &str, object: &str, rest: Value) -> Value {
        let id = format!("{prefix}-{}", self.id);
        let mut whole = json!({"id": id, "object": object, "created": self.created, "model": self.model});
        if let (Value::Object(whole), Value::Object(rest)) = (&mut whole, rest) {
            whole.extend(rest);
        }
        whole
    }
}

/// An answer, not yet bytes.
pub(super) enum Wire {
    /// One JSON text.
    Whole(Value),
    /// One event each.
    Stream(Vec<Value>),
}

impl Wire {
    /// The answer as `model` sends it.
    pub fn into_response(self, model: Model) -> Response<SandboxBody> {
        let (content_type, chunks, delay) = match self {
            Wire::Whole(value) => ("application/json", vec![Bytes::from(value.to_string())], whole_delay(model)),
            Wire::Stream(values) => ("text/event-stream", frames(&values), Duration::ZERO),
        };
        let (chunks, ending) =
            if model == Model::Cut { (cut(chunks), Ending::Broken) } else { (chunks, Ending::Whole) };
        let mut response = Response::new(SandboxBody::new(chunks, model.pace(), ending).after(delay));
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        response
    }
}

/// A whole answer takes as long as its stream would.
fn whole_delay(model: Model) -> Duration {
    if model == Model::Slow { SLOW_CHUNK * SLOW_WORDS as u32 } else { Duration::ZERO }
}

fn frames(values: &[Value]) -> Vec<Bytes> {
    let frame = |value: &Value| Bytes::from(format!("data: {value}\n\n"));
    values.iter().map(frame).chain([Bytes::from_static(b"data: [DONE]\n\n")]).collect()
}

/// The first half: of the events, or of the one text.
fn cut(mut chunks: Vec<Bytes>) -> Vec<Bytes> {
    if let [only] = chunks.as_mut_slice() {
        only.truncate(only.len() / 2);
    }
    let keep = chunks.len().div_ceil(2);
    chunks.truncate(keep);
    chunks
}

/// The usage block.
pub(super) fn usage(prompt: usize, completion: usize) -> Value {
    json!({
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    })
}
