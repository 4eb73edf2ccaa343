//! `policy show`.

use super::record::{COLUMNS, Record};
use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one policy
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy show mask-pii")]
pub struct Show {
    /// The policy
    #[arg(value_name = "NAME", add = complete::policies())]
    policy: String,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let policy = policies::find(&store, session.org(&store)?.id, &self.policy)?;
        session.ui.record(COLUMNS, &Record::from(policy))
    }
}
