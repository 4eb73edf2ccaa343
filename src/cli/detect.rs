//! Providers that this machine seems to have: keys in the environment, an Ollama that listens.

use crate::admin::providers::AddProvider;
use crate::cli::error::Outcome;
use crate::cli::secret_input;
use crate::config;
use crate::provider::{self, Kind};
use crate::types::Secret;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::time::Duration;

const OLLAMA: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 11434);
/// On the same machine an open port answers at once.
const PATIENCE: Duration = Duration::from_millis(150);
/// Variables that are mostly there for something else: their keys are offered to nobody unasked.
const OTHER_PURPOSE: &[&str] = &["GITHUB_TOKEN", "GH_TOKEN", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

/// A provider that could be registered as it is.
pub struct Candidate {
    /// The vendor.
    pub kind: &'static Kind,
    settings: Vec<(String, String)>,
    key: Option<(String, Secret)>,
}

impl Candidate {
    /// Why it is offered.
    pub fn reason(&self) -> String {
        match &self.key {
            Some((variable, _)) => format!("key from {variable}"),
            None => format!("listens on {OLLAMA}"),
        }
    }

    /// What is to be registered.
    pub fn wanted(&self) -> AddProvider {
        AddProvider {
            kind: self.kind.name.clone(),
            settings: self.settings.clone(),
            secret: self.key.as_ref().map(|(_, secret)| secret.clone()),
            ..AddProvider::default()
        }
    }
}

/// Everything that can be registered without a question.
pub fn candidates() -> Vec<Candidate> {
    let with_key = provider::kinds().iter().filter(|kind| kind.base_url.is_some()).filter_map(|kind| {
        let usual = |variable: &String| !OTHER_PURPOSE.contains(&variable.as_str());
        let (variable, secret) = key_in_environment(kind).filter(|(variable, _)| usual(variable))?;
        let found = settings_in_environment(kind).map(|(_, name, value)| (name, value));
        let settings: Vec<(String, String)> = found.collect();
        kind.check_settings(&settings.iter().cloned().collect(), false).ok()?;
        Some(Candidate { kind, settings, key: Some((variable, secret)) })
    });
    let ollama = provider::find("ollama").filter(|_| TcpStream::connect_timeout(&OLLAMA, PATIENCE).is_ok());
    with_key.chain(ollama.map(|kind| Candidate { kind, settings: Vec::new(), key: None })).collect()
}

/// The key of a vendor in its usual environment variable, and which one.
pub fn key_in_environment(kind: &Kind) -> Option<(String, Secret)> {
    kind.api_key_env.iter().find_map(|name| Some((name.clone(), Secret::new(config::variable(name)?.trim()))))
}

/// The key of a vendor in the file that its usual environment variable names, and which variable.
///
/// # Errors
/// The file cannot be read.
pub fn key_file_in_environment(kind: &Kind) -> Outcome<Option<(String, Secret)>> {
    let named = kind.key_file_env.iter().find_map(|name| Some((name.clone(), config::variable(name)?)));
    let read = |(variable, path): (String, String)| Ok((variable, secret_input::from_file(Path::new(&path))?));
    named.map(read).transpose()
}

/// What the environment says of a connection to a vendor: the variable, the setting, its value.
pub fn settings_in_environment(kind: &Kind) -> impl Iterator<Item = (String, String, String)> {
    kind.settings.iter().filter_map(|setting| {
        let found = |name: &String| Some((name.clone(), setting.name.clone(), config::variable(name)?));
        setting.env.iter().find_map(found)
    })
}
