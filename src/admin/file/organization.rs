//! `[organization]`: which one the file is about.

use super::difference::{Difference, FieldChange, Kind};
use crate::admin::{AdminError, orgs};
use crate::records::{Bodies, Org};
use crate::store::Store;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The organisation that a file is about. It is made where it is not there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its name.
    pub name: String,
    /// What is kept of the words of its calls: `none`, `metadata`, `redacted`, `full`; left as it is where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bodies: Option<Bodies>,
}

impl Organization {
    /// It as a file would say it.
    pub(super) fn of(org: &Org) -> Organization {
        Organization { name: org.name.clone(), bodies: Some(org.bodies) }
    }

    /// The organisation, if it is there.
    pub(super) fn find(&self, store: &Store) -> Result<Option<Org>, AdminError> {
        Ok(store.orgs()?.into_iter().find(|org| org.name == self.name))
    }

    /// What differs between it and what is there.
    pub(super) fn difference(&self, org: Option<&Org>) -> Option<Difference> {
        let (before, after) = (org.map(|org| org.bodies), self.bodies.or(org.map(|org| org.bodies)));
        if org.is_some() && before == after {
            return None;
        }
        let word = |bodies: Option<Bodies>| bodies.map_or(Value::Null, |bodies| json!(bodies.as_str()));
        let mut fields = BTreeMap::new();
        if before != after {
            fields.insert("bodies".to_owned(), FieldChange { before: word(before), after: word(after) });
        }
        let change = if org.is_some() { Kind::Change } else { Kind::Add };
        Some(Difference { change, what: "organization", name: self.name.clone(), fields })
    }

    /// Makes it, or what is there into it.
    pub(super) fn apply(&self, store: &Store, owner: &str) -> Result<(Org, Option<Difference>), AdminError> {
        let found = self.find(store)?;
        let difference = self.difference(found.as_ref());
        let mut org = match found {
            Some(org) => org,
            None => orgs::create(store, &self.name, owner)?,
        };
        if let Some(bodies) = self.bodies.filter(|bodies| *bodies != org.bodies) {
            org = orgs::set_bodies(store, &self.name, bodies)?;
        }
        Ok((org, difference))
    }
}
