//! Limits on requests, tokens and calls at once.

use super::column::{count, uncount};
use super::{Change, Store, StoreError, budgets};
use crate::records::{Caps, Limit, Scope};
use crate::types::{LimitId, OrgId, Time};
use rusqlite::{Row, params};

macro_rules! select_limits {
    ($rest:literal) => {
        concat!(
            "SELECT l.id, l.org_id, l.scope, l.subject_id, l.subject, l.requests, l.tokens, l.parallel, l.created_at, ",
            "coalesce(g.name, u.name, k.name, p.name) FROM limits AS l ",
            "LEFT JOIN teams AS g ON l.scope = 'team' AND g.id = l.subject_id ",
            "LEFT JOIN users AS u ON l.scope = 'user' AND u.id = l.subject_id ",
            "LEFT JOIN keys AS k ON l.scope = 'key' AND k.id = l.subject_id ",
            "LEFT JOIN providers AS p ON l.scope IN ('provider', 'model') AND p.id = l.subject_id ",
            "WHERE l.removed_at IS NULL ",
            $rest
        )
    };
}

impl Store {
    /// The limits of an organisation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn limits(&self, org: OrgId) -> Result<Vec<Limit>, StoreError> {
        self.all(select_limits!("AND l.org_id = ?1 ORDER BY l.id"), [org], read)
    }

    pub(super) fn all_limits(&self) -> Result<Vec<Limit>, StoreError> {
        self.all(select_limits!("ORDER BY l.id"), [], read)
    }
}

impl Change<'_> {
    /// Sets a scope's limits, in place of those that it has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_limit(&self, org: OrgId, scope: &Scope, caps: &Caps, now: Time) -> Result<(), StoreError> {
        let sql = "INSERT INTO limits (org_id, scope, subject_id, subject, requests, tokens, parallel, created_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
                   ON CONFLICT (org_id, scope, subject_id, subject) WHERE removed_at IS NULL DO UPDATE SET \
                   requests = excluded.requests, tokens = excluded.tokens, parallel = excluded.parallel";
        let (word, id, text) = budgets::columns(scope);
        let Caps { requests, tokens, parallel } = caps;
        let values = params![org, word, id, text, requests.map(count), tokens.map(count), parallel.map(count), now];
        self.run(sql, values).map(drop)
    }

    /// Removes a scope's limits.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_limit(&self, id: LimitId, now: Time) -> Result<(), StoreError> {
        let sql = "UPDATE limits SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![id, now]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Limit> {
    let (scope, label) = budgets::scope(row, 2, row.get(9)?)?;
    let number = |at: usize| row.get::<_, Option<i64>>(at).map(|number| number.map(uncount));
    let caps = Caps { requests: number(5)?, tokens: number(6)?, parallel: number(7)? };
    Ok(Limit { id: row.get(0)?, org: row.get(1)?, scope, label, caps, created: row.get(8)? })
}
