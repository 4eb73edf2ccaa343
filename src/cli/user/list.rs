//! `user list`.

use super::record::{COLUMNS, Record};
use crate::admin::users;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List users
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user list -o csv")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let (keys, uses) = (store.keys(org.id)?, store.key_uses()?);
        let users = users::list(&store, org.id)?;
        let records: Vec<Record> = users.into_iter().map(|user| Record::new(user, &keys, &uses)).collect();
        session.ui.list(COLUMNS, &records, "no users yet; `optscale-ai init` makes the owner")
    }
}
