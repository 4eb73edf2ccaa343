//! National numbers of Europe, by their check digits.

use super::Entity;
use super::digits::{any_shape, begins, digits, ends, is_day, luhn, mod_11_10, shaped, token, two, uniform, weighed};
use crate::guardrail::rule::{Find, Hit, Rule, Trigger};
use crate::guardrail::view::{View, mentions};

const fn rule(label: &'static str, find: Find) -> Rule {
    Rule { label, trigger: Trigger::Token, find, tail: None }
}

pub(super) const UK: Entity = Entity {
    name: "uk",
    about: "United Kingdom: national insurance (NINO) and NHS numbers",
    rules: &[Rule { label: "NINO", trigger: Trigger::Token, find: nino, tail: Some(nino_tail) }, rule("NHS", nhs)],
};
pub(super) const SPAIN: Entity = Entity { name: "spain", about: "Spain: NIF and NIE", rules: &[rule("NIF", nif)] };
pub(super) const ITALY: Entity =
    Entity { name: "italy", about: "Italy: codice fiscale", rules: &[rule("CODICE_FISCALE", codice)] };
pub(super) const GERMANY: Entity = Entity {
    name: "germany",
    about: "Germany: tax number of persons (Steuer-ID)",
    rules: &[rule("STEUER_ID", steuer)],
};
pub(super) const FRANCE: Entity =
    Entity { name: "france", about: "France: social security number (NIR)", rules: &[rule("NIR", nir)] };
pub(super) const POLAND: Entity = Entity { name: "poland", about: "Poland: PESEL", rules: &[rule("PESEL", pesel)] };
pub(super) const NORDIC: Entity = Entity {
    name: "nordic",
    about: "Finland: HETU; Sweden: personnummer; Norway: fødselsnummer; Denmark: CPR",
    rules: &[rule("HETU", hetu), rule("PERSONNUMMER", personnummer), rule("FODSELSNUMMER", norway), rule("CPR", cpr)],
};
pub(super) const BENELUX: Entity = Entity {
    name: "benelux",
    about: "Netherlands: BSN; Belgium: national register number",
    rules: &[rule("BSN", bsn), rule("RRN_BE", belgium)],
};
pub(super) const ALPINE: Entity =
    Entity { name: "alpine", about: "Switzerland: AHV; Austria: SVNR", rules: &[rule("AHV", ahv), rule("SVNR", svnr)] };
pub(super) const EUROPE: Entity = Entity {
    name: "europe",
    about: "Portugal: NIF; Ireland: PPS; Romania: CNP; Bulgaria: EGN; Turkey: TCKN",
    rules: &[rule("NIF_PT", portugal), rule("PPS", pps), rule("CNP", cnp), rule("EGN", egn), rule("TCKN", turkey)],
};

fn says(view: &View<'_>, at: usize, words: &[&str]) -> bool {
    mentions(view.context(at, 48), words)
}

fn hit(at: usize, end: usize, is: bool) -> Option<Hit> {
    if is { Hit::whole(at..end) } else { None }
}

/// Two capitals before the digits, perhaps with a gap.
fn nino_tail(text: &[u8]) -> usize {
    let gap = usize::from(text.last() == Some(&b' '));
    let capitals = text.iter().rev().skip(gap).take(3).take_while(|byte| byte.is_ascii_uppercase()).count();
    if capitals == 2 { text.len() - gap - 2 } else { text.len() }
}

fn nino(view: &View<'_>, at: usize) -> Option<Hit> {
    let spaced =
        view.before(at) == Some(b' ') && at >= 3 && view.slice(at - 3..at - 1).iter().all(u8::is_ascii_uppercase);
    let begin = if spaced && view.byte(at)?.is_ascii_digit() { at - 3 } else { at };
    view.begins(begin);
    let shapes = ["AAddddddA", "AA dd dd dd A", "AA dddddd A", "AA-dd-dd-dd-A"];
    let end = shapes.iter().find_map(|shape| shaped(view, begin, shape.as_bytes()))?;
    let [first, second] = [view.byte(begin)?, view.byte(begin + 1)?];
    let odd = b"DFIQUV".contains(&first) || b"DFIQUVO".contains(&second);
    let kept = [b"BG", b"GB", b"KN", b"NK", b"NT", b"TN", b"ZZ"].contains(&&[first, second]);
    hit(begin, end, !odd && !kept && (b'A'..=b'D').contains(&view.before(end)?))
}

