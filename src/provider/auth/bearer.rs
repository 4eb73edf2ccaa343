//! `Authorization: Bearer`.

use super::SignError;
use super::header::sensitive;
use crate::types::Secret;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

/// The header with a key or token in it.
///
/// # Errors
/// The secret is not allowed in HTTP.
pub(super) fn bearer(secret: &Secret) -> Result<(HeaderName, HeaderValue), SignError> {
    // The copy with the scheme is wiped like the secret itself.
    let text = Secret::new(format!("Bearer {}", secret.reveal()));
    Ok((AUTHORIZATION, sensitive(&AUTHORIZATION, text.reveal())?))
}
