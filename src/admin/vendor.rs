//! What vendors have to say about a provider that an administrator describes.

use super::AdminError;
use crate::provider::{self, Kind, Settings};
use crate::types::{Protocol, Secret};

/// The vendor with this name.
pub(super) fn find_kind(name: &str) -> Result<&'static Kind, AdminError> {
    let known = || provider::kinds().iter().map(|kind| kind.name.as_str());
    provider::find(name).ok_or_else(|| AdminError::not_found("provider kind", name, known()))
}

/// The base URL that was given, put right; none where the vendor's own is meant. Checks also that the vendor speaks
/// the protocol, and has a URL where none is given.
pub(super) fn check_base_url(
    kind: &Kind,
    protocol: Option<Protocol>,
    (given, settings): (Option<&str>, &Settings),
    allow_http: bool,
) -> Result<Option<String>, AdminError> {
    let protocol = protocol.unwrap_or(kind.protocol);
    let url = provider::base_url(kind, protocol, (given, settings), allow_http).map_err(|error| {
        let field = if matches!(error, provider::BaseUrlError::Protocol { .. }) { "protocol" } else { "base-url" };
        AdminError::invalid(field, error.to_string())
    })?;
    Ok(given.map(|_| url))
}

/// Checks what is said of a connection beside its key.
pub(super) fn check_settings(kind: &Kind, settings: &Settings, has_base_url: bool) -> Result<(), AdminError> {
    kind.check_settings(settings, has_base_url).map_err(|error| AdminError::invalid("set", error.to_string()))
}

/// What the key itself says of the connection.
pub(super) fn settings_of_key(kind: &Kind, secret: Option<&Secret>, said: &Settings) -> Result<Settings, AdminError> {
    kind.settings_of_key(secret, said).map_err(|error| AdminError::invalid("set", error.to_string()))
}

/// Headers that HTTP itself, or the signature, is made of.
const TAKEN: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "te",
    "trailer",
    "upgrade",
    "expect",
    "proxy-authorization",
    "proxy-connection",
    "accept-encoding",
];

/// A header that can be sent with every request, its name in lower case.
pub(super) fn check_header(name: &str, value: &Secret) -> Result<String, AdminError> {
    let (name, _) = provider::header(name, value).map_err(|error| AdminError::invalid("header", error.to_string()))?;
    if TAKEN.contains(&name.as_str()) {
        return Err(AdminError::invalid("header", format!("`{name}` is set by the gateway itself; leave it out")));
    }
    Ok(name.as_str().to_owned())
}

/// The key without the white space around it, if a header can carry it.
pub(super) fn check_secret(kind: &Kind, secret: &Secret) -> Result<Secret, AdminError> {
    let trimmed = Secret::new(secret.reveal().trim());
    if trimmed.reveal().is_empty() {
        return Err(AdminError::invalid("api-key", format!("it is empty; see {}", kind.docs)));
    }
    match provider::check_secret(&kind.auth, &trimmed) {
        Ok(()) => Ok(trimmed),
        Err(error) => Err(AdminError::invalid("api-key", error.to_string())),
    }
}
