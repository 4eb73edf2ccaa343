//! Users: who owns an organisation, and who a name is.

use super::{AdminError, names};
use crate::records::{User, UserRole};
use crate::store::Store;
use crate::types::OrgId;

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
