//! Vectors at Vertex, which are predicted: a list of instances, and what is the same for all of them.
//!
//! Source: cloud.google.com, "Text embeddings API".

use super::embedding::{purpose, words};
use super::wire::{Object, array};
use crate::canonical::{Complaint, EmbeddingRequest, Embeddings, Json, UsageReport};
use crate::dialect::Written;
use crate::types::Usage;
use serde::Deserialize;
use serde_json::json;

/// Writes a request for a list of vectors.
pub(super) fn write_request(request: &EmbeddingRequest) -> Result<Written, Complaint> {
    let mut instances = Vec::with_capacity(request.inputs.len());
    for input in &request.inputs {
        let instance = Object::default()
            .put("content", words(input)?)
            .put_some("task_type", purpose(request).as_ref())
            .put_some("title", request.title.as_ref());
        instances.push(instance.finish());
    }
    let parameters = Object::default()
        .put_some("outputDimensionality", request.dimensions.as_ref())
        .put_some("autoTruncate", request.truncate.as_ref());
    let body = Object::default().raw("instances", array(&instances));
    let body = if parameters.is_empty() { body } else { body.raw("parameters", parameters.finish()) };
    let user = request.end_user.is_some().then(|| "user".to_owned());
    let dropped = request.extra.keys().cloned().chain(user).collect();
    Ok(Written { bytes: body.finish().into(), dropped })
}

#[derive(Deserialize)]
struct Answer {
    predictions: Vec<Prediction>,
}

#[derive(Deserialize)]
struct Prediction {
    embeddings: Vector,
}

#[derive(Deserialize)]
struct Vector {
    values: Vec<f32>,
    #[serde(default)]
    statistics: Option<Statistics>,
}

#[derive(Deserialize)]
struct Statistics {
    token_count: f64,
}

/// Reads predicted vectors; none where the answer is of another kind.
pub(super) fn read_answer(body: &[u8]) -> Option<Embeddings> {
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let counts = answer.predictions.iter().filter_map(|one| one.embeddings.statistics.as_ref());
    let counts: Vec<u64> = counts.map(|statistics| statistics.token_count.max(0.0) as u64).collect();
    let input = counts.iter().sum();
    let report = || UsageReport {
        usage: Usage { input, ..Usage::default() },
        raw: Json::parse(json!({"token_count": input}).to_string()).ok(),
        service_tier: None,
    };
    Some(Embeddings {
        usage: (!counts.is_empty()).then(report),
        vectors: answer.predictions.into_iter().map(|one| one.embeddings.values).collect(),
        ..Embeddings::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::canonical::{EmbeddingInput, Purpose};
    use serde_json::Value;

    #[test]
    fn instances_go_out_and_predictions_come_back() {
        let request = EmbeddingRequest {
            inputs: vec![EmbeddingInput::Text("a".into()), EmbeddingInput::Text("b".into())],
            purpose: Some(Purpose::Query),
            dimensions: Some(256),
            end_user: Some("u".into()),
            ..EmbeddingRequest::default()
        };
        let written = write_request(&request).unwrap();
        let instance = |text: &str| json!({"content": text, "task_type": "RETRIEVAL_QUERY"});
        assert_eq!(
            serde_json::from_slice::<Value>(&written.bytes).unwrap(),
            json!({"instances": [instance("a"), instance("b")], "parameters": {"outputDimensionality": 256}})
        );
        assert_eq!(written.dropped, ["user"]);
        let vector = |token_count: f64| json!({"embeddings": {"values": [0.5, 1.0], "statistics": {"token_count": token_count, "truncated": false}}});
        let read = read_answer(json!({"predictions": [vector(2.0), vector(3.0)]}).to_string().as_bytes()).unwrap();
        assert_eq!((read.vectors.len(), read.usage.unwrap().usage.input), (2, 5));
        assert!(read_answer(b"{\"embeddings\":[]}").is_none());
    }
}
