//! Requests for vectors and their answers (`embeddings`), for calls between dialects.

use super::complaint::malformed;
use super::glance;
use super::read_prompt::optional;
use super::usage;
use super::wire::{Obj, Val, to_vec};
use super::write_prompt::Fields;
use crate::canonical::{Code, Complaint, EmbeddingInput, EmbeddingRequest, Embeddings, Encoding, Purpose, UsageReport};
use crate::dialect::{Target, Written};
use crate::types::Task;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// Reads a request.
pub(super) fn read_request(body: &str) -> Result<EmbeddingRequest, Complaint> {
    let mut top = Obj::of_body(body)?;
    let mut request = EmbeddingRequest {
        model: top.need("model")?.string()?,
        inputs: inputs(&top.need("input")?)?,
        dimensions: optional(&mut top, "dimensions", Val::whole_number)?,
        encoding: top.take("encoding_format").map_or(Ok(Encoding::Float), |format| encoding(&format))?,
        end_user: optional(&mut top, "user", Val::string)?,
        truncate: truncate(&mut top)?,
        ..EmbeddingRequest::default()
    };
    // Not OpenAI's, but what callers send to the many vendors that have it.
    if let Some(word) = top.find("input_type").filter(Val::is_string)
        && let Some(purpose) = purpose(&word.text()?)
    {
        request.purpose = Some(purpose);
        top.take("input_type");
    }
    for (name, value) in top.rest() {
        request.extra.insert(name, value.value()?);
    }
    Ok(request)
}

/// One text, texts, one list of tokens, or several.
fn inputs(given: &Val<'_>) -> Result<Vec<EmbeddingInput>, Complaint> {
    if given.is_string() {
        return Ok(vec![EmbeddingInput::Text(given.string()?)]);
    }
    let items = given.items()?;
    if items.is_empty() {
        return Err(Complaint::invalid("input", "`input` is empty; send a text, or a list of texts"));
    }
    let is_number = |item: &Val<'_>| item.raw.get().starts_with(|first: char| first.is_ascii_digit());
    if items.iter().all(is_number) {
        return Ok(vec![EmbeddingInput::Tokens(tokens(given)?)]);
    }
    items
        .iter()
        .map(|item| match item.is_string() {
            true => item.string().map(EmbeddingInput::Text),
            false => tokens(item).map(EmbeddingInput::Tokens),
        })
        .collect()
}

fn tokens(given: &Val<'_>) -> Result<Vec<u32>, Complaint> {
    serde_json::from_str(given.raw.get()).map_err(|_| given.wrong("a string or an array of token numbers"))
}

fn encoding(format: &Val<'_>) -> Result<Encoding, Complaint> {
    match &*format.text()? {
        "float" => Ok(Encoding::Float),
        "base64" => Ok(Encoding::Base64),
        other => {
            let message =
                format!("`encoding_format` is `{other}`; between protocols only `float` and `base64` are known");
            Err(Complaint { param: Some(format.path.clone()), ..Complaint::new(Code::UnsupportedFeature, message) })
        }
    }
}

/// Cohere's word and Voyage's truth value, by which callers of compatible vendors say it.
fn truncate(top: &mut Obj<'_>) -> Result<Option<bool>, Complaint> {
    match top.find("truncate").map(|value| value.raw.get()) {
        Some("true" | "\"END\"") => drop(top.take("truncate")),
        Some("false" | "\"NONE\"") => return Ok(top.take("truncate").map(|_| false)),
        _ => return Ok(None),
    }
    Ok(Some(true))
}

/// The words of Cohere, Voyage and NVIDIA.
fn purpose(word: &str) -> Option<Purpose> {
    Some(match word {
        "query" | "search_query" => Purpose::Query,
        "document" | "passage" | "search_document" => Purpose::Document,
        "classification" => Purpose::Classification,
        "clustering" => Purpose::Clustering,
        "similarity" => Purpose::Similarity,
        _ => return None,
    })
}

/// Writes a request that came in another dialect.
pub(super) fn write_request(request: &EmbeddingRequest, target: &Target<'_>) -> Result<Written, Complaint> {
    let mut fields = Fields::new(target);
    fields.put("model", "model", &target.model);
    let input: Vec<Input<'_>> = request.inputs.iter().map(Input::of).collect();
    fields.put("input", "input", &input);
    if let Some(dimensions) = request.dimensions {
        fields.put("dimensions", "dimensions", &dimensions);
    }
    if let Some(user) = &request.end_user {
        fields.put("user", "user", user);
    }
    let unsaid = [
        ("purpose", request.purpose.is_some()),
        ("title", request.title.is_some()),
        ("truncate", request.truncate.is_some()),
    ];
    for (name, _) in unsaid.iter().filter(|(_, given)| *given) {
        fields.drop(*name);
    }
    request.extra.keys().for_each(|name| fields.drop(name));
    Ok(fields.finish())
}

#[derive(Serialize)]
#[serde(untagged)]
enum Input<'a> {
    Text(&'a str),
    Tokens(&'a [u32]),
}

impl Input<'_> {
    fn of(input: &EmbeddingInput) -> Input<'_> {
        match input {
            EmbeddingInput::Text(text) => Input::Text(text),
            EmbeddingInput::Tokens(tokens) => Input::Tokens(tokens),
        }
    }
}

