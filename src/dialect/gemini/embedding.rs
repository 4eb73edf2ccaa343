//! Requests for vectors and their answers, for calls between dialects. Providers are asked with a list always.

use super::wire::{At, Members, Object, array, count, list, object, string, utf8};
use super::{predict, usage};
use crate::canonical::{Code, Complaint, EmbeddingInput, EmbeddingRequest, Embeddings, Purpose};
use crate::dialect::{Target, UrlFacts, Written};
use crate::types::Task;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The protocol's words for what vectors are for.
const PURPOSES: [(&str, Purpose); 8] = [
    ("RETRIEVAL_QUERY", Purpose::Query),
    ("RETRIEVAL_DOCUMENT", Purpose::Document),
    ("SEMANTIC_SIMILARITY", Purpose::Similarity),
    ("CLASSIFICATION", Purpose::Classification),
    ("CLUSTERING", Purpose::Clustering),
    ("QUESTION_ANSWERING", Purpose::Question),
    ("FACT_VERIFICATION", Purpose::FactCheck),
    ("CODE_RETRIEVAL_QUERY", Purpose::CodeQuery),
];

/// Reads a request for one vector or for several.
pub(super) fn read_request(task: Task, body: &str, url: &UrlFacts) -> Result<EmbeddingRequest, Complaint> {
    let top = At::Top;
    let mut members = Members::lenient(body, &top)?;
    let model = url.model.clone().unwrap_or_default();
    if task == Task::Embedding {
        return Ok(EmbeddingRequest { model, one: true, ..one(members, &top)? });
    }
    let place = top.member("requests");
    let mut whole: Option<EmbeddingRequest> = None;
    for (index, raw) in members.need("requests", &top, list)?.into_iter().enumerate() {
        let at = place.item(index);
        let mut next = one(object(raw, &at)?, &at)?;
        match &mut whole {
            None => whole = Some(next),
            Some(whole) => {
                let inputs = std::mem::take(&mut next.inputs);
                let same = EmbeddingRequest { inputs: Vec::new(), ..whole.clone() } == next;
                if !same {
                    return Err(unsupported(&at, "asks for another kind of vector than the request before it"));
                }
                whole.inputs.extend(inputs);
            }
        }
    }
    let Some(whole) = whole else { return Err(place.invalid("is empty")) };
    Ok(EmbeddingRequest { model, ..whole })
}

fn unsupported(at: &At<'_>, why: &str) -> Complaint {
    Complaint { code: Code::UnsupportedFeature, ..at.invalid(why) }
}

fn one(mut members: Members<'_>, at: &At<'_>) -> Result<EmbeddingRequest, Complaint> {
    members.take("model");
    let place = at.member("content");
    let mut content = members.need("content", at, object)?;
    let mut words = Vec::new();
    let parts = place.member("parts");
    for (index, raw) in content.need("parts", &place, list)?.into_iter().enumerate() {
        let at = parts.item(index);
        match object(raw, &at)?.take_as("text", &at, string)? {
            Some(text) => words.push(text),
            None => return Err(unsupported(&at, "is no text, and only texts become vectors everywhere")),
        }
    }
    let said = members.take_as("taskType", at, string)?;
    let purpose = said.as_deref().and_then(|said| PURPOSES.iter().find(|(word, _)| *word == said));
    Ok(EmbeddingRequest {
        inputs: vec![EmbeddingInput::Text(words.join("\n"))],
        purpose: purpose.map(|(_, purpose)| *purpose),
        title: members.take_as("title", at, string)?,
        dimensions: members.take_as("outputDimensionality", at, count)?,
        extra: members.rest(at)?,
        ..EmbeddingRequest::default()
    })
}

pub(super) fn words(input: &EmbeddingInput) -> Result<&String, Complaint> {
    let EmbeddingInput::Text(text) = input else {
        let message = "`input` has token numbers, which the model of another vendor does not know; send the texts";
        return Err(Complaint { param: Some("input".into()), ..Complaint::new(Code::UnsupportedFeature, message) });
    };
    Ok(text)
}

/// The protocol's word for what vectors are for.
pub(super) fn purpose(request: &EmbeddingRequest) -> Option<&'static str> {
    let word = request.purpose.and_then(|asked| PURPOSES.iter().find(|(_, purpose)| *purpose == asked));
    word.map(|(word, _)| *word)
}

