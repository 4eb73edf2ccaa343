//! The only HTTP client: HTTP/1.1 and HTTP/2, TLS, proxies from the environment, reused connections.
//!
//! One [`Client`] belongs to one core, so that a call never changes threads. It follows no redirect
//! and repeats no request; what a provider is, and what an answer means, it does not know.

mod body;
mod certificate;
mod connect;
mod lease;
mod look;
mod pool;
mod retry;
mod tls;

pub use body::ReplyBody;
pub use certificate::Certificate;
pub use connect::Network;
pub use look::{Distrust, Presented};
pub use retry::retry_after;
pub use tls::TrustError;

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::Full;
use lease::{Failed, Lease, Undone};
use pool::Pool;
use std::sync::Arc;
use std::time::Duration;

/// Why no answer came.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The name does not resolve, nothing listens, TLS fails: nothing was sent.
    #[error("cannot connect to {origin}: {reason}")]
    Connect {
        /// Scheme, host and port.
        origin: String,
        /// What the system, the TLS library or the proxy said.
        reason: String,
    },
    /// No connection in time: nothing was sent.
    #[error("no connection to {origin} within {} s", .after.as_secs_f32())]
    ConnectTimeout {
        /// Scheme, host and port.
        origin: String,
        /// How long was waited.
        after: Duration,
    },
    /// The connection broke before the answer began; the request may have been read.
    #[error("{origin} broke the connection before it answered: {reason}")]
    Broken {
        /// Scheme, host and port.
        origin: String,
        /// What the protocol said.
        reason: String,
    },
    /// The connection broke inside the answer.
    #[error("the connection broke inside the answer: {0}")]
    Body(String),
    /// The answer is larger than the caller of the client wants it.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

impl HttpError {
    /// Whether the other side surely saw nothing of the request.
    pub fn nothing_sent(&self) -> bool {
        matches!(self, HttpError::Connect { .. } | HttpError::ConnectTimeout { .. })
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A server that refuses a request more often than this is not asked again.
const MOST_REFUSALS: usize = 3;

/// An address to send to, taken apart once so that a call has little to do.
#[derive(Clone, Debug)]
pub struct Endpoint {
    pub(crate) origin: Arc<Origin>,
    path: PathAndQuery,
}

/// Scheme, host and port.
#[derive(Debug)]
pub(crate) struct Origin {
    pub(crate) scheme: Scheme,
    pub(crate) authority: Authority,
    host: HeaderValue,
    /// `scheme://authority/`, for connectors.
    pub(crate) uri: Uri,
    /// What the pool goes by, and what errors say.
    pub(crate) name: String,
}

/// A text is no address of an HTTP server.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no http or https address")]
pub struct AddressError(String);

impl Endpoint {
    /// Reads an absolute address.
    ///
    /// # Errors
    /// [`AddressError`] where scheme or host are missing.
    pub fn parse(address: &str) -> Result<Endpoint, AddressError> {
        let wrong = || AddressError(address.to_owned());
        let uri: Uri = address.parse().map_err(|_| wrong())?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(authority)) = (parts.scheme, parts.authority) else { return Err(wrong()) };
        if scheme != Scheme::HTTP && scheme != Scheme::HTTPS {
            return Err(wrong());
        }
        let root = PathAndQuery::from_static("/");
        let name = format!("{scheme}://{authority}");
        let uri: Uri = format!("{name}/").parse().map_err(|_| wrong())?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong())?;
        let origin = Arc::new(Origin { scheme, authority, host, uri, name });
        Ok(Endpoint { origin, path: parts.path_and_query.unwrap_or(root) })
    }

    /// The same server, another path.
    ///
    /// # Errors
    /// [`AddressError`] where the path has characters that no path has.
    pub fn with_path(&self, path: &str) -> Result<Endpoint, AddressError> {
        let path = path.parse().map_err(|_| AddressError(path.to_owned()))?;
        Ok(Endpoint { origin: self.origin.clone(), path })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin.name
    }

    /// The host, a literal IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.origin.authority.host()
    }

    /// Whether it is reached by TLS.
    pub fn is_secure(&self) -> bool {
        self.origin.scheme == Scheme::HTTPS
    }

    /// The path, with its query.
    pub fn path(&self) -> &str {
        self.path.as_str()
    }
}

/// The time-outs of one exchange.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until there is a connection.
    pub connect: Duration,
}

/// What to send.
pub struct Outgoing<'a> {
    /// Where to.
    pub endpoint: &'a Endpoint,
    /// How.
    pub method: Method,
    /// Headers; host and length are added.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// How long to wait.
    pub patience: Patience,
}

/// A client with its own connections.
pub struct Client {
    network: Arc<Network>,
    pool: Arc<Pool>,
}

impl Client {
    /// A client on this network set-up. It must be used on a tokio runtime.
    pub fn new(network: Arc<Network>) -> Client {
        Client { network, pool: Arc::new(Pool::default()) }
    }

