//! What names of models mean, and who may call them, without a running gateway: the same stages read the same
//! configuration. It calls nobody.

use super::authorise;
use super::call::Caller;
use super::cards::Cards;
use super::snapshot::{KeyEntry, Snapshot};
use crate::canonical::{Code, Complaint};
use crate::catalogue::Model;
use crate::records::{Key, User, UserRole};
use crate::secrets::{KeyHash, Sealer};
use crate::store;
use crate::types::{KeyId, OrgId, Time, UserId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The configuration of one organisation at one moment.
pub struct Directory {
    snapshot: Snapshot,
    cards: Cards,
    org: OrgId,
}

/// Where a name leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// The provider's name.
    pub provider: String,
    /// The model as the provider names it.
    pub model: String,
    /// The routing rule that gave the name its meaning.
    pub route: Option<String>,
    /// What the catalogue knows of it.
    pub card: Option<Model>,
    /// Whether the provider has a list of models, and this is not in it.
    pub unlisted: bool,
}

impl Place {
    /// `provider/model`.
    pub fn name(&self) -> String {
        format!("{}/{}", self.provider, self.model)
    }
}

impl Directory {
    /// Reads a stored configuration.
    pub fn new(stored: store::Snapshot, sealer: &Sealer, org: OrgId) -> Directory {
        Directory { snapshot: Snapshot::build(stored, sealer), cards: Cards::default(), org }
    }

    /// What a name means to who has this key; to an owner where nobody has it.
    ///
    /// # Errors
    /// The complaint that the gateway would answer with.
    pub fn resolve(&self, key: Option<&KeyHash>, name: &str) -> Result<Place, Complaint> {
        let removed = || Complaint::new(Code::ModelNotFound, "the organisation is not there any more");
        let caller = self.caller(key).ok_or_else(removed)?;
        let (target, route) = authorise::find(&self.cards, &caller, name)?;
        let listed = &target.provider.record.models;
        Ok(Place {
            provider: target.provider.record.name.clone(),
            unlisted: !listed.is_empty() && !listed.contains(&target.model),
            route: route.map(|route| route.name.clone()),
            model: target.model,
            card: target.card,
        })
    }

    /// The names of all models, and of routing rules, that who has this key may call; an owner where nobody has it.
    pub fn callable(&self, key: Option<&KeyHash>) -> Vec<String> {
        let Some(caller) = self.caller(key) else { return Vec::new() };
        super::models::callable(&self.cards, &caller).into_iter().map(|card| card.id).collect()
    }

    /// The names of living keys that may call what a name means, by name.
    pub fn keys_for(&self, name: &str, now: Time) -> Vec<String> {
        let Ok(place) = self.resolve(None, name) else { return Vec::new() };
        let Some(org) = self.snapshot.org(self.org) else { return Vec::new() };
        let Some(provider) = org.providers.get(&place.provider) else { return Vec::new() };
        let route = place.route.as_ref().and_then(|route| org.routes.get(route)).map(Arc::as_ref);
        let lives = |key: &Key| key.revoked.is_none() && key.expires.is_none_or(|end| end > now);
        let entries = self.snapshot.keys().filter(|entry| entry.key.org == self.org && lives(&entry.key));
        let may = entries.filter(|entry| {
            let caller = Caller { org: org.clone(), key: (*entry).clone(), version: self.snapshot.version };
            authorise::may_call(&caller, provider, &place.model, route)
        });
        let mut names: Vec<String> = may.map(|entry| entry.key.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Whose key it is; an owner where nobody has it.
    fn caller(&self, key: Option<&KeyHash>) -> Option<Caller> {
        let known = key.and_then(|hash| self.snapshot.key(hash)).cloned();
        let key = known.unwrap_or_else(|| Arc::new(owner(self.org)));
        let org = self.snapshot.org(key.key.org)?.clone();
        Some(Caller { org, key, version: self.snapshot.version })
    }
}

/// A key without bounds, of somebody who may call everything.
fn owner(org: OrgId) -> KeyEntry {
    let user = User {
        id: UserId(0),
        org,
        name: "owner".to_owned(),
        role: UserRole::Owner,
        team: None,
        allowed: Vec::new(),
        created: Time::from_millis(0),
    };
    let key = Key {
        id: KeyId(0),
        org,
        user: user.id,
        name: "owner".to_owned(),
        last_four: String::new(),
        providers: Vec::new(),
        models: Vec::new(),
        tags: BTreeMap::new(),
        local: false,
        created: Time::from_millis(0),
        expires: None,
        revoked: None,
    };
    KeyEntry { key, user, team: None, grace_ends: None }
}
