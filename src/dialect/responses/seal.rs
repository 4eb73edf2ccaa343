//! Seals of thoughts on their way through this protocol's one field for them, `encrypted_content`.
//!
//! A provider takes back only what it sealed itself. Seals of other protocols' providers are marked when a
//! caller of this protocol gets them, and told by the mark when they come back; this protocol's own are
//! marked when a caller of another protocol gets them.

/// Before the signature of a thought.
const THOUGHT: &str = "osai1.thought.";
/// Before a thought that only its provider can read.
const REDACTED: &str = "osai1.redacted.";
/// Before a seal of this protocol's own, in other protocols' fields.
const OWN: &str = "responses.";
const FOREIGN: &str = "osai1.";

/// What `encrypted_content` holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seal<'a> {
    /// The signature of a thought, of another protocol's provider.
    Thought(&'a str),
    /// A thought that only its provider can read, of another protocol.
    Redacted(&'a str),
    /// A seal of this protocol's own.
    Own(&'a str),
}

/// The field for a caller of this protocol.
pub(super) fn wrap(signature: &str) -> String {
    match signature.strip_prefix(OWN) {
        Some(own) => own.to_owned(),
        None => format!("{THOUGHT}{signature}"),
    }
}

/// The field for a redacted thought.
pub(super) fn wrap_redacted(data: &str) -> String {
    format!("{REDACTED}{data}")
}

/// What a caller of this protocol sends back.
pub(super) fn unwrap(encrypted: &str) -> Seal<'_> {
    if let Some(signature) = encrypted.strip_prefix(THOUGHT) {
        return Seal::Thought(signature);
    }
    encrypted.strip_prefix(REDACTED).map_or(Seal::Own(encrypted), Seal::Redacted)
}

/// A provider's own seal, for callers of other protocols.
pub(super) fn mark_own(encrypted: &str) -> String {
    match unwrap(encrypted) {
        Seal::Thought(signature) => signature.to_owned(),
        _ => format!("{OWN}{encrypted}"),
    }
}

/// The provider's own seal in what a caller of another protocol sends back; none where somebody else sealed it.
pub(super) fn own(signature: &str) -> Option<&str> {
    signature.strip_prefix(OWN)
}

/// Whether a body may hold seals of other protocols' providers. Cheap: it looks for the mark alone.
pub(super) fn may_hold_foreign(body: &str) -> bool {
    memchr::memmem::find(body.as_bytes(), FOREIGN.as_bytes()).is_some()
}

/// Whether an item of the input is a thought that another protocol's provider sealed.
pub(super) fn is_foreign(item: &str) -> bool {
    #[derive(serde::Deserialize)]
    struct Item<'a> {
        #[serde(borrow)]
        encrypted_content: super::wire::Str<'a>,
    }
    serde_json::from_str::<Item<'_>>(item).is_ok_and(|item| item.encrypted_content.0.starts_with(FOREIGN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_seal_finds_its_way_back() {
        assert_eq!(unwrap(&wrap("sig")), Seal::Thought("sig"));
        assert_eq!(unwrap(&wrap_redacted("data")), Seal::Redacted("data"));
        assert_eq!(unwrap("gAAA"), Seal::Own("gAAA"));
        assert_eq!((own(&mark_own("gAAA")), own("sig")), (Some("gAAA"), None));
        assert_eq!(wrap(&mark_own("gAAA")), "gAAA");
    }
}
