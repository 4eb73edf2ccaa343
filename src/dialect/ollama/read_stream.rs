//! Reads a stream, or a whole answer as a stream of one line, into events.

use super::answer::{Call, Line, words};
use super::complaint;
use crate::canonical::{Block, BlockKind, Complaint, Delta, Event, Finish, Json, Reply};
use crate::dialect::ReadStream;
use crate::dialect::sse::Frame;
use serde_json::value::RawValue;

/// The reader of one stream.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    done: bool,
    /// The digits of the time at which the answer was begun: what makes ids.
    stamp: String,
    /// The block that grows, and whether it is a thought.
    open: Option<(u32, bool)>,
    next_block: u32,
    calls: u32,
    /// Likelihoods, the texts between the brackets of lists.
    logprobs: Vec<String>,
}

/// Reads a whole answer.
pub(super) fn whole(body: &[u8]) -> Result<Reply, Complaint> {
    let line = Line::whole(body)?;
    let mut events = Vec::new();
    let mut reader = Reader::default();
    reader.line(&line, &mut events);
    if !reader.done {
        reader.finish(&line, &mut events);
    }
    Ok(events.into_iter().collect())
}

impl Reader {
    fn line(&mut self, line: &Line<'_>, events: &mut Vec<Event>) {
        self.start(line, events);
        let message = line.message.as_ref();
        self.say(true, words(&line.thinking), events);
        self.say(true, message.map_or("", |message| words(&message.thinking)), events);
        self.say(false, words(&line.response), events);
        self.say(false, message.map_or("", |message| words(&message.content)), events);
        for call in message.and_then(|message| message.tool_calls.as_deref()).unwrap_or_default() {
            self.call(call, events);
        }
        let list = line.logprobs.map_or("", RawValue::get).trim_ascii();
        let list = list.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::trim_ascii);
        self.logprobs.extend(list.filter(|list| !list.is_empty()).map(str::to_owned));
        events.extend(line.usage().map(Event::Usage));
        if line.done == Some(true) {
            self.finish(line, events);
        }
    }

    /// The protocol has no id for an answer: the time with its nine decimals makes one.
    fn start(&mut self, line: &Line<'_>, events: &mut Vec<Event>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        self.stamp = words(&line.created_at).chars().filter(char::is_ascii_digit).collect();
        events.push(Event::Start { id: format!("ollama-{}", self.stamp), model: words(&line.model).to_owned() });
    }

    fn say(&mut self, thought: bool, text: &str, events: &mut Vec<Event>) {
        if text.is_empty() {
            return;
        }
        let index = match self.open {
            Some((index, kind)) if kind == thought => index,
            _ => {
                let kind = if thought { BlockKind::Thinking } else { BlockKind::Text };
                let index = self.open(kind, events);
                self.open = Some((index, thought));
                index
            }
        };
        events.push(Event::Delta { block: Block { choice: 0, index }, delta: Delta::Text(text.to_owned()) });
    }

    fn open(&mut self, kind: BlockKind, events: &mut Vec<Event>) -> u32 {
        self.close(events);
        let index = self.next_block;
        self.next_block += 1;
        events.push(Event::Open { block: Block { choice: 0, index }, kind });
        index
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        let open = self.open.take();
        events.extend(open.map(|(index, _)| Event::Close { block: Block { choice: 0, index } }));
    }

    /// Calls of older versions have no id; results are matched by it, and callers send all turns back, so it must
    /// be no other call's.
    fn call(&mut self, call: &Call<'_>, events: &mut Vec<Event>) {
        let id = match words(&call.id) {
            "" => format!("call_{}_{}", self.stamp, self.calls),
            id => id.to_owned(),
        };
        self.calls += 1;
        let index = self.open(BlockKind::ToolCall { id, name: words(&call.function.name).to_owned() }, events);
        let block = Block { choice: 0, index };
        let input = call.function.arguments.map_or("{}", RawValue::get);
        let input = if input.starts_with('{') { input } else { "{}" };
        events.push(Event::Delta { block, delta: Delta::Input(input.to_owned()) });
        events.push(Event::Close { block });
    }

    fn finish(&mut self, line: &Line<'_>, events: &mut Vec<Event>) {
        self.done = true;
        self.close(events);
        if !self.logprobs.is_empty() {
            let all = format!("{{\"content\":[{}]}}", self.logprobs.join(","));
            events.extend(Json::parse(all).ok().map(|logprobs| Event::Logprobs { choice: 0, logprobs }));
        }
        let finish = match words(&line.done_reason) {
            "" | "stop" if self.calls > 0 => Finish::ToolCalls,
            "" | "stop" => Finish::Stop,
            "length" => Finish::Length,
            "content_filter" => Finish::ContentFilter,
            other => Finish::Other(other.to_owned()),
        };
        events.push(Event::Finish { choice: 0, finish });
    }
}

impl ReadStream for Reader {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let raw = frame.raw.trim_ascii();
        if raw.is_empty() {
            return Ok(());
        }
        let line = Line::parse(raw)?;
        match line.error {
            Some(error) => events.push(Event::Failed(complaint::reported(error))),
            None => self.line(&line, events),
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.done
    }

    fn is_over(&self) -> bool {
        self.done
    }
}
