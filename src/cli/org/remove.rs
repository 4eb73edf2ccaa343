//! `org remove`.

use crate::admin::{self, orgs};
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::table::Column;
use serde::Serialize;

/// Remove an organisation: its keys end, its providers' keys are wiped, its traces stay
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai org remove acme
  optscale-ai org remove acme --yes")]
pub struct Remove {
    /// The organisation
    #[arg(value_name = "NAME", add = complete::orgs())]
    name: String,
}

#[derive(Serialize)]
struct Record<'a> {
    id: &'a str,
    name: &'a str,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = orgs::find(&store, &self.name)?;
        session.confirm(&format!("remove the organisation `{}` with all its keys and providers", org.name))?;
        let org = orgs::remove(&store, &org.name, &admin::login_name())?;
        session.ui.say(format_args!("removed organisation `{}`", org.name));
        let columns = [Column::new("id", "ID"), Column::new("name", "NAME")];
        session.ui.changed(&columns, &Record { id: &org.public_id, name: &org.name })
    }
}
