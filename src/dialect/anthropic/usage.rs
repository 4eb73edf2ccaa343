//! Token counts: Anthropic's block to the normalised one and back.
//!
//! Anthropic's `input_tokens` leaves out what was read from or written to a cache, the normalised
//! `input` holds it. In streams, later reports are cumulative and may leave fields out.
//! Source: platform.claude.com, "Messages API" (`usage`) and "Prompt caching".

use super::wire::{Object, encode};
use crate::canonical::{Json, UsageReport};
use crate::types::Usage;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Counts as they stand on the wire, and what is known so far of a stream.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_creation: Option<CacheCreation>,
    output_tokens_details: Option<OutputDetails>,
    server_tool_use: Option<ServerToolUse>,
    service_tier: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct CacheCreation {
    ephemeral_5m_input_tokens: Option<u64>,
    ephemeral_1h_input_tokens: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct OutputDetails {
    thinking_tokens: Option<u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct ServerToolUse {
    web_search_requests: Option<u64>,
}

impl Counts {
    /// The counts of a block; none where it is no object or has no count of tokens.
    fn of(raw: &RawValue) -> Option<Counts> {
        // serde would take a list for an object whose members have no names.
        let counts: Counts = raw.get().starts_with('{').then(|| serde_json::from_str(raw.get()).ok())??;
        (counts.input_tokens.is_some() || counts.output_tokens.is_some()).then_some(counts)
    }

    /// Takes a later report in: counts never fall, and what it leaves out stays.
    fn merge(self, later: Counts) -> Counts {
        Counts {
            input_tokens: self.input_tokens.max(later.input_tokens),
            output_tokens: later.output_tokens.or(self.output_tokens),
            cache_read_input_tokens: self.cache_read_input_tokens.max(later.cache_read_input_tokens),
            cache_creation_input_tokens: self.cache_creation_input_tokens.max(later.cache_creation_input_tokens),
            cache_creation: later.cache_creation.or(self.cache_creation),
            output_tokens_details: later.output_tokens_details.or(self.output_tokens_details),
            server_tool_use: later.server_tool_use.or(self.server_tool_use),
            service_tier: later.service_tier.or(self.service_tier),
        }
    }

    fn usage(&self) -> Usage {
        let split = self.cache_creation.clone().unwrap_or_default();
        let hour = split.ephemeral_1h_input_tokens.unwrap_or(0);
        let five = split.ephemeral_5m_input_tokens.unwrap_or(0);
        let written = self.cache_creation_input_tokens.unwrap_or(0).max(hour.saturating_add(five));
        let read = self.cache_read_input_tokens.unwrap_or(0);
        Usage {
            input: self.input_tokens.unwrap_or(0).saturating_add(read).saturating_add(written),
            output: self.output_tokens.unwrap_or(0),
            cache_read: read,
            cache_write_5m: written - hour,
            cache_write_1h: hour,
            reasoning: self.output_tokens_details.as_ref().and_then(|d| d.thinking_tokens).unwrap_or(0),
            pieces: self.server_tool_use.as_ref().and_then(|s| s.web_search_requests).unwrap_or(0),
            ..Usage::default()
        }
    }
}

/// A report from one whole block; none where it cannot be read.
pub(super) fn read(raw: &RawValue) -> Option<UsageReport> {
    let counts = Counts::of(raw)?;
    Some(UsageReport { usage: counts.usage(), raw: Some(Json(raw.to_owned())), service_tier: counts.service_tier })
}

/// What is known of a stream's consumption.
#[derive(Default)]
pub(super) struct Known {
    counts: Counts,
    raw: Option<Json>,
}

impl Known {
    /// Takes a block of the stream in, and reports all that is known with it.
    ///
    /// The raw block is the first one with the members of later ones laid over, for those leave out
    /// the class of service and the split of the cache.
    pub(super) fn add(&mut self, raw: &RawValue) -> Option<UsageReport> {
        let later = Counts::of(raw)?;
        self.counts = std::mem::take(&mut self.counts).merge(later);
        self.raw = Some(match self.raw.take() {
            None => Json(raw.to_owned()),
            Some(earlier) => overlay(earlier, raw),
        });
        Some(UsageReport {
            usage: self.counts.usage(),
            raw: self.raw.clone(),
            service_tier: self.counts.service_tier.clone(),
        })
    }
}

fn overlay(earlier: Json, later: &RawValue) -> Json {
    let object = |text: &str| serde_json::from_str::<Map<String, Value>>(text);
    let (Ok(mut all), Ok(later)) = (object(earlier.get()), object(later.get())) else { return earlier };
    for (name, value) in later.into_iter().filter(|(_, value)| !value.is_null()) {
        // A report that repeats an input count as 0 does not know it.
        let keep = value.as_u64() == Some(0) && all.get(&name).and_then(Value::as_u64).is_some();
        if !keep {
            all.insert(name, value);
        }
    }
    Json::of(&all).unwrap_or(earlier)
}

/// The block that an Anthropic caller reads; zeros where nothing is known.
pub(super) fn write(report: Option<&UsageReport>) -> String {
    let usage = report.map(|report| report.usage).unwrap_or_default();
    let fresh = usage.input.saturating_sub(usage.cache_read).saturating_sub(usage.cache_write());
    let split = Object::default()
        .put("ephemeral_5m_input_tokens", &usage.cache_write_5m)
        .put("ephemeral_1h_input_tokens", &usage.cache_write_1h);
    let mut block = Object::default()
        .put("input_tokens", &fresh)
        .put("cache_creation_input_tokens", &usage.cache_write())
        .put("cache_read_input_tokens", &usage.cache_read)
        .raw("cache_creation", split.finish())
        .put("output_tokens", &usage.output);
    if usage.reasoning > 0 {
        block = block.raw("output_tokens_details", Object::default().put("thinking_tokens", &usage.reasoning).finish());
    }
    if usage.pieces > 0 {
        block = block.raw("server_tool_use", Object::default().put("web_search_requests", &usage.pieces).finish());
    }
    let tier = report.and_then(|report| report.service_tier.as_deref());
    block.raw("service_tier", encode(&tier.map(written_tier))).finish()
}

/// Anthropic calls the usual class of service `standard`, others call it `default`.
fn written_tier(tier: &str) -> &str {
    if tier == "default" { "standard" } else { tier }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn the_whole_prompt_holds_the_cache() {
        let report = read(&raw(
            r#"{"input_tokens":10,"cache_creation_input_tokens":300,"cache_read_input_tokens":1000,
            "cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200},"output_tokens":7,
            "output_tokens_details":{"thinking_tokens":3},"server_tool_use":{"web_search_requests":2},"service_tier":"standard"}"#,
        ))
        .unwrap();
        let expected = Usage {
            input: 1310,
            output: 7,
            cache_read: 1000,
            cache_write_5m: 100,
            cache_write_1h: 200,
            reasoning: 3,
            pieces: 2,
            ..Usage::default()
        };
        assert_eq!(report.usage, expected);
        assert_eq!(report.service_tier.as_deref(), Some("standard"));
        assert_eq!(read(&raw(&write(Some(&report)))).unwrap().usage, expected);
    }

    #[test]
    fn an_unsplit_write_lives_five_minutes() {
        let report = read(&raw(r#"{"input_tokens":1,"cache_creation_input_tokens":5,"output_tokens":null}"#)).unwrap();
        assert_eq!((report.usage.cache_write_5m, report.usage.input, report.usage.output), (5, 6, 0));
    }

    #[test]
    fn later_reports_keep_what_they_leave_out() {
        let mut known = Known::default();
        known
            .add(&raw(r#"{"input_tokens":9,"cache_read_input_tokens":4,"output_tokens":1,"service_tier":"priority"}"#));
        let report =
            known.add(&raw(r#"{"input_tokens":0,"cache_read_input_tokens":null,"output_tokens":20}"#)).unwrap();
        assert_eq!((report.usage.input, report.usage.cache_read, report.usage.output), (13, 4, 20));
        assert_eq!(report.service_tier.as_deref(), Some("priority"));
        assert_eq!(
            report.raw.unwrap().get(),
            r#"{"input_tokens":9,"cache_read_input_tokens":4,"output_tokens":20,"service_tier":"priority"}"#
        );
    }

    #[test]
    fn nonsense_is_no_report() {
        for text in ["7", "[]", "{}", r#"{"input_tokens":"many"}"#, r#"{"input_tokens":-1}"#] {
            assert_eq!(read(&raw(text)), None, "{text}");
        }
    }
}
