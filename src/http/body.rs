//! The body of an answer. It gives its connection back when it was read to the end; dropped before,
//! it breaks the exchange off.

use super::HttpError;
use super::lease::Return;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

const MOST_RESERVED: usize = 1024 * 1024;

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
        if self.incoming.size_hint().lower() > limit as u64 {
            return Err(HttpError::TooLarge(limit));
        }
        let Some(first) = self.next().await else { return Ok(Bytes::new()) };
        let first = first?;
        let Some(second) = self.next().await else { return within(first, limit) };
        let mut all = BytesMut::with_capacity(self.reserve(first.len()).min(limit));
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

    /// Room for what the server announced, or for a few times what it sent at first. A server that
    /// announces much gets room as it sends.
    fn reserve(&self, had: usize) -> usize {
        let left = self.incoming.size_hint().exact().and_then(|left| usize::try_from(left).ok());
        left.map_or(4 * had, |left| had.saturating_add(left)).clamp(had, MOST_RESERVED.max(had))
    }
}

fn data(frame: Frame<Bytes>) -> Option<Bytes> {
    frame.into_data().ok().filter(|bytes| !bytes.is_empty())
}

fn within(bytes: Bytes, limit: usize) -> Result<Bytes, HttpError> {
    if bytes.len() > limit { Err(HttpError::TooLarge(limit)) } else { Ok(bytes) }
}
