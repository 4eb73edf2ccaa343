//! `token-limit`: how long a request or an answer may be.

use super::settings::{SettingError, Settings};
use super::{Check, Family, Kind, Setting};

/// The type.
pub const KIND: Kind = Kind {
    name: "token-limit",
    about: "requests and answers that are too long",
    how: "Counts tokens roughly, without a vocabulary: one for each word of up to six letters, one more for each four letters \
          beyond, one for each sign and each ideograph. Streams are counted as they go. Within a fifth of what tokenizers \
          count in prose. Decides for certain.",
    family: Family::Count,
    scores: false,
    threshold: 0.5,
    settings: &[Setting { name: "max", default: "8000", about: "the most tokens" }],
    build,
};

fn build(settings: &Settings<'_>) -> Result<Check, SettingError> {
    match settings.number("max")? {
        0 => Err(SettingError::new("max", "it is one token or more")),
        max => Ok(Check::Count(max)),
    }
}

/// Counts tokens of a text that may come in pieces.
#[derive(Clone, Copy, Default)]
pub struct Counter {
    tokens: u64,
    word: u64,
}

impl Counter {
    /// Counts more of the text.
    pub fn add(&mut self, text: &str) {
        for letter in text.chars() {
            if letter.is_alphanumeric() && !is_ideograph(letter) {
                self.word += 1;
                if self.word == 1 || (self.word > 6 && (self.word - 7).is_multiple_of(4)) {
                    self.tokens += 1;
                }
                continue;
            }
            self.word = 0;
            self.tokens += u64::from(!letter.is_whitespace());
        }
    }

    /// A text ends.
    pub fn end(&mut self) {
        self.word = 0;
    }

    /// How many tokens there were.
    pub fn tokens(&self) -> u64 {
        self.tokens
    }
}

fn is_ideograph(letter: char) -> bool {
    matches!(letter, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}')
}
