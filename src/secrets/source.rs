//! Reading secrets where they are: in an environment variable, or in a file.

use super::SecretsError;
use crate::records::SecretSource;
use crate::types::Secret;
use std::fs::File;
use std::io::Read;
use zeroize::Zeroizing;

/// A key is a line; whatever is longer is something else.
const LONGEST: u64 = 64 * 1024;

/// Reads a secret, without the white space around it.
///
/// # Errors
/// [`SecretsError::Source`] where it cannot be read or is empty.
pub fn read_source(source: &SecretSource) -> Result<Secret, SecretsError> {
    let trouble = |reason: String| SecretsError::Source { place: source.to_string(), reason };
    let mut text = Zeroizing::new(String::new());
    match source {
        SecretSource::Env(name) => {
            *text = std::env::var(name).map_err(|_| trouble("it is not set for this program".to_owned()))?;
        }
        SecretSource::File(path) => {
            let read = File::open(path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
            read.map_err(|error| trouble(error.to_string()))?;
        }
    }
    match text.trim() {
        "" => Err(trouble("it is empty".to_owned())),
        text => Ok(Secret::new(text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_without_its_line_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let source = SecretSource::File(path.clone());
        assert!(read_source(&source).unwrap_err().to_string().contains("key"));
        std::fs::write(&path, " \n").unwrap();
        assert!(read_source(&source).unwrap_err().to_string().contains("it is empty"));
        std::fs::write(&path, "sk-1\n").unwrap();
        assert_eq!(read_source(&source).unwrap().reveal(), "sk-1");
        std::fs::write(&path, "sk-2\n").unwrap();
        assert_eq!(read_source(&source).unwrap().reveal(), "sk-2", "read at each use");
        let unset = SecretSource::Env("OPTSCALE_AI_TEST_NOT_SET".to_owned());
        assert!(read_source(&unset).unwrap_err().to_string().contains("OPTSCALE_AI_TEST_NOT_SET"));
    }
}
