//! The text of a virtual key: `sk-osai-`, 33 random characters, 6 characters of check sum.
//!
//! 33 characters of 62 hold 196 bits. The check sum is the CRC-32 of all that stands before it, so that a typing
//! error is told from a key that nobody knows, and a scanner finds keys without false alarms.

use super::SecretsError;
use crate::types::Secret;
use sha2::{Digest, Sha256};
use std::hash::{Hash, Hasher};
use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::Zeroizing;

const PREFIX: &str = "sk-osai-";
const RANDOM: usize = 33;
const CHECK: usize = 6;
const LENGTH: usize = PREFIX.len() + RANDOM + CHECK;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Random bytes from here on are thrown away, so that all characters are equally likely (248 = 4 x 62).
const FAIR: u8 = 248;
/// Keeps hashes of keys apart from every other use of SHA-256.
const DOMAIN: &[u8] = b"optscale-ai virtual key v1\0";

/// The text of a virtual key, checked.
#[derive(Clone, Debug)]
pub struct VirtualKey(Secret);

/// Why a text is no virtual key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyTextError {
    /// It begins otherwise: a provider's key, perhaps.
    #[error("a virtual key begins with `sk-osai-`; this is another kind of key")]
    WrongPrefix,
    /// Characters are missing or too many.
    #[error("a virtual key has {LENGTH} characters, this one has {0}; it was not copied whole")]
    WrongLength(usize),
    /// A character is not a letter or digit.
    #[error("a virtual key has only letters and digits after `sk-osai-`")]
    WrongCharacter,
    /// The check sum is wrong.
    #[error("this virtual key has a typing error: its check sum is wrong")]
    WrongCheck,
}

/// What the store keeps of a virtual key: SHA-256 of its text. Compared in constant time.
#[derive(Clone, Copy)]
pub struct KeyHash(pub [u8; 32]);

impl VirtualKey {
    /// A new key from the system's random numbers.
    ///
    /// # Errors
    /// [`SecretsError::Randomness`].
    pub fn generate() -> Result<VirtualKey, SecretsError> {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH));
        text.push_str(PREFIX);
        let mut bytes = Zeroizing::new([0u8; 64]);
        while text.len() < PREFIX.len() + RANDOM {
            getrandom::fill(bytes.as_mut_slice())?;
            let missing = PREFIX.len() + RANDOM - text.len();
            let fair = bytes.iter().filter(|byte| **byte < FAIR).take(missing);
            text.extend(fair.map(|byte| char::from(ALPHABET[usize::from(byte % 62)])));
        }
        let check = check(&text);
        text.push_str(&check);
        Ok(VirtualKey(Secret::new(text.as_str())))
    }

    /// Reads the text of a key.
    ///
    /// # Errors
    /// What is wrong with it, in the order of [`KeyTextError`].
    pub fn parse(text: &str) -> Result<VirtualKey, KeyTextError> {
        let rest = text.strip_prefix(PREFIX).ok_or(KeyTextError::WrongPrefix)?;
        if text.len() != LENGTH {
            return Err(KeyTextError::WrongLength(text.chars().count()));
        }
        if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(KeyTextError::WrongCharacter);
        }
        let (body, given) = text.split_at(LENGTH - CHECK);
        if check(body) != given {
            return Err(KeyTextError::WrongCheck);
        }
        Ok(VirtualKey(Secret::new(text)))
    }

    /// The text, as the caller sends it.
    pub fn secret(&self) -> &Secret {
        &self.0
    }

    /// Its last four characters, for lists.
    pub fn last_four(&self) -> String {
        self.0.last_four()
    }

    /// What the store keeps of it.
    pub fn hash(&self) -> KeyHash {
        KeyHash(Sha256::new().chain_update(DOMAIN).chain_update(self.0.reveal()).finalize().into())
    }
}

impl PartialEq for KeyHash {
    fn eq(&self, other: &KeyHash) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for KeyHash {}

impl Hash for KeyHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl std::fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key hash]")
    }
}

/// The check characters of a text: its CRC-32 in base 62, highest digit first.
fn check(text: &str) -> String {
    let crc = crc32(text.as_bytes());
    let digit = |place: u32| char::from(ALPHABET[(crc / 62u32.pow(place) % 62) as usize]);
    (0..CHECK as u32).rev().map(digit).collect()
}

/// CRC-32 as in IEEE 802.3, bit by bit: forty bytes need no table.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0u32, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn crc_is_the_standard_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }

    #[test]
    fn a_new_key_reads_back_and_hides() {
        let key = VirtualKey::generate().unwrap();
        let text = key.secret().reveal();
        assert_eq!(text.len(), LENGTH);
        assert!(VirtualKey::parse(text).unwrap().hash() == key.hash());
        assert_eq!(key.last_four(), text[LENGTH - 4..]);
        let shown = format!("{key:?}{:?}", key.hash());
        assert!(!shown.contains(&text[PREFIX.len()..]), "{shown}");
        assert!(VirtualKey::generate().unwrap().hash() != key.hash());
    }

    #[test]
    fn says_what_is_wrong() {
        let fault = |text: &str| VirtualKey::parse(text).err();
        assert_eq!(fault("sk-proj-abc"), Some(KeyTextError::WrongPrefix));
        assert_eq!(fault("sk-osai-abc"), Some(KeyTextError::WrongLength(11)));
        assert_eq!(fault(&format!("sk-osai-{}", "-".repeat(39))), Some(KeyTextError::WrongCharacter));
        assert_eq!(fault(&format!("sk-osai-{}", "0".repeat(39))), Some(KeyTextError::WrongCheck));
    }

    fn key_text() -> impl Strategy<Value = String> {
        "[0-9A-Za-z]{33}".prop_map(|random| {
            let body = format!("{PREFIX}{random}");
            let check = check(&body);
            body + &check
        })
    }

    proptest! {
        #[test]
        fn any_changed_character_is_caught(text in key_text(), place in PREFIX.len()..LENGTH, other in 0usize..62) {
            let mut bytes = text.clone().into_bytes();
            bytes[place] = ALPHABET[other];
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(VirtualKey::parse(&changed).is_ok(), changed == text);
        }

        #[test]
        fn any_swap_of_neighbours_is_caught(text in key_text(), place in PREFIX.len()..LENGTH - 1) {
            let mut bytes = text.clone().into_bytes();
            bytes.swap(place, place + 1);
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(VirtualKey::parse(&changed).is_ok(), changed == text);
        }
    }
}
