//! A trace as it is read back, with names in place of ids.

use crate::price::Rates;
use crate::records::{Attempt, Evaluation, Status, UsageSource};
use crate::store::column::{Json, ProtocolPlace, full_name, uncount};
use crate::types::{Money, Protocol, Task, Time, TraceId, Usage};
use rusqlite::Row;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// One trace, as lists show it. Serialises to the fields that scripts use; times in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TraceRow {
    /// Its id.
    pub id: TraceId,
    /// When it arrived.
    pub time: Time,
    /// The organisation's name.
    pub org: Option<String>,
    /// The user's name.
    pub user: Option<String>,
    /// The name of the team that the user was in then.
    pub team: Option<String>,
    /// The key's name.
    pub key: Option<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// `provider/model`.
    pub model: Option<String>,
    /// The model as the caller named it.
    pub requested_model: Option<String>,
    /// The routing rule's name.
    pub route: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The HTTP status that the caller got.
    pub http_status: u16,
    /// The code of what went wrong.
    pub error: Option<String>,
    /// Whether the answer came piece by piece.
    pub stream: bool,
    /// All prompt tokens.
    pub input_tokens: u64,
    /// All answer tokens.
    pub output_tokens: u64,
    /// Their sum.
    pub total_tokens: u64,
    /// Prompt tokens from the provider's cache.
    pub cache_read_tokens: u64,
    /// Prompt tokens written to a cache.
    pub cache_write_tokens: u64,
    /// Answer tokens spent on reasoning.
    pub reasoning_tokens: u64,
    /// What it cost; none where that is unknown.
    pub cost_usd: Option<Money>,
    /// Whether the gateway counted the tokens itself.
    pub estimated: bool,
    /// From arrival to the end of the answer, in microseconds; serialised in milliseconds.
    #[serde(rename = "latency_ms", serialize_with = "milliseconds")]
    pub latency_us: u64,
    /// From arrival to the first byte of the answer, in microseconds; serialised in milliseconds.
    #[serde(rename = "first_token_ms", serialize_with = "maybe_milliseconds")]
    pub first_token_us: Option<u64>,
    /// How many tries.
    pub attempts: u64,
    /// The key's notes and the caller's.
    pub tags: BTreeMap<String, String>,
    /// The caller's name for a group of calls.
    pub session: Option<String>,
}

/// One trace with all that is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceDetail {
    /// What lists show.
    pub row: TraceRow,
    /// What was wanted.
    pub task: Option<Task>,
    /// In which protocol.
    pub protocol: Protocol,
    /// What went wrong, in words.
    pub message: Option<String>,
    /// Every try.
    pub attempts: Vec<Attempt>,
    /// What was consumed.
    pub usage: Usage,
    /// How that is known.
    pub usage_source: UsageSource,
    /// The provider's own block, JSON text as it came.
    pub usage_raw: Option<String>,
    /// The rates that were applied; with `usage` they give the bill.
    pub rates: Option<Rates>,
    /// Of the latency, what the gateway took before the provider was asked, in microseconds.
    pub overhead_us: u64,
    /// Why the answer ended.
    pub finish: Option<String>,
    /// What could not be translated, by path.
    pub dropped: Vec<String>,
    /// What policies came to.
    pub guards: Vec<Evaluation>,
}

/// The columns that [`read_row`] and [`read_detail`] read, by name.
macro_rules! trace_columns {
    () => {
        "SELECT t.*, o.name AS org, u.name AS user, k.name AS key, p.name AS provider, r.name AS route, e.name AS team
FROM traces AS t
LEFT JOIN orgs AS o ON o.id = t.org_id
LEFT JOIN users AS u ON u.id = t.user_id
LEFT JOIN keys AS k ON k.id = t.key_id
LEFT JOIN providers AS p ON p.id = t.provider_id
LEFT JOIN routes AS r ON r.id = t.route_id
LEFT JOIN memberships AS m ON m.user_id = t.user_id AND m.since_trace_id <= t.id
     AND (m.until_trace_id IS NULL OR m.until_trace_id > t.id)
LEFT JOIN teams AS e ON e.id = m.team_id"
    };
}
pub(super) use trace_columns;

