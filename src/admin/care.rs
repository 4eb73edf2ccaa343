//! Care for the database: copied while it serves, put back, looked over, pruned.

use super::{AdminError, init};
use crate::config::Home;
use crate::secrets::{Sealer, Slot};
use crate::store::{SealedText, Store, StoreError};
use crate::types::Time;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// Rows that go in one step: short enough that no call waits for it.
const STEP: u64 = 500;

/// One thing that was looked at, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// Whether all is well.
    pub ok: bool,
    /// What is wrong; empty where nothing is.
    pub faults: Vec<String>,
}

/// What was put back, and where what was there is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The folder with what was there before; none where nothing was.
    pub aside: Option<PathBuf>,
}

/// Copies the database as it stands, also while a gateway serves. The master key is not in the copy.
///
/// # Errors
/// [`AdminError::Store`]; the file must not be there yet.
pub fn backup(store: &Store, to: &Path) -> Result<(), AdminError> {
    store.catch_up();
    Ok(store.backup(to)?)
}

/// Puts a backup in the place of the database. What was there is kept in a folder beside it.
///
/// # Errors
/// [`AdminError::Lock`] while a gateway serves; [`AdminError::Refused`] where the backup is damaged;
/// [`AdminError::Secrets`] where it belongs to another master key.
pub fn restore(home: &Home, from: &Path) -> Result<Restored, AdminError> {
    home.create()?;
    let _lock = home.lock_serving("restoring a backup")?;
    let database = home.database();
    let new = database.with_file_name("optscale.db.restoring");
    copy_private(from, &new).map_err(|error| file_trouble(from, &error))?;
    let checked = check_backup(home, &new);
    if checked.is_err() {
        let _ = fs::remove_file(&new);
        checked?;
    }
    // What a killed gateway left goes with the database that it belongs to.
    if let Ok(old) = Store::open_existing(&database) {
        let _ = old.recover();
    }
    let time = Time::now().to_string().replace([':', '-'], "");
    let aside = database.with_file_name(format!("before-restore-{time}"));
    Store::put_in_place(&new, &database, &aside).map_err(|error| file_trouble(&database, &error))?;
    let store = Store::open_existing(&database)?;
    store.set_actor(&init::login_name());
    store.change::<_, StoreError>(|change| change.note_restored(Time::now()))?;
    let kept = fs::read_dir(&aside).is_ok_and(|mut entries| entries.next().is_some());
    if !kept {
        let _ = fs::remove_dir(&aside);
    }
    Ok(Restored { aside: kept.then_some(aside) })
}

fn check_backup(home: &Home, path: &Path) -> Result<(), AdminError> {
    let store = Store::inspect(path)?;
    let faults = store.quick_check()?;
    if let Some(first) = faults.first() {
        return Err(AdminError::Refused(format!("the backup is damaged: {first}; take an older one")));
    }
    init::open_sealer(home, &store).map(drop)
}

/// Looks over everything: pages and indexes, rows that refer to others, sealed texts, the record of changes.
///
/// # Errors
/// [`AdminError::Store`] where it cannot even be read.
pub fn check(store: &Store, sealer: &Sealer) -> Result<Vec<Finding>, AdminError> {
    let audit = store.verify_audit(None)?.faults;
    Ok(vec![
        finding("pages and indexes", store.check()?),
        finding("references", store.dangling()?),
        finding("sealed secrets", unopened(store, sealer)?),
        finding("record of changes", audit.iter().map(|fault| format!("{fault:?}")).collect()),
    ])
}

fn finding(check: &'static str, faults: Vec<String>) -> Finding {
    Finding { check, ok: faults.is_empty(), faults }
}

fn unopened(store: &Store, sealer: &Sealer) -> Result<Vec<String>, AdminError> {
    let mut faults = Vec::new();
    for text in store.sealed_texts()? {
        if let Err(error) = sealer.open(slot(&text), bytes(&text)) {
            faults.push(error.to_string());
        }
    }
    Ok(faults)
}

/// What a sealed text is for.
pub(super) fn slot(text: &SealedText) -> Slot<'_> {
    match text {
        SealedText::Provider(id, _) | SealedText::ProviderMore(id, ..) => Slot::ProviderSecret(*id),
        SealedText::Header(id, name, _) => Slot::ProviderHeader(*id, name),
        SealedText::Key(id, _) => Slot::VirtualKey(*id),
    }
}

/// Its bytes.
pub(super) fn bytes(text: &SealedText) -> &[u8] {
    match text {
        SealedText::Provider(_, bytes)
        | SealedText::ProviderMore(_, _, bytes)
        | SealedText::Header(_, _, bytes)
        | SealedText::Key(_, bytes) => bytes,
    }
}

/// Deletes traces and kept answers from before a point in time, in steps that hold no call up, and says after each how
/// many went so far.
///
/// # Errors
/// [`AdminError::Store`]; what went is gone.
pub fn prune(store: &Store, before: Time, progress: &mut dyn FnMut(u64)) -> Result<u64, AdminError> {
    let mut gone = 0;
    for delete in [Store::prune_traces, Store::prune_answers] {
        loop {
            let count = delete(store, before, STEP)? as u64;
            gone += count;
            progress(gone);
            if count < STEP {
                break;
            }
        }
    }
    Ok(gone)
}

fn copy_private(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut target = options.open(to)?;
    std::io::copy(&mut fs::File::open(from)?, &mut target)?;
    target.sync_all()
}

fn file_trouble(path: &Path, error: &std::io::Error) -> AdminError {
    AdminError::Refused(format!("{}: {error}; nothing was changed", path.display()))
}
