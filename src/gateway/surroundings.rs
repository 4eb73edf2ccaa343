//! What a snapshot is made of beside the database: the master key, and files that hold providers' keys. Both may change
//! under a running gateway.

use crate::config::{self, Home};
use crate::records::SecretSource;
use crate::secrets::{MasterKey, Sealer, SecretsError, Slot};
use crate::store::{self, Store, StoredSecret};
use std::path::PathBuf;
use std::time::SystemTime;

/// The master key that fits, and the files as they were when they were read.
pub(super) struct Surroundings {
    home: Home,
    sealer: Sealer,
    files: Vec<(PathBuf, Option<SystemTime>)>,
}

impl Surroundings {
    /// Of a database.
    ///
    /// # Errors
    /// No master key fits.
    pub fn of(home: &Home, store: &Store) -> Result<Surroundings, super::serve::ServeError> {
        let sealer = fitting(home, store.master_check()?.as_deref())?;
        Ok(Surroundings { home: home.clone(), sealer, files: Vec::new() })
    }

    /// What opens sealed texts.
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// Before a configuration is made ready: takes the new master key where it was changed, and looks which files it
    /// names. A key that cannot be had leaves the old one: then providers are faulty, and the log says so.
    pub fn take(&mut self, store: &Store, stored: &store::Snapshot) {
        if let Ok(Some(check)) = store.master_check()
            && self.sealer.open(Slot::Check, &check).is_err()
            && let Ok(sealer) = fitting(&self.home, Some(&check))
        {
            self.sealer = sealer;
        }
        let secrets = stored.providers.iter().flat_map(|provider| &provider.more_secrets);
        let files = secrets.filter_map(|secret| match secret {
            StoredSecret::Source(SecretSource::File(path)) => Some(path.clone()),
            _ => None,
        });
        self.files = files.map(|path| (path.clone(), changed(&path))).collect();
    }

    /// Whether a file is not the one that was read.
    pub fn moved(&self) -> bool {
        self.files.iter().any(|(path, then)| changed(path) != *then)
    }
}

fn fitting(home: &Home, check: Option<&[u8]>) -> Result<Sealer, SecretsError> {
    let variable = config::variable(config::MASTER_KEY);
    MasterKey::load_fitting(variable.as_deref(), &home.master_key(), check)
}

fn changed(path: &std::path::Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|file| file.modified()).ok()
}
