//! The common piece of a stream, read in one pass: one candidate with nothing but words. Whatever else stands in a piece
//! is left to the full reader.

use super::wire::Str;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A piece with words.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct Piece<'a> {
    #[serde(borrow)]
    candidates: [Candidate<'a>; 1],
    #[serde(borrow, default)]
    pub(super) usage_metadata: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) model_version: Option<Str<'a>>,
    #[serde(borrow, default)]
    pub(super) response_id: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Candidate<'a> {
    #[serde(default)]
    index: u32,
    #[serde(borrow)]
    content: Content<'a>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Content<'a> {
    #[serde(borrow)]
    parts: [Words<'a>; 1],
    #[serde(rename = "role", borrow, default)]
    _role: Option<Str<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words<'a> {
    #[serde(borrow)]
    text: Str<'a>,
    #[serde(default)]
    thought: bool,
}

impl<'a> Piece<'a> {
    /// Reads a piece; none where it is not of the common form.
    pub(super) fn read(body: &'a str) -> Option<Piece<'a>> {
        serde_json::from_str(body).ok()
    }

    /// Which candidate it belongs to.
    pub(super) fn index(&self) -> u32 {
        self.candidates[0].index
    }

    /// The words, and whether they are a thought.
    pub(super) fn into_words(self) -> (String, bool) {
        let [Candidate { content: Content { parts: [words], .. }, .. }] = self.candidates;
        (words.text.0.into_owned(), words.thought)
    }
}
