//! A body as it arrived, plus edits. What nobody changed goes out byte for byte.

use bytes::{Bytes, BytesMut};
use std::ops::Range;

/// A request body with pending edits.
#[derive(Clone, Debug)]
pub struct Body {
    bytes: Bytes,
    edits: Vec<(Range<usize>, Bytes)>,
}

impl Body {
    /// A body without edits.
    pub fn new(bytes: Bytes) -> Body {
        Body { bytes, edits: Vec::new() }
    }

    /// The bytes as they arrived.
    pub fn original(&self) -> &Bytes {
        &self.bytes
    }

    /// Puts `with` in the place of `range`, which counts in the original bytes. Edits may come in
    /// any order; one that overlaps an earlier one, or lies outside, is not taken.
    pub fn replace(&mut self, range: Range<usize>, with: impl Into<Bytes>) -> bool {
        let place = self.edits.partition_point(|(other, _)| {
            other.start < range.start || other.end <= range.start && other.start <= range.start
        });
        let fits = range.start <= range.end
            && range.end <= self.bytes.len()
            && self.edits.get(place).is_none_or(|(next, _)| range.end <= next.start)
            && (place == 0 || self.edits[place - 1].0.end <= range.start);
        if fits {
            self.edits.insert(place, (range, with.into()));
        }
        fits
    }

    /// Puts `with` before the byte at `at`.
    pub fn insert(&mut self, at: usize, with: impl Into<Bytes>) -> bool {
        self.replace(at..at, with)
    }

    /// What goes out: the very buffer that arrived if nothing was edited, else one splice.
    pub fn finish(self) -> Bytes {
        if self.edits.is_empty() {
            return self.bytes;
        }
        let grown: usize = self.edits.iter().map(|(_, with)| with.len()).sum();
        let mut out = BytesMut::with_capacity(self.bytes.len() + grown);
        let mut done = 0;
        for (range, with) in &self.edits {
            out.extend_from_slice(&self.bytes[done..range.start]);
            out.extend_from_slice(with);
            done = range.end;
        }
        out.extend_from_slice(&self.bytes[done..]);
        out.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_unedited_body_is_the_same_buffer() {
        let bytes = Bytes::from_static(b"{\"model\": \"m\"}");
        assert_eq!(Body::new(bytes.clone()).finish().as_ptr(), bytes.as_ptr());
    }

    #[test]
    fn edits_apply_in_any_order_and_overlaps_are_refused() {
        let mut body = Body::new(Bytes::from_static(b"0123456789"));
        assert!(body.replace(6..8, "BB"));
        assert!(body.replace(1..3, ""));
        assert!(body.insert(0, "<"));
        assert!(body.insert(10, ">"));
        assert!(!body.replace(7..9, "x"));
        assert!(!body.replace(9..11, "x"));
        assert_eq!(body.finish(), "<0345BB89>");
    }

    proptest! {
        #[test]
        fn bytes_outside_edits_survive(text in "[a-z]{0,40}", at in 0usize..40, len in 0usize..10) {
            let (start, end) = (at.min(text.len()), (at + len).min(text.len()));
            let mut body = Body::new(Bytes::from(text.clone()));
            prop_assert!(body.replace(start..end, "#"));
            let expected = format!("{}#{}", &text[..start], &text[end..]);
            prop_assert_eq!(body.finish(), expected);
        }
    }
}
