//! Whole answers, and what they have in common with streams: why they end, what they consumed.

use super::complaint::malformed;
use super::read_stream::Reader;
use crate::canonical::{Complaint, Finish, Json, Reply, UsageReport};
use crate::types::Usage;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    output: Output,
    #[serde(default)]
    stop_reason: String,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    trace: Option<&'a RawValue>,
    #[serde(default)]
    service_tier: Value,
}

#[derive(Deserialize)]
struct Output {
    message: Message,
}

#[derive(Deserialize)]
struct Message {
    content: Vec<Value>,
}

/// Reads a whole answer.
pub(super) fn whole(body: &[u8]) -> Result<Reply, Complaint> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed("answer", &error))?;
    let (mut reader, mut events) = (Reader::default(), Vec::new());
    reader.start(&mut events);
    for block in &answer.output.message.content {
        reader.whole_block(block, &mut events);
    }
    reader.stop(&answer.stop_reason, &mut events);
    reader.end((answer.usage, answer.trace), &answer.service_tier, &mut events);
    Ok(events.into_iter().collect())
}

/// Why an answer ended.
pub(super) fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" => Finish::Stop,
        "stop_sequence" => Finish::StopSequence(None),
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "guardrail_intervened" | "content_filtered" => Finish::ContentFilter,
        "refusal" => Finish::Refusal,
        other => Finish::Other(other.to_owned()),
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Counts {
    input_tokens: u64,
    output_tokens: u64,
    cache_read_input_tokens: Option<u64>,
    cache_write_input_tokens: Option<u64>,
    cache_details: Vec<Written>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Written {
    ttl: String,
    input_tokens: u64,
}

/// Token counts. The protocol's input leaves out what was read from or written to a cache.
pub(super) fn usage(raw: &RawValue, tier: &Value) -> Option<UsageReport> {
    let counts: Counts = serde_json::from_str(raw.get()).ok()?;
    let read = counts.cache_read_input_tokens.unwrap_or_default();
    let written = counts.cache_write_input_tokens.unwrap_or_default();
    let hour = counts.cache_details.iter().filter(|part| part.ttl == "1h").map(|part| part.input_tokens).sum::<u64>();
    let hour = hour.min(written);
    let usage = Usage {
        input: counts.input_tokens.saturating_add(read).saturating_add(written),
        output: counts.output_tokens,
        cache_read: read,
        cache_write_5m: written - hour,
        cache_write_1h: hour,
        ..Usage::default()
    };
    let service_tier = tier["type"].as_str().map(str::to_owned);
    Some(UsageReport { usage, raw: Some(Json(raw.to_owned())), service_tier })
}
