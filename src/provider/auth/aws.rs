//! AWS: Signature Version 4 with access keys, or an API key of Bedrock as bearer.
//!
//! Without a secret the usual variables are read with each request, so that short-lived keys can be replaced there.
//! Source: docs.aws.amazon.com, "AWS Signature Version 4 for API requests".

use super::bearer::bearer;
use super::header::sensitive;
use super::{AuthError, SignError, Signer, Unsigned};
use crate::types::{Secret, Time};
use http::HeaderMap;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::hmac;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The name that Bedrock's requests are signed for.
const SERVICE: &str = "bedrock";
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const TOKEN: HeaderName = HeaderName::from_static("x-amz-security-token");
/// What stands in a path as it is, RFC 3986's unreserved letters and the slash.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');

/// Access keys, or where they are looked for.
pub struct AwsSigner {
    keys: Source,
    region: String,
    service: &'static str,
}

enum Source {
    Given(Keys),
    /// The variables of this process.
    Environment,
}

/// Access keys.
struct Keys {
    id: String,
    secret: Secret,
    token: Option<Secret>,
}

/// What `aws configure export-credentials` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exported {
    access_key_id: String,
    secret_access_key: String,
    #[serde(default)]
    session_token: Option<String>,
}

/// The way that fits the secret.
pub(super) fn signer(secret: Option<&Secret>, settings: &BTreeMap<String, String>) -> Result<Signer, SignError> {
    let region = settings.get("region").cloned().unwrap_or_default();
    let made = |keys| Signer::Aws(AwsSigner { keys, region, service: SERVICE });
    let Some(secret) = secret else { return Ok(made(Source::Environment)) };
    match given(secret)? {
        Some(keys) => {
            keys.checked()?;
            Ok(made(Source::Given(keys)))
        }
        None => Ok(Signer::Fixed(vec![bearer(secret)?])),
    }
}

/// The access keys that a secret is; none where it is an API key.
fn given(secret: &Secret) -> Result<Option<Keys>, SignError> {
    let text = secret.reveal();
    let wrong = |why: &str| SignError::Credential(why.to_owned());
    if text.starts_with('{') {
        let exported: Exported = serde_json::from_str(text)
            .map_err(|_| wrong("the keys are not what `aws configure export-credentials` prints"))?;
        let (id, secret) = (exported.access_key_id, Secret::new(exported.secret_access_key));
        return Ok(Some(Keys { id, secret, token: exported.session_token.map(Secret::new) }));
    }
    // Ids of access keys begin so; API keys of Bedrock do not, and have no colon.
    if !(text.starts_with("AKIA") || text.starts_with("ASIA")) {
        return Ok(None);
    }
    let mut parts = text.splitn(3, ':');
    let id = parts.next().unwrap_or_default().to_owned();
    let none = || wrong("an access key is given with its secret: ID:SECRET, or ID:SECRET:SESSION_TOKEN");
    let secret = parts.next().filter(|secret| !secret.is_empty()).ok_or_else(none)?;
    Ok(Some(Keys { id, secret: Secret::new(secret), token: parts.next().map(Secret::new) }))
}

impl Keys {
    /// A token goes out as a header.
    fn checked(&self) -> Result<(), SignError> {
        self.token.as_ref().map_or(Ok(()), |token| sensitive(&TOKEN, token.reveal()).map(drop))
    }
}

/// What the environment has.
enum Found {
    Bearer(Secret),
    Keys(Keys),
}

fn environment() -> Option<Found> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if let Some(key) = variable("AWS_BEARER_TOKEN_BEDROCK") {
        return Some(Found::Bearer(Secret::new(key)));
    }
    let id = variable("AWS_ACCESS_KEY_ID")?;
    let secret = Secret::new(variable("AWS_SECRET_ACCESS_KEY")?);
    Some(Found::Keys(Keys { id, secret, token: variable("AWS_SESSION_TOKEN").map(Secret::new) }))
}

const NOWHERE: &str = "there are no AWS credentials: the provider has no key, and neither AWS_BEARER_TOKEN_BEDROCK nor \
    AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are set where the gateway runs";

