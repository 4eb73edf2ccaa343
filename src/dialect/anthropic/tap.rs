//! Watching answers of the same dialect that go on as they are: whole ones and streams.
//!
//! Runs for each frame of each stream, so it borrows what it reads and passes over the rest.

use super::complaint::{self, ErrorDetail};
use super::wire::{At, Str, malformed, utf8};
use super::{brief, finish, usage};
use crate::canonical::{Code, Complaint};
use crate::dialect::mould::Mould;
use crate::dialect::sse::Frame;
use crate::dialect::{Pass, Sight, Tap};
use crate::types::Task;
use serde::Deserialize;
use serde_json::value::RawValue;

/// A whole message, or the `message` of a `message_start`.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow, default)]
    content: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stop_reason: Option<Str<'a>>,
    #[serde(default)]
    input_tokens: Option<u64>,
}

/// Any event, with the members that a trace needs.
#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Str<'a>>,
    #[serde(borrow, default)]
    delta: Option<Words<'a>>,
    #[serde(borrow, default)]
    content_block: Option<Words<'a>>,
    #[serde(borrow, default)]
    message: Option<Message<'a>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<ErrorDetail<'a>>,
}

impl<'a> Seen<'a> {
    /// Reads an event. Anthropic may add events and deltas, and a member that looks another way in
    /// one of them is no reason to break a stream: then only the type is read.
    fn read(data: &'a [u8]) -> Result<Seen<'a>, serde_json::Error> {
        #[derive(Deserialize)]
        struct Bare<'a> {
            #[serde(rename = "type", borrow, default)]
            kind: Option<Str<'a>>,
        }
        serde_json::from_slice(data).or_else(|_| {
            let Bare { kind } = serde_json::from_slice(data)?;
            Ok(Seen { kind, delta: None, content_block: None, message: None, usage: None, error: None })
        })
    }
}

/// A piece of a block, or a block: at most one of the texts is there.
#[derive(Deserialize)]
struct Words<'a> {
    #[serde(borrow, default)]
    text: Option<Str<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Str<'a>>,
    #[serde(borrow, default)]
    partial_json: Option<Str<'a>>,
    #[serde(borrow, default)]
    stop_reason: Option<Str<'a>>,
}

impl Words<'_> {
    fn say(&self, said: &mut String) {
        for Str(words) in [&self.text, &self.thinking, &self.partial_json].into_iter().flatten() {
            said.push_str(words);
        }
    }
}

/// What a trace needs of a whole answer.
pub(super) fn glance(task: Task, body: &[u8]) -> Result<Sight, Complaint> {
    if task == Task::Chat
        && let Some(sight) = brief::whole(body)
    {
        return Ok(sight);
    }
    let message: Message<'_> = serde_json::from_str(utf8(body)?)
        .map_err(|error| malformed(At::Top.invalid(&format!("cannot be read: {error}"))))?;
    if task == Task::CountTokens {
        let counted = message.input_tokens.map(|_| Sight::default());
        return counted.ok_or_else(|| malformed(At::Top.member("input_tokens").invalid("is missing")));
    }
    let content = message.content.ok_or_else(|| malformed(At::Top.member("content").invalid("is missing")))?;
    let usage = message.usage.and_then(usage::read);
    let said = if usage.is_some() { String::new() } else { said_by(content) };
    Ok(Sight { usage, finish: message.stop_reason.map(|Str(reason)| finish::word(&reason)), said })
}

/// The words of a whole answer's blocks; the input of calls as its JSON text.
fn said_by(content: &RawValue) -> String {
    #[derive(Deserialize)]
    struct Call<'a> {
        #[serde(borrow)]
        input: &'a RawValue,
    }
    let mut said = String::new();
    for raw in serde_json::from_str::<Vec<&RawValue>>(content.get()).unwrap_or_default() {
        if let Ok(words) = serde_json::from_str::<Words<'_>>(raw.get()) {
            words.say(&mut said);
        }
        if let Ok(call) = serde_json::from_str::<Call<'_>>(raw.get()) {
            said.push_str(call.input.get());
        }
    }
    said
}

/// Watches one stream.
#[derive(Default)]
pub(super) struct Watch {
    known: usage::Known,
    mould: Mould,
}

impl Watch {
    fn consumed(&mut self, block: Option<&RawValue>, sight: &mut Sight) {
        if let Some(report) = block.and_then(|block| self.known.add(block)) {
            sight.usage = Some(report);
        }
    }
}

