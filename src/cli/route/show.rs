//! `route show`.

use super::record::{COLUMNS, Record};
use crate::admin::routes;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one routing rule
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai route show fast")]
pub struct Show {
    /// The routing rule
    #[arg(value_name = "NAME", add = complete::routes())]
    route: String,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let route = routes::find(&store, session.org(&store)?.id, &self.route)?;
        session.ui.record(COLUMNS, &Record::from(route))
    }
}
