//! Reads a stream of a provider, as events.
//!
//! What has a place in the canonical model goes on piece by piece; other items come whole at their end. An
//! item whose pieces never came (some vendors send only its end) is read from its end.

use super::finish::{self, Content};
use super::output::{Item, Part, Response, Seen, failure, unexplained};
use super::wire::Str;
use super::{evidence, seal, tap};
use crate::canonical::{Block, BlockKind, Complaint, Delta, Event, Json, Part as CanonicalPart, Said};
use crate::dialect::ReadStream;
use crate::dialect::sse::Frame;
use serde_json::value::RawValue;

/// The reader of one stream.
#[derive(Default)]
pub(super) struct Reader {
    started: bool,
    /// Blocks under way.
    open: Vec<Open>,
    /// How many blocks have been opened.
    opened: u32,
    said: Said,
    content: Content,
    over: bool,
}

/// A block under way.
struct Open {
    block: Block,
    item: u64,
    kind: Kind,
    /// Whether a piece of it has come.
    filled: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A content of a message, by its index.
    Words(u64),
    /// A thought; which of its parts came last.
    Thought(u64),
    Call,
}

impl Reader {
    /// The answer begins.
    pub(super) fn start(&mut self, response: &Response<'_>, events: &mut Vec<Event>) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let text = |text: &Option<Str<'_>>| text.as_ref().map(|text| text.0.clone().into_owned()).unwrap_or_default();
        events.push(Event::Start { id: text(&response.id), model: text(&response.model) });
    }

    fn open(&mut self, item: u64, kind: Kind, opened: BlockKind, events: &mut Vec<Event>) -> usize {
        let block = Block { choice: 0, index: self.opened };
        self.opened += 1;
        events.push(Event::Open { block, kind: opened });
        self.open.push(Open { block, item, kind, filled: false });
        self.open.len() - 1
    }

    fn find(&self, item: u64, fits: impl Fn(Kind) -> bool) -> Option<usize> {
        self.open.iter().position(|open| open.item == item && fits(open.kind))
    }

    fn say(&mut self, place: usize, delta: Delta, events: &mut Vec<Event>) {
        if let Some(open) = self.open.get_mut(place) {
            open.filled = true;
            events.push(Event::Delta { block: open.block, delta });
        }
    }

    /// More words of a message.
    fn words(&mut self, seen: &Seen<'_>, refusal: bool, events: &mut Vec<Event>) {
        let Some(Str(words)) = seen.words().filter(|words| !words.0.is_empty()) else { return };
        let (item, index) = (seen.output_index.unwrap_or(0), seen.content_index.unwrap_or(0));
        let found = self.find(item, |kind| kind == Kind::Words(index));
        let place = found.unwrap_or_else(|| self.open_words(item, index, refusal, events));
        if !refusal {
            self.said.grow(&words);
        }
        self.say(place, Delta::Text(words.into_owned()), events);
    }

    fn open_words(&mut self, item: u64, index: u64, refusal: bool, events: &mut Vec<Event>) -> usize {
        self.content.refusal |= refusal;
        if !refusal {
            self.said.open();
        }
        let kind = if refusal { BlockKind::Refusal } else { BlockKind::Text };
        self.open(item, Kind::Words(index), kind, events)
    }

    /// More of a thought; its parts are parted by an empty line.
    fn think(&mut self, item: u64, part: u64, words: &str, events: &mut Vec<Event>) {
        if words.is_empty() {
            return;
        }
        let found = self.find(item, |kind| matches!(kind, Kind::Thought(_)));
        let place = found.unwrap_or_else(|| self.open(item, Kind::Thought(part), BlockKind::Thinking, events));
        let Some(open) = self.open.get_mut(place) else { return };
        let parted = open.filled && open.kind != Kind::Thought(part);
        open.kind = Kind::Thought(part);
        let words = if parted { format!("\n\n{words}") } else { words.to_owned() };
        self.say(place, Delta::Text(words), events);
    }

    fn item_added(&mut self, index: u64, raw: Option<&RawValue>, events: &mut Vec<Event>) {
        let Some(item) = raw.and_then(Item::read) else { return };
        if item.kind() == "function_call" {
            self.open_call(index, &item, events);
        }
    }

    fn open_call(&mut self, index: u64, item: &Item<'_>, events: &mut Vec<Event>) -> usize {
        self.content.calls = true;
        let name = item.name.as_ref().map(|name| name.0.clone().into_owned()).unwrap_or_default();
        let kind = BlockKind::ToolCall { id: item.call_id().to_owned(), name };
        self.open(index, Kind::Call, kind, events)
    }

    fn arguments(&mut self, seen: &Seen<'_>, events: &mut Vec<Event>) {
        let Some(Str(more)) = seen.words().filter(|words| !words.0.is_empty()) else { return };
        if let Some(place) = self.find(seen.output_index.unwrap_or(0), |kind| kind == Kind::Call) {
            self.say(place, Delta::Input(more.into_owned()), events);
        }
    }

    /// An item is whole: what of it has not been said is said now.
    pub(super) fn item_done(&mut self, index: u64, raw: &RawValue, events: &mut Vec<Event>) {
        let Some(item) = Item::read(raw) else {
            return self.whole(evidence::item("", raw), events);
        };
        match item.kind() {
            "message" => {
                let parts = item.content.as_deref().unwrap_or_default();
                parts.iter().enumerate().for_each(|(place, part)| self.part_done(index, place as u64, part, events));
            }
            "reasoning" => self.thought_done(index, &item, events),
            "function_call" => {
                let found = self.find(index, |kind| kind == Kind::Call);
                let place = found.unwrap_or_else(|| self.open_call(index, &item, events));
                let arguments = item.arguments.as_ref().map_or("", |arguments| &arguments.0);
                if !self.open.get(place).is_some_and(|open| open.filled) && !arguments.is_empty() {
                    self.say(place, Delta::Input(arguments.to_owned()), events);
                }
            }
            kind => {
                self.content.calls |= item.is_call();
                self.whole(evidence::item(kind, raw), events);
            }
        }
        self.close(Some(index), events);
    }

