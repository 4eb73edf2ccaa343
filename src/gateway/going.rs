//! Frames of a stream that go on as they came, without being copied where that can be.

use crate::dialect::WriteStream;
use crate::dialect::sse::Frame;
use bytes::{Bytes, BytesMut};

/// Frames on their way.
pub(super) enum Going<'a> {
    /// One is not copied, and neither are several that make up the chunk they came in.
    Raw { frames: Frames, chunk: &'a Bytes },
    /// They are laid out anew.
    Relayed { writer: &'a mut dyn WriteStream, out: BytesMut },
}

pub(super) enum Frames {
    Nothing,
    One(Bytes),
    Many(Vec<Bytes>),
}

impl<'a> Going<'a> {
    pub fn new(chunk: &'a Bytes) -> Going<'a> {
        Going::Raw { frames: Frames::Nothing, chunk }
    }

    pub fn relayed(writer: &'a mut dyn WriteStream) -> Going<'a> {
        Going::Relayed { writer, out: BytesMut::new() }
    }

    pub fn push(&mut self, frame: Frame) {
        match self {
            Going::Relayed { writer, out } => writer.relay(&frame, out),
            Going::Raw { frames, .. } => {
                *frames = match std::mem::replace(frames, Frames::Nothing) {
                    Frames::Nothing => Frames::One(frame.raw),
                    Frames::One(first) => Frames::Many(vec![first, frame.raw]),
                    Frames::Many(mut all) => {
                        all.push(frame.raw);
                        Frames::Many(all)
                    }
                };
            }
        }
    }

    /// What goes on now.
    pub fn finish(self) -> Bytes {
        match self {
            Going::Relayed { out, .. } => out.freeze(),
            Going::Raw { frames: Frames::Nothing, .. } => Bytes::new(),
            Going::Raw { frames: Frames::One(raw), .. } => raw,
            Going::Raw { frames: Frames::Many(all), chunk } => {
                let total: usize = all.iter().map(Bytes::len).sum();
                let first = all.first().map(|raw| raw.as_ptr());
                if total == chunk.len() && first == Some(chunk.as_ptr()) { chunk.clone() } else { all.concat().into() }
            }
        }
    }

    /// The same, and the answer is over with it.
    pub fn end(mut self) -> Bytes {
        if let Going::Relayed { writer, out } = &mut self {
            writer.end(out);
        }
        self.finish()
    }
}
