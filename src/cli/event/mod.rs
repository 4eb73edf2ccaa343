//! `event`: what people should know of.

use super::error::Outcome;
use super::session::Session;
use super::shape::Shape;
use super::table::Column;
use super::when::past;
use crate::records::{Event, EventKind};
use crate::types::{Time, TraceId};
use clap::{Args, Subcommand};
use serde::Serialize;

/// See what happened that people should know of
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  optscale-ai events
  optscale-ai event list --kind budget_overrun --since 7d -o json"
)]
pub struct Noun {
    #[command(flatten)]
    list: List,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    List(List),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => self.list.run(session),
            Some(Verb::List(verb)) => verb.run(session),
        }
    }
}

/// List events, newest first
///
/// budget_soft: a soft budget is used up. budget_hard: a hard budget refused a call, once a period. budget_overrun: a call
/// cost more than could be foreseen.
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai event list --since 7d
  optscale-ai event list --kind budget_overrun -o json")]
pub struct List {
    /// Since when: 1h, 7d, 2026-11-01 [default: 30d]
    #[arg(long, value_name = "TIME", value_parser = past)]
    since: Option<Time>,
    /// Only events of this kind: budget_soft, budget_hard, budget_overrun
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<EventKind>,
    /// At most so many; 0 for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u64,
}

fn kind(word: &str) -> Result<EventKind, String> {
    EventKind::parse(word)
        .ok_or_else(|| format!("`{word}` is no kind; write budget_soft, budget_hard or budget_overrun"))
}

/// What is shown of an event.
#[derive(Serialize)]
struct Record {
    id: i64,
    time: Time,
    kind: &'static str,
    subject: String,
    message: String,
    call: Option<TraceId>,
}

const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("time", "TIME").shape(Shape::Time),
    Column::new("kind", "KIND").shape(Shape::Word),
    Column::new("subject", "SUBJECT").wide(),
    Column::new("message", "MESSAGE"),
    Column::hidden("call"),
];

impl List {
    fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let since = self.since.unwrap_or_else(|| Time::now().before(std::time::Duration::from_secs(30 * 86_400)));
        let mut records: Vec<Record> = store.events(org.id, since, 0)?.into_iter().map(record).collect();
        records.retain(|record| self.kind.is_none_or(|kind| kind.as_str() == record.kind));
        if self.limit > 0 {
            records.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        }
        session.ui.list(COLUMNS, &records, "no events")
    }
}

fn record((id, event): (i64, Event)) -> Record {
    let Event { time, kind, subject, message, call, .. } = event;
    Record { id, time, kind: kind.as_str(), subject, message, call }
}
