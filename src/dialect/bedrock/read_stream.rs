//! Reads a stream, or a whole answer block by block, into events.
//!
//! The protocol tells only calls when they begin; texts and thoughts begin with their first words. What guardrails say
//! (`trace`) follows all words as one part that only this protocol can say.

use super::answer;
use super::complaint::malformed;
use super::evidence;
use crate::canonical::{Block, BlockKind, Complaint, Delta, Event, Json};
use crate::dialect::ReadStream;
use crate::dialect::amazon::Message;
use crate::dialect::sse::Frame;
use crate::types::Protocol;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    Text,
    Thought,
    Call,
}

/// The reader of one stream.
#[derive(Default)]
pub(super) struct Reader {
    /// The kind of the block that is open, and its place.
    open: Option<(Open, u32)>,
    next: u32,
    /// Parts that are whole and wait until the block that they follow is.
    waiting: Vec<BlockKind>,
    /// Why it ends; told when all is known.
    reason: Option<String>,
    done: bool,
}

/// What stands beside the words at the end.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    trace: Option<&'a RawValue>,
    #[serde(default)]
    service_tier: Value,
}

impl Reader {
    /// The answer begins. The protocol names neither it nor the model.
    pub fn start(&mut self, events: &mut Vec<Event>) {
        events.push(Event::Start { id: String::new(), model: String::new() });
    }

    fn block(&self, index: u32) -> Block {
        Block { choice: 0, index }
    }

    fn open(&mut self, what: Open, kind: BlockKind, events: &mut Vec<Event>) {
        self.close(events);
        self.open = Some((what, self.next));
        events.push(Event::Open { block: self.block(self.next), kind });
        self.next += 1;
    }

    fn close(&mut self, events: &mut Vec<Event>) {
        let open = self.open.take();
        events.extend(open.map(|(_, index)| Event::Close { block: self.block(index) }));
        for kind in std::mem::take(&mut self.waiting) {
            let block = self.block(self.next);
            self.next += 1;
            events.extend([Event::Open { block, kind }, Event::Close { block }]);
        }
    }

    /// More of the open block if it is of that kind, else of a new one.
    fn grow(&mut self, what: Open, delta: Delta, events: &mut Vec<Event>) {
        if self.open.is_none_or(|(open, _)| open != what) {
            match what {
                Open::Text => self.open(what, BlockKind::Text, events),
                Open::Thought => self.open(what, BlockKind::Thinking, events),
                // Arguments without a call belong to nothing.
                Open::Call => return,
            }
        }
        if let Some((_, index)) = self.open {
            events.push(Event::Delta { block: self.block(index), delta });
        }
    }

    fn words(&mut self, what: Open, value: &Value, events: &mut Vec<Event>) {
        if let Some(text) = value.as_str().filter(|text| !text.is_empty()) {
            self.grow(what, Delta::Text(text.to_owned()), events);
        }
    }

    /// A thought, its seal, or one that only the provider can read.
    fn thought(&mut self, thought: &Value, events: &mut Vec<Event>) {
        self.words(Open::Thought, &thought["text"], events);
        if let Some(seal) = thought["signature"].as_str().filter(|seal| !seal.is_empty()) {
            self.grow(Open::Thought, Delta::Signature(seal.to_owned()), events);
        }
        if let Some(data) = thought["redactedContent"].as_str() {
            self.close(events);
            self.waiting.push(BlockKind::RedactedThinking { data: data.to_owned() });
            self.close(events);
        }
    }

    fn call(&mut self, call: &Value, events: &mut Vec<Event>) {
        let text = |name: &str| call[name].as_str().unwrap_or_default().to_owned();
        self.open(Open::Call, BlockKind::ToolCall { id: text("toolUseId"), name: text("name") }, events);
    }

    /// A block of a whole answer.
    pub fn whole_block(&mut self, block: &Value, events: &mut Vec<Event>) {
        self.words(Open::Text, &block["text"], events);
        if let Some(thought) = block.get("reasoningContent") {
            let inside = thought.get("reasoningText").unwrap_or(thought);
            self.thought(inside, events);
        }
        if let Some(call) = block.get("toolUse") {
            self.call(call, events);
            let input = call.get("input").filter(|input| input.is_object()).map(Value::to_string);
            self.grow(Open::Call, Delta::Input(input.unwrap_or_else(|| "{}".to_owned())), events);
        }
        if let Some(cited) = block.get("citationsContent") {
            let texts = cited["content"].as_array().into_iter().flatten();
            texts.for_each(|text| self.words(Open::Text, &text["text"], events));
            self.waiting.extend(cited["citations"].as_array().into_iter().flatten().filter_map(evidence::read));
        }
        self.close(events);
    }

    fn delta(&mut self, delta: &Value, events: &mut Vec<Event>) {
        self.words(Open::Text, &delta["text"], events);
        if let Some(more) = delta["toolUse"]["input"].as_str().filter(|more| !more.is_empty()) {
            self.grow(Open::Call, Delta::Input(more.to_owned()), events);
        }
        if let Some(thought) = delta.get("reasoningContent") {
            self.thought(thought, events);
        }
        self.waiting.extend(delta.get("citation").and_then(evidence::read));
    }

    /// The words are over; what was consumed is told behind them.
    pub fn stop(&mut self, reason: &str, events: &mut Vec<Event>) {
        self.close(events);
        self.reason = Some(reason.to_owned());
    }

    /// What guardrails said, why it ended, and what it consumed.
    pub fn end(
        &mut self,
        (usage, trace): (Option<&RawValue>, Option<&RawValue>),
        tier: &Value,
        events: &mut Vec<Event>,
    ) {
        let raw = trace.and_then(|trace| Json::parse(format!("{{\"trace\":{}}}", trace.get())).ok());
        self.waiting.extend(raw.map(|raw| BlockKind::Opaque { from: Protocol::Bedrock, raw }));
        self.close(events);
        events.extend(usage.and_then(|raw| answer::usage(raw, tier)).map(Event::Usage));
        if let Some(reason) = self.reason.take() {
            events.push(Event::Finish { choice: 0, finish: answer::finish(&reason) });
            self.done = true;
        }
    }
}

impl ReadStream for Reader {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let message = Message::read(&frame.raw)?;
        let name = match message.event() {
            Ok(name) => name,
            Err(complaint) => {
                events.push(Event::Failed(complaint));
                return Ok(());
            }
        };
        if name == "metadata" {
            let meta: Meta<'_> = serde_json::from_slice(message.payload).map_err(|error| malformed("event", &error))?;
            self.end((meta.usage, meta.trace), &meta.service_tier, events);
            return Ok(());
        }
        let body: Value = serde_json::from_slice(message.payload).map_err(|error| malformed("event", &error))?;
        match name {
            "messageStart" => self.start(events),
            "contentBlockStart" => {
                if let Some(call) = body["start"].get("toolUse") {
                    self.call(call, events);
                }
            }
            "contentBlockDelta" => self.delta(&body["delta"], events),
            "contentBlockStop" => self.close(events),
            "messageStop" => self.stop(body["stopReason"].as_str().unwrap_or_default(), events),
            // What is new in the protocol.
            _ => {}
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
