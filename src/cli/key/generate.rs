//! `key generate`.

use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::table::Column;
use crate::secrets::VirtualKey;
use serde::Serialize;

/// Print the text for a key and store nothing
///
/// For machines that are made anew: keep the text in your secret store, and create the key with
/// `key create NAME --key-env VAR` each time.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai key generate")]
pub struct Generate {}

#[derive(Serialize)]
struct Record<'a> {
    key: &'a str,
}

impl Generate {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let key = VirtualKey::generate()?;
        let text = key.secret().reveal();
        match session.ui.is_table() {
            true => session.ui.data(&format!("{text}\n")),
            false => session.ui.record(&[Column::new("key", "KEY")], &Record { key: text }),
        }
    }
}
