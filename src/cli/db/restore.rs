//! `db restore`.

use crate::admin::care;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use std::path::PathBuf;

/// Put a backup in the place of the database; no gateway may serve meanwhile
///
/// The backup is checked first: that it is whole, and that the master key opens it. What was there is kept in a folder.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai db restore ~/backup/optscale-2026-11-30.db --yes")]
pub struct Restore {
    /// The backup
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

impl Restore {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let home = session.home()?;
        session.confirm(&format!("put {} in the place of {}", self.file.display(), home.database().display()))?;
        let restored = care::restore(&home, &self.file)?;
        session.ui.say(format_args!("restored {}", self.file.display()));
        if let Some(aside) = restored.aside {
            session.ui.say(format_args!("what was there is in {}", aside.display()));
        }
        Ok(())
    }
}
