//! `user invite`.

use super::record::{Around, COLUMNS, Record};
use crate::admin::users::{self, InviteUser};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::{complete, words};
use crate::records::UserRole;

/// Add a user, who may call nothing but what is allowed; no mail is sent
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user invite bob@example.com --allow openai
  optscale-ai user invite eva@example.com --role manager --team core")]
pub struct Invite {
    /// Mail address or login name
    #[arg(value_name = "EMAIL")]
    user: String,
    /// What they may do: owner (everything, and call everything), manager (the organisation), member
    #[arg(long, value_name = "ROLE", default_value = "member", value_parser = words::role())]
    role: UserRole,
    /// Team to join
    #[arg(long, value_name = "TEAM", add = complete::teams())]
    team: Option<String>,
    /// Provider, or provider/model, that they may call; may be repeated
    #[arg(long = "allow", value_name = "PROVIDER", value_delimiter = ',', add = complete::assignable())]
    allowed: Vec<String>,
}

impl Invite {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let wanted = InviteUser { name: self.user, role: self.role, team: self.team, allowed: self.allowed };
        let user = users::invite(&store, org.id, &wanted)?;
        let record = Record::new(user, &Around::of(&store, &org)?);
        session.ui.say(format_args!("added user `{}`, {}", record.name, self.role.as_str()));
        if record.status == "unassigned" {
            session.ui.say(format_args!("allow something with `optscale-ai user allow {} PROVIDER`", record.name));
        }
        session.ui.say(format_args!("make a key with `optscale-ai key create NAME --user {}`", record.name));
        session.ui.changed(COLUMNS, &record)
    }
}
