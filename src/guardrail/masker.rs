//! What stands in the place of what was masked: the same for the same value all through a call.

use std::collections::{BTreeMap, HashMap};

/// The placeholders of one call. They live no longer than it.
#[derive(Default)]
pub struct Masker {
    numbers: HashMap<(String, String), u32>,
    last: BTreeMap<String, u32>,
    /// Values that are put in again, by placeholder without its brackets.
    values: HashMap<String, String>,
}

impl Masker {
    /// The placeholder of a value; `restore`: the value comes back where the answer has it.
    pub fn mask(&mut self, label: &str, value: &str, restore: bool) -> String {
        let key = (label.to_owned(), value.to_owned());
        let number = *self.numbers.entry(key).or_insert_with(|| {
            let last = self.last.entry(label.to_owned()).or_default();
            *last += 1;
            *last
        });
        let name = format!("{label}_{number}");
        if restore {
            self.values.entry(name.clone()).or_insert_with(|| value.to_owned());
        }
        format!("<{name}>")
    }

    /// Numbers that a text uses already are not given again: an earlier turn may hold placeholders of its own.
    pub fn heed(&mut self, text: &str) {
        for (at, _) in text.match_indices('<') {
            let name = text[at + 1..].split('>').next().filter(|name| name.len() <= LONGEST_NAME);
            let Some((label, number)) = name.and_then(|name| name.rsplit_once('_')) else { continue };
            let is_label =
                !label.is_empty() && label.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            if let (true, Ok(number)) = (is_label, number.parse::<u32>()) {
                let last = self.last.entry(label.to_owned()).or_default();
                *last = (*last).max(number.min(u32::MAX / 2));
            }
        }
    }

    /// Whether any value is put in again.
    pub fn restores(&self) -> bool {
        !self.values.is_empty()
    }

    /// The value of a placeholder as the model wrote it, brackets and all.
    pub fn restored(&self, written: &str) -> Option<&str> {
        let part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let written = written.replace("&lt;", "").replace("&gt;", "");
        let name: String = written.chars().filter(|c| part(*c)).map(|c| c.to_ascii_uppercase()).collect();
        self.values.get(&name).map(String::as_str)
    }

    /// The names of all placeholders whose values are put in again.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }
}

/// `ORGANISATION_ID_4294967295` and the like.
const LONGEST_NAME: usize = 48;
