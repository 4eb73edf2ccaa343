//! A stream of an Anthropic provider, as events.
//!
//! Blocks that only Anthropic has come whole in the end, put together from their pieces; so do the
//! citations of a text, as the addendum that a whole answer has too.

use super::evidence::Lift;
use super::read_blocks::{addendum_of, leftovers};
use super::wire::{At, Object, Str, array, malformed, object, string, text};
use super::{finish, tap, usage};
use crate::canonical::{Block, BlockKind, Code, Complaint, Delta, Event, Json, Part};
use crate::dialect::ReadStream;
use crate::dialect::sse::Frame;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Reads one stream.
#[derive(Default)]
pub(super) struct Reader {
    known: usage::Known,
    open: Vec<Open>,
    /// How many parts have been opened.
    opened: u32,
    lift: Lift,
    complete: bool,
}

/// A block under way.
struct Open {
    /// Its number on the wire.
    index: u64,
    state: State,
}

enum State {
    /// Its pieces go on as they come.
    Live {
        block: Block,
        /// The input that came with the start, until pieces of it come.
        input: Option<String>,
        citations: Vec<String>,
        addendum: Option<Json>,
    },
    /// It is put together first.
    Whole { object: Object, input: String },
}

#[derive(Deserialize)]
struct Seen<'a> {
    #[serde(rename = "type", borrow, default)]
    kind: Option<Str<'a>>,
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    message: Option<&'a RawValue>,
    #[serde(borrow, default)]
    content_block: Option<&'a RawValue>,
    #[serde(borrow, default)]
    delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

impl ReadStream for Reader {
    fn frame(&mut self, frame: &Frame, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let Some(data) = frame.data() else { return Ok(()) };
        let seen: Seen<'_> = serde_json::from_slice(&data)
            .map_err(|error| malformed(At::Top.invalid(&format!("has a frame that cannot be read: {error}"))))?;
        let kind = match &seen.kind {
            Some(Str(kind)) => kind.as_bytes(),
            None => frame.event(),
        };
        match kind {
            b"message_start" => self.start(seen.message, events),
            b"content_block_start" => self.open(seen.index.unwrap_or(0), seen.content_block, events),
            b"content_block_delta" => self.grow(seen.index.unwrap_or(0), seen.delta, events),
            b"content_block_stop" => self.close(seen.index.unwrap_or(0), events),
            b"message_delta" => self.finish(seen.delta, seen.usage, events),
            b"message_stop" => self.stop(events),
            b"error" => {
                let detail = seen.error.and_then(|raw| serde_json::from_str(raw.get()).ok());
                events.push(Event::Failed(tap::failure(detail)));
                Ok(())
            }
            b"" => Err(At::Top.invalid("has a frame without a type")),
            // Anthropic may add events, and asks clients to pass over those that they do not know.
            _ => Ok(()),
        }
        .map_err(malformed)
    }

    fn is_complete(&self) -> bool {
        self.complete
    }

    fn is_over(&self) -> bool {
        self.complete
    }
}

impl Reader {
    fn start(&mut self, message: Option<&RawValue>, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let at = &At::Top.member("message");
        let mut message = object(needed(message, at)?, at)?;
        events.push(Event::Start {
            id: message.take_as("id", at, string)?.unwrap_or_default(),
            model: message.take_as("model", at, string)?.unwrap_or_default(),
        });
        self.consumed(message.take("usage"), events);
        Ok(())
    }

    fn consumed(&mut self, usage: Option<&RawValue>, events: &mut Vec<Event>) {
        events.extend(usage.and_then(|raw| self.known.add(raw)).map(Event::Usage));
    }

    fn next_block(&mut self) -> Block {
        let block = Block { choice: 0, index: self.opened };
        self.opened += 1;
        block
    }

    fn open(&mut self, index: u64, raw: Option<&RawValue>, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let at = &At::Top.member("content_block");
        let raw = needed(raw, at)?;
        let mut members = object(raw, at)?;
        let mut said = Vec::new();
        let mut say = |words: Option<String>, delta: fn(String) -> Delta| {
            said.extend(words.filter(|words| !words.is_empty()).map(delta));
        };
        let mut input = None;
        let kind = match &*members.need("type", at, text)? {
            "text" => {
                self.lift.text();
                say(members.take_as("text", at, string)?, Delta::Text);
                BlockKind::Text
            }
            "thinking" => {
                say(members.take_as("thinking", at, string)?, Delta::Text);
                say(members.take_as("signature", at, string)?, Delta::Signature);
                BlockKind::Thinking
            }
            "redacted_thinking" => BlockKind::RedactedThinking { data: members.need("data", at, string)? },
            "tool_use" => {
                input = members.take("input").map(|input| input.get().to_owned());
                BlockKind::ToolCall { id: members.need("id", at, string)?, name: members.need("name", at, string)? }
            }
            _ => {
                let object = Object::default().members(&Json(raw.to_owned()));
                self.open.push(Open { index, state: State::Whole { object, input: String::new() } });
                return Ok(());
            }
        };
        let rest = self.lift.rest();
        self.parts(rest, events);
        let block = self.next_block();
        if let (BlockKind::Text, Some(Delta::Text(words))) = (&kind, said.first()) {
            self.lift.words(words);
        }
        events.push(Event::Open { block, kind });
        events.extend(said.into_iter().map(|delta| Event::Delta { block, delta }));
        let state = State::Live { block, input, citations: Vec::new(), addendum: leftovers(members) };
        self.open.push(Open { index, state });
        Ok(())
    }

