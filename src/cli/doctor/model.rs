//! Model not found: what the name means, which names come near, and who may call them.

use super::authentication::Key;
use super::check::Check;
use super::home::Known;
use crate::canonical::{Code, Complaint};
use crate::catalogue::{Capabilities, Lifecycle};
use crate::cli::error::{Outcome, near};
use crate::gateway::{Directory, Place, Probe};
use crate::secrets::KeyHash;
use crate::types::Time;

/// More names than this do not help.
const MOST: usize = 5;

/// Everything that is known of names.
pub struct Names {
    directory: Directory,
    key: Option<KeyHash>,
}

impl Names {
    /// The names of a home, as who has this key may use them; none where its master key is missing.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn of(known: &Known, key: Option<&Key>) -> Outcome<Option<Names>> {
        let Some(sealer) = &known.sealer else { return Ok(None) };
        let directory = Directory::new(known.store.snapshot()?, sealer, known.org.id);
        Ok(Some(Names { directory, key: key.map(|key| key.hash) }))
    }

    /// What a name means, and how it stands with it.
    pub fn examine(&self, name: &str) -> (Check, Option<Place>) {
        match self.directory.resolve(self.key.as_ref(), name) {
            Ok(place) => (self.found(name, &place), Some(place)),
            Err(complaint) => (self.not_found(name, &complaint), None),
        }
    }

    /// Names that come near, of those that the provider itself lists too, each with the keys that may call it.
    pub fn near(&self, place: &Place, provider: &Probe) -> Vec<String> {
        let listed = provider.models().unwrap_or_default();
        let listed: Vec<String> = listed.into_iter().map(|model| format!("{}/{model}", place.provider)).collect();
        near_models(&place.name(), &listed).into_iter().map(|name| self.suggestion(name)).collect()
    }

    /// Models other than this one that the caller may call and that are known to call tools, of the same provider first.
    pub fn with_tools(&self, but: Option<&Place>) -> Vec<String> {
        let key = self.key.as_ref();
        let calls_tools = |name: &String| {
            let place = self.directory.resolve(key, name).ok().filter(|place| Some(place) != but);
            let card = place.and_then(|place| place.card).filter(|card| card.lifecycle == Lifecycle::Active);
            // A base to tune from is no model to call.
            card.is_some_and(|card| card.capabilities.tools == Some(true) && !card.id.starts_with("ft:"))
        };
        let is_elsewhere = |name: &String| but.is_none_or(|place| !name.starts_with(&format!("{}/", place.provider)));
        let mut names: Vec<String> = self.directory.callable(key).into_iter().filter(calls_tools).collect();
        names.sort_by_key(is_elsewhere);
        names.truncate(MOST);
        names
    }

    fn found(&self, name: &str, place: &Place) -> Check {
        let target = place.name();
        let means = match &place.route {
            Some(route) => format!("the routing rule `{route}` leads to {target}"),
            None if name == target => target.clone(),
            None => format!("`{name}` is {target}"),
        };
        let can = place.card.map(|card| capabilities(&card.capabilities)).unwrap_or_default();
        if !place.unlisted {
            return Check::ok("model", format!("{means}{can}"));
        }
        let (provider, model) = (&place.provider, &place.model);
        Check::warn("model", format!("{means}, which is not in the list of models of `{provider}`"))
            .remedy(format!("if the provider has it: `optscale-ai provider edit {provider} --model {model}`"))
    }

    fn not_found(&self, name: &str, complaint: &Complaint) -> Check {
        let check = Check::fault("model", &complaint.message);
        match complaint.code {
            Code::ModelNotFound => {
                let all = self.directory.callable(None);
                let near = near_models(name, &all);
                if near.is_empty() {
                    return check;
                }
                let check = Check::fail("model", format!("there is no model `{name}` here"));
                near.into_iter().fold(check, |check, name| check.remedy(self.suggestion(name)))
            }
            Code::ModelNotAllowed => match self.directory.keys_for(name, Time::now()) {
                keys if keys.is_empty() => check,
                keys => check.remedy(format!("or use a key that may call it: {}", keys.join(", "))),
            },
            _ => check,
        }
    }

    fn suggestion(&self, name: &str) -> String {
        let keys = self.directory.keys_for(name, Time::now());
        match keys.len() {
            0 => format!("did you mean {name}? No key may call it yet"),
            1..=MOST => format!("did you mean {name}? Keys that may call it: {}", keys.join(", ")),
            many => format!("did you mean {name}? {many} keys may call it, {} among them", keys[..MOST].join(", ")),
        }
    }
}

/// Names that come near, with their provider or without.
fn near_models<'a>(name: &str, all: &'a [String]) -> Vec<&'a str> {
    let bare = |name: &'a str| name.split_once('/').map_or(name, |(_, model)| model);
    let whole = near(name, all.iter().map(String::as_str));
    if !whole.is_empty() {
        return whole;
    }
    let model = name.split_once('/').map_or(name, |(_, model)| model);
    let alike = near(model, all.iter().map(|name| bare(name)));
    let having = |model| all.iter().map(String::as_str).filter(move |name| bare(name) == model);
    alike.into_iter().flat_map(having).take(MOST).collect()
}

/// How it stands with a name at a gateway of another machine: all that is known is what it lists.
pub fn examine_remote(name: &str, gateway: &Probe) -> Check {
    let listed = match gateway.models() {
        Ok(listed) => listed,
        Err(complaint) => {
            return Check::skip("model", format!("the gateway does not list its models: {}", complaint.message));
        }
    };
    if listed.iter().any(|model| model == name) {
        return Check::ok("model", format!("the gateway lists {name}"));
    }
    match near_models(name, &listed) {
        near if near.is_empty() => Check::warn("model", format!("the gateway does not list {name}")),
        near => Check::warn("model", format!("the gateway does not list {name}"))
            .remedy(format!("near names that the key may call: {}", near.join(", "))),
    }
}

fn capabilities(capabilities: &Capabilities) -> String {
    let can: Vec<&str> = capabilities.iter().filter(|(_, has)| *has == Some(true)).map(|(name, _)| name).collect();
    if can.is_empty() { String::new() } else { format!("; the catalogue knows: {}", can.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_near_with_their_provider_and_without() {
        let all = ["anthropic/claude-haiku-4-5", "openai/gpt-4o-mini", "openai/gpt-4o"].map(str::to_owned);
        assert_eq!(near_models("openai/gpt-4o-mni", &all), ["openai/gpt-4o-mini", "openai/gpt-4o"]);
        assert_eq!(near_models("gpt-4o-mni", &all), ["openai/gpt-4o-mini", "openai/gpt-4o"]);
        assert_eq!(near_models("claude-haiku-45", &all), ["anthropic/claude-haiku-4-5"]);
        assert!(near_models("llama", &all).is_empty());
    }
}
