//! `org use`.

use super::record::{COLUMNS, Record};
use crate::admin::orgs;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Select the organisation that commands work on
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai org use acme")]
pub struct Use {
    /// The organisation
    #[arg(value_name = "NAME", add = complete::orgs())]
    name: String,
}

impl Use {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = orgs::select(&store, &self.name)?;
        session.ui.say(format_args!("commands work on organisation `{}` now", org.name));
        session.ui.changed(COLUMNS, &Record::new(&store, org)?)
    }
}
