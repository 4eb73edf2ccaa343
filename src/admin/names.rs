//! What names, notes and models may look like.

use super::AdminError;
use crate::records::{Guardrail, Policy, Route, Team, User};
use crate::store::{ProviderRow, Store};
use crate::types::OrgId;
use std::collections::BTreeMap;

const MOST_TAGS: usize = 32;
const LONGEST_TAG: usize = 256;
const LONGEST_USER: usize = 254;

/// A name of 1 to 64 letters, digits, `.`, `_`, `-`: it stands in URLs, in model names and on command lines.
pub(super) fn check_name(name: &str) -> Result<(), AdminError> {
    if is_name(name) {
        return Ok(());
    }
    let reason = format!("`{name}` is no name; use 1 to 64 letters, digits, `.`, `_` or `-`, not beginning with `-`");
    Err(AdminError::invalid("name", reason))
}

pub(super) fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    (1..=64).contains(&name.len()) && !name.starts_with('-') && name.chars().all(allowed)
}

/// A mail address or a login name.
pub(super) fn check_user_name(name: &str) -> Result<(), AdminError> {
    let allowed = |c: char| c.is_alphanumeric() || ".!#$%&'*+/=?^_`{|}~-@\\".contains(c);
    if (1..=LONGEST_USER).contains(&name.len()) && !name.starts_with('-') && name.chars().all(allowed) {
        return Ok(());
    }
    Err(AdminError::invalid("user", format!("`{name}` is no mail address or login name")))
}

/// `provider/model`, of a provider that is registered.
pub(super) fn check_model(model: &str, providers: &[ProviderRow]) -> Result<(), AdminError> {
    let Some((provider, name)) = model.split_once('/') else {
        let like = providers.first().map_or("openai", |provider| &provider.name);
        return Err(AdminError::invalid("model", format!("`{model}` names no provider; write it like {like}/{model}")));
    };
    check_model_name(name)?;
    check_provider(provider, providers)
}

/// A name without a provider means a routing rule, and there is none.
pub(super) fn no_model_or_route(name: &str, providers: &[ProviderRow], routes: &[Route]) -> AdminError {
    match routes.is_empty() {
        true => match check_model(name, providers) {
            Err(error) => error,
            Ok(()) => AdminError::not_found("route", name, []),
        },
        false => AdminError::not_found("route", name, routes.iter().map(|route| route.name.as_str())),
    }
}

/// What a provider may call a model.
pub(super) fn check_model_name(name: &str) -> Result<(), AdminError> {
    let odd = |c: char| c.is_whitespace() || c.is_control();
    if name.is_empty() || name.len() > LONGEST_TAG || name.contains(odd) {
        return Err(AdminError::invalid("model", format!("`{}` is no model name", name.escape_debug())));
    }
    Ok(())
}

/// The name of a registered provider.
pub(super) fn check_provider(name: &str, providers: &[ProviderRow]) -> Result<(), AdminError> {
    if providers.iter().any(|provider| provider.name == name) {
        return Ok(());
    }
    Err(AdminError::not_found("provider", name, providers.iter().map(|provider| provider.name.as_str())))
}

/// Notes: names like other names, short values of printable text.
pub(super) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), AdminError> {
    if tags.len() > MOST_TAGS {
        return Err(AdminError::invalid("tag", format!("{} are too many; at most {MOST_TAGS}", tags.len())));
    }
    for (name, value) in tags {
        if !is_name(name) {
            return Err(AdminError::invalid("tag", format!("`{name}` is no name; use letters, digits, `.`, `_`, `-`")));
        }
        if value.len() > LONGEST_TAG || value.contains(char::is_control) {
            let reason = format!("the value of `{name}` must be printable text of at most {LONGEST_TAG} bytes");
            return Err(AdminError::invalid("tag", reason));
        }
    }
    Ok(())
}

/// The user with this name.
pub(super) fn find_user(store: &Store, org: OrgId, name: &str) -> Result<User, AdminError> {
    if let Some(user) = store.user_by_name(org, name)? {
        return Ok(user);
    }
    let users = store.users(org)?;
    Err(AdminError::not_found("user", name, users.iter().map(|user| user.name.as_str())))
}

/// The team with this name.
pub(super) fn find_team(store: &Store, org: OrgId, name: &str) -> Result<Team, AdminError> {
    let teams = store.teams(org)?;
    let found = teams.iter().find(|team| team.name == name).cloned();
    found.ok_or_else(|| AdminError::not_found("team", name, teams.iter().map(|team| team.name.as_str())))
}

/// The provider with this name.
pub(super) fn find_provider(store: &Store, org: OrgId, name: &str) -> Result<ProviderRow, AdminError> {
    let providers = store.providers(org)?;
    let found = providers.iter().find(|provider| provider.name == name).cloned();
    found.ok_or_else(|| AdminError::not_found("provider", name, providers.iter().map(|p| p.name.as_str())))
}

/// The routing rule with this name.
pub(super) fn find_route(store: &Store, org: OrgId, name: &str) -> Result<Route, AdminError> {
    let routes = store.routes(org)?;
    let found = routes.iter().find(|route| route.name == name).cloned();
    found.ok_or_else(|| AdminError::not_found("route", name, routes.iter().map(|route| route.name.as_str())))
}

/// The guardrail with this name.
pub(super) fn find_guardrail(store: &Store, org: OrgId, name: &str) -> Result<Guardrail, AdminError> {
    let all = store.guardrails(org)?;
    let found = all.iter().find(|guardrail| guardrail.name == name).cloned();
    found.ok_or_else(|| AdminError::not_found("guardrail", name, all.iter().map(|guardrail| guardrail.name.as_str())))
}

/// The policy with this name.
pub(super) fn find_policy(store: &Store, org: OrgId, name: &str) -> Result<Policy, AdminError> {
    let all = store.policies(org)?;
    let found = all.iter().find(|policy| policy.name == name).cloned();
    found.ok_or_else(|| AdminError::not_found("policy", name, all.iter().map(|policy| policy.name.as_str())))
}
