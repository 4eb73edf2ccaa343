//! Writes an answer piece by piece for callers: events with names and running numbers.
//!
//! Texts in a row are contents of one message. Items and contents end when the next thing comes, for
//! likelihoods may still belong to them. Items may interleave, as the protocol's indexes allow.

use super::item::{self, Call, Content};
use super::object::{Head, State, json};
use super::{complaint, evidence, finish, seal};
use crate::canonical::{Block, BlockKind, Citation, Complaint, Delta, Event, Finish, Json, Said, UsageReport};
use crate::dialect::sse::write_event;
use crate::dialect::{Answering, WriteStream};
use crate::types::Protocol;
use bytes::{Bytes, BytesMut};
use serde_json::Value;
use std::fmt::Write;

/// The writer of one stream.
pub(super) struct Writer {
    head: Head,
    sequence: u64,
    started: bool,
    items: Vec<Item>,
    usage: Option<UsageReport>,
    finish: Option<Finish>,
    /// Whether there are words by which the model declines.
    refused: bool,
    said: Said,
    dropped: Vec<String>,
    whole: Option<Bytes>,
}

/// An item of the output; its place is its `output_index`.
struct Item {
    id: String,
    kind: Kind,
    /// The item as it ended.
    done: Option<String>,
}

enum Kind {
    Message(Vec<Part>),
    Reasoning { block: Block, text: String, seal: Option<String>, closed: bool },
    Call { block: Block, call_id: String, name: String, arguments: String, custom: bool, closed: bool },
    Raw,
}

/// A content of a message; its place is its `content_index`.
struct Part {
    block: Block,
    content: Content,
    closed: bool,
}

/// An event under construction.
struct Frame {
    name: &'static str,
    json: String,
}

