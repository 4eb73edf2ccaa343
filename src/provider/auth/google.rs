//! Google Cloud: a file of credentials (a service account's, or a person's), a token that somebody made, an API key, or
//! the tokens of the machine that this runs on.
//!
//! Source: developers.google.com, "Using OAuth 2.0 for server to server applications"; cloud.google.com, "About VM
//! metadata".

use super::bearer::bearer;
use super::header::header;
use super::token::{self, Fetch, TokenSource};
use super::{SignError, Signer};
use crate::http::Endpoint;
use crate::types::{Secret, Time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde::Deserialize;
use serde_json::json;
use std::sync::Arc;

const TOKENS: &str = "https://oauth2.googleapis.com/token";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest that Google lets an assertion live, in seconds.
const ASSERTED_FOR: i64 = 3600;
/// Where a machine's tokens are, unless this variable names another host.
const METADATA_HOST: &str = "metadata.google.internal";
const METADATA_VARIABLE: &str = "GCE_METADATA_HOST";
const METADATA_PATH: &str = "/computeMetadata/v1/instance/service-accounts/default/token";

/// What a file of credentials says.
#[derive(Deserialize, Default)]
#[serde(default)]
struct File {
    r#type: String,
    project_id: String,
    client_email: String,
    private_key: String,
    private_key_id: String,
    token_uri: String,
    client_id: String,
    client_secret: String,
    refresh_token: String,
}

/// The way that fits the secret.
pub(super) fn signer(secret: Option<&Secret>) -> Result<Signer, SignError> {
    let Some(secret) = secret else {
        return Ok(Signer::Token(TokenSource::new(&["google", "metadata"], Fetch::Machine)));
    };
    if is_file(secret) {
        return from_file(secret);
    }
    // Tokens of Google begin so; what else is one line is an API key.
    let is_token = secret.reveal().starts_with("ya29.");
    Ok(Signer::Fixed(vec![if is_token { bearer(secret)? } else { header("x-goog-api-key", secret)? }]))
}

/// The project that a secret belongs to: none said by an API key, which needs none.
pub(in crate::provider) fn project(secret: Option<&Secret>) -> Project {
    let Some(secret) = secret else { return Project::Missing };
    match read(secret) {
        Ok(file) if !file.project_id.is_empty() => Project::Of(file.project_id),
        Ok(_) => Project::Missing,
        Err(_) if is_file(secret) || secret.reveal().starts_with("ya29.") => Project::Missing,
        Err(_) => Project::NotNeeded,
    }
}

/// What a secret says of the project.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::provider) enum Project {
    Of(String),
    Missing,
    NotNeeded,
}

fn is_file(secret: &Secret) -> bool {
    secret.reveal().starts_with('{')
}

fn read(secret: &Secret) -> Result<File, SignError> {
    serde_json::from_str(secret.reveal())
        .map_err(|_| wrong("the credentials are no readable JSON; give the file as Google Cloud made it"))
}

fn wrong(why: &str) -> SignError {
    SignError::Credential(why.to_owned())
}

fn from_file(secret: &Secret) -> Result<Signer, SignError> {
    let file = read(secret)?;
    let address = if file.token_uri.is_empty() { TOKENS } else { &file.token_uri };
    super::super::base_url::check_address(address).map_err(|error| wrong(&error.to_string()))?;
    let endpoint = Endpoint::parse(address).map_err(|error| wrong(&error.to_string()))?;
    let fetch = match file.r#type.as_str() {
        "service_account" => Fetch::Assertion(Assertion::new(&file, endpoint)?),
        "authorized_user" => Fetch::Form {
            form: token::form(&[
                ("grant_type", "refresh_token"),
                ("client_id", &file.client_id),
                ("client_secret", &file.client_secret),
                ("refresh_token", &file.refresh_token),
            ]),
            secret: Secret::new(file.refresh_token.as_str()),
            endpoint,
        },
        other => {
            let why =
                format!("credentials of the type `{other}` cannot be used; give the key file of a service account");
            return Err(wrong(&why));
        }
    };
    Ok(Signer::Token(TokenSource::new(&["google", secret.reveal()], fetch)))
}

/// What a service account signs to get a token.
pub(super) struct Assertion {
    pub(super) endpoint: Endpoint,
    audience: String,
    email: String,
    key_id: String,
    key: Arc<RsaKeyPair>,
}