/// A vector as it comes: numbers, or base 64 of them.
struct Vector(Vec<f32>);

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Vector, D::Error> {
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers, or base 64 of them")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vector, A::Error> {
                let mut numbers = Vec::with_capacity(list.size_hint().unwrap_or(1024));
                while let Some(number) = list.next_element()? {
                    numbers.push(number);
                }
                Ok(Vector(numbers))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Vector, E> {
                let bytes = BASE64_STANDARD.decode(text).map_err(E::custom)?;
                let (numbers, rest) = bytes.as_chunks::<4>();
                if !rest.is_empty() {
                    return Err(E::custom("base 64 of a length that is no list of numbers"));
                }
                Ok(Vector(numbers.iter().map(|number| f32::from_le_bytes(*number)).collect()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

#[derive(Deserialize)]
struct Entry {
    index: Option<usize>,
    embedding: Vector,
}

#[derive(Deserialize)]
struct List {
    data: Vec<Entry>,
}

/// Reads an answer.
pub(super) fn read_answer(body: &[u8]) -> Result<Embeddings, Complaint> {
    let answer = glance::parse(Task::Embedding, body)?;
    let list: List = serde_json::from_slice(body).map_err(|error| malformed("list of embeddings", body, &error))?;
    let mut entries = list.data;
    entries.sort_by_key(|entry| entry.index.unwrap_or_default());
    Ok(Embeddings {
        id: answer.id.joined().into_owned(),
        model: answer.model.joined().into_owned(),
        vectors: entries.into_iter().map(|entry| entry.embedding.0).collect(),
        usage: answer.usage().and_then(|raw| usage::read(raw, None)),
    })
}

#[derive(Serialize)]
struct Answer<'a> {
    object: &'static str,
    data: Vec<Embedding<'a>>,
    model: &'a str,
    usage: Tokens,
}

#[derive(Serialize)]
struct Embedding<'a> {
    object: &'static str,
    index: usize,
    embedding: Numbers<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Numbers<'a> {
    Plain(&'a [f32]),
    Packed(Cow<'a, str>),
}

#[derive(Serialize)]
struct Tokens {
    prompt_tokens: u64,
    total_tokens: u64,
}

/// Writes the vectors in the encoding that was asked for.
pub(super) fn write_answer(request: &EmbeddingRequest, embeddings: &Embeddings) -> Bytes {
    let numbers = |vector: &'_ [f32]| -> String {
        let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
        BASE64_STANDARD.encode(bytes)
    };
    let data = embeddings.vectors.iter().enumerate().map(|(index, vector)| Embedding {
        object: "embedding",
        index,
        embedding: match request.encoding {
            Encoding::Float => Numbers::Plain(vector),
            Encoding::Base64 => Numbers::Packed(numbers(vector).into()),
        },
    });
    let input = embeddings.usage.as_ref().map_or(0, |UsageReport { usage, .. }| usage.input);
    let answer = Answer {
        object: "list",
        data: data.collect(),
        model: if embeddings.model.is_empty() { &request.model } else { &embeddings.model },
        usage: Tokens { prompt_tokens: input, total_tokens: input },
    };
    to_vec(&answer).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Quirks;
    use serde_json::{Value, json};

    #[test]
    fn requests_go_there_and_back() {
        let body = json!({"model": "p/m", "input": ["a", "b"], "dimensions": 256, "user": "u"});
        let request = read_request(&body.to_string()).unwrap();
        assert_eq!(request.inputs, [EmbeddingInput::Text("a".into()), EmbeddingInput::Text("b".into())]);
        let quirks = Quirks::default();
        let target = Target { model: "p/m", max_output_tokens: None, quirks: &quirks };
        let written = write_request(&request, &target).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&written.bytes).unwrap(), body);
        assert!(written.dropped.is_empty());
    }

    #[test]
    fn inputs_may_be_tokens() {
        let of =
            |input: Value| read_request(&json!({"model": "m", "input": input}).to_string()).map(|read| read.inputs);
        assert_eq!(of(json!([1, 2])).unwrap(), [EmbeddingInput::Tokens(vec![1, 2])]);
        assert_eq!(of(json!([[1], "x"])).unwrap().len(), 2);
        for (input, message) in [
            (json!([]), "`input` is empty; send a text, or a list of texts"),
            (json!([{}]), "`input[0]` must be a string or an array of token numbers, not an object"),
            (json!(7), "`input` must be an array, not a number"),
        ] {
            assert_eq!(of(input).unwrap_err().message, message);
        }
    }

    #[test]
    fn answers_are_read_in_either_encoding_and_in_the_order_of_their_numbers() {
        let request = |encoding| EmbeddingRequest { encoding, ..EmbeddingRequest::default() };
        let vectors = vec![vec![0.25_f32, -1.5], vec![3.0, 0.1]];
        let embeddings = Embeddings { model: "m".into(), vectors, ..Embeddings::default() };
        for encoding in [Encoding::Float, Encoding::Base64] {
            let read = read_answer(&write_answer(&request(encoding), &embeddings)).unwrap();
            assert_eq!((read.vectors, read.model), (embeddings.vectors.clone(), "m".to_owned()));
        }
        let mixed = br#"{"data":[{"index":1,"embedding":[1]},{"index":0,"embedding":"AAAAPw=="}],"usage":{"prompt_tokens":4,"total_tokens":4}}"#;
        let read = read_answer(mixed).unwrap();
        assert_eq!((read.vectors, read.usage.unwrap().usage.input), (vec![vec![0.5], vec![1.0]], 4));
    }
}
