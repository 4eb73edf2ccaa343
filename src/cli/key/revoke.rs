//! `key revoke`.

use super::record::{Around, COLUMNS, Record};
use crate::admin::{self, keys};
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;

/// End a key for good; a running gateway refuses it within a second
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai key revoke my-app
  optscale-ai key revoke my-app --yes")]
pub struct Revoke {
    /// The key
    #[arg(value_name = "NAME", add = complete::keys())]
    key: String,
}

impl Revoke {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let found = keys::find(&store, org.id, &self.key)?;
        if found.key.revoked.is_none() {
            session.confirm(&format!("end the key `{}` for good", found.key.name))?;
        }
        let row = keys::revoke(&store, org.id, &self.key, &admin::login_name())?;
        match found.key.revoked {
            Some(when) => session.ui.say(format_args!("key `{}` was revoked on {} already", row.key.name, when.day())),
            None => session.ui.say(format_args!("revoked key `{}`", row.key.name)),
        }
        session.ui.changed(COLUMNS, &Record::new(row, &Around::of(&store, &org)?))
    }
}
