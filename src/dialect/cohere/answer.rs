//! Answers and the events of streams as they are on the wire, usage, and why an answer ended.

use crate::canonical::{Finish, Json, UsageReport};
use crate::dialect::json::Count;
use crate::types::Usage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A whole answer.
#[derive(Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(default)]
    pub(super) id: String,
    #[serde(default)]
    pub(super) finish_reason: Option<String>,
    pub(super) message: Message,
    #[serde(borrow, default)]
    pub(super) usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) logprobs: Option<&'a RawValue>,
}

/// What is said, whole or in a piece: what is a list in one is an object in the other.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Message {
    pub(super) content: Value,
    pub(super) tool_plan: Option<String>,
    pub(super) tool_calls: Value,
    pub(super) citations: Value,
}

/// An event of a stream.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Piece<'a> {
    pub(super) r#type: String,
    pub(super) id: Option<String>,
    #[serde(borrow)]
    pub(super) delta: Option<Change<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Change<'a> {
    pub(super) message: Option<Message>,
    pub(super) finish_reason: Option<String>,
    pub(super) error: Option<String>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Block {
    billed_units: Option<Units>,
    tokens: Option<Units>,
    cached_tokens: Count,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
pub(super) struct Units {
    pub(super) input_tokens: Count,
    pub(super) output_tokens: Count,
}

/// Reads a usage block. What is billed counts: `tokens` has the vendor's own instructions in it, which are free.
pub(super) fn usage(raw: &RawValue) -> Option<UsageReport> {
    let block: Block = serde_json::from_str(raw.get()).ok()?;
    let units = block.billed_units.filter(|units| units.input_tokens.0.is_some()).or(block.tokens)?;
    let usage = Usage {
        input: units.input_tokens.0.unwrap_or(0),
        output: units.output_tokens.0.unwrap_or(0),
        cache_read: block.cached_tokens.0.unwrap_or(0).min(units.input_tokens.0.unwrap_or(0)),
        ..Usage::default()
    };
    Some(UsageReport { usage, raw: Some(Json(raw.to_owned())), service_tier: None })
}

/// Why an answer ended; none where it failed.
pub(super) fn finish(word: Option<&str>) -> Option<Finish> {
    Some(match word.unwrap_or("COMPLETE") {
        "COMPLETE" => Finish::Stop,
        "STOP_SEQUENCE" => Finish::StopSequence(None),
        "MAX_TOKENS" => Finish::Length,
        "TOOL_CALL" => Finish::ToolCalls,
        "ERROR_TOXIC" => Finish::ContentFilter,
        "ERROR" | "TIMEOUT" | "ERROR_LIMIT" => return None,
        other => Finish::Other(other.to_ascii_lowercase()),
    })
}
