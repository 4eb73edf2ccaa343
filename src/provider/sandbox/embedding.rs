//! Embeddings (<https://platform.openai.com/docs/api-reference/embeddings>): unit vectors drawn from a hash, so that
//! the same text has the same vector and other texts have others. They mean nothing.

use super::fault::Fault;
use super::request::Request;
use super::tokens;
use super::wire::Wire;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long vectors are unless the caller says.
const DIMENSIONS: usize = 8;
const MAX_DIMENSIONS: u64 = 4096;
/// How many numbers one hash gives: four bytes each.
const NUMBERS_PER_HASH: usize = 8;

/// Answers with a vector for each input.
pub(super) fn answer(request: &Request) -> Result<Wire, Fault> {
    let inputs = inputs(request)?;
    let length = request.count("dimensions", MAX_DIMENSIONS)?.unwrap_or(DIMENSIONS);
    let encode = encoding(request)?;
    let item = |(index, input): (usize, &Input)| json!({"object": "embedding", "index": index, "embedding": encode(&vector(&input.bytes, length))});
    let data: Vec<Value> = inputs.iter().enumerate().map(item).collect();
    let count: usize = inputs.iter().map(|input| input.tokens).sum();
    let usage = json!({"prompt_tokens": count, "total_tokens": count});
    Ok(Wire::Whole(json!({"object": "list", "data": data, "model": request.model, "usage": usage})))
}

struct Input {
    bytes: Vec<u8>,
    tokens: usize,
}

fn inputs(request: &Request) -> Result<Vec<Input>, Fault> {
    let input = request.field("input").ok_or_else(|| Fault::missing("input"))?;
    let wrong = || Fault::wrong_type("input", "a string, an array of strings or tokens");
    match input {
        Value::Array(all) if all.is_empty() => Err(Fault::wrong_value("input", "at least one input")),
        Value::Array(all) if !all.iter().all(Value::is_u64) => {
            all.iter().map(|each| one(each).ok_or_else(wrong)).collect()
        }
        single => Ok(vec![one(single).ok_or_else(wrong)?]),
    }
}

/// A text, or an array of tokens.
fn one(input: &Value) -> Option<Input> {
    if let Some(text) = input.as_str() {
        return Some(Input { bytes: text.as_bytes().to_vec(), tokens: tokens(text.len()) });
    }
    let ids: Option<Vec<u64>> = input.as_array()?.iter().map(Value::as_u64).collect();
    let ids = ids?;
    Some(Input { tokens: ids.len(), bytes: ids.into_iter().flat_map(u64::to_le_bytes).collect() })
}

/// How vectors are written: as numbers, or as base 64 of little-endian 32-bit floats.
fn encoding(request: &Request) -> Result<fn(&[f32]) -> Value, Fault> {
    match request.text("encoding_format")? {
        None | Some("float") => Ok(|vector| json!(vector)),
        Some("base64") => Ok(|vector| {
            let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
            json!(STANDARD.encode(bytes))
        }),
        Some(_) => Err(Fault::wrong_value("encoding_format", "'float' or 'base64'")),
    }
}

fn vector(bytes: &[u8], length: usize) -> Vec<f32> {
    let hashes = length.div_ceil(NUMBERS_PER_HASH);
    let raw = (0..hashes).flat_map(|block| {
        let hash = Sha256::new().chain_update(block.to_le_bytes()).chain_update(bytes).finalize();
        hash.chunks_exact(4).map(signed_unit).collect::<Vec<f64>>()
    });
    let raw: Vec<f64> = raw.take(length).collect();
    let norm = raw.iter().map(|number| number * number).sum::<f64>().sqrt();
    raw.into_iter().map(|number| if norm > 0.0 { (number / norm) as f32 } else { 0.0 }).collect()
}

/// Four bytes as a number from -1 to 1.
fn signed_unit(bytes: &[u8]) -> f64 {
    let number = bytes.iter().fold(0u32, |number, byte| number << 8 | u32::from(*byte));
    f64::from(number) / f64::from(u32::MAX) * 2.0 - 1.0
}
