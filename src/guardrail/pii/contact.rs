//! E-mail addresses.

use super::Entity;
use crate::guardrail::rule::{Hit, Rule, Trigger};
use crate::guardrail::view::{View, alnum};

pub(super) const EMAIL: Entity = Entity {
    name: "email",
    about: "e-mail addresses",
    rules: &[Rule { label: "EMAIL", trigger: Trigger::Byte(b'@'), find: email, tail: Some(email_tail) }],
};

const LONGEST_LOCAL: usize = 64;
const LONGEST_DOMAIN: usize = 188;

fn local(byte: u8) -> bool {
    alnum(byte) || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'')
}

/// Where an address may have begun whose `@` has not come.
fn email_tail(text: &[u8]) -> usize {
    let run = text.iter().rev().take(LONGEST_LOCAL + 1).take_while(|byte| local(**byte)).count();
    if run > LONGEST_LOCAL { text.len() } else { text.len() - run }
}

fn email(view: &View<'_>, at: usize) -> Option<Hit> {
    let run = view.back(at, LONGEST_LOCAL + 1, local);
    if run == at || at - run > LONGEST_LOCAL {
        return None;
    }
    view.begins(run);
    let edge = |byte: u8| matches!(byte, b'.' | b'\'' | b'-' | b'%' | b'+');
    let begin = run + view.slice(run..at).iter().take_while(|byte| edge(**byte)).count();
    if begin == at || view.before(at) == Some(b'.') || view.slice(begin..at) == b"git" || is_login(view, begin) {
        return None;
    }
    Hit::whole(begin..domain(view, at + 1)?)
}

/// `scheme://user:password@host` has no address in it.
fn is_login(view: &View<'_>, begin: usize) -> bool {
    let context = view.context(begin, 80);
    let word = context.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    context.ends_with(b":") && memchr::memmem::find(&context[word..], b"://").is_some()
}

/// Where a domain of two labels or more ends.
fn domain(view: &View<'_>, begin: usize) -> Option<usize> {
    let (mut at, mut end, mut labels) = (begin, None, 0);
    loop {
        let label = view.run(at, 63, |byte| alnum(byte) || byte == b'-');
        if label == at || label - begin > LONGEST_DOMAIN {
            break;
        }
        labels += 1;
        let text = view.slice(at..label);
        if text.starts_with(b"-") {
            break;
        }
        let trimmed = label - text.iter().rev().take_while(|byte| **byte == b'-').count();
        let letters = view.slice(at..trimmed).iter().all(u8::is_ascii_alphabetic);
        let punycode = text.starts_with(b"xn--");
        if labels >= 2 && trimmed - at >= 2 && (letters || punycode) {
            end = Some(trimmed);
        }
        if trimmed != label || view.byte(label) != Some(b'.') {
            break;
        }
        at = label + 1;
    }
    end
}
