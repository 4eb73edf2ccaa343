//! `apply`.

use super::{org, read, record};
use crate::admin::{self, Init, file};
use crate::cli::error::{CliError, Kind, Outcome};
use crate::cli::session::Session;
use crate::cli::table::Column;
use crate::cli::words::count;
use crate::secrets::Sealer;
use crate::store::Store;
use serde::Serialize;
use serde_json::{Map, Value, json};
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Make the configuration what a file says, all of it or nothing
///
/// Applied again, it changes nothing. A kind of thing that the file does not name at all ([[route]] ...) is left as it is.
/// A home that is not there is made. A running gateway follows within a second.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai apply optscale.toml
  optscale-ai apply optscale.toml --keys-out keys.json     texts of new keys, for their owner alone
  optscale-ai apply - < optscale.toml")]
pub struct Apply {
    /// The file; - for standard input
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    file: PathBuf,
    /// Write the texts of new keys to this file (JSON, mode 0600), beside those that are in it
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    keys_out: Option<PathBuf>,
}

impl Apply {
    pub(in crate::cli) fn run(self, session: &Session) -> Outcome {
        let wanted = read(&self.file)?;
        let (store, sealer) = open(session, wanted.organization.as_ref().map(|org| org.name.clone()))?;
        let org = org(session, &store, &wanted)?;
        // Before anything is changed: a text that cannot be written is lost.
        let out = self.keys_out.as_deref().map(KeysFile::open).transpose()?;
        let applied = file::apply(&store, &sealer, org.as_ref(), &wanted, &admin::login_name())?;
        let made: Vec<(&str, &str)> = applied
            .keys
            .iter()
            .filter(|key| !key.given)
            .map(|key| (key.name.as_str(), key.text.secret().reveal()))
            .collect();
        if let Some(out) = out {
            out.write(&made)?;
        }
        self.report(session, &applied, &made)
    }

    fn report(&self, session: &Session, applied: &file::Applied, made: &[(&str, &str)]) -> Outcome {
        let handed_out = if self.keys_out.is_some() { &[] } else { made };
        match session.ui.is_table() {
            true => {
                record::show(session, &applied.differences)?;
                let lines = handed_out.iter().map(|(name, text)| format!("key {name}: {text}\n"));
                session.ui.data(&lines.collect::<String>())?;
            }
            false => {
                let keys = handed_out.iter().map(|(name, text)| ((*name).to_owned(), json!(text))).collect();
                let record = Record { org: &applied.org.name, changes: &applied.differences, keys };
                session.ui.record(COLUMNS, &record)?;
            }
        }
        match applied.differences.len() {
            0 => session.ui.say("nothing to change"),
            n => session.ui.say(format_args!(
                "{} made; `optscale-ai rollback` takes them back",
                count(n as u64, "change", "changes")
            )),
        }
        match (&self.keys_out, made) {
            (_, []) => {}
            (Some(path), made) => {
                let keys = count(made.len() as u64, "new key's text is", "new keys' texts are");
                session.ui.say(format_args!("{keys} in {}, and nowhere else", path.display()));
            }
            (None, _) => session.ui.say("the texts of new keys are not shown again"),
        }
        Ok(())
    }
}

/// What a program gets. Texts of keys are in it where no file takes them.
#[derive(Serialize)]
struct Record<'a> {
    org: &'a str,
    changes: &'a [file::Difference],
    keys: Map<String, Value>,
}

const COLUMNS: &[Column] = &[Column::new("org", "ORG"), Column::new("changes", "CHANGES"), Column::new("keys", "KEYS")];

/// The home, made where it is not there, so that a machine that is made anew needs this command alone.
fn open(session: &Session, org: Option<String>) -> Outcome<(Store, Sealer)> {
    let home = session.home()?;
    if home.database().exists() {
        return Ok(admin::open(&home)?);
    }
    let made = admin::init(&home, &Init { org, ..Init::default() })?;
    session.ui.say(format_args!("made a home in {}", home.path().display()));
    Ok((made.store, made.sealer))
}

/// The file that takes new keys' texts: a JSON object of texts by name.
struct KeysFile<'a> {
    path: &'a Path,
    beside: PathBuf,
    file: fs::File,
    known: Map<String, Value>,
}

impl KeysFile<'_> {
    fn open(path: &Path) -> Outcome<KeysFile<'_>> {
        let trouble = |error: std::io::Error| {
            CliError::new(
                Kind::Failed,
                format!("cannot write keys to {}: {error}; nothing was changed", path.display()),
            )
        };
        let known = match fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text).map_err(|_| {
                let message = format!("{} is there and holds no keys; nothing was changed", path.display());
                CliError::failed(message).hint("name another file")
            })?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(trouble(error)),
        };
        let beside = path.with_extension(format!("new-{}", std::process::id()));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&beside).map_err(trouble)?;
        Ok(KeysFile { path, beside, file, known })
    }

    fn write(mut self, made: &[(&str, &str)]) -> Outcome {
        if made.is_empty() {
            return Ok(fs::remove_file(&self.beside)?);
        }
        for (name, text) in made {
            self.known.insert((*name).to_owned(), json!(text));
        }
        let text = serde_json::to_string_pretty(&self.known)? + "\n";
        self.file.write_all(text.as_bytes())?;
        self.file.sync_all()?;
        Ok(fs::rename(&self.beside, self.path)?)
    }
}
