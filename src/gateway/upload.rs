//! The body of a request on its way to a provider: what was read of it, then what still comes.

use super::accept::BODY_IDLE;
use super::multipart::Form;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::time::Sleep;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body under way.
pub(crate) struct Upload {
    read: VecDeque<Bytes>,
    rest: Incoming,
    /// Watches a form for a second model.
    form: Option<Form>,
    alarm: Option<Pin<Box<Sleep>>>,
}

impl Upload {
    /// What was read, and where the rest comes from.
    pub fn new(read: VecDeque<Bytes>, rest: Incoming, form: Option<Form>) -> Upload {
        Upload { read, rest, form, alarm: None }
    }

    fn checked(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>, BoxError> {
        self.alarm = None;
        if let (Some(form), Some(bytes)) = (&mut self.form, frame.data_ref()) {
            form.push(bytes).map_err(|complaint| complaint.message.into_owned())?;
        }
        Ok(frame)
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if let Some(bytes) = self.read.pop_front() {
            return Poll::Ready(Some(Ok(Frame::data(bytes))));
        }
        match Pin::new(&mut self.rest).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => Poll::Ready(Some(self.checked(frame))),
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                let alarm = self.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(BODY_IDLE)));
                std::task::ready!(alarm.as_mut().poll(cx));
                Poll::Ready(Some(Err("no byte of the upload came for 30 s".into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.read.is_empty() && self.rest.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let read: u64 = self.read.iter().map(|bytes| bytes.len() as u64).sum();
        let rest = self.rest.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(read + rest.lower());
        if let Some(upper) = rest.upper() {
            hint.set_upper(read + upper);
        }
        hint
    }
}
