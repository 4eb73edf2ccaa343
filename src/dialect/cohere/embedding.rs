//! Requests for vectors and their answers: `v2/embed`.

use super::answer::Units;
use super::complaint::malformed;
use super::unsupported;
use crate::canonical::{Code, Complaint, EmbeddingInput, EmbeddingRequest, Embeddings, Json, Purpose, UsageReport};
use crate::dialect::json::to_vec;
use crate::dialect::{Target, Written};
use crate::types::Usage;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

#[derive(Serialize)]
struct Request<'a> {
    model: &'a str,
    texts: Vec<&'a str>,
    input_type: &'static str,
    embedding_types: [&'static str; 1],
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimension: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    truncate: Option<&'static str>,
}

/// Writes a request. The vendor wants to be told what vectors are for: unless the caller says it, to be found.
pub(super) fn write_request(request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
    let texts = request.inputs.iter().map(|input| match input {
        EmbeddingInput::Text(text) => Ok(text.as_str()),
        EmbeddingInput::Tokens(_) => Err(unsupported("input", "token numbers; send the texts")),
    });
    let mut dropped: Vec<String> = request.extra.keys().cloned().collect();
    let input_type = match request.purpose {
        None | Some(Purpose::Document) => "search_document",
        Some(Purpose::Query | Purpose::Question | Purpose::FactCheck | Purpose::CodeQuery) => "search_query",
        Some(Purpose::Classification) => "classification",
        Some(Purpose::Clustering) => "clustering",
        Some(Purpose::Similarity) => {
            dropped.push("purpose".to_owned());
            "search_document"
        }
    };
    let body = Request {
        model: target.model,
        texts: texts.collect::<Result<_, _>>()?,
        input_type,
        embedding_types: ["float"],
        output_dimension: request.dimensions,
        truncate: request.truncate.map(|cut| if cut { "END" } else { "NONE" }),
    };
    let unsaid = [("title", request.title.is_some()), ("user", request.end_user.is_some())];
    dropped.extend(unsaid.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned()));
    Ok(Written { bytes: to_vec(&body).into(), dropped })
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(default)]
    id: String,
    embeddings: Vectors,
    #[serde(borrow, default)]
    meta: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Vectors {
    float: Option<Vec<Vec<f32>>>,
}

#[derive(Deserialize)]
struct Meta {
    billed_units: Option<Units>,
}

/// Reads an answer.
pub(super) fn read_answer(body: &[u8]) -> Result<Embeddings, Complaint> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed("list of embeddings", &error))?;
    let no_vectors = || Complaint::new(Code::ProviderMalformed, "the provider's answer has no `embeddings.float`");
    Ok(Embeddings {
        id: answer.id,
        model: String::new(),
        vectors: answer.embeddings.float.ok_or_else(no_vectors)?,
        usage: answer.meta.and_then(usage),
    })
}

fn usage(raw: &RawValue) -> Option<UsageReport> {
    let meta: Meta = serde_json::from_str(raw.get()).ok()?;
    let input = meta.billed_units?.input_tokens.0?;
    let usage = Usage { input, ..Usage::default() };
    Some(UsageReport { usage, raw: Some(Json(raw.to_owned())), service_tier: None })
}
