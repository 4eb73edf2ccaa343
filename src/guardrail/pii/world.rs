//! National numbers beyond Europe, and passports.

use super::Entity;
use super::digits::{any_shape, digits, is_day, luhn, shaped, token, two, uniform, verhoeff, weighed};
use super::europe::other;
use crate::guardrail::rule::{Find, Hit, Rule, Trigger};
use crate::guardrail::view::{View, mentions};

const fn rule(label: &'static str, find: Find) -> Rule {
    Rule { label, trigger: Trigger::Token, find, tail: None }
}

pub(super) const PASSPORT: Entity = Entity {
    name: "passport",
    about: "passport numbers, beside a word that says so",
    rules: &[rule("PASSPORT", passport)],
};
pub(super) const INDIA: Entity =
    Entity { name: "india", about: "India: Aadhaar and PAN", rules: &[rule("AADHAAR", aadhaar), rule("PAN", pan)] };
pub(super) const SINGAPORE: Entity =
    Entity { name: "singapore", about: "Singapore: NRIC and FIN", rules: &[rule("NRIC", nric)] };
pub(super) const AUSTRALIA: Entity = Entity {
    name: "australia",
    about: "Australia: TFN, ABN and Medicare",
    rules: &[rule("TFN", tfn), rule("ABN", abn), rule("MEDICARE", medicare)],
};
pub(super) const KOREA: Entity = Entity { name: "korea", about: "Korea: RRN", rules: &[rule("RRN", rrn)] };
pub(super) const BRAZIL: Entity =
    Entity { name: "brazil", about: "Brazil: CPF and CNPJ", rules: &[rule("CPF", cpf), rule("CNPJ", cnpj)] };
pub(super) const AMERICAS: Entity = Entity {
    name: "americas",
    about: "Canada: SIN; Mexico: CURP; Chile: RUT; Argentina: CUIT",
    rules: &[rule("SIN", sin), rule("CURP", curp), rule("RUT", rut), rule("CUIT", cuit)],
};
pub(super) const ASIA: Entity = Entity {
    name: "asia",
    about: "China: resident id; Taiwan: id; Hong Kong: HKID; Thailand: id; Israel: id",
    rules: &[
        rule("ID_CN", china),
        rule("ID_TW", taiwan),
        rule("HKID", hong_kong),
        rule("ID_TH", thailand),
        rule("ID_IL", israel),
    ],
};
pub(super) const AFRICA: Entity =
    Entity { name: "africa", about: "South Africa: id number", rules: &[rule("ID_ZA", south_africa)] };

fn says(view: &View<'_>, at: usize, words: &[&str]) -> bool {
    mentions(view.context(at, 48), words)
}

fn hit(at: usize, end: usize, is: bool) -> Option<Hit> {
    if is { Hit::whole(at..end) } else { None }
}

fn passport(view: &View<'_>, at: usize) -> Option<Hit> {
    let text = (6..=9).rev().find_map(|length| token(view, at, length))?;
    let count = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let capitals = text.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    hit(
        at,
        at + text.len(),
        count >= 5
            && capitals
            && says(view, at, &["passport", "passeport", "reisepass", "pasaporte", "passaporto", "passnummer"]),
    )
}

fn aadhaar(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dddd dddd dddd", "dddd-dddd-dddd", "dddddddddddd"])?;
    let named = end - at > 12 || says(view, at, &["aadhaar", "aadhar", "uidai", "uid"]);
    hit(at, end, all[0] >= 2 && verhoeff(&all) && named)
}

fn pan(view: &View<'_>, at: usize) -> Option<Hit> {
    let end = shaped(view, at, b"AAAAAddddA")?;
    hit(at, end, view.byte(at + 3).is_some_and(|holder| b"PCHFATBLJG".contains(&holder)))
}

