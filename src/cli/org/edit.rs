//! `org edit`.

use super::record::{COLUMNS, Record};
use crate::admin::orgs;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Give an organisation another name; its id stays
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai org edit default --name acme")]
pub struct Edit {
    /// The organisation [default: the selected one]
    #[arg(value_name = "ORG", add = complete::orgs())]
    selected: Option<String>,
    /// Its new name
    #[arg(long, value_name = "NAME", required = true)]
    name: String,
}

impl Edit {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let before = match &self.selected {
            Some(name) => orgs::find(&store, name)?,
            None => session.org(&store)?,
        };
        let org = orgs::rename(&store, &before.name, &self.name)?;
        session.ui.say(format_args!("organisation `{}` is called `{}` now", before.name, org.name));
        session.ui.changed(COLUMNS, &Record::new(&store, org)?)
    }
}
