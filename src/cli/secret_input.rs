//! Secrets come from an environment variable, standard input, a file or an unseen prompt, and never
//! stand on the command line, where every process of the machine could read them.

use super::error::{CliError, Kind, Outcome};
use super::session::Session;
use crate::types::Secret;
use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A provider key is a line; whatever is longer is something else.
const LONGEST: u64 = 64 * 1024;

/// Where a provider's key comes from.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(multiple = false)]
pub struct ApiKey {
    /// Read the provider's key from this environment variable
    #[arg(long, value_name = "VAR")]
    api_key_env: Option<String>,
    /// Read the provider's key from standard input
    #[arg(long)]
    api_key_stdin: bool,
    /// Read the provider's key from this file
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    api_key_file: Option<PathBuf>,
}

impl ApiKey {
    /// The key, if a place was named.
    ///
    /// # Errors
    /// The place holds none.
    pub fn read(&self) -> Outcome<Option<Secret>> {
        if let Some(variable) = &self.api_key_env {
            return from_env(variable, "--api-key-env").map(Some);
        }
        if let Some(path) = &self.api_key_file {
            return from_file(path).map(Some);
        }
        if self.api_key_stdin { from_stdin().map(Some) } else { Ok(None) }
    }

    /// The key, asked for where no place was named and a person is there.
    ///
    /// # Errors
    /// As [`ApiKey::read`].
    pub fn read_or_ask(&self, session: &Session, question: &str) -> Outcome<Option<Secret>> {
        match self.read()? {
            None if session.converses() => Ok(checked(session.ask_secret(question)?)),
            given => Ok(given),
        }
    }
}

/// Where the text of a virtual key comes from.
#[derive(clap::Args, Clone, Debug, Default)]
#[group(multiple = false)]
pub struct KeyText {
    /// Read the virtual key from this environment variable
    #[arg(long, value_name = "VAR")]
    key_env: Option<String>,
    /// Read the virtual key from standard input
    #[arg(long)]
    key_stdin: bool,
}

impl KeyText {
    /// The key's text, if a place was named.
    ///
    /// # Errors
    /// The place holds none.
    pub fn read(&self) -> Outcome<Option<Secret>> {
        match &self.key_env {
            Some(variable) => from_env(variable, "--key-env").map(Some),
            None if self.key_stdin => from_stdin().map(Some),
            None => Ok(None),
        }
    }
}

/// A secret from an environment variable.
///
/// # Errors
/// It is not set or empty.
pub fn from_env(variable: &str, flag: &str) -> Outcome<Secret> {
    if !is_variable_name(variable) {
        return Err(CliError::usage(format!("{flag} takes the name of an environment variable, not the key itself"))
            .hint(format!("put the key into a variable: `export MY_KEY=...`, then {flag} MY_KEY")));
    }
    let value = std::env::var(variable).ok().and_then(checked);
    value.ok_or_else(|| {
        CliError::usage(format!("the environment variable {variable} is not set or empty"))
            .hint(format!("set it with `export {variable}=...`, or pipe the key in with --{}stdin", stem(flag)))
    })
}

/// Whether a text can be meant as a variable's name. What looks like a key is never said again in a message.
fn is_variable_name(text: &str) -> bool {
    let has = |kind: fn(&char) -> bool| text.chars().any(|letter| kind(&letter));
    let like_a_key = text.len() >= 24 && has(char::is_ascii_lowercase) && has(char::is_ascii_digit);
    let allowed = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    !text.is_empty() && text.chars().all(allowed) && !like_a_key
}

/// A secret from standard input, surrounding white space cut off.
///
/// # Errors
/// There is none.
pub fn from_stdin() -> Outcome<Secret> {
    let mut text = String::new();
    io::stdin().lock().take(LONGEST).read_to_string(&mut text)?;
    checked(text).ok_or_else(|| {
        CliError::usage("standard input holds no key").hint("pipe it in: `printenv MY_KEY | optscale-ai ...`")
    })
}

/// A secret from a file, surrounding white space cut off.
///
/// # Errors
/// It cannot be read, or holds none.
pub fn from_file(path: &Path) -> Outcome<Secret> {
    let text = fs::read_to_string(path)
        .map_err(|error| CliError::new(Kind::Failed, format!("cannot read {}: {error}", path.display())))?;
    checked(text).ok_or_else(|| CliError::usage(format!("{} holds no key", path.display())))
}

/// `--api-key-env` and `--key-env` have a twin that ends in `stdin`.
fn stem(flag: &str) -> &str {
    flag.trim_start_matches("--").trim_end_matches("env")
}

fn checked(text: String) -> Option<Secret> {
    let text = zeroize::Zeroizing::new(text);
    let text = text.trim();
    (!text.is_empty()).then(|| Secret::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_from_a_name() {
        assert!(is_variable_name("OPENAI_API_KEY") && is_variable_name("my_key2"));
        for key in ["sk-abc", "AIzaSyD3l1bXaPqW9xYtRkLmNoP", "gsk_1234567890abcdefghijklmn", ""] {
            assert!(!is_variable_name(key), "{key}");
        }
    }
}
