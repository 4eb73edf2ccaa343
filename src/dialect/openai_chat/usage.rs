//! What a call consumed, from the many spellings of OpenAI's usage block to the canonical one, and back.

use super::wire::Count;
use crate::canonical::{Json, UsageReport};
use crate::scan::Cursor;
use crate::types::Usage;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The block as vendors write it. Every member may be missing, null or of an odd type.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Block {
    prompt_tokens: Count,
    completion_tokens: Count,
    total_tokens: Count,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
    /// DeepSeek's name for `prompt_tokens_details.cached_tokens`.
    prompt_cache_hit_tokens: Count,
    /// Moonshot's name for the same.
    cached_tokens: Count,
}

#[derive(Deserialize, Default, Clone, Copy)]
#[serde(default)]
struct Details {
    cached_tokens: Count,
    /// OpenRouter's and LiteLLM's names; the protocol itself has no writes.
    #[serde(alias = "cache_creation_tokens")]
    cache_write_tokens: Count,
    audio_tokens: Count,
    image_tokens: Count,
    reasoning_tokens: Count,
}

/// Reads a usage block; none where it counts nothing.
pub(super) fn read(raw: &RawValue, service_tier: Option<String>) -> Option<UsageReport> {
    let block = plain(raw.get()).or_else(|| serde_json::from_str(raw.get()).ok())?;
    block.prompt_tokens.0.or(block.total_tokens.0).or(block.completion_tokens.0)?;
    Some(UsageReport { usage: normalise(&block), raw: Some(Json(raw.to_owned())), service_tier })
}

/// Reads a block that holds whole numbers and blocks of them, as most do; none for any other.
fn plain(text: &str) -> Option<Block> {
    let mut block = Block::default();
    let mut cursor = Cursor::new(text.as_bytes());
    cursor.object(|cursor, name| {
        match name {
            b"prompt_tokens" => block.prompt_tokens.0 = Some(cursor.whole_number()?),
            b"completion_tokens" => block.completion_tokens.0 = Some(cursor.whole_number()?),
            b"total_tokens" => block.total_tokens.0 = Some(cursor.whole_number()?),
            b"prompt_tokens_details" => block.prompt_tokens_details = Some(details(cursor)?),
            b"completion_tokens_details" => block.completion_tokens_details = Some(details(cursor)?),
            _ => return None,
        }
        Some(())
    })?;
    Some(block)
}

fn details(cursor: &mut Cursor<'_>) -> Option<Details> {
    let mut details = Details::default();
    cursor.object(|cursor, name| {
        let count = cursor.whole_number()?;
        match name {
            b"cached_tokens" => details.cached_tokens.0 = Some(count),
            b"audio_tokens" => details.audio_tokens.0 = Some(count),
            b"image_tokens" => details.image_tokens.0 = Some(count),
            b"reasoning_tokens" => details.reasoning_tokens.0 = Some(count),
            // They count what nobody asks here.
            b"accepted_prediction_tokens" | b"rejected_prediction_tokens" | b"text_tokens" => {}
            _ => return None,
        }
        Some(())
    })?;
    Some(details)
}

fn normalise(block: &Block) -> Usage {
    let prompt = block.prompt_tokens_details.unwrap_or_default();
    let answer = block.completion_tokens_details.unwrap_or_default();
    let completion = block.completion_tokens.0.unwrap_or(0);
    // Voyage reports the total of an embedding only.
    let input = block.prompt_tokens.0.unwrap_or_else(|| block.total_tokens.0.unwrap_or(0).saturating_sub(completion));
    let (output, reasoning) = with_reasoning(block, input, completion, answer.reasoning_tokens.0.unwrap_or(0));
    let cached = prompt.cached_tokens.0.or(block.prompt_cache_hit_tokens.0).or(block.cached_tokens.0);
    Usage {
        input,
        output,
        cache_read: cached.unwrap_or(0),
        cache_write_5m: prompt.cache_write_tokens.0.unwrap_or(0),
        reasoning,
        input_audio: prompt.audio_tokens.0.unwrap_or(0),
        output_audio: answer.audio_tokens.0.unwrap_or(0),
        input_image: prompt.image_tokens.0.unwrap_or(0),
        output_image: answer.image_tokens.0.unwrap_or(0),
        ..Usage::default()
    }
}

/// The whole answer and its reasoning share.
///
/// OpenAI counts reasoning within `completion_tokens`. xAI counts it beside them, and Gemini's
/// OpenAI endpoint shows it in the total alone; both show as a total above prompt and completion.
fn with_reasoning(block: &Block, input: u64, completion: u64, reasoning: u64) -> (u64, u64) {
    let surplus = block.total_tokens.0.unwrap_or(0).saturating_sub(input.saturating_add(completion));
    if surplus > 0 && (reasoning == 0 || reasoning == surplus) {
        (completion.saturating_add(surplus), surplus)
    } else {
        (completion, reasoning)
    }
}

/// The block as OpenAI writes it.
#[derive(Serialize)]
pub(super) struct Written {
    prompt_tokens: u64,
    completion_tokens: u64,
    total_tokens: u64,
    prompt_tokens_details: PromptDetails,
    completion_tokens_details: AnswerDetails,
}

