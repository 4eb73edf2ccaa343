//! What a command that failed says, and its exit code: the one place that knows both.
//!
//! A message says what failed and on what; a hint is what to type next. Sources below a message are
//! appended where they add words of their own.

use super::ui::Ui;
use crate::admin::AdminError;
use crate::config::{HomeError, LockError};
use crate::gateway::ServeError;
use crate::secrets::SecretsError;
use crate::store::StoreError;
use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// Why a command failed, as far as a script can tell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Something on this machine went wrong.
    Failed,
    /// The command makes no sense as it was typed.
    Usage,
    /// What it names is not there.
    NotFound,
    /// It is not allowed.
    Refused,
    /// A provider or the network failed.
    Provider,
    /// What was compared differs, and has been shown: nothing more to say.
    Differences,
    /// Who reads our output went away: nothing to say, and no failure.
    ClosedPipe,
}

impl Kind {
    fn exit_code(self) -> u8 {
        match self {
            Kind::ClosedPipe => 0,
            Kind::Failed => 1,
            Kind::Usage => 2,
            Kind::NotFound => 3,
            Kind::Refused => 4,
            Kind::Provider => 5,
            Kind::Differences => 6,
        }
    }
}

/// A command's failure.
#[derive(Debug)]
pub struct CliError {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

/// What a command comes to.
pub type Outcome<T = ()> = Result<T, CliError>;

impl CliError {
    /// A failure of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> CliError {
        CliError { kind, message: message.into(), hints: Vec::new() }
    }

    /// The command was typed wrongly.
    pub fn usage(message: impl Into<String>) -> CliError {
        CliError::new(Kind::Usage, message)
    }

    /// Something on this machine went wrong.
    pub fn failed(message: impl Into<String>) -> CliError {
        CliError::new(Kind::Failed, message)
    }

    /// A failure of this kind in the words of `error` and of what caused it.
    pub fn because(kind: Kind, error: &dyn StdError) -> CliError {
        CliError::new(kind, chain(error))
    }

    /// No `noun` is called `name`; says which of `known` comes near, else how to list them.
    pub fn not_found<'k>(noun: &str, name: &str, known: impl IntoIterator<Item = &'k str>) -> CliError {
        CliError::missing(noun, name, &near(name, known))
    }

    fn missing(noun: &str, name: &str, near: &[&str]) -> CliError {
        let error = CliError::new(Kind::NotFound, format!("there is no {noun} `{name}`"));
        match (near, noun) {
            ([], "provider kind") => error.hint("list them with `optscale-ai provider kinds`"),
            ([], "guardrail type") => error.hint("list them with `optscale-ai guardrail kinds`"),
            ([], _) => error.hint(format!("list them with `optscale-ai {noun} list`")),
            (near, _) => error.hint(did_you_mean(near)),
        }
    }

    /// The same with one more thing to type next.
    pub fn hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.push(hint.into());
        self
    }

    /// The same with this in place of the hint that only lists.
    pub fn without_list_hint(mut self, hint: impl Into<String>) -> CliError {
        self.hints.retain(|hint| !hint.starts_with("list them"));
        self.hint(hint)
    }

    /// Says it on stderr; the exit code.
    pub fn report(&self, ui: &Ui) -> ExitCode {
        if !matches!(self.kind, Kind::ClosedPipe | Kind::Differences) {
            ui.complain(&self.message, &self.hints);
        }
        ExitCode::from(self.kind.exit_code())
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The hint that names what comes near.
pub fn did_you_mean(near: &[&str]) -> String {
    let quoted: Vec<String> = near.iter().map(|name| format!("`{name}`")).collect();
    format!("did you mean {}?", quoted.join(" or "))
}

/// The names that look like `name`, nearest first, at most three.
pub fn near<'k>(name: &str, known: impl IntoIterator<Item = &'k str>) -> Vec<&'k str> {
    let wanted = name.to_lowercase();
    let mut ranked: Vec<(f64, &str)> = known
        .into_iter()
        .map(|other| (likeness(&wanted, &other.to_lowercase()), other))
        .filter(|(likeness, _)| *likeness > 0.6)
        .collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    ranked.into_iter().take(3).map(|(_, name)| name).collect()
}

/// 0 for strangers to 1 for twins; a name that begins with, or holds, the other one is near as well.
fn likeness(wanted: &str, other: &str) -> f64 {
    let spelled = strsim::normalized_damerau_levenshtein(wanted, other);
    let part = wanted.len() >= 3 && (other.contains(wanted) || wanted.contains(other) && other.len() >= 3);
    if part { spelled.max(0.7) } else { spelled }
}

/// An error with its causes, each that adds words.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        next = cause.source();
    }
    text
}

impl From<io::Error> for CliError {
    fn from(error: io::Error) -> CliError {
        match error.kind() {
            io::ErrorKind::BrokenPipe => CliError::new(Kind::ClosedPipe, "the reader of the output went away"),
            _ => CliError::because(Kind::Failed, &error),
        }
    }
}

impl From<AdminError> for CliError {
    fn from(error: AdminError) -> CliError {
        match error {
            AdminError::NotFound { what, name, near } => {
                CliError::missing(what, &name, &near.iter().map(String::as_str).collect::<Vec<_>>())
            }
            AdminError::AlreadyExists { what, name } => {
                CliError::failed(format!("the {what} `{name}` is there already"))
                    .hint(format!("choose another name, or see it with `optscale-ai {what} show {name}`"))
            }
            AdminError::Entry { what, name, source } => {
                let error = CliError::from(*source);
                CliError { message: format!("the {what} `{name}` of the file: {}", error.message), ..error }
            }
            AdminError::Invalid { .. } => CliError::because(Kind::Usage, &error),
            AdminError::Refused(_) => CliError::because(Kind::Refused, &error),
            _ => CliError::because(Kind::Failed, &error),
        }
    }
}

/// Errors that mean the same wherever they come up.
macro_rules! always {
    ($($error:ty => $kind:expr;)*) => {$(
        impl From<$error> for CliError {
            fn from(error: $error) -> CliError {
                CliError::because($kind, &error)
            }
        }
    )*};
}

always! {
    HomeError => Kind::Failed;
    LockError => Kind::Failed;
    ServeError => Kind::Failed;
    SecretsError => Kind::Failed;
    StoreError => Kind::Failed;
    serde_json::Error => Kind::Failed;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_few_and_nearest_first() {
        let known = ["openai", "opencode", "anthropic", "azure-openai", "ollama"];
        assert_eq!(near("opnai", known), ["openai"]);
        assert_eq!(near("OpenAI", known), ["openai", "azure-openai"]);
        assert!(near("mistral", known).is_empty());
    }

    #[test]
    fn a_closed_pipe_is_no_failure() {
        let error = CliError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(error.kind.exit_code(), 0);
    }

    #[test]
    fn a_cause_is_said_once() {
        let error = std::io::Error::other("the disk is full");
        assert_eq!(chain(&error), "the disk is full");
    }
}
