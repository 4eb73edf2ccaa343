//! `import`: another gateway's configuration.

use super::error::{CliError, Outcome};
use super::file::read_text;
use super::session::Session;
use super::table::Column;
use super::words::count;
use crate::admin::file;
use crate::admin::import::{Foreign, Note, Verdict, import};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::Serialize;
use std::fs;
use std::path::PathBuf;

/// Read another gateway's configuration, and say of each part how well it is carried over
///
/// Nothing is changed and nobody is contacted: the configuration comes out as a TOML file for `plan` and `apply`, the
/// report as a table. Secrets that stand in the file are not taken along.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai import litellm config.yaml --out optscale.toml
  optscale-ai import portkey config.json
  optscale-ai import claude-code-router ~/.claude-code-router/config.json -o json")]
pub struct Import {
    /// Whose configuration it is: litellm, portkey or claude-code-router
    #[arg(value_name = "GATEWAY", value_parser = foreign())]
    gateway: Foreign,
    /// The file; - for standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Write the configuration to this new file, and the report to standard output
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    out: Option<PathBuf>,
}

fn foreign() -> impl TypedValueParser<Value = Foreign> {
    let known = PossibleValuesParser::new(Foreign::ALL.map(Foreign::as_str));
    known.try_map(|word| Foreign::parse(&word).ok_or("no gateway"))
}

const COLUMNS: &[Column] =
    &[Column::new("verdict", "VERDICT"), Column::new("part", "PART"), Column::new("words", "WHAT BECOMES OF IT")];

#[derive(Serialize)]
struct Record<'a> {
    configuration: &'a str,
    report: &'a [Note],
}

const WHOLE: &[Column] = &[Column::new("configuration", "CONFIGURATION"), Column::new("report", "REPORT")];

impl Import {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let imported = import(self.gateway, &read_text(&self.file)?)?;
        let text = file::written(&imported.configuration);
        match (&self.out, session.ui.is_table()) {
            (Some(out), _) => {
                if out.exists() {
                    return Err(
                        CliError::failed(format!("{} is there already", out.display())).hint("name another file")
                    );
                }
                fs::write(out, &text)?;
                session.ui.list(COLUMNS, &imported.notes, "the file says nothing")?;
            }
            (None, true) => {
                session.ui.data(&text)?;
                imported.notes.iter().for_each(|note| say(session, note));
            }
            (None, false) => session.ui.record(WHOLE, &Record { configuration: &text, report: &imported.notes })?,
        }
        summary(session, &imported.notes);
        if let Some(out) = &self.out {
            session.ui.say(format_args!(
                "look at it, then `optscale-ai plan {0}` and `optscale-ai apply {0}`",
                out.display()
            ));
        }
        Ok(())
    }
}

fn say(session: &Session, note: &Note) {
    let verdict = match note.verdict {
        Verdict::Exact => "exact",
        Verdict::Approximate => "approximate",
        Verdict::Manual => "manual",
        Verdict::Unsupported => "unsupported",
    };
    session.ui.say(format_args!("{verdict}: {}: {}", note.part, note.words));
}

fn summary(session: &Session, notes: &[Note]) {
    let of = |verdict| notes.iter().filter(|note| note.verdict == verdict).count();
    session.ui.say(format_args!(
        "{}: {} exact, {} approximate, {} manual, {} unsupported",
        count(notes.len() as u64, "part", "parts"),
        of(Verdict::Exact),
        of(Verdict::Approximate),
        of(Verdict::Manual),
        of(Verdict::Unsupported)
    ));
}
