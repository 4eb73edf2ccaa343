//! When keys were used last. Traces have no index by key, since each call would pay for it: a running gateway gleans the
//! newest trace of each key from time to time, and a reader looks through the few that came since.

use super::{Store, StoreError};
use crate::types::{KeyId, Time, TraceId};
use rusqlite::{Transaction, TransactionBehavior};
use std::collections::HashMap;

/// Traces that are read in one step.
const STEP: i64 = 50_000;

pub(super) const USES: &str = "SELECT key_id, max(trace_id) FROM ( \
    SELECT key_id, trace_id FROM key_uses UNION ALL \
    SELECT key_id, id FROM traces WHERE id > (SELECT gleaned_trace_id FROM meta WHERE id = 1) AND key_id IS NOT NULL \
    ) GROUP BY key_id";

const GLEAN: &str = "INSERT INTO key_uses (key_id, trace_id) SELECT key_id, max(id) FROM traces \
    WHERE id > (SELECT gleaned_trace_id FROM meta WHERE id = 1) AND id <= ?1 AND key_id IS NOT NULL GROUP BY key_id \
    ON CONFLICT (key_id) DO UPDATE SET trace_id = max(trace_id, excluded.trace_id)";

impl Store {
    /// When each key was used last, whatever came of it. Keys that never were are not there.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn key_uses(&self) -> Result<HashMap<KeyId, Time>, StoreError> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, KeyId>(0)?, row.get::<_, TraceId>(1)?.time()));
        Ok(self.all(USES, [], read)?.into_iter().collect())
    }

    /// Gleans the uses of keys from traces that arrived before a point in time, some of them a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn glean_key_uses(&self, before: Time) -> Result<(), StoreError> {
        let last = TraceId::first_at(before);
        let sql = "SELECT id FROM traces WHERE id > (SELECT gleaned_trace_id FROM meta WHERE id = 1) AND id <= ?1 \
                   ORDER BY id LIMIT 1 OFFSET ?2";
        let step = self.one(sql, (last, STEP), |row| row.get::<_, TraceId>(0))?.unwrap_or(last);
        let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| self.explain(error))?;
        self.run(GLEAN, [step])?;
        self.run("UPDATE meta SET gleaned_trace_id = ?1 WHERE id = 1 AND gleaned_trace_id < ?1", [step])?;
        transaction.commit().map_err(|error| self.explain(error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, small};
    use super::super::traces::tests::{call, plan, put};
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_use_is_known_before_and_after_gleaning() {
        let small = small();
        let at = |seconds| NOW.after(Duration::from_secs(seconds));
        let used = || small.store.key_uses().unwrap();
        assert!(used().is_empty());
        put(&small.store, &[call(&small, 1), call(&small, 5)]);
        assert_eq!(used()[&small.key], at(5));
        small.store.glean_key_uses(at(3)).unwrap();
        assert_eq!(used()[&small.key], at(5), "gleaned up to the first");
        small.store.glean_key_uses(at(9)).unwrap();
        small.store.glean_key_uses(at(2)).unwrap();
        assert_eq!(used()[&small.key], at(5), "gleaned wholly");
        put(&small.store, &[call(&small, 20)]);
        assert_eq!(used()[&small.key], at(20));
    }

    #[test]
    fn only_new_traces_are_read() {
        let small = small();
        for sql in [USES, GLEAN] {
            let plan = plan(&small.store, sql);
            assert!(plan.iter().any(|step| step.starts_with("SEARCH traces USING INTEGER PRIMARY KEY")), "{plan:#?}");
        }
    }
}
