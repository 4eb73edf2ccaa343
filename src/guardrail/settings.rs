//! The settings of a guardrail, as they were typed, read with their defaults.

use super::Setting;
use std::collections::BTreeMap;

/// What is wrong with a setting.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{name}: {why}")]
pub struct SettingError {
    /// Which.
    pub name: String,
    /// What is wrong, and what would be right.
    pub why: String,
}

impl SettingError {
    /// Something is wrong with that setting.
    pub fn new(name: impl Into<String>, why: impl Into<String>) -> SettingError {
        SettingError { name: name.into(), why: why.into() }
    }
}

/// The settings of one guardrail.
pub struct Settings<'a> {
    given: &'a BTreeMap<String, String>,
    known: &'a [Setting],
}

impl<'a> Settings<'a> {
    pub(super) fn new(given: &'a BTreeMap<String, String>, known: &'a [Setting]) -> Settings<'a> {
        Settings { given, known }
    }

    /// The text of a setting.
    pub fn text(&self, name: &str) -> &'a str {
        let default = || self.known.iter().find(|setting| setting.name == name).map_or("", |setting| setting.default);
        self.given.get(name).map_or_else(default, String::as_str)
    }

    /// What stands between commas.
    pub fn list(&self, name: &str) -> Vec<&'a str> {
        self.text(name).split(',').map(str::trim).filter(|word| !word.is_empty()).collect()
    }

    /// On or off.
    ///
    /// # Errors
    /// It is another word.
    pub fn switch(&self, name: &str) -> Result<bool, SettingError> {
        match self.text(name) {
            "on" | "true" | "yes" => Ok(true),
            "off" | "false" | "no" => Ok(false),
            other => Err(SettingError::new(name, format!("`{other}` is neither on nor off"))),
        }
    }

    /// A whole number.
    ///
    /// # Errors
    /// It is none.
    pub fn number(&self, name: &str) -> Result<u64, SettingError> {
        let text = self.text(name);
        text.parse().map_err(|_| SettingError::new(name, format!("`{text}` is no whole number")))
    }

    /// A label for placeholders.
    ///
    /// # Errors
    /// It cannot stand there.
    pub fn label(&self, name: &str) -> Result<String, SettingError> {
        label_of(self.text(name)).map_err(|why| SettingError::new(name, why))
    }

    /// The settings beside these, which the type gives no names.
    pub fn others(&self, names: &'a [&'a str]) -> impl Iterator<Item = (&'a str, &'a str)> {
        let given = self.given.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        given.filter(move |(name, _)| !names.contains(name))
    }

    /// Refuses settings that the type does not have.
    ///
    /// # Errors
    /// There is one; names those that there are.
    pub fn check_names(&self) -> Result<(), SettingError> {
        let known = || self.known.iter().map(|setting| setting.name);
        match self.given.keys().find(|name| !known().any(|other| other == name.as_str())) {
            None => Ok(()),
            Some(name) => {
                let all: Vec<&str> = known().collect();
                Err(SettingError::new(name, format!("there is no such setting; there are: {}", all.join(", "))))
            }
        }
    }
}

/// A name as a label in placeholders: `order-id` is `ORDER_ID`.
pub(super) fn label_of(name: &str) -> Result<String, String> {
    let label: String = name.chars().map(|c| if c == '-' || c == ' ' { '_' } else { c.to_ascii_uppercase() }).collect();
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    let letter = label.starts_with(|c: char| c.is_ascii_uppercase());
    if letter && label.len() <= 32 && label.chars().all(fits) {
        return Ok(label);
    }
    Err(format!("`{name}` is no label; use up to 32 letters, digits and `_`, beginning with a letter"))
}
