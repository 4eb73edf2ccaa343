//! Users: invited, allowed and denied, given a role, removed.

use super::{AdminError, access, names};
use crate::records::{User, UserRole};
use crate::store::{Change, NewUser, Store};
use crate::types::{OrgId, Time};

/// A user to be invited.
#[derive(Clone, Debug)]
pub struct InviteUser {
    /// Mail address or login name.
    pub name: String,
    /// What they may do.
    pub role: UserRole,
    /// The team that they join.
    pub team: Option<String>,
    /// Providers and `provider/model`s that they may call.
    pub allowed: Vec<String>,
}

/// A user who was removed, and the keys that ended with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Who it was.
    pub user: User,
    /// Names of the keys.
    pub keys: Vec<String>,
}

/// The users of an organisation, by name.
///
/// # Errors
/// [`AdminError::Store`].
pub fn list(store: &Store, org: OrgId) -> Result<Vec<User>, AdminError> {
    Ok(store.users(org)?)
}

/// The user with this name.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, org: OrgId, name: &str) -> Result<User, AdminError> {
    names::find_user(store, org, name)
}

/// The first owner of an organisation.
///
/// # Errors
/// [`AdminError::Refused`] where there is none.
pub fn owner(store: &Store, org: OrgId) -> Result<User, AdminError> {
    let owners = store.users(org)?.into_iter().filter(|user| user.role == UserRole::Owner);
    let none = "this organisation has no owner; run `optscale-ai init` to make one";
    owners.min_by_key(|user| user.id).ok_or_else(|| AdminError::Refused(none.to_owned()))
}

/// Adds a user. Nobody is written to.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::AlreadyExists`], [`AdminError::NotFound`] for the team or a provider.
pub fn invite(store: &Store, org: OrgId, wanted: &InviteUser) -> Result<User, AdminError> {
    names::check_user_name(&wanted.name)?;
    store.change(|change| {
        if change.user_by_name(org, &wanted.name)?.is_some() {
            return Err(AdminError::AlreadyExists { what: "user", name: wanted.name.clone() });
        }
        access::check(change, org, &wanted.allowed)?;
        let team = wanted.team.as_deref().map(|team| names::find_team(change, org, team)).transpose()?;
        let (allowed, created) = (access::with(&[], &wanted.allowed), Time::now());
        let new = NewUser { org, name: &wanted.name, role: wanted.role, allowed: &allowed, created };
        let id = change.add_user(&new)?;
        if let Some(team) = team {
            change.set_team(id, Some(team.id), created)?;
        }
        find(change, org, &wanted.name)
    })
}

/// Lets a user call providers or models as well.
///
/// # Errors
/// [`AdminError::NotFound`] for the user or a provider, [`AdminError::Invalid`].
pub fn allow(store: &Store, org: OrgId, name: &str, entries: &[String]) -> Result<User, AdminError> {
    store.change(|change| {
        let user = find(change, org, name)?;
        access::check(change, org, entries)?;
        change.allow_user(user.id, &access::with(&user.allowed, entries))?;
        find(change, org, name)
    })
}

/// Lets a user call providers or models no more. What their team may, they still may.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Refused`] for what cannot be taken from the user alone.
pub fn deny(store: &Store, org: OrgId, name: &str, entries: &[String]) -> Result<User, AdminError> {
    store.change(|change| {
        let user = find(change, org, name)?;
        access::check(change, org, entries)?;
        let command = format!("user deny {name}");
        change.allow_user(user.id, &access::without(&user.allowed, entries, (name, &command))?)?;
        find(change, org, name)
    })
}

/// Gives a user another role.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Refused`] for the last owner.
pub fn set_role(store: &Store, org: OrgId, name: &str, role: UserRole) -> Result<User, AdminError> {
    store.change(|change| {
        let user = find(change, org, name)?;
        if role != UserRole::Owner {
            check_not_last_owner(change, &user)?;
        }
        change.set_role(user.id, role)?;
        find(change, org, name)
    })
}

/// Removes a user; their keys end, revoked by `by`. Their traces stay.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Refused`] for the last owner.
pub fn remove(store: &Store, org: OrgId, name: &str, by: &str) -> Result<Removed, AdminError> {
    store.change(|change| {
        let user = find(change, org, name)?;
        check_not_last_owner(change, &user)?;
        let now = Time::now();
        let mut keys = Vec::new();
        for key in keys_of(change, &user)? {
            change.revoke_key(key.0, by, now)?;
            keys.push(key.1);
        }
        change.set_team(user.id, None, now)?;
        change.remove_user(user.id, now)?;
        Ok(Removed { user, keys })
    })
}

/// The names of a user's living keys.
///
/// # Errors
/// [`AdminError::Store`].
pub fn keys(store: &Store, user: &User) -> Result<Vec<String>, AdminError> {
    Ok(keys_of(store, user)?.into_iter().map(|(_, name)| name).collect())
}

fn keys_of(store: &Store, user: &User) -> Result<Vec<(crate::types::KeyId, String)>, AdminError> {
    let keys = store.keys(user.org)?.into_iter().map(|row| row.key);
    let living = keys.filter(|key| key.user == user.id && key.revoked.is_none());
    Ok(living.map(|key| (key.id, key.name)).collect())
}

fn check_not_last_owner(change: &Change<'_>, user: &User) -> Result<(), AdminError> {
    let mut owners = change.users(user.org)?.into_iter().filter(|other| other.role == UserRole::Owner);
    if user.role != UserRole::Owner || owners.any(|other| other.id != user.id) {
        return Ok(());
    }
    let reason = format!(
        "{} is the only owner; make another one first with `optscale-ai user role NAME owner`, or invite one with \
         `optscale-ai user invite EMAIL --role owner`",
        user.name
    );
    Err(AdminError::Refused(reason))
}
