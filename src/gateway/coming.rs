//! A whole answer on its way: its pieces, until all are there or it breaks off.

use super::call::Outcome;
use super::dispatch::{ANNOUNCE_AFTER, MOST_REPLY, no_end};
use super::record::Trace;
use super::upstream::Source;
use crate::canonical::{Code, Complaint};
use bytes::Bytes;
use tokio::time::{Instant, timeout, timeout_at};

/// All of an answer. One that takes its time has a row that says it is under way; of one that breaks off, or that nobody
/// waits for any more, the trace gets what had come.
pub(crate) async fn whole_body(
    provider: &str,
    (body, deadline): (Source, Instant),
    slot: &mut Option<Trace>,
) -> Outcome<Bytes> {
    let mut coming = Coming { slot, had: Vec::new(), is_whole: false };
    let mut body = body;
    let collected = match timeout(ANNOUNCE_AFTER, coming.collect(&mut body)).await {
        Ok(collected) => collected,
        Err(_) => {
            if let Some(trace) = coming.slot {
                trace.announce();
            }
            timeout_at(deadline, coming.collect(&mut body)).await.map_err(|_| no_end(provider))?
        }
    };
    collected.map(|()| coming.whole())
}

/// The pieces of an answer that comes.
struct Coming<'a> {
    slot: &'a mut Option<Trace>,
    had: Vec<Bytes>,
    is_whole: bool,
}

impl Coming<'_> {
    /// Goes on where it was broken off.
    async fn collect(&mut self, body: &mut Source) -> Outcome<()> {
        let mut length: usize = self.had.iter().map(Bytes::len).sum();
        while let Some(piece) = std::future::poll_fn(|cx| body.poll_bytes(cx)).await {
            let piece = piece?;
            length += piece.len();
            if length > MOST_REPLY {
                let message = format!("the provider's answer is larger than {MOST_REPLY} bytes and cannot be used");
                return Err(Complaint::new(Code::ProviderMalformed, message));
            }
            self.had.push(piece);
        }
        Ok(())
    }

    /// All of them; one is not copied.
    fn whole(mut self) -> Bytes {
        self.is_whole = true;
        match self.had.as_slice() {
            [one] => one.clone(),
            all => all.concat().into(),
        }
    }
}

impl Drop for Coming<'_> {
    fn drop(&mut self) {
        if !self.is_whole && !self.had.is_empty() {
            partly(self.slot, &self.had.concat());
        }
    }
}

/// An answer that cannot be used will be billed all the same.
pub(crate) fn partly(slot: &mut Option<Trace>, bytes: &[u8]) {
    if let Some(trace) = slot {
        trace.partly(bytes);
    }
}
