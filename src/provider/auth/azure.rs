//! Azure: a resource's key in `api-key`, a token of Microsoft Entra that somebody made, or tokens that are made with an
//! application's client secret.
//!
//! Source: learn.microsoft.com, "Microsoft identity platform and the OAuth 2.0 client credentials flow".

use super::bearer::bearer;
use super::header::header;
use super::token::{self, Fetch, TokenSource};
use super::{SignError, Signer};
use crate::http::Endpoint;
use crate::types::Secret;
use std::collections::BTreeMap;

/// The way that fits what was said: an application where one was named, a token where the secret is one, else a key.
pub(super) fn signer(secret: &Secret, settings: &BTreeMap<String, String>) -> Result<Signer, SignError> {
    let said = |name: &str| settings.get(name).map(String::as_str).unwrap_or_default();
    if !said("client_id").is_empty() {
        return application(secret, (said("authority"), said("tenant")), (said("client_id"), said("scope")));
    }
    let fixed = if is_token(secret.reveal()) { bearer(secret)? } else { header("api-key", secret)? };
    Ok(Signer::Fixed(vec![fixed]))
}

fn application(
    secret: &Secret,
    (authority, tenant): (&str, &str),
    (client_id, scope): (&str, &str),
) -> Result<Signer, SignError> {
    let address = format!("{}/{tenant}/oauth2/v2.0/token", authority.trim_end_matches('/'));
    let endpoint = Endpoint::parse(&address).map_err(|error| SignError::Credential(error.to_string()))?;
    let form = token::form(&[
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", secret.reveal()),
        ("scope", scope),
    ]);
    let kept_by = ["azure", &address, client_id, scope, secret.reveal()];
    Ok(Signer::Token(TokenSource::new(&kept_by, Fetch::Form { endpoint, form, secret: secret.clone() })))
}

/// Tokens of Entra are signed JSON: three parts, the first of which begins with `{"` in base 64.
fn is_token(secret: &str) -> bool {
    secret.starts_with("eyJ") && secret.split('.').count() == 3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::testing::provider;

    fn fixed(secret: &str) -> (String, String) {
        let made = signer(&Secret::new(secret), &BTreeMap::new()).unwrap();
        let (name, value) = &made.fixed()[0];
        (name.to_string(), value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_key_is_told_from_a_token() {
        assert_eq!(fixed("0123abcd"), ("api-key".to_owned(), "0123abcd".to_owned()));
        assert_eq!(fixed("eyJh.eyJi.c"), ("authorization".to_owned(), "Bearer eyJh.eyJi.c".to_owned()));
    }

    #[test]
    fn an_application_makes_its_tokens() {
        let azure = provider("azure", Some("s&cret"), &[("tenant", "t1"), ("client_id", "c1")]);
        let Signer::Token(source) = signer(azure.secret.as_ref().unwrap(), &azure.settings).unwrap() else { panic!() };
        let Fetch::Form { endpoint, form, .. } = source.fetch() else { panic!() };
        assert_eq!(
            (endpoint.origin(), endpoint.path()),
            ("https://login.microsoftonline.com", "/t1/oauth2/v2.0/token")
        );
        assert_eq!(
            form.reveal(),
            "grant_type=client_credentials&client_id=c1&client_secret=s%26cret\
             &scope=https%3A%2F%2Fcognitiveservices.azure.com%2F.default"
        );
    }
}
