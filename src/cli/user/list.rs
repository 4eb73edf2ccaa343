//! `user list`.

use super::record::{Around, COLUMNS, Record, status_line};
use crate::admin::users;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List users, and say who may call nothing yet
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai user list
  optscale-ai user list -o csv > access.csv")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let around = Around::of(&store, &org)?;
        let users = users::list(&store, org.id)?;
        let records: Vec<Record> = users.into_iter().map(|user| Record::new(user, &around)).collect();
        session.ui.list(COLUMNS, &records, "no users yet; `optscale-ai init` makes the owner")?;
        if session.ui.is_table() && !records.is_empty() {
            session.ui.say(status_line(&records));
        }
        Ok(())
    }
}