impl Assertion {
    fn new(file: &File, endpoint: Endpoint) -> Result<Assertion, SignError> {
        let unusable =
            || wrong("the `private_key` of the service account cannot be read; give the file as Google Cloud made it");
        let key = match PrivateKeyDer::from_pem_slice(file.private_key.as_bytes()).map_err(|_| unusable())? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(unusable()),
        };
        if file.client_email.is_empty() {
            return Err(wrong(
                "the service account's file has no `client_email`; give the file as Google Cloud made it",
            ));
        }
        Ok(Assertion {
            audience: format!("{}{}", endpoint.origin(), endpoint.path()),
            endpoint,
            email: file.client_email.clone(),
            key_id: file.private_key_id.clone(),
            key: Arc::new(key.map_err(|_| unusable())?),
        })
    }

    /// The form that asks for a token now. Signing takes a while: another thread does it.
    pub(super) async fn form(&self, now: Time) -> Option<Secret> {
        let (key, text) = (self.key.clone(), self.unsigned(now));
        let signing = tokio::task::spawn_blocking(move || sign(&key, &text));
        let assertion = signing.await.ok().flatten()?;
        Some(token::form(&[("grant_type", GRANT), ("assertion", assertion.reveal())]))
    }

    /// Header and claims, as they are signed.
    fn unsigned(&self, now: Time) -> String {
        let seconds = now.millis() / 1000;
        let header = json!({"alg": "RS256", "typ": "JWT", "kid": self.key_id});
        let claims = json!({"iss": self.email, "scope": SCOPE, "aud": self.audience,
            "iat": seconds, "exp": seconds + ASSERTED_FOR});
        format!("{}.{}", encode(header.to_string()), encode(claims.to_string()))
    }
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn sign(key: &RsaKeyPair, text: &str) -> Option<Secret> {
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).ok()?;
    Some(Secret::new(format!("{text}.{}", encode(signature))))
}

/// Where this machine's tokens are. The variable is read at use.
pub(super) fn metadata() -> Option<Endpoint> {
    let host = std::env::var(METADATA_VARIABLE).ok().filter(|host| !host.is_empty());
    Endpoint::parse(&format!("http://{}{METADATA_PATH}", host.as_deref().unwrap_or(METADATA_HOST))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

    /// Made for this test with `openssl genrsa 2048`; nothing else knows it.
    const KEY: &str = include_str!("test_key.pem");

    fn file(extra: serde_json::Value) -> Secret {
        let mut file = json!({"type": "service_account", "project_id": "p1", "private_key_id": "k1", "private_key": KEY,
            "client_email": "a@p1.iam.gserviceaccount.com", "token_uri": "https://oauth2.googleapis.com/token"});
        for (name, value) in extra.as_object().unwrap() {
            file[name] = value.clone();
        }
        Secret::new(file.to_string())
    }

    fn fault(secret: &Secret) -> String {
        signer(Some(secret)).err().unwrap().to_string()
    }

    #[tokio::test]
    async fn a_service_account_signs_who_it_is() {
        let Signer::Token(source) = signer(Some(&file(json!({})))).unwrap() else { panic!() };
        let Fetch::Assertion(assertion) = source.fetch() else { panic!() };
        let form = assertion.form(Time::from_millis(1_700_000_000_999)).await.unwrap();
        let (grant, jwt) = form.reveal().split_once("&assertion=").unwrap();
        assert_eq!(grant, "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer");
        let (text, signature) = jwt.rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, assertion.key.public().as_ref());
        public.verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap()).unwrap();
        let part =
            |text: &str| serde_json::from_slice::<serde_json::Value>(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
        let (head, claims) = text.split_once('.').unwrap();
        assert_eq!(part(head), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        assert_eq!(
            part(claims),
            json!({"iss": "a@p1.iam.gserviceaccount.com", "scope": SCOPE, "aud": TOKENS, "iat": 1_700_000_000, "exp": 1_700_003_600})
        );
    }

    #[test]
    fn a_persons_file_is_refreshed() {
        let person =
            json!({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": "1//r"});
        let Signer::Token(source) = signer(Some(&Secret::new(person.to_string()))).unwrap() else { panic!() };
        let Fetch::Form { endpoint, form, .. } = source.fetch() else { panic!() };
        assert_eq!((endpoint.origin(), endpoint.path()), ("https://oauth2.googleapis.com", "/token"));
        assert_eq!(form.reveal(), "grant_type=refresh_token&client_id=c&client_secret=s&refresh_token=1%2F%2Fr");
    }

    #[test]
    fn lines_are_tokens_or_keys_and_nothing_is_the_machine() {
        for (secret, name, value) in
            [("ya29.a", "authorization", "Bearer ya29.a"), ("AIza1", "x-goog-api-key", "AIza1")]
        {
            let made = signer(Some(&Secret::new(secret))).unwrap();
            let (header, said) = &made.fixed()[0];
            assert_eq!((header.as_str(), said.to_str().unwrap()), (name, value));
        }
        let Signer::Token(source) = signer(None).unwrap() else { panic!() };
        assert!(matches!(source.fetch(), Fetch::Machine));
    }

    #[test]
    fn faults_never_show_the_secret() {
        assert!(fault(&Secret::new("{\"type\":")).contains("no readable JSON"));
        assert!(fault(&file(json!({"type": "external_account"}))).contains("`external_account` cannot be used"));
        assert!(fault(&file(json!({"private_key": "hunter2"}))).contains("`private_key`"));
        assert!(fault(&file(json!({"client_email": ""}))).contains("`client_email`"));
        assert!(fault(&file(json!({"token_uri": "http://tokens.example/"}))).contains("unencrypted"));
    }

    #[test]
    fn a_file_names_its_project() {
        assert_eq!(project(Some(&file(json!({})))), Project::Of("p1".to_owned()));
        assert_eq!(project(Some(&Secret::new("AIza1"))), Project::NotNeeded);
        for secret in [None, Some(&Secret::new("ya29.a")), Some(&file(json!({"project_id": ""})))] {
            assert_eq!(project(secret), Project::Missing);
        }
    }
}
