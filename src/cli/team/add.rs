//! `team add`.

use super::record::{COLUMNS, Record};
use crate::admin::teams::{self, AddTeam};
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Make a team
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai team add core --allow openai --member bob@example.com --member eva@example.com")]
pub struct Add {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// Provider, or provider/model, that its members may call; may be repeated
    #[arg(long = "allow", value_name = "PROVIDER", value_delimiter = ',', add = complete::assignable())]
    allowed: Vec<String>,
    /// User who joins it; may be repeated
    #[arg(long = "member", value_name = "EMAIL", value_delimiter = ',', add = complete::users())]
    members: Vec<String>,
}

impl Add {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let wanted = AddTeam { name: self.name, allowed: self.allowed, members: self.members };
        let team = teams::add(&store, org.id, &wanted)?;
        session.ui.say(format_args!("made team `{}`", team.name));
        if wanted.members.is_empty() {
            session.ui.say(format_args!("let users join with `optscale-ai team edit {} --join EMAIL`", team.name));
        }
        session.ui.changed(COLUMNS, &Record::new(&store, team)?)
    }
}
