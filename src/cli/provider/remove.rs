//! `provider remove`.

use super::record::{COLUMNS, Record};
use crate::admin::providers;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Remove a provider and wipe its key; its traces stay
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider remove openai
  optscale-ai provider remove openai --yes")]
pub struct Remove {
    /// The provider
    #[arg(value_name = "NAME", add = complete::providers())]
    provider: String,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let row = providers::find(&store, org.id, &self.provider)?;
        session.confirm(&format!("remove the provider `{}` and wipe its key", row.name))?;
        let row = providers::remove(&store, org.id, &self.provider)?;
        session.ui.say(format_args!("removed provider `{}`", row.name));
        session.ui.changed(COLUMNS, &Record::from(row))
    }
}
