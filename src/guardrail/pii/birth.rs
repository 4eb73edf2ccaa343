//! Dates of birth: dates behind a word that says so.

use super::Entity;
use super::digits::{digits, is_day};
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, mentions};

/// What is found.
pub(super) const LABEL: &str = "BIRTH_DATE";

pub(super) const BIRTH: Entity = Entity {
    name: "birth-date",
    about: "dates of birth, beside a word that says so",
    rules: &[Rule { label: LABEL, trigger: Trigger::Token, find: birth, tail: Some(month_tail) }],
};

const WORDS: [&str; 20] = [
    "born",
    "birth",
    "birthday",
    "birthdate",
    "dob",
    "d.o.b",
    "date of birth",
    "geboren",
    "geburtsdatum",
    "geb",
    "né le",
    "née le",
    "naissance",
    "nacido",
    "nacida",
    "nacimiento",
    "nato",
    "nata",
    "nascita",
    "nascimento",
];
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The place of a month, written out or by three letters or more.
fn is_month(word: &[u8]) -> bool {
    let word = word.strip_suffix(b".").unwrap_or(word).to_ascii_lowercase();
    word.len() >= 3 && MONTHS.iter().any(|month| month.as_bytes().starts_with(&word))
}

/// A month before its day.
fn month_tail(text: &[u8]) -> usize {
    let behind = text.iter().rev().take_while(|byte| matches!(byte, b' ' | b'.')).count();
    let end = text.len() - behind.min(2);
    let word = text[..end].iter().rev().take(10).take_while(|byte| byte.is_ascii_alphabetic()).count();
    if behind <= 2 && is_month(&text[end - word..end]) { end - word } else { text.len() }
}

fn birth(view: &View<'_>, at: usize) -> Option<Hit> {
    let before = view.before(at);
    if before.is_some_and(|byte| byte == b'_' || byte == b'$') {
        return None;
    }
    let named = month_before(view, at);
    view.begins(named.unwrap_or(at));
    let found = match named {
        Some(begin) => behind_month(view, at).map(|end| (begin, end)),
        None => numeric(view, at).or_else(|| with_month(view, at)).map(|end| (at, end)),
    };
    let (begin, end) = found?;
    let goes_on = view.byte(end).is_some_and(alnum);
    if !goes_on && mentions(view.context(begin, 28), &WORDS) { Hit::whole(begin..end) } else { None }
}

/// `March 12`: where the month begins.
fn month_before(view: &View<'_>, at: usize) -> Option<usize> {
    let gap = view.back(at, 2, |byte| matches!(byte, b' ' | b'.'));
    let begin = view.back(gap, 10, |byte| byte.is_ascii_alphabetic());
    (gap < at && is_month(view.slice(begin..gap))).then_some(begin)
}

/// Day, a comma perhaps, and year.
fn behind_month(view: &View<'_>, at: usize) -> Option<usize> {
    let day = view.run(at, 2, |byte| byte.is_ascii_digit());
    let ordinal = view.run(day, 2, |byte| matches!(byte, b's' | b't' | b'n' | b'd' | b'r' | b'h'));
    let gap = view.run(ordinal, 2, |byte| matches!(byte, b',' | b' '));
    let end = view.run(gap, 4, |byte| byte.is_ascii_digit());
    (gap > ordinal && day > at && end - gap == 4).then_some(end)
}

/// `12.03.1985`, `1985-03-12`, `3/12/85`.
fn numeric(view: &View<'_>, at: usize) -> Option<usize> {
    let first = view.run(at, 4, |byte| byte.is_ascii_digit());
    let gap = view.byte(first).filter(|byte| matches!(byte, b'.' | b'-' | b'/'))?;
    let second = view.run(first + 1, 2, |byte| byte.is_ascii_digit());
    if view.byte(second) != Some(gap) {
        return None;
    }
    let third = view.run(second + 1, 4, |byte| byte.is_ascii_digit());
    let parts = [at..first, first + 1..second, second + 1..third];
    let [a, b, c] = parts.map(|part| digits(view.slice(part)).iter().fold(0, |n, digit| n * 10 + digit));
    let lengths = [first - at, second - first - 1, third - second - 1];
    let year = |year: u32, length: usize| length == 2 || length == 4 && (1900..=2030).contains(&year);
    let is_date = match lengths {
        [4, 1..=2, 1..=2] => year(a, 4) && is_day(c, b),
        [1..=2, 1..=2, 2 | 4] => year(c, lengths[2]) && (is_day(a, b) || is_day(b, a)),
        _ => false,
    };
    is_date.then_some(third)
}

/// `12 March 1985`, `12. Mar 1985`.
fn with_month(view: &View<'_>, at: usize) -> Option<usize> {
    let day = view.run(at, 2, |byte| byte.is_ascii_digit());
    let ordinal = view.run(day, 2, |byte| matches!(byte, b's' | b't' | b'n' | b'd' | b'r' | b'h'));
    let gap = view.run(ordinal, 2, |byte| matches!(byte, b'.' | b' ' | b'-'));
    let month = view.run(gap, 10, |byte| byte.is_ascii_alphabetic());
    if gap == ordinal || !is_month(view.slice(gap..month)) {
        return None;
    }
    let space = view.run(month, 2, |byte| matches!(byte, b'.' | b' ' | b',' | b'-'));
    let end = view.run(space, 4, |byte| byte.is_ascii_digit());
    (space > month && end - space == 4).then_some(end)
}
