//! The only HTTP client: HTTP/1.1 and HTTP/2, TLS, proxies from the environment, reused connections.
//!
//! One [`Client`] belongs to one core, so that a call never changes threads. It follows no redirect
//! and repeats no request; what a provider is, and what an answer means, it does not know.

mod body;
mod connect;
mod pool;

pub use body::ReplyBody;
pub use connect::{Network, TrustError};

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderValue, USER_AGENT};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, Request, Response, Uri, Version};
use http_body_util::Full;
use pool::{Lease, Pool};
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
        let mut request = Some(self.request(outgoing.endpoint, outgoing.method, outgoing.headers, outgoing.body));
        loop {
            let mut lease = match self.pool.take(&origin).await {
                Some(lease) => lease,
                // Rare, and its state is large: kept out of the state of each call.
                None => Box::pin(self.connect(&origin, outgoing.patience)).await?,
            };
            let Some(message) = request.take() else { return Err(broken(&origin, "the request was lost")) };
            match lease.send(message, &origin).await {
                Ok(response) => return Ok(response.map(|body| ReplyBody::new(body, lease.into_return(&self.pool)))),
                // A connection that was closed while it lay idle gives the request back unsent.
                Err((error, Some(unsent))) if lease.was_idle() => {
                    drop(error);
                    request = Some(unsent);
                }
                Err((error, _)) => return Err(broken(&origin, &chain(&error))),
            }
        }
    }

    /// Opens a connection in time.
    async fn connect(&self, origin: &Arc<Origin>, patience: Patience) -> Result<Lease, HttpError> {
        match tokio::time::timeout(patience.connect, self.network.connect(origin)).await {
            Ok(connected) => connected
                .map_err(|reason| HttpError::Connect { origin: origin.name.clone(), reason: reason.to_string() }),
            Err(_) => Err(HttpError::ConnectTimeout { origin: origin.name.clone(), after: patience.connect }),
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
