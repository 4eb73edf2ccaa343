//! Phone numbers: international ones by country code and length, national ones by their form, else beside a word that says
//! what they are.

use super::Entity;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, mentions};

pub(super) const PHONE: Entity = Entity {
    name: "phone",
    about: "phone numbers, international and national",
    rules: &[Rule { label: "PHONE", trigger: Trigger::Token, find: phone, tail: Some(sign_tail) }],
};

/// A sign or a bracket may be the begin of a number.
fn sign_tail(text: &[u8]) -> usize {
    let signs = text.iter().rev().take(2).take_while(|byte| matches!(byte, b'+' | b'(')).count();
    text.len() - signs
}

/// A number as it is written: groups of digits, and how they are kept apart.
struct Written {
    groups: Vec<(usize, usize)>,
    gaps: Vec<u8>,
    bracket: bool,
}

const MOST_DIGITS: usize = 16;

fn read(view: &View<'_>, begin: usize) -> Written {
    let mut written = Written { groups: Vec::new(), gaps: Vec::new(), bracket: false };
    let (mut at, mut digits) = (begin, 0);
    loop {
        if view.byte(at) == Some(b'(') && !written.bracket {
            written.bracket = true;
            at += 1;
        }
        let end = view.run(at, MOST_DIGITS + 1, |byte| byte.is_ascii_digit());
        digits += end - at;
        if end == at || digits > MOST_DIGITS {
            return written;
        }
        written.groups.push((at, end));
        at = if view.byte(end) == Some(b')') { end + 1 } else { end };
        match view.byte(at) {
            Some(gap @ (b' ' | b'-' | b'.' | b'/')) => {
                written.gaps.push(gap);
                at += 1;
            }
            _ if at > end => written.gaps.push(b')'),
            _ => return written,
        }
    }
}

fn phone(view: &View<'_>, at: usize) -> Option<Hit> {
    let mut begin = at;
    while matches!(view.before(begin), Some(b'+' | b'(')) && at - begin < 2 {
        begin -= 1;
    }
    view.begins(begin);
    let plus = view.slice(begin..at).contains(&b'+');
    let before = view.before(begin);
    if before.is_some_and(|byte| alnum(byte) || matches!(byte, b'_' | b'+' | b'$' | b'#' | b'=')) {
        return None;
    }
    if matches!(before, Some(b'.' | b'-' | b'/' | b':')) && view.before(begin - 1).is_some_and(alnum) {
        return None;
    }
    let start = if plus {
        view.slice(begin..at).iter().position(|byte| *byte == b'+').map_or(at, |place| begin + place + 1)
    } else {
        begin
    };
    let written = read(view, start);
    // The longest of its beginnings that is a number.
    for count in (1..=written.groups.len()).rev() {
        let end = written.groups[count - 1].1;
        let goes_on = view.byte(end).is_some_and(|byte| alnum(byte) || byte == b'_')
            || view.byte(end) == Some(b'.') && view.byte(end + 1).is_some_and(alnum);
        let digits: Vec<u8> =
            written.groups[..count].iter().flat_map(|(from, to)| view.slice(*from..*to)).copied().collect();
        let is_one = if plus { international(&digits) } else { national(view, begin, &digits, &written, count) };
        if !goes_on && is_one {
            // A bracket around the number is none of its own.
            let own = view.byte(begin) != Some(b'(') || view.slice(begin..end).contains(&b')');
            return Hit::whole(if own { begin } else { begin + 1 }..end);
        }
    }
    None
}

/// Country code and length.
fn international(digits: &[u8]) -> bool {
    let number = |length: usize| digits.iter().take(length).fold(0u32, |n, digit| n * 10 + u32::from(digit - b'0'));
    let (one, two, three) = (number(1), number(2), number(3));
    let (code, least, most) = match (one, two) {
        (1, _) => (1, 10, 10),
        (7, _) => (1, 10, 10),
        (_, 30 | 31 | 33 | 34 | 36 | 40 | 41 | 47 | 48 | 56 | 61 | 65) => (2, 8, 10),
        (
            _,
            20 | 27 | 32 | 39 | 43..=46 | 49 | 51..=55 | 57 | 58 | 60 | 62..=64 | 66 | 81 | 82 | 84 | 86 | 90..=95 | 98,
        ) => (2, 6, 12),
        (2..=9, _) => match three {
            211..=299 | 350..=389 | 420..=423 | 500..=599 | 670..=692 | 800 | 850..=886 | 960..=998 => (3, 5, 11),
            _ => return false,
        },
        _ => return false,
    };
    let national = digits.len().saturating_sub(code);
    (least..=most).contains(&national) && (8..=15).contains(&digits.len())
}

const WORDS: [&str; 22] = [
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "call",
    "fax",
    "whatsapp",
    "text me",
    "sms",
    "dial",
    "telefon",
    "handy",
    "mobil",
    "rufnummer",
    "téléphone",
    "portable",
    "teléfono",
    "telefono",
    "móvil",
    "celular",
    "cellulare",
];

fn national(view: &View<'_>, begin: usize, digits: &[u8], written: &Written, count: usize) -> bool {
    let sizes: Vec<usize> = written.groups[..count].iter().map(|(from, to)| to - from).collect();
    let gaps = &written.gaps[..count.saturating_sub(1)];
    if american(digits, &sizes, gaps) {
        return true;
    }
    let zero = digits.first() == Some(&b'0');
    let trunk = zero
        && (10..=11).contains(&digits.len())
        && (2..=5).contains(&count)
        && sizes[0] >= 3
        && gaps.iter().all(|gap| matches!(gap, b' ' | b')'));
    let fits = (7..=13).contains(&digits.len()) && (count > 1 || digits.len() >= 8);
    trunk || fits && mentions(view.context(begin, 28), &WORDS)
}

/// Area code and exchange begin with 2 to 9; kept apart by brackets, hyphens or points.
fn american(digits: &[u8], sizes: &[usize], gaps: &[u8]) -> bool {
    let (digits, sizes, gaps) = match sizes {
        [1, rest @ ..] if digits[0] == b'1' => (&digits[1..], rest, gaps.get(1..).unwrap_or_default()),
        sizes => (digits, sizes, gaps),
    };
    let apart = matches!(gaps, [b'-', b'-'] | [b'.', b'.'] | [b' ' | b')', b'-' | b'.' | b' ']) && (gaps != b"  ");
    sizes == [3, 3, 4] && apart && digits[0] >= b'2' && digits[3] >= b'2'
}
