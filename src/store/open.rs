//! Opening the file: made where it is missing, brought up to date where it is old, refused where it is foreign.

use super::{Store, StoreError};
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// In the file's header, so that another program's database is told from ours: "OSAI".
const APPLICATION_ID: i32 = 0x4F53_4149;
const BUSY: Duration = Duration::from_secs(5);
/// A write-ahead log of this many bytes is worth moving into the database.
const WAL_GROWN: u64 = 4 * 1024 * 1024;
/// One of this many is cut, although writers wait for that.
const WAL_TOO_LONG: u64 = 64 * 1024 * 1024;
/// Statements kept ready on a connection; there are about fifty different ones.
const STATEMENTS: usize = 96;

/// The schema, step by step. Steps are only ever added; the place of a step is the version that it leads to.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_start.sql"),
    include_str!("migrations/0002_sheets.sql"),
    include_str!("migrations/0003_key_uses.sql"),
    include_str!("migrations/0004_answers.sql"),
    include_str!("migrations/0005_teams.sql"),
    include_str!("migrations/0006_audit.sql"),
    include_str!("migrations/0007_guardrails.sql"),
    include_str!("migrations/0008_budgets.sql"),
    include_str!("migrations/0009_limits.sql"),
    include_str!("migrations/0010_contracts.sql"),
    include_str!("migrations/0011_provider_settings.sql"),
    include_str!("migrations/0012_applied.sql"),
    include_str!("migrations/0013_care.sql"),
];

impl Store {
    /// Opens the database, makes it where it is missing, and brings it up to date; an older one is copied first.
    ///
    /// # Errors
    /// Every [`StoreError`] but [`StoreError::Missing`].
    pub fn open(path: &Path) -> Result<Store, StoreError> {
        create_private(path).map_err(|error| StoreError::explain_io(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = connect(path, flags, BUSY)?;
        store.migrate(MIGRATIONS)?;
        store.prepare_writing()?;
        Ok(store)
    }

    /// As [`Store::open`], but never makes one.
    ///
    /// # Errors
    /// Every [`StoreError`].
    pub fn open_existing(path: &Path) -> Result<Store, StoreError> {
        std::fs::metadata(path).map_err(|error| StoreError::explain_io(path, error))?;
        Store::open(path)
    }

    /// Opens an up-to-date database for reading.
    ///
    /// # Errors
    /// Every [`StoreError`]; an older database is [`StoreError::ReadOnly`], since it would have to be migrated.
    pub fn read_only(path: &Path) -> Result<Store, StoreError> {
        std::fs::metadata(path).map_err(|error| StoreError::explain_io(path, error))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let store = connect(path, flags, BUSY)?;
        match store.version(MIGRATIONS.len())? {
            version if version == MIGRATIONS.len() => Ok(store),
            _ => Err(StoreError::ReadOnly(path.to_owned())),
        }
    }

    /// Copies the database, as it stands, into a new file for its owner alone. All of it in one step: a copy in several
    /// would begin again with each write of another process.
    ///
    /// # Errors
    /// [`StoreError`] of either file; the new file must not be there yet.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        let made = private_options().create_new(true).open(to);
        made.map_err(|error| StoreError::explain_io(to, error))?;
        let copy = || -> rusqlite::Result<()> {
            let mut target = Connection::open(to)?;
            Backup::new(&self.connection, &mut target)?.step(-1).map(drop)
        };
        copy().map_err(|error| StoreError::explain(to, error))
    }

    /// Reads every page and index, and says what is wrong; nothing where all is well.
    ///
    /// # Errors
    /// [`StoreError`] where it cannot even be read.
    pub fn check(&self) -> Result<Vec<String>, StoreError> {
        let mut found = self.all("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    /// As [`Store::check`], without comparing indexes with their tables: several times faster.
    ///
    /// # Errors
    /// As [`Store::check`].
    pub fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let mut found = self.all("PRAGMA quick_check(5)", [], |row| row.get::<_, String>(0))?;
        found.retain(|line| line != "ok");
        Ok(found)
    }

    /// Runs the steps that the file lacks, all or none.
    fn migrate(&self, steps: &[&str]) -> Result<(), StoreError> {
        let version = self.version(steps.len())?;
        if version == steps.len() {
            return Ok(());
        }
        if version > 0 {
            self.backup(&self.backup_path(version))?;
        }
        self.run_steps(steps)
    }

    fn run_steps(&self, steps: &[&str]) -> Result<(), StoreError> {
        let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate);
        let transaction = begun.map_err(|error| self.explain(error))?;
        // Another process may have migrated while this one waited.
        let version = self.version(steps.len())?;
        let migrate = || -> rusqlite::Result<()> {
            for (place, step) in steps.iter().enumerate().skip(version) {
                transaction.execute_batch(step)?;
                transaction.pragma_update(None, "user_version", place as i64 + 1)?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.commit()
        };
        migrate().map_err(|error| self.explain(error))
    }

    /// The version of the file: 0 where it is empty.
    fn version(&self, known: usize) -> Result<usize, StoreError> {
        let pragma = |name| self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
        let read = || -> rusqlite::Result<(i64, i64, i64)> {
            let tables = self.connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
            Ok((pragma("user_version")?, pragma("application_id")?, tables))
        };
        let (found, application, tables) = read().map_err(|error| self.explain(error))?;
        let ours = application == i64::from(APPLICATION_ID) || application == 0 && found == 0 && tables == 0;
        match usize::try_from(found) {
            Ok(version) if ours && version <= known => Ok(version),
            Ok(_) if ours => Err(StoreError::Newer { path: self.path.clone(), found, known: known as i64 }),
            _ => Err(StoreError::NotADatabase(self.path.clone())),
        }
    }

    /// Beside the database, named by its version and the time: `optscale.db.v1-20260131T100000Z.backup`.
    fn backup_path(&self, version: usize) -> PathBuf {
        let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".v{version}-{time}.backup"));
        PathBuf::from(name)
    }

