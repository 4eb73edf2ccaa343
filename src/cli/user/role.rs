//! `user role`.

use super::record::{Around, COLUMNS, Record};
use crate::admin::users;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::{complete, words};
use crate::records::UserRole;

/// Give a user another role: owner, manager or member
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user role bob@example.com manager")]
pub struct Role {
    /// The user
    #[arg(value_name = "EMAIL", add = complete::users())]
    user: String,
    /// owner (everything, and call everything), manager (the organisation), member
    #[arg(value_name = "ROLE", value_parser = words::role())]
    role: UserRole,
}

impl Role {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let user = users::set_role(&store, org.id, &self.user, self.role)?;
        session.ui.say(format_args!("{} is {} now", user.name, self.role.as_str()));
        session.ui.changed(COLUMNS, &Record::new(user, &Around::of(&store, &org)?))
    }
}
