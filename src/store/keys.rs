//! Virtual keys: hashes, and for keys used on this machine the sealed text.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::Key;
use crate::types::{KeyId, OrgId, Time, UserId};
use rusqlite::{Row, params};
use std::collections::BTreeMap;
use std::fmt;

/// A virtual key as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// What is known of it.
    pub key: Key,
    /// The hash of its text.
    pub hash: [u8; 32],
    /// The hash of the text before the last rotation, and until when that is valid.
    pub previous: Option<([u8; 32], Time)>,
    /// Its text, sealed; only for keys used on this machine.
    pub sealed: Option<Vec<u8>>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRow").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A virtual key to be made. Its text, where it is kept, is set apart, since it is sealed for the key's id.
#[derive(Clone)]
pub struct NewKey<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// Whose it is.
    pub user: UserId,
    /// Its name.
    pub name: &'a str,
    /// The hash of its text.
    pub hash: [u8; 32],
    /// The last four characters of its text.
    pub last_four: &'a str,
    /// Whether it is for use on this machine.
    pub local: bool,
    /// What it may call, and its end.
    pub edit: KeyEdit<'a>,
    /// When it is made.
    pub created: Time,
}

/// What can be changed of a key.
#[derive(Clone, Copy)]
pub struct KeyEdit<'a> {
    /// Providers that it may call.
    pub providers: &'a [String],
    /// `provider/model`s that it may call.
    pub models: &'a [String],
    /// Notes that each of its calls carries.
    pub tags: &'a BTreeMap<String, String>,
    /// When it ends.
    pub expires: Option<Time>,
}

/// A key's new text.
#[derive(Clone)]
pub struct Rotation<'a> {
    /// The hash of the new text.
    pub hash: [u8; 32],
    /// Its last four characters.
    pub last_four: &'a str,
    /// The new text sealed, where it is kept.
    pub sealed: Option<&'a [u8]>,
    /// Until when the old text is valid; none ends it at once.
    pub grace_until: Option<Time>,
}

macro_rules! select_keys {
    ($rest:literal) => {
        concat!(
            "SELECT id, org_id, user_id, name, hash, last_four, local, sealed, previous_hash, previous_ends_at, ",
            "providers, models, tags, created_at, expires_at, revoked_at, revoked_by FROM keys ",
            $rest
        )
    };
}

impl Store {
    /// The keys of an organisation, by name, the living one of a name first; revoked ones too.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keys(&self, org: OrgId) -> Result<Vec<KeyRow>, StoreError> {
        let sql = select_keys!("WHERE org_id = ?1 ORDER BY name, revoked_at IS NOT NULL, revoked_at DESC");
        self.all(sql, [org], read)
    }

    pub(super) fn all_keys(&self) -> Result<Vec<KeyRow>, StoreError> {
        self.all(select_keys!("ORDER BY id"), [], read)
    }

    /// The living key of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn living_key(&self, org: OrgId, name: &str) -> Result<Option<KeyRow>, StoreError> {
        let living = select_keys!("WHERE org_id = ?1 AND name = ?2 AND revoked_at IS NULL");
        self.one(living, params![org, name], read)
    }

    /// The living key of that name, else the one of that name that was revoked last.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn key_by_name(&self, org: OrgId, name: &str) -> Result<Option<KeyRow>, StoreError> {
        if let Some(row) = self.living_key(org, name)? {
            return Ok(Some(row));
        }
        let revoked =
            select_keys!("WHERE org_id = ?1 AND name = ?2 AND revoked_at IS NOT NULL ORDER BY revoked_at DESC LIMIT 1");
        self.one(revoked, params![org, name], read)
    }

    /// The key of any organisation that has, or had before its last rotation, the text with this hash.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn key_by_hash(&self, hash: &[u8; 32]) -> Result<Option<KeyRow>, StoreError> {
        self.one(select_keys!("WHERE hash = ?1 OR previous_hash = ?1"), [hash.as_slice()], read)
    }
}

impl Change<'_> {
    /// Makes a key.
    ///
    /// # Errors
    /// [`StoreError`], also where the name or the text is taken.
    pub fn add_key(&self, key: &NewKey<'_>) -> Result<KeyId, StoreError> {
        let sql = "INSERT INTO keys \
                   (org_id, user_id, name, hash, last_four, local, providers, models, tags, expires_at, created_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
        let KeyEdit { providers, models, tags, expires } = key.edit;
        let (hash, last_four) = (key.hash.as_slice(), key.last_four);
        let (providers, models, tags) = (Json(providers), Json(models), Json(tags));
        let values = params![
            key.org,
            key.user,
            key.name,
            hash,
            last_four,
            key.local,
            providers,
            models,
            tags,
            expires,
            key.created
        ];
        self.insert(sql, values).map(KeyId)
    }

    /// Keeps the sealed text of a key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_key_text(&self, id: KeyId, sealed: &[u8]) -> Result<(), StoreError> {
        self.run("UPDATE keys SET sealed = ?2 WHERE id = ?1", params![id, sealed]).map(drop)
    }

    /// Rewrites what a key may call, its notes and its end.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn edit_key(&self, id: KeyId, edit: &KeyEdit<'_>) -> Result<(), StoreError> {
        let sql = "UPDATE keys SET providers = ?2, models = ?3, tags = ?4, expires_at = ?5 WHERE id = ?1";
        let KeyEdit { providers, models, tags, expires } = edit;
        self.run(sql, params![id, Json(providers), Json(models), Json(tags), expires]).map(drop)
    }

    /// Gives a key to another user, as whom it calls from now on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn give_key(&self, id: KeyId, user: UserId) -> Result<(), StoreError> {
        self.run("UPDATE keys SET user_id = ?2 WHERE id = ?1 AND user_id <> ?2", params![id, user]).map(drop)
    }

    /// Gives a key a new text; the old one lives on for its grace, an older one no longer.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rotate_key(&self, id: KeyId, rotation: &Rotation<'_>) -> Result<(), StoreError> {
        let sql = "UPDATE keys SET previous_hash = CASE WHEN ?5 IS NOT NULL THEN hash END, previous_ends_at = ?5, \
                   hash = ?2, last_four = ?3, sealed = ?4 WHERE id = ?1";
        let Rotation { hash, last_four, sealed, grace_until } = rotation;
        self.run(sql, params![id, hash.as_slice(), last_four, sealed, grace_until]).map(drop)
    }

    /// Ends a key for good, old texts included, and wipes its sealed text. Its name is free again.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn revoke_key(&self, id: KeyId, by: &str, now: Time) -> Result<(), StoreError> {
        let sql =
            "UPDATE keys SET revoked_at = ?3, revoked_by = ?2, sealed = NULL WHERE id = ?1 AND revoked_at IS NULL";
        self.run(sql, params![id, by, now]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeyRow> {
    let (Json(providers), Json(models), Json(tags)) = (row.get(10)?, row.get(11)?, row.get(12)?);
    let previous: (Option<[u8; 32]>, Option<Time>) = (row.get(8)?, row.get(9)?);
    let key = Key {
        id: row.get(0)?,
        org: row.get(1)?,
        user: row.get(2)?,
        name: row.get(3)?,
        last_four: row.get(5)?,
        providers,
        models,
        tags,
        local: row.get(6)?,
        created: row.get(13)?,
        expires: row.get(14)?,
        revoked: row.get(15)?,
    };
    Ok(KeyRow {
        key,
        hash: row.get(4)?,
        previous: previous.0.zip(previous.1),
        sealed: row.get(7)?,
        revoked_by: row.get(16)?,
    })
}
