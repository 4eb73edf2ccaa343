//! The rates that were applied to calls, each kept once.

use crate::price::Rates;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashMap;
use std::sync::Arc;

/// Row ids of rates that were seen. Throw it away when a transaction that used it is undone: the rows that it
/// knows may be gone.
#[derive(Debug, Default)]
pub struct RatesCache(HashMap<Arc<Rates>, i64>);

impl RatesCache {
    /// The row of these rates, made where there is none.
    pub(super) fn id(&mut self, connection: &Connection, rates: &Arc<Rates>) -> rusqlite::Result<i64> {
        if let Some(id) = self.0.get(rates) {
            return Ok(*id);
        }
        let id = intern(connection, rates)?;
        self.0.insert(Arc::clone(rates), id);
        Ok(id)
    }
}

fn intern(connection: &Connection, rates: &Rates) -> rusqlite::Result<i64> {
    let body = serde_json::to_string(rates).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let mut find = connection.prepare_cached("SELECT id FROM rates WHERE body = ?1")?;
    if let Some(id) = find.query_row([&body], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    connection.prepare_cached("INSERT INTO rates (body) VALUES (?1)")?.insert([&body])
}
