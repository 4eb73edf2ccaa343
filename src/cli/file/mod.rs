//! `export`, `plan`, `apply`, `rollback`: the configuration as a file.

pub mod apply;
pub mod export;
pub mod plan;
mod record;
pub mod rollback;

use super::error::{CliError, Kind, Outcome};
use super::session::Session;
use crate::admin::file::{self, Configuration};
use crate::admin::orgs;
use crate::records::Org;
use crate::store::Store;
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// A configuration is a few megabytes at most.
const LONGEST: u64 = 64 * 1024 * 1024;

/// Reads a file, or standard input for `-`.
///
/// # Errors
/// It cannot be read, or is no configuration: then with line and column.
fn read(path: &Path) -> Outcome<Configuration> {
    let text = read_text(path)?;
    Ok(file::read(&text)?)
}

/// The text of a file, or of standard input for `-`.
///
/// # Errors
/// It cannot be read.
pub fn read_text(path: &Path) -> Outcome<String> {
    let mut text = String::new();
    let read = match path.as_os_str() == "-" {
        true => io::stdin().lock().take(LONGEST).read_to_string(&mut text),
        false => fs::File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text)),
    };
    read.map_err(|error| CliError::new(Kind::Failed, format!("cannot read {}: {error}", path.display())))?;
    Ok(text)
}

/// The organisation to work on where the file names none. One that was named beside the file must be the file's.
fn org(session: &Session, store: &Store, file: &Configuration) -> Outcome<Option<Org>> {
    let named = session.org_name();
    match (&file.organization, &named) {
        (Some(in_file), Some(named)) if in_file.name != *named => Err(CliError::usage(format!(
            "the file is about `{}`, and the organisation `{named}` was named",
            in_file.name
        ))
        .hint("leave --org and OPTSCALE_AI_ORG out, or change `name` under [organization]")),
        (Some(_), _) => Ok(orgs::resolve(store, None).ok()),
        (None, named) => Ok(Some(orgs::resolve(store, named.as_deref())?)),
    }
}
