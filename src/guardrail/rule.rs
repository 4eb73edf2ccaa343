//! What the span types are made of: rules that know where a match may begin and decide by looking.

use super::view::View;
use std::ops::Range;

/// How a rule decides at a place; none where nothing matches.
pub type Find = fn(&View<'_>, usize) -> Option<Hit>;

/// How much more of the text belongs to a match that was taken before its end had come: the end, and whether that is the
/// end for good.
pub type Run = fn(&View<'_>, usize) -> usize;

/// A fixed rule of a type.
pub struct Rule {
    /// What it finds, as placeholders say it: `EMAIL`.
    pub label: &'static str,
    /// Where it is asked.
    pub trigger: Trigger,
    /// How it decides.
    pub find: Find,
    /// Where in the end of a text a match may have begun that no trigger has shown yet.
    pub tail: Option<fn(&[u8]) -> usize>,
}

/// Where a rule is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// At this byte.
    Byte(u8),
    /// At the begin of each run of letters and digits that has a digit in it.
    Token,
    /// Where one of these texts begins; letters of either case.
    Texts(&'static [&'static str]),
    /// At each character that may be invisible.
    Invisible,
}

/// A match.
#[derive(Clone)]
pub struct Hit {
    /// What of the text it is.
    pub range: Range<usize>,
    /// How it goes on, where its end was not waited for.
    pub run: Option<Run>,
}

impl Hit {
    /// A match with an end.
    pub fn whole(range: Range<usize>) -> Option<Hit> {
        Some(Hit { range, run: None })
    }

    /// A match that goes on as `run` says.
    pub fn open(range: Range<usize>, run: Run) -> Option<Hit> {
        Some(Hit { range, run: Some(run) })
    }
}

/// A number of up to four digits that stands alone between words: prose has many, and only a date begins like that.
pub(super) fn is_plain_number(text: &[u8], begin: usize, end: usize) -> bool {
    let alone = begin.checked_sub(1).is_none_or(|at| matches!(text[at], b' ' | b'\n'));
    let digits = end - begin <= 4 && text[begin..end].iter().all(u8::is_ascii_digit);
    let Some(after) = text.get(end..end + 2) else { return false };
    let joined = matches!(after[0], b'-' | b'.' | b'/' | b':' | b'(' | b')' | b'+' | b'_') || after[0] >= 0x80;
    alone && digits && !joined && !(after[1].is_ascii_digit() || matches!(after[1], b'(' | b'+'))
}