/// Writes a request for a list of vectors.
pub(super) fn write_request(request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
    if target.quirks.predicts_vectors {
        return predict::write_request(request);
    }
    let model = format!("models/{}", target.model);
    let mut requests = Vec::with_capacity(request.inputs.len());
    for input in &request.inputs {
        let text = words(input)?;
        let part = Object::default().put("text", text).finish();
        let content = Object::default().raw("parts", array(&[part])).finish();
        let one = Object::default()
            .put("model", &model)
            .raw("content", content)
            .put_some("taskType", purpose(request).as_ref())
            .put_some("title", request.title.as_ref())
            .put_some("outputDimensionality", request.dimensions.as_ref());
        requests.push(one.finish());
    }
    let unsaid = [("user", request.end_user.is_some()), ("truncate", request.truncate == Some(false))];
    let unsaid = unsaid.into_iter().filter(|(_, given)| *given).map(|(name, _)| name.to_owned());
    let dropped = request.extra.keys().cloned().chain(unsaid).collect();
    Ok(Written { bytes: Object::default().raw("requests", array(&requests)).finish().into(), dropped })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(default)]
    embedding: Option<Vector>,
    #[serde(default)]
    embeddings: Option<Vec<Vector>>,
    #[serde(borrow, default)]
    usage_metadata: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Vector {
    values: Vec<f32>,
}

/// Reads one vector, or a list of them.
pub(super) fn read_answer(body: &[u8]) -> Result<Embeddings, Complaint> {
    if let Some(predicted) = predict::read_answer(body) {
        return Ok(predicted);
    }
    let answer: Answer<'_> =
        serde_json::from_str(utf8(body)?).map_err(|error| super::read_stream::no_answer(&error))?;
    let all = answer.embeddings.or(answer.embedding.map(|one| vec![one]));
    let none = || Complaint::new(Code::ProviderMalformed, "the provider's answer has no `embeddings`");
    Ok(Embeddings {
        vectors: all.ok_or_else(none)?.into_iter().map(|vector| vector.values).collect(),
        usage: answer.usage_metadata.and_then(usage::read),
        ..Embeddings::default()
    })
}

/// Writes the vectors in the shape of the verb that was asked.
pub(super) fn write_answer(request: &EmbeddingRequest, embeddings: &Embeddings) -> Bytes {
    let vector = |values: &Vec<f32>| Object::default().put("values", values).finish();
    let body = match (request.one, embeddings.vectors.first()) {
        (true, Some(only)) => Object::default().raw("embedding", vector(only)),
        _ => {
            let all: Vec<String> = embeddings.vectors.iter().map(vector).collect();
            Object::default().raw("embeddings", array(&all))
        }
    };
    let tokens = embeddings.usage.as_ref().map(|report| report.usage.input);
    let counted = tokens.map(|tokens| Object::default().put("promptTokenCount", &tokens).finish());
    let body = counted.into_iter().fold(body, |body, counted| body.raw("usageMetadata", counted));
    body.finish().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Quirks;
    use serde_json::{Value, json};

    #[test]
    fn a_list_goes_there_and_back() {
        let url = UrlFacts { model: Some("m".into()), ..UrlFacts::default() };
        let part = |text: &str| {
            json!({"model": "models/m", "content": {"parts": [{"text": text}]},
            "taskType": "CODE_RETRIEVAL_QUERY", "outputDimensionality": 8})
        };
        let body = json!({"requests": [part("a"), part("b")]});
        let request = read_request(Task::EmbeddingBatch, &body.to_string(), &url).unwrap();
        assert_eq!((request.inputs.len(), request.purpose), (2, Some(Purpose::CodeQuery)));
        let quirks = Quirks::default();
        let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
        let written = write_request(&request, &target).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&written.bytes).unwrap(), body);
        let answer = Embeddings { vectors: vec![vec![0.5], vec![1.5]], ..Embeddings::default() };
        assert_eq!(read_answer(&write_answer(&request, &answer)).unwrap(), answer);
        let mixed = json!({"requests": [part("a"), {"content": {"parts": [{"text": "b"}]}}]});
        let refused = read_request(Task::EmbeddingBatch, &mixed.to_string(), &url).unwrap_err();
        assert_eq!(refused.code, Code::UnsupportedFeature);
    }

    #[test]
    fn one_text_has_one_vector() {
        let url = UrlFacts { model: Some("m".into()), ..UrlFacts::default() };
        let body = json!({"content": {"parts": [{"text": "a"}]}, "task_type": "CLUSTERING"}).to_string();
        let request = read_request(Task::Embedding, &body, &url).unwrap();
        assert!(request.one && request.purpose == Some(Purpose::Clustering));
        let answer = Embeddings { vectors: vec![vec![0.5, 1.0]], ..Embeddings::default() };
        assert_eq!(&write_answer(&request, &answer)[..], br#"{"embedding":{"values":[0.5,1.0]}}"#);
    }
}
