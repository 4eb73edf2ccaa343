//! Authentication: which key, its state, and how to make a new one.

use super::check::{Check, Report};
use super::home::Known;
use crate::admin::keys;
use crate::cli::connect::LOCAL_KEY;
use crate::cli::error::Outcome;
use crate::cli::words::count;
use crate::gateway::{Address, Probe};
use crate::secrets::{KeyHash, KeyTextError, VirtualKey};
use crate::store::KeyRow;
use crate::types::{Protocol, Secret, Time};
use std::path::Path;
use std::time::Duration;

/// A key that ends sooner than this is worth a word.
const SOON: Duration = Duration::from_secs(3 * 24 * 3600);
const MAKE: &str = "make a new one: `optscale-ai key create NAME`";

/// A key that calls can be made with.
pub struct Key {
    /// Its text.
    pub text: Secret,
    /// What the store knows it by.
    pub hash: KeyHash,
}

/// Looks at the key that was given, else at this machine's own.
///
/// # Errors
/// The database cannot be read.
pub fn examine(known: Option<&Known>, given: Option<Secret>, report: &mut Report) -> Outcome<Option<Key>> {
    let text = match (given, known) {
        (Some(given), _) => given,
        (None, Some(known)) => match local(known)? {
            Some(text) => text,
            None => {
                report.add(none_here());
                return Ok(None);
            }
        },
        (None, None) => {
            report.add(Check::skip("key", "no key was given").remedy("give one: `optscale-ai doctor --key-env VAR`"));
            return Ok(None);
        }
    };
    let key = match VirtualKey::parse(text.reveal()) {
        Ok(key) => key,
        Err(error) => {
            report.add(misspelt(error));
            return Ok(None);
        }
    };
    let hash = key.hash();
    let check = match known {
        None => Check::ok("key", format!("ends in {}, is spelt right; only its gateway knows more", key.last_four())),
        Some(known) => match known.store.key_by_hash(&hash.0)? {
            None => Check::fail("key", format!("the key that ends in {} is not known in this home", key.last_four()))
                .remedy("see which there are: `optscale-ai key list`; it may belong to another home or be from before `init`")
                .remedy(MAKE),
            Some(row) => state(known, &row, &hash, Time::now())?,
        },
    };
    let is_usable = check.status != super::check::Status::Fail;
    report.add(check);
    Ok(is_usable.then_some(Key { text, hash }))
}

/// Asks a gateway whether it takes the key.
///
/// # Errors
/// The system gives no runtime.
pub fn ask(base_url: &str, key: &Key, ca_file: Option<&Path>) -> Outcome<Check> {
    let address = Address { base_url: base_url.to_owned(), key: key.text.clone() };
    let listed = Probe::client(&address, Protocol::Openai, ca_file)?.models();
    Ok(match listed {
        Ok(models) if models.is_empty() => Check::warn(
            "key_at_gateway",
            "the gateway takes it, and it may call no model",
        )
        .remedy("add a provider: `optscale-ai provider add KIND`")
        .remedy(
            "or allow more: `optscale-ai user allow USER PROVIDER`, `optscale-ai key edit NAME --provider PROVIDER`",
        ),
        Ok(models) => {
            let models = count(models.len() as u64, "model", "models");
            Check::ok("key_at_gateway", format!("the gateway takes it and lists {models} for it"))
        }
        Err(complaint) => Check::fault("key_at_gateway", complaint.message),
    })
}

/// The text of this machine's own key; none is made here.
fn local(known: &Known) -> Outcome<Option<Secret>> {
    let Some(sealer) = &known.sealer else { return Ok(None) };
    let now = Time::now();
    let mut rows = known.store.keys(known.org.id)?;
    // The plain name first, then those with a number behind it.
    rows.retain(|row| row.key.local && row.key.name.starts_with(LOCAL_KEY));
    rows.sort_by(|a, b| a.key.name.cmp(&b.key.name));
    for row in rows {
        if let Some(key) = keys::open_text(sealer, &row, now)? {
            return Ok(Some(key.secret().clone()));
        }
    }
    Ok(None)
}

fn none_here() -> Check {
    Check::skip("key", "no key was given, and this machine has none of its own")
        .remedy("give one: `optscale-ai doctor --key-env VAR`")
        .remedy("or let this machine have one: `optscale-ai connect`")
}

fn misspelt(error: KeyTextError) -> Check {
    let check = Check::fail("key", error);
    match error {
        KeyTextError::WrongPrefix => check.remedy(
            "give clients a virtual key, and the provider's key to the gateway alone: `optscale-ai key create NAME`",
        ),
        _ => check.remedy("copy it again, whole").remedy(MAKE),
    }
}

fn state(known: &Known, row: &KeyRow, hash: &KeyHash, now: Time) -> Outcome<Check> {
    let (key, name) = (&row.key, &row.key.name);
    let users = known.store.users(key.org)?;
    let Some(user) = users.iter().find(|user| user.id == key.user) else {
        return Ok(Check::fail("key", format!("the user of the key `{name}` was removed")).remedy(MAKE));
    };
    if let Some(when) = key.revoked {
        let by = row.revoked_by.as_deref().unwrap_or("somebody");
        return Ok(Check::fail("key", format!("the key `{name}` was revoked at {when} by {by}")).remedy(MAKE));
    }
    if let Some(end) = key.expires.filter(|end| *end <= now) {
        return Ok(Check::fail("key", format!("the key `{name}` expired at {end}"))
            .remedy(format!("give it more time: `optscale-ai key edit {name} --expires 30d`"))
            .remedy(MAKE));
    }
    let old = row.previous.filter(|(text, _)| KeyHash(*text) == *hash);
    if let Some((_, end)) = old {
        return Ok(replaced(name, end, now));
    }
    let bounds: Vec<&str> = key.providers.iter().chain(&key.models).map(String::as_str).collect();
    let may = if bounds.is_empty() { "all that its user may call".to_owned() } else { bounds.join(", ") };
    let detail = format!("`{name}` of {}, ends in {}, may call {may}", user.name, key.last_four);
    Ok(match key.expires {
        None => Check::ok("key", format!("{detail}, does not expire")),
        Some(end) if end <= now.after(SOON) => Check::warn("key", format!("{detail}, expires soon: {end}"))
            .remedy(format!("give it more time: `optscale-ai key edit {name} --expires 30d`")),
        Some(end) => Check::ok("key", format!("{detail}, expires {end}")),
    })
}

fn replaced(name: &str, end: Time, now: Time) -> Check {
    let remedy = format!("use the new text, or make another: `optscale-ai key rotate {name}`");
    match end <= now {
        true => Check::fail("key", format!("this text of the key `{name}` was replaced and ended at {end}")),
        false => Check::warn("key", format!("this text of the key `{name}` was replaced and ends at {end}")),
    }
    .remedy(remedy)
}
