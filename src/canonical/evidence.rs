//! What an answer rests on: pages that its words cite, and searches that the provider ran for it.

use super::prompt::Json;
use crate::types::Protocol;

/// The same as the provider wrote it, for callers of its own protocol.
#[derive(Clone, Debug, PartialEq)]
pub struct Own {
    /// The protocol.
    pub from: Protocol,
    /// The text.
    pub raw: Json,
}

/// A page that words of an answer rest on. It follows the text that it belongs to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Citation {
    /// The page's address.
    pub url: String,
    /// Its title.
    pub title: Option<String>,
    /// Words of the page.
    pub quoted: Option<String>,
    /// The words of the answer, from and to, counted in characters over all its texts so far; none where the
    /// provider does not say.
    pub range: Option<(u64, u64)>,
    /// As the provider wrote it.
    pub own: Option<Own>,
}

/// A search that the provider ran for an answer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Search {
    /// The provider's id for it; may be empty.
    pub id: String,
    /// What was searched for.
    pub queries: Vec<String>,
    /// What was found.
    pub pages: Vec<Page>,
    /// As the provider wrote it.
    pub own: Option<Own>,
}

/// A page that was found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// Its address.
    pub url: String,
    /// Its title.
    pub title: Option<String>,
}

/// The provider's own text, where it speaks that protocol.
pub fn own(own: Option<&Own>, protocol: Protocol) -> Option<&Json> {
    own.filter(|own| own.from == protocol).map(|own| &own.raw)
}

/// Counts the characters of an answer's texts, so that citations of one text can be told in those of all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Where the last text begins.
    pub begin: u64,
    /// Where it ends so far.
    pub end: u64,
}

impl Said {
    /// Another text begins.
    pub fn open(&mut self) {
        self.begin = self.end;
    }

    /// The last text grows.
    pub fn grow(&mut self, words: &str) {
        self.end += words.chars().count() as u64;
    }

    /// A range of the last text, as a range of all.
    pub fn range(&self, from: u64, to: u64) -> (u64, u64) {
        (self.begin.saturating_add(from), self.begin.saturating_add(to))
    }
}
