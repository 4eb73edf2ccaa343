//! Reads a stream, or a whole answer piece by piece, into events.
//!
//! Blocks come one after the other. The plan before calls is a thought; citations follow all words.

use super::answer::{Answer, Message, Piece, finish, usage};
use super::complaint::malformed;
use super::evidence;
use crate::canonical::{Block, BlockKind, Code, Complaint, Delta, Event, Json, Reply};
use crate::dialect::ReadStream;
use crate::dialect::sse::Frame;
use serde_json::Value;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thought,
    Call,
}

/// The reader of one stream.
#[derive(Default)]
pub(super) struct Reader {
    open: Option<(Open, u32)>,
    next_block: u32,
    citations: Vec<Value>,
    done: bool,
}

/// Reads a whole answer.
pub(super) fn whole(body: &[u8]) -> Result<Reply, Complaint> {
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|error| malformed("answer", &error))?;
    let Some(finish) = finish(answer.finish_reason.as_deref()) else { return Err(failed(None)) };
    let mut reader = Reader::default();
    let mut events = vec![Event::Start { id: answer.id, model: String::new() }];
    let Message { content, tool_plan, tool_calls, citations } = answer.message;
    reader.grow(Open::Thought, tool_plan.as_deref(), &mut events);
    if let Value::String(text) = &content {
        reader.grow(Open::Text, Some(text), &mut events);
    }
    for part in content.as_array().into_iter().flatten() {
        reader.part(part, &mut events);
    }
    for call in tool_calls.as_array().into_iter().flatten() {
        reader.call(call, &mut events);
    }
    reader.citations.extend(citations.as_array().cloned().unwrap_or_default());
    reader.end(&mut events);
    if let Some(logprobs) = answer.logprobs.filter(|raw| raw.get() != "null") {
        events.push(Event::Logprobs { choice: 0, logprobs: Json(logprobs.to_owned()) });
    }
    events.push(Event::Finish { choice: 0, finish });
    events.extend(answer.usage.and_then(usage).map(Event::Usage));
    Ok(events.into_iter().collect())
}

fn failed(why: Option<&str>) -> Complaint {
    let message = match why.filter(|why| !why.is_empty()) {
        Some(why) => why.to_owned(),
        None => "the provider broke off its answer with an error; try again".to_owned(),
    };
    Complaint::new(Code::ProviderError, message)
}

impl Reader {
    fn block(&self, index: u32) -> Block {
        Block { choice: 0, index }
    }

    fn open(&mut self, what: Open, kind: BlockKind, events: &mut Vec<Event>) -> Block {
        self.close(events);
        let block = self.block(self.next_block);
        self.open = Some((what, self.next_block));
        self.next_block += 1;
        events.push(Event::Open { block, kind });
        block
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        let open = self.open.take();
        events.extend(open.map(|(_, index)| Event::Close { block: self.block(index) }));
    }

    /// More words of a kind: of the open block if it is of that kind, else of a new one.
    fn grow(&mut self, what: Open, text: Option<&str>, events: &mut Vec<Event>) {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        let block = match self.open {
            Some((open, index)) if open == what => self.block(index),
            _ => {
                let kind = if what == Open::Thought { BlockKind::Thinking } else { BlockKind::Text };
                self.open(what, kind, events)
            }
        };
        events.push(Event::Delta { block, delta: Delta::Text(text.to_owned()) });
    }

    fn part(&mut self, part: &Value, events: &mut Vec<Event>) {
        self.grow(Open::Thought, part["thinking"].as_str(), events);
        self.grow(Open::Text, part["text"].as_str(), events);
    }

    fn call(&mut self, call: &Value, events: &mut Vec<Event>) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let kind = BlockKind::ToolCall { id: text(&call["id"]), name: text(&call["function"]["name"]) };
        self.open(Open::Call, kind, events);
        self.arguments(call, events);
    }

    fn arguments(&mut self, call: &Value, events: &mut Vec<Event>) {
        let Some((Open::Call, index)) = self.open else { return };
        let more = call["function"]["arguments"].as_str().filter(|more| !more.is_empty());
        let delta = more.map(|more| Delta::Input(more.to_owned()));
        events.extend(delta.map(|delta| Event::Delta { block: self.block(index), delta }));
    }

    fn end(&mut self, events: &mut Vec<Event>) {
        self.close(events);
        let citations = std::mem::take(&mut self.citations);
        if citations.is_empty() {
            return;
        }
        for kind in evidence::read(citations).into_iter().filter_map(BlockKind::whole) {
            let block = self.block(self.next_block);
            self.next_block += 1;
            events.extend([Event::Open { block, kind }, Event::Close { block }]);
        }
    }

    fn piece(&mut self, piece: Piece<'_>, events: &mut Vec<Event>) {
        let change = piece.delta.unwrap_or_default();
        let message = change.message.unwrap_or_default();
        match piece.r#type.as_str() {
            "message-start" => {
                events.push(Event::Start { id: piece.id.unwrap_or_default(), model: String::new() });
            }
            "content-start" => {
                self.close(events);
                self.part(&message.content, events);
            }
            "content-delta" => self.part(&message.content, events),
            "tool-plan-delta" => self.grow(Open::Thought, message.tool_plan.as_deref(), events),
            "tool-call-start" => self.call(&message.tool_calls, events),
            "tool-call-delta" => self.arguments(&message.tool_calls, events),
            "content-end" | "tool-call-end" => self.close(events),
            "citation-start" => match message.citations {
                Value::Array(list) => self.citations.extend(list),
                Value::Null => {}
                one => self.citations.push(one),
            },
            "message-end" => {
                let Some(finish) = finish(change.finish_reason.as_deref()) else {
                    return events.push(Event::Failed(failed(change.error.as_deref())));
                };
                self.end(events);
                events.extend(change.usage.and_then(usage).map(Event::Usage));
                events.push(Event::Finish { choice: 0, finish });
                self.done = true;
            }
            // What is new in the protocol, and `debug`.
            _ => {}
        }
    }
}

impl ReadStream for Reader {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let Some(data) = frame.data() else { return Ok(()) };
        let data = data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let piece: Piece<'_> = serde_json::from_slice(data).map_err(|error| malformed("event", &error))?;
        self.piece(piece, events);
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.done
    }

    fn is_over(&self) -> bool {
        self.done
    }
}
