//! Virtual keys: created, edited, rotated, revoked, and the ones for use on this machine found or made.

use super::budgets::{self, SetBudget};
use super::limits::{self, SetRates};
use super::{AdminError, names, users};
use crate::records::{Key, Period, Scope};
use crate::secrets::{Sealer, Slot, VirtualKey};
use crate::store::{Change, KeyEdit, KeyRow, NewKey, Rotation, Store};
use crate::types::{Money, OrgId, Time, UserId};
use std::collections::BTreeMap;
use std::time::Duration;

/// What becomes of a key's text after it was shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Keep {
    /// Only its hash is kept.
    #[default]
    Hash,
    /// It is kept sealed besides, for use on this machine.
    Sealed,
}

/// A key to be made.
#[derive(Clone, Debug, Default)]
pub struct CreateKey {
    /// Its name.
    pub name: String,
    /// Whose it is; the owner's without one.
    pub user: Option<String>,
    /// Providers that it may call; none given means all that its user may.
    pub providers: Vec<String>,
    /// `provider/model`s and routing rules that it may call; none given means all that its user may.
    pub models: Vec<String>,
    /// When it ends.
    pub expires: Option<Time>,
    /// Notes that each of its calls carries.
    pub tags: BTreeMap<String, String>,
    /// Whether its text is kept.
    pub keep: Keep,
    /// Its text, where that was generated before.
    pub text: Option<VirtualKey>,
    /// When it counts as made; now without one.
    pub created: Option<Time>,
    /// What it may spend, and in which period.
    pub budget: Option<(Money, Period)>,
    /// How often and how much it may call.
    pub rates: SetRates,
}

/// What is to be changed of a key; none leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditKey {
    /// Providers, in place of all that it has; empty for all that its user may.
    pub providers: Option<Vec<String>>,
    /// Models, in place of all that it has; empty for all that its user may.
    pub models: Option<Vec<String>>,
    /// Notes, in place of all that it has.
    pub tags: Option<BTreeMap<String, String>>,
    /// When it ends; `Some(None)` for never.
    pub expires: Option<Option<Time>>,
    /// What it may spend, in place of the budgets that it has; `Some(None)` for whatever its other scopes may.
    pub budget: Option<Option<(Money, Period)>>,
    /// How often and how much it may call.
    pub rates: SetRates,
    /// Whose it is from now on.
    pub user: Option<String>,
}

/// A key together with its text, which is not seen again unless it is kept sealed.
#[derive(Clone, Debug)]
pub struct KeyWithText {
    /// The key.
    pub key: Key,
    /// Its text.
    pub text: VirtualKey,
}

/// The living key with this name, else the one of that name that was revoked last.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, org: OrgId, name: &str) -> Result<KeyRow, AdminError> {
    if let Some(row) = store.key_by_name(org, name)? {
        return Ok(row);
    }
    let keys = store.keys(org)?;
    Err(AdminError::not_found("key", name, keys.iter().map(|row| row.key.name.as_str())))
}

/// Makes a key.
///
/// # Errors
/// [`AdminError::Invalid`], [`AdminError::AlreadyExists`], [`AdminError::NotFound`] for its user, a provider or a routing rule,
/// [`AdminError::Refused`] where the given text is another key's.
pub fn create(store: &Store, sealer: &Sealer, org: OrgId, wanted: &CreateKey) -> Result<KeyWithText, AdminError> {
    names::check_name(&wanted.name)?;
    let text = wanted.text.clone().map_or_else(VirtualKey::generate, Ok)?;
    store.change(|change| {
        if change.living_key(org, &wanted.name)?.is_some() {
            return Err(AdminError::AlreadyExists { what: "key", name: wanted.name.clone() });
        }
        let user = match &wanted.user {
            Some(name) => names::find_user(change, org, name)?.id,
            None => users::owner(change, org)?.id,
        };
        let key = add(change, sealer, (org, user), wanted, &text)?;
        if wanted.budget.is_some() {
            set_budget(change, &key, wanted.budget)?;
        }
        limits::put(change, org, &Scope::Key(key.id), &wanted.rates)?;
        Ok(KeyWithText { key, text: text.clone() })
    })
}

