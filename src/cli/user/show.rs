//! `user show`.

use super::record::{Around, PAGE, Record};
use crate::admin::users;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one user
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user show ana")]
pub struct Show {
    /// The user
    #[arg(value_name = "NAME", add = complete::users())]
    user: String,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let user = users::find(&store, org.id, &self.user)?;
        session.ui.record(PAGE, &Record::new(user, &Around::of(&store, &org)?))
    }
}
