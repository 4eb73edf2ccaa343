//! Guardrails: added, set otherwise, removed. One that cannot be made ready is refused with the setting at fault.

use super::{AdminError, names};
use crate::guardrail;
use crate::records::{Action, Guardrail, GuardrailRule};
use crate::store::{NewGuardrail, Store};
use crate::types::{OrgId, Time};

/// The guardrail with this name.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, org: OrgId, name: &str) -> Result<Guardrail, AdminError> {
    names::find_guardrail(store, org, name)
}

/// Adds a guardrail.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::AlreadyExists`], [`AdminError::NotFound`] for the type.
pub fn add(
    store: &Store,
    org: OrgId,
    name: &str,
    (kind, rule): (&str, GuardrailRule),
) -> Result<Guardrail, AdminError> {
    names::check_name(name)?;
    check(kind, &rule)?;
    store.change(|change| {
        if change.guardrails(org)?.iter().any(|guardrail| guardrail.name == name) {
            return Err(AdminError::AlreadyExists { what: "guardrail", name: name.to_owned() });
        }
        let created = Time::now();
        let id = change.add_guardrail(&NewGuardrail { org, name, kind, rule: &rule, created })?;
        Ok(Guardrail { id, org, name: name.to_owned(), kind: kind.to_owned(), rule, created })
    })
}

/// Sets a guardrail otherwise; the policies that name it follow.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Invalid`].
pub fn edit(
    store: &Store,
    org: OrgId,
    name: &str,
    edit: impl FnOnce(&mut GuardrailRule),
) -> Result<Guardrail, AdminError> {
    store.change(|change| {
        let mut guardrail = names::find_guardrail(change, org, name)?;
        edit(&mut guardrail.rule);
        check(&guardrail.kind, &guardrail.rule)?;
        change.set_guardrail(guardrail.id, &guardrail.rule)?;
        Ok(guardrail)
    })
}

/// Removes a guardrail that no policy names.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Refused`] where a policy names it.
pub fn remove(store: &Store, org: OrgId, name: &str) -> Result<Guardrail, AdminError> {
    store.change(|change| {
        let guardrail = names::find_guardrail(change, org, name)?;
        let policies = change.policies(org)?;
        if let Some(user) = policies.iter().find(|policy| policy.rule.guardrails.iter().any(|other| other == name)) {
            let reason = format!(
                "the policy `{0}` names the guardrail `{name}`; remove the policy first with `optscale-ai policy remove {0}`",
                user.name
            );
            return Err(AdminError::Refused(reason));
        }
        change.remove_guardrail(guardrail.id, Time::now())?;
        Ok(guardrail)
    })
}

fn check(kind: &str, rule: &GuardrailRule) -> Result<(), AdminError> {
    let known = guardrail::kind(kind);
    let kind =
        known.ok_or_else(|| AdminError::not_found("guardrail type", kind, guardrail::KINDS.map(|kind| kind.name)))?;
    if let Some(threshold) = rule.threshold {
        if !kind.scores {
            let reason = format!("the type {} decides for certain and has no score", kind.name);
            return Err(AdminError::invalid("threshold", reason));
        }
        if !(0.0..=1.0).contains(&threshold) {
            return Err(AdminError::invalid("threshold", "it is a number from 0 to 1"));
        }
    }
    if rule.restore && rule.action != Action::Redact {
        return Err(AdminError::invalid("restore", "only what is masked can be put in again; use --action redact"));
    }
    if rule.action == Action::Redact && kind.family != guardrail::Family::Span {
        let reason = format!("the type {} finds no places that could be masked; use block or flag", kind.name);
        return Err(AdminError::invalid("action", reason));
    }
    let built = guardrail::build(kind, &rule.settings);
    built.map(drop).map_err(|error| AdminError::invalid("set", error.to_string()))
}
