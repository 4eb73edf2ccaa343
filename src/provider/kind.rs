//! The vendors, parsed once from the files in `builtin/`.

use super::sandbox;
use super::settings::{Derived, Setting, Settings};
use crate::records::{Auth, Quirks, Side};
use crate::types::Protocol;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// Every vendor file, in the order in which lists show them. A new vendor is a file and a line here.
pub(super) const FILES: &[&str] = &[
    include_str!("builtin/openai.toml"),
    include_str!("builtin/anthropic.toml"),
    include_str!("builtin/google.toml"),
    include_str!("builtin/vertex.toml"),
    include_str!("builtin/bedrock.toml"),
    include_str!("builtin/azure.toml"),
    include_str!("builtin/mistral.toml"),
    include_str!("builtin/groq.toml"),
    include_str!("builtin/deepseek.toml"),
    include_str!("builtin/xai.toml"),
    include_str!("builtin/openrouter.toml"),
    include_str!("builtin/together.toml"),
    include_str!("builtin/fireworks.toml"),
    include_str!("builtin/perplexity.toml"),
    include_str!("builtin/cerebras.toml"),
    include_str!("builtin/cohere.toml"),
    include_str!("builtin/nvidia.toml"),
    include_str!("builtin/huggingface.toml"),
    include_str!("builtin/github.toml"),
    include_str!("builtin/moonshot.toml"),
    include_str!("builtin/zai.toml"),
    include_str!("builtin/alibaba.toml"),
    include_str!("builtin/sambanova.toml"),
    include_str!("builtin/ollama.toml"),
    include_str!("builtin/vllm.toml"),
    include_str!("builtin/lmstudio.toml"),
    include_str!("builtin/llamacpp.toml"),
    include_str!("builtin/litellm.toml"),
    include_str!("builtin/custom.toml"),
    include_str!("builtin/sandbox.toml"),
];

// A file that does not parse would be missing here; the tests hold that none is.
static KINDS: LazyLock<Vec<Kind>> =
    LazyLock::new(|| FILES.iter().filter_map(|text| toml::from_str(text).ok()).collect());

/// Whether a vendor is spoken to at its own address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Own {
    /// At its own.
    Address,
    /// Where the user said.
    Elsewhere,
}

/// What is known of a vendor before anybody registers a connection to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kind {
    /// The word on the command line: `openai`, `custom` ...
    pub name: String,
    /// The name for people.
    pub title: String,
    /// What it speaks unless the user says otherwise.
    pub protocol: Protocol,
    /// What the user may say instead; empty for all but `custom`.
    #[serde(default)]
    pub other_protocols: Vec<Protocol>,
    /// Where it is, as its own SDK takes it; none where the user must say. It may have settings in braces.
    pub base_url: Option<String>,
    /// Where the path of an address that somebody gives ends: at the first of these, if it has one.
    #[serde(default)]
    pub cut_at: Vec<String>,
    /// How it is signed when it speaks [`Kind::protocol`]; ask [`Kind::auth`] when it may speak another.
    pub auth: Auth,
    /// Environment variables that usually hold its key, the first choice first.
    pub api_key_env: Vec<String>,
    /// Environment variables that usually hold the path of a file with its key.
    #[serde(default)]
    pub key_file_env: Vec<String>,
    /// Whether it refuses to work without a key.
    #[serde(default = "yes")]
    pub needs_secret: bool,
    /// Whose prices apply, in the catalogue's names; none where no price can be known.
    pub catalogue: Option<String>,
    /// A cheap model of the vendor, for a first call, without the provider's name before it.
    pub example_model: Option<String>,
    /// Where a key is made, or how the server is run.
    pub docs: String,
    /// What a user should know, one sentence.
    pub note: Option<String>,
    /// Where [`Kind::protocol`]'s tasks are done, as in [`Side::paths`].
    #[serde(default)]
    paths: BTreeMap<String, String>,
    /// The models that [`Kind::protocol`] is for, as in [`Side::models`].
    #[serde(default)]
    models: Vec<String>,
    /// What it speaks besides, at the same base URL. A caller of one of these protocols is not translated.
    #[serde(default)]
    also: Vec<Side>,
    /// How it departs from the dialect.
    #[serde(default)]
    pub quirks: Quirks,
    /// What can be said of a connection beside its key.
    #[serde(default)]
    pub settings: Vec<Setting>,
    /// What follows from that for addresses.
    #[serde(default)]
    pub(super) derived: Vec<Derived>,
}

