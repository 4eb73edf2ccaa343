//! Organisations: made with an owner, selected, renamed, removed.

use super::{AdminError, names};
use crate::records::{Bodies, Org, User, UserRole};
use crate::secrets;
use crate::store::{Change, NewOrg, NewUser, Store};
use crate::types::{OrgId, Time};

/// The organisation with this name or public id.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, name: &str) -> Result<Org, AdminError> {
    let orgs = store.orgs()?;
    let found = orgs.iter().find(|org| org.name == name || org.public_id == name).cloned();
    found.ok_or_else(|| AdminError::not_found("org", name, orgs.iter().map(|org| org.name.as_str())))
}

/// The selected organisation; where none is, the only one there is.
///
/// # Errors
/// [`AdminError::Store`].
pub fn selected(store: &Store) -> Result<Option<Org>, AdminError> {
    let (mut orgs, selected) = (store.orgs()?, store.selected_org()?);
    let place = orgs.iter().position(|org| Some(org.id) == selected);
    match (place, orgs.len()) {
        (Some(place), _) => Ok(Some(orgs.swap_remove(place))),
        (None, 1) => Ok(orgs.pop()),
        (None, _) => Ok(None),
    }
}

/// The organisation that was named, else the selected one.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Refused`] where none is named and none selected.
pub fn resolve(store: &Store, named: Option<&str>) -> Result<Org, AdminError> {
    if let Some(name) = named {
        return find(store, name);
    }
    let none = "no organisation is selected; select one with `optscale-ai org use NAME`, or make one with \
                `optscale-ai init`";
    selected(store)?.ok_or_else(|| AdminError::Refused(none.to_owned()))
}

/// Makes an organisation with its owner. It is selected only if none was.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::AlreadyExists`].
pub fn create(store: &Store, name: &str, owner: &str) -> Result<Org, AdminError> {
    names::check_name(name)?;
    store.change(|change| {
        let before = selected(change)?;
        let org = add(change, name)?;
        add_owner(change, org.id, owner)?;
        change.select_org(Some(before.map_or(org.id, |before| before.id)))?;
        Ok(org)
    })
}

/// Selects the organisation that commands work on.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn select(store: &Store, name: &str) -> Result<Org, AdminError> {
    store.change(|change| {
        let org = find(change, name)?;
        change.select_org(Some(org.id))?;
        Ok(org)
    })
}

/// Gives an organisation another name; its public id stays.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Invalid`], [`AdminError::AlreadyExists`].
pub fn rename(store: &Store, name: &str, new_name: &str) -> Result<Org, AdminError> {
    names::check_name(new_name)?;
    store.change(|change| {
        let org = find(change, name)?;
        if org.name != new_name {
            check_free(change, new_name)?;
            change.rename_org(org.id, new_name)?;
        }
        Ok(Org { name: new_name.to_owned(), ..org })
    })
}

/// Sets what is kept of the words of an organisation's calls.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn set_bodies(store: &Store, name: &str, bodies: Bodies) -> Result<Org, AdminError> {
    store.change(|change| {
        let org = find(change, name)?;
        change.set_bodies(org.id, bodies)?;
        Ok(Org { bodies, ..org })
    })
}

/// Removes an organisation with its users, providers and routes; its keys are revoked by `by`. Its traces stay.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Refused`] for the last one.
pub fn remove(store: &Store, name: &str, by: &str) -> Result<Org, AdminError> {
    store.change(|change| {
        let org = find(change, name)?;
        let Some(other) = change.orgs()?.into_iter().find(|other| other.id != org.id) else {
            let reason =
                format!("`{name}` is the only organisation; make another with `optscale-ai org create NAME` first");
            return Err(AdminError::Refused(reason));
        };
        change.remove_org(org.id, by, Time::now())?;
        if change.selected_org()? == Some(org.id) {
            change.select_org(Some(other.id))?;
        }
        Ok(org)
    })
}

pub(super) fn add_selected(change: &Change<'_>, name: &str) -> Result<Org, AdminError> {
    let org = add(change, name)?;
    change.select_org(Some(org.id))?;
    Ok(org)
}

pub(super) fn add_owner(change: &Change<'_>, org: OrgId, name: &str) -> Result<User, AdminError> {
    names::check_user_name(name)?;
    let role = UserRole::Owner;
    let created = Time::now();
    let id = change.add_user(&NewUser { org, name, role, allowed: &[], created })?;
    Ok(User { id, org, name: name.to_owned(), role, team: None, allowed: Vec::new(), created })
}

fn add(change: &Change<'_>, name: &str) -> Result<Org, AdminError> {
    check_free(change, name)?;
    let (public_id, created) = (secrets::random_id()?, Time::now());
    let id = change.add_org(&NewOrg { public_id: &public_id, name, created })?;
    Ok(Org { id, public_id, name: name.to_owned(), bodies: Bodies::default(), created })
}

fn check_free(change: &Change<'_>, name: &str) -> Result<(), AdminError> {
    if change.orgs()?.iter().any(|org| org.name == name) {
        return Err(AdminError::AlreadyExists { what: "org", name: name.to_owned() });
    }
    Ok(())
}
