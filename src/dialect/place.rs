//! A place in a body, for errors that name it.

use crate::canonical::Complaint;
use serde::Deserialize;
use std::borrow::Cow;
use std::fmt;

/// A JSON string, borrowed from the text where it has no escapes.
#[derive(Deserialize)]
pub(super) struct Str<'a>(#[serde(borrow)] pub(super) Cow<'a, str>);

/// A place in a body, shown as `messages[2].content`.
#[derive(Clone, Copy)]
pub(super) enum At<'a> {
    /// The whole body.
    Top,
    /// A member of an object.
    Member(&'a At<'a>, &'a str),
    /// An element of a list.
    Item(&'a At<'a>, usize),
}

impl<'a> At<'a> {
    /// The place of a member of what stands here.
    pub(super) fn member(&'a self, name: &'a str) -> At<'a> {
        At::Member(self, name)
    }

    /// The place of an element of what stands here.
    pub(super) fn item(&'a self, index: usize) -> At<'a> {
        At::Item(self, index)
    }

    /// How many steps it is below the top.
    pub(super) fn depth(&self) -> usize {
        match self {
            At::Top => 0,
            At::Member(whole, _) | At::Item(whole, _) => 1 + whole.depth(),
        }
    }

    /// The request is at fault, here.
    pub(super) fn invalid(&self, why: &str) -> Complaint {
        let path = self.to_string();
        let message = if path.is_empty() { format!("the body {why}") } else { format!("`{path}` {why}") };
        Complaint::invalid(path, message)
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            At::Top => Ok(()),
            At::Member(At::Top, name) => f.write_str(name),
            At::Member(whole, name) => write!(f, "{whole}.{name}"),
            At::Item(whole, index) => write!(f, "{whole}[{index}]"),
        }
    }
}