impl Tap for Watch {
    fn see(&mut self, frame: &Frame, sight: &mut Sight) -> Pass {
        let Some(data) = frame.data() else { return Pass::Forward };
        if let Some(words) = self.mould.words(&data) {
            sight.said.push_str(words);
            return Pass::Forward;
        }
        if let Some(words) = brief::delta(&data, &mut sight.said) {
            self.mould.take(&data, words);
            return Pass::Forward;
        }
        let seen = match Seen::read(&data) {
            Ok(seen) => seen,
            Err(error) => return broken(&format!("a frame of the stream cannot be read: {error}")),
        };
        let kind = match &seen.kind {
            Some(Str(kind)) => kind.as_bytes(),
            None => frame.event(),
        };
        match kind {
            b"content_block_delta" | b"content_block_start" => {
                seen.delta.iter().chain(&seen.content_block).for_each(|words| words.say(&mut sight.said));
            }
            b"message_start" => self.consumed(seen.message.and_then(|message| message.usage), sight),
            b"message_delta" => {
                self.consumed(seen.usage, sight);
                let reason = seen.delta.and_then(|delta| delta.stop_reason);
                sight.finish = reason.map(|Str(reason)| finish::word(&reason)).or(sight.finish.take());
            }
            b"message_stop" => return Pass::Last,
            b"error" => return Pass::Failed(failure(seen.error)),
            b"" => return broken("a frame of the stream has no type"),
            _ => {}
        }
        Pass::Forward
    }
}

/// The complaint of an `error` event.
pub(super) fn failure(detail: Option<ErrorDetail<'_>>) -> Complaint {
    let bare = || Complaint::new(Code::ProviderError, "the provider reported an error without saying which");
    detail.map_or_else(bare, complaint::of_event)
}

fn broken(why: &str) -> Pass {
    Pass::Broken(Complaint::new(Code::ProviderMalformed, why.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn see_all(frames: &[&str]) -> (Vec<Pass>, Sight) {
        let (mut watch, mut sight) = (Watch::default(), Sight::default());
        let frame = |text: &&str| Frame { raw: Bytes::copy_from_slice(text.as_bytes()) };
        let passes = frames.iter().map(|text| watch.see(&frame(text), &mut sight)).collect();
        (passes, sight)
    }

    #[test]
    fn a_stream_tells_words_usage_and_end() {
        let (passes, sight) = see_all(&[
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"content\":[],\"stop_reason\":null,\"usage\":{\"input_tokens\":5,\"cache_read_input_tokens\":7,\"output_tokens\":1}}}\n\n",
            "event: ping\ndata: {\"type\": \"ping\"}\n\n",
            ": comment\n\n",
            "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\"}}\n\n",
            "data: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"h\\u006d \"}}\n\n",
            "data: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi \"}}\n\n",
            "data: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}\n\n",
            "data: {\"type\":\"something_new\",\"message\":\"of another shape\",\"delta\":[7]}\n\n",
            "data: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":9}}\n\n",
            "event: message_stop\ndata: {}\n\n",
        ]);
        assert!(passes[..9].iter().all(|pass| *pass == Pass::Forward));
        assert_eq!(passes[9], Pass::Last);
        assert_eq!((sight.said.as_str(), sight.finish.as_deref()), ("hm hi {}", Some("tool_calls")));
        let usage = sight.usage.unwrap().usage;
        assert_eq!((usage.input, usage.cache_read, usage.output), (12, 7, 9));
    }

    #[test]
    fn errors_fail_and_nonsense_breaks() {
        let (passes, _) = see_all(&[
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n",
            "data: {\"type\":\n\n",
            "data: [DONE]\n\n",
            "data: {}\n\n",
            "data: \"text\"\n\n",
        ]);
        assert!(matches!(&passes[0], Pass::Failed(complaint) if complaint.status == 529));
        assert!(passes[1..].iter().all(|pass| matches!(pass, Pass::Broken(_))));
    }

    #[test]
    fn a_glance_reads_usage_or_else_words() {
        let body = br#"{"id":"msg_1","content":[{"type":"text","text":"hi"},{"type":"tool_use","id":"t","name":"n","input":{"a": 1}}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":4}}"#;
        let sight = glance(Task::Chat, body).unwrap();
        assert_eq!((sight.usage.unwrap().usage.total(), sight.said.as_str()), (7, ""));
        let bare = String::from_utf8_lossy(body).replace("\"usage\"", "\"none\"");
        assert_eq!(glance(Task::Chat, bare.as_bytes()).unwrap().said, "hi{\"a\": 1}");
        assert_eq!(glance(Task::CountTokens, br#"{"input_tokens":8}"#).unwrap(), Sight::default());
        for broken in [b"{}".as_slice(), b"[]", b"", b"<html>", b"\xff"] {
            assert_eq!(glance(Task::Chat, broken).unwrap_err().code, Code::ProviderMalformed);
            assert_eq!(glance(Task::CountTokens, broken).unwrap_err().code, Code::ProviderMalformed);
        }
    }
}
