//! The body of an answer. It gives its connection back when it was read to the end; dropped before,
//! it breaks the exchange off.

use super::HttpError;
use super::pool::Return;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The bytes of an answer as they come.
pub struct ReplyBody {
    incoming: Incoming,
    lease: Option<Return>,
}

impl ReplyBody {
    pub(crate) fn new(incoming: Incoming, lease: Return) -> ReplyBody {
        ReplyBody { incoming, lease: Some(lease) }
    }

    /// The next bytes; none at the end.
    pub fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, HttpError>>> {
        loop {
            match Pin::new(&mut self.incoming).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.finish();
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.lease = None;
                    return Poll::Ready(Some(Err(HttpError::Body(super::chain(&error)))));
                }
                Poll::Ready(Some(Ok(frame))) => {
                    if self.incoming.is_end_stream() {
                        self.finish();
                    }
                    if let Some(bytes) = data(frame) {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                }
            }
        }
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.done();
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`HttpError::Body`]; [`HttpError::TooLarge`] beyond `limit` bytes.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, HttpError> {
        let Some(first) = self.next().await else { return Ok(Bytes::new()) };
        let first = first?;
        let Some(second) = self.next().await else { return within(first, limit) };
        let mut all = BytesMut::with_capacity(self.size_hint(first.len()).min(limit));
        all.extend_from_slice(&first);
        all.extend_from_slice(&second?);
        while let Some(more) = self.next().await {
            all.extend_from_slice(&more?);
            if all.len() > limit {
                return Err(HttpError::TooLarge(limit));
            }
        }
        within(all.freeze(), limit)
    }

    /// The next bytes; none at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, HttpError>> {
        std::future::poll_fn(|cx| self.poll_bytes(cx)).await
    }

    fn size_hint(&self, had: usize) -> usize {
        let left = usize::try_from(self.incoming.size_hint().lower()).unwrap_or(0);
        had.saturating_add(left).max(4 * had)
    }
}

fn data(frame: Frame<Bytes>) -> Option<Bytes> {
    frame.into_data().ok().filter(|bytes| !bytes.is_empty())
}

fn within(bytes: Bytes, limit: usize) -> Result<Bytes, HttpError> {
    if bytes.len() > limit { Err(HttpError::TooLarge(limit)) } else { Ok(bytes) }
}
