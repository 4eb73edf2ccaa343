//! `db backup`.

use crate::admin::care;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::table::Column;
use serde::Serialize;
use std::path::PathBuf;

/// Copy the database into a new file, also while a gateway serves
///
/// The master key is not in the copy: keep it elsewhere. Without it the providers' keys in the copy open to nobody.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai db backup ~/backup/optscale-2026-11-30.db")]
pub struct Backup {
    /// The new file
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

#[derive(Serialize)]
struct Record {
    file: PathBuf,
    size_bytes: u64,
}

const COLUMNS: &[Column] = &[Column::new("file", "FILE"), Column::new("size_bytes", "BYTES")];

impl Backup {
    pub(super) fn run(self, session: &Session) -> Outcome {
        if self.file.exists() {
            return Err(CliError::failed(format!(
                "{} is there already, and a backup overwrites nothing",
                self.file.display()
            ))
            .hint("name another file, for example with the day in its name"));
        }
        let store = session.store()?;
        care::backup(&store, &self.file)?;
        let size_bytes = std::fs::metadata(&self.file)?.len();
        session.ui.say(format_args!("copied the database to {}", self.file.display()));
        session.ui.say(format_args!(
            "the master key is not in it; it is in {}, or where init put it",
            session.home()?.master_key().display()
        ));
        session.ui.changed(COLUMNS, &Record { file: self.file, size_bytes })
    }
}
