//! The master key: 32 bytes from the environment, from a file that only its owner can read, or from the system's
//! keyring. In the last case the file holds the name of the entry, so that later commands find it.

use super::keyring::{Keyring, KeyringError, SystemKeyring};
use super::{Sealer, SecretsError, Slot, random_id};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const LENGTH: usize = 32;
/// What a file begins with that holds the name of a keyring's entry and no key.
const POINTER: &str = "keyring:";

/// Where a master key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The environment variable.
    Environment,
    /// A file.
    File(PathBuf),
    /// An entry of the system's keyring, by name.
    Keyring(String),
}

/// Where a new master key is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPlace {
    /// In a file for its owner alone: works everywhere, also where nobody is logged in.
    #[default]
    File,
    /// In the system's keyring.
    Keyring,
}

/// The key from which all others are derived.
pub struct MasterKey {
    bytes: Zeroizing<[u8; LENGTH]>,
    source: KeySource,
}

impl MasterKey {
    /// The key from the environment variable's value, else from the file.
    ///
    /// # Errors
    /// [`SecretsError::Missing`] where neither is there, [`SecretsError::BadVariable`], and as [`MasterKey::read`].
    pub fn load(variable: Option<&str>, file: &Path) -> Result<MasterKey, SecretsError> {
        match variable {
            Some(text) => {
                let bytes = parse(text).ok_or(SecretsError::BadVariable)?;
                Ok(MasterKey { bytes, source: KeySource::Environment })
            }
            None => MasterKey::read(file),
        }
    }

    /// The key from a file, or from the keyring where the file says so.
    ///
    /// # Errors
    /// [`SecretsError::Missing`], [`SecretsError::Exposed`] where others can read it, [`SecretsError::Damaged`],
    /// [`SecretsError::File`], [`SecretsError::Keyring`].
    pub fn read(path: &Path) -> Result<MasterKey, SecretsError> {
        MasterKey::read_with(path, &SystemKeyring)
    }

    fn read_with(path: &Path, keyring: &dyn Keyring) -> Result<MasterKey, SecretsError> {
        let trouble = |source: io::Error| match source.kind() {
            ErrorKind::NotFound => SecretsError::Missing(path.to_owned()),
            _ => SecretsError::File { path: path.to_owned(), source },
        };
        let mut file = File::open(path).map_err(trouble)?;
        if exposed(&file).map_err(trouble)? {
            return Err(SecretsError::Exposed(path.to_owned()));
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).map_err(trouble)?;
        if let Some(name) = text.trim().strip_prefix(POINTER) {
            return MasterKey::fetch(name, path, keyring);
        }
        let bytes = parse(&text).ok_or_else(|| SecretsError::Damaged(path.to_owned()))?;
        Ok(MasterKey { bytes, source: KeySource::File(path.to_owned()) })
    }

    fn fetch(name: &str, path: &Path, keyring: &dyn Keyring) -> Result<MasterKey, SecretsError> {
        let trouble = |source| SecretsError::Keyring { path: path.to_owned(), source };
        let text = keyring.read(name).map_err(trouble)?;
        let no_key = || trouble(KeyringError::Refused(format!("its entry `{name}` holds no master key")));
        let bytes = parse(&text).ok_or_else(no_key)?;
        Ok(MasterKey { bytes, source: KeySource::Keyring(name.to_owned()) })
    }

    /// A new key, kept in a new file, or in the keyring with a new file that names the entry. A file that is there
    /// already is never touched.
    ///
    /// # Errors
    /// [`SecretsError::File`], also where the file is there; [`SecretsError::NoKeyring`], [`SecretsError::Randomness`].
    pub fn create(path: &Path, place: KeyPlace) -> Result<MasterKey, SecretsError> {
        MasterKey::create_with(path, place, &SystemKeyring)
    }

    fn create_with(path: &Path, place: KeyPlace, keyring: &dyn Keyring) -> Result<MasterKey, SecretsError> {
        let mut bytes = Zeroizing::new([0u8; LENGTH]);
        getrandom::fill(bytes.as_mut_slice())?;
        let text = Zeroizing::new(hex(bytes.as_slice()));
        let source = match place {
            KeyPlace::File => {
                write_new(path, &text)?;
                KeySource::File(path.to_owned())
            }
            KeyPlace::Keyring => {
                // A name of its own for each home: two of them on one machine have two keys.
                let name = random_id()?;
                keyring.write(&name, &text).map_err(SecretsError::NoKeyring)?;
                write_new(path, &format!("{POINTER}{name}"))?;
                KeySource::Keyring(name)
            }
        };
        Ok(MasterKey { bytes, source })
    }

