//! `guardrail show`.

use super::record::{COLUMNS, Record};
use crate::admin::guardrails;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one guardrail
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail show pii")]
pub struct Show {
    /// The guardrail
    #[arg(value_name = "NAME", add = complete::guardrails())]
    guardrail: String,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let guardrail = guardrails::find(&store, session.org(&store)?.id, &self.guardrail)?;
        session.ui.record(COLUMNS, &Record::from(guardrail))
    }
}
