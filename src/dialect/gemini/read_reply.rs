//! A whole answer of a Gemini provider, in no dialect's words.

use super::read_stream::Reader;
use super::wire::{At, Members, count, malformed, utf8};
use crate::canonical::{Code, Complaint, Event, Json, Reply, UsageReport};
use crate::types::{Task, Usage};

/// Reads an answer, or a token count, which becomes the usage of an answer without words.
///
/// # Errors
/// [`Code::ProviderMalformed`] where it is neither; the provider's own words where it failed with status 200.
pub(super) fn read(task: Task, body: &[u8]) -> Result<Reply, Complaint> {
    let body = utf8(body)?;
    if task == Task::CountTokens {
        return counted(body).map_err(malformed);
    }
    let (mut reader, mut events) = (Reader::default(), Vec::new());
    reader.response(body, &mut events).map_err(malformed)?;
    if let Some(Event::Failed(complaint)) = events.pop_if(|event| matches!(event, Event::Failed(_))) {
        return Err(complaint);
    }
    let reply: Reply = events.into_iter().collect();
    if reply.choices.is_empty() {
        return Err(Complaint::new(Code::ProviderMalformed, "the provider's answer has no candidates"));
    }
    Ok(reply)
}

fn counted(body: &str) -> Result<Reply, Complaint> {
    let top = &At::Top;
    let mut members = Members::lenient(body, top)?;
    let input = members.need("totalTokens", top, count)?;
    let cache_read = members.take_as("cachedContentTokenCount", top, count)?.unwrap_or(0);
    let usage = Usage { input, cache_read, ..Usage::default() };
    let raw = Json::parse(body.to_owned()).ok();
    Ok(Reply { usage: Some(UsageReport { usage, raw, service_tier: None }), ..Reply::default() })
}