    fn grow(&mut self, index: u64, raw: Option<&RawValue>, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let at = &At::Top.member("delta");
        let raw = needed(raw, at)?;
        let open = self.open.iter_mut().find(|open| open.index == index);
        match open.map(|open| &mut open.state) {
            Some(State::Live { block, input, citations, .. }) => {
                let piece: Piece<'_> =
                    serde_json::from_str(raw.get()).map_err(|error| at.invalid(&format!("cannot be read: {error}")))?;
                citations.extend(piece.citation.map(|raw| raw.get().to_owned()));
                if piece.partial_json.as_ref().is_some_and(|Str(json)| !json.is_empty()) {
                    *input = None;
                }
                if let Some(Str(words)) = &piece.text {
                    self.lift.words(words);
                }
                let block = *block;
                events.extend(piece.deltas().map(|delta| Event::Delta { block, delta }));
                Ok(())
            }
            Some(State::Whole { object, input }) => grow_whole(object, input, raw, at),
            None => Err(At::Top.member("index").invalid("names a block that is not open")),
        }
    }

    fn close(&mut self, index: u64, events: &mut Vec<Event>) -> Result<(), Complaint> {
        let Some(place) = self.open.iter().position(|open| open.index == index) else { return Ok(()) };
        match self.open.remove(place).state {
            State::Live { block, input, citations, addendum } => {
                events.extend(input.filter(|input| input != "{}").map(|input| {
                    let delta = Delta::Input(input);
                    Event::Delta { block, delta }
                }));
                events.push(Event::Close { block });
                let addendum = with_citations(addendum, &citations);
                addendum.into_iter().for_each(|raw| self.whole(raw, events));
            }
            State::Whole { object, input } => {
                let input = Json::parse(input).ok();
                let object = input.into_iter().fold(object, |object, input| object.raw("input", input.get()));
                Json::parse(object.finish()).into_iter().for_each(|raw| self.whole(raw, events));
            }
        }
        Ok(())
    }

    /// A part that comes whole.
    fn whole(&mut self, raw: Json, events: &mut Vec<Event>) {
        let parts = self.lift.raw(raw);
        self.parts(parts, events);
    }

    fn parts(&mut self, parts: Vec<Part>, events: &mut Vec<Event>) {
        for kind in parts.into_iter().filter_map(BlockKind::whole) {
            let block = self.next_block();
            events.extend([Event::Open { block, kind }, Event::Close { block }]);
        }
    }

    fn finish(
        &mut self,
        delta: Option<&RawValue>,
        usage: Option<&RawValue>,
        events: &mut Vec<Event>,
    ) -> Result<(), Complaint> {
        let at = &At::Top.member("delta");
        let rest = self.lift.rest();
        self.parts(rest, events);
        if let Some(delta) = delta {
            let mut delta = object(delta, at)?;
            let reason = delta.take_as("stop_reason", at, text)?;
            let stop = delta.take_as("stop_sequence", at, string)?;
            let finish = reason.map(|reason| finish::read(&reason, stop));
            events.extend(finish.map(|finish| Event::Finish { choice: 0, finish }));
        }
        self.consumed(usage, events);
        Ok(())
    }

    fn stop(&mut self, events: &mut Vec<Event>) -> Result<(), Complaint> {
        while let Some(index) = self.open.first().map(|open| open.index) {
            self.close(index, events)?;
        }
        self.complete = true;
        Ok(())
    }
}

/// A piece of a block whose pieces go on as they come.
#[derive(Deserialize)]
struct Piece<'a> {
    #[serde(borrow, default)]
    text: Option<Str<'a>>,
    #[serde(borrow, default)]
    thinking: Option<Str<'a>>,
    #[serde(borrow, default)]
    signature: Option<Str<'a>>,
    #[serde(borrow, default)]
    partial_json: Option<Str<'a>>,
    #[serde(borrow, default)]
    citation: Option<&'a RawValue>,
}

impl Piece<'_> {
    fn deltas(self) -> impl Iterator<Item = Delta> {
        let of = |words: Option<Str<'_>>, delta: fn(String) -> Delta| {
            words.filter(|Str(words)| !words.is_empty()).map(|Str(words)| delta(words.into_owned()))
        };
        [
            of(self.text, Delta::Text),
            of(self.thinking, Delta::Text),
            of(self.signature, Delta::Signature),
            of(self.partial_json, Delta::Input),
        ]
        .into_iter()
        .flatten()
    }
}

/// Puts a piece into a block of a kind that is not known: texts grow, all else is replaced.
fn grow_whole(whole: &mut Object, input: &mut String, raw: &RawValue, at: &At<'_>) -> Result<(), Complaint> {
    let mut piece = object(raw, at)?;
    piece.take("type");
    if let Some(more) = piece.take_as("partial_json", at, text)? {
        input.push_str(&more);
    }
    for (name, value) in piece.0 {
        whole.grow(&name, value.get());
    }
    Ok(())
}

fn with_citations(addendum: Option<Json>, citations: &[String]) -> Option<Json> {
    if citations.is_empty() {
        return addendum;
    }
    let mut object = addendum.map(|raw| Object::default().members(&raw)).unwrap_or_default();
    object.remove("type");
    addendum_of(object.raw("citations", array(citations)))
}

fn needed<'a>(raw: Option<&'a RawValue>, at: &At<'_>) -> Result<&'a RawValue, Complaint> {
    raw.ok_or_else(|| Complaint::new(Code::ProviderMalformed, format!("`{at}` is missing")))
}
