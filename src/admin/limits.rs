//! Limits on requests, tokens and calls at once: set and removed.

use super::{AdminError, budgets};
use crate::records::{Caps, Limit, Scope};
use crate::store::{Change, Store};
use crate::types::{OrgId, Time};

/// What is to be set; none leaves it as it is, `Some(None)` takes it away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SetRates {
    /// Requests in any minute.
    pub requests: Option<Option<u64>>,
    /// Tokens in any minute.
    pub tokens: Option<Option<u64>>,
    /// Calls at once.
    pub parallel: Option<Option<u64>>,
}

/// The limits of a scope.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Invalid`].
pub fn find(store: &Store, org: OrgId, text: &str) -> Result<Limit, AdminError> {
    let wanted = scope(store, org, text)?;
    let all = store.limits(org)?;
    let found = all.iter().find(|limit| limit.scope == wanted).cloned();
    found.ok_or_else(|| AdminError::not_found("limit", text, all.iter().map(|limit| limit.label.as_str())))
}

/// Sets limits of a scope; what is not named stays. Gives those that it has then, if any.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Invalid`].
pub fn set(store: &Store, org: OrgId, text: &str, wanted: &SetRates) -> Result<Option<Limit>, AdminError> {
    store.change(|change| {
        let scope = scope(change, org, text)?;
        put(change, org, &scope, wanted)?;
        Ok(change.limits(org)?.into_iter().find(|limit| limit.scope == scope))
    })
}

/// Removes the limits of a scope.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Invalid`].
pub fn remove(store: &Store, org: OrgId, text: &str) -> Result<Limit, AdminError> {
    store.change(|change| {
        let limit = find(change, org, text)?;
        change.remove_limit(limit.id, Time::now())?;
        Ok(limit)
    })
}

pub(super) fn put(change: &Change<'_>, org: OrgId, scope: &Scope, wanted: &SetRates) -> Result<(), AdminError> {
    let now = Time::now();
    let had = change.limits(org)?.into_iter().find(|limit| limit.scope == *scope);
    let own = had.as_ref().map(|limit| limit.caps).unwrap_or_default();
    let caps = Caps {
        requests: wanted.requests.unwrap_or(own.requests),
        tokens: wanted.tokens.unwrap_or(own.tokens),
        parallel: wanted.parallel.unwrap_or(own.parallel),
    };
    match had {
        Some(limit) if caps == Caps::default() => change.remove_limit(limit.id, now)?,
        None if caps == Caps::default() => {}
        _ => change.set_limit(org, scope, &caps, now)?,
    }
    Ok(())
}

fn scope(store: &Store, org: OrgId, text: &str) -> Result<Scope, AdminError> {
    match budgets::scope(store, org, text)? {
        Scope::Session | Scope::Tag(..) => {
            let reason = format!("`{text}` cannot have one; limits are for org, team, user, key, provider and model");
            Err(AdminError::invalid("scope", reason))
        }
        scope => Ok(scope),
    }
}
