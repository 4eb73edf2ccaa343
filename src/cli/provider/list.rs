//! `provider list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List registered providers
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider list
  optscale-ai providers -o json")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let rows = store.providers(session.org(&store)?.id)?;
        let records: Vec<Record> = rows.into_iter().map(Record::from).collect();
        session.ui.list(COLUMNS, &records, "no providers yet; add one with `optscale-ai provider add KIND`")
    }
}
