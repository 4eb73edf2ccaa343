//! `guardrail list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List guardrails
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail list")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let all = store.guardrails(session.org(&store)?.id)?;
        let records: Vec<Record> = all.into_iter().map(Record::from).collect();
        session.ui.list(COLUMNS, &records, "no guardrails yet; add one with `optscale-ai guardrail add pii --type pii`")
    }
}
