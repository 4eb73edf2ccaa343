//! Bytes to the frames of a stream and back: server-sent events (WHATWG HTML, section 9.2), lines of JSON,
//! and the binary messages of AWS.
//!
//! Frames keep the bytes they came in, so that a stream nobody edits loses and changes none. Lines
//! end in LF, CR LF or CR; a frame ends at an empty line.

use super::amazon;
use bytes::{Buf, Bytes, BytesMut};
use memchr::{memchr2, memchr2_iter};
use std::borrow::Cow;

/// A frame larger than this is no frame; providers send images of a few MiB in one.
pub const MAX_FRAME: usize = 32 * 1024 * 1024;

/// How a stream is cut into frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    #[default]
    Events,
    /// A JSON value a line, ended by LF.
    Lines,
    /// Messages of `application/vnd.amazon.eventstream`: the first four bytes are the length of all of it.
    Amazon,
    /// The same, with a server-sent event inside of each: frames are what is inside.
    Wrapped,
}

impl Framing {
    /// How the media type of such a stream begins.
    pub fn media_type(self) -> &'static str {
        match self {
            Framing::Events => "text/event-stream",
            Framing::Lines => "application/x-ndjson",
            Framing::Amazon | Framing::Wrapped => "application/vnd.amazon.eventstream",
        }
    }

    fn is_binary(self) -> bool {
        matches!(self, Framing::Amazon | Framing::Wrapped)
    }

    /// Where the first frame ends, looking from `from` on.
    fn end(self, bytes: &[u8], from: usize) -> Option<usize> {
        match self {
            Framing::Events => frame_end(bytes, from),
            Framing::Lines => memchr::memchr(b'\n', &bytes[from..]).map(|at| from + at + 1),
            Framing::Amazon | Framing::Wrapped => {
                // A length that no message has ends the frame at once: its reader refuses it.
                let length = u32::from_be_bytes(*bytes.first_chunk::<4>()?) as usize;
                let length = length.max(4);
                (bytes.len() >= length).then_some(length)
            }
        }
    }
}

/// One frame: its bytes as they came, empty line included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The bytes.
    pub raw: Bytes,
}

impl Frame {
    /// The bytes with the end that never came.
    pub fn ended(&self) -> Bytes {
        [&self.raw[..], b"\n\n"].concat().into()
    }

    /// The event's name; empty where the frame has none.
    pub fn event(&self) -> &[u8] {
        let mut name: &[u8] = b"";
        for (field, value) in self.fields() {
            if field == b"event" {
                name = value;
            }
        }
        name
    }

    /// The data lines joined by LF; none where the frame has no data (a comment, a `retry`).
    pub fn data(&self) -> Option<Cow<'_, [u8]>> {
        let mut lines = self.fields().filter(|(field, _)| *field == b"data").map(|(_, value)| value);
        let first = lines.next()?;
        let Some(second) = lines.next() else { return Some(Cow::Borrowed(first)) };
        let mut joined = [first, second].join(&b'\n');
        for line in lines {
            joined.push(b'\n');
            joined.extend_from_slice(line);
        }
        Some(Cow::Owned(joined))
    }

    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        Lines(&self.raw).filter(|line| !line.is_empty()).map(|line| {
            let colon = memchr::memchr(b':', line).unwrap_or(line.len());
            let value = line.get(colon + 1..).unwrap_or_default();
            (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
        })
    }
}

struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.0.is_empty() {
            return None;
        }
        let end = memchr2(b'\n', b'\r', self.0).unwrap_or(self.0.len());
        let line = &self.0[..end];
        let crlf = self.0[end..].starts_with(b"\r\n");
        self.0 = self.0.get(end + 1 + usize::from(crlf)..).unwrap_or_default();
        Some(line)
    }
}

/// The stream sent a frame larger than [`MAX_FRAME`].
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a frame of the stream is larger than 32 MiB")]
pub struct FrameTooLarge;

/// Cuts bytes into frames, however they are chunked.
#[derive(Default)]
pub struct Splitter {
    framing: Framing,
    /// Bytes of frames that are not complete; a chunk that holds whole frames is never copied.
    rest: Chunk,
    /// How far `rest` has been looked at in vain.
    seen: usize,
    started: bool,
}

enum Chunk {
    Whole(Bytes),
    Grown(BytesMut),
}

impl Default for Chunk {
    fn default() -> Chunk {
        Chunk::Whole(Bytes::new())
    }
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Chunk::Whole(bytes) => bytes,
            Chunk::Grown(bytes) => bytes,
        }
    }

    fn split_to(&mut self, at: usize) -> Bytes {
        match self {
            Chunk::Whole(bytes) => bytes.split_to(at),
            Chunk::Grown(bytes) => bytes.split_to(at).freeze(),
        }
    }

    fn advance(&mut self, count: usize) {
        match self {
            Chunk::Whole(bytes) => bytes.advance(count),
            Chunk::Grown(bytes) => bytes.advance(count),
        }
    }

    fn extend(&mut self, more: Bytes) {
        match self {
            Chunk::Whole(bytes) if bytes.is_empty() => *self = Chunk::Whole(more),
            Chunk::Whole(bytes) => {
                let mut grown = BytesMut::with_capacity(bytes.len() + more.len());
                grown.extend_from_slice(bytes);
                grown.extend_from_slice(&more);
                *self = Chunk::Grown(grown);
            }
            Chunk::Grown(bytes) if bytes.is_empty() => *self = Chunk::Whole(more),
            Chunk::Grown(bytes) => bytes.extend_from_slice(&more),
        }
    }
}

