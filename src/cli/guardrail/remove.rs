//! `guardrail remove`.

use super::record::{COLUMNS, Record};
use crate::admin::guardrails;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Remove a guardrail that no policy names
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail remove pii --yes")]
pub struct Remove {
    /// The guardrail
    #[arg(value_name = "NAME", add = complete::guardrails())]
    guardrail: String,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let guardrail = guardrails::find(&store, org.id, &self.guardrail)?;
        session.confirm(&format!("remove the guardrail `{}`", guardrail.name))?;
        let guardrail = guardrails::remove(&store, org.id, &guardrail.name)?;
        session.ui.say(format_args!("removed guardrail `{}`", guardrail.name));
        session.ui.changed(COLUMNS, &Record::from(guardrail))
    }
}