    /// The sealer with the key that fits a database, told by its sealed check: the one that is there, or the one that
    /// was about to take its place when a change of keys was cut short; that change is then brought to its end.
    ///
    /// # Errors
    /// As [`MasterKey::load`]; [`SecretsError::Sealed`] where none fits.
    pub fn load_fitting(variable: Option<&str>, file: &Path, check: Option<&[u8]>) -> Result<Sealer, SecretsError> {
        let fits = |key: &MasterKey| check.is_none_or(|check| Sealer::new(key).open(Slot::Check, check).is_ok());
        // The change may end between two looks: then the second look finds the new key in its place.
        for _ in 0..2 {
            if let Some(key) = MasterKey::load(variable, file).ok().filter(fits) {
                return Ok(Sealer::new(&key));
            }
            if let Some(key) = MasterKey::read(&replacement_path(file)).ok().filter(fits) {
                if variable.is_none() {
                    MasterKey::take_place(file)?;
                }
                return Ok(Sealer::new(&key));
            }
        }
        let sealer = Sealer::new(&MasterKey::load(variable, file)?);
        check.map_or(Ok(()), |check| sealer.open(Slot::Check, check).map(drop))?;
        Ok(sealer)
    }

    /// A new key, kept beside the one in this file in the same way; [`MasterKey::take_place`] puts it there.
    ///
    /// # Errors
    /// As [`MasterKey::create`].
    pub fn replacement(path: &Path) -> Result<MasterKey, SecretsError> {
        let place = match MasterKey::read(path)?.source {
            KeySource::Keyring(_) => KeyPlace::Keyring,
            _ => KeyPlace::File,
        };
        let new = replacement_path(path);
        // One that fits would have taken its place when the old key was looked for.
        match std::fs::remove_file(&new) {
            Err(source) if source.kind() != ErrorKind::NotFound => Err(SecretsError::File { path: new, source }),
            _ => MasterKey::create(&new, place),
        }
    }

    /// Puts the key that [`MasterKey::replacement`] made in the place of the one in this file.
    ///
    /// # Errors
    /// [`SecretsError::File`].
    pub fn take_place(path: &Path) -> Result<(), SecretsError> {
        match std::fs::rename(replacement_path(path), path) {
            // Another process has done it.
            Err(source) if source.kind() == ErrorKind::NotFound && path.exists() => Ok(()),
            Err(source) => Err(SecretsError::File { path: path.to_owned(), source }),
            Ok(()) => Ok(()),
        }
    }

    /// The key that a variable's value spells.
    ///
    /// # Errors
    /// [`SecretsError::BadVariable`].
    pub fn from_variable(text: &str) -> Result<MasterKey, SecretsError> {
        let bytes = parse(text).ok_or(SecretsError::BadVariable)?;
        Ok(MasterKey { bytes, source: KeySource::Environment })
    }

    /// Where it comes from.
    pub fn source(&self) -> &KeySource {
        &self.source
    }

    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    #[cfg(test)]
    pub(super) fn fixed(byte: u8) -> MasterKey {
        MasterKey { bytes: Zeroizing::new([byte; LENGTH]), source: KeySource::Environment }
    }
}

/// Where a key stands that is about to take the place of another.
fn replacement_path(path: &Path) -> PathBuf {
    path.with_extension("key.new")
}

/// A new file for its owner alone.
fn write_new(path: &Path, text: &str) -> Result<(), SecretsError> {
    let trouble = |source| SecretsError::File { path: path.to_owned(), source };
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.write(true).create_new(true).open(path).map_err(trouble)?;
    let line = Zeroizing::new(format!("{text}\n"));
    // Without this key the database is worth little: it must outlive a power cut that the database outlives.
    file.write_all(line.as_bytes()).and_then(|()| file.sync_all()).map_err(trouble)
}

/// 32 bytes written as hexadecimal digits or base64, in either alphabet, with or without padding.
fn parse(text: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let text = text.trim();
    if text.len() == 2 * LENGTH {
        return unhex(text);
    }
    let bytes = [STANDARD, URL_SAFE, STANDARD_NO_PAD, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|engine| engine.decode(text).ok())
        .map(Zeroizing::new)?;
    <[u8; LENGTH]>::try_from(bytes.as_slice()).ok().map(Zeroizing::new)
}

fn unhex(text: &str) -> Option<Zeroizing<[u8; LENGTH]>> {
    let mut bytes = Zeroizing::new([0u8; LENGTH]);
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let digit = |c: u8| char::from(c).to_digit(16);
        *byte = u8::try_from(digit(pair[0])? << 4 | digit(pair[1])?).ok()?;
    }
    Some(bytes)
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from(b"0123456789abcdef"[usize::from(n & 15)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(*byte)]).collect()
}

