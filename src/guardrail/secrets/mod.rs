//! `secrets`: what opens doors: provider keys, tokens, private keys, passwords.

mod assigned;
mod formats;
mod keys;

use super::rule::Rule;
use super::scanner::Spans;
use super::settings::{SettingError, Settings};
use super::{Check, Family, Kind, Setting};

/// The type.
pub const KIND: Kind = Kind {
    name: "secrets",
    about: "provider keys, tokens, private keys, JWT, connection strings, passwords",
    how: "Knows the beginnings of the keys of well-known providers and platforms, and asks of what follows that it looks \
          drawn by lot; takes private keys from their BEGIN line, JWT by their header, passwords of URLs, and values that \
          stand behind names like password= unless they are place holders. entropy=on also takes long random-looking \
          values without a name. Decides for certain; there is no score.",
    family: Family::Span,
    scores: false,
    threshold: 0.5,
    settings: &[
        Setting { name: "keys", default: "on", about: "keys and tokens of known providers and platforms" },
        Setting { name: "private-keys", default: "on", about: "private keys, from their BEGIN line" },
        Setting { name: "jwt", default: "on", about: "JSON web tokens" },
        Setting { name: "urls", default: "on", about: "passwords in URLs and connection strings" },
        Setting { name: "assignments", default: "on", about: "values behind password=, token:, api_key= and the like" },
        Setting {
            name: "entropy",
            default: "on",
            about: "long random-looking values behind a word like key or secret",
        },
    ],
    build,
};

fn build(settings: &Settings) -> Result<Check, SettingError> {
    let parts: [(&str, &'static [Rule]); 6] = [
        ("keys", &formats::RULES),
        ("private-keys", &keys::PRIVATE),
        ("jwt", &keys::JWT),
        ("urls", &keys::URLS),
        ("assignments", &assigned::RULES),
        ("entropy", &assigned::ENTROPY),
    ];
    let mut rules = Vec::new();
    for (name, part) in parts {
        rules.extend(settings.switch(name)?.then_some(part).into_iter().flatten());
    }
    if rules.is_empty() {
        return Err(SettingError::new("keys", "nothing is left to look for"));
    }
    Ok(Check::Span(Spans { rules, ..Spans::default() }))
}

/// Whether a value looks drawn by lot: letters of both cases or digits among them, few repetitions, no words.
fn is_random(value: &[u8]) -> bool {
    let digits = value.iter().filter(|byte| byte.is_ascii_digit()).count();
    let upper = value.iter().filter(|byte| byte.is_ascii_uppercase()).count();
    let lower = value.iter().filter(|byte| byte.is_ascii_lowercase()).count();
    let kinds = usize::from(digits > 0) + usize::from(upper > 0) + usize::from(lower > 0);
    kinds >= 2 && digits > 0 && distinct(value) * 3 >= value.len().min(24) && !is_counted_up(value)
}

fn distinct(value: &[u8]) -> usize {
    let mut seen = [false; 256];
    value.iter().for_each(|byte| seen[usize::from(*byte)] = true);
    seen.iter().filter(|seen| **seen).count()
}

/// `1234567890`, `abcdefgh`, `xxxxxxxx`: examples, typed and not drawn.
fn is_counted_up(value: &[u8]) -> bool {
    let steps = value.windows(2).filter(|pair| pair[1].wrapping_sub(pair[0]) <= 1).count();
    steps * 2 > value.len()
}
