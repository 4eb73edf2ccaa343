//! A text that comes in pieces and leaves masked: only what may still become a match is held back.

use super::scanner::{Act, Acts, Found, Going, Scanner};
use super::view::LOOKBACK;

/// A text under way.
#[derive(Clone, Default)]
pub struct Window {
    /// What is held back, behind what rules may look back at.
    buffer: String,
    /// Where what is held back begins.
    from: usize,
    going: Going,
}

/// What becomes of the next bytes of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece<'p> {
    /// They leave as they are.
    Keep(&'p str),
    /// They are what a guardrail found.
    Found {
        /// Which guardrail, in the scanner's order.
        guard: usize,
        /// What it is.
        label: &'p str,
        /// What becomes of it. Only what is masked takes the place of its bytes; the others are told and kept.
        act: Act,
        /// The bytes.
        text: &'p str,
        /// Whether they go on with what was masked before.
        more: bool,
    },
}

impl Window {
    /// Takes more of the text in, and gives what is decided; all that is left where it is the last.
    pub fn step(
        &mut self,
        (scanner, acts): (&Scanner, &Acts),
        (more, last): (&str, bool),
        out: &mut dyn FnMut(Piece<'_>),
    ) {
        self.buffer.push_str(more);
        self.pass((scanner, acts), last, out);
        if last {
            *self = Window::default();
        } else {
            self.forget();
        }
    }

    fn pass(&mut self, (scanner, acts): (&Scanner, &Acts), last: bool, out: &mut dyn FnMut(Piece<'_>)) {
        let mut found = Vec::new();
        let end = scanner.pass((&self.buffer, self.from, last), acts, &mut self.going, &mut found);
        pieces(&self.buffer, self.from..end, &found, out);
        self.from = end;
    }

    /// Lets go of what no rule looks back at.
    fn forget(&mut self) {
        let most = self.from.saturating_sub(LOOKBACK);
        if most < 4 * LOOKBACK {
            return;
        }
        let cut = (0..=most).rev().find(|at| self.buffer.is_char_boundary(*at)).unwrap_or_default();
        self.buffer.drain(..cut);
        self.from -= cut;
        self.going.shift(cut);
    }
}

/// A whole text in pieces.
pub fn whole((scanner, acts): (&Scanner, &Acts), text: &str, out: &mut dyn FnMut(Piece<'_>)) {
    let mut found = Vec::new();
    let end = scanner.pass((text, 0, true), acts, &mut Going::default(), &mut found);
    pieces(text, 0..end, &found, out);
}

fn pieces(text: &str, range: std::ops::Range<usize>, found: &[Found<'_>], out: &mut dyn FnMut(Piece<'_>)) {
    let mut at = range.start;
    for hit in found {
        let bytes = text.get(hit.range.clone()).unwrap_or_default();
        let piece = Piece::Found { guard: hit.guard, label: hit.label, act: hit.act, text: bytes, more: hit.more };
        if hit.act == Act::Redact {
            keep(text, at..hit.range.start, out);
            at = hit.range.end;
        }
        out(piece);
    }
    keep(text, at..range.end, out);
}

fn keep(text: &str, range: std::ops::Range<usize>, out: &mut dyn FnMut(Piece<'_>)) {
    if let Some(kept) = text.get(range).filter(|kept| !kept.is_empty()) {
        out(Piece::Keep(kept));
    }
}
