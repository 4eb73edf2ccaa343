//! `key show`.

use super::record::{Around, PAGE, Record};
use crate::admin::keys;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// Show one key; its text is not known any more
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai key show my-app")]
pub struct Show {
    /// The key
    #[arg(value_name = "NAME", add = complete::keys())]
    key: String,
}

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?;
        let row = keys::find(&store, org.id, &self.key)?;
        session.ui.record(PAGE, &Record::new(row, &Around::of(&store, &org)?))
    }
}
