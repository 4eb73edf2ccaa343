//! `team show`.

use super::record::{COLUMNS, Record};
use crate::admin::teams;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one team
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai team show core")]
pub struct Show {
    /// The team
    #[arg(value_name = "NAME", add = complete::teams())]
    team: String,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let team = teams::find(&store, session.org(&store)?.id, &self.team)?;
        session.ui.record(COLUMNS, &Record::new(&store, team)?)
    }
}
