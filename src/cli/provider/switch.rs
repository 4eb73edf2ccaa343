//! `provider enable`, `provider disable`.

use super::record::{COLUMNS, Record};
use crate::admin::providers;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Let calls go to a provider again
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider enable openai")]
pub struct Enable {
    /// The provider
    #[arg(value_name = "NAME", add = complete::providers())]
    provider: String,
}

/// Let no call go to a provider; its settings stay
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider disable openai")]
pub struct Disable {
    /// The provider
    #[arg(value_name = "NAME", add = complete::providers())]
    provider: String,
}

impl Enable {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let row = providers::enable(&store, session.org(&store)?.id, &self.provider)?;
        session.ui.say(format_args!("provider `{}` is active", row.name));
        session.ui.changed(COLUMNS, &Record::from(row))
    }
}

impl Disable {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let row = providers::disable(&store, session.org(&store)?.id, &self.provider)?;
        session.ui.say(format_args!(
            "provider `{0}` is inactive: calls to it are refused until `optscale-ai provider enable {0}`",
            row.name
        ));
        session.ui.changed(COLUMNS, &Record::from(row))
    }
}
