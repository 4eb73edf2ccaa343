//! `key list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::types::Time;

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
        let (users, now) = (store.users(org.id)?, Time::now());
        let mut records: Vec<Record> =
            store.keys(org.id)?.into_iter().map(|row| Record::new(row, &users, now)).collect();
        records.retain(|record| self.status.as_deref().is_none_or(|status| status == record.status));
        session.ui.list(COLUMNS, &records, "no keys, or none that match; make one with `optscale-ai key create NAME`")
    }
}
