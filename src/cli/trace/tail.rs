//! `traces tail`.

use super::COLUMNS;
use super::filter::{AtLeast, Which};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::{self, Format, Room};
use crate::records::Status;
use crate::store::{Store, TraceFilter, TraceRow};
use crate::types::{Time, TraceId};
use serde_json::json;
use std::collections::BTreeSet;
use std::time::Duration;

const PAUSE: Duration = Duration::from_millis(250);

/// Show calls as they end, until Ctrl-C
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai traces tail
  optscale-ai traces tail --status error -o jsonl")]
pub struct Tail {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    at_least: AtLeast,
    /// Begin with so many of the last calls
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: u64,
}

impl Tail {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let filter = self.at_least.narrow(self.which.filter(&session.org(&store)?));
        let mut follower = Follower::new(filter);
        if session.ui.format == Format::Csv {
            session.ui.data(&table::list(Format::Csv, COLUMNS, &[] as &[TraceRow], Room::Endless)?)?;
        }
        let mut ended = follower.begin(&store, self.limit)?;
        loop {
            for row in &ended {
                session.ui.data(&line(session.ui.format, row)?)?;
            }
            std::thread::sleep(PAUSE);
            ended = follower.ended(&store)?;
        }
    }
}

/// Knows which calls were shown, and which are still under way.
struct Follower {
    filter: TraceFilter,
    seen: TraceId,
    running: BTreeSet<TraceId>,
}

impl Follower {
    fn new(filter: TraceFilter) -> Follower {
        // A call is filtered by its end: while it runs, neither status nor cost is known.
        Follower { filter, seen: TraceId::first_at(Time::now()), running: BTreeSet::new() }
    }

    /// The last calls, oldest first.
    fn begin(&mut self, store: &Store, limit: u64) -> Outcome<Vec<TraceRow>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let mut rows = store.traces(&TraceFilter { limit, ..self.filter.clone() })?;
        rows.reverse();
        Ok(self.sort_out(rows))
    }

    /// The calls that ended since the last time, oldest first.
    fn ended(&mut self, store: &Store) -> Outcome<Vec<TraceRow>> {
        let everything = TraceFilter { org: self.filter.org, ..TraceFilter::default() };
        let from = self.running.first().map_or(self.seen, |oldest| TraceId(oldest.0 - 1)).min(self.seen);
        let fresh: BTreeSet<TraceId> =
            store.traces_after(self.seen, &everything)?.iter().map(|row| row.id).chain(self.running.clone()).collect();
        let matching = store.traces_after(from, &self.filter)?;
        let now_running = store.traces_after(from, &TraceFilter { status: Some(Status::Running), ..everything })?;
        self.running = now_running.iter().map(|row| row.id).collect();
        self.seen = fresh.last().copied().unwrap_or(self.seen).max(self.seen);
        let done = |row: &TraceRow| fresh.contains(&row.id) && !self.running.contains(&row.id);
        Ok(matching.into_iter().filter(done).collect())
    }

    fn sort_out(&mut self, rows: Vec<TraceRow>) -> Vec<TraceRow> {
        self.seen = rows.last().map_or(self.seen, |row| row.id.max(self.seen));
        let (running, ended): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.status == Status::Running);
        self.running.extend(running.iter().map(|row| row.id));
        ended
    }
}

fn line(format: Format, row: &TraceRow) -> Outcome<String> {
    let text = match format {
        Format::Json | Format::Jsonl => table::list(Format::Jsonl, COLUMNS, &[row], Room::Endless)?,
        Format::Csv => {
            let whole = table::list(Format::Csv, COLUMNS, &[row], Room::Endless)?;
            whole.split_once("\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default()
        }
        Format::Table => words(row),
    };
    Ok(text)
}

fn words(row: &TraceRow) -> String {
    let word = |value: &Option<String>| Shape::Word.words(&json!(value));
    format!(
        "{} {} {:<20} {:>9} {:>7} in {:>6} out {:>12}  {} {}\n",
        Shape::Time.words(&json!(row.time)),
        row.id,
        row.error.as_deref().unwrap_or(row.status.as_str()),
        Shape::Millis.words(&json!(row.latency_us as f64 / 1000.0)),
        Shape::Count.words(&json!(row.input_tokens)),
        Shape::Count.words(&json!(row.output_tokens)),
        Shape::Money.words(&json!(row.cost_usd)),
        word(row.model.as_ref().map_or(&row.requested_model, |_| &row.model)),
        word(&row.key),
    )
}
