//! `key list`.

use super::record::{Around, COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List virtual keys, revoked and expired ones too
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai key list
  optscale-ai key list --status active -o json")]
pub struct List {
    /// Only keys in this state
    #[arg(long, value_name = "STATE", value_parser = ["active", "expired", "revoked"])]
    status: Option<String>,
}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let around = Around::of(&store, &org)?;
        let mut records: Vec<Record> = store.keys(org.id)?.into_iter().map(|row| Record::new(row, &around)).collect();
        records.retain(|record| self.status.as_deref().is_none_or(|status| status == record.status));
        session.ui.list(COLUMNS, &records, "no keys, or none that match; make one with `optscale-ai key create NAME`")
    }
}
