//! The types that judge a text as a whole give a score and what made it up.

use super::prepared::Prepared;
use super::settings::{SettingError, Settings};
use super::{Check, Setting};

/// How a text is judged.
pub trait Judge: Send + Sync {
    /// The verdict on one text.
    fn judge(&self, text: &Prepared<'_>) -> Judgement;
}

/// What a text came to.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Judgement {
    /// 0 to 1.
    pub score: f64,
    /// What made it up, without the text's words.
    pub why: Vec<String>,
}

/// How an answer that comes in pieces is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pace {
    /// It is held until all of it is there.
    Hold,
    /// It is judged each time so many bytes more have come; what has left by then has left.
    Sections(usize),
}

/// A type that judges a text as a whole, made ready.
pub struct Whole {
    /// Judges.
    pub judge: Box<dyn Judge>,
    /// How answers in pieces are judged.
    pub pace: Pace,
}

/// What all such types let be set.
pub(super) const STREAM: Setting = Setting {
    name: "stream",
    default: "hold",
    about: "hold: an answer waits until it is judged; sections: it is judged as it comes",
};
/// With sections: how long one is.
pub(super) const SECTION: Setting =
    Setting { name: "section", default: "200", about: "with stream=sections: judge after so many tokens" };

/// A check by that judge, at the pace that is set.
///
/// # Errors
/// The pace makes no sense.
pub(super) fn check(settings: &Settings<'_>, judge: impl Judge + 'static) -> Result<Check, SettingError> {
    let section = settings.number("section")?;
    if !(10..=100_000).contains(&section) {
        return Err(SettingError::new("section", "it is 10 to 100000 tokens"));
    }
    let pace = match settings.text("stream") {
        "hold" => Pace::Hold,
        "sections" => Pace::Sections(section as usize * 4),
        other => return Err(SettingError::new("stream", format!("`{other}` is neither hold nor sections"))),
    };
    Ok(Check::Whole(Whole { judge: Box::new(judge), pace }))
}
