//! The body of an answer: chunks at a pace, ended well or broken off.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// The body of a sandbox answer. Must be polled inside a tokio runtime with timers where it has a pace.
pub struct SandboxBody {
    chunks: VecDeque<Bytes>,
    pace: Duration,
    /// To be waited before the next chunk; becomes `pause` when polled, inside the runtime.
    wait: Duration,
    pause: Option<Pin<Box<Sleep>>>,
    ending: Ending,
}

/// How a body ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ending {
    /// After the last chunk.
    Whole,
    /// With an error after the last chunk.
    Broken,
}

impl SandboxBody {
    /// A body of these chunks with `pace` between two of them.
    pub(super) fn new(chunks: Vec<Bytes>, pace: Duration, ending: Ending) -> SandboxBody {
        SandboxBody { chunks: chunks.into(), pace, wait: Duration::ZERO, pause: None, ending }
    }

    /// The same body, whose first chunk comes after `delay`.
    pub(super) fn after(mut self, delay: Duration) -> SandboxBody {
        self.wait = delay;
        self
    }

    #[cfg(test)]
    pub(super) fn chunks(&self) -> impl Iterator<Item = &Bytes> {
        self.chunks.iter()
    }
}

impl Body for SandboxBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let wait = std::mem::take(&mut self.wait);
        if !wait.is_zero() {
            self.pause = Some(Box::pin(sleep(wait)));
        }
        if let Some(pause) = &mut self.pause {
            ready!(pause.as_mut().poll(context));
            self.pause = None;
        }
        if let Some(chunk) = self.chunks.pop_front() {
            self.wait = if self.chunks.is_empty() { Duration::ZERO } else { self.pace };
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match std::mem::replace(&mut self.ending, Ending::Whole) {
            Ending::Whole => Poll::Ready(None),
            Ending::Broken => Poll::Ready(Some(Err(io::Error::new(
                io::ErrorKind::ConnectionReset,
                "the sandbox broke off, as the model `cut` always does",
            )))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.chunks.is_empty() && self.ending == Ending::Whole
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.chunks.iter().map(|chunk| chunk.len() as u64).sum();
        match self.ending {
            Ending::Whole => SizeHint::with_exact(left),
            Ending::Broken => SizeHint::default(),
        }
    }
}
