//! The common case of requests and answers, read with less work than the readers in full take.
//!
//! Requests whose decision fields are plain, whole answers that report usage, and chunks that say words
//! and nothing else, are most of all traffic. Whatever looks different is no error here: the caller reads
//! it again, in full.

use super::finish;
use super::usage;
use crate::dialect::{Field, Peek, Sight};
use crate::scan::Cursor;
use crate::types::Task;
use serde_json::value::RawValue;
use std::ops::Range;

/// The decision fields of an ordinary request; none where it is not ordinary.
pub(super) fn peek(task: Task, body: &str) -> Option<Peek> {
    let (mut model, mut peek) = (None, blank());
    let (mut limit, mut new_limit) = (None, None);
    let mut seen = Seen::default();
    let mut cursor = Cursor::new(body.as_bytes());
    cursor.object(|cursor, name| {
        if !is_decisive(task, name) {
            return cursor.skip().map(drop);
        }
        seen.once(name)?;
        match name {
            b"model" => model = Some(Field::read(cursor, |cursor| cursor.plain_str().map(str::to_owned))?),
            b"stream" => peek.stream = cursor.boolean()?,
            b"n" => peek.n = cursor.whole_number()?,
            b"max_tokens" => limit = Some(Field::read(cursor, Cursor::whole_number)?),
            b"max_completion_tokens" => new_limit = Some(Field::read(cursor, Cursor::whole_number)?),
            b"stream_options" => {
                let options = Field::read(cursor, include_usage)?;
                (peek.include_usage, peek.stream_options) = (options.value, Some(options.span));
            }
            _ => peek.tools |= cursor.filled_array()?,
        }
        Some(())
    })?;
    cursor.end()?;
    peek.model = model.filter(|model| !model.value.is_empty())?;
    peek.max_output_tokens = new_limit.or(limit);
    peek.first_member = body.find('{')? + 1;
    Some(peek)
}

const DECISIVE: [&[u8]; 8] =
    [b"model", b"stream", b"n", b"max_tokens", b"max_completion_tokens", b"stream_options", b"tools", b"functions"];

fn is_decisive(task: Task, name: &[u8]) -> bool {
    if task == Task::Embedding { name == b"model" } else { DECISIVE.contains(&name) }
}

/// Which decision fields there were.
#[derive(Default)]
struct Seen(u8);

impl Seen {
    /// None the second time.
    fn once(&mut self, name: &[u8]) -> Option<()> {
        let bit = 1 << DECISIVE.iter().position(|known| *known == name)?;
        let first = self.0 & bit == 0;
        self.0 |= bit;
        first.then_some(())
    }
}

fn blank() -> Peek {
    Peek {
        model: Field { value: String::new(), span: Range::default() },
        stream: false,
        include_usage: false,
        stream_options: None,
        max_output_tokens: None,
        n: 1,
        tools: false,
        first_member: 0,
    }
}

fn include_usage(cursor: &mut Cursor<'_>) -> Option<bool> {
    let mut wanted = None;
    cursor.object(|cursor, name| {
        let again = name != b"include_usage" || wanted.is_some();
        if again {
            return None;
        }
        wanted = Some(cursor.boolean()?);
        Some(())
    })?;
    wanted
}

/// What a trace needs of an ordinary whole answer; none where it is not ordinary.
pub(super) fn whole(body: &[u8]) -> Option<Sight> {
    let (mut reported, mut tier, mut finish) = (None, None, None);
    let mut cursor = Cursor::new(body);
    cursor.object(|cursor, name| {
        match name {
            b"choices" => cursor.array(|cursor| choice(cursor, &mut finish))?,
            b"usage" => reported = Some(cursor.skip()?),
            b"service_tier" if !cursor.null() => tier = Some(cursor.plain_str()?.to_owned()),
            b"service_tier" => {}
            _ => drop(cursor.skip()?),
        }
        Some(())
    })?;
    cursor.end()?;
    let raw: &RawValue = serde_json::from_slice(reported?).ok()?;
    Some(Sight { usage: Some(usage::read(raw, tier)?), finish: Some(finish?), said: String::new() })
}

/// Notes why the first choice ended; none where it refuses, or has no reason.
fn choice(cursor: &mut Cursor<'_>, finish: &mut Option<std::borrow::Cow<'static, str>>) -> Option<()> {
    let (mut index, mut reason) = (0, "");
    cursor.object(|cursor, name| {
        match name {
            b"index" => index = cursor.whole_number()?,
            b"finish_reason" => reason = cursor.plain_str()?,
            b"message" => cursor.object(|cursor, name| match name {
                b"refusal" => cursor.null().then_some(()),
                _ => cursor.skip().map(drop),
            })?,
            _ => drop(cursor.skip()?),
        }
        Some(())
    })?;
    if index == 0 {
        *finish = Some(finish::stored(Some(reason).filter(|reason| !reason.is_empty())?, false));
    }
    Some(())
}

/// Takes in an ordinary chunk: one choice, with words and nothing else, and perhaps the class of service.
/// Gives where its words stand; none where it was no such chunk.
pub(super) fn chunk(data: &[u8], said: &mut String, tier: &mut Option<String>) -> Option<Range<usize>> {
    let before = said.len();
    let words = words(data, said, tier);
    if words.is_none() {
        said.truncate(before);
    }
    words
}

fn words(data: &[u8], said: &mut String, tier: &mut Option<String>) -> Option<Range<usize>> {
    let mut spoken = None;
    let mut cursor = Cursor::new(data);
    cursor.object(|cursor, name| match name {
        b"choices" => cursor.array(|cursor| {
            let first = spoken.is_none();
            spoken = Some(delta_of(cursor, said)?);
            first.then_some(())
        }),
        b"service_tier" => class_of_service(cursor, tier),
        b"usage" | b"error" | b"x_groq" => cursor.null().then_some(()),
        _ => cursor.skip().map(drop),
    })?;
    cursor.end()?;
    spoken
}

fn class_of_service(cursor: &mut Cursor<'_>, tier: &mut Option<String>) -> Option<()> {
    if cursor.null() {
        return Some(());
    }
    let told = cursor.plain_str()?;
    if tier.as_deref() != Some(told) {
        *tier = Some(told.to_owned());
    }
    Some(())
}

/// The words of a choice that says words. Unknown members of its delta may hold others.
fn delta_of(cursor: &mut Cursor<'_>, said: &mut String) -> Option<Range<usize>> {
    let mut spoken = None;
    cursor.object(|cursor, name| match name {
        b"delta" => cursor.object(|cursor, name| match name {
            b"content" => {
                let first = spoken.is_none();
                spoken = Some(cursor.text(said)?);
                first.then_some(())
            }
            b"role" => cursor.skip().map(drop),
            b"refusal" => cursor.null().then_some(()),
            _ => None,
        }),
        b"finish_reason" => cursor.null().then_some(()),
        _ => cursor.skip().map(drop),
    })?;
    spoken
}
