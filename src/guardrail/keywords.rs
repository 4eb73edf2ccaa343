//! `keywords`: words and phrases as the administrator lists them.

use super::literals::Literals;
use super::scanner::Spans;
use super::settings::{SettingError, Settings};
use super::view::View;
use super::{Check, Family, Kind, Setting};
use std::ops::Range;

/// The type.
pub const KIND: Kind = Kind {
    name: "keywords",
    about: "words and phrases of your own",
    how: "Looks for each of the words, letters of either case, as a word of its own unless whole-words=off. Decides for \
          certain; there is no score.",
    family: Family::Span,
    scores: false,
    threshold: 0.5,
    settings: &[
        Setting { name: "words", default: "", about: "the words and phrases, separated by commas" },
        Setting { name: "label", default: "KEYWORD", about: "what stands in their place, as <KEYWORD_1>" },
        Setting { name: "whole-words", default: "on", about: "off: inside of longer words, too" },
    ],
    build,
};

const LONGEST: usize = 256;

/// The words of one guardrail.
pub struct Keywords {
    pub(super) label: String,
    literals: Literals,
    whole_words: bool,
}

fn build(settings: &Settings) -> Result<Check, SettingError> {
    let words = settings.list("words");
    if words.is_empty() {
        return Err(SettingError::new("words", "name at least one word: --set words=alpha,beta"));
    }
    if let Some(long) = words.iter().find(|word| word.len() > LONGEST) {
        return Err(SettingError::new("words", format!("`{long}` is longer than {LONGEST} bytes")));
    }
    let spelled: Vec<String> = words.iter().flat_map(|word| spellings(word)).collect();
    let literals = Literals::new(&spelled).map_err(|error| SettingError::new("words", error))?;
    let keywords = Keywords { label: settings.label("label")?, literals, whole_words: settings.switch("whole-words")? };
    Ok(Check::Span(Spans { keywords: Some(keywords), ..Spans::default() }))
}

/// The word, and where it has letters beyond ASCII, its forms in capitals and small letters.
fn spellings(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    if !word.is_ascii() {
        forms.extend([word.to_lowercase(), word.to_uppercase()]);
        forms.sort();
        forms.dedup();
    }
    forms
}

impl Keywords {
    /// Every match from `from` on, and the places where more text must come before it is known.
    pub(super) fn find(&self, view: &View<'_>, from: usize, hits: &mut Vec<Range<usize>>, waits: &mut Vec<usize>) {
        self.literals.find(view.bytes(), from, |begin, end, _| {
            view.start(begin);
            let is_word = !self.whole_words || (!inside(view, begin) && !goes_on(view, end));
            match view.waits() {
                Some(at) => waits.push(at),
                None if is_word => hits.push(begin..end),
                None => {}
            }
        });
        if !view.is_last() {
            waits.push(self.literals.tail(view.bytes(), from));
        }
    }
}

fn letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The first byte of a letter of two bytes: accented Latin, Greek, Cyrillic, Hebrew, Arabic. Scripts without gaps between
/// words have longer ones.
fn leads(byte: u8) -> bool {
    (0xC3..=0xDF).contains(&byte)
}

fn inside(view: &View<'_>, begin: usize) -> bool {
    let before = match view.before(begin) {
        Some(byte) if byte < 0x80 => letter(byte),
        Some(_) => view.before(begin - 1).is_some_and(leads),
        None => false,
    };
    before && view.byte(begin).is_some_and(|byte| letter(byte) || leads(byte))
}

fn goes_on(view: &View<'_>, end: usize) -> bool {
    let own = match view.before(end) {
        Some(byte) if byte < 0x80 => letter(byte),
        Some(_) => view.before(end - 1).is_some_and(leads),
        None => false,
    };
    own && view.byte(end).is_some_and(|byte| letter(byte) || leads(byte))
}