#[derive(Serialize)]
struct PromptDetails {
    cached_tokens: u64,
    audio_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    cache_write_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_tokens: u64,
}

#[derive(Serialize)]
struct AnswerDetails {
    reasoning_tokens: u64,
    audio_tokens: u64,
    accepted_prediction_tokens: u64,
    rejected_prediction_tokens: u64,
    #[serde(skip_serializing_if = "is_zero")]
    image_tokens: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Writes a usage block for callers.
pub(super) fn written(usage: &Usage) -> Written {
    Written {
        prompt_tokens: usage.input,
        completion_tokens: usage.output,
        total_tokens: usage.total(),
        prompt_tokens_details: PromptDetails {
            cached_tokens: usage.cache_read,
            audio_tokens: usage.input_audio,
            cache_write_tokens: usage.cache_write(),
            image_tokens: usage.input_image,
        },
        completion_tokens_details: AnswerDetails {
            reasoning_tokens: usage.reasoning,
            audio_tokens: usage.output_audio,
            accepted_prediction_tokens: 0,
            rejected_prediction_tokens: 0,
            image_tokens: usage.output_image,
        },
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

    fn usage(block: &str) -> Option<Usage> {
        read(serde_json::from_str(block).unwrap(), None).map(|report| report.usage)
    }

    #[test]
    fn openai_counts_parts_within_their_whole() {
        let block = r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,
            "prompt_tokens_details":{"cached_tokens":40,"audio_tokens":5},
            "completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":2}}"#;
        let expected = Usage {
            input: 100,
            output: 50,
            cache_read: 40,
            input_audio: 5,
            reasoning: 30,
            output_audio: 2,
            ..Usage::default()
        };
        assert_eq!(usage(block), Some(expected));
        let report = read(serde_json::from_str(block).unwrap(), None).unwrap();
        assert_eq!(report.raw.unwrap().get(), block);
    }

    #[test]
    fn the_short_way_reads_what_the_long_way_reads() {
        let block = r#"{"prompt_tokens":100,"completion_tokens":50,"total_tokens":150,"prompt_tokens_details":
            {"cached_tokens":40,"audio_tokens":5},"completion_tokens_details":{"reasoning_tokens":30,"audio_tokens":2,
            "accepted_prediction_tokens":1,"rejected_prediction_tokens":1}}"#;
        let long: Block = serde_json::from_str(block).unwrap();
        assert_eq!(normalise(&plain(block).unwrap()), normalise(&long));
        for odd in [r#"{"prompt_tokens":1.5}"#, r#"{"cached_tokens":3}"#, r#"{"prompt_tokens_details":null}"#, "[]"] {
            assert!(plain(odd).is_none(), "{odd}");
        }
    }

    #[test]
    fn vendors_spell_cached_tokens_in_their_own_ways() {
        let deepseek = r#"{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10,"prompt_cache_hit_tokens":4,"prompt_cache_miss_tokens":5}"#;
        assert_eq!(usage(deepseek).map(|u| (u.input, u.cache_read)), Some((9, 4)));
        let moonshot = r#"{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10,"cached_tokens":3}"#;
        assert_eq!(usage(moonshot).map(|u| u.cache_read), Some(3));
        let openrouter = r#"{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":7}}"#;
        assert_eq!(usage(openrouter).map(|u| u.cache_write_5m), Some(7));
    }

    #[test]
    fn reasoning_beside_the_completion_is_part_of_the_answer() {
        let xai = r#"{"prompt_tokens":32,"completion_tokens":9,"total_tokens":135,"completion_tokens_details":{"reasoning_tokens":94}}"#;
        assert_eq!(usage(xai).map(|u| (u.output, u.reasoning)), Some((103, 94)));
        let gemini = r#"{"prompt_tokens":7,"completion_tokens":9,"total_tokens":420}"#;
        assert_eq!(usage(gemini).map(|u| (u.output, u.reasoning)), Some((413, 404)));
    }

    #[test]
    fn odd_blocks_are_read_as_far_as_they_go() {
        assert_eq!(usage(r#"{"prompt_tokens":8,"total_tokens":8}"#).map(|u| (u.input, u.output)), Some((8, 0)));
        assert_eq!(usage(r#"{"total_tokens":8}"#).map(|u| (u.input, u.output)), Some((8, 0)));
        assert_eq!(
            usage(r#"{"prompt_tokens":8.0,"completion_tokens":null,"total_tokens":-1}"#).map(|u| u.input),
            Some(8)
        );
        for nothing in ["{}", "[]", "3", r#"{"prompt_tokens":null}"#, r#"{"prompt_tokens":"many"}"#] {
            assert_eq!(usage(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let usage = Usage { input: 9, output: 8, cache_read: 3, cache_write_5m: 2, reasoning: 5, ..Usage::default() };
        let text = serde_json::to_string(&written(&usage)).unwrap();
        assert_eq!(read(serde_json::from_str(&text).unwrap(), None).unwrap().usage, usage);
    }
}
