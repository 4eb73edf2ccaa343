//! National numbers of persons.

use super::Entity;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, mentions};

pub(super) const SSN: Entity = Entity {
    name: "ssn",
    about: "US social security numbers and ITIN: with hyphens, else beside a word that says so",
    rules: &[Rule { label: "SSN", trigger: Trigger::Token, find: ssn, tail: None }],
};

fn ssn(view: &View<'_>, at: usize) -> Option<Hit> {
    if matches!(view.before(at), Some(b'-' | b'.' | b'_' | b'+' | b'/' | b'#' | b'$')) {
        return None;
    }
    let digits = |at: usize, count: usize| view.run(at, count, |byte| byte.is_ascii_digit()) == at + count;
    if !digits(at, 3) {
        return None;
    }
    let gap = view.byte(at + 3)?;
    let (group, serial, end) = match gap {
        b'-' | b' ' if digits(at + 4, 2) && view.byte(at + 6) == Some(gap) && digits(at + 7, 4) => {
            (at + 4, at + 7, at + 11)
        }
        byte if byte.is_ascii_digit() && digits(at + 3, 6) => (at + 3, at + 5, at + 9),
        _ => return None,
    };
    let goes_on = match view.byte(end) {
        Some(byte) if alnum(byte) || byte == b'_' => true,
        Some(b'-' | b'.') => view.byte(end + 1).is_some_and(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    let area = view.slice(at..at + 3);
    let is_itin = area[0] == b'9' && matches!(view.slice(group..group + 2), [b'5'..=b'9', b'0'..=b'9']);
    let blank = area == b"000"
        || area == b"666"
        || view.slice(group..group + 2) == b"00"
        || view.slice(serial..serial + 4) == b"0000";
    if goes_on || blank || (area[0] == b'9' && !is_itin) {
        return None;
    }
    const WORDS: [&str; 8] =
        ["ssn", "social security", "social", "itin", "taxpayer", "tax id", "ss#", "social-security"];
    if gap != b'-' && !mentions(view.context(at, 48), &WORDS) {
        return None;
    }
    Hit::whole(at..end)
}
