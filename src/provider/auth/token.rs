//! Access tokens: fetched when a call needs one, kept until shortly before they end, one fetch at a time.
//!
//! While a token is about to end, one call fetches the next and the others go on with the one that is there. A fetch
//! belongs to the call that began it: when its caller hangs up, the next in line takes over. A failure is told to all
//! who waited for it, and tried again by who comes later.

use super::AuthError;
use crate::http::{Client, Endpoint, HttpError, Outgoing, Patience};
use crate::types::{Secret, Time};
use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(10);
/// Nobody makes tokens that slowly.
const PATIENCE: Duration = Duration::from_secs(20);
const MOST: usize = 256 * 1024;
/// A token is replaced this long before its end, a short-lived one in the second half of its life.
const AHEAD: Duration = Duration::from_secs(300);
/// A token this close to its end may be refused when it arrives.
const TOO_CLOSE: Duration = Duration::from_secs(15);
/// How long a token is good where nobody says.
const USUAL: Duration = Duration::from_secs(600);

/// Where a provider's tokens come from.
pub struct TokenSource {
    kept: Arc<Kept>,
    fetch: Fetch,
}

/// How a token is asked for.
pub(super) enum Fetch {
    /// A form is posted; what is in it stands in errors as `[secret]`.
    Form { endpoint: Endpoint, form: Secret, secret: Secret },
}

/// The token of one credential. It outlives a change of the configuration that does not touch the credential.
#[derive(Default)]
struct Kept {
    token: ArcSwapOption<Token>,
    /// Who fetches holds it. In it, the last failure and when it was.
    turn: tokio::sync::Mutex<Option<(Time, AuthError)>>,
}

struct Token {
    header: HeaderValue,
    replace_at: Time,
    ends: Time,
}

type ByCredential = HashMap<[u8; 32], Weak<Kept>>;

/// The tokens that some configuration still uses, by a hash of the credential.
static KEPT: LazyLock<Mutex<ByCredential>> = LazyLock::new(Mutex::default);

impl TokenSource {
    /// Tokens that are fetched in that way; `credential` tells it from all others.
    pub(super) fn new(credential: &[&str], fetch: Fetch) -> TokenSource {
        TokenSource { kept: kept(credential), fetch }
    }

    #[cfg(test)]
    pub(super) fn fetch(&self) -> &Fetch {
        &self.fetch
    }

    /// The value of the header `authorization`.
    pub(super) async fn header(&self, client: &Client) -> Result<HeaderValue, AuthError> {
        let asked = Time::now();
        let usable = self.kept.token.load_full().filter(|token| token.ends > asked.after(TOO_CLOSE));
        match usable {
            Some(token) if token.replace_at > asked => Ok(token.header.clone()),
            Some(token) => match self.kept.turn.try_lock() {
                // The one that is there still does where no other can be had.
                Ok(mut turn) => Ok(self.renew(client, &mut turn).await.unwrap_or_else(|_| token.header.clone())),
                Err(_) => Ok(token.header.clone()),
            },
            None => self.wait_for_one(client, asked).await,
        }
    }

    async fn wait_for_one(&self, client: &Client, asked: Time) -> Result<HeaderValue, AuthError> {
        let mut turn = self.kept.turn.lock().await;
        if let Some(token) = self.kept.token.load_full().filter(|token| token.replace_at > Time::now()) {
            return Ok(token.header.clone());
        }
        match &*turn {
            Some((when, error)) if *when >= asked => Err(error.clone()),
            _ => self.renew(client, &mut turn).await,
        }
    }

    async fn renew(&self, client: &Client, failure: &mut Option<(Time, AuthError)>) -> Result<HeaderValue, AuthError> {
        let fetched = Box::pin(tokio::time::timeout(PATIENCE, self.fetch.fetch(client))).await;
        let fetched = fetched.unwrap_or_else(|_| {
            let message = format!("{} made no token within {} s", self.fetch.origin(), PATIENCE.as_secs());
            Err(AuthError::Unreachable(message))
        });
        match fetched {
            Ok(token) => {
                *failure = None;
                let header = token.header.clone();
                self.kept.token.store(Some(Arc::new(token)));
                Ok(header)
            }
            Err(error) => {
                *failure = Some((Time::now(), error.clone()));
                Err(error)
            }
        }
    }