/// Changes what a key may call, its notes, its end, or whose it is.
///
/// # Errors
/// [`AdminError::NotFound`] for the key or a provider, [`AdminError::Invalid`], [`AdminError::Refused`] where it is revoked.
pub fn edit(store: &Store, org: OrgId, name: &str, edit: &EditKey) -> Result<Key, AdminError> {
    store.change(|change| {
        let key = find_living(change, org, name)?.key;
        let providers = edit.providers.as_deref().unwrap_or(&key.providers);
        let models = edit.models.as_deref().unwrap_or(&key.models);
        let tags = edit.tags.as_ref().unwrap_or(&key.tags);
        check_lists(change, org, edit.providers.as_deref(), edit.models.as_deref())?;
        names::check_tags(tags)?;
        check_end(edit.expires.flatten())?;
        let expires = edit.expires.unwrap_or(key.expires);
        change.edit_key(key.id, &KeyEdit { providers, models, tags, expires })?;
        if let Some(budget) = edit.budget {
            set_budget(change, &key, budget)?;
        }
        limits::put(change, org, &Scope::Key(key.id), &edit.rates)?;
        if let Some(user) = &edit.user {
            change.give_key(key.id, names::find_user(change, org, user)?.id)?;
        }
        Ok(find(change, org, name)?.key)
    })
}

/// Gives a key a new text. The old one is valid for `grace` longer; with none, it ends at once.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Refused`] where it is revoked or expired.
pub fn rotate(
    store: &Store,
    sealer: &Sealer,
    org: OrgId,
    name: &str,
    grace: Duration,
) -> Result<KeyWithText, AdminError> {
    let (text, now) = (VirtualKey::generate()?, Time::now());
    store.change(|change| {
        let key = find_living(change, org, name)?.key;
        if key.expires.is_some_and(|end| end <= now) {
            let reason = format!(
                "the key `{name}` has expired; give it a new end first: `optscale-ai key edit {name} --expires 30d`"
            );
            return Err(AdminError::Refused(reason));
        }
        let sealed = match key.local {
            true => Some(sealer.seal(Slot::VirtualKey(key.id), text.secret())?),
            false => None,
        };
        let grace_until = (!grace.is_zero()).then(|| now.after(grace));
        let (hash, last_four) = (text.hash().0, &text.last_four());
        change.rotate_key(key.id, &Rotation { hash, last_four, sealed: sealed.as_deref(), grace_until })?;
        Ok(KeyWithText { key: find(change, org, name)?.key, text: text.clone() })
    })
}

/// Gives a key a text that was generated before; the old one ends at once.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Refused`] where it is revoked, or the text is another key's.
pub fn replace_text(store: &Store, org: OrgId, name: &str, text: &VirtualKey) -> Result<Key, AdminError> {
    store.change(|change| {
        let row = find_living(change, org, name)?;
        let (hash, last_four) = (text.hash().0, &text.last_four());
        if row.hash != hash {
            check_text(change, &hash)?;
            change.rotate_key(row.key.id, &Rotation { hash, last_four, sealed: None, grace_until: None })?;
        }
        Ok(find(change, org, name)?.key)
    })
}

/// Ends a key for good, by `by`. Revoking a revoked key changes nothing.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn revoke(store: &Store, org: OrgId, name: &str, by: &str) -> Result<KeyRow, AdminError> {
    store.change(|change| {
        let id = find(change, org, name)?.key.id;
        change.revoke_key(id, by, Time::now())?;
        let revoked = change.keys(org)?.into_iter().find(|row| row.key.id == id);
        revoked.ok_or_else(|| AdminError::not_found("key", name, []))
    })
}

/// The key for use on this machine with this name: the one that is there, its text opened, else a new one that
/// belongs to the owner. A name that another kind of key has gets a number behind it.
///
/// # Errors
/// [`AdminError::Secrets`] where the text does not open, [`AdminError::Invalid`] for the name.
pub fn local(store: &Store, sealer: &Sealer, org: OrgId, name: &str) -> Result<KeyWithText, AdminError> {
    names::check_name(name)?;
    let mut number = 1;
    loop {
        let numbered = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
        match living(store, org)?.into_iter().find(|row| row.key.name == numbered) {
            None => {
                let wanted = CreateKey { name: numbered, keep: Keep::Sealed, ..CreateKey::default() };
                match create(store, sealer, org, &wanted) {
                    // Another process made it in between: look again.
                    Err(AdminError::AlreadyExists { .. }) => {}
                    made => return made,
                }
            }
            Some(row) => match open_text(sealer, &row, Time::now())? {
                Some(text) => return Ok(KeyWithText { key: row.key, text }),
                None => number += 1,
            },
        }
    }
}

