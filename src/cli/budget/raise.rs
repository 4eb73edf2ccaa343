//! `budget raise`.

use super::Which;
use super::record::{COLUMNS, Record, Standing};
use crate::admin::budgets;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::when::duration;
use crate::records;
use crate::types::{Money, Time};
use std::time::Duration;

/// Give a budget another limit for a while
///
/// After that the usual limit applies again to all that was spent in the period. It may be lower, too.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai budget raise key:ci 25 --for 2h
  optscale-ai budget raise key:ci --end")]
pub struct Raise {
    #[command(flatten)]
    which: Which,
    /// The limit in that time, in US dollars
    #[arg(value_name = "AMOUNT", required_unless_present = "end", requires = "span")]
    amount: Option<Money>,
    /// For how long: 30m, 2h, 3d
    #[arg(long = "for", id = "span", value_name = "TIME", value_parser = duration)]
    span: Option<Duration>,
    /// Take it back: the usual limit applies again
    #[arg(long, conflicts_with_all = ["amount", "span"])]
    end: bool,
}

impl Raise {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let raise = match (self.amount, self.span) {
            (Some(limit), _) if limit < Money::ZERO => {
                return Err(CliError::usage("a limit cannot be less than nothing"));
            }
            (Some(limit), Some(span)) => Some(records::Raise { limit, until: Time::now().after(span) }),
            _ => None,
        };
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let changed = budgets::raise(&store, org.id, (&self.which.scope, self.which.period), raise)?;
        match raise {
            Some(raise) => {
                session.ui.say(format_args!("{} has ${} until {}", self.which.scope, raise.limit, raise.until))
            }
            None => session.ui.say(format_args!("{} has its usual limit", self.which.scope)),
        }
        store.catch_up();
        let standing = Standing::of(&store, &changed)?;
        let records: Vec<Record> = changed.iter().map(|budget| standing.record(budget)).collect();
        records.iter().try_for_each(|record| session.ui.changed(COLUMNS, record))
    }
}
