//! `route list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List routing rules
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai route list")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let routes = store.routes(session.org(&store)?.id)?;
        let records: Vec<Record> = routes.into_iter().map(Record::from).collect();
        session.ui.list(COLUMNS, &records, "no routes yet; add one with `optscale-ai route add NAME --target MODEL`")
    }
}