impl AwsSigner {
    /// Adds the signature to a request's headers.
    ///
    /// # Errors
    /// There are no credentials, or they cannot stand in a header.
    pub(super) fn sign(&self, request: &Unsigned<'_>, headers: &mut HeaderMap) -> Result<(), AuthError> {
        let unusable = |error: SignError| AuthError::Refused(format!("the AWS credentials cannot be used: {error}"));
        let found;
        let keys = match &self.keys {
            Source::Given(keys) => keys,
            Source::Environment => match environment().ok_or_else(|| AuthError::Refused(NOWHERE.to_owned()))? {
                Found::Bearer(key) => {
                    let (name, value) = bearer(&key).map_err(unusable)?;
                    headers.insert(name, value);
                    return Ok(());
                }
                Found::Keys(keys) => {
                    found = keys;
                    &found
                }
            },
        };
        self.sign_with(keys, (request, Time::now()), headers).map_err(unusable)
    }

    fn sign_with(
        &self,
        keys: &Keys,
        (request, now): (&Unsigned<'_>, Time),
        headers: &mut HeaderMap,
    ) -> Result<(), SignError> {
        let time = stamp(now);
        headers.insert(DATE, sensitive(&DATE, &time)?);
        if let Some(token) = &keys.token {
            headers.insert(TOKEN, sensitive(&TOKEN, token.reveal())?);
        }
        let (day, _) = time.split_at_checked(8).unwrap_or_default();
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let (canonical, signed) = canonical(request, headers);
        let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", hex(&Sha256::digest(&canonical)));
        let signature = hex(hmac_of(&self.key(keys, day), &to_sign).as_ref());
        let text = format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={signed}, Signature={signature}", keys.id);
        headers.insert(AUTHORIZATION, sensitive(&AUTHORIZATION, &text)?);
        Ok(())
    }

    /// The key of a day, a region and a service.
    fn key(&self, keys: &Keys, day: &str) -> hmac::Tag {
        let first = Secret::new(format!("AWS4{}", keys.secret.reveal()));
        let mut key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, first.reveal().as_bytes()), day.as_bytes());
        for part in [self.region.as_str(), self.service, "aws4_request"] {
            key = hmac_of(&key, part);
        }
        key
    }
}

fn hmac_of(key: &hmac::Tag, text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), text.as_bytes())
}

/// `20150830T123600Z`.
fn stamp(time: Time) -> String {
    let text = time.to_string();
    let seconds = text.split('.').next().unwrap_or_default();
    format!("{}Z", seconds.replace(['-', ':'], ""))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The request in the one form that is signed, and the names of the headers in it.
fn canonical(request: &Unsigned<'_>, headers: &HeaderMap) -> (String, String) {
    let endpoint = request.endpoint;
    let (path, query) = endpoint.path().split_once('?').unwrap_or((endpoint.path(), ""));
    // The path as it is sent is encoded once more.
    let path = utf8_percent_encode(path, PATH);
    let mut pairs: Vec<String> = query.split('&').filter(|pair| !pair.is_empty()).map(with_equals).collect();
    pairs.sort();
    let host = endpoint.origin().split_once("://").map_or("", |(_, authority)| authority);
    let mut signed = BTreeMap::from([(HOST.to_string(), host.to_owned())]);
    for name in [CONTENT_TYPE, DATE, TOKEN] {
        if let Some(value) = headers.get(&name) {
            signed.insert(name.to_string(), trimmed(value));
        }
    }
    let lines: String = signed.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names: Vec<&str> = signed.keys().map(String::as_str).collect();
    let names = names.join(";");
    let body = hex(&Sha256::digest(request.body));
    let text = format!("{}\n{path}\n{}\n{lines}\n{names}\n{body}", request.method, pairs.join("&"));
    (text, names)
}

fn with_equals(pair: &str) -> String {
    if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }
}

