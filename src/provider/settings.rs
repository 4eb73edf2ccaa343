//! What a connection is told beside its key: the name of a resource, a region, a project.
//!
//! Which settings there are stands in the vendor's file; so does how addresses are made of them. Nothing here knows a
//! vendor.

use super::Kind;
use super::auth::google::{self, Project};
use crate::records::Auth;
use crate::types::Secret;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Values by name; of a setting that each model may have, by `NAME.MODEL`.
pub type Settings = BTreeMap<String, String>;

/// Stands in paths for the model's name, which only a call knows.
const MODEL: &str = "model";
/// The same as one segment of the path, its slashes encoded.
const SEGMENT: &str = "model_segment";

/// One thing that can be said of a connection.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Its name.
    pub name: String,
    /// What it is, in words.
    pub help: String,
    /// What it is where nobody says; none: empty.
    pub default: Option<String>,
    /// Whether it must be said.
    #[serde(default)]
    pub required: bool,
    /// Whether it is only part of the vendor's own address: whoever gives another one need not say it.
    #[serde(default)]
    pub address_only: bool,
    /// Whether it is said for single models, as `NAME.MODEL`.
    #[serde(default)]
    pub per_model: bool,
    /// The setting without which it means nothing.
    pub needs: Option<String>,
    /// Whether its value is an address.
    #[serde(default)]
    pub address: bool,
    /// Environment variables that usually hold it, the first choice first.
    #[serde(default)]
    pub env: Vec<String>,
}

/// A part of addresses that follows from a setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Derived {
    name: String,
    /// The setting.
    of: String,
    /// What it is for single values of the setting.
    #[serde(default)]
    cases: BTreeMap<String, String>,
    /// What it is for all others.
    otherwise: String,
}

/// Why settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// The kind has none of that name.
    #[error("`{kind}` has no setting `{name}`; {known}")]
    Unknown {
        /// The vendor.
        kind: String,
        /// What was said.
        name: String,
        /// Those that it has, in words.
        known: String,
    },
    /// One that must be said was not.
    #[error("`{kind}` needs the setting `{name}` ({help}); add --set {name}=VALUE")]
    Missing {
        /// The vendor.
        kind: String,
        /// The setting.
        name: String,
        /// What it is.
        help: String,
    },
    /// A value that cannot be one.
    #[error("the setting `{name}` cannot be `{value}`: {why}")]
    Invalid {
        /// The setting.
        name: String,
        /// What was said.
        value: String,
        /// What is wrong with it.
        why: String,
    },
}

impl Kind {
    /// What was said, with the kind's defaults for the rest.
    pub fn with_defaults(&self, said: &Settings) -> Settings {
        let defaults =
            self.settings.iter().filter_map(|setting| Some((setting.name.clone(), setting.default.clone()?)));
        defaults.chain(said.clone()).collect()
    }

    /// Checks what was said of a connection.
    ///
    /// # Errors
    /// A setting that the kind does not have, a missing one, or a value that no address can hold.
    pub fn check_settings(&self, said: &Settings, has_base_url: bool) -> Result<(), SettingError> {
        for (name, value) in said {
            let setting = self.setting(name).ok_or_else(|| self.unknown(name))?;
            check_value(setting, name, value)?;
            if let Some(needed) = setting.needs.as_ref().filter(|needed| !said.contains_key(*needed)) {
                return Err(self.missing(needed));
            }
        }
        let has = |setting: &Setting| setting.default.is_some() || said.contains_key(&setting.name);
        let must = |setting: &&Setting| setting.required && !(setting.address_only && has_base_url);
        match self.settings.iter().filter(must).find(|setting| !has(setting)) {
            Some(setting) => Err(self.missing(&setting.name)),
            None => Ok(()),
        }
    }

    /// What the key itself says of the connection, where nobody said it: the project of a Google Cloud account.
    ///
    /// # Errors
    /// Neither says it, and the key is of no use without.
    pub fn settings_of_key(&self, secret: Option<&Secret>, said: &Settings) -> Result<Settings, SettingError> {
        const PROJECT: &str = "project";
        if self.auth != Auth::Google || said.contains_key(PROJECT) {
            return Ok(Settings::new());
        }
        match google::project(secret) {
            Project::Of(project) => Ok(Settings::from([(PROJECT.to_owned(), project)])),
            Project::NotNeeded => Ok(Settings::new()),
            Project::Missing => Err(self.missing(PROJECT)),
        }
    }

    /// A text of the vendor's file with the settings in; `{model}` stays.
    pub fn fill(&self, template: &str, said: &Settings) -> String {
        let mut filled = String::with_capacity(template.len());
        let mut rest = template;
        while let Some((before, named)) = rest.split_once('{') {
            filled.push_str(before);
            let (name, after) = named.split_once('}').unwrap_or((named, ""));
            match name {
                MODEL | SEGMENT => filled.push_str(&format!("{{{name}}}")),
                _ => filled.push_str(&self.part(name, said)),
            }
            rest = after;
        }
        filled.push_str(rest);
        filled
    }

    /// What a name between braces stands for.
    fn part(&self, name: &str, said: &Settings) -> String {
        match self.derived.iter().find(|derived| derived.name == name) {
            Some(derived) => {
                let value = self.value(&derived.of, said);
                self.fill(derived.cases.get(value).unwrap_or(&derived.otherwise), said)
            }
            None => self.value(name, said).to_owned(),
        }
    }

