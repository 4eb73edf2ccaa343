//! `plan`.

use super::{org, read, record};
use crate::admin::file;
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::session::Session;
use std::path::PathBuf;

/// Show what `apply` would change; exits 6 where there is something, 0 where there is nothing
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai plan optscale.toml
  optscale-ai plan optscale.toml -o json")]
pub struct Plan {
    /// The file; - for standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
}

impl Plan {
    pub(in crate::cli) fn run(self, session: &Session) -> Outcome {
        let wanted = read(&self.file)?;
        let store = session.store()?;
        let differences = file::plan(&store, org(session, &store, &wanted)?.as_ref(), &wanted)?;
        record::show(session, &differences)?;
        match differences.as_slice() {
            [] => {
                session.ui.say("no differences");
                Ok(())
            }
            some => {
                let file = self.file.display();
                let count = crate::cli::words::count(some.len() as u64, "difference", "differences");
                session.ui.say(format_args!("{count}; `optscale-ai apply {file}` makes them so"));
                Err(CliError::new(Kind::Differences, "there are differences"))
            }
        }
    }
}
