//! An answer for a Gemini caller, piece by piece: server-sent events, or one JSON array.
//!
//! Each piece is a whole response with a piece of a candidate. Calls come whole, since the protocol has no fragments
//! of arguments. Why the answer ended and what it consumed stand in the last piece, which still has a part (without
//! words): clients take an answer for invalid that has a piece without one.

use super::speech::{Speech, thought};
use super::wire::Object;
use super::write_reply::Head;
use super::{complaint, finish, logprobs, usage};
use crate::canonical::{Block, BlockKind, Complaint, Delta, Event, Finish, Json, Part, UsageReport};
use crate::dialect::sse::Frame;
use crate::dialect::{StreamForm, WriteStream, sse};
use bytes::BytesMut;

/// Writes one stream.
pub(super) struct Writer {
    form: StreamForm,
    /// Elements of the array so far.
    written: usize,
    /// Whether pieces go on as the provider wrote them.
    relays: bool,
    id: String,
    model: String,
    lanes: Vec<Lane>,
    open: Vec<Open>,
    usage: Option<UsageReport>,
    dropped: Vec<String>,
}

#[derive(Default)]
struct Lane {
    choice: u32,
    speech: Speech,
    finish: Option<Finish>,
    logprobs: Option<String>,
}

/// A block under way. Only words leave before it is closed.
struct Open {
    block: Block,
    kind: BlockKind,
    text: String,
    seal: Option<String>,
}

impl Writer {
    pub(super) fn new(form: StreamForm) -> Writer {
        Writer {
            form,
            written: 0,
            relays: false,
            id: String::new(),
            model: String::new(),
            lanes: Vec::new(),
            open: Vec::new(),
            usage: None,
            dropped: Vec::new(),
        }
    }

