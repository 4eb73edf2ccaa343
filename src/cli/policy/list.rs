//! `policy list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List policies
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy list")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let all = store.policies(session.org(&store)?.id)?;
        let records: Vec<Record> = all.into_iter().map(Record::from).collect();
        session.ui.list(
            COLUMNS,
            &records,
            "no policies yet; add one with `optscale-ai policy add NAME --guardrail NAME`",
        )
    }
}