impl Splitter {
    /// Cuts a stream of that kind.
    pub fn new(framing: Framing) -> Splitter {
        Splitter { framing, started: framing.is_binary(), ..Splitter::default() }
    }

    /// Takes the next bytes in.
    pub fn push(&mut self, more: Bytes) {
        self.rest.extend(more);
        const MARK: &[u8] = b"\xEF\xBB\xBF";
        if !self.started && self.rest.bytes().len() >= MARK.len() {
            self.started = true;
            if self.rest.bytes().starts_with(MARK) {
                self.rest.advance(MARK.len());
            }
        }
    }

    /// The next whole frame.
    ///
    /// # Errors
    /// [`FrameTooLarge`].
    pub fn next_frame(&mut self) -> Result<Option<Frame>, FrameTooLarge> {
        let bytes = self.rest.bytes();
        match self.framing.end(bytes, self.seen) {
            Some(end) => {
                self.seen = 0;
                let raw = self.rest.split_to(end);
                let unwrapped = (self.framing == Framing::Wrapped).then(|| amazon::unwrapped(&raw).into());
                Ok(Some(Frame { raw: unwrapped.unwrap_or(raw) }))
            }
            None if bytes.len() > MAX_FRAME => Err(FrameTooLarge),
            None => {
                // The last bytes may be the first half of an end: CR LF CR LF has four.
                self.seen = bytes.len().saturating_sub(3);
                Ok(None)
            }
        }
    }

    /// What is left when the stream is over: a frame whose empty line never came. A message that is not whole is none.
    pub fn finish(self) -> Option<Frame> {
        if self.framing.is_binary() {
            return None;
        }
        let raw = match self.rest {
            Chunk::Whole(bytes) => bytes,
            Chunk::Grown(bytes) => bytes.freeze(),
        };
        (!raw.iter().all(u8::is_ascii_whitespace)).then_some(Frame { raw })
    }
}

/// Where the first frame ends, looking from `from` on.
fn frame_end(bytes: &[u8], from: usize) -> Option<usize> {
    for at in memchr2_iter(b'\n', b'\r', &bytes[from..]).map(|i| i + from) {
        let rest = &bytes[at..];
        let end = match rest {
            [b'\n', b'\n', ..] | [b'\r', b'\r', ..] => 2,
            [b'\r', b'\n', b'\r', b'\n', ..] => 4,
            // A lone CR at the end of what has come may be half of CR LF: wait for more.
            [b'\n', b'\r', b'\n', ..] | [b'\r', b'\n', b'\n', ..] => 3,
            [b'\n', b'\r', _, ..] => 2,
            [b'\r', b'\n', b'\r', _, ..] => 3,
            _ => continue,
        };
        return Some(at + end);
    }
    None
}

/// Appends a frame with one line of data.
pub fn write_data(data: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(b"data: ");
    out.extend_from_slice(data);
    out.extend_from_slice(b"\n\n");
}

/// Appends a frame with a name and one line of data.
pub fn write_event(event: &str, data: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(b"event: ");
    out.extend_from_slice(event.as_bytes());
    out.extend_from_slice(b"\n");
    write_data(data, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frames(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let mut splitter = Splitter::default();
        let mut out = Vec::new();
        for chunk in chunks {
            splitter.push(Bytes::copy_from_slice(chunk));
            while let Ok(Some(frame)) = splitter.next_frame() {
                out.push(frame.raw.to_vec());
            }
        }
        out.extend(splitter.finish().map(|frame| frame.raw.to_vec()));
        out
    }

    #[test]
    fn reads_names_and_data() {
        let frame = Frame { raw: Bytes::from_static(b": hi\nevent: delta\r\ndata: {\"a\":\ndata:1}\nretry: 5\n\n") };
        assert_eq!(frame.event(), b"delta");
        assert_eq!(frame.data().as_deref(), Some(b"{\"a\":\n1}".as_slice()));
        assert_eq!(Frame { raw: Bytes::from_static(b": ping\n\n") }.data(), None);
    }

    #[test]
    fn all_line_ends_cut() {
        let stream = b"data: 1\n\ndata: 2\r\n\r\ndata: 3\r\rdata: 4\n\n";
        assert_eq!(frames(&[stream]).len(), 4);
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        assert_eq!(frames(&[b"\xEF\xBB", b"\xBFdata: 1\n\n"]), [b"data: 1\n\n"]);
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same_frames(
            bodies in prop::collection::vec("[a-z]{0,6}", 1..6),
            ends in prop::collection::vec(prop::sample::select(vec!["\n", "\r\n", "\r"]), 6),
            cuts in prop::collection::vec(0usize..80, 0..8),
        ) {
            let stream: String = bodies.iter().zip(&ends)
                .map(|(body, end)| format!("event: e{end}data: {body}{end}{end}")).collect();
            let whole = frames(&[stream.as_bytes()]);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(stream.len())).collect();
            cuts.extend([0, stream.len()]);
            cuts.sort_unstable();
            let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &stream.as_bytes()[w[0]..w[1]]).collect();
            let cut = frames(&chunks);
            prop_assert_eq!(cut.concat(), stream.as_bytes());
            let data = |frames: &[Vec<u8>]| -> Vec<Option<Vec<u8>>> {
                frames.iter().map(|raw| Frame { raw: raw.clone().into() }.data().map(Cow::into_owned)).filter(Option::is_some).collect()
            };
            prop_assert_eq!(data(&cut), data(&whole));
            prop_assert_eq!(data(&cut).len(), bodies.len());
        }
    }
}