fn trimmed(value: &HeaderValue) -> String {
    let text = value.to_str().unwrap_or_default();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Endpoint;
    use http::Method;

    /// The keys and the moment of AWS's published test suite for this signature.
    fn suite() -> (AwsSigner, Keys, Time) {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let keys = Keys { id: "AKIDEXAMPLE".to_owned(), secret, token: None };
        let signer = AwsSigner { keys: Source::Environment, region: "us-east-1".to_owned(), service: "service" };
        (signer, keys, Time::parse("2015-08-30T12:36:00Z").unwrap())
    }

    fn signature(headers: &HeaderMap) -> (String, String) {
        let text = headers[AUTHORIZATION].to_str().unwrap();
        let part = |name: &str| text.split(name).nth(1).unwrap().split(',').next().unwrap().to_owned();
        (part("SignedHeaders="), part("Signature="))
    }

    fn signed(method: Method, path: &str, form: Option<&str>, token: Option<&str>) -> (String, String) {
        let (signer, mut keys, now) = suite();
        keys.token = token.map(Secret::new);
        let endpoint = Endpoint::parse(&format!("https://example.amazonaws.com{path}")).unwrap();
        let mut headers = HeaderMap::new();
        if form.is_some() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        }
        let body = form.unwrap_or_default().as_bytes();
        let request = Unsigned { method: &method, endpoint: &endpoint, body };
        signer.sign_with(&keys, (&request, now), &mut headers).unwrap();
        assert_eq!(headers[DATE], "20150830T123600Z");
        signature(&headers)
    }

    #[test]
    fn aws_published_signatures_come_out() {
        for (method, path, form, names, expected) in [
            (
                Method::GET,
                "/",
                None,
                "host;x-amz-date",
                "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
            ),
            (
                Method::POST,
                "/",
                None,
                "host;x-amz-date",
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
            (
                Method::GET,
                "/?Param2=value2&Param1=value1",
                None,
                "host;x-amz-date",
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
            (
                Method::POST,
                "/",
                Some("Param1=value1"),
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        ] {
            assert_eq!(signed(method, path, form, None), (names.to_owned(), expected.to_owned()), "{path}");
        }
    }

    #[test]
    fn a_session_token_is_signed_too() {
        let token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";
        let (names, signature) = signed(Method::POST, "/", None, Some(token));
        assert_eq!(names, "host;x-amz-date;x-amz-security-token");
        assert_eq!(signature, "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead");
    }

    #[test]
    fn a_path_is_signed_as_it_is_sent_encoded_once_more() {
        let endpoint = Endpoint::parse("https://h:8443/model/amazon.nova-lite-v1%3A0/converse?b&a=1").unwrap();
        let request = Unsigned { method: &Method::POST, endpoint: &endpoint, body: b"{}" };
        let (text, names) = canonical(&request, &HeaderMap::new());
        assert!(
            text.starts_with("POST\n/model/amazon.nova-lite-v1%253A0/converse\na=1&b=\nhost:h:8443\n\nhost\n"),
            "{text}"
        );
        assert_eq!(names, "host");
    }

    #[test]
    fn a_secret_is_told_by_its_form() {
        let settings = BTreeMap::from([("region".to_owned(), "eu-west-1".to_owned())]);
        let made = |secret: &str| signer(Some(&Secret::new(secret)), &settings);
        let keys = |secret: &str| match made(secret).unwrap() {
            Signer::Aws(AwsSigner { keys: Source::Given(keys), .. }) => {
                (keys.id, keys.secret.reveal().to_owned(), keys.token.map(|token| token.reveal().to_owned()))
            }
            _ => panic!("no keys"),
        };
        assert_eq!(keys("AKIAX:s/e+c"), ("AKIAX".into(), "s/e+c".into(), None));
        assert_eq!(keys("ASIAX:sec:tok"), ("ASIAX".into(), "sec".into(), Some("tok".into())));
        let exported =
            r#"{"Version":1,"AccessKeyId":"ASIAY","SecretAccessKey":"sec","SessionToken":"tok","Expiration":"2026"}"#;
        assert_eq!(keys(exported), ("ASIAY".into(), "sec".into(), Some("tok".into())));
        assert_eq!(made("ABSKQmVkcm9j").unwrap().fixed()[0].1, "Bearer ABSKQmVkcm9j");
        assert!(matches!(signer(None, &settings).unwrap(), Signer::Aws(AwsSigner { keys: Source::Environment, .. })));
        for (bad, said) in
            [("AKIAX", "ID:SECRET"), ("{}", "export-credentials"), ("ASIAX:hunter2:a\nb", "x-amz-security-token")]
        {
            let error = made(bad).err().unwrap().to_string();
            assert!(error.contains(said) && !error.contains("hunter2"), "{error}");
        }
    }
}