    /// Moves the write-ahead log into the database once it has grown beyond [`WAL_GROWN`]. Meant for a thread that
    /// nobody waits for: it syncs to the disk. Writers go on meanwhile, but for a moment when the log is far too long.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost then, the log stays.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let mut wal = self.path.clone().into_os_string();
        wal.push("-wal");
        let length = std::fs::metadata(wal).map_or(0, |file| file.len());
        if length < WAL_GROWN {
            return Ok(());
        }
        let run = |sql| self.connection.query_row(sql, [], |_| Ok(()));
        run("PRAGMA wal_checkpoint(PASSIVE)").map_err(|error| self.explain(error))?;
        if length < WAL_TOO_LONG {
            return Ok(());
        }
        // Under constant load a passive run never catches up. Most is done now, so that this one is short.
        // It waits for readers while writers wait for it: not for long.
        let cut = || -> rusqlite::Result<()> {
            self.connection.busy_timeout(Duration::from_millis(50))?;
            let cut = run("PRAGMA wal_checkpoint(TRUNCATE)");
            self.connection.busy_timeout(BUSY)?;
            cut
        };
        cut().map_err(|error| self.explain(error))
    }

    /// This connection commits and never syncs: whoever has it must see to it that [`Store::checkpoint`] is called.
    pub(super) fn leave_checkpoints_to_others(&self) {
        // Where it fails, the connection does more than it should, and nothing else is wrong.
        let _ = self.connection.pragma_update(None, "wal_autocheckpoint", 0);
    }

    /// Readers and the one writer do not wait for each other (WAL); a commit survives the end of the process, and
    /// a power cut takes at most the last ones (`synchronous=NORMAL`).
    fn prepare_writing(&self) -> Result<(), StoreError> {
        let prepare = || -> rusqlite::Result<()> {
            self.connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
            self.connection.pragma_update(None, "synchronous", "NORMAL")
        };
        prepare().map_err(|error| self.explain(error))
    }
}

