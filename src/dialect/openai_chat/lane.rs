//! One answer of a stream on its way into blocks.
//!
//! The protocol sends pieces of several tool calls in any order; canonical blocks come one after
//! the other. The first unfinished block is passed on live, later ones wait until it is complete: a
//! text when something else follows, a call when its arguments are a whole JSON object.

use super::answer::{Call, Choice, Function, Message, Thought};
use super::evidence::{self, Spoken};
use super::finish;
use crate::canonical::{Block, BlockKind, Delta, Event, Finish, Json, Part, sealed_by};
use crate::types::Protocol;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// The state of one answer.
#[derive(Default)]
pub(super) struct Lane {
    items: VecDeque<Item>,
    /// Index of the next block.
    next_block: u32,
    calls: u32,
    /// Ids of calls that are complete, which some vendors repeat.
    closed_calls: Vec<String>,
    refused: bool,
    /// What came beside the words, which some vendors repeat.
    others: Vec<String>,
    /// Lists of pages beside the answers, of which the last of each name counts.
    found: Vec<(&'static str, String)>,
    logprobs: Vec<Json>,
    finished: bool,
}

struct Item {
    kind: Kind,
    open: Option<Block>,
    /// Text or arguments that wait.
    text: String,
    /// A seal that waits.
    seal: String,
    sealed: bool,
}

enum Kind {
    Text,
    Refusal,
    /// The number of the thinking block; none where the vendor has no blocks.
    Thinking(Option<u64>),
    Redacted(String),
    Call {
        index: u64,
        id: String,
        name: String,
        end: ObjectEnd,
    },
    Whole(Part),
}

impl Item {
    fn new(kind: Kind) -> Item {
        Item { kind, open: None, text: String::new(), seal: String::new(), sealed: false }
    }

    /// Whether nothing more can come once something else has begun.
    fn is_whole(&self) -> bool {
        match &self.kind {
            Kind::Call { end, .. } => end.is_reached(),
            _ => true,
        }
    }
}

impl Lane {
    /// Takes a piece of the answer in.
    pub(super) fn take(&mut self, choice: &Choice<'_>) {
        if self.finished {
            return;
        }
        for message in choice.messages() {
            self.message(message);
        }
        choice.text.runs().for_each(|(_, text)| self.say(Kind::Text, text));
        if let Some(logprobs) = choice.logprobs.filter(|raw| raw.get() != "null") {
            self.logprobs.push(Json(logprobs.to_owned()));
        }
    }

    fn message(&mut self, message: &Message<'_>) {
        match message.thinking_blocks.as_deref() {
            Some(blocks @ [_, ..]) => {
                blocks.iter().enumerate().for_each(|(place, block)| self.think(place, block));
            }
            _ => message.thought().runs().for_each(|(_, text)| self.say(Kind::Thinking(None), text)),
        }
        for (thought, text) in message.content.runs() {
            self.say(if thought { Kind::Thinking(None) } else { Kind::Text }, text);
        }
        self.refused |= !message.refusal.is_empty();
        message.refusal.runs().for_each(|(_, text)| self.say(Kind::Refusal, text));
        for (place, call) in message.tool_calls.iter().flatten().enumerate() {
            self.call(place, call);
        }
        if let Some(function) = &message.function_call {
            self.grow_call(0, "", function);
        }
        for (name, raw) in message.others() {
            self.beside(name, raw);
        }
    }

    /// What comes beside the words.
    fn beside(&mut self, name: &'static str, raw: &RawValue) {
        if name == "audio" {
            let Some(spoken) = Spoken::read(raw) else { return };
            spoken.transcript.runs().for_each(|(_, text)| self.say(Kind::Text, text));
            self.items.extend(spoken.sound().map(|sound| Item::new(Kind::Whole(sound))));
            return;
        }
        for entry in serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_default() {
            if !self.others.iter().any(|other| other == entry.get()) {
                self.others.push(entry.get().to_owned());
                self.items.extend(evidence::read(name, entry).map(|part| Item::new(Kind::Whole(part))));
            }
        }
    }

