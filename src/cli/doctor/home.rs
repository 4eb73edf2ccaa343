//! Home, database, disk and master key: what everything else rests on.

use super::check::{Check, Report};
use crate::admin::{self, orgs};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::config::{self, Home, HomeError};
use crate::records::Org;
use crate::secrets::Sealer;
use crate::store::Store;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// Less than this, in KiB, and records soon cannot be written.
const LITTLE: u64 = 64 * 1024;
/// Less than this, in KiB, is worth a word.
const MODERATE: u64 = 1024 * 1024;

/// A home that can be read.
pub struct Known {
    /// The database.
    pub store: Store,
    /// The organisation that is looked at.
    pub org: Org,
    /// What belongs to the master key; none where that is missing.
    pub sealer: Option<Sealer>,
}

/// Looks at the home; what of it can be used.
///
/// # Errors
/// The platform names no home.
pub fn examine(session: &Session, elsewhere: bool, report: &mut Report) -> Outcome<Option<Known>> {
    let home = session.home()?;
    match home.check_readable() {
        // Who looks at another machine's gateway needs no home here.
        Err(error @ HomeError::Missing(_)) if elsewhere => {
            report.add(Check::skip("home", error.to_string().split("; ").next().unwrap_or_default()));
            return Ok(None);
        }
        Err(error) => {
            report.add(Check::fault("home", error));
            return Ok(None);
        }
        Ok(()) => report.add(directory(&home)),
    }
    let Some(store) = database(session, &home, report) else { return Ok(None) };
    report.add(disk(home.path()));
    let sealer = master_key(&home, &store, report);
    match orgs::resolve(&store, session.org_name().as_deref()) {
        Ok(org) => Ok(Some(Known { store, org, sealer })),
        Err(error) => {
            report.add(Check::fault("organization", error).remedy("see which there are: `optscale-ai org list`"));
            Ok(None)
        }
    }
}

fn directory(home: &Home) -> Check {
    let path = home.path().display();
    if is_open_to_others(home.path()) {
        return Check::warn("home", format!("{path} can be read by other users"))
            .remedy(format!("close it: `chmod 700 '{path}'`"));
    }
    match home.check_writable() {
        Ok(()) => Check::ok("home", path),
        Err(error) => Check::fault("home", error),
    }
}

fn database(session: &Session, home: &Home, report: &mut Report) -> Option<Store> {
    let file = home.database();
    let (path, is_open) = (file.display(), is_open_to_others(&file));
    let opened = session.store_for_reading(home).and_then(|store| Ok((store.quick_check()?, store)));
    let (store, check) = match opened {
        Err(error) => (None, Check::fault("database", error)),
        Ok((faults, store)) if faults.is_empty() && is_open => {
            let check = Check::warn("database", format!("{path} can be read by other users"));
            (Some(store), check.remedy(format!("close it: `chmod 600 '{path}'`")))
        }
        Ok((faults, store)) if faults.is_empty() => {
            let kib = fs::metadata(&file).map_or(0, |about| about.len() / 1024);
            (Some(store), Check::ok("database", format!("{path}, {}, passes the quick check", size(kib))))
        }
        Ok((faults, store)) => {
            let check = Check::fail("database", format!("{path} is damaged: {}", faults.join(", ")));
            (Some(store), check.remedy("stop the gateway and put the newest backup in its place"))
        }
    };
    report.add(check);
    store
}

fn master_key(home: &Home, store: &Store, report: &mut Report) -> Option<Sealer> {
    match admin::open_sealer(home, store) {
        Ok(sealer) => {
            let place = match config::variable(config::MASTER_KEY) {
                Some(_) => config::MASTER_KEY.to_owned(),
                None => home.master_key().display().to_string(),
            };
            report.add(Check::ok("master_key", format!("{place}, opens what this database keeps")));
            Some(sealer)
        }
        Err(error) => {
            report.add(Check::fault("master_key", error));
            None
        }
    }
}

fn disk(path: &Path) -> Check {
    let Some(kib) = free_kib(path) else { return Check::skip("disk", "the system does not say how much is free") };
    let detail = format!("{} free", size(kib));
    let remedy = format!("free some space; `df -h '{}'` shows the disk", path.display());
    match kib {
        ..LITTLE => Check::fail("disk", format!("{detail}: records soon cannot be written")).remedy(remedy),
        LITTLE..MODERATE => Check::warn("disk", detail).remedy(remedy),
        _ => Check::ok("disk", detail),
    }
}

/// What `df` says; the standard library does not know.
fn free_kib(path: &Path) -> Option<u64> {
    let df = Command::new("df").arg("-Pk").arg(path).stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    read_df(&String::from_utf8_lossy(&df.stdout))
}

/// The fourth column of the second line (POSIX, `df -P`).
fn read_df(text: &str) -> Option<u64> {
    text.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

fn size(kib: u64) -> String {
    match kib {
        ..1024 => format!("{kib} KiB"),
        1024..1_048_576 => format!("{} MiB", kib / 1024),
        _ => format!("{} GiB", kib / 1_048_576),
    }
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open_to_others(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn df_is_read() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 100 40 60 40% /\n";
        assert_eq!(read_df(text), Some(60));
        assert_eq!(read_df("df: no such file"), None);
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!((size(1).as_str(), size(2048).as_str(), size(3 << 20).as_str()), ("1 KiB", "2 MiB", "3 GiB"));
    }
}
