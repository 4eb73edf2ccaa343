//! `provider kinds`.

use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::provider::{self, Kind};
use serde::Serialize;

/// List the kinds of providers that can be added
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider kinds")]
pub struct Kinds {}

#[derive(Serialize)]
struct Record<'a> {
    kind: &'a str,
    title: &'a str,
    protocol: &'static str,
    base_url: Option<&'a str>,
    api_key_env: &'a [String],
    needs_api_key: bool,
    example_model: Option<&'a str>,
    docs: &'a str,
    note: Option<&'a str>,
}

const COLUMNS: &[Column] = &[
    Column::new("kind", "KIND").shape(Shape::Word),
    Column::new("title", "PROVIDER").wide(),
    Column::hidden("protocol"),
    Column::hidden("base_url"),
    Column::new("api_key_env", "KEY FROM"),
    Column::hidden("needs_api_key"),
    Column::hidden("example_model"),
    Column::new("docs", "WHERE TO GET A KEY, OR HOW TO RUN IT"),
    Column::hidden("note"),
];

impl Kinds {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let records: Vec<Record<'_>> = provider::kinds().iter().map(record).collect();
        session.ui.list(COLUMNS, &records, "")
    }
}

fn record(kind: &Kind) -> Record<'_> {
    Record {
        kind: &kind.name,
        title: &kind.title,
        protocol: kind.protocol.as_str(),
        base_url: kind.base_url.as_deref(),
        api_key_env: &kind.api_key_env,
        needs_api_key: kind.needs_secret,
        example_model: kind.example_model.as_deref(),
        docs: &kind.docs,
        note: kind.note.as_deref(),
    }
}