    /// Takes no further call with the token that is there.
    pub(super) fn forget(&self) {
        self.kept.token.store(None);
    }
}

fn kept(credential: &[&str]) -> Arc<Kept> {
    let mut hash = Sha256::new();
    for part in credential {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut all = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|_, kept| kept.strong_count() > 0);
    let place = all.entry(hash.finalize().into()).or_default();
    place.upgrade().unwrap_or_else(|| {
        let made = Arc::new(Kept::default());
        *place = Arc::downgrade(&made);
        made
    })
}

impl Fetch {
    fn origin(&self) -> &str {
        match self {
            Fetch::Form { endpoint, .. } => endpoint.origin(),
        }
    }

    async fn fetch(&self, client: &Client) -> Result<Token, AuthError> {
        match self {
            Fetch::Form { endpoint, form, secret } => {
                let (status, body) = post(client, endpoint, form).await?;
                read(endpoint, status, &body).map_err(|error| error.without(secret))
            }
        }
    }
}

impl AuthError {
    /// A server may say the secret again.
    fn without(self, secret: &Secret) -> AuthError {
        let clean = |message: String| message.replace(secret.reveal(), "[secret]");
        match self {
            AuthError::Refused(message) => AuthError::Refused(clean(message)),
            AuthError::Unreachable(message) => AuthError::Unreachable(clean(message)),
        }
    }
}

/// Fields as forms have them.
pub(super) fn form(fields: &[(&str, &str)]) -> Secret {
    let encoded = |text: &str| utf8_percent_encode(text, FORM).to_string();
    let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    Secret::new(fields.join("&"))
}

const FORM: &percent_encoding::AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

async fn post(client: &Client, endpoint: &Endpoint, form: &Secret) -> Result<(u16, Bytes), AuthError> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let body = Bytes::copy_from_slice(form.reveal().as_bytes());
    ask(client, (Method::POST, endpoint), headers, body).await
}

async fn ask(
    client: &Client,
    (method, endpoint): (Method, &Endpoint),
    mut headers: HeaderMap,
    body: Bytes,
) -> Result<(u16, Bytes), AuthError> {
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    let outgoing = Outgoing { endpoint, method, headers, body: body.into(), patience: Patience { connect: CONNECT } };
    let unreachable = |error: HttpError| AuthError::Unreachable(format!("no token can be made: {error}"));
    let response = client.send(outgoing).await.map_err(unreachable)?;
    let status = response.status().as_u16();
    Ok((status, response.into_body().collect(MOST).await.map_err(unreachable)?))
}

/// What a token endpoint answers (RFC 6749, 5.1 and 5.2).
#[derive(Deserialize, Default)]
#[serde(default)]
struct Answer {
    access_token: Option<String>,
    /// Seconds; some write the number as a text.
    expires_in: serde_json::Value,
    error: serde_json::Value,
    error_description: Option<String>,
}

fn read(endpoint: &Endpoint, status: u16, body: &[u8]) -> Result<Token, AuthError> {
    let answer: Answer = serde_json::from_slice(body).unwrap_or_default();
    let origin = endpoint.origin();
    let Some(token) = answer.access_token.filter(|_| status < 300) else {
        let said = answer.error_description.or_else(|| answer.error.as_str().map(str::to_owned));
        let said = said.map(|said| format!(": {}", said.lines().next().unwrap_or_default())).unwrap_or_default();
        return Err(match status {
            400..=404 => AuthError::Refused(format!("{origin} refused the credentials (HTTP {status}){said}")),
            _ => AuthError::Unreachable(format!("{origin} made no token (HTTP {status}){said}")),
        });
    };
    let seconds = match &answer.expires_in {
        serde_json::Value::Number(number) => number.as_u64(),
        serde_json::Value::String(text) => text.parse().ok(),
        _ => None,
    };
    Token::new(&Secret::new(token), seconds.map_or(USUAL, Duration::from_secs), Time::now())
        .ok_or_else(|| AuthError::Unreachable(format!("{origin} made a token that no header can carry")))
}