    fn lane(&mut self, choice: u32) -> &mut Lane {
        let at = self.lanes.iter().position(|lane| lane.choice == choice).unwrap_or_else(|| {
            self.lanes.push(Lane { choice, ..Lane::default() });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }

    /// Appends one response.
    fn send(&mut self, response: &[u8], out: &mut BytesMut) {
        match self.form {
            StreamForm::Usual => sse::write_data(response, out),
            StreamForm::JsonArray => {
                out.extend_from_slice(if self.written == 0 { b"[" } else { b",\r\n" });
                out.extend_from_slice(response);
            }
        }
        self.written += 1;
    }

    fn close_array(&self, out: &mut BytesMut) {
        if self.form == StreamForm::JsonArray {
            out.extend_from_slice(if self.written == 0 { b"[]" } else { b"]" });
        }
    }

    fn piece(&mut self, choice: u32, parts: &[String], out: &mut BytesMut) {
        if parts.is_empty() {
            return;
        }
        let candidate = self.lane(choice).speech.candidate(choice as usize, parts, None).finish();
        let response = Head { id: &self.id, model: &self.model }.response(&[candidate]).finish();
        self.send(response.as_bytes(), out);
    }

    fn grow(&mut self, block: Block, delta: Delta, out: &mut BytesMut) {
        let Some(at) = self.open.iter().rposition(|open| open.block == block) else { return };
        let open = &mut self.open[at];
        let words = match (&open.kind, delta) {
            (_, Delta::Signature(more)) => return open.seal.get_or_insert_default().push_str(&more),
            (BlockKind::ToolCall { .. }, Delta::Input(more)) => return open.text.push_str(&more),
            (_, Delta::Text(words)) if !words.is_empty() => words,
            _ => return,
        };
        let part = match open.kind {
            BlockKind::Thinking => {
                open.text.push_str(&words);
                thought(&words)
            }
            BlockKind::Text | BlockKind::Refusal => self.lane(block.choice).speech.words(&words),
            _ => return,
        };
        self.piece(block.choice, &[part], out);
    }

    fn close(&mut self, block: Block, out: &mut BytesMut) {
        let Some(at) = self.open.iter().rposition(|open| open.block == block) else { return };
        let Open { kind, text, seal, .. } = self.open.remove(at);
        let speech = &mut self.lane(block.choice).speech;
        let mut parts = Vec::new();
        match kind {
            BlockKind::Text | BlockKind::Refusal => {}
            BlockKind::Thinking => {
                if seal.is_some() {
                    speech.carry(Part::Thinking { text, signature: seal });
                }
            }
            BlockKind::RedactedThinking { data } => speech.carry(Part::RedactedThinking { data }),
            BlockKind::ToolCall { id, name } => {
                // A call without arguments may stream no input at all; a cut one streams half.
                let input = Json::parse(text).unwrap_or_else(|_| Json::empty_object());
                parts.push(speech.call(&id, &name, &input));
            }
            BlockKind::Opaque { from, raw } => {
                if !speech.part(Part::Opaque { from, raw }, &mut parts) {
                    self.dropped.push(format!("choices[{}].content[{}]", block.choice, block.index));
                }
            }
            BlockKind::Media(media) => {
                if !speech.part(Part::Media(media), &mut parts) {
                    self.dropped.push(format!("choices[{}].content[{}]", block.choice, block.index));
                }
            }
            BlockKind::Citation(citation) => drop(speech.part(Part::Citation(citation), &mut parts)),
            BlockKind::Search(search) => drop(speech.part(Part::Search(search), &mut parts)),
        }
        self.piece(block.choice, &parts, out);
    }

    fn close_all(&mut self, choice: u32, out: &mut BytesMut) {
        let left: Vec<Block> = self.open.iter().map(|open| open.block).filter(|block| block.choice == choice).collect();
        left.into_iter().for_each(|block| self.close(block, out));
    }

    fn logprobs(&mut self, choice: u32, given: &Json) {
        match logprobs::write(given) {
            Some(result) => self.lane(choice).logprobs = Some(result),
            None => self.dropped.push(format!("choices[{choice}].logprobs")),
        }
    }

    /// The last piece: why each candidate ended.
    fn endings(&mut self) -> Vec<String> {
        if self.lanes.is_empty() {
            self.lanes.push(Lane::default());
        }
        let mut candidates = Vec::with_capacity(self.lanes.len());
        for lane in &mut self.lanes {
            let (reason, lost) = finish::write(lane.finish.as_ref());
            if lost {
                self.dropped.push(format!("choices[{}].finish_reason", lane.choice));
            }
            let part = lane.speech.rest().unwrap_or_else(|| lane.speech.words(""));
            let candidate = lane.speech.candidate(lane.choice as usize, &[part], Some(reason));
            let candidate = match lane.logprobs.take() {
                Some(result) => candidate.raw("logprobsResult", result),
                None => candidate,
            };
            candidates.push(Object::finish(&candidate));
        }
        candidates
    }
}

impl WriteStream for Writer {
    fn content_type(&self) -> &'static str {
        match self.form {
            StreamForm::Usual => "text/event-stream",
            StreamForm::JsonArray => "application/json; charset=UTF-8",
        }
    }

    fn event(&mut self, event: Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => (self.id, self.model) = (id, model),
            Event::Open { block, kind } => self.open.push(Open { block, kind, text: String::new(), seal: None }),
            Event::Delta { block, delta } => self.grow(block, delta, out),
            Event::Close { block } => self.close(block, out),
            Event::Logprobs { choice, logprobs } => self.logprobs(choice, &logprobs),
            Event::Usage(report) => self.usage = Some(report),
            Event::Finish { choice, finish } => {
                self.close_all(choice, out);
                self.lane(choice).finish = Some(finish);
            }
            // The gateway ends the stream with the same complaint.
            Event::Failed(_) => {}
        }
    }

    fn relay(&mut self, frame: &Frame, out: &mut BytesMut) {
        self.relays = true;
        match (self.form, frame.data()) {
            (StreamForm::Usual, _) => out.extend_from_slice(&frame.raw),
            (StreamForm::JsonArray, Some(data)) => self.send(&data, out),
            (StreamForm::JsonArray, None) => {}
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        if !self.relays {
            let left: Vec<u32> = self.open.iter().map(|open| open.block.choice).collect();
            left.into_iter().for_each(|choice| self.close_all(choice, out));
            let candidates = self.endings();
            let response = Head { id: &self.id, model: &self.model }.response(&candidates);
            let response = response.raw("usageMetadata", usage::write(self.usage.as_ref()));
            self.send(response.finish().as_bytes(), out);
        }
        self.close_array(out);
    }

    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut) {
        self.send(&complaint::write(complaint, trace_id), out);
        self.close_array(out);
    }

    fn dropped(&self) -> &[String] {
        &self.dropped
    }
}
