//! Private keys, JSON web tokens, and passwords in URLs.

use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, apart};

pub(super) const PRIVATE: [Rule; 1] =
    [Rule { label: "PRIVATE_KEY", trigger: Trigger::Texts(&["-----BEGIN "]), find: private, tail: None }];
pub(super) const JWT: [Rule; 1] = [Rule { label: "JWT", trigger: Trigger::Texts(&["eyJ"]), find: jwt, tail: None }];
pub(super) const URLS: [Rule; 2] = [
    Rule { label: "URL_PASSWORD", trigger: Trigger::Texts(&["://"]), find: url, tail: None },
    Rule {
        label: "PASSWORD",
        trigger: Trigger::Texts(&["AccountKey=", "SharedAccessKey=", "sig="]),
        find: azure,
        tail: None,
    },
];

/// The BEGIN line of a private key; all up to its END goes with it.
fn private(view: &View<'_>, at: usize) -> Option<Hit> {
    let begin = at + "-----BEGIN ".len();
    let end = view.run(begin, 40, |byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ');
    let name = view.slice(begin..end);
    if !view.goes_on(end, b"-----") || !(name.ends_with(b"PRIVATE KEY") || name.ends_with(b"PRIVATE KEY BLOCK")) {
        return None;
    }
    Hit::open(at..end + 5, body)
}

/// Lines of base 64 and headers, up to and with the END line. Of what waits for more, nothing is taken yet.
fn body(view: &View<'_>, at: usize) -> usize {
    let part = |byte: u8| {
        alnum(byte) || byte.is_ascii_whitespace() || matches!(byte, b'+' | b'/' | b'=' | b'\\' | b':' | b',')
    };
    let mut end = view.run(at, usize::MAX, part);
    // A hyphen within a header.
    while view.byte(end) == Some(b'-') && view.byte(end + 1).is_some_and(alnum) {
        end = view.run(end + 1, usize::MAX, part);
    }
    let gap = view.slice(at..end).iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    let closing = b"-----END ";
    if !view.goes_on(end, closing) {
        return end - gap;
    }
    let capitals = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b' ';
    let name = view.run(end + closing.len(), 40, capitals);
    let last = view.run(name, 5, |byte| byte == b'-');
    if view.is_short() { end - gap } else { last }
}

fn url_byte(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'-' | b'_')
}

/// Header and begin of the claims, both JSON objects in base 64.
fn jwt(view: &View<'_>, at: usize) -> Option<Hit> {
    if !apart(view.before(at)) {
        return None;
    }
    let header = view.run(at, 200, url_byte);
    if header - at < 16 || view.byte(header) != Some(b'.') || !view.goes_on(header + 1, b"ey") {
        return None;
    }
    Hit::open(at..header + 3, |view, at| view.run(at, usize::MAX, |byte| url_byte(byte) || byte == b'.'))
}

/// `scheme://user:password@host`: the password.
fn url(view: &View<'_>, at: usize) -> Option<Hit> {
    let begin = at + 3;
    let user = view.run(begin, 64, |byte| alnum(byte) || matches!(byte, b'-' | b'_' | b'.' | b'%' | b'+' | b'~'));
    if view.byte(user) != Some(b':') {
        return None;
    }
    let password = user + 1;
    let part = |byte: u8| {
        byte > b' ' && byte < 0x7F && !matches!(byte, b'/' | b'@' | b'"' | b'\'' | b'<' | b'>' | b'\\' | b'`')
    };
    let end = view.run(password, 128, part);
    let text = view.slice(password..end);
    if end == password || view.byte(end) != Some(b'@') || text.iter().all(u8::is_ascii_digit) && text.len() < 4 {
        return None;
    }
    let held =
        matches!(text.first(), Some(b'$' | b'{' | b'[' | b'*')) || text.iter().all(|byte| matches!(byte, b'x' | b'X'));
    if held || !view.byte(end + 1).is_some_and(|byte| alnum(byte) || byte == b'[') {
        return None;
    }
    Hit::whole(password..end)
}

fn azure(view: &View<'_>, at: usize) -> Option<Hit> {
    let name = view.run(at, 16, |byte| byte.is_ascii_alphabetic()) + 1;
    let part = |byte: u8| alnum(byte) || matches!(byte, b'+' | b'/' | b'%' | b'=');
    let end = view.run(name, 40, part);
    let telling = end - name >= 40 && super::is_random(view.slice(name..end));
    if !apart(view.before(at)) || !telling {
        return None;
    }
    Hit::open(name..end, |view, at| {
        view.run(at, usize::MAX, |byte| alnum(byte) || matches!(byte, b'+' | b'/' | b'%' | b'='))
    })
}
