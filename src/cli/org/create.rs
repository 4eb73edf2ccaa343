//! `org create`.

use super::record::{COLUMNS, Record};
use crate::admin::{self, orgs};
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Create an organisation with its owner
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai org create acme
  optscale-ai org create acme --owner ana@example.com")]
pub struct Create {
    /// Its name
    #[arg(value_name = "NAME")]
    name: String,
    /// Name of its owner [default: your login name]
    #[arg(long, value_name = "USER")]
    owner: Option<String>,
}

impl Create {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let owner = self.owner.unwrap_or_else(admin::login_name);
        let org = orgs::create(&store, &self.name, &owner)?;
        session.ui.say(format_args!("created organisation `{}`, owned by {owner}", org.name));
        if store.selected_org()? != Some(org.id) {
            session.ui.say(format_args!("work on it with `optscale-ai org use {0}`, or --org {0}", org.name));
        }
        session.ui.changed(COLUMNS, &Record::new(&store, org)?)
    }
}
