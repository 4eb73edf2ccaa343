//! The keyring of the operating system: Secret Service on Linux and BSD, the keychain on macOS, the credential
//! manager on Windows. It keeps a text under a name, and knows nothing of keys.
//!
//! It is in builds with the feature `keyring` alone; the others say so when they are asked for it.

use thiserror::Error;
use zeroize::Zeroizing;

/// Under which all entries of this program stand.
#[cfg(feature = "keyring")]
const SERVICE: &str = "optscale-ai";

/// Why a keyring does not serve.
#[derive(Debug, Error)]
pub enum KeyringError {
    /// This build cannot reach one.
    #[error("this build of optscale-ai has none; build it with `cargo build --release --features keyring`")]
    NotBuilt,
    /// The system has none that runs, or it stays locked.
    #[error("none answers here ({0}); on a machine without a desktop there usually is none")]
    Unreachable(String),
    /// It has no such entry.
    #[error("it has no entry `{0}`")]
    NoEntry(String),
    /// It refuses.
    #[error("it refuses: {0}")]
    Refused(String),
}

/// A place that keeps texts by name.
pub trait Keyring {
    /// The text of a name.
    ///
    /// # Errors
    /// [`KeyringError`].
    fn read(&self, name: &str) -> Result<Zeroizing<String>, KeyringError>;

    /// Keeps a text under a name, in place of what was there.
    ///
    /// # Errors
    /// [`KeyringError`].
    fn write(&self, name: &str, text: &str) -> Result<(), KeyringError>;
}

/// The keyring of this system and this user. It is asked for when it is used, and not before.
pub struct SystemKeyring;

#[cfg(not(feature = "keyring"))]
impl Keyring for SystemKeyring {
    fn read(&self, _: &str) -> Result<Zeroizing<String>, KeyringError> {
        Err(KeyringError::NotBuilt)
    }

    fn write(&self, _: &str, _: &str) -> Result<(), KeyringError> {
        Err(KeyringError::NotBuilt)
    }
}

#[cfg(feature = "keyring")]
impl Keyring for SystemKeyring {
    fn read(&self, name: &str) -> Result<Zeroizing<String>, KeyringError> {
        let text = entry(name)?.get_password().map_err(|error| explain(error, name))?;
        Ok(Zeroizing::new(text))
    }

    fn write(&self, name: &str, text: &str) -> Result<(), KeyringError> {
        entry(name)?.set_password(text).map_err(|error| explain(error, name))
    }
}

#[cfg(feature = "keyring")]
fn entry(name: &str) -> Result<keyring_core::Entry, KeyringError> {
    #[cfg(target_os = "macos")]
    use apple_native_keyring_store::keychain::Store;
    #[cfg(windows)]
    use windows_native_keyring_store::Store;
    #[cfg(all(unix, not(target_os = "macos")))]
    use zbus_secret_service_keyring_store::Store;
    let store: std::sync::Arc<keyring_core::CredentialStore> = Store::new().map_err(|error| explain(error, name))?;
    keyring_core::Entry::new_in_store(&store, SERVICE, name).map_err(|error| explain(error, name))
}

#[cfg(feature = "keyring")]
fn explain(error: keyring_core::Error, name: &str) -> KeyringError {
    match error {
        keyring_core::Error::NoEntry => KeyringError::NoEntry(name.to_owned()),
        keyring_core::Error::NoStorageAccess(reason) | keyring_core::Error::PlatformFailure(reason) => {
            KeyringError::Unreachable(reason.to_string())
        }
        other => KeyringError::Refused(other.to_string()),
    }
}
