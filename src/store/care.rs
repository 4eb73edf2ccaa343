//! Care for the file: how large it is, what is in it, what may go, and another one in its place.

use super::{Change, Store, StoreError};
use crate::types::{Time, TraceId};
use rusqlite::{OpenFlags, params};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What there is to know of a database file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stats {
    /// Where it is.
    pub path: PathBuf,
    /// Its bytes.
    pub size_bytes: u64,
    /// Bytes of its write-ahead log, which are moved into it.
    pub wal_bytes: u64,
    /// Bytes in it that are free for new rows.
    pub free_bytes: u64,
    /// The version of its schema.
    pub schema_version: u64,
    /// How often its configuration was changed.
    pub config_version: i64,
    /// The oldest trace.
    pub oldest_trace: Option<Time>,
    /// The newest trace.
    pub newest_trace: Option<Time>,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
}

impl Store {
    /// Measures the file.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let pragma = |name: &str| -> Result<u64, StoreError> {
            let value = self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
            Ok(super::column::uncount(value.map_err(|error| self.explain(error))?))
        };
        let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
        let ends = self.one("SELECT min(id), max(id) FROM traces", [], |row| {
            Ok((row.get::<_, Option<TraceId>>(0)?, row.get::<_, Option<TraceId>>(1)?))
        })?;
        let (oldest, newest) = ends.unwrap_or_default();
        Ok(Stats {
            size_bytes: length(&self.path),
            wal_bytes: length(&beside(&self.path, "-wal")),
            free_bytes: pragma("freelist_count")? * pragma("page_size")?,
            schema_version: pragma("user_version")?,
            config_version: self.config_version()?,
            oldest_trace: oldest.map(TraceId::time),
            newest_trace: newest.map(TraceId::time),
            rows: self.rows_by_table()?,
            path: self.path.clone(),
        })
    }

    fn rows_by_table(&self) -> Result<BTreeMap<String, u64>, StoreError> {
        let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
        let mut rows = BTreeMap::new();
        for table in self.all(sql, [], |row| row.get::<_, String>(0))? {
            // The name is the schema's own.
            let count = self.one(&format!("SELECT count(*) FROM main.{table}"), [], |row| row.get::<_, i64>(0))?;
            rows.insert(table, super::column::uncount(count.unwrap_or_default()));
        }
        Ok(rows)
    }

    /// Rows that refer to rows that are not there, in words.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn dangling(&self) -> Result<Vec<String>, StoreError> {
        self.all("SELECT \"table\", rowid, parent FROM pragma_foreign_key_check", [], |row| {
            let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
            Ok(match row.get::<_, Option<i64>>(1)? {
                Some(id) => format!("{table} row {id} refers to no row of {parent}"),
                None => format!("a row of {table} refers to no row of {parent}"),
            })
        })
    }

    /// Deletes kept answers that are older than `before`, at most `at_most`, and says how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn prune_answers(&self, before: Time, at_most: u64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM answers WHERE (org_id, id) IN \
                   (SELECT org_id, id FROM answers WHERE created_at < ?1 LIMIT ?2)";
        self.run(sql, params![before, super::column::count(at_most)])
    }

    /// Gives the room of deleted rows back to the system. Nobody can write meanwhile.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn compact(&self) -> Result<(), StoreError> {
        self.connection.execute_batch("VACUUM").map_err(|error| self.explain(error))
    }

    /// Opens a database of this version or an older one and changes nothing of it.
    ///
    /// # Errors
    /// [`StoreError`]: it is not there, not ours, or newer.
    pub fn inspect(path: &Path) -> Result<Store, StoreError> {
        fs::metadata(path).map_err(|error| StoreError::explain_io(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        super::open::connect_ours(path, flags)
    }

    /// Puts a database that nobody has open in the place of another one. What was there is moved into `aside`, a new
    /// folder, with its log, its journal and the end of its audit.
    ///
    /// # Errors
    /// What the system says.
    pub fn put_in_place(new: &Path, database: &Path, aside: &Path) -> io::Result<()> {
        let mut folder = fs::DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
        folder.create(aside)?;
        let names = ["optscale.db", "optscale.db-wal", "optscale.db-shm", "journal", "audit.head"];
        for name in names {
            let old = if name == "optscale.db" { database.to_owned() } else { database.with_file_name(name) };
            match fs::rename(&old, aside.join(name)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        fs::rename(new, database)
    }
}

impl Change<'_> {
    /// Notes that the database was put in another one's place.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_restored(&self, now: Time) -> Result<(), StoreError> {
        self.run("UPDATE meta SET restored_at = ?1 WHERE id = 1", [now]).map(drop)
    }

    /// Notes that everything was sealed with another master key. What was kept of the last applied file is forgotten: it
    /// was sealed with the old one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn note_rekeyed(&self, now: Time) -> Result<(), StoreError> {
        self.run("DELETE FROM applied_rows", [])?;
        self.run("DELETE FROM applied", [])?;
        self.run("UPDATE meta SET rekeyed_at = ?1 WHERE id = 1", [now]).map(drop)
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(suffix);
    PathBuf::from(name)
}