pub(super) fn read_row(row: &Row<'_>) -> rusqlite::Result<TraceRow> {
    let id: TraceId = row.get("id")?;
    let usage = read_usage(row)?;
    let provider: Option<String> = row.get("provider")?;
    let source: UsageSource = row.get("usage_source")?;
    Ok(TraceRow {
        id,
        time: id.time(),
        org: row.get("org")?,
        user: row.get("user")?,
        team: row.get("team")?,
        key: row.get("key")?,
        model: row.get::<_, Option<String>>("model")?.map(|model| full_name(provider.as_deref(), &model)),
        provider,
        requested_model: row.get("requested_model")?,
        route: row.get("route")?,
        status: row.get("status")?,
        http_status: row.get("http_status")?,
        error: row.get("error")?,
        stream: row.get("stream")?,
        input_tokens: usage.input,
        output_tokens: usage.output,
        total_tokens: usage.total(),
        cache_read_tokens: usage.cache_read,
        cache_write_tokens: usage.cache_write(),
        reasoning_tokens: usage.reasoning,
        cost_usd: row.get("cost_pico")?,
        estimated: source == UsageSource::Estimated,
        latency_us: number(row, "latency_us")?,
        first_token_us: row.get::<_, Option<i64>>("first_token_us")?.map(uncount),
        attempts: number(row, "attempt_count")?,
        tags: json(row, "tags")?,
        session: row.get("session")?,
    })
}

/// As [`read_row`], where the rates' body was selected as well.
pub(super) fn read_detail(row: &Row<'_>) -> rusqlite::Result<TraceDetail> {
    let short = read_row(row)?;
    let overhead_us = number(row, "overhead_us")?;
    let attempts: Option<Json<Vec<Attempt>>> = row.get("attempts")?;
    Ok(TraceDetail {
        task: row.get("task")?,
        protocol: row.get::<_, ProtocolPlace>("protocol")?.0,
        message: row.get("message")?,
        attempts: attempts.map_or_else(|| plain_attempts(&short, overhead_us), |Json(all)| all),
        usage: read_usage(row)?,
        usage_source: row.get("usage_source")?,
        usage_raw: row.get("usage_raw")?,
        rates: row.get::<_, Option<Json<Rates>>>("rates")?.map(|Json(rates)| rates),
        overhead_us,
        finish: row.get("finish")?,
        dropped: json(row, "dropped")?,
        guards: json(row, "guards")?,
        row: short,
    })
}

/// The attempt that was not kept, because it says nothing that the row does not say.
fn plain_attempts(row: &TraceRow, overhead_us: u64) -> Vec<Attempt> {
    let attempt = Attempt {
        model: row.model.clone().unwrap_or_default(),
        http_status: Some(200),
        error: None,
        latency_us: row.first_token_us.unwrap_or(row.latency_us).saturating_sub(overhead_us),
    };
    if row.attempts == 0 { Vec::new() } else { vec![attempt] }
}

/// `web_searches` holds whatever is billed by the piece: searches were the first of its kind.
fn read_usage(row: &Row<'_>) -> rusqlite::Result<Usage> {
    Ok(Usage {
        input: number(row, "input")?,
        output: number(row, "output")?,
        cache_read: number(row, "cache_read")?,
        cache_write_5m: number(row, "cache_write_5m")?,
        cache_write_1h: number(row, "cache_write_1h")?,
        reasoning: number(row, "reasoning")?,
        input_audio: number(row, "input_audio")?,
        output_audio: number(row, "output_audio")?,
        input_image: number(row, "input_image")?,
        output_image: number(row, "output_image")?,
        pieces: number(row, "web_searches")?,
    })
}

fn number(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get(column).map(uncount)
}

fn json<T: Default + serde::de::DeserializeOwned>(row: &Row<'_>, column: &str) -> rusqlite::Result<T> {
    let value: Option<Json<T>> = row.get(column)?;
    Ok(value.map(|Json(value)| value).unwrap_or_default())
}

fn milliseconds<S: Serializer>(us: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*us as f64 / 1000.0)
}

fn maybe_milliseconds<S: Serializer>(us: &Option<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    us.map(|us| us as f64 / 1000.0).serialize(serializer)
}
