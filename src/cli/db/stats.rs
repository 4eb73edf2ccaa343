//! `db stats`.

use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;

/// Say how large the database is, and what is in it
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai db stats
  optscale-ai db stats -o json")]
pub struct Stats {}

const COLUMNS: &[Column] = &[
    Column::new("path", "PATH"),
    Column::new("size_bytes", "BYTES").shape(Shape::Count),
    Column::new("wal_bytes", "LOG BYTES").shape(Shape::Count),
    Column::new("free_bytes", "FREE BYTES").shape(Shape::Count),
    Column::new("schema_version", "SCHEMA"),
    Column::new("config_version", "CONFIGURATION"),
    Column::new("oldest_trace", "OLDEST TRACE").shape(Shape::Time),
    Column::new("newest_trace", "NEWEST TRACE").shape(Shape::Time),
    Column::new("rows", "ROWS"),
];

impl Stats {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let stats = session.store()?.stats()?;
        session.ui.record(COLUMNS, &stats)
    }
}
