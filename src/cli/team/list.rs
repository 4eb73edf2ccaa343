//! `team list`.

use super::record::{COLUMNS, Record};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List teams
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai team list
  optscale-ai teams -o json")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let teams = store.teams(session.org(&store)?.id)?;
        let records: Vec<Record> = teams.into_iter().map(|team| Record::new(&store, team)).collect::<Outcome<_>>()?;
        session.ui.list(COLUMNS, &records, "no teams yet; make one with `optscale-ai team add NAME`")
    }
}
