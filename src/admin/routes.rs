//! Routing rules: another name for a model.

use super::{AdminError, names};
use crate::records::Route;
use crate::store::{NewRoute, Store};
use crate::types::{OrgId, Time};

/// The routing rule with this name.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, org: OrgId, name: &str) -> Result<Route, AdminError> {
    names::find_route(store, org, name)
}

/// Adds a routing rule; `target` is `provider/model` of a registered provider.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::AlreadyExists`], [`AdminError::NotFound`] for the provider.
pub fn add(store: &Store, org: OrgId, name: &str, target: &str) -> Result<Route, AdminError> {
    names::check_name(name)?;
    store.change(|change| {
        if change.routes(org)?.iter().any(|route| route.name == name) {
            return Err(AdminError::AlreadyExists { what: "route", name: name.to_owned() });
        }
        names::check_model(target, &change.providers(org)?)?;
        let created = Time::now();
        let id = change.add_route(&NewRoute { org, name, target, created })?;
        Ok(Route { id, org, name: name.to_owned(), target: target.to_owned(), created })
    })
}

/// Lets a routing rule lead to another model.
///
/// # Errors
/// As [`add`], and [`AdminError::NotFound`] for the rule.
pub fn retarget(store: &Store, org: OrgId, name: &str, target: &str) -> Result<Route, AdminError> {
    store.change(|change| {
        let route = names::find_route(change, org, name)?;
        names::check_model(target, &change.providers(org)?)?;
        change.retarget_route(route.id, target)?;
        Ok(Route { target: target.to_owned(), ..route })
    })
}

/// Removes a routing rule.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn remove(store: &Store, org: OrgId, name: &str) -> Result<Route, AdminError> {
    store.change(|change| {
        let route = names::find_route(change, org, name)?;
        change.remove_route(route.id, Time::now())?;
        Ok(route)
    })
}
