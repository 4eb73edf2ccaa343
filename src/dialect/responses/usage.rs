//! What a call consumed, from the protocol's block to the canonical one, and back.

use super::wire::Count;
use crate::canonical::{Json, UsageReport};
use crate::types::Usage;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The block as vendors write it.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Block {
    input_tokens: Count,
    output_tokens: Count,
    total_tokens: Count,
    input_tokens_details: Option<Details>,
    output_tokens_details: Option<Details>,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Details {
    cached_tokens: Count,
    /// OpenRouter's and this gateway's; the protocol itself has no writes.
    cache_write_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
    reasoning_tokens: Count,
}

/// Reads a usage block; none where it counts nothing.
pub(super) fn read(raw: &RawValue, service_tier: Option<String>) -> Option<UsageReport> {
    let block: Block = serde_json::from_str(raw.get()).ok()?;
    block.input_tokens.0.or(block.output_tokens.0).or(block.total_tokens.0)?;
    let prompt = block.input_tokens_details.unwrap_or_default();
    let answer = block.output_tokens_details.unwrap_or_default();
    let count = |count: Count| count.0.unwrap_or(0);
    let (input, output) = (count(block.input_tokens), count(block.output_tokens));
    let reasoning = count(answer.reasoning_tokens);
    // xAI counts reasoning beside the answer; that shows in the total.
    let surplus = count(block.total_tokens).saturating_sub(input.saturating_add(output));
    let usage = Usage {
        input,
        output: if surplus > 0 && surplus == reasoning { output.saturating_add(surplus) } else { output },
        cache_read: count(prompt.cached_tokens),
        cache_write_5m: count(prompt.cache_write_tokens),
        reasoning,
        input_audio: count(prompt.audio_tokens),
        output_audio: count(answer.audio_tokens),
        input_image: count(prompt.image_tokens),
        output_image: count(answer.image_tokens),
        ..Usage::default()
    };
    Some(UsageReport { usage, raw: Some(Json(raw.to_owned())), service_tier })
}

/// The block as OpenAI writes it.
#[derive(Serialize)]
pub(super) struct Written {
    input_tokens: u64,
    input_tokens_details: PromptDetails,
    output_tokens: u64,
    output_tokens_details: AnswerDetails,
    total_tokens: u64,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_tokens: u64,
}

#[derive(Serialize)]
struct AnswerDetails {
    reasoning_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_tokens: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Writes a usage block for callers.
pub(super) fn written(usage: &Usage) -> Written {
    Written {
        input_tokens: usage.input,
        input_tokens_details: PromptDetails {
            cached_tokens: usage.cache_read,
            cache_write_tokens: usage.cache_write(),
            audio_tokens: usage.input_audio,
            image_tokens: usage.input_image,
        },
        output_tokens: usage.output,
        output_tokens_details: AnswerDetails {
            reasoning_tokens: usage.reasoning,
            audio_tokens: usage.output_audio,
            image_tokens: usage.output_image,
        },
        total_tokens: usage.total(),
    }
}

/// OpenAI's word for the class of service that was billed.
pub(super) fn tier_word(tier: &str) -> &str {
    match tier {
        "standard" => "default",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_read_back_as_they_were_written() {
        let usage = Usage { input: 9, output: 8, cache_read: 3, cache_write_5m: 2, reasoning: 5, ..Usage::default() };
        let text = serde_json::to_string(&written(&usage)).unwrap();
        assert_eq!(read(serde_json::from_str(&text).unwrap(), None).unwrap().usage, usage);
    }

    #[test]
    fn odd_blocks_are_read_as_far_as_they_go() {
        let usage = |block: &str| read(serde_json::from_str(block).unwrap(), None).map(|report| report.usage);
        assert_eq!(usage(r#"{"input_tokens":8.0,"output_tokens":null}"#).map(|u| (u.input, u.output)), Some((8, 0)));
        let xai = r#"{"input_tokens":10,"output_tokens":5,"output_tokens_details":{"reasoning_tokens":90},"total_tokens":105}"#;
        assert_eq!(usage(xai).map(|u| (u.output, u.reasoning)), Some((95, 90)));
        for nothing in ["{}", "[]", "null"] {
            assert_eq!(usage(nothing), None);
        }
    }
}
