//! Cursor's form: a body in the words of Responses where chat completions are asked for.

use super::call::Outcome;
use crate::dialect::{self, CallerDialect, UrlFacts, Written, responses};
use crate::records::{LimitField, Quirks};
use crate::types::{Protocol, Task};

/// A request in the words of Responses, in those of chat completions.
pub(crate) fn chat(text: &str) -> Outcome<Written> {
    let (theirs, ours) = (&responses::Caller, dialect::provider(Protocol::Openai));
    theirs.peek(Task::Chat, text, &UrlFacts::default())?;
    let prompt = theirs.read_prompt(Task::Chat, text, &UrlFacts::default())?;
    // OpenAI's newer models, which Cursor asks for most, take no other name of the limit.
    let quirks = Quirks { limit_field: LimitField::MaxCompletionTokens, ..Quirks::default() };
    let target = dialect::Target { model: &prompt.model, max_output_tokens: None, quirks: &quirks };
    ours.write_prompt(Task::Chat, &prompt, &target)
}
