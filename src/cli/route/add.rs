//! `route add`.

use super::record::{COLUMNS, Record};
use crate::admin::routes;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Add a routing rule: another name for a model
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai route add fast --target openai/gpt-4o-mini")]
pub struct Add {
    /// The name that callers use
    #[arg(value_name = "NAME")]
    name: String,
    /// The model that it leads to, as provider/model
    #[arg(long, value_name = "MODEL", required = true, add = complete::models())]
    target: String,
}

impl Add {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let route = routes::add(&store, session.org(&store)?.id, &self.name, &self.target)?;
        session.ui.say(format_args!("added route `{}` to {}", route.name, route.target));
        session.ui.changed(COLUMNS, &Record::from(route))
    }
}
