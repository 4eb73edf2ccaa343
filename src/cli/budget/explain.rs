//! `budget explain`.

use super::Which;
use super::record::{HoldingCall, PAGE, Record, SessionSpent, Standing};
use super::show::the_only;
use crate::admin::budgets;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use serde::Serialize;

/// Say what was spent of a budget, what is held and by which calls, and when it is full again
///
/// What is held is the most that calls under way can cost; it becomes their true cost when they are over. Both are read
/// from the database, with or without a running gateway.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai budget explain key:ci
  optscale-ai budget explain session -o json")]
pub struct Explain {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct Explained {
    #[serde(flatten)]
    budget: Record,
    calls: Vec<HoldingCall>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    sessions: Vec<SessionSpent>,
}

const CALLS: &[Column] = &[
    Column::new("id", "CALL").shape(Shape::Word),
    Column::new("held_usd", "HELD").shape(Shape::Money),
    Column::new("since", "SINCE").shape(Shape::Time),
];
const SESSIONS: &[Column] = &[
    Column::new("session", "SESSION"),
    Column::new("spent_usd", "SPENT").shape(Shape::Money),
    Column::new("held_usd", "HELD").shape(Shape::Money),
];

impl Explain {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let found = budgets::find(&store, org.id, &self.which.scope, self.which.period)?;
        let budget = the_only(&found)?;
        let standing = Standing::of(&store, &found)?;
        let (calls, sessions) = (standing.calls(budget), standing.sessions(budget));
        let explained = Explained { budget: standing.record(budget), calls, sessions };
        session.ui.record(PAGE, &explained)?;
        if !session.ui.is_table() {
            return Ok(());
        }
        if !explained.sessions.is_empty() {
            session.ui.data("\n")?;
            session.ui.list(SESSIONS, &explained.sessions, "")?;
        }
        if explained.calls.is_empty() {
            session.ui.say(format_args!("no call is under way that holds money of it"));
            return Ok(());
        }
        session.ui.data("\n")?;
        session.ui.list(CALLS, &explained.calls, "")
    }
}
