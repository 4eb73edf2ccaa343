//! A connection for the time of one exchange, and how a request goes out on it.

use super::pool::{Held, Load, Pool, Slot};
use super::{HttpError, Origin, Payload, broken, chain};
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION};
use http::{Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use std::error::Error;
use std::sync::Arc;

/// What goes out.
pub(super) type Message = Request<Payload>;

/// How a request names its target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `GET /path`.
    Origin,
    /// `GET http://host/path`, to a proxy.
    Absolute,
}

/// A connection that carries one exchange at a time.
pub(super) struct Http1 {
    pub(super) sender: http1::SendRequest<Payload>,
    pub(super) form: Form,
    /// What a proxy asks for.
    pub(super) proxy_auth: Option<HeaderValue>,
}

/// A connection that carries many exchanges.
#[derive(Clone)]
pub(super) struct Http2 {
    pub(super) sender: http2::SendRequest<Payload>,
    pub(super) load: Arc<Load>,
}

/// A connection, fresh from the network.
pub(super) enum Wire {
    One(Http1),
    Two(Http2),
}

/// A connection for the time of one exchange.
pub(super) struct Lease {
    line: Line,
    origin: Arc<Origin>,
    /// Whether it carried an exchange before, or may be carrying one.
    used: bool,
}

enum Line {
    One(Http1),
    Two { line: Http2, _place: Slot },
}

/// Gives a connection back when its exchange is over; dropped before, it closes a connection of
/// HTTP/1.1, and frees the place on one of HTTP/2.
pub(crate) struct Return {
    line: Line,
    origin: Arc<Origin>,
    pool: Arc<Pool>,
}

/// A request that got no answer.
pub(super) struct Failed {
    pub(super) error: HttpError,
    pub(super) undone: Option<Undone>,
}

/// A request that the other side surely did not act on.
pub(super) enum Undone {
    /// The connection was closed before a byte of it went out.
    Unsent(Message),
    /// The server says that it did nothing with it.
    Refused(Message),
}

impl Lease {
    /// A connection that was just opened.
    pub(super) fn fresh(wire: Wire, origin: &Arc<Origin>) -> Lease {
        Lease { line: wire.into(), origin: origin.clone(), used: false }
    }

    /// A connection from the pool.
    pub(super) fn reused(wire: Wire, origin: &Arc<Origin>) -> Lease {
        Lease { line: wire.into(), origin: origin.clone(), used: true }
    }

    /// Keeps a turn until it is known how many exchanges the connection carries; ends it at once where that is one.
    pub(super) fn hold(&self, turn: Option<Held>) {
        if let Line::Two { line, .. } = &self.line {
            line.load.hold(turn);
        }
    }

    /// Whether it came from the pool.
    pub(super) fn was_used(&self) -> bool {
        self.used
    }

    /// Sends one request.
    ///
    /// # Errors
    /// [`Failed`], with the request where it may be sent again.
    pub(super) async fn send(&mut self, message: Message) -> Result<Response<Incoming>, Failed> {
        match &mut self.line {
            Line::One(line) => {
                let sent = line.sender.try_send_request(line.dressed(message, &self.origin)).await;
                sent.map_err(|failed| failure(failed, None, &self.origin))
            }
            Line::Two { line, .. } => {
                // A header map and a reference to the body: little beside what an answer costs.
                let spare = copied(&message);
                let sent = line.sender.try_send_request(for_http2(message, &self.origin)).await;
                sent.map_err(|failed| failure(failed, spare, &self.origin))
            }
        }
    }

    /// What gives the connection back.
    pub(super) fn into_return(self, pool: &Arc<Pool>) -> Return {
        Return { line: self.line, origin: self.origin, pool: pool.clone() }
    }
}

impl From<Wire> for Line {
    fn from(wire: Wire) -> Line {
        match wire {
            Wire::One(line) => Line::One(line),
            Wire::Two(line) => {
                let place = Slot::take(&line.load);
                Line::Two { line, _place: place }
            }
        }
    }
}

impl Return {
    /// The answer has been read to its end.
    pub(crate) fn done(self) {
        if let Line::One(line) = self.line {
            self.pool.give(&self.origin, line);
        }
    }
}

impl Http1 {
    fn dressed(&self, mut message: Message, origin: &Origin) -> Message {
        if self.form == Form::Absolute {
            *message.uri_mut() = absolute(origin, message.uri());
        }
        if let Some(value) = &self.proxy_auth {
            message.headers_mut().insert(PROXY_AUTHORIZATION, value.clone());
        }
        message
    }
}

fn for_http2(mut message: Message, origin: &Origin) -> Message {
    *message.uri_mut() = absolute(origin, message.uri());
    *message.version_mut() = Version::HTTP_2;
    message.headers_mut().remove(HOST);
    message
}

fn failure(mut failed: TrySendError<Message>, spare: Option<Message>, origin: &Origin) -> Failed {
    let unsent = failed.take_message().map(|message| Undone::Unsent(restore(message, origin)));
    let error = failed.into_error();
    let undone = unsent.or_else(|| spare.filter(|_| is_refused(&error)).map(Undone::Refused));
    Failed { error: broken(origin, &chain(&error)), undone }
}

/// The same request once more; none where its body comes only once.
fn copied(message: &Message) -> Option<Message> {
    let mut copy = Request::new(message.body().again()?);
    *copy.method_mut() = message.method().clone();
    *copy.uri_mut() = message.uri().clone();
    *copy.version_mut() = message.version();
    *copy.headers_mut() = message.headers().clone();
    Some(copy)
}

/// Whether the server did nothing with the request: it refused the stream, or said in its
/// GOAWAY that it went no further than an earlier one (RFC 9113, sections 6.8 and 8.7).
fn is_refused(error: &hyper::Error) -> bool {
    let Some(cause) = error.source().and_then(|cause| cause.downcast_ref::<h2::Error>()) else { return false };
    cause.is_remote() && (cause.is_go_away() || cause.reason() == Some(h2::Reason::REFUSED_STREAM))
}

fn absolute(origin: &Origin, uri: &Uri) -> Uri {
    let mut parts = uri.clone().into_parts();
    parts.scheme = Some(origin.scheme.clone());
    parts.authority = Some(origin.authority.clone());
    Uri::from_parts(parts).unwrap_or_else(|_| uri.clone())
}

/// Puts a request that did not go out back into the form of a fresh one.
fn restore(mut message: Message, origin: &Origin) -> Message {
    if let Some(path) = message.uri().path_and_query().cloned() {
        *message.uri_mut() = Uri::from(path);
    }
    *message.version_mut() = Version::HTTP_11;
    message.headers_mut().remove(PROXY_AUTHORIZATION);
    message.headers_mut().insert(HOST, origin.host.clone());
    message
}
