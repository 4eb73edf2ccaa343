//! `route remove`.

use super::record::{COLUMNS, Record};
use crate::admin::routes;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Remove a routing rule; its traces stay
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai route remove fast --yes")]
pub struct Remove {
    /// The routing rule
    #[arg(value_name = "NAME", add = complete::routes())]
    route: String,
}

impl Remove {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let route = routes::find(&store, org.id, &self.route)?;
        session.confirm(&format!("remove the route `{}` to {}", route.name, route.target))?;
        let route = routes::remove(&store, org.id, &route.name)?;
        session.ui.say(format_args!("removed route `{}`", route.name));
        session.ui.changed(COLUMNS, &Record::from(route))
    }
}
