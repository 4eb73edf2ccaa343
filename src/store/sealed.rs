//! Everything that is sealed with the master key, wherever it stands: for changing that key.

use super::{Change, Store, StoreError};
use crate::types::{KeyId, ProviderId};
use rusqlite::params;

/// A sealed text, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SealedText {
    /// A provider's key, in the provider's row.
    Provider(ProviderId, Vec<u8>),
    /// A further key of a provider, by its place among them.
    ProviderMore(ProviderId, i64, Vec<u8>),
    /// The value of a header, by its name.
    Header(ProviderId, String, Vec<u8>),
    /// The text of a virtual key.
    Key(KeyId, Vec<u8>),
}

impl Store {
    /// Every sealed text of every organisation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sealed_texts(&self) -> Result<Vec<SealedText>, StoreError> {
        let providers = "SELECT id, sealed_secret FROM providers WHERE sealed_secret IS NOT NULL";
        let mut texts = self.all(providers, [], |row| Ok(SealedText::Provider(row.get(0)?, row.get(1)?)))?;
        let more = "SELECT provider_id, place, sealed FROM provider_secrets WHERE sealed IS NOT NULL";
        texts.extend(self.all(more, [], |row| Ok(SealedText::ProviderMore(row.get(0)?, row.get(1)?, row.get(2)?)))?);
        let headers = "SELECT provider_id, name, sealed FROM provider_headers";
        texts.extend(self.all(headers, [], |row| Ok(SealedText::Header(row.get(0)?, row.get(1)?, row.get(2)?)))?);
        let keys = "SELECT id, sealed FROM keys WHERE sealed IS NOT NULL";
        texts.extend(self.all(keys, [], |row| Ok(SealedText::Key(row.get(0)?, row.get(1)?)))?);
        Ok(texts)
    }
}

impl Change<'_> {
    /// Puts bytes in the place of a sealed text: the same text, sealed with another key.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn reseal(&self, text: &SealedText) -> Result<(), StoreError> {
        match text {
            SealedText::Provider(id, sealed) => {
                self.run("UPDATE providers SET sealed_secret = ?2 WHERE id = ?1", params![id, sealed])
            }
            SealedText::ProviderMore(id, place, sealed) => {
                let sql = "UPDATE provider_secrets SET sealed = ?3 WHERE provider_id = ?1 AND place = ?2";
                self.run(sql, params![id, place, sealed])
            }
            SealedText::Header(id, name, sealed) => {
                let sql = "UPDATE provider_headers SET sealed = ?3 WHERE provider_id = ?1 AND name = ?2";
                self.run(sql, params![id, name, sealed])
            }
            SealedText::Key(id, sealed) => self.run("UPDATE keys SET sealed = ?2 WHERE id = ?1", params![id, sealed]),
        }
        .map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::small;

    /// Bytes that are sealed must be here, or a change of the master key would leave them behind.
    #[test]
    fn no_column_of_bytes_is_forgotten() {
        let sealed = ["keys.sealed", "provider_headers.sealed", "provider_secrets.sealed", "providers.sealed_secret"];
        let others = [
            "answers.answer",
            "answers.input",
            "audit.hash",
            "audit.previous",
            "keys.hash",
            "keys.previous_hash",
            "meta.master_check",
        ];
        let sql = "SELECT t.name || '.' || c.name FROM main.sqlite_schema AS t, pragma_table_info(t.name) AS c \
                   WHERE t.type = 'table' AND c.type = 'BLOB' ORDER BY 1";
        for column in small().store.all(sql, [], |row| row.get::<_, String>(0)).unwrap() {
            let known = sealed.contains(&column.as_str()) || others.contains(&column.as_str());
            assert!(known, "{column}: is it sealed? Then it belongs into `SealedText`; else name it here");
        }
    }
}
