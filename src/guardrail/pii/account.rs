//! Payment cards and bank accounts.

use super::Entity;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, apart, mentions};

pub(super) const CARD: Entity = Entity {
    name: "card",
    about: "payment cards, by issuer and check digit",
    rules: &[Rule { label: "CARD", trigger: Trigger::Token, find: card, tail: None }],
};

pub(super) const IBAN: Entity = Entity {
    name: "iban",
    about: "IBAN, by the length of the country and its check digits",
    rules: &[Rule { label: "IBAN", trigger: Trigger::Token, find: iban, tail: None }],
};

const LONGEST_CARD: usize = 19;

fn card(view: &View<'_>, at: usize) -> Option<Hit> {
    let first = view.byte(at)?;
    if !matches!(first, b'2'..=b'6') || follows_number(view, at) {
        return None;
    }
    let (mut digits, mut groups, mut place) = (Vec::with_capacity(20), Vec::new(), at);
    let mut separator = None;
    let mut best = None;
    loop {
        let end = view.run(place, LONGEST_CARD + 1, |byte| byte.is_ascii_digit());
        if end == place {
            break;
        }
        digits.extend_from_slice(view.slice(place..end));
        groups.push(end - place);
        if digits.len() > LONGEST_CARD {
            break;
        }
        if is_grouped(&groups) && issued(&digits) && luhn(&digits) && ends(view, end) {
            best = Some(end);
        }
        match view.byte(end) {
            Some(gap @ (b' ' | b'-')) if separator.is_none_or(|other| other == gap) => separator = Some(gap),
            _ => break,
        }
        place = end + 1;
    }
    let end = best?;
    if groups.len() == 1 && is_named_otherwise(view, at) {
        return None;
    }
    Hit::whole(at..end)
}

/// Behind a point, a sign or a hyphen of something longer it is a part of that.
fn follows_number(view: &View<'_>, at: usize) -> bool {
    let joint = matches!(view.before(at), Some(b'.' | b'-' | b'_' | b'/' | b'$' | b'#'));
    joint && at >= 2 && view.before(at - 1).is_some_and(alnum) || view.before(at) == Some(b'_')
}

fn ends(view: &View<'_>, end: usize) -> bool {
    match view.byte(end) {
        Some(byte) if alnum(byte) || byte == b'_' => false,
        Some(b'.' | b',' | b'-') => !view.byte(end + 1).is_some_and(|byte| byte.is_ascii_alphanumeric()),
        _ => true,
    }
}

/// As cards are printed: fours, or the groups of American Express and Diners.
fn is_grouped(groups: &[usize]) -> bool {
    matches!(
        groups,
        [13..=19] | [4, 4, 4, 4] | [4, 4, 4, 1..=3] | [4, 4, 4, 4, 1..=3] | [4, 6, 5] | [4, 6, 4] | [6, 13]
    )
}

/// A bare number behind such a word is something else, whatever its check digit says.
fn is_named_otherwise(view: &View<'_>, at: usize) -> bool {
    const OTHER: [&str; 16] = [
        "order",
        "invoice",
        "tracking",
        "ticket",
        "sku",
        "isbn",
        "imei",
        "serial",
        "parcel",
        "shipment",
        "article",
        "timestamp",
        "build",
        "commit",
        "ean",
        "gtin",
    ];
    const CARD: [&str; 8] = ["card", "visa", "mastercard", "amex", "credit", "debit", "payment", "pan"];
    mentions(view.context(at, 24), &OTHER) && !mentions(view.context(at, 64), &CARD)
}