impl Token {
    fn new(token: &Secret, good_for: Duration, now: Time) -> Option<Token> {
        let (_, header) = super::bearer::bearer(token).ok()?;
        let ends = now.after(good_for);
        Some(Token { header, replace_at: ends.before(AHEAD.min(good_for / 2)), ends })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Network;
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers each connection with the next of these bodies; counts them.
    fn server(answers: &'static [(u16, &'static str)]) -> (Endpoint, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let counted = asked.clone();
        std::thread::spawn(move || {
            for (status, body) in answers {
                let (mut stream, _) = listener.accept().unwrap();
                let mut read = Vec::new();
                while !read.ends_with(b"a=1") {
                    let mut some = [0; 512];
                    let count = stream.read(&mut some).unwrap();
                    read.extend_from_slice(&some[..count]);
                }
                counted.fetch_add(1, Ordering::SeqCst);
                let length = body.len();
                let head =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
                stream.write_all(head.as_bytes()).unwrap();
            }
        });
        (endpoint, asked)
    }

    fn source(endpoint: &Endpoint) -> TokenSource {
        let (form, secret) = (form(&[("a", "1")]), Secret::new("hunter2-hunter2"));
        TokenSource::new(&[endpoint.origin()], Fetch::Form { endpoint: endpoint.clone(), form, secret })
    }

    fn client() -> Client {
        Client::new(Arc::new(Network::new(None).unwrap()))
    }

    #[tokio::test]
    async fn a_token_is_fetched_once_for_all_who_wait() {
        let (endpoint, asked) = server(&[(200, r#"{"access_token":"t1","expires_in":3600}"#)]);
        let (source, client) = (source(&endpoint), client());
        let headers = futures_util::future::join_all((0..20).map(|_| source.header(&client))).await;
        assert!(headers.iter().all(|header| header.as_ref().unwrap() == "Bearer t1"));
        // The same credential in another configuration has the same token.
        assert_eq!(super::tests::source(&endpoint).header(&client).await.unwrap(), "Bearer t1");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        assert!(headers[0].as_ref().unwrap().is_sensitive());
    }

    #[tokio::test]
    async fn a_token_about_to_end_is_replaced_and_one_that_was_refused_forgotten() {
        let (endpoint, asked) = server(&[
            (200, r#"{"access_token":"t1","expires_in":"20"}"#),
            (200, r#"{"access_token":"t2","expires_in":3600}"#),
            (200, r#"{"access_token":"t3"}"#),
        ]);
        let (source, client) = (source(&endpoint), client());
        assert_eq!(source.header(&client).await.unwrap(), "Bearer t1");
        let old = source.kept.token.load_full().unwrap();
        source.kept.token.store(Some(Arc::new(Token {
            replace_at: Time::now(),
            ends: old.ends,
            header: old.header.clone(),
        })));
        assert_eq!(source.header(&client).await.unwrap(), "Bearer t2");
        source.forget();
        assert_eq!(source.header(&client).await.unwrap(), "Bearer t3");
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn a_failure_is_told_to_all_who_waited_and_tried_again_later() {
        let (endpoint, asked) = server(&[
            (401, r#"{"error":"invalid_client","error_description":"AADSTS7000215: bad hunter2-hunter2\r\nTrace: x"}"#),
            (500, "oops"),
        ]);
        let (source, client) = (source(&endpoint), client());
        let failed = futures_util::future::join_all((0..5).map(|_| source.header(&client))).await;
        for error in failed {
            let Err(AuthError::Refused(message)) = error else { panic!("{error:?}") };
            assert!(message.ends_with("(HTTP 401): AADSTS7000215: bad [secret]"), "{message}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        let later = Time::now();
        while Time::now() <= later {
            std::thread::yield_now();
        }
        assert!(
            matches!(source.header(&client).await, Err(AuthError::Unreachable(message)) if message.contains("HTTP 500"))
        );
    }

    #[test]
    fn a_short_life_is_replaced_in_its_second_half() {
        let now = Time::from_millis(0);
        let token = |seconds| Token::new(&Secret::new("t"), Duration::from_secs(seconds), now).unwrap();
        assert_eq!(token(3600).replace_at, now.after(Duration::from_secs(3300)));
        assert_eq!(token(60).replace_at, now.after(Duration::from_secs(30)));
    }
}
