//! How requests to providers are signed: an enum of the ways, a file a way.
//!
//! Headers that are always the same are made once, when a configuration is loaded, so that no call formats or checks
//! one. Tokens that end are fetched when a call needs one and kept until shortly before their end.

mod aws;
mod azure;
mod bearer;
pub(super) mod google;
mod header;
mod token;

pub use header::header;

use crate::http::{Client, Endpoint};
use crate::records::{Auth, Provider};
use crate::types::{Protocol, Secret};
use aws::AwsSigner;
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use std::collections::BTreeMap;
use token::TokenSource;

const ANTHROPIC_VERSION: HeaderName = HeaderName::from_static("anthropic-version");

/// Why a provider's requests can never be signed as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The name of a header has characters that HTTP does not allow.
    #[error("`{0}` is not the name of a header; use letters, digits and dashes")]
    Name(String),
    /// The secret has characters that a header cannot carry. The secret is not shown.
    #[error("the value for `{0}` has a line break or another character that no header can carry; enter it again")]
    Value(String),
    /// The secret is not of the form that the way of signing needs. Says what is wrong; the secret is not shown.
    #[error("{0}")]
    Credential(String),
}

/// Why one request was not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthError {
    /// The credentials were not accepted. Says by whom and why.
    Refused(String),
    /// There is nobody to make a token. Says who was asked.
    Unreachable(String),
}

/// What is to be signed.
pub struct Unsigned<'a> {
    /// How it is sent.
    pub method: &'a Method,
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// What it carries, where that is at hand.
    pub body: &'a [u8],
}

/// A way of signing, made ready.
pub enum Signer {
    /// The same headers for every request; none where servers of one's own ask for no secret.
    Fixed(Vec<(HeaderName, HeaderValue)>),
    /// A token that ends.
    Token(TokenSource),
    /// A signature over the whole request.
    Aws(AwsSigner),
}

impl Signer {
    /// Makes a provider's way of signing ready.
    ///
    /// The protocol's own constant headers are not its part: see [`default_headers`].
    ///
    /// # Errors
    /// A header's name or the secret cannot be used.
    pub fn new(auth: &Auth, provider: &Provider) -> Result<Signer, SignError> {
        if *auth == Auth::None {
            return Ok(Signer::Fixed(Vec::new()));
        }
        match auth {
            Auth::Google => return google::signer(provider.secret.as_ref()),
            Auth::Aws => return aws::signer(provider.secret.as_ref(), &provider.settings),
            _ => {}
        }
        let Some(secret) = provider.secret.as_ref() else { return Ok(Signer::Fixed(Vec::new())) };
        match auth {
            Auth::None | Auth::Google | Auth::Aws => Ok(Signer::Fixed(Vec::new())),
            Auth::Header(name) => Ok(Signer::Fixed(vec![header(name, secret)?])),
            Auth::Bearer => Ok(Signer::Fixed(vec![bearer::bearer(secret)?])),
            Auth::Azure => azure::signer(secret, &provider.settings),
        }
    }

    /// The headers that are the same for every request.
    pub fn fixed(&self) -> &[(HeaderName, HeaderValue)] {
        match self {
            Signer::Fixed(headers) => headers,
            Signer::Token(_) | Signer::Aws(_) => &[],
        }
    }

    /// Adds to a request what [`Signer::fixed`] does not have.
    ///
    /// # Errors
    /// No token could be had.
    pub async fn sign(
        &self,
        client: &Client,
        request: &Unsigned<'_>,
        headers: &mut HeaderMap,
    ) -> Result<(), AuthError> {
        match self {
            Signer::Fixed(_) => {}
            Signer::Aws(signer) => signer.sign(request, headers)?,
            Signer::Token(source) => drop(headers.insert(AUTHORIZATION, source.header(client).await?)),
        }
        Ok(())
    }

    /// The provider did not accept what was sent: the next request gets a new token.
    pub fn refused(&self) {
        match self {
            Signer::Fixed(_) | Signer::Aws(_) => {}
            Signer::Token(source) => source.forget(),
        }
    }
}

/// Headers that the protocol asks for, each to be sent only where the caller's request has no header of that name.
///
/// Anthropic: `anthropic-version: 2023-06-01` (<https://docs.anthropic.com/en/api/versioning>).
pub fn default_headers(protocol: Protocol) -> Vec<(HeaderName, HeaderValue)> {
    match protocol {
        Protocol::Openai
        | Protocol::Responses
        | Protocol::Gemini
        | Protocol::Ollama
        | Protocol::Cohere
        | Protocol::Bedrock => Vec::new(),
        Protocol::Anthropic => vec![(ANTHROPIC_VERSION, HeaderValue::from_static("2023-06-01"))],
    }
}

/// Whether a secret can be one for that way of signing.
///
/// # Errors
/// What is wrong with it; the secret is not shown.
pub fn check_secret(auth: &Auth, secret: &Secret) -> Result<(), SignError> {
    match auth {
        Auth::None | Auth::Header(_) | Auth::Bearer | Auth::Azure => header("authorization", secret).map(drop),
        Auth::Google => google::signer(Some(secret)).map(drop),
        Auth::Aws => aws::signer(Some(secret), &BTreeMap::new()).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::testing::provider;

    fn fixed(auth: &Auth, secret: Option<&str>) -> Vec<(HeaderName, HeaderValue)> {
        Signer::new(auth, &provider("custom", secret, &[])).unwrap().fixed().to_vec()
    }

    #[test]
    fn each_way_of_signing() {
        let bearer = fixed(&Auth::Bearer, Some("sk-1"));
        assert_eq!((bearer[0].0.as_str(), bearer[0].1.as_bytes()), ("authorization", b"Bearer sk-1".as_slice()));
        let own = fixed(&Auth::Header("X-Api-Key".to_owned()), Some("sk-1"));
        assert_eq!((own[0].0.as_str(), own[0].1.as_bytes()), ("x-api-key", b"sk-1".as_slice()));
        assert!(bearer[0].1.is_sensitive() && own[0].1.is_sensitive());
        assert!(fixed(&Auth::None, Some("sk-1")).is_empty());
        assert!(fixed(&Auth::Bearer, None).is_empty());
    }

    #[test]
    fn errors_never_show_the_secret() {
        let error = Signer::new(&Auth::Bearer, &provider("custom", Some("sk-1\nx"), &[])).err().unwrap();
        assert!(error.to_string().contains("authorization") && !error.to_string().contains("sk-1"));
        assert_eq!(header("a b", &Secret::new("sk-1")), Err(SignError::Name("a b".to_owned())));
    }

    #[test]
    fn only_anthropic_asks_for_a_version() {
        assert!(default_headers(Protocol::Openai).is_empty());
        assert_eq!(default_headers(Protocol::Anthropic)[0].0.as_str(), "anthropic-version");
    }
}
