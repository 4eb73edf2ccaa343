//! Live names for the shell's completion: read from the database, quickly, and never an error.
//!
//! A shell asks while somebody types: whatever goes wrong, there is simply nothing to offer.

use crate::catalogue;
use crate::config::{self, Home};
use crate::connect;
use crate::guardrail;
use crate::provider;
use crate::records::Org;
use crate::store::{ProviderRow, Store};
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use std::path::PathBuf;

/// Completes names of registered providers.
pub fn providers() -> ArgValueCandidates {
    names(|store, org| store.providers(org.id).ok().map(|rows| rows.into_iter().map(|row| row.name).collect()))
}

/// Completes names of living virtual keys.
pub fn keys() -> ArgValueCandidates {
    names(|store, org| {
        let rows = store.keys(org.id).ok()?;
        Some(rows.into_iter().map(|row| row.key).filter(|key| key.revoked.is_none()).map(|key| key.name).collect())
    })
}

/// Completes names of routing rules.
pub fn routes() -> ArgValueCandidates {
    names(|store, org| store.routes(org.id).ok().map(|rows| rows.into_iter().map(|row| row.name).collect()))
}

/// Completes names of guardrails.
pub fn guardrails() -> ArgValueCandidates {
    names(|store, org| store.guardrails(org.id).ok().map(|rows| rows.into_iter().map(|row| row.name).collect()))
}

/// Completes names of policies.
pub fn policies() -> ArgValueCandidates {
    names(|store, org| store.policies(org.id).ok().map(|rows| rows.into_iter().map(|row| row.name).collect()))
}

/// Completes types of guardrails.
pub fn guardrail_kinds() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let candidate = |kind: &guardrail::Kind| CompletionCandidate::new(kind.name).help(Some(kind.about.into()));
        guardrail::KINDS.into_iter().map(candidate).collect()
    })
}

/// Completes names of users.
pub fn users() -> ArgValueCandidates {
    names(|store, org| store.users(org.id).ok().map(|rows| rows.into_iter().map(|row| row.name).collect()))
}

/// Completes names of teams.
pub fn teams() -> ArgValueCandidates {
    names(|store, org| store.teams(org.id).ok().map(|rows| rows.into_iter().map(|row| row.name).collect()))
}

/// Completes names of organisations.
pub fn orgs() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let names = open().and_then(|store| store.orgs().ok()).unwrap_or_default();
        names.into_iter().map(|org| CompletionCandidate::new(org.name)).collect()
    })
}

/// Completes models as callers name them: `provider/model`, and names of routing rules.
pub fn models() -> ArgValueCandidates {
    names(|store, org| {
        let mut names: Vec<String> = store.routes(org.id).ok()?.into_iter().map(|route| route.name).collect();
        names.extend(store.providers(org.id).ok()?.iter().flat_map(models_of));
        Some(names)
    })
}

/// Completes scopes that have a budget.
pub fn budgets() -> ArgValueCandidates {
    names(|store, org| Some(store.budgets(org.id).ok()?.into_iter().map(|budget| budget.label).collect()))
}

/// Completes scopes that a budget or a limit can have.
pub fn scopes() -> ArgValueCandidates {
    names(|store, org| {
        let mut scopes = vec!["org".to_owned(), "session".to_owned()];
        scopes.extend(store.teams(org.id).ok()?.into_iter().map(|team| format!("team:{}", team.name)));
        scopes.extend(store.users(org.id).ok()?.into_iter().map(|user| format!("user:{}", user.name)));
        let keys = store.keys(org.id).ok()?.into_iter().map(|row| row.key).filter(|key| key.revoked.is_none());
        scopes.extend(keys.map(|key| format!("key:{}", key.name)));
        scopes.extend(store.providers(org.id).ok()?.into_iter().map(|row| format!("provider:{}", row.name)));
        Some(scopes)
    })
}

/// The models of a provider as callers name them: those that it lists, else those that the catalogue knows of its vendor.
fn models_of(row: &ProviderRow) -> Vec<String> {
    let vendor = provider::find(&row.kind).and_then(|kind| kind.catalogue.clone());
    let known = vendor.iter().flat_map(|vendor| catalogue::models(vendor)).map(|model| model.id.to_owned());
    let offered: Vec<String> = if row.models.is_empty() { known.collect() } else { row.models.clone() };
    offered.into_iter().map(|model| format!("{}/{model}", row.name)).collect()
}

/// Completes what can be allowed: providers, and their models.
pub fn assignable() -> ArgValueCandidates {
    names(|store, org| {
        let rows = store.providers(org.id).ok()?;
        let models = rows.iter().flat_map(models_of);
        Some(rows.iter().map(|row| row.name.clone()).chain(models).collect())
    })
}

/// Completes kinds of providers.
pub fn kinds() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let candidate =
            |kind: &provider::Kind| CompletionCandidate::new(kind.name.as_str()).help(Some(kind.title.clone().into()));
        provider::kinds().iter().map(candidate).collect()
    })
}

/// Completes clients of `connect`.
pub fn clients() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        connect::clients().iter().map(|client| CompletionCandidate::new(client.name())).collect()
    })
}

fn names(read: fn(&Store, &Org) -> Option<Vec<String>>) -> ArgValueCandidates {
    ArgValueCandidates::new(move || {
        let found = open().and_then(|store| read(&store, &org(&store)?)).unwrap_or_default();
        found.into_iter().map(CompletionCandidate::new).collect()
    })
}

fn open() -> Option<Store> {
    let named = typed("--home").map(PathBuf::from);
    let home = Home::locate(named.as_deref()).ok()?;
    Store::read_only(&home.database()).ok()
}

fn org(store: &Store) -> Option<Org> {
    let name = typed("--org").or_else(|| config::variable(config::ORG));
    let selected = store.selected_org().ok()?;
    store.orgs().ok()?.into_iter().find(|org| match &name {
        Some(name) => org.name == *name || org.public_id == *name,
        None => Some(org.id) == selected,
    })
}

/// The value of an option in the command line that is being completed; it comes to us as arguments.
fn typed(option: &str) -> Option<String> {
    let words: Vec<String> = std::env::args().collect();
    let after = words.iter().position(|word| word == option).and_then(|place| words.get(place + 1).cloned());
    after.or_else(|| words.iter().find_map(|word| word.strip_prefix(option)?.strip_prefix('=').map(str::to_owned)))
}