    /// Adds words to the last item if it is of that kind, else to a new one.
    fn say(&mut self, kind: Kind, text: &str) {
        if text.is_empty() {
            return;
        }
        let goes_on = self.items.back().is_some_and(|last| match (&last.kind, &kind) {
            (Kind::Text, Kind::Text) | (Kind::Refusal, Kind::Refusal) => true,
            (Kind::Thinking(last_block), Kind::Thinking(block)) => last_block == block && !last.sealed,
            _ => false,
        });
        if !goes_on {
            self.items.push_back(Item::new(kind));
        }
        if let Some(item) = self.items.back_mut() {
            item.text.push_str(text);
        }
    }

    fn think(&mut self, place: usize, thought: &Thought<'_>) {
        let block = thought.index.0.unwrap_or(place as u64);
        if !thought.data.is_empty() {
            self.items.push_back(Item::new(Kind::Redacted(thought.data.joined().into_owned())));
            return;
        }
        self.say(Kind::Thinking(Some(block)), &thought.thinking.joined());
        if thought.signature.is_empty() {
            return;
        }
        // A seal without words before it belongs to a thought that the provider does not show.
        let kept = |item: &&mut Item| matches!(item.kind, Kind::Thinking(Some(own)) if own == block);
        if self.items.back_mut().filter(kept).is_none() {
            self.items.push_back(Item::new(Kind::Thinking(Some(block))));
        }
        if let Some(item) = self.items.back_mut() {
            thought.signature.collect(&mut item.seal);
            item.sealed = true;
        }
    }

    fn call(&mut self, place: usize, call: &Call<'_>) {
        let index = call.index.0.unwrap_or(place as u64);
        if let Some(seal) = call.seal() {
            // It seals the call, and is a thought without words before it.
            let seal = sealed_by(Protocol::Gemini, &seal.joined());
            self.items.push_back(Item { seal, sealed: true, ..Item::new(Kind::Thinking(None)) });
        }
        match &call.function {
            Some(function) => self.grow_call(index, &call.id.joined(), function),
            None => self.grow_call(index, &call.id.joined(), &Function::default()),
        }
    }

    fn grow_call(&mut self, index: u64, id: &str, function: &Function<'_>) {
        // Some vendors give every call index 0 and tell them apart by id.
        let is_same = |item: &&mut Item| match &item.kind {
            Kind::Call { index: own, id: own_id, .. } => {
                *own == index && (id.is_empty() || own_id.is_empty() || own_id == id)
            }
            _ => false,
        };
        if self.items.iter_mut().rfind(is_same).is_none() {
            let nameless = id.is_empty() && function.name.is_empty();
            if nameless || !id.is_empty() && self.closed_calls.iter().any(|closed| closed == id) {
                return;
            }
            let kind = Kind::Call { index, id: String::new(), name: String::new(), end: ObjectEnd::default() };
            self.items.push_back(Item::new(kind));
            self.calls += 1;
        }
        let Some(item) = self.items.iter_mut().rfind(is_same) else { return };
        if let Kind::Call { id: own_id, name, end, .. } = &mut item.kind {
            if own_id.is_empty() {
                own_id.push_str(id);
            }
            if name.is_empty() {
                function.name.collect(name);
            }
            end.feed(&function.arguments.0);
        }
        item.text.push_str(&function.arguments.0);
    }

    /// Takes in a list of pages beside the answers; each piece of a stream has all of it so far.
    pub(super) fn found(&mut self, name: &'static str, raw: &str) {
        self.found.retain(|(other, _)| *other != name);
        self.found.push((name, raw.to_owned()));
    }

    /// Passes on what can be passed on.
    pub(super) fn flush(&mut self, scope: Scope<'_>, events: &mut Vec<Event>) {
        loop {
            let Some(head) = self.items.front() else { return };
            let nameless = matches!(&head.kind, Kind::Call { name, .. } if name.is_empty());
            let closes = self.items.len() > 1 && head.is_whole();
            if nameless {
                return;
            }
            self.emit_head(scope, events);
            if !closes {
                return;
            }
            self.close_head(events);
        }
    }