fn nric(view: &View<'_>, at: usize) -> Option<Hit> {
    let end = shaped(view, at, b"AdddddddA")?;
    let (first, last) = (view.byte(at)?, view.before(end)?);
    let sum = weighed(&digits(view.slice(at..end)), &[2, 7, 6, 5, 4, 3, 2]);
    let (letters, more): (&[u8; 11], u32) = match first {
        b'S' => (b"JZIHGFEDCBA", 0),
        b'T' => (b"JZIHGFEDCBA", 4),
        b'F' => (b"XWUTRQPNMLK", 0),
        b'G' => (b"XWUTRQPNMLK", 4),
        b'M' => (b"XWUTRQPNJLK", 3),
        _ => return None,
    };
    let place = ((sum + more) % 11) as usize;
    hit(at, end, letters[if first == b'M' { 10 - place } else { place }] == last)
}

fn tfn(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddd ddd ddd", "ddddddddd", "ddd-ddd-ddd"])?;
    let sum = weighed(&all, &[1, 4, 3, 7, 5, 8, 6, 9, 10]);
    hit(at, end, sum.is_multiple_of(11) && !uniform(&all) && says(view, at, &["tfn", "tax file number", "tax file"]))
}

fn abn(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, mut all) = any_shape(view, at, &["dd ddd ddd ddd", "ddddddddddd"])?;
    if all[0] == 0 {
        return None;
    }
    all[0] -= 1;
    let sum = weighed(&all, &[10, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
    hit(at, end, sum.is_multiple_of(89) && (end - at > 11 || says(view, at, &["abn", "business number"])))
}

fn medicare(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dddd ddddd d", "dddddddddd", "dddd-ddddd-d"])?;
    let sum = weighed(&all, &[1, 3, 7, 9, 1, 3, 7, 9]);
    hit(at, end, (2..=6).contains(&all[0]) && sum % 10 == all[8] && says(view, at, &["medicare"]))
}

fn rrn(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dddddd-ddddddd"])?;
    let check = (11 - weighed(&all, &[2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]) % 11) % 10;
    hit(at, end, is_day(two(&all, 4), two(&all, 2)) && (1..=8).contains(&all[6]) && check == all[12])
}

/// The check digit over weights, as Brazil makes it.
fn brazilian(all: &[u32], weights: &[u32]) -> bool {
    let rest = weighed(all, weights) % 11;
    all.get(weights.len()) == Some(&if rest < 2 { 0 } else { 11 - rest })
}

fn cpf(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddd.ddd.ddd-dd", "ddddddddddd", "ddd ddd ddd dd"])?;
    let checked = brazilian(&all, &[10, 9, 8, 7, 6, 5, 4, 3, 2]) && brazilian(&all, &[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    hit(at, end, checked && !uniform(&all) && !other(view, at))
}

fn cnpj(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dd.ddd.ddd/dddd-dd", "dddddddddddddd"])?;
    let checked = brazilian(&all, &[5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2])
        && brazilian(&all, &[6, 5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2]);
    hit(at, end, checked && !uniform(&all) && !other(view, at))
}

fn sin(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddd-ddd-ddd", "ddd ddd ddd", "ddddddddd"])?;
    let named = view.byte(at + 3) == Some(b'-') || says(view, at, &["sin", "social insurance", "canadian"]);
    hit(at, end, !matches!(all[0], 0 | 8) && luhn(&all) && named)
}

fn curp(view: &View<'_>, at: usize) -> Option<Hit> {
    let text = token(view, at, 18)?;
    shaped(view, at, b"AAAAddddddAAAAAAXd")?;
    const LETTERS: &[u8] = b"0123456789ABCDEFGHIJKLMN\x00OPQRSTUVWXYZ";
    let place = |byte: u8| LETTERS.iter().position(|letter| *letter == byte).unwrap_or_default() as u32;
    let sum: u32 = text[..17].iter().zip((2..=18).rev()).map(|(byte, weight)| place(*byte) * weight).sum();
    let all = digits(&text[4..10]);
    let check = (10 - sum % 10) % 10 == u32::from(text[17] - b'0');
    hit(at, at + 18, check && is_day(two(&all, 4), two(&all, 2)) && matches!(text[10], b'H' | b'M' | b'X'))
}

fn rut(view: &View<'_>, at: usize) -> Option<Hit> {
    let shapes = ["dd.ddd.ddd-X", "d.ddd.ddd-X", "dddddddd-X"];
    let end = shapes.iter().find_map(|shape| shaped(view, at, shape.as_bytes()))?;
    let (body, last) = (digits(view.slice(at..end - 2)), view.before(end)?);
    let sum: u32 = body.iter().rev().zip([2, 3, 4, 5, 6, 7, 2, 3]).map(|(digit, weight)| digit * weight).sum();
    let check = match 11 - sum % 11 {
        11 => b'0',
        10 => b'K',
        digit => b'0' + digit as u8,
    };
    let named = view.slice(at..end).contains(&b'.') || says(view, at, &["rut", "run"]);
    hit(at, end, check == last.to_ascii_uppercase() && named)
}

fn cuit(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["dd-dddddddd-d"])?;
    let check = match 11 - weighed(&all[..10], &[5, 4, 3, 2, 7, 6, 5, 4, 3, 2]) % 11 {
        11 => 0,
        10 => 9,
        digit => digit,
    };
    let kinds = matches!(two(&all, 0), 20 | 23..=27 | 30 | 33 | 34);
    hit(at, end, kinds && check == all[10])
}

fn china(view: &View<'_>, at: usize) -> Option<Hit> {
    let text = token(view, at, 18)?;
    if !text[..17].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let all = digits(&text[..17]);
    let sum = weighed(&all, &[7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
    let check = b"10X98765432"[(sum % 11) as usize];
    let date = is_day(two(&all, 12), two(&all, 10)) && matches!(two(&all, 6), 18..=20);
    hit(at, at + 18, date && check == text[17].to_ascii_uppercase())
}

fn taiwan(view: &View<'_>, at: usize) -> Option<Hit> {
    let end = shaped(view, at, b"Addddddddd")?;
    const CODES: [u32; 26] =
        [10, 11, 12, 13, 14, 15, 16, 17, 34, 18, 19, 20, 21, 22, 35, 23, 24, 25, 26, 27, 28, 29, 32, 30, 31, 33];
    let code = CODES[usize::from(view.byte(at)? - b'A')];
    let all = digits(view.slice(at + 1..end));
    let sum = code / 10 + code % 10 * 9 + weighed(&all, &[8, 7, 6, 5, 4, 3, 2, 1, 1]);
    hit(at, end, matches!(all[0], 1 | 2 | 8 | 9) && sum.is_multiple_of(10))
}

fn hong_kong(view: &View<'_>, at: usize) -> Option<Hit> {
    let first = view.byte(at)?;
    let six = first.is_ascii_uppercase() && view.run(at + 1, 6, |byte| byte.is_ascii_digit()) == at + 7;
    if !six
        || view.byte(at + 7) != Some(b'(')
        || view.byte(at + 9) != Some(b')')
        || view.before(at).is_some_and(|byte| byte.is_ascii_alphanumeric())
    {
        return None;
    }
    let sum =
        36 * 9 + (u32::from(first - b'A') + 10) * 8 + weighed(&digits(view.slice(at + 1..at + 7)), &[7, 6, 5, 4, 3, 2]);
    let check = match view.byte(at + 8)? {
        b'A' => 10,
        digit if digit.is_ascii_digit() => u32::from(digit - b'0'),
        _ => return None,
    };
    hit(at, at + 10, (sum + check).is_multiple_of(11))
}

fn thailand(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["d-dddd-ddddd-dd-d", "d dddd ddddd dd d", "ddddddddddddd"])?;
    let sum = weighed(&all, &[13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
    let named = end - at > 13 || says(view, at, &["thai", "thailand", "citizen id"]);
    hit(at, end, (11 - sum % 11) % 10 == all[12] && named)
}

fn israel(view: &View<'_>, at: usize) -> Option<Hit> {
    let (end, all) = any_shape(view, at, &["ddddddddd", "dddddddd-d"])?;
    hit(at, end, luhn(&all) && says(view, at, &["teudat zehut", "israeli id", "israel id", "teudat"]))
}

fn south_africa(view: &View<'_>, at: usize) -> Option<Hit> {
    let all = digits(token(view, at, 13)?);
    let date = all.len() == 13 && is_day(two(&all, 4), two(&all, 2)) && all[10] <= 1;
    hit(at, at + 13, date && luhn(&all) && says(view, at, &["id", "identity", "rsa", "south african"]))
}