    fn value<'a>(&'a self, name: &str, said: &'a Settings) -> &'a str {
        let default = || self.setting(name).and_then(|setting| setting.default.as_deref());
        said.get(name).map(String::as_str).or_else(default).unwrap_or_default()
    }

    /// The names that the provider has for models, by those that callers use.
    pub fn wire_names(&self, said: &Settings) -> BTreeMap<String, String> {
        let per_model = self.settings.iter().filter(|setting| setting.per_model);
        let prefixes: Vec<String> = per_model.map(|setting| format!("{}.", setting.name)).collect();
        let name = |key: &String| prefixes.iter().find_map(|prefix| Some(key.strip_prefix(prefix)?.to_owned()));
        said.iter().filter_map(|(key, value)| Some((name(key)?, value.clone()))).collect()
    }

    fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| match name.strip_prefix(&setting.name) {
            Some("") => !setting.per_model,
            Some(rest) => setting.per_model && rest.strip_prefix('.').is_some_and(|model| !model.is_empty()),
            None => false,
        })
    }

    fn unknown(&self, name: &str) -> SettingError {
        let known = match self.settings.is_empty() {
            true => "it has none, so leave --set out".to_owned(),
            false => {
                let names: Vec<String> =
                    self.settings.iter().map(|setting| format!("`{}`", setting.written())).collect();
                format!("it has {}", names.join(", "))
            }
        };
        SettingError::Unknown { kind: self.name.clone(), name: name.to_owned(), known }
    }

    fn missing(&self, name: &str) -> SettingError {
        let help = self.setting(name).map(|setting| setting.help.clone()).unwrap_or_default();
        SettingError::Missing { kind: self.name.clone(), name: name.to_owned(), help }
    }
}

impl Setting {
    /// As it stands before the `=`.
    pub fn written(&self) -> String {
        if self.per_model { format!("{}.MODEL", self.name) } else { self.name.clone() }
    }
}

fn check_value(setting: &Setting, name: &str, value: &str) -> Result<(), SettingError> {
    let invalid = |why: String| SettingError::Invalid { name: name.to_owned(), value: value.to_owned(), why };
    if setting.address {
        return super::base_url::check_address(value).map_err(|error| invalid(error.to_string()));
    }
    // A name of a model may be a path of names.
    let marks: &[u8] = if setting.per_model { b"-_.:/@" } else { b"-_.:" };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || marks.contains(&byte);
    match !value.is_empty() && value.bytes().all(allowed) {
        true => Ok(()),
        false => Err(invalid("letters, digits and `-_.:` are allowed".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{find, kinds};

    fn settings(pairs: &[(&str, &str)]) -> Settings {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn faults_name_what_there_is() {
        let azure = find("azure").unwrap();
        let said = |pairs: &[(&str, &str)]| azure.check_settings(&settings(pairs), false).unwrap_err().to_string();
        let unknown = said(&[("regoin", "x")]);
        assert!(unknown.contains("no setting `regoin`") && unknown.contains("`resource`, `api_version`"), "{unknown}");
        assert!(unknown.contains("`deployment.MODEL`"), "{unknown}");
        assert!(said(&[]).contains("needs the setting `resource`"));
        assert!(said(&[("resource", "a"), ("tenant", "t")]).contains("`client_id`"));
        assert!(said(&[("resource", "a/b")]).contains("cannot be `a/b`"));
        assert!(said(&[("resource", "a"), ("deployment.", "b")]).contains("no setting `deployment.`"));
        assert!(azure.check_settings(&Settings::new(), true).is_ok());
        let none = find("openai").unwrap().check_settings(&settings(&[("a", "b")]), false).unwrap_err();
        assert!(none.to_string().contains("leave --set out"));
    }

    #[test]
    fn models_may_have_other_names() {
        let azure = find("azure").unwrap();
        let said = settings(&[("resource", "r"), ("deployment.gpt-4.1", "prod-41")]);
        assert!(azure.check_settings(&said, false).is_ok());
        assert_eq!(azure.wire_names(&said), settings(&[("gpt-4.1", "prod-41")]));
    }

    /// Every name between braces in a vendor's file is a setting, follows from one, or is the model.
    #[test]
    fn every_part_of_an_address_is_known() {
        for kind in kinds() {
            let parts = kind.derived.iter().flat_map(|derived| derived.cases.values().chain([&derived.otherwise]));
            let paths: Vec<String> =
                kind.sides_as_written().into_iter().flat_map(|side| side.paths.into_values()).collect();
            for template in parts.chain(kind.base_url.iter()).chain(&paths) {
                for part in template.split('{').skip(1) {
                    let name = part.split('}').next().unwrap();
                    let derived = kind.derived.iter().any(|derived| derived.name == name);
                    assert!(
                        [MODEL, SEGMENT].contains(&name) || derived || kind.setting(name).is_some(),
                        "{}: {template}",
                        kind.name
                    );
                }
            }
            for setting in kind.derived.iter().map(|derived| &derived.of) {
                assert!(kind.setting(setting).is_some(), "{}: {setting}", kind.name);
            }
        }
    }
}
