//! Thought signatures: Gemini's own, and those of other providers for Gemini callers.
//!
//! Gemini seals parts: a call of a function, a text, sometimes a thought. The canonical model seals thoughts, so
//! the seal of a call or a text becomes a thought without words **before** that part, and goes back onto the part
//! behind it.
//!
//! The other way round, a Gemini caller sends back the signature of a call, but clients leave thoughts out of what
//! they send. So what another provider thought and sealed travels inside the signature of the part behind it, as
//! base 64 (the protocol's bytes) of `optscale:` and a list of thoughts in JSON.

use crate::canonical::{Part, opened_seal, sealed_by};
use crate::types::Protocol;
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::{Deserialize, Serialize};

const MARK: &[u8] = b"optscale:";

/// Takes both with and without padding; clients write bytes in either way.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One thought on its way through a signature.
#[derive(Serialize, Deserialize)]
struct Carried {
    #[serde(skip_serializing_if = "String::is_empty", default)]
    text: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    signature: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    data: Option<String>,
}

/// What a signature from a Gemini caller says: thoughts that were carried in it, else Gemini's own seal.
pub(super) fn read(signature: &str) -> Vec<Part> {
    match carried(signature) {
        Some(thoughts) => thoughts,
        None => vec![Part::Thinking { text: String::new(), signature: Some(sealed_by(Protocol::Gemini, signature)) }],
    }
}

/// Whether thoughts of another provider travel in the signature.
pub(super) fn is_carrier(signature: &str) -> bool {
    carried(signature).is_some()
}

fn carried(signature: &str) -> Option<Vec<Part>> {
    let standard: String = signature
        .chars()
        .map(|c| {
            if c == '-' {
                '+'
            } else if c == '_' {
                '/'
            } else {
                c
            }
        })
        .collect();
    let bytes = LENIENT.decode(standard).ok()?;
    let thoughts: Vec<Carried> = serde_json::from_slice(bytes.strip_prefix(MARK)?).ok()?;
    let part = |carried: Carried| match carried.data {
        Some(data) => Part::RedactedThinking { data },
        None => Part::Thinking { text: carried.text, signature: carried.signature },
    };
    Some(thoughts.into_iter().map(part).collect())
}

/// The signature that carries sealed thoughts to a Gemini caller; none where there are none. Gemini's own seal
/// goes as it came.
pub(super) fn write(thoughts: &[Part]) -> Option<String> {
    if let [Part::Thinking { signature: Some(seal), text }] = thoughts
        && text.is_empty()
        && let (Some(Protocol::Gemini), bare) = opened_seal(seal)
    {
        return Some(bare.to_owned());
    }
    let carried: Vec<Carried> = thoughts
        .iter()
        .filter_map(|part| match part {
            Part::Thinking { text, signature: Some(seal) } => {
                Some(Carried { text: text.clone(), signature: Some(seal.clone()), data: None })
            }
            Part::RedactedThinking { data } => {
                Some(Carried { text: String::new(), signature: None, data: Some(data.clone()) })
            }
            _ => None,
        })
        .collect();
    if carried.is_empty() {
        return None;
    }
    let json = serde_json::to_vec(&carried).unwrap_or_default();
    Some(STANDARD.encode([MARK, &json].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_of_others_come_back_whole() {
        let thoughts = [
            Part::Thinking { text: "hm é".into(), signature: Some("c2ln".into()) },
            Part::RedactedThinking { data: "eHh4".into() },
        ];
        let signature = write(&thoughts).unwrap();
        assert!(is_carrier(&signature));
        assert_eq!(read(&signature), thoughts);
        // The Python SDK writes bytes with the alphabet for URLs.
        let for_urls = signature.replace('+', "-").replace('/', "_");
        assert_eq!(read(for_urls.trim_end_matches('=')), thoughts);
        assert_eq!(write(&[Part::Thinking { text: "hm".into(), signature: None }]), None);
    }

    #[test]
    fn geminis_own_seal_stays_what_it_is() {
        let parts = read("EjQKMg==");
        let seal = Some("gemini:EjQKMg==".to_owned());
        assert_eq!(parts, [Part::Thinking { text: String::new(), signature: seal }]);
        assert_eq!(write(&parts).as_deref(), Some("EjQKMg=="));
    }
}
