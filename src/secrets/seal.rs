//! Sealing: a text becomes bytes that only the master key opens, and only for the slot that they were made for.
//!
//! Layout: one version byte, a random nonce of 24 bytes, then XChaCha20-Poly1305 of the text. Each purpose has its
//! own key (HKDF-SHA256, RFC 5869); purpose and context are authenticated with the text, so that a sealed text
//! that is copied to another row, or to another column, does not open there.

use super::{MasterKey, SecretsError};
use crate::types::{KeyId, ProviderId, Secret};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const NONCE: usize = 24;
const SALT: &[u8] = b"optscale-ai seal v1";

/// What a sealed text is for, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot<'a> {
    /// A provider's key.
    ProviderSecret(ProviderId),
    /// The value of a header sent to a provider.
    ProviderHeader(ProviderId, &'a str),
    /// The text of a virtual key that is kept for use on this machine.
    VirtualKey(KeyId),
    /// A fixed text that tells whether this is the right master key.
    Check,
}

impl Slot<'_> {
    /// Names the purpose; part of what is sealed, so a name is never changed.
    fn purpose(&self) -> &'static str {
        match self {
            Slot::ProviderSecret(_) => "provider-secret",
            Slot::ProviderHeader(..) => "provider-header",
            Slot::VirtualKey(_) => "virtual-key",
            Slot::Check => "check",
        }
    }

    fn context(&self) -> String {
        match self {
            Slot::ProviderSecret(id) => id.0.to_string(),
            Slot::ProviderHeader(id, name) => format!("{}/{name}", id.0),
            Slot::VirtualKey(id) => id.0.to_string(),
            Slot::Check => String::new(),
        }
    }

    fn title(&self) -> &'static str {
        match self {
            Slot::ProviderSecret(_) => "the provider's API key",
            Slot::ProviderHeader(..) => "the provider's header",
            Slot::VirtualKey(_) => "the virtual key's text",
            Slot::Check => "this database",
        }
    }

    /// What is authenticated beside the text. The zero byte keeps purpose and context apart.
    fn associated(&self) -> Vec<u8> {
        [&[VERSION], self.purpose().as_bytes(), &[0], self.context().as_bytes()].concat()
    }
}

/// Seals and opens with keys derived from one master key.
pub struct Sealer {
    derivation: Hkdf<Sha256>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[sealer]")
    }
}

impl Sealer {
    /// A sealer for this master key.
    pub fn new(master: &MasterKey) -> Sealer {
        Sealer { derivation: Hkdf::new(Some(SALT), master.bytes()) }
    }

    /// Seals a text for a slot. Two seals of one text differ.
    ///
    /// # Errors
    /// [`SecretsError::Randomness`].
    pub fn seal(&self, slot: Slot<'_>, secret: &Secret) -> Result<Vec<u8>, SecretsError> {
        let mut nonce = [0u8; NONCE];
        getrandom::fill(&mut nonce)?;
        let payload = Payload { msg: secret.reveal().as_bytes(), aad: &slot.associated() };
        let sealed = self.cipher(slot)?.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| SecretsError::Sealed(slot.title()))?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for this slot.
    ///
    /// # Errors
    /// [`SecretsError::Sealed`] where the master key is another one, or the bytes were changed or made for another
    /// slot; [`SecretsError::Newer`].
    pub fn open(&self, slot: Slot<'_>, sealed: &[u8]) -> Result<Secret, SecretsError> {
        let refused = || SecretsError::Sealed(slot.title());
        let (version, rest) = sealed.split_first().ok_or_else(refused)?;
        if *version > VERSION {
            return Err(SecretsError::Newer(slot.title()));
        }
        if *version != VERSION {
            return Err(refused());
        }
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or_else(refused)?;
        let payload = Payload { msg: text, aad: &slot.associated() };
        let text = self.cipher(slot)?.decrypt(&XNonce::from(*nonce), payload).map_err(|_| refused())?;
        let text = Zeroizing::new(text);
        std::str::from_utf8(&text).map(Secret::new).map_err(|_| refused())
    }

    fn cipher(&self, slot: Slot<'_>) -> Result<XChaCha20Poly1305, SecretsError> {
        let mut key = Zeroizing::new([0u8; 32]);
        let derived = self.derivation.expand(slot.purpose().as_bytes(), key.as_mut_slice());
        derived.map_err(|_| SecretsError::Sealed(slot.title()))?;
        Ok(XChaCha20Poly1305::new(&(*key).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(byte: u8) -> Sealer {
        Sealer::new(&MasterKey::fixed(byte))
    }

    #[test]
    fn opens_what_it_sealed() {
        let secret = Secret::new("sk-provider");
        let slot = Slot::ProviderSecret(ProviderId(7));
        let (one, two) = (sealer(1).seal(slot, &secret).unwrap(), sealer(1).seal(slot, &secret).unwrap());
        assert_ne!(one, two);
        assert!(sealer(1).open(slot, &one).unwrap() == secret);
        assert!(sealer(1).open(slot, &two).unwrap() == secret);
    }

    #[test]
    fn a_sealed_text_opens_only_in_its_own_slot() {
        let sealed = sealer(1).seal(Slot::ProviderHeader(ProviderId(1), "a"), &Secret::new("x")).unwrap();
        let others = [
            Slot::ProviderHeader(ProviderId(1), "b"),
            Slot::ProviderHeader(ProviderId(2), "a"),
            Slot::ProviderSecret(ProviderId(1)),
            Slot::VirtualKey(KeyId(1)),
            Slot::Check,
        ];
        for slot in others {
            assert!(matches!(sealer(1).open(slot, &sealed), Err(SecretsError::Sealed(_))), "{slot:?}");
        }
    }

    #[test]
    fn a_changed_byte_or_another_key_opens_nothing() {
        let slot = Slot::VirtualKey(KeyId(3));
        let sealed = sealer(1).seal(slot, &Secret::new("text")).unwrap();
        assert!(matches!(sealer(2).open(slot, &sealed), Err(SecretsError::Sealed(_))));
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(sealer(1).open(slot, &changed).is_err(), "byte {place}");
            assert!(sealer(1).open(slot, &sealed[..place]).is_err(), "cut at {place}");
        }
        let newer = [&[VERSION + 1], &sealed[1..]].concat();
        assert!(matches!(sealer(1).open(slot, &newer), Err(SecretsError::Newer(_))));
    }

    /// A sealed text of version 1 must open for ever.
    #[test]
    fn opens_what_version_one_sealed() {
        let sealed = unhex(SEALED_V1);
        let opened = sealer(42).open(Slot::ProviderSecret(ProviderId(1)), &sealed).unwrap();
        assert_eq!(opened.reveal(), "a secret of version 1");
    }

    const SEALED_V1: &str = concat!(
        "01f6145cc5131459b7a806c429c0e9822825148471dce5ff14c8912ff3ab2a",
        "84fea442d39d3ffd854a189f92505c31890aef25c77cce35a6b60c4b5e0953"
    );

    fn unhex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }
}