/// A database of this program, of a version that it knows.
pub(super) fn connect_ours(path: &Path, flags: OpenFlags) -> Result<Store, StoreError> {
    let store = connect(path, flags, BUSY)?;
    store.version(MIGRATIONS.len())?;
    Ok(store)
}

fn connect(path: &Path, flags: OpenFlags, busy: Duration) -> Result<Store, StoreError> {
    let connect = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy)?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    let connection = connect().map_err(|error| StoreError::explain(path, error))?;
    Ok(Store::new(connection, path))
}

/// Makes the file for its owner alone, or takes others' rights away; SQLite gives its side files the same mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    match private_options().create_new(true).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => close_to_others(path),
        Err(error) => Err(error),
    }
}

fn private_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mut rights = std::fs::metadata(path)?.permissions();
    if rights.mode() & 0o077 == 0 {
        return Ok(());
    }
    rights.set_mode(rights.mode() & !0o077);
    std::fs::set_permissions(path, rights)
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::ffi;
    use std::fs;
    use tempfile::TempDir;

    /// A schema of three versions, for what the real list cannot show yet.
    const STEPS: &[&str] = &["CREATE TABLE a (x INTEGER) STRICT", "ALTER TABLE a ADD COLUMN y INTEGER", "SELECT wrong"];

    fn dir() -> (TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("optscale.db");
        (dir, path)
    }

    fn bare(path: &Path) -> Store {
        create_private(path).unwrap();
        connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, Duration::ZERO).unwrap()
    }

    fn backups(dir: &TempDir) -> Vec<PathBuf> {
        let files = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|ending| ending == "backup")).collect()
    }

    #[test]
    fn an_empty_place_gets_a_database_for_its_owner_alone() {
        let (dir, path) = dir();
        assert!(matches!(Store::open_existing(&path), Err(StoreError::Missing(_))));
        assert!(matches!(Store::read_only(&path), Err(StoreError::Missing(_))));
        let store = Store::open(&path).unwrap();
        assert_eq!(store.config_version().unwrap(), 1);
        assert_eq!(store.check().unwrap(), Vec::<String>::new());
        assert_eq!(store.quick_check().unwrap(), Vec::<String>::new());
        let mode: String = store.connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
        assert_eq!(mode, "wal");
        store.change::<_, StoreError>(|change| change.select_org(None)).unwrap();
        for file in fs::read_dir(dir.path()).unwrap().map(Result::unwrap) {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
            }
        }
        assert!(backups(&dir).is_empty());
        assert_eq!(Store::read_only(&path).unwrap().config_version().unwrap(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn a_database_that_others_can_read_is_closed_to_them() {
        use std::os::unix::fs::PermissionsExt;
        let (_dir, path) = dir();
        drop(Store::open(&path).unwrap());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        drop(Store::open(&path).unwrap());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_older_database_is_copied_and_brought_up_to_date() {
        let (dir, path) = dir();
        let store = bare(&path);
        store.migrate(&STEPS[..1]).unwrap();
        store.run("INSERT INTO a VALUES (7)", []).unwrap();
        store.migrate(&STEPS[..2]).unwrap();
        let read = |store: &Store| store.one("SELECT x FROM a", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!((read(&store), store.version(2).unwrap()), (Some(7), 2));
        let [copy] = backups(&dir).try_into().unwrap();
        let copy = bare(&copy);
        assert_eq!((read(&copy), copy.version(2).unwrap()), (Some(7), 1));
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_all_steps() {
        let (_dir, path) = dir();
        let store = bare(&path);
        store.migrate(&STEPS[..1]).unwrap();
        assert!(store.migrate(STEPS).is_err());
        assert_eq!(store.version(3).unwrap(), 1);
        assert!(store.run("INSERT INTO a (y) VALUES (1)", []).is_err());
    }

    #[test]
    fn a_database_of_version_one_opens() {
        let (_dir, path) = dir();
        bare(&path).migrate(&MIGRATIONS[..1]).unwrap();
        let store = Store::open(&path).unwrap();
        assert_eq!(store.version(MIGRATIONS.len()).unwrap(), MIGRATIONS.len());
        assert_eq!(store.orgs().unwrap(), Vec::new());
    }

    #[test]
    fn a_database_from_the_future_is_left_alone() {
        let (_dir, path) = dir();
        Store::open(&path).unwrap().connection.pragma_update(None, "user_version", 99).unwrap();
        let refused = Store::open(&path).unwrap_err();
        assert!(matches!(refused, StoreError::Newer { found: 99, known, .. } if known == MIGRATIONS.len() as i64));
        assert!(refused.to_string().contains("update optscale-ai"));
        assert!(matches!(Store::read_only(&path), Err(StoreError::Newer { .. })));
    }

    #[test]
    fn what_is_no_database_of_ours_is_left_alone() {
        let (_dir, path) = dir();
        fs::write(&path, "a text that is longer than the header of a database, ".repeat(40)).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::NotADatabase(_))));
        fs::remove_file(&path).unwrap();
        bare(&path).run("CREATE TABLE theirs (x)", []).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::NotADatabase(_))));
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::NotADatabase(_) | StoreError::Denied(_))));
    }

    #[test]
    fn a_damaged_database_is_said_to_be_damaged() {
        let (_dir, path) = dir();
        drop(Store::open(&path).unwrap());
        let mut bytes = fs::read(&path).unwrap();
        bytes[100..].fill(0x5a);
        fs::write(&path, bytes).unwrap();
        let refused = Store::open(&path).unwrap_err();
        assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused:?}");
    }

    #[test]
    fn a_locked_database_is_said_to_be_locked() {
        let (_dir, path) = dir();
        let holder = Store::open(&path).unwrap();
        holder.connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let other = bare(&path);
        let refused = other.change::<_, StoreError>(|change| change.select_org(None)).unwrap_err();
        assert!(matches!(refused, StoreError::Locked(_)) && refused.is_passing());
    }

    #[test]
    fn a_full_disk_is_said_to_be_full() {
        let (_dir, path) = dir();
        let store = Store::open(&path).unwrap();
        store.connection.pragma_update(None, "max_page_count", 1).unwrap();
        let fill = |change: &crate::store::Change<'_>| change.set_master_check(&vec![0; 1 << 20]);
        assert!(matches!(store.change::<_, StoreError>(fill), Err(StoreError::Full(_))));
        assert_eq!(store.config_version().unwrap(), 1);
    }

    #[test]
    fn a_database_opened_for_reading_is_not_written_to() {
        let (_dir, path) = dir();
        drop(Store::open(&path).unwrap());
        let store = Store::read_only(&path).unwrap();
        let refused = store.change::<_, StoreError>(|change| change.select_org(None)).unwrap_err();
        assert!(matches!(refused, StoreError::ReadOnly(_)));
    }

    #[test]
    fn errors_of_sqlite_have_their_own_words() {
        let explain =
            |code| StoreError::explain(Path::new("/x"), rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        assert!(matches!(explain(ffi::SQLITE_CANTOPEN), StoreError::Denied(_)));
        assert!(matches!(explain(ffi::SQLITE_READONLY), StoreError::ReadOnly(_)));
        assert!(matches!(explain(ffi::SQLITE_FULL), StoreError::Full(_)));
        assert!(matches!(explain(ffi::SQLITE_CONSTRAINT), StoreError::Sqlite { .. }));
    }

    #[test]
    fn a_backup_never_overwrites() {
        let (dir, path) = dir();
        let store = Store::open(&path).unwrap();
        let copy = dir.path().join("copy.db");
        store.backup(&copy).unwrap();
        assert!(store.backup(&copy).is_err());
        assert_eq!(Store::open_existing(&copy).unwrap().config_version().unwrap(), 1);
    }
}
