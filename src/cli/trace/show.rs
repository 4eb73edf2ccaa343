//! `traces show`.

use super::{COLUMNS, page};
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::session::Session;
use crate::cli::table::Format;
use crate::price::Line;
use crate::records::Evaluation;
use crate::store::{Found, Store, TraceDetail, TraceFilter};
use crate::types::{Money, TraceId};
use serde::Serialize;
use serde_json::value::{RawValue, Value, to_value};

/// Show one call in full: fields, attempts, and the cost line by line
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai traces show                         the newest
  optscale-ai traces show tr_01hv3mm8k2e4q
  optscale-ai traces show 01hv3mm8                the beginning is enough
  optscale-ai traces show -o json tr_01hv3mm8k2e4q")]
pub struct Show {
    /// The trace's id, as `traces` and the header x-optscale-trace-id say it [default: the newest]
    #[arg(value_name = "ID")]
    id: Option<String>,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let id = match self.id {
            Some(id) => id,
            None => newest(session, &store)?,
        };
        let detail = match store.find_trace(&id)? {
            Found::One(detail) => detail,
            Found::None => return Err(missing(&id)),
            Found::Several(ids) => return Err(ambiguous(&id, &ids)),
        };
        match session.ui.format {
            Format::Table => session.ui.data(&page::page(&detail)),
            _ => session.ui.record(COLUMNS, &full(&detail)?),
        }
    }
}

fn newest(session: &Session, store: &Store) -> Outcome<String> {
    let filter = TraceFilter { org: Some(session.org(store)?.id), limit: 1, ..TraceFilter::default() };
    let none = || CliError::new(Kind::NotFound, "no traces yet").hint("`optscale-ai connect` shows how to make a call");
    store.traces(&filter)?.first().map(|row| row.id.to_string()).ok_or_else(none)
}

fn missing(id: &str) -> CliError {
    CliError::new(Kind::NotFound, format!("there is no trace `{id}`")).hint("list them with `optscale-ai traces`")
}

fn ambiguous(id: &str, several: &[TraceId]) -> CliError {
    let ids: Vec<String> = several.iter().map(TraceId::to_string).collect();
    CliError::new(Kind::NotFound, format!("`{id}` is the beginning of several traces: {}", ids.join(", ")))
        .hint("write more of the id")
}

/// What JSON has of a trace beside the fields of lists.
#[derive(Serialize)]
struct More<'a> {
    request_type: Option<&'static str>,
    protocol: &'a str,
    message: Option<&'a str>,
    finish: Option<&'a str>,
    overhead_ms: f64,
    usage: &'a crate::types::Usage,
    usage_source: crate::records::UsageSource,
    usage_raw: Option<Box<RawValue>>,
    price: Option<&'a str>,
    cost_lines: Option<Vec<CostLine>>,
    dropped: &'a [String],
    policies: &'a [Evaluation],
    attempts: Vec<Try<'a>>,
}

#[derive(Serialize)]
struct CostLine {
    meter: &'static str,
    count: u64,
    rate_usd: Money,
    amount_usd: Money,
}

#[derive(Serialize)]
struct Try<'a> {
    model: &'a str,
    http_status: Option<u16>,
    error: Option<&'a str>,
    latency_ms: f64,
}

/// The fields of lists, then the rest; `attempts` is the list of them here.
fn full(detail: &TraceDetail) -> Result<Value, serde_json::Error> {
    let mut record = to_value(&detail.row)?;
    let more = to_value(more(detail))?;
    if let (Some(record), Value::Object(more)) = (record.as_object_mut(), more) {
        record.extend(more);
    }
    Ok(record)
}

fn more(detail: &TraceDetail) -> More<'_> {
    let bill = detail.rates.as_ref().and_then(|rates| rates.bill(&detail.usage));
    More {
        request_type: detail.task.map(crate::types::Task::as_str),
        protocol: detail.protocol.as_str(),
        message: detail.message.as_deref(),
        finish: detail.finish.as_deref(),
        overhead_ms: millis(detail.overhead_us),
        usage: &detail.usage,
        usage_source: detail.usage_source,
        usage_raw: detail.usage_raw.clone().and_then(|text| RawValue::from_string(text).ok()),
        price: detail.rates.as_ref().map(|rates| rates.label.as_str()),
        cost_lines: bill.map(|lines| lines.into_iter().map(cost_line).collect()),
        dropped: &detail.dropped,
        policies: &detail.guards,
        attempts: detail.attempts.iter().map(attempt).collect(),
    }
}

fn cost_line(line: Line) -> CostLine {
    CostLine { meter: line.meter.label(), count: line.count, rate_usd: line.rate, amount_usd: line.amount }
}

fn attempt(attempt: &crate::records::Attempt) -> Try<'_> {
    Try {
        model: &attempt.model,
        http_status: attempt.http_status,
        error: attempt.error.as_deref(),
        latency_ms: millis(attempt.latency_us),
    }
}

fn millis(us: u64) -> f64 {
    us as f64 / 1000.0
}
