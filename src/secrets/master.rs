//! The master key: 32 bytes from the environment or from a file that only its owner can read.

use super::SecretsError;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

const LENGTH: usize = 32;

/// Where a master key comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The environment variable.
    Environment,
    /// A file.
    File(PathBuf),
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

    /// The key from a file.
    ///
    /// # Errors
    /// [`SecretsError::Missing`], [`SecretsError::Exposed`] where others can read it, [`SecretsError::Damaged`],
    /// [`SecretsError::File`].
    pub fn read(path: &Path) -> Result<MasterKey, SecretsError> {
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
        let bytes = parse(&text).ok_or_else(|| SecretsError::Damaged(path.to_owned()))?;
        Ok(MasterKey { bytes, source: KeySource::File(path.to_owned()) })
    }

    /// A new key, kept in a new file. A file that is there already is never touched.
    ///
    /// # Errors
    /// [`SecretsError::File`], also where the file is there; [`SecretsError::Randomness`].
    pub fn create(path: &Path) -> Result<MasterKey, SecretsError> {
        let mut bytes = Zeroizing::new([0u8; LENGTH]);
        getrandom::fill(bytes.as_mut_slice())?;
        let text = Zeroizing::new(format!("{}\n", hex(bytes.as_slice())));
        let trouble = |source| SecretsError::File { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.write(true).create_new(true).open(path).map_err(trouble)?;
        // Without this key the database is worth little: it must outlive a power cut that the database outlives.
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(trouble)?;
        Ok(MasterKey { bytes, source: KeySource::File(path.to_owned()) })
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

    #[test]
    fn a_file_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        assert!(matches!(MasterKey::load(None, &path), Err(SecretsError::Missing(_))));
        let made = MasterKey::create(&path).unwrap();
        let read = MasterKey::load(None, &path).unwrap();
        assert_eq!(made.bytes(), read.bytes());
        assert_eq!(read.source(), &KeySource::File(path.clone()));
        assert!(matches!(MasterKey::create(&path), Err(SecretsError::File { .. })));
        assert_eq!(MasterKey::read(&path).unwrap().bytes(), made.bytes());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused_with_the_command_that_mends_it() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        MasterKey::create(&path).unwrap();
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
        MasterKey::create(&path).unwrap();
        std::fs::write(&path, "short").unwrap();
        assert!(matches!(MasterKey::read(&path), Err(SecretsError::Damaged(_))));
    }
}
