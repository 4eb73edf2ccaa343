//! `budget show`.

use super::Which;
use super::record::{PAGE, Standing};
use crate::admin::budgets;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::records::Budget;

/// Show one budget
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai budget show key:ci
  optscale-ai budget show org --period month")]
pub struct Show {
    #[command(flatten)]
    which: Which,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let found = budgets::find(&store, org.id, &self.which.scope, self.which.period)?;
        let budget = the_only(&found)?;
        session.ui.record(PAGE, &Standing::of(&store, &found)?.record(budget))
    }
}

/// The budget, where there is one.
pub(super) fn the_only(found: &[Budget]) -> Outcome<&Budget> {
    match found {
        [only] => Ok(only),
        several => {
            let scope = several.first().map_or_else(String::new, |budget| budget.label.clone());
            let periods: Vec<&str> = several.iter().map(|budget| budget.period.as_str()).collect();
            Err(CliError::usage(format!("{scope} has several budgets"))
                .hint(format!("say which with --period {}", periods.join(" or --period "))))
        }
    }
}