#[cfg(unix)]
fn exposed(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn exposed(_: &File) -> io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::HashMap;

    #[test]
    fn a_file_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        assert!(matches!(MasterKey::load(None, &path), Err(SecretsError::Missing(_))));
        let made = MasterKey::create(&path, KeyPlace::File).unwrap();
        let read = MasterKey::load(None, &path).unwrap();
        assert_eq!(made.bytes(), read.bytes());
        assert_eq!(read.source(), &KeySource::File(path.clone()));
        assert!(matches!(MasterKey::create(&path, KeyPlace::File), Err(SecretsError::File { .. })));
        assert_eq!(MasterKey::read(&path).unwrap().bytes(), made.bytes());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        MasterKey::create(&path, KeyPlace::File).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = MasterKey::read(&path).err().unwrap();
        assert!(matches!(refused, SecretsError::Exposed(_)));
        assert!(refused.to_string().contains("chmod 600"));
    }

    #[test]
    fn the_variable_takes_hexadecimal_digits_and_base64() {
        let nowhere = Path::new("/nowhere");
        let hex = "0f".repeat(32);
        let base64 = STANDARD.encode([15u8; 32]);
        for text in [hex.as_str(), &hex.to_uppercase(), &base64, base64.trim_end_matches('='), &format!(" {base64}\n")]
        {
            assert_eq!(MasterKey::load(Some(text), nowhere).unwrap().bytes(), [15u8; 32], "{text}");
        }
        for text in ["", "0f", &"0g".repeat(32), &STANDARD.encode([15u8; 31])] {
            assert!(matches!(MasterKey::load(Some(text), nowhere), Err(SecretsError::BadVariable)), "{text}");
        }
    }

    #[test]
    fn a_damaged_file_is_said_to_be_damaged() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        MasterKey::create(&path, KeyPlace::File).unwrap();
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(MasterKey::read(&path), Err(SecretsError::Damaged(_))));
    }

    /// A keyring in memory.
    #[derive(Default)]
    struct Memory(RefCell<HashMap<String, String>>);

    impl Keyring for Memory {
        fn read(&self, name: &str) -> Result<Zeroizing<String>, KeyringError> {
            let found = self.0.borrow().get(name).cloned();
            found.map(Zeroizing::new).ok_or_else(|| KeyringError::NoEntry(name.to_owned()))
        }

        fn write(&self, name: &str, text: &str) -> Result<(), KeyringError> {
            self.0.borrow_mut().insert(name.to_owned(), text.to_owned());
            Ok(())
        }
    }

    /// A machine on which no keyring runs.
    struct Nobody;

    impl Keyring for Nobody {
        fn read(&self, _: &str) -> Result<Zeroizing<String>, KeyringError> {
            Err(KeyringError::Unreachable("no bus".to_owned()))
        }

        fn write(&self, _: &str, _: &str) -> Result<(), KeyringError> {
            Err(KeyringError::Unreachable("no bus".to_owned()))
        }
    }

    #[test]
    fn a_keyring_has_the_key_and_the_file_its_name() {
        let dir = tempfile::tempdir().unwrap();
        let (path, keyring) = (dir.path().join("master.key"), Memory::default());
        let made = MasterKey::create_with(&path, KeyPlace::Keyring, &keyring).unwrap();
        let read = MasterKey::read_with(&path, &keyring).unwrap();
        assert_eq!(read.bytes(), made.bytes());
        assert!(matches!(read.source(), KeySource::Keyring(_)) && read.source() == made.source());
        assert!(!std::fs::read_to_string(&path).unwrap().contains(&hex(made.bytes())), "the key is not in the file");
        let other = dir.path().join("other.key");
        MasterKey::create_with(&other, KeyPlace::Keyring, &keyring).unwrap();
        assert_eq!(MasterKey::read_with(&path, &keyring).unwrap().bytes(), made.bytes(), "each home has its own");
    }

    #[test]
    fn a_keyring_that_is_not_there_leaves_no_file_and_names_the_way_out() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let refused = MasterKey::create_with(&path, KeyPlace::Keyring, &Nobody).err().unwrap().to_string();
        assert!(refused.contains("no bus") && refused.contains("--master-key file"), "{refused}");
        assert!(!path.exists());
    }

    #[test]
    fn a_keyring_without_the_key_is_told_from_a_damaged_file() {
        let dir = tempfile::tempdir().unwrap();
        let (path, keyring) = (dir.path().join("master.key"), Memory::default());
        let made = MasterKey::create_with(&path, KeyPlace::Keyring, &keyring).unwrap();
        let fault = |keyring: &dyn Keyring| MasterKey::read_with(&path, keyring).err().unwrap().to_string();
        assert!(fault(&Memory::default()).contains("no entry"));
        assert!(fault(&Nobody).contains("OPTSCALE_AI_MASTER_KEY"));
        let KeySource::Keyring(name) = made.source() else { panic!("{:?}", made.source()) };
        keyring.write(name, "something else").unwrap();
        assert!(fault(&keyring).contains("holds no master key"));
    }
}
