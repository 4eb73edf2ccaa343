//! Token counts: Gemini's block to the normalised one and back.
//!
//! `promptTokenCount` holds what came from a cache, but not the prompt tokens of tools that Google ran;
//! `candidatesTokenCount` leaves thoughts out. Searches are no tokens: they are counted from what the answer
//! says of its grounding. Source: ai.google.dev, "Generating content" (`UsageMetadata`), "Grounding with Google
//! Search" (billing).

use super::wire::{Object, array};
use crate::canonical::{Json, UsageReport};
use crate::types::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Counts as they stand on the wire.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Counts {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    total_token_count: Option<u64>,
    prompt_tokens_details: Option<Vec<Detail>>,
    candidates_tokens_details: Option<Vec<Detail>>,
    tool_use_prompt_tokens_details: Option<Vec<Detail>>,
    traffic_type: Option<String>,
    service_tier: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    modality: String,
    token_count: u64,
}

/// Tokens of one modality.
fn of(details: &Option<Vec<Detail>>, modality: &str) -> u64 {
    let matching = details.iter().flatten().filter(|detail| detail.modality == modality);
    matching.map(|detail| detail.token_count).fold(0, u64::saturating_add)
}

impl Counts {
    fn usage(&self) -> Usage {
        let prompt = self.prompt_token_count.unwrap_or(0);
        let input = prompt.saturating_add(self.tool_use_prompt_token_count.unwrap_or(0));
        let reasoning = self.thoughts_token_count.unwrap_or(0);
        // Chunks that come before the end may have a total and no count of the answer.
        let said = self
            .candidates_token_count
            .unwrap_or_else(|| self.total_token_count.unwrap_or(0).saturating_sub(input).saturating_sub(reasoning));
        let [audio, image] = ["AUDIO", "IMAGE"].map(|modality| {
            of(&self.prompt_tokens_details, modality) + of(&self.tool_use_prompt_tokens_details, modality)
        });
        Usage {
            input,
            output: said.saturating_add(reasoning),
            cache_read: self.cached_content_token_count.unwrap_or(0).min(input),
            reasoning,
            input_audio: audio,
            input_image: image,
            output_audio: of(&self.candidates_tokens_details, "AUDIO"),
            output_image: of(&self.candidates_tokens_details, "IMAGE"),
            ..Usage::default()
        }
    }

    fn tier(&self) -> Option<String> {
        let told = self.service_tier.as_deref().map(str::to_ascii_lowercase);
        told.filter(|tier| !tier.is_empty() && !tier.ends_with("unspecified")).or_else(|| {
            (self.traffic_type.as_deref() == Some("PROVISIONED_THROUGHPUT")).then(|| "provisioned".to_owned())
        })
    }
}

/// A report from one block; none where it has no count.
pub(super) fn read(raw: &RawValue) -> Option<UsageReport> {
    let counts: Counts = raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok())??;
    let counted = [counts.prompt_token_count, counts.candidates_token_count, counts.total_token_count];
    counted.iter().any(Option::is_some).then(|| UsageReport {
        usage: counts.usage(),
        raw: Some(Json(raw.to_owned())),
        service_tier: counts.tier(),
    })
}

/// How many searches are billed for an answer that ran that many: each since Gemini 3, one for all before.
pub(super) fn searches(model: &str, queries: u64) -> u64 {
    let major = model.split_once("gemini-").and_then(|(_, rest)| rest.chars().next()).and_then(|c| c.to_digit(10));
    if major.is_some_and(|major| major < 3) { queries.min(1) } else { queries }
}

