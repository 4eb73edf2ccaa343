//! Values behind names like `password =`, and random-looking values behind a word that says what they are.

use super::is_random;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum, mentions};

pub(super) const RULES: [Rule; 2] = [
    Rule { label: "PASSWORD", trigger: Trigger::Texts(&WORDS), find: password, tail: None },
    Rule { label: "TOKEN", trigger: Trigger::Texts(&NAMES), find: token, tail: None },
];
pub(super) const ENTROPY: [Rule; 1] = [Rule { label: "SECRET", trigger: Trigger::Token, find: random, tail: None }];

/// Names of what a person types.
const WORDS: [&str; 6] = ["password", "passwd", "passphrase", "pwd", "passwort", "pass"];
/// Names of what a machine makes.
const NAMES: [&str; 15] = [
    "secret",
    "token",
    "api_key",
    "apikey",
    "api-key",
    "api key",
    "access_key",
    "access-key",
    "accesskey",
    "secret_key",
    "auth_key",
    "private_key",
    "account_key",
    "bearer ",
    "authorization",
];
const LONGEST: usize = 128;

/// What stands behind a name and a sign.
struct Value {
    begin: usize,
    end: usize,
    quoted: bool,
}

/// The value behind a name: a quote perhaps, `=`, `:` or `=>`, a quote perhaps, the value.
fn value(view: &View<'_>, name: usize) -> Option<Value> {
    let mut at = view.run(name, 24, |byte| alnum(byte) || matches!(byte, b'_' | b'-'));
    at = view.run(at, 1, |byte| matches!(byte, b'"' | b'\'' | b'`'));
    at = view.run(at, 2, |byte| byte == b' ' || byte == b'\t');
    let sign = at;
    at = view.run(at, 2, |byte| matches!(byte, b'=' | b':' | b'>'));
    if at == sign {
        return None;
    }
    at = view.run(at, 2, |byte| byte == b' ' || byte == b'\t');
    let quote = view.byte(at).filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
    let begin = at + usize::from(quote.is_some());
    let end = match quote {
        Some(quote) => view.run(begin, LONGEST, |byte| byte != quote && byte >= b' ' && byte != b'\\'),
        None => view.run(begin, LONGEST, |byte| {
            byte > b' '
                && byte < 0x7F
                && !matches!(byte, b'"' | b'\'' | b'`' | b',' | b';' | b'&' | b'<' | b'>' | b')' | b'}' | b']')
        }),
    };
    if quote.is_some() && view.byte(end) != quote {
        return None;
    }
    let end = if quote.is_none() && view.before(end) == Some(b'.') { end - 1 } else { end };
    (end > begin).then_some(Value { begin, end, quoted: quote.is_some() })
}

fn is_word_begin(view: &View<'_>, at: usize) -> bool {
    !view.before(at).is_some_and(|byte| byte.is_ascii_alphabetic())
        || view.byte(at).is_some_and(|b| b.is_ascii_uppercase())
}

fn password(view: &View<'_>, at: usize) -> Option<Hit> {
    if !is_word_begin(view, at) {
        return None;
    }
    let Value { begin, end, quoted } = value(view, at)?;
    let text = view.slice(begin..end);
    if !(4..=LONGEST).contains(&text.len()) || is_example(text) || text.contains(&b' ') {
        return None;
    }
    let plain = text.iter().all(u8::is_ascii_lowercase) || text.iter().all(u8::is_ascii_uppercase);
    let typed = if quoted { text.len() >= 6 || !plain } else { text.len() >= 6 && has_odd(text) };
    if typed { Hit::whole(begin..end) } else { None }
}

/// Digits or signs that no word has.
fn has_odd(text: &[u8]) -> bool {
    let inner = text.strip_suffix(b"?").or(text.strip_suffix(b"!")).unwrap_or(text);
    inner.iter().any(|byte| byte.is_ascii_digit())
        || inner.iter().any(|byte| matches!(byte, b'!' | b'@' | b'#' | b'$' | b'%' | b'^' | b'*' | b'+'))
}

fn token(view: &View<'_>, at: usize) -> Option<Hit> {
    if !is_word_begin(view, at) {
        return None;
    }
    let (begin, end) = match bearer(view, at) {
        Some(found) => found,
        None => {
            let Value { begin, end, .. } = value(view, at)?;
            let skipped = if view.goes_on(begin, b"bearer ") {
                7
            } else if view.goes_on(begin, b"basic ") {
                6
            } else {
                0
            };
            let end = if skipped > 0 { view.run(begin + skipped, LONGEST, token_byte) } else { end };
            (begin + skipped, end)
        }
    };
    let text = view.slice(begin..end);
    let fits = (12..=LONGEST).contains(&text.len()) && !is_example(text) && !text.contains(&b' ') && is_random(text);
    if fits { Hit::whole(begin..end) } else { None }
}

fn token_byte(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'+' | b'/' | b'=')
}

fn bearer(view: &View<'_>, at: usize) -> Option<(usize, usize)> {
    view.goes_on(at, b"bearer ").then(|| (at + 7, view.run(at + 7, LONGEST, token_byte)))
}

/// Place holders, and code that reads the value from elsewhere.
fn is_example(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let begins: [&[u8]; 12] =
        [b"${", b"{{", b"<", b"$(", b"%(", b"your", b"my_", b"os.", b"process.", b"env", b"none", b"null"];
    let holds: [&[u8]; 12] = [
        b"example",
        b"placeholder",
        b"changeme",
        b"change_me",
        b"xxxx",
        b"****",
        b"....",
        b"(",
        b"redacted",
        b"dummy",
        b"insert",
        b"_here",
    ];
    begins.iter().any(|begin| lower.starts_with(begin))
        || holds.iter().any(|part| memchr::memmem::find(&lower, part).is_some())
}

/// A long random-looking value behind a word like key, secret or token in the same breath.
fn random(view: &View<'_>, at: usize) -> Option<Hit> {
    const LEAST: usize = 24;
    if matches!(view.before(at), Some(b'-' | b'_' | b'/' | b'.' | b'+' | b'='))
        && view.before(at.saturating_sub(1)).is_some_and(alnum)
    {
        return None;
    }
    let end = view.run(at, LEAST, alnum);
    if end - at < LEAST {
        return None;
    }
    let text = view.slice(at..end);
    let mixed = text.iter().any(u8::is_ascii_uppercase) && text.iter().any(u8::is_ascii_lowercase);
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    const SAYS: [&str; 10] =
        ["key", "secret", "token", "credential", "credentials", "passphrase", "apikey", "api_key", "auth", "signing"];
    const OTHER: [&str; 12] = [
        "sha",
        "sha256",
        "sha1",
        "md5",
        "commit",
        "hash",
        "checksum",
        "digest",
        "public key",
        "fingerprint",
        "etag",
        "uuid",
    ];
    let context = view.context(at, 40);
    let telling = mixed
        && (1..LEAST - 2).contains(&digits)
        && is_random(text)
        && mentions(context, &SAYS)
        && !mentions(context, &OTHER);
    if !telling {
        return None;
    }
    Hit::open(at..end, |view, at| {
        view.run(at, usize::MAX, |byte| alnum(byte) || matches!(byte, b'+' | b'/' | b'=' | b'_' | b'-'))
    })
}
