//! Addresses of machines.

use super::Entity;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, mentions};

pub(super) const IP: Entity = Entity {
    name: "ip",
    about: "IP addresses, version 4 and 6",
    rules: &[
        Rule { label: "IP", trigger: Trigger::Token, find: ipv4, tail: None },
        Rule { label: "IP", trigger: Trigger::Token, find: ipv6, tail: Some(hex_tail) },
    ],
};

pub(super) const MAC: Entity = Entity {
    name: "mac",
    about: "MAC addresses",
    rules: &[Rule { label: "MAC", trigger: Trigger::Token, find: mac, tail: Some(mac_tail) }],
};

fn ipv4(view: &View<'_>, at: usize) -> Option<Hit> {
    if matches!(view.before(at), Some(b'.' | b'-' | b'_')) || view.before(at).is_some_and(alnum) {
        return None;
    }
    let mut place = at;
    for octet in 0..4 {
        let end = view.run(place, 4, |byte| byte.is_ascii_digit());
        let digits = view.slice(place..end);
        let fits = matches!(
            digits,
            [_] | [b'1'..=b'9', _] | [b'1', _, _] | [b'2', b'0'..=b'4', _] | [b'2', b'5', b'0'..=b'5']
        );
        if !fits {
            return None;
        }
        if octet < 3 && view.byte(end) != Some(b'.') {
            return None;
        }
        place = end + usize::from(octet < 3);
    }
    let goes_on = match view.byte(place) {
        Some(byte) if alnum(byte) || byte == b'_' => true,
        Some(b'.' | b'-') => view.byte(place + 1).is_some_and(alnum),
        _ => false,
    };
    const VERSION: [&str; 9] = ["version", "ver", "v", "release", "firmware", "build", "upgrade", "section", "chapter"];
    if goes_on || mentions(view.context(at, 16), &VERSION) {
        return None;
    }
    Hit::whole(at..place)
}

fn hex_colon(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b':'
}

/// So long an address of version 6 is at most, with a part of version 4 in it.
const LONGEST: usize = 45;

fn hex_tail(text: &[u8]) -> usize {
    let run = text.iter().rev().take(LONGEST + 1).take_while(|byte| hex_colon(**byte)).count();
    if run > LONGEST { text.len() } else { text.len() - run }
}

fn ipv6(view: &View<'_>, at: usize) -> Option<Hit> {
    let begin = view.back(at, LONGEST + 1, hex_colon);
    if at - begin > LONGEST || view.before(begin).is_some_and(|byte| alnum(byte) || byte == b'_') {
        return None;
    }
    view.begins(begin);
    let mut end = view.run(begin, LONGEST + 1, |byte| hex_colon(byte) || byte == b'.');
    if end - begin > LONGEST || view.byte(end).is_some_and(|byte| alnum(byte) || byte == b'_') {
        return None;
    }
    while end > begin
        && matches!(view.before(end), Some(b'.' | b':'))
        && view.slice(begin..end) != b"::"
        && !view.slice(begin..end).ends_with(b"::")
    {
        end -= 1;
    }
    let text = std::str::from_utf8(view.slice(begin..end)).ok()?;
    let colons = text.bytes().filter(|byte| *byte == b':').count();
    let telling = text.len() >= 6 && colons >= 2;
    if telling && text.parse::<std::net::Ipv6Addr>().is_ok() { Hit::whole(begin..end) } else { None }
}

fn mac_tail(text: &[u8]) -> usize {
    let part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'-');
    let run = text.iter().rev().take(18).take_while(|byte| part(**byte)).count();
    text.len() - run
}

/// Six pairs with colons or hyphens between them.
fn mac(view: &View<'_>, at: usize) -> Option<Hit> {
    let part = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'-');
    let begin = view.back(at, 17, part);
    view.begins(begin);
    if !(at - begin).is_multiple_of(3)
        || at - begin > 15
        || view.before(begin).is_some_and(|byte| alnum(byte) || byte == b'_')
    {
        return None;
    }
    let gap = view.byte(begin + 2)?;
    if !matches!(gap, b':' | b'-') {
        return None;
    }
    for pair in 0..6 {
        let place = begin + pair * 3;
        if view.run(place, 2, |byte| byte.is_ascii_hexdigit()) != place + 2
            || (pair < 5 && view.byte(place + 2) != Some(gap))
        {
            return None;
        }
    }
    let end = begin + 17;
    let goes_on = view.byte(end).is_some_and(|byte| alnum(byte) || byte == b'_' || byte == gap);
    if goes_on { None } else { Hit::whole(begin..end) }
}