    fn part_done(&mut self, item: u64, index: u64, part: &Part<'_>, events: &mut Vec<Event>) {
        let refusal = part.refusal.is_some();
        let Some(Str(text)) = part.refusal.as_ref().or(part.text.as_ref()) else { return };
        let found = self.find(item, |kind| kind == Kind::Words(index));
        if found.is_none() && !text.is_empty() {
            let place = self.open_words(item, index, refusal, events);
            self.said.grow(if refusal { "" } else { text });
            self.say(place, Delta::Text(text.clone().into_owned()), events);
        }
        let told = |raw: &&RawValue| !matches!(raw.get(), "null" | "[]");
        if let Some(list) = part.logprobs.filter(told)
            && let Ok(logprobs) = Json::parse(format!(r#"{{"content":{}}}"#, list.get()))
        {
            events.push(Event::Logprobs { choice: 0, logprobs });
        }
        if let Some(list) = part.annotations.filter(told) {
            let parts = evidence::annotations(list, self.said);
            parts.into_iter().for_each(|part| self.whole(part, events));
        }
    }

    /// A thought without words and without a seal is none.
    fn thought_done(&mut self, index: u64, item: &Item<'_>, events: &mut Vec<Event>) {
        let mut place = self.find(index, |kind| matches!(kind, Kind::Thought(_)));
        if place.is_none() {
            for (part, words) in item.thought().into_iter().enumerate() {
                self.think(index, part as u64, words, events);
            }
            place = self.find(index, |kind| matches!(kind, Kind::Thought(_)));
        }
        let Some(Str(encrypted)) = item.encrypted_content.as_ref().filter(|seal| !seal.0.is_empty()) else { return };
        let place = place.unwrap_or_else(|| self.open(index, Kind::Thought(0), BlockKind::Thinking, events));
        self.say(place, Delta::Signature(seal::mark_own(encrypted)), events);
    }

    /// A part that comes whole.
    fn whole(&mut self, part: CanonicalPart, events: &mut Vec<Event>) {
        let Some(kind) = BlockKind::whole(part) else { return };
        let block = Block { choice: 0, index: self.opened };
        self.opened += 1;
        events.extend([Event::Open { block, kind }, Event::Close { block }]);
    }

    /// Closes the blocks of an item, or all.
    fn close(&mut self, item: Option<u64>, events: &mut Vec<Event>) {
        let meant = |open: &Open| item.is_none_or(|item| item == open.item);
        events.extend(self.open.iter().filter(|open| meant(open)).map(|open| Event::Close { block: open.block }));
        self.open.retain(|open| !meant(open));
    }

    /// The answer is whole.
    pub(super) fn finish(&mut self, response: &Response<'_>, events: &mut Vec<Event>) {
        self.start(response, events);
        self.close(None, events);
        events.extend(response.usage().map(Event::Usage));
        let finish = finish::read(response.status(), response.reason(), self.content);
        events.push(Event::Finish { choice: 0, finish });
        self.over = true;
    }

    fn ended(&mut self, seen: &Seen<'_>, events: &mut Vec<Event>) {
        let response = seen.response().unwrap_or_default();
        if !self.started && self.opened == 0 {
            // A vendor that only sends the end.
            self.start(&response, events);
            for (index, item) in response.output.iter().flatten().enumerate() {
                self.item_done(index as u64, item, events);
            }
        }
        self.finish(&response, events);
    }
}

impl ReadStream for Reader {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let Some(data) = frame.data() else { return Ok(()) };
        let data = data.trim_ascii();
        if data.is_empty() || data == b"[DONE]" {
            return Ok(());
        }
        let seen: Seen<'_> =
            serde_json::from_slice(data).map_err(|error| tap::malformed("stream frame", data, &error))?;
        let kind = match &seen.kind {
            Some(Str(kind)) => kind.as_bytes(),
            None => frame.event(),
        };
        let index = seen.output_index.unwrap_or(0);
        match kind {
            b"response.created" | b"response.in_progress" => {
                self.start(&seen.response().unwrap_or_default(), events);
            }
            b"response.output_text.delta" => self.words(&seen, false, events),
            b"response.refusal.delta" => self.words(&seen, true, events),
            b"response.reasoning_summary_text.delta" | b"response.reasoning_text.delta" => {
                let part = seen.summary_index.or(seen.content_index).unwrap_or(0);
                if let Some(Str(words)) = seen.words() {
                    self.think(index, part, &words, events);
                }
            }
            b"response.output_item.added" => self.item_added(index, seen.item, events),
            b"response.function_call_arguments.delta" => self.arguments(&seen, events),
            b"response.output_item.done" => {
                if let Some(raw) = seen.item {
                    self.item_done(index, raw, events);
                }
            }
            b"response.completed" | b"response.incomplete" => self.ended(&seen, events),
            b"response.failed" | b"response.cancelled" => {
                let complaint = seen.response().and_then(|response| response.failure());
                events.push(Event::Failed(complaint.unwrap_or_else(unexplained)));
            }
            b"error" => {
                let error = seen.error.filter(|error| error.get() != "null");
                events.push(Event::Failed(error.map_or_else(|| tap::flat(frame), failure)));
            }
            _ => {}
        }
        Ok(())
    }

    fn is_complete(&self) -> bool {
        self.over
    }

    fn is_over(&self) -> bool {
        self.over
    }
}
