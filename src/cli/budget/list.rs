//! `budget list`.

use super::record::{COLUMNS, Record, Standing};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// List budgets, and how they stand
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai budget list
  optscale-ai budgets -o json")]
pub struct List {}

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let budgets = store.budgets(session.org(&store)?.id)?;
        let standing = Standing::of(&store, &budgets)?;
        let records: Vec<Record> = budgets.iter().map(|budget| standing.record(budget)).collect();
        session.ui.list(COLUMNS, &records, "no budgets yet; set one with `optscale-ai budget set SCOPE AMOUNT/PERIOD`")
    }
}
