//! Teams: made, edited, removed; what they may call, and who is in them.

use super::{AdminError, access, names};
use crate::records::Team;
use crate::store::{Change, NewTeam, Store};
use crate::types::{OrgId, Time};

/// A team to be made.
#[derive(Clone, Debug, Default)]
pub struct AddTeam {
    /// Its name.
    pub name: String,
    /// Providers and `provider/model`s that its members may call.
    pub allowed: Vec<String>,
    /// Names of users who join it.
    pub members: Vec<String>,
}

/// What is to be changed of a team.
#[derive(Clone, Debug, Default)]
pub struct EditTeam {
    /// Its new name.
    pub name: Option<String>,
    /// Providers and `provider/model`s that its members may call as well.
    pub allow: Vec<String>,
    /// Providers and `provider/model`s that they may call no more.
    pub deny: Vec<String>,
    /// Names of users who join it; they leave the team that they are in.
    pub join: Vec<String>,
    /// Names of members who leave it.
    pub leave: Vec<String>,
}

/// The team with this name.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, org: OrgId, name: &str) -> Result<Team, AdminError> {
    names::find_team(store, org, name)
}

/// Whether a team lets its members call a provider or a model.
pub fn allows(team: &Team, entry: &str) -> bool {
    team.allowed.iter().any(|allowed| access::covers(allowed, entry))
}

/// The names of a team's members.
///
/// # Errors
/// [`AdminError::Store`].
pub fn members(store: &Store, team: &Team) -> Result<Vec<String>, AdminError> {
    let users = store.users(team.org)?.into_iter();
    Ok(users.filter(|user| user.team == Some(team.id)).map(|user| user.name).collect())
}

/// Makes a team.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::AlreadyExists`], [`AdminError::NotFound`] for a user or a provider.
pub fn add(store: &Store, org: OrgId, wanted: &AddTeam) -> Result<Team, AdminError> {
    names::check_name(&wanted.name)?;
    store.change(|change| {
        check_free(change, org, &wanted.name)?;
        access::check(change, org, &wanted.allowed)?;
        let (allowed, created) = (access::with(&[], &wanted.allowed), Time::now());
        let id = change.add_team(&NewTeam { org, name: &wanted.name, allowed: &allowed, created })?;
        for member in &wanted.members {
            change.set_team(names::find_user(change, org, member)?.id, Some(id), created)?;
        }
        find(change, org, &wanted.name)
    })
}

/// Changes a team.
///
/// # Errors
/// As [`add`], and [`AdminError::NotFound`] for the team; [`AdminError::Refused`] for what cannot be taken away alone, and
/// for somebody who leaves and is no member.
pub fn edit(store: &Store, org: OrgId, name: &str, edit: &EditTeam) -> Result<Team, AdminError> {
    edit.name.as_deref().map_or(Ok(()), names::check_name)?;
    store.change(|change| {
        let team = find(change, org, name)?;
        let new_name = edit.name.as_deref().unwrap_or(name);
        if new_name != name {
            check_free(change, org, new_name)?;
        }
        access::check(change, org, &edit.allow)?;
        access::check(change, org, &edit.deny)?;
        let (whose, command) = (format!("the team `{name}`"), format!("team edit {name} --deny"));
        let fewer = access::without(&team.allowed, &edit.deny, (&whose, &command))?;
        change.edit_team(team.id, new_name, &access::with(&fewer, &edit.allow))?;
        let now = Time::now();
        for member in &edit.join {
            change.set_team(names::find_user(change, org, member)?.id, Some(team.id), now)?;
        }
        for member in &edit.leave {
            let user = names::find_user(change, org, member)?;
            if user.team != Some(team.id) {
                return Err(AdminError::Refused(format!("{member} is not in the team `{name}`")));
            }
            change.set_team(user.id, None, now)?;
        }
        find(change, org, new_name)
    })
}

/// Removes a team. Its members stay, and may call only what they may by themselves.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn remove(store: &Store, org: OrgId, name: &str) -> Result<Team, AdminError> {
    store.change(|change| {
        let team = find(change, org, name)?;
        change.remove_team(team.id, Time::now())?;
        Ok(team)
    })
}

fn check_free(change: &Change<'_>, org: OrgId, name: &str) -> Result<(), AdminError> {
    if change.teams(org)?.iter().any(|team| team.name == name) {
        return Err(AdminError::AlreadyExists { what: "team", name: name.to_owned() });
    }
    Ok(())
}
