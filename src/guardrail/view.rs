//! A text of which perhaps more comes, as a rule sees it: it may read ahead, and is found out when the text was too short.
//!
//! A rule whose look never reached the end of what has come has decided for good, whatever comes next. That is all that
//! streams ask of a rule.

use std::cell::Cell;
use std::ops::Range;

/// So far back a rule may look from where its match begins.
pub const LOOKBACK: usize = 128;

/// A text as far as it has come.
pub struct View<'t> {
    text: &'t [u8],
    /// Whether nothing comes any more.
    last: bool,
    short: Cell<bool>,
    begin: Cell<usize>,
}

impl<'t> View<'t> {
    /// A look at a text.
    pub fn new(text: &'t str, last: bool) -> View<'t> {
        View { text: text.as_bytes(), last, short: Cell::new(false), begin: Cell::new(0) }
    }

    /// The bytes that have come.
    pub fn bytes(&self) -> &'t [u8] {
        self.text
    }

    /// Whether nothing comes any more.
    pub fn is_last(&self) -> bool {
        self.last
    }

    /// The byte there; none at the end.
    pub fn byte(&self, at: usize) -> Option<u8> {
        let byte = self.text.get(at).copied();
        if byte.is_none() && !self.last {
            self.short.set(true);
        }
        byte
    }

    /// The byte before.
    pub fn before(&self, at: usize) -> Option<u8> {
        at.checked_sub(1).and_then(|at| self.text.get(at).copied())
    }

    /// Where the run of such bytes ends, looking at `most` of them.
    pub fn run(&self, at: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let mut end = at;
        while end - at < most && self.byte(end).is_some_and(&is) {
            end += 1;
        }
        end
    }

    /// Where the run of such bytes before begins, looking at `most` of them.
    pub fn back(&self, at: usize, most: usize, is: impl Fn(u8) -> bool) -> usize {
        let mut begin = at;
        while at - begin < most && self.before(begin).is_some_and(&is) {
            begin -= 1;
        }
        begin
    }

    /// Whether the text goes on like that; ASCII letters of either case are the same.
    pub fn goes_on(&self, at: usize, with: &[u8]) -> bool {
        with.iter().enumerate().all(|(place, byte)| self.byte(at + place).is_some_and(|b| b.eq_ignore_ascii_case(byte)))
    }

    /// The bytes of a range, as far as they are there.
    pub fn slice(&self, range: Range<usize>) -> &'t [u8] {
        let end = range.end.min(self.text.len());
        self.text.get(range.start.min(end)..end).unwrap_or_default()
    }

    /// What stands before a place, at most so many bytes of it.
    pub fn context(&self, at: usize, most: usize) -> &'t [u8] {
        let most = most.min(LOOKBACK - 8);
        &self.text[at.saturating_sub(most)..at]
    }

    /// A rule looks now; should it need more text, all from here on must wait.
    pub(super) fn start(&self, at: usize) {
        self.short.set(false);
        self.begin.set(at);
    }

    /// The match would begin here and not where the rule was called.
    pub fn begins(&self, at: usize) {
        self.begin.set(at.min(self.begin.get()));
    }

    /// Where the text must wait, if the rule needed more of it.
    pub(super) fn waits(&self) -> Option<usize> {
        self.short.get().then(|| self.begin.get())
    }

    /// Whether the rule looked beyond what has come.
    pub(super) fn is_short(&self) -> bool {
        self.short.get()
    }
}

/// Letters and digits of ASCII.
pub fn alnum(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

/// Whether no letter, digit or underscore stands there.
pub fn apart(byte: Option<u8>) -> bool {
    !byte.is_some_and(|byte| alnum(byte) || byte == b'_')
}

/// Whether one of the words stands in a text, as a word of its own; the words in lower case.
pub fn mentions(text: &[u8], words: &[&str]) -> bool {
    let lower = text.to_ascii_lowercase();
    words.iter().any(|word| {
        memchr::memmem::find_iter(&lower, word.as_bytes()).any(|at| {
            let letter = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphabetic);
            let before = at.checked_sub(1).and_then(|at| lower.get(at));
            !letter(before) && !letter(lower.get(at + word.len()))
        })
    })
}
