//! The lock that keeps a second gateway off one home, and tells others where the first one listens.
//!
//! The lock is the system's and ends with its process, however that ends; what the file says is believed only
//! while the lock is held.

use super::home::Home;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// A reader holds the lock for an instant to test it; a gateway that starts meanwhile tries again.
const TRIES: u32 = 10;
const PAUSE: Duration = Duration::from_millis(10);

/// The gateway that serves a home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Its process.
    pub pid: u32,
    /// The address that it listens on, `127.0.0.1:8642`.
    pub listen: String,
}

/// Why a home's lock cannot be had.
#[derive(Debug, Error)]
pub enum LockError {
    /// A gateway has it.
    #[error("a gateway already serves this home: pid {} at {}; stop it with `kill {}`, or serve another home with --home DIR", .0.pid, .0.listen, .0.pid)]
    Held(Serving),
    /// Somebody has it who does not say more.
    #[error("another process holds {}; a gateway may be starting or stopping, try again", .0.display())]
    HeldByUnknown(PathBuf),
    /// The system says something else.
    #[error("the lock {} cannot be taken: {source}", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The right to serve a home, until it is dropped.
#[derive(Debug)]
pub struct ServingLock {
    file: File,
    path: PathBuf,
}

impl Home {
    /// Takes the right to serve this home, and says where.
    ///
    /// # Errors
    /// [`LockError::Held`] where a gateway serves it already.
    pub fn lock_serving(&self, listen: &str) -> Result<ServingLock, LockError> {
        let path = self.lock_file();
        let file = open(&path, OpenOptions::new().create(true).truncate(false))
            .map_err(|source| LockError::Io { path: path.clone(), source })?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => {
                    let mut lock = ServingLock { file, path };
                    lock.announce(listen)?;
                    return Ok(lock);
                }
                Err(TryLockError::WouldBlock) => match read(&file) {
                    Some(serving) if self.serving().is_some() => return Err(LockError::Held(serving)),
                    _ => std::thread::sleep(PAUSE),
                },
                Err(TryLockError::Error(source)) => return Err(LockError::Io { path, source }),
            }
        }
        Err(LockError::HeldByUnknown(path))
    }

    /// The gateway that serves this home now, if one does.
    pub fn serving(&self) -> Option<Serving> {
        let file = open(&self.lock_file(), &mut OpenOptions::new()).ok()?;
        match file.try_lock_shared() {
            Ok(()) => None,
            Err(_) => read(&file),
        }
    }
}

impl ServingLock {
    /// Says where the gateway listens, for a port that the system chose.
    ///
    /// # Errors
    /// [`LockError::Io`] where the file cannot be written.
    pub fn announce(&mut self, listen: &str) -> Result<(), LockError> {
        let serving = Serving { pid: std::process::id(), listen: listen.to_owned() };
        self.write(&serving).map_err(|source| LockError::Io { path: self.path.clone(), source })
    }

    fn write(&mut self, serving: &Serving) -> io::Result<()> {
        let text = serde_json::to_vec(serving)?;
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(&text)
    }
}

impl Drop for ServingLock {
    fn drop(&mut self) {
        // The lock ends with the file; an empty file only spares a reader some wondering.
        let _ = self.file.set_len(0);
    }
}

fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.read(true).write(true).open(path)
}

fn read(mut file: &File) -> Option<Serving> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.read_to_string(&mut text).ok()?;
    serde_json::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_gateway_learns_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        assert_eq!(home.serving(), None);
        let mut lock = home.lock_serving("127.0.0.1:0").unwrap();
        lock.announce("127.0.0.1:8642").unwrap();
        let expected = Serving { pid: std::process::id(), listen: "127.0.0.1:8642".into() };
        assert_eq!(home.serving(), Some(expected.clone()));
        let refused = home.lock_serving("127.0.0.1:1").unwrap_err();
        assert!(matches!(&refused, LockError::Held(serving) if *serving == expected));
        assert!(refused.to_string().contains("127.0.0.1:8642"));
        drop(lock);
        assert_eq!(home.serving(), None);
        home.lock_serving("127.0.0.1:1").unwrap();
    }

    #[test]
    fn a_stale_file_is_not_believed() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path());
        std::fs::write(home.lock_file(), r#"{"pid":1,"listen":"127.0.0.1:8642"}"#).unwrap();
        assert_eq!(home.serving(), None);
        home.lock_serving("127.0.0.1:1").unwrap();
    }
}
