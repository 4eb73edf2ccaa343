//! What models turned out to do when they were asked: one sheet for each model of a provider, the newest.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::Sheet;
use crate::types::ProviderId;
use rusqlite::{Row, params};

/// A sheet, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetRow {
    /// The provider.
    pub provider: ProviderId,
    /// The model as the provider names it.
    pub model: String,
    /// What was found out.
    pub sheet: Sheet,
}

impl Store {
    /// The sheet of a model, where there is one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sheet(&self, provider: ProviderId, model: &str) -> Result<Option<Sheet>, StoreError> {
        let sql = "SELECT provider_id, model, made_at, findings FROM sheets WHERE provider_id = ?1 AND model = ?2";
        Ok(self.one(sql, params![provider, model], read)?.map(|row| row.sheet))
    }

    pub(super) fn all_sheets(&self) -> Result<Vec<SheetRow>, StoreError> {
        self.all("SELECT provider_id, model, made_at, findings FROM sheets", [], read)
    }
}

impl Change<'_> {
    /// Keeps a sheet in place of an older one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn keep_sheet(&self, provider: ProviderId, model: &str, sheet: &Sheet) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO sheets (provider_id, model, made_at, findings) VALUES (?1, ?2, ?3, ?4)";
        self.run(sql, params![provider, model, sheet.made, Json(&sheet.findings)]).map(drop)
    }

    /// Throws the sheet of a model away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_sheet(&self, provider: ProviderId, model: &str) -> Result<(), StoreError> {
        self.run("DELETE FROM sheets WHERE provider_id = ?1 AND model = ?2", params![provider, model]).map(drop)
    }

    /// Throws the sheets of all models of a provider away.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_sheets(&self, provider: ProviderId) -> Result<(), StoreError> {
        self.run("DELETE FROM sheets WHERE provider_id = ?1", params![provider]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<SheetRow> {
    let Json(findings) = row.get(3)?;
    let sheet = Sheet { made: row.get(2)?, findings };
    Ok(SheetRow { provider: row.get(0)?, model: row.get(1)?, sheet })
}
