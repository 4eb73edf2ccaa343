//! `secrets status`.

use crate::admin;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::table::Column;
use crate::secrets::KeySource;
use serde::Serialize;

/// Say where the master key is, and how much it seals
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai secrets status")]
pub struct Status {}

#[derive(Serialize)]
struct Record {
    master_key: String,
    sealed: usize,
}

const COLUMNS: &[Column] = &[Column::new("master_key", "MASTER KEY"), Column::new("sealed", "SEALED SECRETS")];

impl Status {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let home = session.home()?;
        let (store, _) = admin::open(&home)?;
        let sealed = store.sealed_texts()?.len();
        let master_key = place(&admin::master_key_source(&home)?);
        session.ui.record(COLUMNS, &Record { master_key, sealed })
    }
}

/// Where a key is, for a sentence.
pub fn place(source: &KeySource) -> String {
    match source {
        KeySource::Environment => "the variable OPTSCALE_AI_MASTER_KEY".to_owned(),
        KeySource::File(path) => path.display().to_string(),
        KeySource::Keyring(name) => format!("the system's keyring, entry {name}"),
    }
}
