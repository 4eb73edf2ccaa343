//! Budgets: set, raised for a while, removed; and what a scope in words means.

use super::{AdminError, names};
use crate::budget;
use crate::records::{Budget, DefaultPrice, OnExceed, Period, Raise, Scope};
use crate::store::{Change, NewBudget, Store};
use crate::types::{Money, OrgId, Time};

/// A budget to be set.
#[derive(Clone, Debug)]
pub struct SetBudget {
    /// What it applies to, in words: `org`, `team:T`, `user:EMAIL`, `key:NAME`, `provider:P`, `model:P/M`, `tag:K=V`, `session`.
    pub scope: String,
    /// How much may be spent in a period.
    pub limit: Money,
    /// How long a period is.
    pub period: Period,
    /// Where its periods begin.
    pub timezone: String,
    /// Whether it only warns.
    pub is_soft: bool,
    /// What becomes of a call that does not fit.
    pub on_exceed: OnExceed,
    /// What models without a known price are taken to cost.
    pub default_price: Option<DefaultPrice>,
}

impl SetBudget {
    /// A hard budget that blocks, in UTC.
    pub fn hard(scope: String, limit: Money, period: Period) -> SetBudget {
        let timezone = "UTC".to_owned();
        SetBudget { scope, limit, period, timezone, is_soft: false, on_exceed: OnExceed::Block, default_price: None }
    }
}

/// What a scope in words means.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::NotFound`] for what it names.
pub fn scope(store: &Store, org: OrgId, text: &str) -> Result<Scope, AdminError> {
    let (word, name) = text.split_once(':').map_or((text, None), |(word, name)| (word, Some(name)));
    match (word, name) {
        ("org", None) => Ok(Scope::Org),
        ("session", None) => Ok(Scope::Session),
        ("team", Some(name)) => Ok(Scope::Team(super::teams::find(store, org, name)?.id)),
        ("user", Some(name)) => Ok(Scope::User(names::find_user(store, org, name)?.id)),
        ("key", Some(name)) => Ok(Scope::Key(super::keys::find(store, org, name)?.key.id)),
        ("provider", Some(name)) => Ok(Scope::Provider(names::find_provider(store, org, name)?.id)),
        ("model", Some(name)) => {
            names::check_model(name, &store.providers(org)?)?;
            let (provider, model) = name.split_once('/').unwrap_or((name, ""));
            Ok(Scope::Model(names::find_provider(store, org, provider)?.id, model.to_owned()))
        }
        ("tag", Some(pair)) if pair.contains('=') => {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            names::check_tags(&[(name.to_owned(), value.to_owned())].into())?;
            Ok(Scope::Tag(name.to_owned(), value.to_owned()))
        }
        _ => {
            let ways =
                "org, team:NAME, user:EMAIL, key:NAME, provider:NAME, model:PROVIDER/MODEL, tag:NAME=VALUE or session";
            Err(AdminError::invalid("scope", format!("`{text}` is no scope; write {ways}")))
        }
    }
}

/// The budgets of a scope, one a period.
///
/// # Errors
/// [`AdminError::NotFound`] where it has none, and as [`scope`].
pub fn find(store: &Store, org: OrgId, text: &str, period: Option<Period>) -> Result<Vec<Budget>, AdminError> {
    let wanted = scope(store, org, text)?;
    let all = store.budgets(org)?;
    let fits = |budget: &&Budget| budget.scope == wanted && period.is_none_or(|period| period == budget.period);
    let found: Vec<Budget> = all.iter().filter(fits).cloned().collect();
    if found.is_empty() {
        return Err(AdminError::not_found("budget", text, all.iter().map(|budget| budget.label.as_str())));
    }
    Ok(found)
}

/// Sets a budget, in place of one that the scope has for that period.
///
/// # Errors
/// [`AdminError::Invalid`], and as [`scope`].
pub fn set(store: &Store, org: OrgId, wanted: &SetBudget) -> Result<Budget, AdminError> {
    store.change(|change| {
        let scope = scope(change, org, &wanted.scope)?;
        put(change, org, &scope, wanted)
    })
}

pub(super) fn put(change: &Change<'_>, org: OrgId, scope: &Scope, wanted: &SetBudget) -> Result<Budget, AdminError> {
    check(wanted)?;
    let SetBudget { limit, period, timezone, is_soft, on_exceed, default_price, .. } = wanted;
    let id = change.set_budget(&NewBudget {
        org,
        scope,
        limit: *limit,
        period: *period,
        timezone,
        is_soft: *is_soft,
        on_exceed: *on_exceed,
        default_price: *default_price,
        created: Time::now(),
    })?;
    let set = change.budgets(org)?.into_iter().find(|budget| budget.id == id);
    set.ok_or_else(|| AdminError::not_found("budget", &wanted.scope, []))
}

fn check(wanted: &SetBudget) -> Result<(), AdminError> {
    if wanted.limit < Money::ZERO {
        return Err(AdminError::invalid("amount", "a budget cannot be less than nothing"));
    }
    if !budget::is_zone(&wanted.timezone) {
        let reason = format!("there is no time zone `{}`; write one like Europe/Berlin or UTC", wanted.timezone);
        return Err(AdminError::invalid("timezone", reason));
    }
    if wanted.is_soft && wanted.on_exceed != OnExceed::Block {
        return Err(AdminError::invalid("on-exceed", "a soft budget only warns: nothing is done where it is exceeded"));
    }
    Ok(())
}

/// Gives the budgets of a scope another limit for a while; none takes that back.
///
/// # Errors
/// As [`find`].
pub fn raise(
    store: &Store,
    org: OrgId,
    (text, period): (&str, Option<Period>),
    raise: Option<Raise>,
) -> Result<Vec<Budget>, AdminError> {
    store.change(|change| {
        for budget in find(change, org, text, period)? {
            change.raise_budget(budget.id, raise)?;
        }
        find(change, org, text, period)
    })
}

/// Removes the budgets of a scope.
///
/// # Errors
/// As [`find`].
pub fn remove(store: &Store, org: OrgId, text: &str, period: Option<Period>) -> Result<Vec<Budget>, AdminError> {
    store.change(|change| {
        let found = find(change, org, text, period)?;
        let now = Time::now();
        found.iter().try_for_each(|budget| change.remove_budget(budget.id, now))?;
        Ok(found)
    })
}
