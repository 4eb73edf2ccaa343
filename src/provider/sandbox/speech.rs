//! What a model says, before it is put on the wire.

use super::model::{Model, SLOW_WORDS};
use super::request::Request;
use super::tokens;

/// The most pieces of a stream, about.
const PIECES: usize = 1024;
const SENTENCE: &str = "The sandbox always answers with this sentence.";

/// A call of a tool.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolCall {
    /// The tool.
    pub name: String,
    /// JSON text.
    pub arguments: String,
}

/// Words, or calls of tools.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Said {
    /// Words.
    Text(String),
    /// Calls.
    Calls(Vec<ToolCall>),
}

/// One answer, cut to what the request allows.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Speech {
    /// The answer.
    pub said: Said,
    /// `stop`, `length` or `tool_calls`.
    pub finish: &'static str,
}

/// What a model says that does not look at tools or formats; `heard` is what was said to it.
pub(super) fn words(model: Model, heard: &str) -> String {
    match model {
        Model::Fixed => SENTENCE.to_owned(),
        Model::Slow => (1..=SLOW_WORDS).map(|n| n.to_string()).collect::<Vec<_>>().join(" "),
        Model::Echo | Model::Cut | Model::Tools | Model::Error(_) => heard.to_owned(),
    }
}

impl Speech {
    /// Words, ended by the request's stop texts and limit.
    pub fn text(mut text: String, request: &Request) -> Speech {
        let stops = request.stops.iter().filter(|stop| !stop.is_empty());
        if let Some(at) = stops.filter_map(|stop| text.find(stop.as_str())).min() {
            text.truncate(at);
        }
        let cut = request.limit.is_some_and(|limit| truncate(&mut text, limit));
        Speech { said: Said::Text(text), finish: if cut { "length" } else { "stop" } }
    }

    /// Calls. Where the limit is too small for them, the arguments break off, as a real model's do.
    pub fn calls(mut calls: Vec<ToolCall>, request: &Request) -> Speech {
        let mut left = request.limit.unwrap_or(usize::MAX);
        let mut cut = false;
        for call in &mut calls {
            left = left.saturating_sub(tokens(call.name.len()));
            cut |= truncate(&mut call.arguments, left);
            left = left.saturating_sub(tokens(call.arguments.len()));
        }
        Speech { said: Said::Calls(calls), finish: if cut { "length" } else { "tool_calls" } }
    }

    /// What the answer counts.
    pub fn tokens(&self) -> usize {
        match &self.said {
            Said::Text(text) => tokens(text.len()),
            Said::Calls(calls) => calls.iter().map(|call| tokens(call.name.len()) + tokens(call.arguments.len())).sum(),
        }
    }
}

/// Cuts a text to so many tokens, between characters. Says whether there was something to cut.
fn truncate(text: &mut String, limit: usize) -> bool {
    let most = limit.saturating_mul(4);
    let too_long = text.len() > most;
    if too_long {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
    }
    too_long
}

/// A text in the pieces in which it is streamed: words, each with the space behind it. A long text comes
/// in larger pieces, so that a stream never has many more than [`PIECES`].
pub(super) fn pieces(text: &str) -> Vec<&str> {
    let least = text.len() / PIECES;
    let mut pieces = Vec::new();
    let (mut start, mut end) = (0, 0);
    for word in text.split_inclusive(' ') {
        end += word.len();
        if end - start > least || end == text.len() {
            pieces.push(&text[start..end]);
            start = end;
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_words_and_never_too_many() {
        assert_eq!(pieces("a  bc d"), ["a ", " ", "bc ", "d"]);
        assert!(pieces("").is_empty());
        let long = "a ".repeat(100_000);
        assert!(pieces(&long).len() <= PIECES + 1);
        assert_eq!(pieces(&long).concat(), long);
    }
}
