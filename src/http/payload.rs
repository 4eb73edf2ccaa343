//! The body of a request: bytes that are there, or bytes that are still coming.

use super::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::task::{Context, Poll};

/// The body of a request.
pub enum Payload {
    /// All of it; none once it is sent.
    Whole(Option<Bytes>),
    /// As it comes. It can be sent once only.
    Coming(Pin<Box<dyn Body<Data = Bytes, Error = BoxError> + Send>>),
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Payload {
        Payload::Whole(Some(bytes).filter(|bytes| !bytes.is_empty()))
    }
}

impl Payload {
    /// The same once more, where that can be.
    pub(super) fn again(&self) -> Option<Payload> {
        match self {
            Payload::Whole(bytes) => Some(Payload::Whole(bytes.clone())),
            Payload::Coming(_) => None,
        }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut *self {
            Payload::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Payload::Coming(body) => body.as_mut().poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Payload::Whole(bytes) => bytes.is_none(),
            Payload::Coming(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Payload::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Payload::Coming(body) => body.size_hint(),
        }
    }
}
