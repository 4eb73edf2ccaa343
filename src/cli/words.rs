//! Small words of the command line: `k=v`, protocols, keys in variables.

use crate::records::UserRole;
use crate::types::Protocol;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// `name=value`.
///
/// # Errors
/// A sentence that says how it is written.
pub fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.trim().to_owned())),
        _ => Err(format!("`{text}` is no pair; write NAME=VALUE")),
    }
}

/// The name of a protocol.
pub fn protocol() -> impl TypedValueParser<Value = Protocol> {
    let known = PossibleValuesParser::new(Protocol::ALL.map(Protocol::as_str));
    known.try_map(|word| Protocol::parse(&word).ok_or("no protocol"))
}

/// The name of a role.
pub fn role() -> impl TypedValueParser<Value = UserRole> {
    let known = PossibleValuesParser::new(UserRole::ALL.map(UserRole::as_str));
    known.try_map(|word| UserRole::parse(&word).ok_or("no role"))
}

/// `one`, or `n many`.
pub fn count(n: u64, one: &str, many: &str) -> String {
    if n == 1 { format!("1 {one}") } else { format!("{n} {many}") }
}
