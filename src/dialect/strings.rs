//! The strings of a JSON text, found without recursion: values may be nested as they like.

use memchr::memchr2;
use std::ops::Range;

/// Names that JSON Schema itself gives to members.
pub(super) const SCHEMA_WORDS: [&str; 24] = [
    "type",
    "properties",
    "required",
    "description",
    "title",
    "items",
    "enum",
    "const",
    "default",
    "examples",
    "format",
    "pattern",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "additionalProperties",
    "anyOf",
    "allOf",
    "oneOf",
    "$ref",
    "$defs",
];

/// The strings of a JSON text that is known to be one.
pub(super) struct Strings<'a> {
    json: &'a str,
    from: usize,
}

/// A string, quotes included, and whether it is the name of a member.
pub(super) struct Found {
    pub(super) span: Range<usize>,
    pub(super) is_name: bool,
}

impl<'a> Strings<'a> {
    /// All of them, in order.
    pub(super) fn of(json: &'a str) -> Strings<'a> {
        Strings { json, from: 0 }
    }
}

impl Iterator for Strings<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        let bytes = self.json.as_bytes();
        let start = self.from + memchr::memchr(b'"', bytes.get(self.from..)?)?;
        let mut end = start + 1;
        loop {
            end += memchr2(b'"', b'\\', bytes.get(end..)?)?;
            if bytes[end] == b'"' {
                break;
            }
            end += 2;
        }
        self.from = end + 1;
        let is_name = self.json[end + 1..].trim_ascii_start().starts_with(':');
        Some(Found { span: start..end + 1, is_name })
    }
}

/// What may stand between a member's name and its value.
pub(super) fn is_gap(c: char) -> bool {
    c == ':' || c.is_ascii_whitespace()
}
