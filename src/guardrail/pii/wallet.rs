//! Wallets of crypto currencies, by their check sums; Ethereum's by its form.

use super::Entity;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, apart};
use sha2::{Digest, Sha256};

pub(super) const WALLET: Entity = Entity {
    name: "crypto",
    about: "wallets: Bitcoin, Litecoin, Dogecoin, Tron, XRP, Ethereum",
    rules: &[
        Rule { label: "WALLET", trigger: Trigger::Token, find: base58, tail: None },
        Rule { label: "WALLET", trigger: Trigger::Texts(&["bc1", "ltc1"]), find: bech32, tail: None },
        Rule { label: "WALLET", trigger: Trigger::Texts(&["0x"]), find: ethereum, tail: None },
    ],
};

const BITCOIN: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const XRP: &[u8; 58] = b"rpshnaf39wBUDNEGHJKLM4PQRST7VWXYZ2bcdeCg65jkm8oFqi1tuvAxyz";

/// Version, twenty bytes, and four of a double hash.
fn base58(view: &View<'_>, at: usize) -> Option<Hit> {
    let first = view.byte(at)?;
    if !matches!(first, b'1' | b'3' | b'T' | b'L' | b'M' | b'D' | b'r' | b'A' | b'9') || !apart(view.before(at)) {
        return None;
    }
    let end = view.run(at, 36, alnum);
    if !(25..=35).contains(&(end - at)) || view.byte(end) == Some(b'_') {
        return None;
    }
    let bytes = decoded(view.slice(at..end), if first == b'r' { XRP } else { BITCOIN })?;
    let (body, check) = bytes.split_at(21);
    let hash = Sha256::digest(Sha256::digest(body));
    if hash[..4] == *check { Hit::whole(at..end) } else { None }
}

/// Twenty-five bytes.
fn decoded(text: &[u8], alphabet: &[u8; 58]) -> Option<[u8; 25]> {
    let mut bytes = [0u8; 25];
    for letter in text {
        let mut carry = alphabet.iter().position(|other| other == letter)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xFF) as u8;
            carry >>= 8;
        }
        if carry > 0 {
            return None;
        }
    }
    Some(bytes)
}

fn bech32(view: &View<'_>, at: usize) -> Option<Hit> {
    const LETTERS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    let part = if view.goes_on(at, b"ltc1") { "ltc" } else { "bc" };
    let begin = at + part.len() + 1;
    let end = view.run(begin, 72, alnum);
    if !apart(view.before(at)) || !(38..=71).contains(&(end - begin)) {
        return None;
    }
    let high = part.bytes().map(|byte| u32::from(byte >> 5));
    let low = part.bytes().map(|byte| u32::from(byte & 31));
    let mut values: Vec<u32> = high.chain([0]).chain(low).collect();
    for byte in view.slice(begin..end) {
        values.push(LETTERS.iter().position(|letter| *letter == byte.to_ascii_lowercase())? as u32);
    }
    const STEPS: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let sum = values.into_iter().fold(1u32, |sum, value| {
        let next = (sum & 0x01ff_ffff) << 5 ^ value;
        (0..5).fold(next, |next, bit| if sum >> 25 >> bit & 1 == 1 { next ^ STEPS[bit] } else { next })
    });
    if matches!(sum, 1 | 0x2bc8_30a3) { Hit::whole(at..end) } else { None }
}

fn ethereum(view: &View<'_>, at: usize) -> Option<Hit> {
    let end = view.run(at + 2, 41, |byte| byte.is_ascii_hexdigit());
    let is_one =
        end - at == 42 && apart(view.before(at)) && !view.byte(end).is_some_and(|byte| alnum(byte) || byte == b'_');
    if is_one { Hit::whole(at..end) } else { None }
}
