//! `[[team]]`: users who may call the same. Who is in it is said by its users.

use super::{Desk, Table};
use crate::admin::teams::{self, AddTeam, EditTeam};
use crate::admin::{AdminError, access};
use crate::store::Store;
use crate::types::OrgId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A team.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamEntry {
    /// Its name.
    pub name: String,
    /// Providers and models (`provider/model`) that its members may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_providers: Vec<String>,
}

impl Table for TeamEntry {
    const WHAT: &'static str = "team";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<TeamEntry>, AdminError> {
        let teams = store.teams(org)?.into_iter();
        Ok(teams.map(|team| TeamEntry { name: team.name, allowed_providers: team.allowed }).collect())
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        let (name, allowed) = (self.name.clone(), self.allowed_providers.clone());
        teams::add(desk.store, desk.org, &AddTeam { name, allowed, members: Vec::new() }).map(drop)
    }

    fn change(&self, before: &TeamEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        let (allow, deny) = access::steps(&before.allowed_providers, &self.allowed_providers);
        teams::edit(desk.store, desk.org, &self.name, &EditTeam { allow, deny, ..EditTeam::default() }).map(drop)
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        teams::remove(desk.store, desk.org, &self.name).map(drop)
    }
}
