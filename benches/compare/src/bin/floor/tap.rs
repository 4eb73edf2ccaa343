//! The provider's answer on its way through: every frame untouched, and a look at the last of them.

use std::pin::Pin;
use std::sync::mpsc::SyncSender;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use serde::Deserialize;

use crate::call::Slot;
use crate::ledger::Row;

/// Bytes at the end of an answer in which its usage is looked for.
const TAIL: usize = 4_096;
const USAGE: &[u8] = b"\"usage\":{";
/// Pico-dollars a token: 2.50 and 10 dollars a million.
const PRICE_IN: i64 = 2_500_000;
const PRICE_OUT: i64 = 10_000_000;

/// Passes an answer on, and writes its row when it ends or is dropped.
pub struct Tap {
    inner: Incoming,
    slot: Option<Slot>,
    tail: Vec<u8>,
    row: Option<Row>,
    start: Instant,
    ledger: SyncSender<Row>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default, alias = "input_tokens")]
    prompt_tokens: i64,
    #[serde(default, alias = "output_tokens")]
    completion_tokens: i64,
}

impl Tap {
    /// A tap on `inner`, whose connection goes back to its pool from `slot` when the answer has ended.
    pub fn new(inner: Incoming, slot: Slot, row: Row, start: Instant) -> Self {
        let ledger = slot.ledger();
        Self { inner, slot: Some(slot), tail: Vec::new(), row: Some(row), start, ledger }
    }

    fn see(&mut self, data: &Bytes) {
        self.tail.extend_from_slice(&data[data.len().saturating_sub(TAIL)..]);
        if self.tail.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
    }

    fn end(&mut self, complete: bool) {
        let Some(mut row) = self.row.take() else { return };
        if let (true, Some(slot)) = (complete, self.slot.take()) {
            slot.give_back();
        }
        if let Some(usage) = usage(&self.tail) {
            (row.tokens_in, row.tokens_out) = (usage.prompt_tokens, usage.completion_tokens);
            row.cost_pico = row.tokens_in * PRICE_IN + row.tokens_out * PRICE_OUT;
        }
        row.duration_us = self.start.elapsed().as_micros() as i64;
        row.complete = complete;
        // Nobody waits for the writer: a row that finds it full is lost.
        let _ = self.ledger.try_send(row);
    }
}

fn usage(tail: &[u8]) -> Option<Usage> {
    let at = memchr::memmem::rfind(tail, USAGE)? + USAGE.len() - 1;
    serde_json::Deserializer::from_slice(&tail[at..]).into_iter().next()?.ok()
}

impl Body for Tap {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                if let Some(data) = frame.data_ref() {
                    self.see(data);
                }
                // hyper does not poll again where the length is known.
                if self.inner.is_end_stream() {
                    self.end(true);
                }
            }
            Poll::Ready(None) => self.end(true),
            Poll::Ready(Some(Err(_))) => self.end(false),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.end(false);
    }
}
