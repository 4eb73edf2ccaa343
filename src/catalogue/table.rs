//! The text of the catalogue, and binary search in it. It knows where a line's vendor and id stand,
//! and what an alias looks like; what the other columns mean is not its concern.
//!
//! Lines are sorted by their bytes. A tab sorts below everything that a name holds, so the order
//! of lines is the order of (vendor, id).

use std::cmp::Ordering;
use std::sync::OnceLock;

/// The whole file that the program brings along: a line `#`, tab, day of the facts; then one line for each model or alias.
const EMBEDDED: &str = include_str!("models.tsv");

/// A newer file.
static NEWER: OnceLock<String> = OnceLock::new();

/// The file that is used.
pub(super) fn text() -> &'static str {
    NEWER.get().map_or(EMBEDDED, String::as_str)
}

/// Uses another file from now on.
pub(super) fn use_instead(text: String) {
    // The first one stays.
    let _ = NEWER.set(text);
}

/// The day of the facts that the program brings along.
pub(super) fn embedded_as_of() -> &'static str {
    day(EMBEDDED)
}

/// The day of the facts.
pub(super) fn as_of() -> &'static str {
    day(text())
}

fn day(text: &'static str) -> &'static str {
    text.lines().next().and_then(|line| line.strip_prefix("#\t")).unwrap_or_default()
}

/// The line of a model or an alias.
pub(super) fn named(vendor: &str, id: &str) -> Option<&'static str> {
    if [vendor, id].iter().any(|name| name.contains(['\t', '\n'])) {
        return None;
    }
    let key = format!("{vendor}\t{id}\t");
    let line = text()[first_not_below(&key)..].lines().next()?;
    line.starts_with(&key).then_some(line)
}

/// The lines of a vendor, aliases left out.
pub(super) fn lines_of(vendor: &str) -> impl Iterator<Item = &'static str> + use<> {
    let key = format!("{vendor}\t");
    let lines = text()[first_not_below(&key)..].lines();
    lines.take_while(move |line| line.starts_with(&key)).filter(|line| alias_target(line).is_none())
}

/// Every vendor, one search each.
pub(super) fn vendors() -> impl Iterator<Item = &'static str> {
    let next = |after: &str| {
        let start = first_not_below(&format!("{after}\n"));
        text()[start..].lines().next()?.split('\t').next()
    };
    std::iter::successors(next("#"), move |vendor| next(vendor))
}

/// The id that an alias stands for; none where the line is a model's.
pub(super) fn alias_target(line: &str) -> Option<&str> {
    line.split('\t').nth(2)?.strip_prefix('=')
}

/// Where the first line begins that does not sort below `key`; the end of the text where all do.
fn first_not_below(key: &str) -> usize {
    let bytes = text().as_bytes();
    let (mut low, mut high) = (0, bytes.len());
    while low < high {
        let middle = low + (high - low) / 2;
        let start = memchr::memrchr(b'\n', &bytes[low..middle]).map_or(low, |at| low + at + 1);
        let end = memchr::memchr(b'\n', &bytes[start..high]).map_or(high, |at| start + at);
        match bytes[start..end].cmp(key.as_bytes()) {
            Ordering::Less => low = (end + 1).min(high),
            Ordering::Equal | Ordering::Greater => high = start,
        }
    }
    low
}