impl Frame {
    fn text(mut self, name: &str, text: &str) -> Frame {
        let _ = write!(self.json, r#","{name}":{}"#, json(text));
        self
    }

    fn place(mut self, name: &str, place: usize) -> Frame {
        let _ = write!(self.json, r#","{name}":{place}"#);
        self
    }

    fn raw(mut self, name: &str, raw: &str) -> Frame {
        let _ = write!(self.json, r#","{name}":{raw}"#);
        self
    }

    fn send(mut self, out: &mut BytesMut) {
        self.json.push('}');
        write_event(self.name, self.json.as_bytes(), out);
    }
}

impl Writer {
    pub(super) fn new(to: &Answering<'_>) -> Writer {
        Writer {
            head: Head::new(to),
            sequence: 0,
            started: false,
            items: Vec::new(),
            usage: None,
            finish: None,
            refused: false,
            said: Said::default(),
            dropped: Vec::new(),
            whole: None,
        }
    }

    fn frame(&mut self, name: &'static str) -> Frame {
        let json = format!(r#"{{"type":"{name}","sequence_number":{}"#, self.sequence);
        self.sequence += 1;
        Frame { name, json }
    }

    /// An event that belongs to an item.
    fn of_item(&mut self, name: &'static str, place: usize) -> Frame {
        let id = self.items.get(place).map(|item| json(&item.id)).unwrap_or_default();
        self.frame(name).raw("item_id", &id).place("output_index", place)
    }

    fn drop_field(&mut self, path: String) {
        if !self.dropped.contains(&path) {
            self.dropped.push(path);
        }
    }

    fn object(&self, status: &str, reason: Option<&str>, error: Option<(&str, &str)>) -> String {
        let output = self.items.iter().filter_map(|item| item.done.as_deref()).collect();
        self.head.object(&State { status, output, usage: self.usage.as_ref(), reason, error })
    }

    fn start(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        // Usage that came early is told at the end.
        let usage = self.usage.take();
        let response = self.object("in_progress", None, None);
        self.usage = usage;
        self.frame("response.created").raw("response", &response).send(out);
        self.frame("response.in_progress").raw("response", &response).send(out);
    }

    fn open(&mut self, block: Block, kind: BlockKind, out: &mut BytesMut) {
        self.start(out);
        if let BlockKind::Citation(citation) = &kind {
            return self.cite(block, citation, out);
        }
        let words = matches!(kind, BlockKind::Text | BlockKind::Refusal);
        self.settle(words, out);
        match kind {
            BlockKind::Text => self.open_words(block, false, out),
            BlockKind::Refusal => self.open_words(block, true, out),
            BlockKind::Thinking => self.open_thought(block, None, out),
            BlockKind::RedactedThinking { data } => self.open_thought(block, Some(seal::wrap_redacted(&data)), out),
            BlockKind::ToolCall { id, name } => self.open_call(block, id, name, out),
            BlockKind::Opaque { from: Protocol::Responses, raw } => self.raw("item", raw.get().to_owned(), out),
            BlockKind::Search(search) => {
                let item = evidence::search_item(&search, &self.head.item_id("ws", self.items.len()));
                self.raw("ws", item, out);
            }
            BlockKind::Media(media) => {
                match evidence::picture_item(&media, &self.head.item_id("ig", self.items.len())) {
                    Some(item) => self.raw("ig", item, out),
                    None => self.drop_field(format!("content[{}]", block.index)),
                }
            }
            BlockKind::Opaque { .. } | BlockKind::Citation(_) => {
                self.drop_field(format!("content[{}]", block.index));
            }
        }
    }

    /// What the last text rests on, while that can still be said.
    fn cite(&mut self, block: Block, citation: &Citation, out: &mut BytesMut) {
        let last = self.items.iter_mut().enumerate().rev().find_map(|(place, item)| match &mut item.kind {
            Kind::Message(parts) if item.done.is_none() => {
                let index = parts.iter().rposition(|part| !part.content.refusal)?;
                Some((place, index, &mut parts[index].content))
            }
            _ => None,
        });
        let Some((place, index, content)) = last else {
            return self.drop_field(format!("content[{}]", block.index));
        };
        let annotation = evidence::annotation(citation, content.begin, content.text.chars().count() as u64);
        let number = content.annotations.len();
        content.annotations.push(annotation.clone());
        let frame = self.of_item("response.output_text.annotation.added", place).place("content_index", index);
        frame.place("annotation_index", number).raw("annotation", &annotation).send(out);
    }

    fn push(&mut self, prefix: &str, kind: Kind) -> usize {
        let place = self.items.len();
        self.items.push(Item { id: self.head.item_id(prefix, place), kind, done: None });
        place
    }

    fn added(&mut self, place: usize, item: &str, out: &mut BytesMut) {
        self.frame("response.output_item.added").place("output_index", place).raw("item", item).send(out);
    }

    fn done(&mut self, place: usize, whole: String, out: &mut BytesMut) {
        self.frame("response.output_item.done").place("output_index", place).raw("item", &whole).send(out);
        if let Some(item) = self.items.get_mut(place) {
            item.done = Some(whole);
        }
    }

    fn open_words(&mut self, block: Block, refusal: bool, out: &mut BytesMut) {
        let last = self.items.len().wrapping_sub(1);
        let goes_on =
            self.items.last().is_some_and(|item| matches!(item.kind, Kind::Message(_)) && item.done.is_none());
        let place = if goes_on {
            last
        } else {
            let place = self.push("msg", Kind::Message(Vec::new()));
            let item = item::message(&self.items[place].id, "in_progress", &[]);
            self.added(place, &item, out);
            place
        };
        self.refused |= refusal;
        if !refusal {
            self.said.open();
        }
        let begin = self.said.begin;
        let content = Content { refusal, text: String::new(), logprobs: None, begin, annotations: Vec::new() };
        let part = content.json();
        let Some(Kind::Message(parts)) = self.items.get_mut(place).map(|item| &mut item.kind) else { return };
        let index = parts.len();
        parts.push(Part { block, content, closed: false });
        self.of_item("response.content_part.added", place).place("content_index", index).raw("part", &part).send(out);
    }

    fn open_thought(&mut self, block: Block, seal: Option<String>, out: &mut BytesMut) {
        let closed = seal.is_some();
        let place = self.push("rs", Kind::Reasoning { block, text: String::new(), seal, closed });
        let item = item::reasoning(&self.items[place].id, "", None);
        self.added(place, &item, out);
    }

    fn open_call(&mut self, block: Block, call_id: String, name: String, out: &mut BytesMut) {
        let custom = self.head.echo.is_custom(&name);
        let (arguments, closed) = (String::new(), false);
        let prefix = if custom { "ctc" } else { "fc" };
        let place = self.push(prefix, Kind::Call { block, call_id, name, arguments, custom, closed });
        let item = self.call_item(place, "in_progress");
        self.added(place, &item, out);
    }

    fn call_item(&self, place: usize, status: &str) -> String {
        let Some(Item { id, kind: Kind::Call { call_id, name, arguments, custom, .. }, .. }) = self.items.get(place)
        else {
            return String::new();
        };
        let call = Call { id, call_id, name, arguments };
        if *custom { item::custom_call(&call, status) } else { item::function_call(&call, status) }
    }

    /// An item that comes whole.
    fn raw(&mut self, prefix: &str, raw: String, out: &mut BytesMut) {
        let place = self.push(prefix, Kind::Raw);
        self.added(place, &raw, out);
        self.done(place, raw, out);
    }

    fn find(&self, block: Block) -> Option<usize> {
        self.items.iter().rposition(|item| item.done.is_none() && item.has(block))
    }

    fn grow(&mut self, block: Block, delta: Delta, out: &mut BytesMut) {
        let Some(place) = self.find(block) else { return };
        let Some(item) = self.items.get_mut(place) else { return };
        match (&mut item.kind, delta) {
            (Kind::Message(parts), Delta::Text(more)) => {
                let Some(index) = parts.iter().rposition(|part| part.block == block) else { return };
                let content = &mut parts[index].content;
                content.text.push_str(&more);
                if !content.refusal {
                    self.said.grow(&more);
                }
                let (name, rest) = match content.refusal {
                    true => ("response.refusal.delta", None),
                    false => ("response.output_text.delta", Some("[]")),
                };
                let frame = self.of_item(name, place).place("content_index", index).text("delta", &more);
                rest.into_iter().fold(frame, |frame, rest| frame.raw("logprobs", rest)).send(out);
            }
            (Kind::Reasoning { text, .. }, Delta::Text(more)) => {
                let begins = text.is_empty();
                text.push_str(&more);
                self.think(place, begins, &more, out);
            }
            (Kind::Reasoning { seal, .. }, Delta::Signature(more)) => seal.get_or_insert_default().push_str(&more),
            (Kind::Call { arguments, custom, .. }, Delta::Input(more)) => {
                arguments.push_str(&more);
                // Free text stands in JSON here: it can only be told when all of it is there.
                if !*custom {
                    self.of_item("response.function_call_arguments.delta", place).text("delta", &more).send(out);
                }
            }
            _ => {}
        }
    }

    fn think(&mut self, place: usize, begins: bool, more: &str, out: &mut BytesMut) {
        if begins {
            let part = item::summary_part("");
            let frame = self.of_item("response.reasoning_summary_part.added", place).place("summary_index", 0);
            frame.raw("part", &part).send(out);
        }
        let frame = self.of_item("response.reasoning_summary_text.delta", place).place("summary_index", 0);
        frame.text("delta", more).send(out);
    }

    /// Ends all that is closed. A message that may still grow stays.
    fn settle(&mut self, words_follow: bool, out: &mut BytesMut) {
        let last = self.items.len().wrapping_sub(1);
        for place in 0..self.items.len() {
            let item = &self.items[place];
            let grows = words_follow && place == last && matches!(item.kind, Kind::Message(_));
            if item.done.is_none() && item.is_closed() && !grows {
                self.end_item(place, out);
            }
        }
    }

    fn end_item(&mut self, place: usize, out: &mut BytesMut) {
        let Some(item) = self.items.get_mut(place) else { return };
        let id = item.id.clone();
        match &mut item.kind {
            Kind::Message(parts) => {
                let parts = std::mem::take(parts);
                let contents: Vec<String> = parts.iter().map(|part| part.content.json()).collect();
                for (index, part) in parts.iter().enumerate() {
                    self.end_part(place, index, &part.content, out);
                }
                self.done(place, item::message(&id, "completed", &contents), out);
            }
            Kind::Reasoning { text, seal, block: _, closed: _ } => {
                let (text, seal) = (std::mem::take(text), seal.take());
                if !text.is_empty() {
                    let frame = self.of_item("response.reasoning_summary_text.done", place).place("summary_index", 0);
                    frame.text("text", &text).send(out);
                    let part = item::summary_part(&text);
                    let frame = self.of_item("response.reasoning_summary_part.done", place).place("summary_index", 0);
                    frame.raw("part", &part).send(out);
                }
                let seal = seal.map(|seal| if seal.starts_with("osai1.") { seal } else { seal::wrap(&seal) });
                self.done(place, item::reasoning(&id, &text, seal.as_deref()), out);
            }
            Kind::Call { arguments, custom, .. } => {
                let custom = *custom;
                if arguments.trim().is_empty() {
                    "{}".clone_into(arguments);
                }
                let arguments = arguments.clone();
                self.end_call(place, custom, &arguments, out);
                let whole = self.call_item(place, "completed");
                self.done(place, whole, out);
            }
            Kind::Raw => {}
        }
    }

    fn end_call(&mut self, place: usize, custom: bool, arguments: &str, out: &mut BytesMut) {
        if custom {
            let text = super::read_tools::custom_text(arguments);
            self.of_item("response.custom_tool_call_input.delta", place).text("delta", &text).send(out);
            self.of_item("response.custom_tool_call_input.done", place).text("input", &text).send(out);
            return;
        }
        let name = match self.items.get(place).map(|item| &item.kind) {
            Some(Kind::Call { name, .. }) => name.clone(),
            _ => String::new(),
        };
        let frame = self.of_item("response.function_call_arguments.done", place);
        frame.text("name", &name).text("arguments", arguments).send(out);
    }

    fn end_part(&mut self, place: usize, index: usize, content: &Content, out: &mut BytesMut) {
        let name = if content.refusal { "response.refusal.done" } else { "response.output_text.done" };
        let frame = self.of_item(name, place).place("content_index", index);
        match content.refusal {
            true => frame.text("refusal", &content.text).send(out),
            false => frame.text("text", &content.text).raw("logprobs", content.logprobs()).send(out),
        }
        let frame = self.of_item("response.content_part.done", place).place("content_index", index);
        frame.raw("part", &content.json()).send(out);
    }

    /// Likelihoods belong to the first text of the last message.
    fn likelihoods(&mut self, logprobs: &Json) {
        let content = serde_json::from_str::<Value>(logprobs.get()).ok().map(|mut all| all["content"].take());
        let list = content.filter(Value::is_array).map(|list| json(&list));
        let message = self.items.iter_mut().rev().find_map(|item| match &mut item.kind {
            Kind::Message(parts) if item.done.is_none() => parts.iter_mut().find(|part| !part.content.refusal),
            _ => None,
        });
        match (message, list) {
            (Some(part), Some(list)) => part.content.logprobs = Some(list),
            _ => self.drop_field("choices[0].logprobs".to_owned()),
        }
    }

    fn close_all(&mut self, out: &mut BytesMut) {
        self.items.iter_mut().for_each(|item| item.close(None));
        self.settle(false, out);
    }
}

impl Item {
    fn has(&self, wanted: Block) -> bool {
        match &self.kind {
            Kind::Message(parts) => parts.iter().any(|part| part.block == wanted),
            Kind::Reasoning { block, .. } | Kind::Call { block, .. } => *block == wanted,
            Kind::Raw => false,
        }
    }

    fn is_closed(&self) -> bool {
        match &self.kind {
            Kind::Message(parts) => parts.iter().all(|part| part.closed),
            Kind::Reasoning { closed, .. } | Kind::Call { closed, .. } => *closed,
            Kind::Raw => true,
        }
    }

    /// Closes a block of it, or all.
    fn close(&mut self, wanted: Option<Block>) {
        let meant = |block: Block| wanted.is_none_or(|wanted| wanted == block);
        match &mut self.kind {
            Kind::Message(parts) => parts.iter_mut().for_each(|part| part.closed |= meant(part.block)),
            Kind::Reasoning { block, closed, .. } | Kind::Call { block, closed, .. } => *closed |= meant(*block),
            Kind::Raw => {}
        }
    }
}

impl WriteStream for Writer {
    fn event(&mut self, event: Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => {
                self.head.begin(&id, model);
                self.start(out);
            }
            Event::Open { block, .. } | Event::Delta { block, .. } | Event::Close { block } if block.choice > 0 => {
                self.drop_field(format!("choices[{}]", block.choice));
            }
            Event::Open { block, kind } => self.open(block, kind, out),
            Event::Delta { block, delta } => self.grow(block, delta, out),
            Event::Close { block } => self.items.iter_mut().for_each(|item| item.close(Some(block))),
            Event::Logprobs { choice: 0, logprobs } => self.likelihoods(&logprobs),
            Event::Logprobs { choice, .. } => self.drop_field(format!("choices[{choice}].logprobs")),
            Event::Usage(report) => self.usage = Some(report),
            Event::Finish { choice: 0, finish } => self.finish = Some(finish),
            Event::Finish { choice, .. } => self.drop_field(format!("choices[{choice}]")),
            // The gateway ends the stream with the same complaint.
            Event::Failed(_) => {}
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.start(out);
        self.close_all(out);
        let ending = finish::write(self.finish.as_ref(), self.refused);
        if ending.lost {
            self.drop_field("choices[0].finish_reason".to_owned());
        }
        let response = self.object(ending.status, ending.reason, None);
        let name = if ending.reason.is_some() { "response.incomplete" } else { "response.completed" };
        self.frame(name).raw("response", &response).send(out);
        self.whole = Some(response.into());
    }

    /// An `error`, which SDKs raise, and then the failed response, which agents look for.
    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut) {
        self.start(out);
        self.close_all(out);
        let code = complaint.provider_code.as_deref().unwrap_or(complaint.code.as_str());
        let body = complaint::write(complaint, trace_id);
        let error =
            std::str::from_utf8(&body).ok().and_then(|body| body.strip_prefix(r#"{"error":"#)?.strip_suffix('}'));
        let frame = self.frame("error").raw("error", error.unwrap_or("{}"));
        let frame = frame.text("code", code).text("message", &complaint.message);
        frame.raw("param", &json(&complaint.param)).send(out);
        let response = self.object("failed", None, Some((code, &complaint.message)));
        self.frame("response.failed").raw("response", &response).send(out);
    }

    fn dropped(&self) -> &[String] {
        &self.dropped
    }

    fn whole(&self) -> Option<Bytes> {
        self.whole.clone()
    }
}