fn yes() -> bool {
    true
}

impl Kind {
    /// Whether it may speak `protocol`.
    pub fn speaks(&self, protocol: Protocol) -> bool {
        self.protocol == protocol || self.other_protocols.contains(&protocol)
    }

    /// All that it speaks where `protocol` was chosen, which comes first; in its paths what was said of the connection.
    /// Paths that are whole addresses are those of the vendor's own: `own` says whether it is spoken to there.
    pub fn sides(&self, protocol: Protocol, said: &Settings, own: Own) -> Vec<Side> {
        if protocol != self.protocol {
            return vec![Side::plain(protocol)];
        }
        let mut sides = self.sides_as_written();
        for path in sides.iter_mut().flat_map(|side| side.paths.values_mut()) {
            *path = self.fill(path, said);
            if own == Own::Elsewhere && path.contains("://") {
                *path = path.splitn(4, '/').nth(3).map(|rest| format!("/{rest}")).unwrap_or_default();
            }
        }
        sides
    }

    pub(super) fn sides_as_written(&self) -> Vec<Side> {
        let protocol = self.protocol;
        let main = Side { protocol, models: self.models.clone(), paths: self.paths.clone(), auth: None };
        std::iter::once(main).chain(self.also.iter().cloned()).collect()
    }

    /// Its own address where that was said of the connection; none where the user must say one.
    pub fn own_address(&self, said: &Settings) -> Option<String> {
        self.base_url.as_deref().map(|template| self.fill(template, said))
    }

    /// How requests in `protocol` are signed.
    pub fn auth(&self, protocol: Protocol) -> Auth {
        match protocol {
            same if same == self.protocol => self.auth.clone(),
            Protocol::Openai | Protocol::Responses | Protocol::Ollama | Protocol::Cohere | Protocol::Bedrock => {
                Auth::Bearer
            }
            Protocol::Anthropic => Auth::Header("x-api-key".to_owned()),
            Protocol::Gemini => Auth::Header("x-goog-api-key".to_owned()),
        }
    }

    /// Whether it answers inside the gateway, through [`sandbox::answer`], and is never connected to.
    pub fn is_sandbox(&self) -> bool {
        self.name == sandbox::KIND
    }
}

/// Every vendor, in the order in which lists show them.
pub fn kinds() -> &'static [Kind] {
    &KINDS
}

/// The vendor of that name, exactly as written.
pub fn find(name: &str) -> Option<&'static Kind> {
    kinds().iter().find(|kind| kind.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_file_parses() {
        for text in FILES {
            toml::from_str::<Kind>(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        }
        assert_eq!(kinds().len(), FILES.len());
    }

    #[test]
    fn every_file_is_in_the_list() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/provider/builtin");
        let mut found: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned())
            .collect();
        let mut named: Vec<String> = kinds().iter().map(|kind| kind.name.clone()).collect();
        found.sort();
        named.sort();
        assert_eq!(found, named);
    }

    #[test]
    fn names_and_key_variables_are_unique() {
        let mut seen = HashSet::new();
        for kind in kinds() {
            assert!(seen.insert(kind.name.clone()), "{}", kind.name);
            for variable in &kind.api_key_env {
                assert!(seen.insert(variable.clone()), "{variable}");
            }
        }
    }

    #[test]
    fn who_needs_a_key_says_where_it_is_looked_for() {
        for kind in kinds().iter().filter(|kind| kind.needs_secret) {
            assert!(!kind.api_key_env.is_empty(), "{}", kind.name);
            assert_ne!(kind.auth, Auth::None, "{}", kind.name);
        }
    }

    #[test]
    fn custom_takes_both_protocols_and_signs_accordingly() {
        let custom = find("custom").unwrap();
        assert!(Protocol::ALL.into_iter().all(|protocol| custom.speaks(protocol)));
        assert_eq!(custom.auth(Protocol::Openai), Auth::Bearer);
        assert_eq!(custom.auth(Protocol::Anthropic), Auth::Header("x-api-key".to_owned()));
        assert!(!find("openai").unwrap().speaks(Protocol::Anthropic));
        assert!(find("OpenAI").is_none());
    }
}
