//! `man`: the manual, from the same definitions as the help.

use super::error::{CliError, Kind, Outcome};
use super::reference;
use super::session::Session;
use std::fs;
use std::path::{Path, PathBuf};

/// Print the manual page, or write all pages into a directory
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai man | man -l -
  optscale-ai man --dir ~/.local/share/man/man1")]
pub struct Man {
    /// Write a page for each command into this directory, which is made if it is missing
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let pages = reference::man_pages()?;
        match self.dir {
            Some(dir) => write_all(session, &dir, &pages),
            None => pages.first().map_or(Ok(()), |(_, text)| session.ui.data(text)),
        }
    }
}

fn write_all(session: &Session, dir: &Path, pages: &[(String, String)]) -> Outcome {
    let trouble = |path: &Path, error: std::io::Error| {
        CliError::new(Kind::Failed, format!("cannot write {}: {error}", path.display()))
    };
    fs::create_dir_all(dir).map_err(|error| trouble(dir, error))?;
    for (name, text) in pages {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|error| trouble(&path, error))?;
    }
    session.ui.say(format_args!("wrote {} pages to {}", pages.len(), dir.display()));
    Ok(())
}
