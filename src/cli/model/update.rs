//! `model update`.

use crate::catalogue::{self, Facts};
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use std::fs;
use std::path::PathBuf;

/// Load a newer list of models and prices
///
/// The list is checked whole before anything is changed, and used from the next command on; a running gateway uses it when
/// it is started again. Past calls keep the prices that were applied to them. A program that brings newer facts along uses
/// those.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai model update --file models.tsv
  optscale-ai model update --remove")]
pub struct Update {
    /// The list, in the format of docs/catalogue.md
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, required_unless_present = "remove")]
    file: Option<PathBuf>,
    /// Go back to the list that the program brings along
    #[arg(long, conflicts_with = "file")]
    remove: bool,
}

impl Update {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let home = session.home()?;
        home.check_writable()?;
        let place = home.catalogue();
        let Some(file) = self.file else {
            let failed = |error| CliError::failed(format!("{} cannot be removed: {error}", place.display()));
            match fs::remove_file(&place) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
                _ => {}
            }
            let day = catalogue::embedded_as_of();
            session.ui.say(format_args!("prices are those that the program brings along, as of {day}"));
            return Ok(());
        };
        let wrong = |why: String| CliError::failed(format!("{} is not loaded: {why}", file.display()));
        let text = fs::read_to_string(&file).map_err(|error| wrong(error.to_string()))?;
        let Facts { as_of, models } = catalogue::check(&text).map_err(wrong)?;
        if as_of.as_str() <= catalogue::embedded_as_of() {
            let own = catalogue::embedded_as_of();
            return Err(wrong(format!("it is of {as_of}, and the program brings facts of {own} along")));
        }
        // The next reader must find the old list or the new one, never half of it.
        let beside = place.with_extension("new");
        let kept = fs::write(&beside, &text).and_then(|()| fs::rename(&beside, &place));
        kept.map_err(|error| CliError::failed(format!("{} cannot be written: {error}", place.display())))?;
        session.ui.say(format_args!(
            "loaded {models} models as of {as_of}; a running gateway uses them when it starts again"
        ));
        Ok(())
    }
}