/// How many queries the grounding of an answer names.
pub(super) fn queries(grounding: &RawValue) -> u64 {
    #[derive(Deserialize)]
    struct Grounding {
        #[serde(rename = "webSearchQueries", default)]
        queries: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_str::<Grounding>(grounding.get()).map_or(0, |grounding| grounding.queries.len() as u64)
}

/// The block that says it; all zero where nothing is known.
pub(super) fn write(report: Option<&UsageReport>) -> String {
    let usage = report.map(|report| report.usage).unwrap_or_default();
    let details = |audio: u64, image: u64, all: u64| {
        let text = all.saturating_sub(audio).saturating_sub(image);
        let counts = [("TEXT", text), ("AUDIO", audio), ("IMAGE", image)].into_iter().filter(|(_, count)| *count > 0);
        let details: Vec<String> = counts
            .map(|(modality, count)| Object::default().put("modality", modality).put("tokenCount", &count).finish())
            .collect();
        array(&details)
    };
    let said = usage.output.saturating_sub(usage.reasoning);
    let mut block = Object::default().put("promptTokenCount", &usage.input).put("candidatesTokenCount", &said);
    if usage.reasoning > 0 {
        block = block.put("thoughtsTokenCount", &usage.reasoning);
    }
    if usage.cache_read > 0 {
        block = block.put("cachedContentTokenCount", &usage.cache_read);
    }
    block = block.put("totalTokenCount", &usage.total());
    if usage.input > 0 {
        block = block.raw("promptTokensDetails", details(usage.input_audio, usage.input_image, usage.input));
    }
    if usage.output_audio > 0 || usage.output_image > 0 {
        block = block.raw("candidatesTokensDetails", details(usage.output_audio, usage.output_image, said));
    }
    let tier = report.and_then(|report| report.service_tier.as_deref()).and_then(written_tier);
    block.put_some("serviceTier", tier.as_ref()).finish()
}

/// The classes of service that Gemini has words for.
fn written_tier(tier: &str) -> Option<&'static str> {
    match tier {
        "default" | "standard" => Some("standard"),
        "flex" => Some("flex"),
        "priority" => Some("priority"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn thoughts_and_the_prompts_of_tools_are_counted_in() {
        let report = read(&raw(
            r#"{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":7,"thoughtsTokenCount":30,
            "toolUsePromptTokenCount":20,"totalTokenCount":157,
            "promptTokensDetails":[{"modality":"TEXT","tokenCount":70},{"modality":"AUDIO","tokenCount":25},{"modality":"IMAGE","tokenCount":5}],
            "candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":4}],"trafficType":"ON_DEMAND"}"#,
        ))
        .unwrap();
        let expected = Usage {
            input: 120,
            output: 37,
            cache_read: 60,
            reasoning: 30,
            input_audio: 25,
            input_image: 5,
            output_image: 4,
            ..Usage::default()
        };
        assert_eq!((report.usage, report.service_tier), (expected, None));
    }

    #[test]
    fn what_is_written_reads_the_same() {
        let usage = Usage { input: 50, output: 20, cache_read: 8, reasoning: 5, input_audio: 3, ..Usage::default() };
        let report = UsageReport { usage, raw: None, service_tier: Some("default".into()) };
        let again = read(&raw(&write(Some(&report)))).unwrap();
        assert_eq!((again.usage, again.service_tier.as_deref()), (usage, Some("standard")));
        assert_eq!(read(&raw(&write(None))).unwrap().usage, Usage::default());
    }

    #[test]
    fn a_total_stands_in_for_an_answer_not_counted() {
        assert_eq!(read(&raw(r#"{"promptTokenCount":5,"totalTokenCount":9}"#)).unwrap().usage.output, 4);
        for text in ["7", "[]", "{}", r#"{"promptTokenCount":-1}"#, r#"{"trafficType":"ON_DEMAND"}"#] {
            assert_eq!(read(&raw(text)), None, "{text}");
        }
    }

    #[test]
    fn searches_are_billed_one_by_one_since_gemini_3() {
        let grounding = raw(r#"{"webSearchQueries":["a","b"]}"#);
        assert_eq!(queries(&grounding), 2);
        assert_eq!((searches("gemini-2.5-flash", 2), searches("gemini-3-pro-preview", 2), searches("x", 2)), (1, 2, 2));
    }
}
