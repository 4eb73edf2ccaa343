//! `org show`.

use super::record::{COLUMNS, Record};
use crate::admin::orgs;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one organisation, the selected one unless named
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai org show
  optscale-ai org show acme -o json")]
pub struct Show {
    /// The organisation
    #[arg(value_name = "NAME", add = complete::orgs())]
    name: Option<String>,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = match &self.name {
            Some(name) => orgs::find(&store, name)?,
            None => session.org(&store)?,
        };
        session.ui.record(COLUMNS, &Record::new(&store, org)?)
    }
}
