//! `user allow`.

use super::record::{Around, COLUMNS, Record};
use crate::admin::users;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::records::UserRole;

/// Let a user call providers or models as well
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user allow bob@example.com openai
  optscale-ai user allow bob@example.com anthropic/claude-haiku-4-5 google/gemini-2.5-flash")]
pub struct Allow {
    /// The user
    #[arg(value_name = "EMAIL", add = complete::users())]
    user: String,
    /// A provider for all its models, or provider/model
    #[arg(value_name = "PROVIDER|MODEL", required = true, add = complete::assignable())]
    what: Vec<String>,
}

impl Allow {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let user = users::allow(&store, org.id, &self.user, &self.what)?;
        match user.role {
            UserRole::Owner => session.ui.say(format_args!("{} is an owner and may call everything anyway", user.name)),
            _ => session.ui.say(format_args!("{} may call {}", user.name, user.allowed.join(", "))),
        }
        session.ui.changed(COLUMNS, &Record::new(user, &Around::of(&store, &org)?))
    }
}
