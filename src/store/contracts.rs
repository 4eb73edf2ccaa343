//! Prices that were agreed on by contract.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::Contract;
use crate::types::{OrgId, ProviderId, Time};
use rusqlite::{Row, params};

impl Store {
    /// The contract prices of an organisation, by provider and model, the newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn contracts(&self, org: OrgId) -> Result<Vec<Contract>, StoreError> {
        let sql = "SELECT c.provider_id, c.model, c.from_at, c.rates, c.created_at FROM contracts c \
                   JOIN providers p ON p.id = c.provider_id WHERE p.org_id = ?1 AND p.removed_at IS NULL \
                   ORDER BY p.name, c.model, c.from_at DESC";
        self.all(sql, [org], read)
    }

    pub(super) fn all_contracts(&self) -> Result<Vec<Contract>, StoreError> {
        let sql = "SELECT provider_id, model, from_at, rates, created_at FROM contracts ORDER BY from_at";
        self.all(sql, [], read)
    }
}

impl Change<'_> {
    /// Keeps a price in place of one that holds from the same moment on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_contract(&self, contract: &Contract) -> Result<(), StoreError> {
        let sql = "INSERT INTO contracts (provider_id, model, from_at, rates, created_at) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT DO UPDATE SET rates = excluded.rates, created_at = excluded.created_at";
        let Contract { provider, model, from, rates, created } = contract;
        self.run(sql, params![provider, model, from, Json(rates), created]).map(drop)
    }

    /// Throws the prices of a model away: all, or the one that holds from this moment on. How many there were.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_contracts(&self, provider: ProviderId, model: &str, from: Option<Time>) -> Result<usize, StoreError> {
        let sql = "DELETE FROM contracts WHERE provider_id = ?1 AND model = ?2 AND (?3 IS NULL OR from_at = ?3)";
        self.run(sql, params![provider, model, from])
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Contract> {
    let Json(rates) = row.get(3)?;
    Ok(Contract { provider: row.get(0)?, model: row.get(1)?, from: row.get(2)?, rates, created: row.get(4)? })
}
