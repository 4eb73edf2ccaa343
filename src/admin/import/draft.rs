//! A configuration in the making, and what is said of it.

use super::Imported;
use crate::admin::file::{Configuration, ProviderEntry, RouteEntry};
use crate::admin::names;
use crate::provider;
use crate::records::SecretSource;
use serde::Serialize;

/// How well a part is carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It does the same here.
    Exact,
    /// It does nearly the same here.
    Approximate,
    /// A person has to do something.
    Manual,
    /// There is nothing like it here.
    Unsupported,
}

/// A word on a part of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Where it stands in the file.
    pub part: String,
    /// How well it is carried over.
    pub verdict: Verdict,
    /// What it is here, or what is to be done.
    pub words: String,
}

/// A connection that a file speaks of.
pub(super) struct Connection<'a> {
    /// Our word for the vendor.
    pub kind: &'a str,
    /// What it should be called.
    pub name: &'a str,
    pub base_url: Option<&'a str>,
    pub key: Option<SecretSource>,
}

/// A configuration in the making.
#[derive(Default)]
pub(super) struct Draft {
    providers: Vec<ProviderEntry>,
    routes: Vec<RouteEntry>,
    notes: Vec<Note>,
}

impl Draft {
    /// Says a word on a part.
    pub fn note(&mut self, part: impl Into<String>, verdict: Verdict, words: impl Into<String>) {
        self.notes.push(Note { part: part.into(), verdict, words: words.into() });
    }

    /// The name of the provider for a connection, which is added where it is new.
    pub fn provider(&mut self, wanted: &Connection<'_>) -> String {
        let same = |entry: &&ProviderEntry| {
            entry.kind == wanted.kind && entry.base_url.as_deref() == wanted.base_url && entry.api_key == wanted.key
        };
        if let Some(known) = self.providers.iter().find(same) {
            return known.name.clone();
        }
        let name = self.free_name(&clean(wanted.name));
        self.providers.push(ProviderEntry {
            name: name.clone(),
            kind: wanted.kind.to_owned(),
            base_url: wanted.base_url.map(str::to_owned),
            api_key: wanted.key.clone(),
            ..ProviderEntry::default()
        });
        name
    }

    fn free_name(&self, wanted: &str) -> String {
        let taken = |name: &str| self.providers.iter().any(|entry| entry.name == name);
        let mut name = wanted.to_owned();
        let mut number = 1;
        while taken(&name) {
            number += 1;
            name = format!("{wanted}-{number}");
        }
        name
    }

    /// Gives a model another name. What cannot be a name is changed, and said.
    pub fn route(&mut self, part: &str, name: &str, target: &str) {
        if name == target {
            self.note(part, Verdict::Exact, format!("called {target}, as it is"));
            return;
        }
        let fitting = clean(name);
        if let Some(other) = self.routes.iter().find(|route| route.name == fitting) {
            let words = format!(
                "`{fitting}` leads to {} already, and a routing rule has one target; call {target} by its own name",
                other.target
            );
            self.note(part, Verdict::Approximate, words);
            return;
        }
        match fitting == name {
            true => self.note(part, Verdict::Exact, format!("route `{name}` to {target}")),
            false => self.note(
                part,
                Verdict::Approximate,
                format!("route `{fitting}` to {target}: `{name}` can be no name here; callers change it"),
            ),
        }
        self.routes.push(RouteEntry { name: fitting, target: target.to_owned() });
    }

    /// What a name leads to so far.
    pub fn target_of(&self, name: &str) -> Option<String> {
        self.routes.iter().find(|route| route.name == clean(name)).map(|route| route.target.clone())
    }

    /// What is to be done about a secret that stands in the file itself: it is not taken along.
    pub fn secret(&mut self, part: &str, kind: &str) -> Option<SecretSource> {
        let usual = provider::find(kind).and_then(|kind| kind.api_key_env.first().cloned());
        let variable = usual.unwrap_or_else(|| "PROVIDER_API_KEY".to_owned());
        let words = format!("the key itself is not taken along; put it into the variable {variable} of the gateway");
        self.note(part, Verdict::Manual, words);
        Some(SecretSource::Env(variable))
    }

    /// Whether this version has a kind of provider; says so where it has not.
    pub fn has_kind(&mut self, part: &str, kind: &str) -> bool {
        let has = provider::find(kind).is_some();
        if !has {
            let words =
                format!("this version knows no provider `{kind}`; `optscale-ai provider kinds` lists what it knows");
            self.note(part, Verdict::Unsupported, words);
        }
        has
    }

    pub fn finish(self) -> Imported {
        let some = |list: bool| list.then_some(());
        let configuration = Configuration {
            provider: some(!self.providers.is_empty()).map(|()| self.providers),
            route: some(!self.routes.is_empty()).map(|()| self.routes),
            ..Configuration::default()
        };
        Imported { configuration, notes: self.notes }
    }
}

/// The nearest text that can be a name.
pub(super) fn clean(name: &str) -> String {
    let fit = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' };
    let fitting: String = name.trim().chars().map(fit).take(64).collect();
    let fitting = fitting.trim_start_matches('-');
    if names::is_name(fitting) { fitting.to_owned() } else { "imported".to_owned() }
}