    /// Sends a request and waits for the head of the answer. Dropping the future, or the body that
    /// it gives, breaks the exchange off at once.
    ///
    /// # Errors
    /// [`HttpError::Connect`], [`HttpError::ConnectTimeout`], [`HttpError::Broken`].
    pub async fn send(&self, outgoing: Outgoing<'_>) -> Result<Response<ReplyBody>, HttpError> {
        let origin = outgoing.endpoint.origin.clone();
        // Inside a tunnel nobody but the server answers.
        let is_proxied = !outgoing.endpoint.is_secure() && self.network.proxy(outgoing.endpoint).is_some();
        let mut message = self.request(outgoing.endpoint, outgoing.method, outgoing.headers, outgoing.body);
        let mut refusals = 0;
        loop {
            let mut lease = self.lease(&origin, outgoing.patience).await?;
            message = match lease.send(message).await {
                Ok(response) if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED && is_proxied => {
                    return Err(self.refused_by_proxy(outgoing.endpoint));
                }
                Ok(response) => return Ok(response.map(|body| ReplyBody::new(body, lease.into_return(&self.pool)))),
                // Closed while it lay idle; so may others be, until there is none left.
                Err(Failed { undone: Some(Undone::Unsent(unsent)), .. }) if lease.was_used() => unsent,
                Err(Failed { undone: Some(Undone::Refused(refused)), .. }) if refusals < MOST_REFUSALS => {
                    refusals += 1;
                    refused
                }
                Err(failed) => return Err(failed.error),
            };
        }
    }

    /// The proxy itself answered, and the server saw nothing.
    fn refused_by_proxy(&self, endpoint: &Endpoint) -> HttpError {
        let proxy = self.network.proxy(endpoint).unwrap_or_default();
        let reason = format!("the proxy {proxy} wants another authorization (HTTP 407)");
        HttpError::Connect { origin: endpoint.origin().to_owned(), reason }
    }

    /// A connection, in time: one that waits, or one that is shared, or a new one.
    async fn lease(&self, origin: &Arc<Origin>, patience: Patience) -> Result<Lease, HttpError> {
        if let Some(lease) = self.pool.take(origin) {
            return Ok(lease);
        }
        // Rare, and its state is large: kept out of the state of each call.
        match Box::pin(tokio::time::timeout(patience.connect, self.open(origin))).await {
            Ok(opened) => {
                opened.map_err(|reason| HttpError::Connect { origin: origin.name.clone(), reason: reason.to_string() })
            }
            Err(_) => Err(HttpError::ConnectTimeout { origin: origin.name.clone(), after: patience.connect }),
        }
    }

    /// Opens a connection, unless one that another call opens meanwhile will do.
    async fn open(&self, origin: &Arc<Origin>) -> Result<Lease, BoxError> {
        let turn = self.pool.turn(origin);
        let mut held = None;
        if let Some(turn) = &turn {
            held = Some(turn.clone().lock_owned().await);
            if let Some(lease) = self.pool.take(origin) {
                return Ok(lease);
            }
            let next = self.pool.turn(origin);
            // What was waited for failed, or cannot be shared: all who waited go on at once.
            held = held.filter(|_| next.is_some_and(|next| Arc::ptr_eq(&next, turn)));
        }
        let opened = self.network.connect(origin).await;
        match opened {
            Ok(wire) => {
                self.pool.opened(origin, &wire);
                let lease = Lease::fresh(wire, origin);
                lease.hold(held);
                Ok(lease)
            }
            Err(reason) => {
                self.pool.not_opened(origin);
                Err(reason)
            }
        }
    }

    /// The request in origin form; what a proxy or HTTP/2 needs besides is put in when it is sent.
    fn request(&self, endpoint: &Endpoint, method: Method, headers: HeaderMap, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.version_mut() = Version::HTTP_11;
        *request.uri_mut() = Uri::from(endpoint.path.clone());
        *request.headers_mut() = headers;
        let headers = request.headers_mut();
        headers.insert(HOST, endpoint.origin.host.clone());
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(concat!("optscale-ai/", env!("CARGO_PKG_VERSION"))));
        request
    }
}

fn broken(origin: &Origin, reason: &str) -> HttpError {
    HttpError::Broken { origin: origin.name.clone(), reason: reason.to_owned() }
}

/// An error and what caused it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(endpoint: &Endpoint, connect: Duration) -> Outgoing<'_> {
        let patience = Patience { connect };
        Outgoing { endpoint, method: Method::GET, headers: HeaderMap::new(), body: Bytes::new(), patience }
    }

    #[tokio::test]
    async fn a_server_that_never_ends_the_handshake_is_given_up_in_time() {
        // The system takes the connection, and nobody answers.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::parse(&format!("https://{}/", listener.local_addr().unwrap())).unwrap();
        let client = Client::new(Arc::new(Network::new(None).unwrap()));
        let calls =
            [Duration::from_millis(20), Duration::from_millis(30)].map(|wait| client.send(get(&endpoint, wait)));
        for failed in futures_util::future::join_all(calls).await {
            let error = failed.err().unwrap();
            assert!(matches!(error, HttpError::ConnectTimeout { .. }) && error.nothing_sent(), "{error}");
        }
    }

    #[tokio::test]
    async fn nobody_listens() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = Endpoint::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
        drop(listener);
        let client = Client::new(Arc::new(Network::new(None).unwrap()));
        let error = client.send(get(&endpoint, Duration::from_secs(10))).await.err().unwrap();
        assert!(error.to_string().contains("refused") && error.nothing_sent(), "{error}");
    }
}
