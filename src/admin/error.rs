//! Why an administrative act was not done.

use crate::config::{HomeError, LockError};
use crate::secrets::SecretsError;
use crate::store::StoreError;
use thiserror::Error;

/// Names that are this close are offered (Jaro-Winkler, 0 to 1).
const NEAR: f64 = 0.75;
const MOST_NEAR: usize = 3;

/// Why an act was not done. Nothing was changed.
#[derive(Debug, Error)]
pub enum AdminError {
    /// Nothing has this name.
    #[error("there is no {what} `{name}`{}", also(near))]
    NotFound {
        /// `provider`, `key` ...
        what: &'static str,
        /// What was asked for.
        name: String,
        /// Names that are like it, the nearest first.
        near: Vec<String>,
    },
    /// The name is taken.
    #[error("there is already a {what} `{name}`; choose another name, or see it with `optscale-ai {what} show {name}`")]
    AlreadyExists {
        /// `provider`, `key` ...
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A value is wrong.
    #[error("{field}: {reason}")]
    Invalid {
        /// Which one, as on the command line without dashes: `name`, `model` ...
        field: &'static str,
        /// What is wrong with it, and what would be right.
        reason: String,
    },
    /// It would break something else.
    #[error("{0}")]
    Refused(String),
    /// An entry of a file cannot be applied.
    #[error("{what} `{name}`: {source}")]
    Entry {
        /// `provider`, `key` ...
        what: &'static str,
        /// Its name.
        name: String,
        /// Why.
        source: Box<AdminError>,
    },
    /// Another gateway has the home.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The master key, or something sealed with it.
    #[error(transparent)]
    Secrets(#[from] SecretsError),
    /// The home directory.
    #[error(transparent)]
    Home(#[from] HomeError),
}

impl AdminError {
    /// A wrong value.
    pub(super) fn invalid(field: &'static str, reason: impl Into<String>) -> AdminError {
        AdminError::Invalid { field, reason: reason.into() }
    }

    /// An unknown name, with the nearest of those that are known.
    pub(super) fn not_found<'a>(
        what: &'static str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> AdminError {
        AdminError::NotFound { what, name: name.to_owned(), near: near(name, known) }
    }
}

fn near<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted = name.to_lowercase();
    let score = |other: &str| strsim::jaro_winkler(&wanted, &other.to_lowercase());
    let mut scored: Vec<(f64, &str)> = known.into_iter().map(|other| (score(other), other)).collect();
    scored.retain(|(score, _)| *score >= NEAR);
    scored.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    scored.dedup_by_key(|(_, name)| *name);
    scored.into_iter().take(MOST_NEAR).map(|(_, name)| name.to_owned()).collect()
}

fn also(near: &[String]) -> String {
    match near {
        [] => String::new(),
        names => format!("; did you mean {}?", names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")),
    }
}
