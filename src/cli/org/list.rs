//! `org list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List organisations
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai org list")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let records: Vec<Record> =
            store.orgs()?.into_iter().map(|org| Record::new(&store, org)).collect::<Outcome<_>>()?;
        session.ui.list(COLUMNS, &records, "no organisations yet; make one with `optscale-ai init`")
    }
}
