//! Registered providers, with their secrets as sealed bytes.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::SecretSource;
use crate::types::{OrgId, Protocol, ProviderId, Time};
use rusqlite::{Row, params};
use std::collections::{BTreeMap, HashMap};

/// A registered provider as it is kept: what the administrator said, not what the kind brings along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderRow {
    /// Row id.
    pub id: ProviderId,
    /// Its organisation.
    pub org: OrgId,
    /// Its name, unique in the organisation.
    pub name: String,
    /// The vendor: `openai`, `custom` ...
    pub kind: String,
    /// What it speaks, where that differs from the kind.
    pub protocol: Option<Protocol>,
    /// Where it is, where that differs from the kind.
    pub base_url: Option<String>,
    /// Its key, sealed.
    pub sealed_secret: Option<Vec<u8>>,
    /// Keys beside that one, in order.
    pub more_secrets: Vec<StoredSecret>,
    /// Headers to send, by name, values sealed.
    pub sealed_headers: Vec<(String, Vec<u8>)>,
    /// Models that are offered by name; empty where any may be asked for.
    pub models: Vec<String>,
    /// What was said of the connection beside its key.
    pub settings: BTreeMap<String, String>,
    /// Whether plain http is fine to any address.
    pub allow_http: bool,
    /// Whether calls may go to it.
    pub enabled: bool,
    /// When it was added.
    pub created: Time,
}

/// A key of a provider: sealed bytes, or a place where it is read when it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredSecret {
    /// It is kept here.
    Sealed(Vec<u8>),
    /// It is there.
    Source(SecretSource),
}

impl ProviderRow {
    /// Whether there is any key.
    pub fn has_secret(&self) -> bool {
        self.sealed_secret.is_some() || !self.more_secrets.is_empty()
    }

    /// The place of its first key, where that is not kept here.
    pub fn secret_source(&self) -> Option<&SecretSource> {
        match (&self.sealed_secret, self.more_secrets.first()) {
            (None, Some(StoredSecret::Source(source))) => Some(source),
            _ => None,
        }
    }
}

/// A provider to be added or rewritten; its secrets are set apart, since they are sealed for its id.
#[derive(Clone, Debug)]
pub struct NewProvider<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// Its name.
    pub name: &'a str,
    /// The vendor.
    pub kind: &'a str,
    /// What it speaks, where that differs from the kind.
    pub protocol: Option<Protocol>,
    /// Where it is, where that differs from the kind.
    pub base_url: Option<&'a str>,
    /// Models that are offered by name.
    pub models: &'a [String],
    /// What was said of the connection beside its key.
    pub settings: &'a BTreeMap<String, String>,
    /// Whether plain http is fine to any address.
    pub allow_http: bool,
    /// When it is added.
    pub created: Time,
}

const OF_ORG: &str = "SELECT id, org_id, name, kind, protocol, base_url, sealed_secret, models, allow_http, enabled, \
                      created_at, settings FROM providers WHERE org_id = ?1 AND removed_at IS NULL ORDER BY name";
const ALL: &str = "SELECT id, org_id, name, kind, protocol, base_url, sealed_secret, models, allow_http, enabled, \
                   created_at, settings FROM providers WHERE removed_at IS NULL ORDER BY id";

impl Store {
    /// The providers of an organisation, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn providers(&self, org: OrgId) -> Result<Vec<ProviderRow>, StoreError> {
        self.with_headers(self.all(OF_ORG, [org], read)?)
    }

    pub(super) fn all_providers(&self) -> Result<Vec<ProviderRow>, StoreError> {
        self.with_headers(self.all(ALL, [], read)?)
    }

    fn with_headers(&self, mut providers: Vec<ProviderRow>) -> Result<Vec<ProviderRow>, StoreError> {
        let sql = "SELECT provider_id, name, sealed FROM provider_headers ORDER BY provider_id, name";
        let mut headers: HashMap<ProviderId, Vec<(String, Vec<u8>)>> = HashMap::new();
        for (id, name, sealed) in self.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))? {
            headers.entry(id).or_default().push((name, sealed));
        }
        let mut secrets = self.more_secrets()?;
        for provider in &mut providers {
            provider.more_secrets = secrets.remove(&provider.id).unwrap_or_default();
            provider.sealed_headers = headers.remove(&provider.id).unwrap_or_default();
        }
        Ok(providers)
    }
}

