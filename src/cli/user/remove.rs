//! `user remove`.

use super::record::{Around, COLUMNS, Record};
use crate::admin::{self, users};
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Remove a user: their keys end, their traces stay
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user remove bob@example.com
  optscale-ai user remove bob@example.com --yes")]
pub struct Remove {
    /// The user
    #[arg(value_name = "EMAIL", add = complete::users())]
    user: String,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let user = users::find(&store, org.id, &self.user)?;
        let what = match users::keys(&store, &user)?.as_slice() {
            [] => format!("remove the user `{}`, who has no keys", user.name),
            keys => format!("remove the user `{}` and end their keys for good: {}", user.name, keys.join(", ")),
        };
        session.confirm(&what)?;
        let around = Around::of(&store, &org)?;
        let removed = users::remove(&store, org.id, &self.user, &admin::login_name())?;
        session.ui.say(format_args!("removed user `{}`", removed.user.name));
        if !removed.keys.is_empty() {
            session.ui.say(format_args!("revoked their keys: {}", removed.keys.join(", ")));
        }
        session.ui.changed(COLUMNS, &Record::new(removed.user, &around))
    }
}
