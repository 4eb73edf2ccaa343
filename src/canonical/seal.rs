//! Whose seal a thought carries.
//!
//! A provider takes back only what it sealed itself, and a conversation may go on at another one (a fallback,
//! another rule). Most seals stand as they came; those of protocols that can be told apart have the protocol's name
//! before them, so that nobody else sends them: `gemini:EjQKMgEM...`. A seal has no colon of its own.

use crate::types::Protocol;

/// The seal with its protocol's name before it.
pub fn sealed_by(protocol: Protocol, seal: &str) -> String {
    format!("{protocol}:{seal}")
}

/// Who sealed it, where that stands before it, and the seal as the provider wrote it.
pub fn opened_seal(seal: &str) -> (Option<Protocol>, &str) {
    let named = seal.split_once(':').and_then(|(name, bare)| Some((Protocol::parse(name)?, bare)));
    named.map_or((None, seal), |(protocol, bare)| (Some(protocol), bare))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_tells_its_maker() {
        let seal = sealed_by(Protocol::Gemini, "c2ln");
        assert_eq!(opened_seal(&seal), (Some(Protocol::Gemini), "c2ln"));
        assert_eq!(opened_seal("c2ln"), (None, "c2ln"));
        assert_eq!(opened_seal("other:c2ln"), (None, "other:c2ln"));
    }
}
