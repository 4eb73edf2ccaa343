//! `policy edit`.

use super::add::Set;
use super::record::{COLUMNS, Record};
use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Change a policy; what is not named stays
///
/// A list that is given (--guardrail) replaces the whole list.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy edit trial --no-dry-run
  optscale-ai policy edit mask-pii --guardrail pii --guardrail keys")]
pub struct Edit {
    /// The policy
    #[arg(value_name = "NAME", add = complete::policies())]
    policy: String,
    #[command(flatten)]
    set: Set,
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?.id;
        let set = self.set;
        let policy = policies::edit(&store, org, &self.policy, |rule| set.apply(rule))?;
        session.ui.say(format_args!("changed policy `{}`", policy.name));
        session.ui.changed(COLUMNS, &Record::from(policy))
    }
}
