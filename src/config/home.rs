//! The home directory: found, made, checked.

use super::environment::{HOME, variable};
use directories::ProjectDirs;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The directory that holds everything: database, master key, lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// Why a home cannot be used.
#[derive(Debug, Error)]
pub enum HomeError {
    /// The platform names no data directory.
    #[error("no home directory is known for this user; name one with --home DIR or {HOME}")]
    Nowhere,
    /// It is not there yet.
    #[error("there is no home directory {}; make it with `optscale-ai init`, or with `optscale-ai up`", .0.display())]
    Missing(PathBuf),
    /// Something else is in its place.
    #[error("{} is not a directory; name another home with --home DIR or {HOME}", .0.display())]
    NotADirectory(PathBuf),
    /// It cannot be read.
    #[error("the home directory {} may not be read by this user; make it yours with `sudo chown -R $USER '{}'`, or name another with --home DIR", .0.display(), .0.display())]
    Unreadable(PathBuf),
    /// Nothing can be written there.
    #[error("the home directory {} cannot be written to; allow it with `chmod u+rwx '{}'`, or name another with --home DIR", .0.display(), .0.display())]
    ReadOnly(PathBuf),
    /// The system says something else.
    #[error("the home directory {} cannot be used: {source}", path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Home {
    /// The home that was named (`--home`), else the one that the environment names, else the platform's data directory.
    ///
    /// # Errors
    /// [`HomeError::Nowhere`] where nothing names one.
    pub fn locate(named: Option<&Path>) -> Result<Home, HomeError> {
        let named = named.map(Path::to_owned).or_else(|| variable(HOME).map(PathBuf::from));
        let platform = || ProjectDirs::from("", "", "optscale-ai").map(|dirs| dirs.data_dir().to_owned());
        named.or_else(platform).map(Home::at).ok_or(HomeError::Nowhere)
    }

    /// The home in this directory. Relative paths count from the current directory.
    pub fn at(root: impl Into<PathBuf>) -> Home {
        let root = root.into();
        Home { root: std::path::absolute(&root).unwrap_or(root) }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.root.join("optscale.db")
    }

    /// The master key file.
    pub fn master_key(&self) -> PathBuf {
        self.root.join("master.key")
    }

    /// A list of models and prices that is newer than the program's own, where one was loaded.
    pub fn catalogue(&self) -> PathBuf {
        self.root.join("catalogue.tsv")
    }

    /// The lock of the gateway that serves this home.
    pub fn lock_file(&self) -> PathBuf {
        self.root.join("gateway.lock")
    }

    /// Makes the directory, for its owner alone, where it is missing, and checks that it can be written to.
    ///
    /// # Errors
    /// As [`Home::check_writable`].
    pub fn create(&self) -> Result<(), HomeError> {
        if !self.root.exists() {
            make_private_dir(&self.root).map_err(|source| self.explain(source))?;
        }
        self.check_writable()
    }

    /// Checks that the directory is there and can be read.
    ///
    /// # Errors
    /// [`HomeError::Missing`], [`HomeError::NotADirectory`], [`HomeError::Unreadable`].
    pub fn check_readable(&self) -> Result<(), HomeError> {
        let about = fs::metadata(&self.root).map_err(|source| self.explain(source))?;
        if !about.is_dir() {
            return Err(HomeError::NotADirectory(self.root.clone()));
        }
        fs::read_dir(&self.root).map(drop).map_err(|source| self.explain(source))
    }

    /// Checks that the directory can be read and written to, by making a file there and taking it away.
    ///
    /// # Errors
    /// As [`Home::check_readable`], and [`HomeError::ReadOnly`].
    pub fn check_writable(&self) -> Result<(), HomeError> {
        self.check_readable()?;
        let probe = self.root.join(format!(".probe-{}", std::process::id()));
        let made = OpenOptions::new().write(true).create(true).truncate(true).open(&probe);
        match made {
            Ok(_) => fs::remove_file(&probe).map_err(|source| self.explain(source)),
            Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(HomeError::ReadOnly(self.root.clone())),
            Err(error) => Err(self.explain(error)),
        }
    }

    fn explain(&self, source: io::Error) -> HomeError {
        let path = self.root.clone();
        match source.kind() {
            ErrorKind::NotFound => HomeError::Missing(path),
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => HomeError::NotADirectory(path),
            ErrorKind::PermissionDenied => HomeError::Unreadable(path),
            ErrorKind::ReadOnlyFilesystem => HomeError::ReadOnly(path),
            _ => HomeError::Io { path, source },
        }
    }
}

#[cfg(unix)]
fn make_private_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_private_dir(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_home_is_for_its_owner_alone() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path().join("a/b"));
        assert!(matches!(home.check_readable(), Err(HomeError::Missing(_))));
        home.create().unwrap();
        home.create().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(home.path()).unwrap().permissions().mode() & 0o777, 0o700);
        }
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_no_home() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let home = Home::at(file.path());
        assert!(matches!(home.create(), Err(HomeError::NotADirectory(_))));
        let below = Home::at(file.path().join("below"));
        assert!(matches!(below.create(), Err(HomeError::NotADirectory(_))));
    }

    #[test]
    fn the_home_that_is_named_goes_first() {
        let home = Home::locate(Some(Path::new("/named"))).unwrap();
        assert_eq!(home.database(), Path::new("/named/optscale.db"));
    }
}
