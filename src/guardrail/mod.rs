//! Guardrails: checks of what people and models say; one file, or folder, a type.
//!
//! *Span* types find places in a text and are compiled into one [`Scanner`] that goes over a text once, also over one that
//! comes in pieces ([`Window`], [`JsonLens`]). *Whole* types judge a
//! text that was made ready once for all of them ([`Prepared`]). It knows no protocol, no policy and no provider, and does no input or output.

mod code;
mod injection;
mod invisible;
mod json;
mod keywords;
mod lexicon;
mod literals;
mod masker;
mod patterns;
mod pii;
mod prepared;
mod restore;
mod rule;
mod scanner;
mod schema;
mod secrets;
mod settings;
mod tokens;
mod tone;
mod topics;
mod view;
mod whole;
mod window;

#[cfg(test)]
mod tests;

pub use invisible::LABEL as INVISIBLE;
pub use json::{JsonLens, Mask};
pub use masker::Masker;
pub use prepared::Prepared;
pub use restore::Restorer;
pub use scanner::{Act, Acts, Found, Scanner, Spans};
pub use settings::{SettingError, Settings};
pub use tokens::Counter;
pub use whole::{Judge, Judgement, Pace, Whole};
pub use window::{Piece, Window, whole};

use std::collections::BTreeMap;

/// A type of guardrail. A new one is a file, and a line in [`KINDS`].
pub struct Kind {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it looks for.
    pub about: &'static str,
    /// How it decides.
    pub how: &'static str,
    /// What it looks at.
    pub family: Family,
    /// Whether it gives a score that a threshold is held against.
    pub scores: bool,
    /// The score from which on a text counts, unless it is set.
    pub threshold: f64,
    /// What can be set.
    pub settings: &'static [Setting],
    build: fn(&Settings<'_>) -> Result<Check, SettingError>,
}

/// What a type looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// At places in a text; also in a text that comes in pieces.
    Span,
    /// At a text as a whole: it gives a score.
    Whole,
    /// At how long a text is.
    Count,
}

impl Family {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::Span => "span",
            Family::Whole => "whole",
            Family::Count => "count",
        }
    }
}

/// Something that can be set.
#[derive(Clone, Copy)]
pub struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it is unless it is set.
    pub default: &'static str,
    /// What it is for.
    pub about: &'static str,
}

/// A guardrail, made ready.
pub enum Check {
    /// One that finds places in a text.
    Span(Spans),
    /// One that judges texts as a whole.
    Whole(Whole),
    /// One that counts tokens, up to so many.
    Count(u64),
}

/// Every type, in the order of the help.
pub const KINDS: [&Kind; 13] = [
    &pii::KIND,
    &secrets::KIND,
    &topics::KIND,
    &tone::TOXICITY,
    &tone::SENTIMENT,
    &injection::INJECTION,
    &injection::JAILBREAK,
    &invisible::KIND,
    &code::KIND,
    &tokens::KIND,
    &patterns::KIND,
    &keywords::KIND,
    &schema::KIND,
];

/// The type of that name.
pub fn kind(name: &str) -> Option<&'static Kind> {
    KINDS.into_iter().find(|kind| kind.name == name)
}

/// Makes a guardrail ready, and refuses settings that make no sense.
///
/// # Errors
/// Which setting, and why.
pub fn build(kind: &Kind, given: &BTreeMap<String, String>) -> Result<Check, SettingError> {
    let settings = Settings::new(given, kind.settings);
    if !kind.settings.iter().any(|setting| setting.name == FREE) {
        settings.check_names()?;
    }
    (kind.build)(&settings)
}

/// The name of a setting that stands for any name.
pub const FREE: &str = "LABEL";
