//! `provider show`.

use super::record::{PAGE, Record};
use crate::admin::providers;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one provider; its key is never shown
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider show openai")]
pub struct Show {
    /// The provider
    #[arg(value_name = "NAME", add = complete::providers())]
    provider: String,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let row = providers::find(&store, session.org(&store)?.id, &self.provider)?;
        session.ui.record(PAGE, &Record::from(row))
    }
}
