//! `[[key]]`: virtual keys. Their texts are never in a file: they are made, or come from a place that the file names.

use super::budget::PlainBudget;
use super::{Desk, NewKey, Table};
use crate::admin::keys::{self, CreateKey, EditKey};
use crate::admin::{AdminError, users};
use crate::records::SecretSource;
use crate::secrets::{self, VirtualKey};
use crate::store::Store;
use crate::types::{OrgId, Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// A virtual key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyEntry {
    /// Its name.
    pub name: String,
    /// Whose it is: a user's `email`; the first owner's where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Providers that it may call; all that its user may where none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub providers: Vec<String>,
    /// Models (`provider/model`) and routes that it may call; all that its user may where none is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// When it ends: `90d` from when it was made, a day, a point in time, or `never`.
    #[serde(default = "never", skip_serializing_if = "is_never")]
    pub expires: String,
    /// Notes that each of its calls carries.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Where its text is, which `optscale-ai key generate` printed; a new text is made where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<SecretSource>,
    /// What it may spend.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget: Option<PlainBudget>,
    /// When it was made, and the hash of its text; what a file cannot say.
    #[serde(skip)]
    #[schemars(skip)]
    known: Known,
}

/// What is there of a key and is not in a file.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    created: Option<Time>,
    hash: Option<crate::secrets::KeyHash>,
}

fn never() -> String {
    "never".to_owned()
}

fn is_never(expires: &str) -> bool {
    expires == "never"
}

impl KeyEntry {
    fn end(&self) -> Result<Option<Time>, AdminError> {
        match self.expires.as_str() {
            "never" => Ok(None),
            text => Time::parse(text).map(Some).ok_or_else(|| no_time(text)),
        }
    }

    /// The text that the file names, where that can be read.
    fn given_text(&self) -> Result<Option<VirtualKey>, AdminError> {
        let Some(source) = &self.key else { return Ok(None) };
        let text = secrets::read_source(source)?;
        let parsed = VirtualKey::parse(text.reveal());
        parsed.map(Some).map_err(|error| AdminError::invalid("key", format!("{source} holds no virtual key: {error}")))
    }

    fn hand_out(&self, text: &VirtualKey, desk: &Desk<'_>) {
        let key = NewKey { name: self.name.clone(), text: text.clone(), given: self.key.is_some() };
        desk.keys.borrow_mut().push(key);
    }
}

fn no_time(text: &str) -> AdminError {
    AdminError::invalid("expires", format!("`{text}` is no time; write 90d, 2027-01-31, 2027-01-31T12:00:00Z or never"))
}

/// A span is counted from when the key was made, so that a file that is applied again changes nothing.
fn absolute(text: &str, created: Time) -> Result<String, AdminError> {
    if text == "never" || Time::parse(text).is_some() {
        let point = Time::parse(text).map(|time| time.to_string());
        return Ok(point.unwrap_or_else(never));
    }
    let span = humantime::parse_duration(text).map_err(|_| no_time(text))?;
    Ok(created.after(span).to_string())
}

impl Table for KeyEntry {
    const WHAT: &'static str = "key";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<KeyEntry>, AdminError> {
        let names: HashMap<_, _> = users::list(store, org)?.into_iter().map(|user| (user.id, user.name)).collect();
        let budgets = store.budgets(org)?;
        let keys = store.keys(org)?.into_iter().filter(|row| row.key.revoked.is_none() && !row.key.local);
        let entry = |row: crate::store::KeyRow| KeyEntry {
            user: names.get(&row.key.user).cloned(),
            providers: row.key.providers,
            models: row.key.models,
            expires: row.key.expires.map_or_else(never, |end| end.to_string()),
            tags: row.key.tags,
            key: None,
            budget: PlainBudget::of(row.key.id, &budgets),
            known: Known { created: Some(row.key.created), hash: Some(secrets::KeyHash(row.hash)) },
            name: row.key.name,
        };
        Ok(keys.map(entry).collect())
    }

    fn completed(&self, current: Option<&KeyEntry>) -> Result<KeyEntry, AdminError> {
        let mut entry = self.clone();
        entry.user = entry.user.or_else(|| current?.user.clone());
        let created = current.and_then(|current| current.known.created).unwrap_or_else(Time::now);
        entry.budget = entry.budget.as_ref().map(PlainBudget::completed).transpose()?;
        entry.expires = absolute(&self.expires, created)?;
        entry.known.created = Some(created);
        if let Some(current) = current {
            entry.known = current.known.clone();
            // A place that cannot be read now is no reason to change a key that is there.
            let text = self.given_text().ok().flatten();
            entry.key = self.key.clone().filter(|_| text.is_some_and(|text| Some(text.hash()) != current.known.hash));
        }
        Ok(entry)
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        let wanted = CreateKey {
            name: self.name.clone(),
            user: self.user.clone(),
            providers: self.providers.clone(),
            models: self.models.clone(),
            expires: self.end()?,
            tags: self.tags.clone(),
            text: self.given_text()?,
            created: self.known.created,
            budget: self.budget.as_ref().map(PlainBudget::amount).transpose()?,
            ..CreateKey::default()
        };
        let made = keys::create(desk.store, desk.sealer, desk.org, &wanted)?;
        self.hand_out(&made.text, desk);
        Ok(())
    }

    fn change(&self, before: &KeyEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        let expires = (self.expires != before.expires).then(|| self.end()).transpose()?;
        let edit = EditKey {
            providers: Some(self.providers.clone()),
            models: Some(self.models.clone()),
            tags: Some(self.tags.clone()),
            expires,
            user: self.user.clone().filter(|_| self.user != before.user),
            budget: (self.budget != before.budget)
                .then(|| self.budget.as_ref().map(PlainBudget::amount).transpose())
                .transpose()?,
            ..EditKey::default()
        };
        keys::edit(desk.store, desk.org, &self.name, &edit)?;
        if let Some(text) = self.given_text()? {
            keys::replace_text(desk.store, desk.org, &self.name, &text)?;
            self.hand_out(&text, desk);
        }
        Ok(())
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        keys::revoke(desk.store, desk.org, &self.name, desk.by).map(drop)
    }
}
