//! `invisible-text`: characters that nobody sees and a model reads, out of the places where scripts need them.

use super::rule::{Hit, Rule, Trigger};
use super::scanner::Spans;
use super::settings::{SettingError, Settings};
use super::view::View;
use super::{Check, Family, Kind, Setting};

/// The type.
pub const KIND: Kind = Kind {
    name: "invisible-text",
    about: "zero-width, bidi, tag and variation characters that hide text",
    how: "Finds characters without a shape: zero-width ones, bidi controls, tag characters, runs of variation selectors. \
          What a script needs stays: joiners in emoji and in Arabic and Indic words, direction marks beside Hebrew and \
          Arabic, flags, single selectors behind emoji and ideographs. Masking removes them. Decides for certain.",
    family: Family::Span,
    scores: false,
    threshold: 0.5,
    settings: &[Setting { name: "soft-hyphens", default: "on", about: "off: soft hyphens stay" }],
    build,
};

/// The first bytes of such characters.
pub(super) const LEADS: [u8; 7] = [0xC2, 0xD8, 0xE1, 0xE2, 0xE3, 0xEF, 0xF3];
/// What stands in their place is nothing.
pub const LABEL: &str = "INVISIBLE";

static ALL: Rule =
    Rule { label: LABEL, trigger: Trigger::Invisible, find: |view, at| find(view, at, true), tail: None };
static NO_HYPHENS: Rule =
    Rule { label: LABEL, trigger: Trigger::Invisible, find: |view, at| find(view, at, false), tail: None };

fn build(settings: &Settings) -> Result<Check, SettingError> {
    let rule = if settings.switch("soft-hyphens")? { &ALL } else { &NO_HYPHENS };
    Ok(Check::Span(Spans { rules: vec![rule], ..Spans::default() }))
}

fn find(view: &View<'_>, at: usize, hyphens: bool) -> Option<Hit> {
    let letter = next_char(view, at)?;
    let end = at + letter.len_utf8();
    let before = previous_char(view, at);
    let hidden = match letter {
        '\u{AD}' => hyphens,
        '\u{200B}' => !before.is_some_and(wraps_unseen),
        '\u{200C}' | '\u{200D}' => !joins(before, next_char(view, end)),
        '\u{200E}' | '\u{200F}' | '\u{61C}' | '\u{202A}'..='\u{202C}' | '\u{2066}'..='\u{2069}' => {
            !beside_right_to_left(view, at, end)
        }
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' => selects_nothing(before, letter),
        '\u{E0001}' | '\u{E0020}'..='\u{E007F}' => !is_flag(view, at),
        '\u{FEFF}' => before.is_some(),
        '\u{202D}' | '\u{202E}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{180E}' => true,
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' => true,
        _ => false,
    };
    if hidden { Hit::whole(at..end) } else { None }
}

/// The character there; none at the end.
fn next_char(view: &View<'_>, at: usize) -> Option<char> {
    let first = view.byte(at)?;
    let length = match first {
        0..=0xBF => 1,
        0xC0..=0xDF => 2,
        0xE0..=0xEF => 3,
        _ => 4,
    };
    std::str::from_utf8(view.slice(at..at + length)).ok()?.chars().next()
}

fn previous_char(view: &View<'_>, at: usize) -> Option<char> {
    let begin = view.back(at, 3, |byte| (0x80..0xC0).contains(&byte));
    std::str::from_utf8(view.slice(begin.checked_sub(1)?..at)).ok()?.chars().next_back()
}

/// Scripts that break lines at unseen places: Thai, Lao, Burmese, Khmer.
fn wraps_unseen(letter: char) -> bool {
    matches!(letter, '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}')
}

fn joins(before: Option<char>, after: Option<char>) -> bool {
    let joined = |c: char| matches!(c, '\u{0600}'..='\u{06FF}' | '\u{0700}'..='\u{08FF}' | '\u{0900}'..='\u{0DFF}' | '\u{1800}'..='\u{18AF}' | '\u{FB50}'..='\u{FDFF}');
    match (before, after) {
        (Some(before), Some(after)) => joined(before) || (is_emoji(before) && is_emoji(after)),
        (Some(before), None) => joined(before),
        _ => false,
    }
}

fn is_emoji(letter: char) -> bool {
    matches!(letter, '\u{1F000}'..='\u{1FAFF}' | '\u{2190}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{FE0F}' | '\u{A9}' | '\u{AE}')
}

fn right_to_left(letter: char) -> bool {
    matches!(letter, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}') && letter != '\u{61C}'
}

fn beside_right_to_left(view: &View<'_>, at: usize, end: usize) -> bool {
    let context = view.context(at, 64);
    // The first character of it may be cut.
    let begun = context.iter().position(|byte| !(0x80..0xC0).contains(byte)).unwrap_or(context.len());
    let behind = String::from_utf8_lossy(&context[begun..]).chars().any(right_to_left);
    behind || next_char(view, end).is_some_and(right_to_left)
}

/// A selector stands alone behind a character that has forms.
fn selects_nothing(before: Option<char>, selector: char) -> bool {
    let Some(before) = before else { return true };
    let is_selector = |c: char| matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}');
    if is_selector(before) || before.is_whitespace() {
        return true;
    }
    let ideograph = matches!(before, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}');
    match selector {
        '\u{FE0E}' | '\u{FE0F}' => before.is_ascii() && !matches!(before, '0'..='9' | '#' | '*'),
        '\u{E0100}'..='\u{E01EF}' => !ideograph,
        _ => before.is_ascii_alphabetic(),
    }
}

/// Flags of regions: a black flag, up to six tag letters, the cancel tag.
fn is_flag(view: &View<'_>, at: usize) -> bool {
    const TAG: usize = 4;
    const MOST: usize = 7;
    let mut begin = at;
    while at - begin < MOST * TAG
        && previous_char(view, begin).is_some_and(|c| ('\u{E0030}'..='\u{E007A}').contains(&c))
    {
        begin -= TAG;
    }
    if previous_char(view, begin) != Some('\u{1F3F4}') {
        return false;
    }
    let mut end = begin;
    while end - begin < MOST * TAG && next_char(view, end).is_some_and(|c| ('\u{E0030}'..='\u{E007A}').contains(&c)) {
        end += TAG;
    }
    (4 * TAG..=6 * TAG).contains(&(end - begin)) && next_char(view, end) == Some('\u{E007F}')
}
