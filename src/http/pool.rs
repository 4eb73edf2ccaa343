//! Connections that wait for their next request.

use super::{HttpError, Origin, broken};
use bytes::Bytes;
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Servers close idle connections after a minute or so; before that, we do.
const IDLE: Duration = Duration::from_secs(45);
const MOST_IDLE: usize = 1024;

type Http1 = http1::SendRequest<Full<Bytes>>;
type Http2 = http2::SendRequest<Full<Bytes>>;

/// The idle connections of one client, by origin.
#[derive(Default)]
pub(crate) struct Pool(Mutex<HashMap<String, Idle>>);

#[derive(Default)]
struct Idle {
    /// Newest last: taking from the end lets the rest grow old and be dropped.
    http1: Vec<(Http1, Instant)>,
    /// One connection carries all.
    http2: Option<Http2>,
}

/// How a connection is addressed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// `GET /path`.
    Origin,
    /// `GET http://host/path`, to a proxy.
    Absolute,
}

pub(crate) enum Wire {
    One(Http1, Form, Option<http::HeaderValue>),
    Two(Http2),
}

/// A connection for the time of one exchange.
pub(crate) struct Lease {
    wire: Wire,
    idle: bool,
    origin: Arc<Origin>,
}

/// Gives a connection back when its exchange is over; dropping it closes the connection.
pub(crate) struct Return {
    wire: Option<Http1>,
    origin: Arc<Origin>,
    pool: Arc<Pool>,
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that is alive and free.
    pub(crate) async fn take(&self, origin: &Arc<Origin>) -> Option<Lease> {
        loop {
            let mut wire = self.pop(origin)?;
            let alive = match &mut wire {
                Wire::One(sender, ..) => !sender.is_closed() && sender.ready().await.is_ok(),
                Wire::Two(sender) => sender.ready().await.is_ok(),
            };
            if alive {
                return Some(Lease { wire, idle: true, origin: origin.clone() });
            }
        }
    }

    fn pop(&self, origin: &Origin) -> Option<Wire> {
        let mut all = self.lock();
        let idle = all.get_mut(&origin.name)?;
        if let Some(shared) = &idle.http2 {
            if !shared.is_closed() {
                return Some(Wire::Two(shared.clone()));
            }
            idle.http2 = None;
        }
        let (sender, since) = idle.http1.pop()?;
        if since.elapsed() > IDLE {
            // It is the newest: the others are older.
            idle.http1.clear();
            return None;
        }
        Some(Wire::One(sender, Form::Origin, None))
    }

    fn give(&self, origin: &Origin, sender: Http1) {
        let mut all = self.lock();
        if !all.contains_key(&origin.name) {
            all.insert(origin.name.clone(), Idle::default());
        }
        let Some(idle) = all.get_mut(&origin.name) else { return };
        let now = Instant::now();
        if idle.http1.first().is_some_and(|(_, since)| now - *since > IDLE) {
            idle.http1.retain(|(_, since)| now - *since <= IDLE);
        }
        if idle.http1.len() < MOST_IDLE {
            idle.http1.push((sender, now));
        }
    }

    fn share(&self, origin: &Origin, sender: &Http2) {
        self.lock().entry(origin.name.clone()).or_default().http2 = Some(sender.clone());
    }
}

type Unsent = Option<Request<Full<Bytes>>>;

impl Lease {
    /// A fresh connection.
    pub(crate) fn new(wire: Wire, origin: Arc<Origin>) -> Lease {
        Lease { wire, idle: false, origin }
    }

    /// Whether it lay in the pool before.
    pub(crate) fn was_idle(&self) -> bool {
        self.idle
    }

    /// Sends one request; on failure gives it back if no byte of it went out.
    pub(crate) async fn send(
        &mut self,
        mut request: Request<Full<Bytes>>,
        origin: &Origin,
    ) -> Result<Response<Incoming>, (HttpError, Unsent)> {
        let result = match &mut self.wire {
            Wire::One(sender, form, proxy_auth) => {
                if *form == Form::Absolute {
                    *request.uri_mut() = absolute(origin, request.uri());
                }
                if let Some(value) = proxy_auth {
                    request.headers_mut().insert(http::header::PROXY_AUTHORIZATION, value.clone());
                }
                sender.try_send_request(request).await
            }
            Wire::Two(sender) => {
                *request.uri_mut() = absolute(origin, request.uri());
                *request.version_mut() = http::Version::HTTP_2;
                request.headers_mut().remove(http::header::HOST);
                sender.try_send_request(request).await
            }
        };
        result.map_err(|mut failed| {
            let unsent = failed.take_message().map(|message| restore(message, origin));
            (broken(origin, &super::chain(&failed.into_error())), unsent)
        })
    }

    /// What gives the connection back.
    pub(crate) fn into_return(self, pool: &Arc<Pool>) -> Return {
        let wire = match self.wire {
            Wire::One(sender, Form::Origin, None) => Some(sender),
            Wire::One(..) => None,
            Wire::Two(sender) => {
                if !self.idle {
                    pool.share(&self.origin, &sender);
                }
                None
            }
        };
        Return { wire, origin: self.origin, pool: pool.clone() }
    }
}

impl Return {
    /// The answer has been read to its end.
    pub(crate) fn done(mut self) {
        if let Some(sender) = self.wire.take() {
            self.pool.give(&self.origin, sender);
        }
    }
}

fn absolute(origin: &Origin, uri: &Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(origin.scheme.clone());
    parts.authority = Some(origin.authority.clone());
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

/// Puts a request that did not go out back into the form of a fresh one.
fn restore(mut request: Request<Full<Bytes>>, origin: &Origin) -> Request<Full<Bytes>> {
    if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = Uri::from(path);
    }
    *request.version_mut() = http::Version::HTTP_11;
    request.headers_mut().insert(http::header::HOST, origin.host.clone());
    request
}