fn issued(digits: &[u8]) -> bool {
    let begin = |length: usize| digits.iter().take(length).fold(0u32, |n, digit| n * 10 + u32::from(digit - b'0'));
    let (two, three, four) = (begin(2), begin(3), begin(4));
    match digits.len() {
        13 => digits[0] == b'4',
        14 => matches!(three, 300..=305 | 309) || matches!(two, 36 | 38 | 39),
        15 => matches!(two, 34 | 37),
        16 => {
            digits[0] == b'4'
                || matches!(two, 51..=55 | 62 | 65)
                || matches!(four, 2200..=2204 | 2221..=2720 | 3528..=3589 | 6011)
                || matches!(three, 644..=649)
                || matches!(four, 5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763)
        }
        17..=19 => {
            digits[0] == b'4' && digits.len() == 19
                || two == 62
                || matches!(four, 3528..=3589 | 5018 | 5020 | 5038 | 6304 | 6759)
        }
        _ => false,
    }
}

pub(super) fn luhn(digits: &[u8]) -> bool {
    let doubled = |digit: u8| (digit * 2) / 10 + (digit * 2) % 10;
    let worth =
        |(place, digit): (usize, &u8)| u32::from(if place % 2 == 1 { doubled(digit - b'0') } else { digit - b'0' });
    digits.iter().rev().enumerate().map(worth).sum::<u32>() % 10 == 0
}

fn iban(view: &View<'_>, at: usize) -> Option<Hit> {
    let country = [view.byte(at)?.to_ascii_uppercase(), view.byte(at + 1)?.to_ascii_uppercase()];
    if !apart(view.before(at)) {
        return None;
    }
    let length = iban_length(country)?;
    let (mut text, mut place) = (Vec::with_capacity(length), at);
    while text.len() < length {
        match view.byte(place)? {
            byte if alnum(byte) => text.push(byte.to_ascii_uppercase()),
            b' ' | b'-'
                if text.len().is_multiple_of(4) && !text.is_empty() && view.before(place).is_some_and(alnum) => {}
            _ => return None,
        }
        if text.len() == 4 && !text[2..].iter().all(u8::is_ascii_digit) {
            return None;
        }
        place += 1;
    }
    let whole = !view.byte(place).is_some_and(|byte| alnum(byte) || byte == b'_');
    if whole && mod_97(&text) { Hit::whole(at..place) } else { None }
}

fn mod_97(iban: &[u8]) -> bool {
    let turned = iban[4..].iter().chain(&iban[..4]);
    let rest = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    rest == 1
}

fn iban_length(country: [u8; 2]) -> Option<usize> {
    Some(match &country {
        b"NO" => 15,
        b"BE" => 16,
        b"DK" | b"FO" | b"FI" | b"GL" | b"NL" | b"SD" | b"FK" => 18,
        b"MK" | b"SI" => 19,
        b"AT" | b"BA" | b"EE" | b"KZ" | b"XK" | b"LT" | b"LU" | b"MN" => 20,
        b"HR" | b"LV" | b"LI" | b"CH" => 21,
        b"BH" | b"BG" | b"CR" | b"GE" | b"DE" | b"IE" | b"ME" | b"RS" | b"GB" | b"VA" => 22,
        b"TL" | b"GI" | b"IQ" | b"IL" | b"AE" | b"OM" | b"SO" => 23,
        b"AD" | b"CZ" | b"MD" | b"PK" | b"RO" | b"SA" | b"SK" | b"ES" | b"SE" | b"TN" | b"VG" => 24,
        b"LY" | b"PT" | b"ST" => 25,
        b"IS" | b"TR" => 26,
        b"FR" | b"GR" | b"IT" | b"MC" | b"MR" | b"SM" | b"BI" | b"DJ" => 27,
        b"AL" | b"AZ" | b"BY" | b"CY" | b"DO" | b"GT" | b"HU" | b"LB" | b"PL" | b"SV" | b"NI" => 28,
        b"BR" | b"EG" | b"PS" | b"QA" | b"UA" => 29,
        b"JO" | b"KW" | b"MU" | b"YE" => 30,
        b"MT" | b"SC" => 31,
        b"LC" => 32,
        b"RU" => 33,
        _ => return None,
    })
}
