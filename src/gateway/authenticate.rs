//! The second stage: whose call is it.

use super::Gateway;
use super::call::{Arrival, Caller, Outcome};
use super::snapshot::KeyEntry;
use crate::canonical::{Code, Complaint};
use crate::secrets::{KeyTextError, VirtualKey};
use crate::types::Time;
use std::sync::Arc;

/// Finds the key and its owner.
///
/// # Errors
/// [`Code::InvalidApiKey`], [`Code::ApiKeyExpired`]: each says what is wrong with the key.
pub(crate) fn authenticate(gateway: &Gateway, arrival: &Arrival) -> Outcome<Caller> {
    let Some(text) = &arrival.credential else {
        return Err(Complaint::new(Code::InvalidApiKey, NO_KEY));
    };
    let key = VirtualKey::parse(text.reveal()).map_err(|error| malformed(&error))?;
    let snapshot = gateway.snapshot();
    let Some(entry) = snapshot.key(&key.hash()) else { return Err(Complaint::new(Code::InvalidApiKey, UNKNOWN)) };
    check_life(entry)?;
    let Some(org) = snapshot.org(entry.key.org) else { return Err(Complaint::new(Code::InvalidApiKey, UNKNOWN)) };
    if arrival.org.as_deref().is_some_and(|named| named != org.org.public_id && named != org.org.name) {
        return Err(Complaint::new(Code::InvalidApiKey, OTHER_ORG));
    }
    Ok(Caller { org: org.clone(), key: Arc::clone(entry), version: snapshot.version })
}

const NO_KEY: &str = "the request has no API key; send a virtual key as `Authorization: Bearer sk-osai-...` \
    or `x-api-key: sk-osai-...`. `optscale-ai connect` prints one";
/// What a caller hears whose key nobody knows.
pub(crate) const UNKNOWN: &str = "this API key is not known here; list the keys with `optscale-ai key list`, \
    make one with `optscale-ai key create NAME`";
const OTHER_ORG: &str = "this API key belongs to another organisation than the one in the URL; \
    take the base URL that `optscale-ai connect` prints";

fn malformed(error: &KeyTextError) -> Complaint {
    let message = format!("incorrect API key: {error}. `optscale-ai connect` prints a key that works");
    Complaint::new(Code::InvalidApiKey, message)
}

fn check_life(entry: &KeyEntry) -> Outcome<()> {
    let key = &entry.key;
    if let Some(when) = key.revoked {
        let message = format!(
            "the API key `{}` was revoked at {when}; make a new one with `optscale-ai key create NAME`",
            key.name
        );
        return Err(Complaint::new(Code::InvalidApiKey, message));
    }
    let ends = match (key.expires, entry.grace_ends) {
        (Some(expires), Some(grace)) => Some(expires.min(grace)),
        (expires, grace) => expires.or(grace),
    };
    match ends.filter(|ends| *ends <= Time::now()) {
        None => Ok(()),
        Some(when) if entry.grace_ends == Some(when) => {
            let message =
                format!("this text of the API key `{}` was replaced and ended at {when}; use the new one", key.name);
            Err(Complaint::new(Code::ApiKeyExpired, message))
        }
        Some(when) => {
            let message = format!(
                "the API key `{}` expired at {when}; make a new one with `optscale-ai key create NAME`, \
                 or give it more time with `optscale-ai key edit {} --expires 30d`",
                key.name, key.name
            );
            Err(Complaint::new(Code::ApiKeyExpired, message))
        }
    }
}
