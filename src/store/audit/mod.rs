//! Who changed what: every administrative transaction is looked over as a whole, whatever did it, and what differs is
//! written down in the same transaction, in rows that are chained by hashes.
//!
//! Nothing has to ask for it. [`Store::change`](super::Store::change) is the only way to a [`Change`](super::Change), a
//! `Change` the only way to write configuration, and each table is watched unless it is named in [`EXEMPT`].

pub(super) mod capture;
mod chain;
mod verify;

pub use verify::{AuditFault, AuditReport};

use super::column::count;
use super::{Store, StoreError};
use crate::types::{OrgId, Time};
use rusqlite::{Row, named_params, params};
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// Tables that are no configuration: what calls leave behind, and what is gathered from that.
pub(super) const EXEMPT: &[&str] =
    &["audit", "applied", "applied_rows", "traces", "rates", "answers", "key_uses", "events"];

/// One thing that was changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditRow {
    /// Its number, from 1 on.
    pub seq: i64,
    /// When.
    pub time: Time,
    /// Who.
    pub actor: String,
    /// The organisation's name; none for what belongs to no single one.
    pub org: Option<String>,
    /// What was done: `key.revoke`.
    pub act: String,
    /// To what.
    pub object: String,
    /// What it was, as far as it differs; none where it was not there.
    pub before: Option<Value>,
    /// What it is since; none where it is gone.
    pub after: Option<Value>,
}

/// Which rows are wanted; the default is all of them.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of this organisation, and of none.
    pub org: Option<OrgId>,
    /// Done then or later.
    pub since: Option<Time>,
    /// Done before.
    pub until: Option<Time>,
    /// By whom.
    pub actor: Option<String>,
    /// What was done: `key.revoke`, or `key` for everything done to keys.
    pub act: Option<String>,
    /// To what.
    pub object: Option<String>,
    /// At most so many; 0 means all.
    pub limit: u64,
}

const LIST: &str = "SELECT seq, at, actor, orgs.name, act, object, before, after FROM audit \
    LEFT JOIN orgs ON orgs.id = audit.org_id \
    WHERE (:org IS NULL OR org_id = :org OR org_id IS NULL) AND at >= :since AND at < :until \
    AND (:actor IS NULL OR actor = :actor) AND (:object IS NULL OR object = :object) \
    AND (:act IS NULL OR act = :act OR act LIKE :act || '.%') ORDER BY seq DESC LIMIT :limit";

impl Store {
    /// Says in whose name this connection changes things from now on.
    pub fn set_actor(&self, actor: &str) {
        actor.clone_into(&mut self.actor.borrow_mut());
    }

    /// What was changed, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn audit(&self, filter: &AuditFilter) -> Result<Vec<AuditRow>, StoreError> {
        let (since, until) = (filter.since.map_or(i64::MIN, Time::millis), filter.until.map_or(i64::MAX, Time::millis));
        let limit = if filter.limit == 0 { -1 } else { count(filter.limit) };
        let values = named_params! {
            ":org": filter.org,
            ":since": since,
            ":until": until,
            ":actor": filter.actor,
            ":act": filter.act,
            ":object": filter.object,
            ":limit": limit,
        };
        self.all(LIST, values, read)
    }

    /// Makes ready to see what the transaction that begins now changes.
    pub(super) fn watch_changes(&self) -> Result<(), StoreError> {
        let watch = || -> rusqlite::Result<()> {
            if !self.watched.get() {
                capture::install(&self.connection)?;
                self.watched.set(true);
            }
            capture::forget(&self.connection)
        };
        watch().map_err(|error| self.explain(error))
    }

    /// Writes down what the transaction under way changed; whether that was anything.
    pub(super) fn write_audit(&self) -> Result<bool, StoreError> {
        let seen = capture::seen(&self.connection).map_err(|error| self.explain(error))?;
        let (at, actor) = (Time::now(), self.actor.borrow().clone());
        let last = self.one("SELECT hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| row.get(0))?;
        let mut last: [u8; 32] = last.unwrap_or_default();
        let mut seq = self.last_audit_seq()?;
        for change in &seen {
            seq += 1;
            let link =
                chain::Link { seq, at, actor: &actor, org: change.org, act: &change.act, object: &change.object };
            let (before, after) = (change.before.as_deref(), change.after.as_deref());
            let hash = chain::hash(&last, &link, before, after);
            let sql = "INSERT INTO audit (seq, at, actor, org_id, act, object, before, after, previous, hash) \
                       VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
            let values = params![seq, at, actor, change.org, change.act, change.object, before, after, last, hash];
            self.run(sql, values)?;
            last = hash;
        }
        Ok(!seen.is_empty())
    }

    /// The largest number that was ever given.
    fn last_audit_seq(&self) -> Result<i64, StoreError> {
        let sql = "SELECT seq FROM sqlite_sequence WHERE name = 'audit'";
        Ok(self.one(sql, [], |row| row.get(0))?.unwrap_or_default())
    }

    /// Keeps the end of the chain beside the database, where it outlives rows that are taken from the end. What cannot
    /// be written now is written with the next act; until then the file says less, and nothing wrong.
    pub(super) fn keep_audit_head(&self) {
        let last = self.one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?))
        });
        if let Ok(Some((seq, hash))) = last {
            let _ = chain::write_head(&self.audit_head(), seq, &hash);
        }
    }

    /// The file that keeps the end of the chain.
    pub(super) fn audit_head(&self) -> PathBuf {
        self.path.with_file_name("audit.head")
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let json = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(AuditRow {
        seq: row.get(0)?,
        time: row.get(1)?,
        actor: row.get(2)?,
        org: row.get(3)?,
        act: row.get(4)?,
        object: row.get(5)?,
        before: json(row.get(6)?),
        after: json(row.get(7)?),
    })
}

#[cfg(test)]
mod tests;
