//! The headers that a request to a provider carries beside its body.
//!
//! Made once when a configuration is loaded, so that no call formats or checks a header.

use crate::records::Auth;
use crate::types::{Protocol, Secret};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Why headers cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The name of a header has characters that HTTP does not allow.
    #[error("`{0}` is not the name of a header; use letters, digits and dashes")]
    Name(String),
    /// The secret has characters that a header cannot carry. The secret is not shown.
    #[error("the value for `{0}` has a line break or another character that no header can carry; enter it again")]
    Value(String),
}

/// One header whose value is secret: it is marked, so that nobody logs or compresses it.
///
/// # Errors
/// The name or the value is not allowed in HTTP.
pub fn header(name: &str, value: &Secret) -> Result<(HeaderName, HeaderValue), SignError> {
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| SignError::Name(name.to_owned()))?;
    let value = sensitive(&header, value.reveal())?;
    Ok((header, value))
}

/// The headers that sign a request; none where there is no secret, since servers of one's own often ask for none.
///
/// The protocol's own constant headers are not among them: see [`default_headers`].
///
/// # Errors
/// The header's name or the secret is not allowed in HTTP.
pub fn signed_headers(auth: &Auth, secret: Option<&Secret>) -> Result<Vec<(HeaderName, HeaderValue)>, SignError> {
    let Some(secret) = secret else { return Ok(Vec::new()) };
    match auth {
        Auth::None => Ok(Vec::new()),
        Auth::Header(name) => Ok(vec![header(name, secret)?]),
        Auth::Bearer => {
            // The copy with the scheme is wiped like the secret itself.
            let text = Secret::new(format!("Bearer {}", secret.reveal()));
            Ok(vec![(AUTHORIZATION, sensitive(&AUTHORIZATION, text.reveal())?)])
        }
    }
}

/// Headers that the protocol asks for, each to be sent only where the caller's request has no header of that name.
///
/// Anthropic: `anthropic-version: 2023-06-01` (<https://docs.anthropic.com/en/api/versioning>).
pub fn default_headers(protocol: Protocol) -> Vec<(HeaderName, HeaderValue)> {
    match protocol {
        Protocol::Openai | Protocol::Responses | Protocol::Gemini | Protocol::Ollama | Protocol::Cohere => Vec::new(),
        Protocol::Anthropic => vec![(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"))],
    }
}

fn sensitive(name: &HeaderName, value: &str) -> Result<HeaderValue, SignError> {
    let mut value = HeaderValue::from_str(value).map_err(|_| SignError::Value(name.to_string()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("sk-1")
    }

    #[test]
    fn each_way_of_signing() {
        let bearer = signed_headers(&Auth::Bearer, Some(&secret())).unwrap();
        assert_eq!((bearer[0].0.as_str(), bearer[0].1.as_bytes()), ("authorization", b"Bearer sk-1".as_slice()));
        let own = signed_headers(&Auth::Header("X-Api-Key".to_owned()), Some(&secret())).unwrap();
        assert_eq!((own[0].0.as_str(), own[0].1.as_bytes()), ("x-api-key", b"sk-1".as_slice()));
        assert!(bearer[0].1.is_sensitive() && own[0].1.is_sensitive());
        assert!(signed_headers(&Auth::None, Some(&secret())).unwrap().is_empty());
        assert!(signed_headers(&Auth::Bearer, None).unwrap().is_empty());
    }

    #[test]
    fn errors_never_show_the_secret() {
        let error = signed_headers(&Auth::Bearer, Some(&Secret::new("sk-1\nx"))).unwrap_err();
        assert!(error.to_string().contains("authorization") && !error.to_string().contains("sk-1"));
        assert_eq!(header("a b", &secret()), Err(SignError::Name("a b".to_owned())));
    }

    #[test]
    fn only_anthropic_asks_for_a_version() {
        assert!(default_headers(Protocol::Openai).is_empty());
        assert_eq!(default_headers(Protocol::Anthropic)[0].0.as_str(), "anthropic-version");
    }
}
