//! Reads a whole answer: it is a stream of one chunk, so both give the same reply.

use super::glance;
use super::read_prompt::no_prompt;
use super::read_stream::Reader;
use crate::canonical::{Complaint, Reply};
use crate::types::Task;

/// Reads the answer of a task.
pub(super) fn read(task: Task, body: &[u8]) -> Result<Reply, Complaint> {
    if task == Task::Embedding {
        return Err(no_prompt());
    }
    let answer = glance::parse(task, body)?;
    let mut events = Vec::new();
    let mut reader = Reader::default();
    reader.chunk(&answer, &mut events);
    reader.end(&mut events);
    Ok(events.into_iter().collect())
}
