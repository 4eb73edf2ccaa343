//! A secret in a header of its own.

use super::SignError;
use crate::types::Secret;
use http::header::{HeaderName, HeaderValue};

/// One header whose value is secret: it is marked, so that nobody logs or compresses it.
///
/// # Errors
/// The name or the value is not allowed in HTTP.
pub fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), SignError> {
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| SignError::Name(name.to_owned()))?;
    let value = sensitive(&header, value.reveal())?;
    Ok((header, value))
}

pub(super) fn sensitive(name: &HeaderName, value: &str) -> Result<HeaderValue, SignError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| SignError::Value(name.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}
