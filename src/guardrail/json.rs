//! JSON text that comes in pieces and leaves masked, still JSON: words are looked at as a reader of the JSON would see
//! them, without escapes, and what is put in their place is written with them.
//!
//! A number that is masked becomes a string; quotes, braces and commas always stay.

use super::scanner::Act;
use super::window::Piece;
use std::collections::VecDeque;

/// JSON text under way. It does not look at words itself: whoever does is handed them, and gives pieces.
#[derive(Clone, Default)]
pub struct JsonLens {
    /// What of the raw text is not a whole unit yet.
    raw: String,
    in_string: bool,
    /// What is held back, unit by unit.
    units: VecDeque<Unit>,
    /// Whether the placeholder of a masked value stands already, and only more of the value follows.
    masked: bool,
}

/// Looks at words: more of them, whether they are the last, and where the pieces go.
pub type Look<'l> = &'l mut dyn FnMut(&str, bool, &mut dyn FnMut(Piece<'_>));

/// The smallest part that stays or goes as a whole.
#[derive(Clone)]
struct Unit {
    /// As it stands in the JSON.
    raw: String,
    /// How long it is to a reader.
    length: usize,
    kind: UnitKind,
    /// What takes its place, once a part of it is masked.
    instead: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum UnitKind {
    /// Quotes, braces, colons, gaps.
    Structure,
    /// A character of a string, or an escape.
    Letter,
    /// A number, or `true`, `false`, `null`.
    Bare,
}

/// What became of a piece: told for each match; the text that takes its place is asked for.
pub trait Mask {
    /// What stands in the place of a match that is masked; none where it only goes on.
    fn found(&mut self, guard: usize, label: &str, act: Act, text: &str) -> String;
}

impl JsonLens {
    /// Takes more of the JSON in, and appends what is decided; all that is left where it is the last.
    pub fn step(&mut self, (more, last): (&str, bool), look: Look<'_>, mask: &mut dyn Mask, out: &mut String) {
        self.raw.push_str(more);
        let words = self.take_units(last);
        let (mut units, mut masked) = (std::mem::take(&mut self.units), self.masked);
        look(&words, last, &mut |piece| lay(piece, (&mut units, &mut masked), mask, out));
        if last {
            // What no reader could read leaves as it came.
            units.drain(..).for_each(|unit| unit.write(out));
            *self = JsonLens::default();
        } else {
            (self.units, self.masked) = (units, masked);
        }
    }

    /// Cuts what has come into units; gives the words that a reader sees in them.
    fn take_units(&mut self, last: bool) -> String {
        let raw = std::mem::take(&mut self.raw);
        let (mut words, mut at) = (String::new(), 0);
        while let Some((unit, word, in_string)) = next_unit(&raw[at..], self.in_string, last) {
            at += unit.raw.len();
            self.in_string = in_string;
            words.push_str(&word);
            self.units.push_back(unit);
        }
        self.raw = raw[at..].to_owned();
        words
    }
}

/// The next unit, what a reader sees of it, and whether a string is open behind it; none where more must come.
fn next_unit(raw: &str, in_string: bool, last: bool) -> Option<(Unit, String, bool)> {
    let first = raw.chars().next()?;
    let unit = |length: usize, word: String, kind| {
        let unit = Unit { raw: raw[..length].to_owned(), length: word.len(), kind, instead: None };
        (unit, word)
    };
    let (made, open) = match (in_string, first) {
        (true, '"') => (unit(1, "\"".into(), UnitKind::Structure), false),
        (true, '\\') => {
            let (length, word) = escape(raw, last)?;
            (unit(length, word, UnitKind::Letter), true)
        }
        (true, letter) => (unit(letter.len_utf8(), letter.to_string(), UnitKind::Letter), true),
        (false, '"') => (unit(1, "\"".into(), UnitKind::Structure), true),
        (false, letter) if is_bare(letter) => {
            let length = raw
                .find(|c| !is_bare(c))
                .or(last.then_some(raw.len()))
                .or((raw.len() > LONGEST_BARE).then_some(raw.len()))?;
            (unit(length, raw[..length].to_owned(), UnitKind::Bare), false)
        }
        (false, other) => (unit(other.len_utf8(), other.to_string(), UnitKind::Structure), false),
    };
    Some((made.0, made.1, open))
}

const LONGEST_BARE: usize = 256;

fn is_bare(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || matches!(letter, '+' | '-' | '.')
}

/// An escape and what it stands for; half a pair of surrogates waits for the other.
fn escape(raw: &str, last: bool) -> Option<(usize, String)> {
    let plain = |length: usize| (length, raw[..length].to_owned());
    let whole = || plain(raw.char_indices().nth(2).map_or(raw.len(), |(at, _)| at));
    let word = match raw.as_bytes().get(1) {
        None => return last.then(|| plain(1)),
        Some(b'n') => '\n',
        Some(b't') => '\t',
        Some(b'r') => '\r',
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(letter @ (b'"' | b'\\' | b'/')) => char::from(*letter),
        Some(b'u') => return unicode(raw, last),
        Some(_) => return Some(whole()),
    };
    Some((2, word.to_string()))
}

fn unicode(raw: &str, last: bool) -> Option<(usize, String)> {
    let code = |at: usize| raw.get(at..at + 4).and_then(|digits| u16::from_str_radix(digits, 16).ok());
    let as_it_is = |length: usize| Some((length, raw[..length].to_owned()));
    let Some(high) = code(2) else {
        return match raw.len() < 6 && !last {
            true => None,
            false => as_it_is(2),
        };
    };
    if !(0xD800..0xDC00).contains(&high) {
        return match char::from_u32(u32::from(high)) {
            Some(letter) => Some((6, letter.to_string())),
            None => as_it_is(6),
        };
    }
    if raw.len() < 12 && !last && "\\u".starts_with(raw.get(6..raw.len().min(8)).unwrap_or_default()) {
        return None;
    }
    let low = if raw.get(6..8) == Some("\\u") { code(8) } else { None };
    match low.and_then(|low| char::decode_utf16([high, low]).next()?.ok()) {
        Some(letter) => Some((12, letter.to_string())),
        None => as_it_is(6),
    }
}

/// Writes the units of a piece, or what takes their place.
fn lay(piece: Piece<'_>, (units, masked): (&mut VecDeque<Unit>, &mut bool), mask: &mut dyn Mask, out: &mut String) {
    let (length, mut instead, is_masked) = match piece {
        Piece::Keep(text) => (text.len(), String::new(), false),
        Piece::Found { guard, label, act, text, more } => {
            let goes_on = more && *masked;
            let instead = if goes_on { String::new() } else { mask.found(guard, label, act, text) };
            if act != Act::Redact {
                return;
            }
            (text.len(), instead, true)
        }
    };
    *masked = is_masked;
    let mut left = length;
    while left > 0 {
        let Some(mut unit) = units.pop_front() else { return };
        if is_masked && unit.kind != UnitKind::Structure {
            unit.instead.get_or_insert_default().push_str(&std::mem::take(&mut instead));
        }
        if unit.length > left {
            // A number of which a part is masked: it waits for what becomes of the rest.
            unit.length -= left;
            units.push_front(unit);
            return;
        }
        left -= unit.length;
        unit.write(out);
    }
}

impl Unit {
    fn write(self, out: &mut String) {
        match (self.instead, self.kind) {
            (None, _) => out.push_str(&self.raw),
            (Some(text), UnitKind::Bare) if text.is_empty() => out.push_str("null"),
            (Some(text), UnitKind::Bare) => out.push_str(&format!("\"{}\"", escaped(&text))),
            (Some(text), _) => out.push_str(&escaped(&text)),
        }
    }
}

/// The inside of a JSON string.
fn escaped(text: &str) -> String {
    let quoted = serde_json::to_string(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_owned()
}