    /// Closes every block and says why the answer ended.
    pub(super) fn finish(&mut self, word: &str, scope: Scope<'_>, events: &mut Vec<Event>) {
        if self.finished {
            return;
        }
        self.finished = true;
        let searched = evidence::searched(self.found.iter().map(|(_, list)| list.as_str()));
        self.items.extend(searched.map(|search| Item::new(Kind::Whole(Part::Search(search)))));
        while !self.items.is_empty() {
            self.emit_head(scope, events);
            self.close_head(events);
        }
        let choice = scope.choice;
        events.extend(merged(std::mem::take(&mut self.logprobs)).map(|logprobs| Event::Logprobs { choice, logprobs }));
        let finish = match finish::read(word, self.refused) {
            // Gemini's OpenAI endpoint and Ollama say `stop` after calls, too.
            Finish::Stop if self.calls > 0 => Finish::ToolCalls,
            finish => finish,
        };
        events.push(Event::Finish { choice, finish });
    }

    /// Whether the provider said why the answer ended.
    pub(super) fn is_finished(&self) -> bool {
        self.finished
    }

    fn emit_head(&mut self, scope: Scope<'_>, events: &mut Vec<Event>) {
        let Some(head) = self.items.front_mut() else { return };
        let block = *head.open.get_or_insert_with(|| {
            let block = Block { choice: scope.choice, index: self.next_block };
            self.next_block += 1;
            events.extend(head.kind.opened(scope, block).map(|kind| Event::Open { block, kind }));
            block
        });
        let text = std::mem::take(&mut head.text);
        if !text.is_empty() {
            let delta = if matches!(head.kind, Kind::Call { .. }) { Delta::Input(text) } else { Delta::Text(text) };
            events.push(Event::Delta { block, delta });
        }
        let seal = std::mem::take(&mut head.seal);
        if !seal.is_empty() {
            events.push(Event::Delta { block, delta: Delta::Signature(seal) });
        }
    }

    fn close_head(&mut self, events: &mut Vec<Event>) {
        let Some(head) = self.items.pop_front() else { return };
        events.extend(head.open.map(|block| Event::Close { block }));
        if let Kind::Call { id, .. } = head.kind {
            self.closed_calls.push(id);
        }
    }
}

/// Which answer of which reply a lane belongs to.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    /// The provider's id of the reply.
    pub(super) reply: &'a str,
    /// The index of the answer.
    pub(super) choice: u32,
}

impl Kind {
    /// How it opens; none for what no answer has.
    fn opened(&mut self, scope: Scope<'_>, block: Block) -> Option<BlockKind> {
        Some(match self {
            Kind::Text => BlockKind::Text,
            Kind::Refusal => BlockKind::Refusal,
            Kind::Thinking(_) => BlockKind::Thinking,
            Kind::Redacted(data) => BlockKind::RedactedThinking { data: std::mem::take(data) },
            Kind::Whole(part) => return BlockKind::whole(part.clone()),
            Kind::Call { id, name, .. } => {
                if id.is_empty() {
                    // Results are matched by id, and callers send all turns back: it must be no other call's.
                    *id = format!("call_{}_{}_{}", scope.reply, block.choice, block.index);
                }
                BlockKind::ToolCall { id: id.clone(), name: name.clone() }
            }
        })
    }
}

/// Likelihoods come piece by piece; each list of one piece goes on in the next.
fn merged(mut pieces: Vec<Json>) -> Option<Json> {
    if pieces.len() < 2 {
        return pieces.pop();
    }
    let mut whole: Map<String, Value> = Map::new();
    for piece in pieces.iter().filter_map(|piece| serde_json::from_str::<Map<String, Value>>(piece.get()).ok()) {
        for (name, value) in piece {
            match (whole.get_mut(&name), value) {
                (Some(Value::Array(list)), Value::Array(more)) => list.extend(more),
                (_, value) => drop(whole.insert(name, value)),
            }
        }
    }
    Json::of(&whole).ok()
}

/// Finds the end of a JSON object that comes in fragments, without parsing it.
#[derive(Default)]
struct ObjectEnd {
    depth: u32,
    in_string: bool,
    escaped: bool,
    reached: bool,
}

impl ObjectEnd {
    fn feed(&mut self, fragment: &str) {
        for byte in fragment.bytes() {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.in_string => self.escaped = true,
                b'"' => self.in_string = !self.in_string,
                _ if self.in_string => {}
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.reached |= self.depth == 0;
                }
                _ => {}
            }
        }
    }

    fn is_reached(&self) -> bool {
        self.reached
    }
}
