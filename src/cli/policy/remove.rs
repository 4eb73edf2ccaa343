//! `policy remove`.

use super::record::{COLUMNS, Record};
use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Remove a policy; its guardrails and its traces stay
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy remove mask-pii --yes")]
pub struct Remove {
    /// The policy
    #[arg(value_name = "NAME", add = complete::policies())]
    policy: String,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let policy = policies::find(&store, org.id, &self.policy)?;
        session.confirm(&format!("remove the policy `{}`", policy.name))?;
        let policy = policies::remove(&store, org.id, &policy.name)?;
        session.ui.say(format_args!("removed policy `{}`", policy.name));
        session.ui.changed(COLUMNS, &Record::from(policy))
    }
}