impl Store {
    fn more_secrets(&self) -> Result<HashMap<ProviderId, Vec<StoredSecret>>, StoreError> {
        let sql = "SELECT provider_id, sealed, source FROM provider_secrets ORDER BY provider_id, place";
        let read = |row: &Row<'_>| {
            let sealed: Option<Vec<u8>> = row.get(1)?;
            let secret = match sealed {
                Some(sealed) => StoredSecret::Sealed(sealed),
                None => StoredSecret::Source(row.get::<_, Json<SecretSource>>(2)?.0),
            };
            Ok((row.get(0)?, secret))
        };
        let mut secrets: HashMap<ProviderId, Vec<StoredSecret>> = HashMap::new();
        for (id, secret) in self.all(sql, [], read)? {
            secrets.entry(id).or_default().push(secret);
        }
        Ok(secrets)
    }
}

impl Change<'_> {
    /// Adds a provider, enabled and without secrets.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn add_provider(&self, provider: &NewProvider<'_>) -> Result<ProviderId, StoreError> {
        let sql = "INSERT INTO providers \
                   (org_id, name, kind, protocol, base_url, models, allow_http, enabled, created_at, settings) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 1, ?8, ?9)";
        let NewProvider { org, name, kind, protocol, base_url, models, settings, allow_http, created } = provider;
        let values = params![org, name, kind, protocol, base_url, Json(models), allow_http, created, Json(settings)];
        self.insert(sql, values).map(ProviderId)
    }

    /// Rewrites what an administrator can edit: name, protocol, base URL, models, settings, `allow_http`.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn edit_provider(&self, id: ProviderId, provider: &NewProvider<'_>) -> Result<(), StoreError> {
        let sql = "UPDATE providers SET name = ?2, protocol = ?3, base_url = ?4, models = ?5, allow_http = ?6, \
                   settings = ?7 WHERE id = ?1";
        let NewProvider { name, protocol, base_url, models, settings, allow_http, .. } = provider;
        self.run(sql, params![id, name, protocol, base_url, Json(models), allow_http, Json(settings)]).map(drop)
    }

    /// Sets or takes away the sealed key of a provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_provider_secret(&self, id: ProviderId, sealed: Option<&[u8]>) -> Result<(), StoreError> {
        self.run("UPDATE providers SET sealed_secret = ?2 WHERE id = ?1", params![id, sealed]).map(drop)
    }

    /// Replaces all keys of a provider beside the one in its row.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_more_secrets(&self, id: ProviderId, secrets: &[StoredSecret]) -> Result<(), StoreError> {
        self.run("DELETE FROM provider_secrets WHERE provider_id = ?1", [id])?;
        for (place, secret) in (0i64..).zip(secrets) {
            let (sealed, source) = match secret {
                StoredSecret::Sealed(sealed) => (Some(sealed), None),
                StoredSecret::Source(source) => (None, Some(Json(source))),
            };
            let sql = "INSERT INTO provider_secrets (provider_id, place, sealed, source) VALUES (?1, ?2, ?3, ?4)";
            self.run(sql, params![id, place, sealed, source])?;
        }
        Ok(())
    }

    /// Replaces all headers of a provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_provider_headers(&self, id: ProviderId, sealed: &[(String, Vec<u8>)]) -> Result<(), StoreError> {
        self.run("DELETE FROM provider_headers WHERE provider_id = ?1", [id])?;
        for (name, value) in sealed {
            let sql = "INSERT INTO provider_headers (provider_id, name, sealed) VALUES (?1, ?2, ?3)";
            self.run(sql, params![id, name, value])?;
        }
        Ok(())
    }

    /// Lets calls go to a provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn enable_provider(&self, id: ProviderId) -> Result<(), StoreError> {
        self.run("UPDATE providers SET enabled = 1 WHERE id = ?1 AND NOT enabled", [id]).map(drop)
    }

    /// Lets no call go to a provider.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn disable_provider(&self, id: ProviderId) -> Result<(), StoreError> {
        self.run("UPDATE providers SET enabled = 0 WHERE id = ?1 AND enabled", [id]).map(drop)
    }

    /// Removes a provider and wipes its secrets; its name stays for the traces.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_provider(&self, id: ProviderId, now: Time) -> Result<(), StoreError> {
        self.set_provider_headers(id, &[])?;
        self.set_more_secrets(id, &[])?;
        let sql = "UPDATE providers SET removed_at = ?2, sealed_secret = NULL WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![id, now]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<ProviderRow> {
    let (Json(models), Json(settings)) = (row.get(7)?, row.get(11)?);
    Ok(ProviderRow {
        id: row.get(0)?,
        org: row.get(1)?,
        name: row.get(2)?,
        kind: row.get(3)?,
        protocol: row.get(4)?,
        base_url: row.get(5)?,
        sealed_secret: row.get(6)?,
        more_secrets: Vec::new(),
        sealed_headers: Vec::new(),
        models,
        settings,
        allow_http: row.get(8)?,
        enabled: row.get(9)?,
        created: row.get(10)?,
    })
}
