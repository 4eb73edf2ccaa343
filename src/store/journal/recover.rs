//! Folding in what a killed process left, and waiting for what a living one has not folded in yet.

use super::segment::Content;
use super::{SUFFIX, Stage, entry, folder, lock, open_lock};
use crate::records::{Status, TraceRecord};
use crate::store::{Store, StoreError, traces};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A living gateway folds in within some milliseconds; one that cannot is not waited for.
const PATIENCE: Duration = Duration::from_millis(250);
const LOOK_AGAIN: Duration = Duration::from_millis(1);

impl Store {
    /// Puts right what a killed process left: rows that stand in its journal only are folded in, and rows of calls that
    /// were under way become interrupted, with the error `gateway_stopped`. Says how many were interrupted. To be
    /// called when no gateway serves this home, before the first call.
    ///
    /// Files that are damaged are read as far as they are whole. One with a record that this version does not
    /// know is kept aside, as `NAME.unread`.
    ///
    /// # Errors
    /// [`StoreError`] of the database; the journal stays as it is then.
    pub fn recover(&self) -> Result<usize, StoreError> {
        let folder = folder(&self.path);
        if folder.is_dir() {
            // Without the lock, another process is doing just this, or the folder is not ours to write in.
            if let Ok(_lock) = lock(&folder) {
                self.fold_in(&folder)?;
            }
        }
        self.mark_interrupted()
    }

    /// Before traces are read: whatever was delivered until now is there. Rows that stand in the journal only are
    /// folded in where no gateway runs, and waited for, for a quarter of a second at most, where one does.
    ///
    /// Never fails: where nothing can be done, older rows are read.
    pub fn catch_up(&self) {
        let folder = folder(&self.path);
        let lagging = lagging(&folder);
        if lagging.is_empty() {
            return;
        }
        if is_abandoned(&folder) {
            let _ = Store::open_existing(&self.path).and_then(|store| store.recover());
            return;
        }
        let until = Instant::now() + PATIENCE;
        let behind =
            |(path, end): &(PathBuf, (u64, usize))| read(path).is_some_and(|b| Content::new(&b).place() < *end);
        while lagging.iter().any(behind) && Instant::now() < until {
            std::thread::sleep(LOOK_AGAIN);
        }
    }

    fn fold_in(&self, folder: &Path) -> Result<(), StoreError> {
        let mut found = Vec::new();
        let mut done = Vec::new();
        for path in files(folder) {
            let Some(bytes) = read(&path) else { continue };
            let mut all_known = true;
            for body in Content::new(&bytes) {
                match entry::decode(body) {
                    Some(row) => found.push(row),
                    None => all_known = false,
                }
            }
            done.push((path, all_known));
        }
        if !found.is_empty() {
            found.sort_by_key(|(stage, _)| *stage);
            let begun = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate);
            let transaction = begun.map_err(|error| self.explain(error))?;
            fold_rows(&transaction, &found).map_err(|error| self.explain(error))?;
            transaction.commit().map_err(|error| self.explain(error))?;
        }
        for (path, all_known) in done {
            // What cannot be taken away is folded in once more, which changes nothing.
            let _ = if all_known { fs::remove_file(&path) } else { fs::rename(&path, aside(&path)) };
        }
        Ok(())
    }
}

/// Writes each row unless a later stage of it is there.
fn fold_rows(connection: &Connection, rows: &[(Stage, TraceRecord)]) -> rusqlite::Result<()> {
    let mut writer = traces::Writer::new(connection)?;
    let mut find = connection.prepare_cached("SELECT status FROM traces WHERE id = ?1")?;
    for (stage, record) in rows {
        let there = find.query_row([record.id], |row| row.get::<_, Status>(0)).optional()?;
        let wanted = match (stage, there) {
            (Stage::Corrected, _) | (_, None) => true,
            (Stage::Finished, Some(status)) => status == Status::Running,
            (Stage::Running, Some(_)) => false,
        };
        if wanted {
            writer.write(record)?;
        }
    }
    Ok(())
}

/// Files with rows that the database may lack, and where these end.
fn lagging(folder: &Path) -> Vec<(PathBuf, (u64, usize))> {
    let end = |path: PathBuf| {
        let bytes = read(&path)?;
        let mut content = Content::new(&bytes);
        content.next()?;
        content.by_ref().for_each(drop);
        Some((path, content.place()))
    };
    files(folder).into_iter().filter_map(end).collect()
}

/// Whether there are rows that the database may lack.
pub(super) fn is_lagging(folder: &Path) -> bool {
    !lagging(folder).is_empty()
}

fn is_abandoned(folder: &Path) -> bool {
    open_lock(folder).is_ok_and(|file| file.try_lock().is_ok())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> =
        entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == SUFFIX)).collect();
    files.sort();
    files
}

/// A file as far as it can be read; a journal's file is never longer than its size.
fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(super::SIZE as u64).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn aside(path: &Path) -> PathBuf {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{time}.unread"));
    PathBuf::from(name)
}
