//! What can be wrong with the database file, each with what to do about it.

use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why the database cannot be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// There is none.
    #[error("there is no database {}; make it with `optscale-ai init`", .0.display())]
    Missing(PathBuf),
    /// A newer program wrote it.
    #[error("the database {} has version {found}, this program knows versions up to {known}; update optscale-ai, or name another home with --home DIR", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest version that this program knows.
        known: i64,
    },
    /// The file is no database.
    #[error("{} is not a database of optscale-ai; move it away and run `optscale-ai init`, or name another home with --home DIR", .0.display())]
    NotADatabase(PathBuf),
    /// The file is damaged.
    #[error("the database {} is damaged ({detail}); stop the gateway, then copy the newest backup over it: `ls -t '{}'*`", path.display(), path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        detail: String,
    },
    /// Another process keeps it.
    #[error("the database {} is locked by another process, and stayed so for seconds; see who has it with `fuser -v '{}'`", .0.display(), .0.display())]
    Locked(PathBuf),
    /// There is no room.
    #[error("the disk that holds {} is full; free some space (`df -h '{}'` shows how much is left)", .0.display(), .0.display())]
    Full(PathBuf),
    /// It cannot be written.
    #[error("the database {} cannot be written to; allow it with `chmod u+rw '{}'`, or name another home with --home DIR", .0.display(), .0.display())]
    ReadOnly(PathBuf),
    /// It cannot be opened.
    #[error("the database {} cannot be opened by this user; see who owns it with `ls -l '{}'`", .0.display(), .0.display())]
    Denied(PathBuf),
    /// The system says something else.
    #[error("the database {} cannot be used: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// SQLite says something else.
    #[error("the database {} failed: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
}

impl StoreError {
    /// What SQLite's error means for this file.
    pub(super) fn explain(path: &Path, source: rusqlite::Error) -> StoreError {
        let path = path.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Locked(path),
            Some(ErrorCode::DiskFull) => StoreError::Full(path),
            Some(ErrorCode::ReadOnly) => StoreError::ReadOnly(path),
            Some(ErrorCode::NotADatabase) => StoreError::NotADatabase(path),
            Some(ErrorCode::DatabaseCorrupt) => StoreError::Corrupt { path, detail: source.to_string() },
            Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => StoreError::Denied(path),
            _ => StoreError::Sqlite { path, source },
        }
    }

    /// What the system's error means for this file.
    pub(super) fn explain_io(path: &Path, source: io::Error) -> StoreError {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::NotFound => StoreError::Missing(path),
            io::ErrorKind::PermissionDenied => StoreError::Denied(path),
            io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full(path),
            io::ErrorKind::IsADirectory => StoreError::NotADatabase(path),
            _ => StoreError::Io { path, source },
        }
    }

    /// Whether a later attempt may go well without anybody changing the file.
    pub fn is_passing(&self) -> bool {
        matches!(self, StoreError::Locked(_) | StoreError::Full(_))
    }
}
