//! Reads a whole answer: its items, one after the other, as a stream would tell them.

use super::read_stream::Reader;
use super::tap;
use crate::canonical::{Complaint, Json, Reply, UsageReport};
use crate::types::{Task, Usage};

/// Reads the answer of a task; a token count becomes the usage of an answer without words.
pub(super) fn read(task: Task, body: &[u8]) -> Result<Reply, Complaint> {
    if task == Task::CountTokens {
        let input = tap::counted(body)?;
        let usage = Usage { input, ..Usage::default() };
        let raw = Json::parse(input.to_string()).ok();
        return Ok(Reply { usage: Some(UsageReport { usage, raw, service_tier: None }), ..Reply::default() });
    }
    let response = tap::whole(body)?;
    if let Some(complaint) = response.failure() {
        return Err(complaint);
    }
    let mut events = Vec::new();
    let mut reader = Reader::default();
    reader.start(&response, &mut events);
    for (index, item) in response.output.iter().flatten().enumerate() {
        reader.item_done(index as u64, item, &mut events);
    }
    reader.finish(&response, &mut events);
    Ok(events.into_iter().collect())
}
