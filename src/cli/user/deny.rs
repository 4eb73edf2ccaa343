//! `user deny`.

use super::record::{Around, COLUMNS, Record};
use crate::admin::{teams, users};
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::records::{Team, User, UserRole};

/// Let a user call providers or models no more; a provider takes its models along
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user deny bob@example.com openai")]
pub struct Deny {
    /// The user
    #[arg(value_name = "EMAIL", add = complete::users())]
    user: String,
    /// A provider with all its models, or provider/model
    #[arg(value_name = "PROVIDER|MODEL", required = true, add = complete::assignable())]
    what: Vec<String>,
}

impl Deny {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let user = users::deny(&store, org.id, &self.user, &self.what)?;
        match user.allowed.as_slice() {
            [] => session.ui.say(format_args!("nothing is allowed to {} alone any more", user.name)),
            rest => session.ui.say(format_args!("{} may call {}", user.name, rest.join(", "))),
        }
        let team = store.teams(org.id)?.into_iter().find(|team| Some(team.id) == user.team);
        self.remain(session, &user, team.as_ref());
        session.ui.changed(COLUMNS, &Record::new(user, &Around::of(&store, &org)?))
    }

    /// Says what the user may call all the same.
    fn remain(&self, session: &Session, user: &User, team: Option<&Team>) {
        if user.role == UserRole::Owner {
            session.ui.warn(format_args!("{} is an owner and may still call everything", user.name));
        } else if let Some(team) = team
            && let Some(entry) = self.what.iter().find(|entry| teams::allows(team, entry))
        {
            session.ui.warn(format_args!(
                "{} may still call {entry} as a member of the team `{1}`; `optscale-ai team edit {1} --deny {entry}` ends that",
                user.name, team.name
            ));
        }
    }
}
