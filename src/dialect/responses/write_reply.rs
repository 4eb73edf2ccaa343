//! Writes a whole answer: the object that a stream of the same answer ends with.

use super::write_stream::Writer;
use crate::canonical::Reply;
use crate::dialect::{Answering, WriteStream, Written};
use bytes::BytesMut;

/// Writes the answer to a call.
pub(super) fn write(to: &Answering<'_>, reply: Reply) -> Written {
    let mut writer = Writer::new(to);
    let mut frames = BytesMut::new();
    for event in reply.into_events() {
        writer.event(event, &mut frames);
        frames.clear();
    }
    writer.end(&mut frames);
    Written { bytes: writer.whole().unwrap_or_default(), dropped: writer.dropped().to_vec() }
}
