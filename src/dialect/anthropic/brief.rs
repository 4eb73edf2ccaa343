//! The common case of requests, answers and pieces of a stream, read with less work than the readers in
//! full take. Whatever looks different is no error here: the caller reads it again, in full.

use super::{finish, usage};
use crate::dialect::{Field, Peek, Sight};
use crate::scan::Cursor;
use crate::types::Task;
use serde_json::value::RawValue;
use std::ops::Range;

/// The decision fields of an ordinary request; none where it is not ordinary.
pub(super) fn peek(task: Task, body: &str) -> Option<Peek> {
    let (mut model, mut limit, mut stream, mut tools) = (None, None, None, None);
    let mut cursor = Cursor::new(body.as_bytes());
    cursor.object(|cursor, name| match name {
        b"model" => once(&mut model, Field::read(cursor, |cursor| cursor.plain_str().map(str::to_owned))),
        b"max_tokens" => once(&mut limit, Field::read(cursor, Cursor::whole_number)),
        b"stream" => once(&mut stream, cursor.boolean()),
        b"tools" => once(&mut tools, cursor.filled_array()),
        _ => cursor.skip().map(drop),
    })?;
    cursor.end()?;
    let limited = limit.is_some() || task != Task::Chat;
    Some(Peek {
        model: model.filter(|model| limited && !model.value.is_empty())?,
        stream: stream.unwrap_or(false),
        include_usage: true,
        stream_options: None,
        max_output_tokens: limit,
        n: 1,
        tools: tools.unwrap_or(false),
        first_member: body.find('{')? + 1,
    })
}

/// Fills an empty place; none where it is full, or there is nothing to fill it with.
fn once<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    place.replace(value?).is_none().then_some(())
}

/// What a trace needs of an ordinary whole answer.
pub(super) fn whole(body: &[u8]) -> Option<Sight> {
    let (mut content, mut reported, mut reason) = (false, None, None);
    let mut cursor = Cursor::new(body);
    cursor.object(|cursor, name| {
        match name {
            b"content" => content = cursor.skip()?.starts_with(b"["),
            b"usage" => reported = Some(cursor.skip()?),
            b"stop_reason" => reason = Some(cursor.plain_str()?),
            _ => drop(cursor.skip()?),
        }
        Some(())
    })?;
    cursor.end()?;
    let raw: &RawValue = serde_json::from_slice(reported.filter(|_| content)?).ok()?;
    let finish = finish::word(reason?);
    Some(Sight { usage: Some(usage::read(raw)?), finish: Some(finish), said: String::new() })
}

/// Takes in a piece of text, thinking or a call's input. Gives where its words stand; none where it was none.
pub(super) fn delta(data: &[u8], said: &mut String) -> Option<Range<usize>> {
    let before = said.len();
    let words = words(data, said);
    if words.is_none() {
        said.truncate(before);
    }
    words
}

fn words(data: &[u8], said: &mut String) -> Option<Range<usize>> {
    let (mut is_delta, mut spoken) = (false, None);
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, name| match name {
        b"type" => {
            is_delta = cursor.plain_str()? == "content_block_delta";
            is_delta.then_some(())
        }
        b"index" => cursor.whole_number().map(drop),
        b"delta" => cursor.object(|cursor, name| match name {
            b"type" => cursor.skip().map(drop),
            b"text" | b"thinking" | b"partial_json" => {
                let first = spoken.is_none();
                spoken = Some(cursor.text(said)?);
                first.then_some(())
            }
            _ => None,
        }),
        _ => None,
    })?;
    cursor.end()?;
    spoken.filter(|_| is_delta)
}
