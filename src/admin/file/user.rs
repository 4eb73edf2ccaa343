//! `[[user]]`: who is there, and what they may call.

use super::{Desk, Table};
use crate::admin::teams::{self, EditTeam};
use crate::admin::users::{self, InviteUser};
use crate::admin::{AdminError, access};
use crate::records::UserRole;
use crate::store::Store;
use crate::types::OrgId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserEntry {
    /// Mail address or login name.
    pub email: String,
    /// What they may do.
    #[serde(default = "member")]
    pub role: UserRole,
    /// The team that they are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
    /// Providers, with all their models, that they may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_providers: Vec<String>,
    /// Models that they may call, as `provider/model`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allowed_models: Vec<String>,
}

fn member() -> UserRole {
    UserRole::Member
}

impl UserEntry {
    fn allowed(&self) -> Vec<String> {
        self.allowed_providers.iter().chain(&self.allowed_models).cloned().collect()
    }

    fn set_team(&self, before: Option<&str>, desk: &Desk<'_>) -> Result<(), AdminError> {
        let member = || vec![self.email.clone()];
        match (before, self.team.as_deref()) {
            (before, Some(team)) if before != Some(team) => {
                teams::edit(desk.store, desk.org, team, &EditTeam { join: member(), ..EditTeam::default() }).map(drop)
            }
            (Some(team), None) => {
                teams::edit(desk.store, desk.org, team, &EditTeam { leave: member(), ..EditTeam::default() }).map(drop)
            }
            _ => Ok(()),
        }
    }
}

impl Table for UserEntry {
    const WHAT: &'static str = "user";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.email)
    }

    fn name_in(table: &toml_edit::Table) -> Option<String> {
        table.get("email").and_then(toml_edit::Item::as_str).map(str::to_owned)
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<UserEntry>, AdminError> {
        let teams = store.teams(org)?;
        let entry = |user: crate::records::User| {
            let (models, providers) = user.allowed.into_iter().partition(|entry| entry.contains('/'));
            let team = teams.iter().find(|team| Some(team.id) == user.team).map(|team| team.name.clone());
            UserEntry { email: user.name, role: user.role, team, allowed_providers: providers, allowed_models: models }
        };
        Ok(store.users(org)?.into_iter().map(entry).collect())
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        let (name, role, team, allowed) = (self.email.clone(), self.role, self.team.clone(), self.allowed());
        users::invite(desk.store, desk.org, &InviteUser { name, role, team, allowed }).map(drop)
    }

    fn change(&self, before: &UserEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        let (allow, deny) = access::steps(&before.allowed(), &self.allowed());
        users::deny(desk.store, desk.org, &self.email, &deny)?;
        users::allow(desk.store, desk.org, &self.email, &allow)?;
        users::set_role(desk.store, desk.org, &self.email, self.role)?;
        self.set_team(before.team.as_deref(), desk)
    }

    /// A file that does not name the owners takes nothing from them.
    fn goes(&self) -> bool {
        self.role != UserRole::Owner
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        users::remove(desk.store, desk.org, &self.email, desk.by).map(drop)
    }
}
