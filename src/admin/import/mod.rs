//! Other gateways' configurations, read into ours, with a word on each part: what is the same, what is nearly, what a
//! person has to do, what there is nothing for.
//!
//! Nothing is applied and nobody is contacted: what comes out is a configuration to look at, and a report. A secret that
//! stands in such a file is not taken along; the report says where it goes.

mod claude_code_router;
mod draft;
mod litellm;
mod portkey;

pub use draft::{Note, Verdict};

use super::AdminError;
use super::file::Configuration;
use serde_json::Value;

/// A gateway whose configuration can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// LiteLLM's `config.yaml`.
    Litellm,
    /// A Portkey config, JSON.
    Portkey,
    /// `config.json` of claude-code-router.
    ClaudeCodeRouter,
}

/// What was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// What it comes to here.
    pub configuration: Configuration,
    /// A word on each part, in the order of the file.
    pub notes: Vec<Note>,
}

impl Foreign {
    /// Every one.
    pub const ALL: [Foreign; 3] = [Foreign::Litellm, Foreign::Portkey, Foreign::ClaudeCodeRouter];

    /// The word on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Foreign::Litellm => "litellm",
            Foreign::Portkey => "portkey",
            Foreign::ClaudeCodeRouter => "claude-code-router",
        }
    }

    /// The one with this name.
    pub fn parse(name: &str) -> Option<Foreign> {
        Foreign::ALL.into_iter().find(|foreign| foreign.as_str() == name)
    }
}

/// Reads another gateway's configuration.
///
/// # Errors
/// [`AdminError::Invalid`] where the text is no such file.
pub fn import(foreign: Foreign, text: &str) -> Result<Imported, AdminError> {
    let value = match foreign {
        Foreign::Litellm => from_yaml(text)?,
        Foreign::Portkey | Foreign::ClaudeCodeRouter => from_json(text)?,
    };
    if !value.is_object() {
        return Err(AdminError::invalid("file", format!("it holds no configuration of {}", foreign.as_str())));
    }
    let mut draft = draft::Draft::default();
    match foreign {
        Foreign::Litellm => litellm::read(&value, &mut draft),
        Foreign::Portkey => portkey::read(&value, &mut draft),
        Foreign::ClaudeCodeRouter => claude_code_router::read(&value, &mut draft),
    }
    Ok(draft.finish())
}

fn from_json(text: &str) -> Result<Value, AdminError> {
    serde_json::from_str(text).map_err(|error| AdminError::invalid("file", format!("it is no JSON: {error}")))
}

/// YAML as JSON has it; of several documents the first.
fn from_yaml(text: &str) -> Result<Value, AdminError> {
    let documents = yaml_rust2::YamlLoader::load_from_str(text)
        .map_err(|error| AdminError::invalid("file", format!("it is no YAML: {error}")))?;
    Ok(documents.first().map_or(Value::Null, plain))
}

fn plain(yaml: &yaml_rust2::Yaml) -> Value {
    use yaml_rust2::Yaml;
    match yaml {
        Yaml::String(text) => Value::String(text.clone()),
        Yaml::Integer(number) => Value::from(*number),
        Yaml::Real(text) => text.parse::<f64>().map_or_else(|_| Value::String(text.clone()), Value::from),
        Yaml::Boolean(flag) => Value::Bool(*flag),
        Yaml::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Yaml::Hash(members) => {
            let name = |key: &Yaml| match plain(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Value::Object(members.iter().map(|(key, value)| (name(key), plain(value))).collect())
        }
        Yaml::Alias(_) | Yaml::Null | Yaml::BadValue => Value::Null,
    }
}

#[cfg(test)]
mod tests;
