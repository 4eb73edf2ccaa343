//! The one row about the database itself: version of the configuration, selected organisation, master key check.

use super::{Change, Store, StoreError};
use crate::types::OrgId;

impl Store {
    /// The version of the configuration, raised by every change. Cheap enough to ask several times a second.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn config_version(&self) -> Result<i64, StoreError> {
        let version = self.one("SELECT config_version FROM meta WHERE id = 1", [], |row| row.get(0))?;
        Ok(version.unwrap_or_default())
    }

    /// The organisation selected with `org use`; none before the first one is made.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn selected_org(&self) -> Result<Option<OrgId>, StoreError> {
        let sql = "SELECT selected_org_id FROM meta WHERE id = 1";
        Ok(self.one(sql, [], |row| row.get::<_, Option<OrgId>>(0))?.flatten())
    }

    /// A fixed text, sealed with the master key that this database belongs to.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn master_check(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT master_check FROM meta WHERE id = 1";
        Ok(self.one(sql, [], |row| row.get::<_, Option<Vec<u8>>>(0))?.flatten())
    }
}

impl Change<'_> {
    /// Selects the organisation that commands work on, or none.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn select_org(&self, org: Option<OrgId>) -> Result<(), StoreError> {
        self.run("UPDATE meta SET selected_org_id = ?1 WHERE id = 1", [org]).map(drop)
    }

    /// Keeps the sealed text that tells the right master key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_master_check(&self, sealed: &[u8]) -> Result<(), StoreError> {
        self.run("UPDATE meta SET master_check = ?1 WHERE id = 1", [sealed]).map(drop)
    }

    pub(super) fn raise_version(&self) -> Result<(), StoreError> {
        self.run("UPDATE meta SET config_version = config_version + 1 WHERE id = 1", []).map(drop)
    }
}
