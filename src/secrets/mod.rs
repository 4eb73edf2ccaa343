//! The master key, sealing and opening, and the text of virtual keys.
//!
//! It knows no table and no command: what is sealed is a text for a [`Slot`], what comes out is bytes.

mod keyring;
mod master;
mod seal;
mod source;
mod virtual_key;

pub use keyring::KeyringError;
pub use master::{KeyPlace, KeySource, MasterKey};
pub use seal::{Sealer, Slot};
pub use source::read_source;
pub use virtual_key::{KeyHash, KeyTextError, VirtualKey};

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// What can go wrong with keys and sealed texts.
#[derive(Debug, Error)]
pub enum SecretsError {
    /// There is no master key.
    #[error(
        "there is no master key: OPTSCALE_AI_MASTER_KEY is not set and {} is missing; put the file back from a backup, or make a new home with `optscale-ai init`",
        .0.display()
    )]
    Missing(PathBuf),
    /// The environment variable holds no key.
    #[error(
        "OPTSCALE_AI_MASTER_KEY is no master key: it must be 32 bytes as base64 or as 64 hexadecimal digits; `openssl rand -base64 32` makes one"
    )]
    BadVariable,
    /// The file holds no key.
    #[error("{} holds no master key: 64 hexadecimal digits are expected; put the file back from a backup", .0.display())]
    Damaged(PathBuf),
    /// Others may read the file.
    #[error("the master key {} can be read by others; close it with `chmod 600 '{}'`", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// The file cannot be read or made.
    #[error("the master key {} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The keyring cannot keep a new key.
    #[error(
        "the system's keyring cannot keep the master key: {0}; keep it in a file with `optscale-ai init --master-key file`"
    )]
    NoKeyring(#[source] KeyringError),
    /// The keyring does not give the key.
    #[error(
        "the master key is in the system's keyring, as {} says, and cannot be had: {source}; run this where you are logged in and the keyring is unlocked, or set OPTSCALE_AI_MASTER_KEY",
        path.display()
    )]
    Keyring {
        /// The file that names the entry.
        path: PathBuf,
        /// What is wrong.
        source: KeyringError,
    },
    /// The sealed text does not open.
    #[error(
        "{0} cannot be opened: the master key is not the one that sealed it, or the database was changed by hand; set the master key that belongs to this database, or store the secret anew"
    )]
    Sealed(&'static str),
    /// The sealed text comes from a newer program.
    #[error("{0} was sealed by a newer version of optscale-ai; update this one")]
    Newer(&'static str),
    /// A place that holds a secret does not give it.
    #[error("{place} gives no key: {reason}")]
    Source {
        /// The place, in words.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("the system gives no random numbers: {0}")]
    Randomness(#[from] getrandom::Error),
}

/// A random identifier in the form of a UUID, version 4 (RFC 9562).
///
/// # Errors
/// [`SecretsError::Randomness`].
pub fn random_id() -> Result<String, SecretsError> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = master::hex(&bytes);
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}
