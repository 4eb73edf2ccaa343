//! What rules of numbers have in common: tokens that stand alone, digits in groups, check sums.

use crate::guardrail::view::{View, alnum};

/// The token of letters and digits that begins there, if it stands alone: not a part of a longer number, name or path.
pub(super) fn token<'v>(view: &View<'v>, at: usize, length: usize) -> Option<&'v [u8]> {
    if !begins(view, at) || view.run(at, length, alnum) != at + length || !ends(view, at + length) {
        return None;
    }
    Some(view.slice(at..at + length))
}

/// Whether nothing before makes it a part of something longer.
pub(super) fn begins(view: &View<'_>, at: usize) -> bool {
    let Some(before) = view.before(at) else { return true };
    let joint = matches!(before, b'-' | b'.' | b'/' | b'+' | b'=' | b':')
        && view.before(at - 1).is_some_and(|byte| byte.is_ascii_digit() || before == b'-' && alnum(byte));
    !(alnum(before) || matches!(before, b'_' | b'$' | b'#') || joint)
}

/// Whether nothing behind makes it a part of something longer.
pub(super) fn ends(view: &View<'_>, end: usize) -> bool {
    match view.byte(end) {
        Some(byte) if alnum(byte) || byte == b'_' => false,
        Some(b'-' | b'.' | b'/' | b',' | b':') => !view.byte(end + 1).is_some_and(|byte| byte.is_ascii_digit()),
        _ => true,
    }
}

/// Digits as they are grouped by such a shape: `ddd.ddd-dd`, where `d` is a digit and all else stands for itself. Where it
/// ends.
pub(super) fn shaped(view: &View<'_>, at: usize, shape: &[u8]) -> Option<usize> {
    if !begins(view, at) {
        return None;
    }
    for (place, sign) in shape.iter().enumerate() {
        let byte = view.byte(at + place)?;
        let fits = match sign {
            b'd' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_uppercase(),
            b'X' => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            other => byte == *other,
        };
        if !fits {
            return None;
        }
    }
    let end = at + shape.len();
    ends(view, end).then_some(end)
}

/// The first of these shapes that fits: where it ends, and its digits.
pub(super) fn any_shape(view: &View<'_>, at: usize, shapes: &[&str]) -> Option<(usize, Vec<u32>)> {
    let end = shapes.iter().find_map(|shape| shaped(view, at, shape.as_bytes()))?;
    Some((end, digits(view.slice(at..end))))
}

/// The digits in a text.
pub(super) fn digits(text: &[u8]) -> Vec<u32> {
    text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| u32::from(byte - b'0')).collect()
}

/// The sum of digits by weights.
pub(super) fn weighed(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

/// Whether all digits are the same: no check sum means anything then.
pub(super) fn uniform(digits: &[u32]) -> bool {
    digits.windows(2).all(|pair| pair[0] == pair[1])
}

pub(super) fn luhn(digits: &[u32]) -> bool {
    let worth = |(place, digit): (usize, &u32)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit };
    digits.iter().rev().enumerate().map(worth).sum::<u32>() % 10 == 0
}

/// ISO 7064, modulus 11, 10.
pub(super) fn mod_11_10(digits: &[u32]) -> bool {
    let Some((last, rest)) = digits.split_last() else { return false };
    let product = rest.iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (11 - product) % 10 == *last
}

/// Verhoeff's check digit.
pub(super) fn verhoeff(digits: &[u32]) -> bool {
    const PERMUTED: [[usize; 10]; 8] = [
        [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
        [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
        [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
        [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
        [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
        [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
        [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
        [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
    ];
    // The dihedral group of order ten.
    let product = |a: usize, b: usize| match (a < 5, b < 5) {
        (true, true) => (a + b) % 5,
        (true, false) => 5 + (a + b - 5) % 5,
        (false, true) => 5 + (a - 5 + 5 - b) % 5,
        (false, false) => (a - 5 + 5 - (b - 5)) % 5,
    };
    let all = digits.iter().rev().enumerate();
    all.fold(0, |sum, (place, digit)| product(sum, PERMUTED[place % 8][*digit as usize])) == 0
}

/// Whether day and month are ones.
pub(super) fn is_day(day: u32, month: u32) -> bool {
    (1..=31).contains(&day) && (1..=12).contains(&month)
}

/// Two digits as a number.
pub(super) fn two(digits: &[u32], at: usize) -> u32 {
    digits.get(at).copied().unwrap_or(99) * 10 + digits.get(at + 1).copied().unwrap_or(9)
}
