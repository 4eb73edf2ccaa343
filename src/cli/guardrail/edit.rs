//! `guardrail edit`.

use super::add::Set;
use super::record::{COLUMNS, Record};
use crate::admin::guardrails;
use crate::cli::complete;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;

/// Change a guardrail; what is not named stays, and policies follow
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail edit pii --set ip=off
  optscale-ai guardrail edit keys --action redact")]
pub struct Edit {
    /// The guardrail
    #[arg(value_name = "NAME", add = complete::guardrails())]
    guardrail: String,
    #[command(flatten)]
    set: Set,
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Outcome {
        if self.set.is_empty() {
            return Err(CliError::usage("nothing to change was named")
                .hint("name what is to change, for example --set ip=off; see `optscale-ai guardrail edit --help`"));
        }
        let store = session.store_to_change()?;
        let set = self.set;
        let org = session.org(&store)?.id;
        let guardrail = guardrails::edit(&store, org, &self.guardrail, |rule| set.apply(rule))?;
        session.ui.say(format_args!("changed guardrail `{}`", guardrail.name));
        session.ui.changed(COLUMNS, &Record::from(guardrail))
    }
}
