//! `team remove`.

use super::record::{COLUMNS, Record};
use crate::admin::teams;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Remove a team: its members stay, and may call only what they may by themselves
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai team remove core --yes")]
pub struct Remove {
    /// The team
    #[arg(value_name = "NAME", add = complete::teams())]
    team: String,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let team = teams::find(&store, org.id, &self.team)?;
        let members = teams::members(&store, &team)?;
        let whose =
            if members.is_empty() { String::new() } else { format!(", whose members are {}", members.join(", ")) };
        session.confirm(&format!("remove the team `{}`{whose}", team.name))?;
        let record = Record::new(&store, team)?;
        let team = teams::remove(&store, org.id, &self.team)?;
        session.ui.say(format_args!("removed team `{}`", team.name));
        session.ui.changed(COLUMNS, &record)
    }
}
