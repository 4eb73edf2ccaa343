//! Endpoints that a gateway only carries: pictures, speech, words of a sound, moderations, orders of documents. All of it
//! follows from the request alone, and means nothing.

use super::body::{Ending, SandboxBody};
use super::fault::Fault;
use super::model::Model;
use super::request::Request;
use super::wire::Wire;
use super::{CREATED, fingerprint, tokens};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};
use serde_json::{Value, json};
use std::time::Duration;

/// Samples of a second of speech, one byte each.
const RATE: u32 = 8_000;
/// How long a character sounds, in samples.
const PER_CHARACTER: usize = 400;
/// A word that makes a text harmful.
const HARMFUL: &str = "violence";
/// What a picture costs in tokens.
const PER_PICTURE: usize = 64;

/// A picture or more of one colour, one dot large.
pub(super) fn pictures(request: &Request) -> Result<Wire, Fault> {
    let prompt = request.text("prompt")?.ok_or_else(|| Fault::missing("prompt"))?;
    let count = request.choices;
    let picture = |index: usize| {
        let colour = fingerprint(format!("{index} {prompt}").as_bytes());
        json!({"b64_json": STANDARD.encode(dot(colour.as_bytes()))})
    };
    let data: Vec<Value> = (0..count).map(picture).collect();
    let (input, output) = (tokens(prompt.len()), count * PER_PICTURE);
    let usage = json!({"input_tokens": input, "output_tokens": output, "total_tokens": input + output});
    Ok(Wire::Whole(json!({"created": CREATED, "data": data, "usage": usage})))
}

/// A PNG of one dot.
fn dot(colour: &[u8]) -> Vec<u8> {
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 2, 0, 0, 0], &mut png);
    // One row: no filter, red, green, blue. Stored as it is, with zlib's check sum behind it.
    let row = [0, colour[0], colour[1], colour[2]];
    let mut packed = vec![0x78, 0x01, 1, 4, 0, 0xfb, 0xff];
    packed.extend_from_slice(&row);
    packed.extend_from_slice(&adler(&row).to_be_bytes());
    chunk(b"IDAT", &packed, &mut png);
    chunk(b"IEND", &[], &mut png);
    png
}

fn chunk(name: &[u8; 4], data: &[u8], png: &mut Vec<u8>) {
    png.extend_from_slice(&(data.len() as u32).to_be_bytes());
    let body = [&name[..], data].concat();
    png.extend_from_slice(&body);
    png.extend_from_slice(&crc32fast::hash(&body).to_be_bytes());
}

fn adler(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1u32, 0u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

/// A WAV file with a tone for each character, piece by piece.
pub(super) fn speech(request: &Request, model: Model) -> Result<Response<SandboxBody>, Fault> {
    let text = request.text("input")?.ok_or_else(|| Fault::missing("input"))?;
    let samples: Vec<Bytes> = text.chars().map(tone).collect();
    let length = (samples.len() * PER_CHARACTER) as u32;
    let mut head = Vec::with_capacity(44);
    head.extend_from_slice(b"RIFF");
    head.extend_from_slice(&(36 + length).to_le_bytes());
    head.extend_from_slice(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    head.extend_from_slice(&RATE.to_le_bytes());
    head.extend_from_slice(&RATE.to_le_bytes());
    head.extend_from_slice(b"\x01\0\x08\0data");
    head.extend_from_slice(&length.to_le_bytes());
    let chunks = std::iter::once(Bytes::from(head)).chain(samples).collect();
    let ending = if model == Model::Cut { Ending::Broken } else { Ending::Whole };
    let mut response = Response::new(SandboxBody::new(chunks, model.pace(), ending).after(Duration::ZERO));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("audio/wav"));
    Ok(response)
}

fn tone(letter: char) -> Bytes {
    let half = 4 + (letter as usize % 16);
    (0..PER_CHARACTER)
        .map(|sample| if (sample / half).is_multiple_of(2) { 0x60 } else { 0xa0 })
        .collect::<Vec<u8>>()
        .into()
}

/// The words of a sound of so many bytes.
pub(super) fn words(bytes: usize) -> Wire {
    let seconds = bytes.div_ceil(RATE as usize);
    let usage = json!({"type": "duration", "seconds": seconds});
    Wire::Whole(json!({"text": format!("A sound of {bytes} bytes."), "usage": usage}))
}

/// Whether each text has the harmful word in it.
pub(super) fn moderation(request: &Request, id: &str) -> Result<Wire, Fault> {
    let input = request.field("input").ok_or_else(|| Fault::missing("input"))?;
    let texts = match input {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let judged = |text: &&Value| {
        let harmful = text.to_string().to_lowercase().contains(HARMFUL);
        let score = if harmful { 0.99 } else { 0.01 };
        json!({"flagged": harmful, "categories": {"violence": harmful}, "category_scores": {"violence": score},
            "category_applied_input_types": {"violence": ["text"]}})
    };
    let results: Vec<Value> = texts.iter().map(judged).collect();
    Ok(Wire::Whole(json!({"id": format!("modr-{id}"), "model": request.model, "results": results})))
}

/// The documents by how many words of the question they have.
pub(super) fn order(request: &Request, id: &str) -> Result<Wire, Fault> {
    let query = request.text("query")?.ok_or_else(|| Fault::missing("query"))?.to_lowercase();
    let wanted: Vec<&str> = query.split_whitespace().collect();
    let wrong = || Fault::wrong_type("documents", "an array of strings or objects with a text");
    let documents = request.field("documents").ok_or_else(|| Fault::missing("documents"))?;
    let documents = documents.as_array().ok_or_else(wrong)?;
    let mut ranked = Vec::with_capacity(documents.len());
    let mut count = tokens(query.len());
    for (index, document) in documents.iter().enumerate() {
        let text = document.as_str().or(document["text"].as_str()).ok_or_else(wrong)?.to_lowercase();
        count += tokens(text.len());
        let found = wanted.iter().filter(|word| text.contains(**word)).count();
        ranked.push((index, found as f64 / wanted.len().max(1) as f64));
    }
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    let most = request.count("top_n", documents.len().max(1) as u64)?.unwrap_or(ranked.len());
    let result = |(index, score): &(usize, f64)| json!({"index": index, "relevance_score": score});
    let results: Vec<Value> = ranked.iter().take(most).map(result).collect();
    let meta = json!({"billed_units": {"input_tokens": count}});
    Ok(Wire::Whole(json!({"id": format!("rank-{id}"), "results": results, "meta": meta})))
}