/// The text of a key that is valid and kept sealed; none for any other.
///
/// # Errors
/// [`AdminError::Secrets`] where it does not open.
pub fn open_text(sealer: &Sealer, row: &KeyRow, now: Time) -> Result<Option<VirtualKey>, AdminError> {
    let ended = row.key.revoked.is_some() || row.key.expires.is_some_and(|end| end <= now);
    match row.sealed.as_deref() {
        Some(sealed) if !ended => {
            let text = sealer.open(Slot::VirtualKey(row.key.id), sealed)?;
            Ok(VirtualKey::parse(text.reveal()).ok())
        }
        _ => Ok(None),
    }
}

/// Lets a key have this budget and no other.
fn set_budget(change: &Change<'_>, key: &Key, wanted: Option<(Money, Period)>) -> Result<(), AdminError> {
    let (scope, now) = (Scope::Key(key.id), Time::now());
    let stays = wanted.map(|(_, period)| period);
    for budget in change.budgets(key.org)? {
        if budget.scope == scope && Some(budget.period) != stays {
            change.remove_budget(budget.id, now)?;
        }
    }
    let Some((limit, period)) = wanted else { return Ok(()) };
    let wanted = SetBudget::hard(format!("key:{}", key.name), limit, period);
    budgets::put(change, key.org, &scope, &wanted).map(drop)
}

pub(super) fn write_lists(
    change: &Change<'_>,
    key: &Key,
    providers: &[String],
    models: &[String],
) -> Result<(), AdminError> {
    let edit = KeyEdit { providers, models, tags: &key.tags, expires: key.expires };
    Ok(change.edit_key(key.id, &edit)?)
}

fn living(store: &Store, org: OrgId) -> Result<Vec<KeyRow>, AdminError> {
    Ok(store.keys(org)?.into_iter().filter(|row| row.key.revoked.is_none()).collect())
}

fn find_living(store: &Store, org: OrgId, name: &str) -> Result<KeyRow, AdminError> {
    let row = find(store, org, name)?;
    match (row.key.revoked, &row.revoked_by) {
        (None, _) => Ok(row),
        (Some(when), by) => {
            let by = by.as_deref().unwrap_or("somebody");
            let reason = format!(
                "the key `{name}` was revoked by {by} on {}; make a new one with `optscale-ai key create {name}`",
                when.day()
            );
            Err(AdminError::Refused(reason))
        }
    }
}

fn add(
    change: &Change<'_>,
    sealer: &Sealer,
    (org, user): (OrgId, UserId),
    wanted: &CreateKey,
    text: &VirtualKey,
) -> Result<Key, AdminError> {
    check_lists(change, org, Some(&wanted.providers), Some(&wanted.models))?;
    names::check_tags(&wanted.tags)?;
    check_end(wanted.expires)?;
    let hash = text.hash().0;
    check_text(change, &hash)?;
    let CreateKey { name, providers, models, tags, expires, keep, .. } = wanted;
    let local = *keep == Keep::Sealed;
    let edit = KeyEdit { providers, models, tags, expires: *expires };
    let (last_four, created) = (&text.last_four(), wanted.created.unwrap_or_else(Time::now));
    let id = change.add_key(&NewKey { org, user, name, hash, last_four, local, edit, created })?;
    if local {
        change.set_key_text(id, &sealer.seal(Slot::VirtualKey(id), text.secret())?)?;
    }
    Ok(find(change, org, name)?.key)
}

fn check_lists(
    store: &Store,
    org: OrgId,
    providers: Option<&[String]>,
    models: Option<&[String]>,
) -> Result<(), AdminError> {
    let known = store.providers(org)?;
    providers.unwrap_or_default().iter().try_for_each(|provider| names::check_provider(provider, &known))?;
    let routes = store.routes(org)?;
    let is_route = |name: &str| routes.iter().any(|route| route.name == name);
    models.unwrap_or_default().iter().filter(|name| !is_route(name)).try_for_each(|name| match name.contains('/') {
        true => names::check_model(name, &known),
        false => Err(names::no_model_or_route(name, &known, &routes)),
    })
}

fn check_text(store: &Store, hash: &[u8; 32]) -> Result<(), AdminError> {
    match store.key_by_hash(hash)? {
        None => Ok(()),
        Some(other) => {
            let reason = format!("this text is or was the key `{}`'s; generate another", other.key.name);
            Err(AdminError::Refused(reason))
        }
    }
}

fn check_end(expires: Option<Time>) -> Result<(), AdminError> {
    match expires {
        Some(end) if end <= Time::now() => Err(AdminError::invalid("expires", format!("{end} is already past"))),
        _ => Ok(()),
    }
}
