//! `export`.

use super::read_text;
use crate::admin::file;
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::session::Session;
use std::fs;
use std::path::{Path, PathBuf};

/// Write the configuration of an organisation as a TOML file; secrets are never in it
///
/// Goes to standard output. With --into, a file that is there is put right: its comments and its order stay, and what
/// says the same already is not touched.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai export > optscale.toml
  optscale-ai export --into optscale.toml
  optscale-ai export --schema > schema.json       for editors")]
pub struct Export {
    /// File to put right
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "schema")]
    into: Option<PathBuf>,
    /// Write the JSON Schema of such a file instead
    #[arg(long)]
    schema: bool,
}

impl Export {
    pub(in crate::cli) fn run(self, session: &Session) -> Outcome {
        if self.schema {
            return session.ui.data(&file::schema());
        }
        let store = session.store()?;
        let org = session.org(&store)?;
        match &self.into {
            None => session.ui.data(&file::export(&store, &org)?),
            Some(path) => {
                let old = if path.exists() { read_text(path)? } else { String::new() };
                let new = file::update(&store, &org, &old)?;
                if new == old {
                    session.ui.say(format_args!("{} says it all already", path.display()));
                    return Ok(());
                }
                replace(path, &new)?;
                session.ui.say(format_args!("wrote {}", path.display()));
                Ok(())
            }
        }
    }
}

/// Writes beside it first, so that a full disk leaves the old file.
fn replace(path: &Path, text: &str) -> Outcome {
    let new = path.with_extension(format!("new-{}", std::process::id()));
    let written = fs::write(&new, text).and_then(|()| fs::rename(&new, path));
    written.map_err(|error| CliError::new(Kind::Failed, format!("cannot write {}: {error}", path.display())))
}
