//! Policies: added, changed, switched, removed. One that names a guardrail that is not there cannot be saved.

use super::{AdminError, names};
use crate::condition::Condition;
use crate::records::{Policy, PolicyRule};
use crate::store::{NewPolicy, Store};
use crate::types::{OrgId, Time};

/// The policy with this name.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, org: OrgId, name: &str) -> Result<Policy, AdminError> {
    names::find_policy(store, org, name)
}

/// Adds a policy, enabled.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::AlreadyExists`], [`AdminError::NotFound`] for a guardrail.
pub fn add(store: &Store, org: OrgId, name: &str, rule: PolicyRule) -> Result<Policy, AdminError> {
    names::check_name(name)?;
    store.change(|change| {
        if change.policies(org)?.iter().any(|policy| policy.name == name) {
            return Err(AdminError::AlreadyExists { what: "policy", name: name.to_owned() });
        }
        check(change, org, &rule)?;
        let created = Time::now();
        let id = change.add_policy(&NewPolicy { org, name, rule: &rule, created })?;
        Ok(Policy { id, org, name: name.to_owned(), enabled: true, rule, created })
    })
}

/// Changes a policy.
///
/// # Errors
/// As [`add`].
pub fn edit(store: &Store, org: OrgId, name: &str, edit: impl FnOnce(&mut PolicyRule)) -> Result<Policy, AdminError> {
    store.change(|change| {
        let mut policy = names::find_policy(change, org, name)?;
        edit(&mut policy.rule);
        check(change, org, &policy.rule)?;
        change.set_policy(policy.id, policy.enabled, &policy.rule)?;
        Ok(policy)
    })
}

/// Lets a policy apply, or not.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn switch(store: &Store, org: OrgId, name: &str, enabled: bool) -> Result<Policy, AdminError> {
    store.change(|change| {
        let policy = names::find_policy(change, org, name)?;
        change.set_policy(policy.id, enabled, &policy.rule)?;
        Ok(Policy { enabled, ..policy })
    })
}

/// Removes a policy.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn remove(store: &Store, org: OrgId, name: &str) -> Result<Policy, AdminError> {
    store.change(|change| {
        let policy = names::find_policy(change, org, name)?;
        change.remove_policy(policy.id, Time::now())?;
        Ok(policy)
    })
}

fn check(store: &Store, org: OrgId, rule: &PolicyRule) -> Result<(), AdminError> {
    let does_nothing = rule.guardrails.is_empty()
        && rule.effect.is_none()
        && rule.require_tags.is_empty()
        && rule.max_output_tokens.is_none()
        && rule.set.is_empty();
    if does_nothing {
        let reason = "name at least one: --guardrail NAME; make one with `optscale-ai guardrail add NAME --type pii`. Or say \
                      --allow, --deny, --require-tag, --max-output-tokens or --set";
        return Err(AdminError::invalid("guardrail", reason));
    }
    if !(1..=100).contains(&rule.sampling) {
        return Err(AdminError::invalid("sampling", "it is 1 to 100 percent; `policy disable` switches a policy off"));
    }
    if rule.timeout_ms == Some(0) || rule.max_output_tokens == Some(0) {
        return Err(AdminError::invalid("timeout", "time-outs and limits are more than nothing"));
    }
    if let Some(forced) = rule.set.keys().find(|name| FIXED.contains(&name.as_str())) {
        let reason = format!("`{forced}` cannot be set: decisions rest on what the caller says there");
        return Err(AdminError::invalid("set", reason));
    }
    if let Some(source) = &rule.when {
        Condition::compile(source).map_err(|why| AdminError::invalid("when", why))?;
    }
    rule.guardrails.iter().try_for_each(|name| names::find_guardrail(store, org, name).map(drop))
}

/// Parameters that authorisation and routing rest on.
const FIXED: [&str; 4] = ["model", "stream", "messages", "input"];
