//! Requests for vectors and their answers: `api/embed`, and `api/embeddings` for one text.

use super::complaint::{malformed, reported};
use super::peek;
use crate::canonical::{Code, Complaint, EmbeddingInput, EmbeddingRequest, Embeddings, Json, UsageReport};
use crate::dialect::json::{Count, Obj, Val, to_vec};
use crate::dialect::{Sight, Target, Written};
use crate::types::Usage;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Reads a request; `one`: of the endpoint for one text.
pub(super) fn read_request(body: &str, one: bool) -> Result<EmbeddingRequest, Complaint> {
    let mut top = Obj::of_body(body)?;
    let model = peek::model(&mut top)?.string()?;
    let given = top.need(if one { "prompt" } else { "input" })?;
    let text = |value: &Val<'_>| value.string().map(EmbeddingInput::Text);
    let inputs = match given.is_string() {
        true => vec![text(&given)?],
        false if one => return Err(given.wrong("a string")),
        false => given.items()?.iter().map(text).collect::<Result<_, _>>()?,
    };
    let mut request = EmbeddingRequest {
        model,
        inputs,
        one,
        dimensions: top.take("dimensions").map(|value| value.whole_number()).transpose()?,
        truncate: top.take("truncate").map(|value| value.boolean()).transpose()?,
        ..EmbeddingRequest::default()
    };
    for (name, value) in top.rest() {
        request.extra.insert(name, value.value()?);
    }
    Ok(request)
}

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    input: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dimensions: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_alive: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    options: Option<&'a Value>,
}

/// Writes a request.
pub(super) fn write_request(request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
    let input = request.inputs.iter().map(|input| match input {
        EmbeddingInput::Text(text) => Ok(text.as_str()),
        EmbeddingInput::Tokens(_) => Err(no_tokens()),
    });
    let body = Request {
        model: target.model,
        input: input.collect::<Result<_, _>>()?,
        truncate: request.truncate,
        dimensions: request.dimensions,
        keep_alive: request.extra.get("keep_alive"),
        options: request.extra.get("options"),
    };
    let unsaid = [
        ("purpose", request.purpose.is_some()),
        ("title", request.title.is_some()),
        ("user", request.end_user.is_some()),
    ];
    let mut dropped: Vec<String> =
        unsaid.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()).collect();
    dropped.extend(request.extra.keys().filter(|name| !["keep_alive", "options"].contains(&name.as_str())).cloned());
    Ok(Written { bytes: to_vec(&body).into(), dropped })
}

fn no_tokens() -> Complaint {
    let message = "`input` has token numbers, which the model of another vendor does not know; send the texts";
    Complaint { param: Some("input".into()), ..Complaint::new(Code::UnsupportedFeature, message) }
}

#[derive(Deserialize)]
struct Answer<'a, V> {
    #[serde(default)]
    model: String,
    embeddings: Option<Vec<V>>,
    #[serde(default)]
    prompt_eval_count: Count,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

impl<V> Answer<'_, V> {
    fn usage(&self) -> Option<UsageReport> {
        let input = self.prompt_eval_count.0?;
        let raw = Json::parse(format!("{{\"prompt_eval_count\":{input}}}")).ok();
        Some(UsageReport { usage: Usage { input, ..Usage::default() }, raw, service_tier: None })
    }
}

fn parse<'a, V: Deserialize<'a>>(body: &'a [u8]) -> Result<Answer<'a, V>, Complaint> {
    let answer: Answer<'a, V> =
        serde_json::from_slice(body).map_err(|error| malformed("list of embeddings", body, &error))?;
    match (answer.error, &answer.embeddings) {
        (Some(error), _) => Err(reported(error)),
        (None, None) => Err(Complaint::new(Code::ProviderMalformed, "the provider's answer has no `embeddings`")),
        (None, Some(_)) => Ok(answer),
    }
}

/// Reads an answer.
pub(super) fn read_answer(body: &[u8]) -> Result<Embeddings, Complaint> {
    let answer = parse::<Vec<f32>>(body)?;
    let usage = answer.usage();
    let vectors = answer.embeddings.unwrap_or_default();
    Ok(Embeddings { id: String::new(), model: answer.model, vectors, usage })
}

/// Reads of an answer what a trace needs.
pub(super) fn glance(body: &[u8]) -> Result<Sight, Complaint> {
    let answer = parse::<serde::de::IgnoredAny>(body)?;
    Ok(Sight { usage: answer.usage(), ..Sight::default() })
}

#[derive(Serialize)]
struct One<'a> {
    embedding: &'a [f32],
}

#[derive(Serialize)]
struct Many<'a> {
    model: &'a str,
    embeddings: &'a [Vec<f32>],
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_eval_count: Option<u64>,
}

/// Writes the vectors in the shape of the endpoint that was asked.
pub(super) fn write_answer(request: &EmbeddingRequest, embeddings: &Embeddings) -> Bytes {
    if request.one {
        let embedding = embeddings.vectors.first().map_or(&[][..], Vec::as_slice);
        return to_vec(&One { embedding }).into();
    }
    let answer = Many {
        model: &request.model,
        embeddings: &embeddings.vectors,
        prompt_eval_count: embeddings.usage.as_ref().map(|report| report.usage.input),
    };
    to_vec(&answer).into()
}
