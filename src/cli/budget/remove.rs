//! `budget remove`.

use super::Which;
use super::record::{COLUMNS, Standing};
use crate::admin::budgets;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Remove the budget of a scope; what was spent stays in the traces
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai budget remove key:ci --yes")]
pub struct Remove {
    #[command(flatten)]
    which: Which,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let (scope, period) = (&self.which.scope, self.which.period);
        let found = budgets::find(&store, org.id, scope, period)?;
        let words: Vec<String> = found.iter().map(|budget| budget.words(crate::types::Time::now())).collect();
        session.confirm(&format!("remove the budget {scope} of {}", words.join(" and ")))?;
        store.catch_up();
        let standing = Standing::of(&store, &found)?;
        let removed = budgets::remove(&store, org.id, scope, period)?;
        session.ui.say(format_args!("removed the budget {scope} of {}", words.join(" and ")));
        removed.iter().try_for_each(|budget| session.ui.changed(COLUMNS, &standing.record(budget)))
    }
}
