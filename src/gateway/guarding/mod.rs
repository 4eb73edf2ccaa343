//! Guarding: what a caller says before it goes to a provider, and what the model says before it goes back.
//!
//! Which policies apply may depend on the target, so the request is guarded for each of them. A guardrail that cannot be
//! made ready blocks the calls that it is for.

mod answer;
mod ready;
mod report;
mod request;
mod rules;
mod trial;

#[cfg(test)]
mod tests;

pub(crate) use answer::{AnswerGuard, guarded, has_words, note_guard};
pub(crate) use ready::Guards;
pub(crate) use request::Guarding;
pub use trial::{Trial, Tried, try_guardrail, words_of};