fn nhs(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddd ddd dddd", "ddd-ddd-dddd", "dddddddddd"])?;
    let check = 11 - weighed(&all[..9], &[10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    hit(
        at,
        end,
        check % 11 == all[9] && check != 10 && !uniform(&all) && says(view, at, &["nhs", "patient", "health service"]),
    )
}

fn nif(view: &View<'_>, at: usize) -> Option<Hit> {
    let plain = token(view, at, 9).map(|text| (at + 9, text.to_vec()));
    let hyphen = || {
        shaped(view, at, b"dddddddd-A")
            .map(|end| (end, view.slice(at..end).iter().filter(|b| **b != b'-').copied().collect()))
    };
    let (end, text): (usize, Vec<u8>) = plain.or_else(hyphen)?;
    let mut number = text.clone();
    number[0] = match text[0] {
        b'X' => b'0',
        b'Y' => b'1',
        b'Z' => b'2',
        digit => digit,
    };
    let value = number[..8]
        .iter()
        .try_fold(0usize, |n, byte| byte.is_ascii_digit().then(|| n * 10 + usize::from(byte - b'0')))?;
    hit(at, end, b"TRWAGMYFPDXBNJZSQVHLCKE".get(value % 23) == text.get(8))
}

fn codice(view: &View<'_>, at: usize) -> Option<Hit> {
    let text = token(view, at, 16)?.to_ascii_uppercase();
    let digit = |byte: u8| byte.is_ascii_digit() || b"LMNPQRSTUV".contains(&byte);
    let letters = text[..6].iter().chain([&text[8], &text[11], &text[15]]).all(u8::is_ascii_uppercase);
    let digits = [6, 7, 9, 10, 12, 13, 14].iter().all(|place| digit(text[*place]));
    if !letters || !digits || !b"ABCDEHLMPRST".contains(&text[8]) {
        return None;
    }
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let place = |byte: u8| usize::from(if byte.is_ascii_digit() { byte - b'0' } else { byte - b'A' });
    let worth = |(at, byte): (usize, &u8)| if at % 2 == 0 { ODD[place(*byte)] } else { place(*byte) as u32 };
    let sum: u32 = text[..15].iter().enumerate().map(worth).sum();
    hit(at, at + 16, sum % 26 == u32::from(text[15] - b'A'))
}

fn steuer(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddddddddddd", "dd ddd ddd ddd"])?;
    let repeats = (0..10).map(|digit| all[..10].iter().filter(|other| **other == digit).count());
    let most = repeats.max().unwrap_or_default();
    let grouped = end - at > 11;
    let named = grouped
        || says(
            view,
            at,
            &["steuer", "steuer-id", "steueridentifikationsnummer", "idnr", "tax", "tin", "steuernummer"],
        );
    hit(at, end, all[0] != 0 && (2..=3).contains(&most) && mod_11_10(&all) && named)
}

fn nir(view: &View<'_>, at: usize) -> Option<Hit> {
    let shapes =
        ["ddddddddddddddd", "d dd dd dd ddd ddd dd", "d dd dd XX ddd ddd dd", "dddddXXdddddddd", "ddddddddddddd dd"];
    let end = shapes.iter().find_map(|shape| shaped(view, at, shape.as_bytes()))?;
    let text: Vec<u8> = view.slice(at..end).iter().filter(|byte| **byte != b' ').copied().collect();
    let mut value = 0u64;
    for (place, byte) in text[..13].iter().enumerate() {
        // Corsica: 2A counts as 19, 2B as 18.
        let digit = match (place, byte) {
            (6, b'A' | b'B') => 0,
            (_, byte) if byte.is_ascii_digit() => u64::from(byte - b'0'),
            _ => return None,
        };
        value = value * 10 + digit;
    }
    let corsica = if text[6] == b'A' {
        1_000_000
    } else if text[6] == b'B' {
        2_000_000
    } else {
        0
    };
    let key = digits(&text[13..]);
    let month = u32::from(text[3] - b'0') * 10 + u32::from(text[4] - b'0');
    let sexes = matches!(text[0], b'1'..=b'4' | b'7' | b'8');
    hit(
        at,
        end,
        sexes
            && (matches!(month, 1..=12 | 20..=42 | 50..=99))
            && key.len() == 2
            && 97 - (value - corsica) % 97 == u64::from(two(&key, 0)),
    )
}

fn pesel(view: &View<'_>, at: usize) -> Option<Hit> {
    let all = digits(token(view, at, 11)?);
    let date = all.len() == 11 && is_day(two(&all, 4), two(&all, 2) % 20);
    hit(at, at + 11, date && weighed(&all, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10) && !other(view, at))
}

/// Words before a number that is something else.
pub(super) fn other(view: &View<'_>, at: usize) -> bool {
    const WORDS: [&str; 14] = [
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
        "ean",
    ];
    mentions(view.context(at, 24), &WORDS)
}

fn hetu(view: &View<'_>, at: usize) -> Option<Hit> {
    let sign = |byte: u8| matches!(byte, b'+' | b'-' | b'A'..=b'F' | b'U'..=b'Y');
    let six = view.run(at, 6, |byte| byte.is_ascii_digit()) == at + 6;
    if !six
        || !begins(view, at)
        || !view.byte(at + 6).is_some_and(sign)
        || view.run(at + 7, 3, |byte| byte.is_ascii_digit()) != at + 10
    {
        return None;
    }
    let last = view.byte(at + 10)?;
    let all = digits(view.slice(at..at + 10));
    let value = all.iter().fold(0usize, |n, digit| n * 10 + *digit as usize);
    let check = b"0123456789ABCDEFHJKLMNPRSTUVWXY".get(value % 31) == Some(&last);
    hit(at, at + 11, check && all.len() == 9 && is_day(two(&all, 0), two(&all, 2)) && ends(view, at + 11))
}

fn personnummer(view: &View<'_>, at: usize) -> Option<Hit> {
    let shapes = ["dddddd-dddd", "dddddd+dddd", "dddddddd-dddd", "dddddddddddd", "dddddddddd"];
    let (end, all) = any_shape(view, at, &shapes)?;
    let hyphen = view.slice(at..end).iter().any(|byte| matches!(byte, b'-' | b'+'));
    let ten = &all[all.len() - 10..];
    let century = all.len() == 10 || matches!(two(&all, 0), 18..=20);
    let day = two(ten, 4);
    let day = if day > 60 { day - 60 } else { day };
    let named = hyphen || says(view, at, &["personnummer", "personal number", "swedish", "samordningsnummer"]);
    hit(at, end, century && is_day(day, two(ten, 2)) && luhn(ten) && named)
}

fn norway(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddddddddddd", "dddddd ddddd"])?;
    let day = two(&all, 0) % 40;
    let date = is_day(day, two(&all, 2) % 40);
    let first = weighed(&all[..10], &[3, 7, 6, 1, 8, 9, 4, 5, 2, 1]).is_multiple_of(11);
    let second = weighed(&all, &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1]).is_multiple_of(11);
    hit(at, end, date && first && second && !uniform(&all) && !other(view, at))
}

fn cpr(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dddddd-dddd", "dddddddddd"])?;
    hit(at, end, is_day(two(&all, 0), two(&all, 2)) && says(view, at, &["cpr", "cpr-nummer", "danish"]))
}

fn bsn(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddddddddd", "dddd.dd.ddd"])?;
    let sum = weighed(&all[..8], &[9, 8, 7, 6, 5, 4, 3, 2]);
    hit(
        at,
        end,
        sum % 11 == all[8]
            && !uniform(&all)
            && says(view, at, &["bsn", "burgerservicenummer", "sofinummer", "citizen service"]),
    )
}

fn belgium(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dd.dd.dd-ddd.dd", "dd.dd.dd-ddd-dd", "ddddddddddd"])?;
    let value = all[..9].iter().fold(0u64, |n, digit| n * 10 + u64::from(*digit));
    let key = u64::from(two(&all, 9));
    let checked = 97 - value % 97 == key || 97 - (value + 2_000_000_000) % 97 == key;
    hit(at, end, checked && two(&all, 2) % 20 <= 12 && two(&all, 4) <= 31 && !other(view, at))
}

fn ahv(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddd.dddd.dddd.dd", "ddddddddddddd"])?;
    let sum = weighed(&all, &[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1]);
    hit(at, end, all.starts_with(&[7, 5, 6]) && sum.is_multiple_of(10))
}

fn svnr(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dddd dddddd", "dddddddddd"])?;
    let sum = weighed(&all, &[3, 7, 9, 0, 5, 8, 4, 2, 1, 6]);
    let date = is_day(two(&all, 4), two(&all, 6) % 12 + 1);
    hit(
        at,
        end,
        date && sum % 11 == all[3]
            && says(view, at, &["svnr", "sozialversicherungsnummer", "versicherungsnummer", "sv-nummer"]),
    )
}

fn portugal(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddddddddd", "ddd ddd ddd"])?;
    let check = 11 - weighed(&all[..8], &[9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    let check = if check >= 10 { 0 } else { check };
    hit(
        at,
        end,
        check == all[8]
            && matches!(all[0], 1..=3 | 5 | 6 | 8 | 9)
            && says(view, at, &["nif", "contribuinte", "fiscal", "portuguese"]),
    )
}

fn pps(view: &View<'_>, at: usize) -> Option<Hit> {
    let text = token(view, at, 8).or_else(|| token(view, at, 9))?;
    if !text[..7].iter().all(u8::is_ascii_digit) || !text[7..].iter().all(u8::is_ascii_uppercase) {
        return None;
    }
    let more = text.get(8).map_or(0, |letter| if *letter == b'W' { 0 } else { u32::from(letter - b'A') + 1 });
    let sum = weighed(&digits(&text[..7]), &[8, 7, 6, 5, 4, 3, 2]) + more * 9;
    let letter = if sum.is_multiple_of(23) { b'W' } else { b'A' + (sum % 23) as u8 - 1 };
    hit(at, at + text.len(), text[7] == letter)
}

fn cnp(view: &View<'_>, at: usize) -> Option<Hit> {
    let text = token(view, at, 13)?;
    let all = digits(text);
    if all.len() != 13 || !(1..=8).contains(&all[0]) || !is_day(two(&all, 5), two(&all, 3)) {
        return None;
    }
    let check = weighed(&all, &[2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9]) % 11;
    let county = matches!(two(&all, 7), 1..=48 | 51 | 52 | 70);
    hit(at, at + 13, county && (if check == 10 { 1 } else { check }) == all[12] && !other(view, at))
}

fn egn(view: &View<'_>, at: usize) -> Option<Hit> {
    let all = digits(token(view, at, 10)?);
    let checked = all.len() == 10 && weighed(&all[..9], &[2, 4, 8, 5, 10, 9, 7, 3, 6]) % 11 % 10 == all[9];
    hit(at, at + 10, checked && is_day(two(&all, 4), two(&all, 2) % 20) && says(view, at, &["egn", "bulgarian"]))
}

fn turkey(view: &View<'_>, at: usize) -> Option<Hit> {
    let all = digits(token(view, at, 11)?);
    if all.len() != 11 || all[0] == 0 {
        return None;
    }
    let odd: u32 = all.iter().take(9).step_by(2).sum();
    let even: u32 = all.iter().skip(1).take(7).step_by(2).sum();
    let tenth = (odd * 7 + 100 - even) % 10 == all[9];
    hit(at, at + 11, tenth && all[..10].iter().sum::<u32>() % 10 == all[10] && !other(view, at))
}
