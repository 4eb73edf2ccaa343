//! Writes an answer piece by piece for callers, as OpenAI's API does: a chunk with the role, chunks
//! with deltas, a chunk with the finish reason, one with the usage if asked, `[DONE]`.
//!
//! Entries of lists carry an `index`, which the official SDKs merge deltas by.

use super::evidence::{Annotation, Picture, Seen, Sound};
use super::write_reply::{Extra, ending, likely, seal_of_call};
use super::{complaint, usage};
use crate::canonical::{Block, BlockKind, Citation, Complaint, Delta, Event, Json, Media, Said, UsageReport};
use crate::dialect::sse::write_data;
use crate::dialect::{Asked, WriteStream};
use crate::types::{Task, Time};
use bytes::BytesMut;
use serde::Serialize;

#[derive(Serialize)]
struct Chunk<'a, C: Serialize> {
    id: &'a str,
    object: &'static str,
    created: i64,
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'a str>,
    system_fingerprint: Option<&'a str>,
    choices: &'a [C],
    /// Null in all chunks but the last where usage was asked for, missing where it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    usage: Option<Option<usage::Written>>,
}

#[derive(Serialize, Default)]
struct ChatPiece<'a> {
    index: u32,
    delta: Piece<'a>,
    logprobs: Option<&'a Json>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize, Default)]
struct TextPiece<'a> {
    text: &'a str,
    index: u32,
    logprobs: Option<&'a Json>,
    finish_reason: Option<&'static str>,
}

#[derive(Serialize, Default)]
struct Piece<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Option<&'a str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_blocks: Option<[ThoughtPiece<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_calls: Option<[CallPiece<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<[Annotation<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    images: Option<[Picture; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio: Option<Sound<'a>>,
}

#[derive(Serialize, Default)]
struct ThoughtPiece<'a> {
    index: u32,
    r#type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a str>,
}

#[derive(Serialize, Default)]
struct CallPiece<'a> {
    index: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    function: FunctionPiece<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_content: Option<Extra<'a>>,
}

#[derive(Serialize, Default)]
struct FunctionPiece<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    arguments: &'a str,
}

/// What an open block is to the writer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Refusal,
    /// The place in `thinking_blocks`, and whether words have come.
    Thinking {
        index: u32,
        spoken: bool,
    },
    /// The place in `tool_calls`, and whether arguments have come.
    Call {
        place: u32,
        filled: bool,
    },
    /// All of it is said.
    Whole,
    /// Nothing of it is said.
    Dropped,
}

/// What the writer remembers of one answer.
#[derive(Default)]
struct Lane {
    choice: u32,
    has_role: bool,
    refused: bool,
    thoughts: u32,
    calls: u32,
    images: usize,
    said: Said,
    /// A thought's seal, with the thought's place, that may belong to a call behind it.
    held: Option<(u32, String)>,
}

/// The writer of one stream.
pub(super) struct Writer {
    asked: Asked,
    id: String,
    model: String,
    created: i64,
    lanes: Vec<Lane>,
    blocks: Vec<(Block, Kind)>,
    usage: Option<UsageReport>,
    dropped: Vec<String>,
}

impl Writer {
    pub(super) fn new(asked: Asked) -> Writer {
        Writer {
            asked,
            id: String::new(),
            model: String::new(),
            created: Time::now().millis() / 1000,
            lanes: Vec::new(),
            blocks: Vec::new(),
            usage: None,
            dropped: Vec::new(),
        }
    }

    fn is_text(&self) -> bool {
        self.asked.task == Task::Completion
    }

    fn lane(&mut self, choice: u32) -> &mut Lane {
        let at = self.lanes.iter().position(|lane| lane.choice == choice).unwrap_or_else(|| {
            self.lanes.push(Lane { choice, ..Lane::default() });
            self.lanes.len() - 1
        });
        &mut self.lanes[at]
    }

    fn chunk<C: Serialize>(&self, choices: &[C], usage: Option<usage::Written>, out: &mut BytesMut) {
        let tier = self.usage.as_ref().and_then(|report| report.service_tier.as_deref());
        let chunk = Chunk {
            id: &self.id,
            object: if self.is_text() { "text_completion" } else { "chat.completion.chunk" },
            created: self.created,
            model: &self.model,
            service_tier: tier.map(usage::tier_word),
            system_fingerprint: None,
            choices,
            usage: self.asked.include_usage.then_some(usage),
        };
        write_data(&super::wire::to_vec(&chunk), out);
    }

    fn piece(&self, index: u32, delta: Piece<'_>, out: &mut BytesMut) {
        self.chunk(&[ChatPiece { index, delta, ..ChatPiece::default() }], None, out);
    }

    fn words(&self, index: u32, text: &str, out: &mut BytesMut) {
        self.chunk(&[TextPiece { text, index, ..TextPiece::default() }], None, out);
    }

    /// Says the role before anything else. As OpenAI does, content is null before calls and empty before words.
    fn role(&mut self, choice: u32, content: Option<&'static str>, out: &mut BytesMut) {
        if self.is_text() || std::mem::replace(&mut self.lane(choice).has_role, true) {
            return;
        }
        let delta = Piece { role: Some("assistant"), content: Some(content), refusal: Some(None), ..Piece::default() };
        self.piece(choice, delta, out);
    }

    fn open(&mut self, block: Block, kind: BlockKind, out: &mut BytesMut) {
        let known = match kind {
            BlockKind::Text => Kind::Text,
            BlockKind::Refusal => Kind::Refusal,
            _ if self.is_text() => self.leave_out(block),
            BlockKind::Opaque { .. } | BlockKind::Search(_) => self.leave_out(block),
            BlockKind::Citation(citation) => self.cite(block, &citation, out),
            BlockKind::Media(media) => self.show(block, &media, out),
            BlockKind::Thinking => self.open_thought(block, None, out),
            BlockKind::RedactedThinking { data } => self.open_thought(block, Some(&data), out),
            BlockKind::ToolCall { id, name } => self.open_call(block, &id, &name, out),
        };
        if !matches!(known, Kind::Call { .. } | Kind::Dropped | Kind::Whole) {
            self.release(block.choice, out);
        }
        if known == Kind::Text {
            self.role(block.choice, Some(""), out);
        }
        if known == Kind::Refusal {
            self.role(block.choice, None, out);
            self.lane(block.choice).refused = true;
        }
        self.blocks.push((block, known));
    }

    fn leave_out(&mut self, block: Block) -> Kind {
        self.dropped.push(format!("content[{}]", block.index));
        Kind::Dropped
    }

    fn cite(&mut self, block: Block, citation: &Citation, out: &mut BytesMut) -> Kind {
        self.role(block.choice, Some(""), out);
        let annotation = Annotation::new(citation, self.lane(block.choice).said.end);
        self.piece(block.choice, Piece { annotations: Some([annotation]), ..Piece::default() }, out);
        Kind::Whole
    }

    fn show(&mut self, block: Block, media: &Media, out: &mut BytesMut) -> Kind {
        let index = self.lane(block.choice).images;
        let Some(seen) = Seen::of(media, index) else { return self.leave_out(block) };
        self.role(block.choice, Some(""), out);
        let piece = match seen {
            Seen::Picture(picture) => {
                self.lane(block.choice).images += 1;
                Piece { images: Some([picture]), ..Piece::default() }
            }
            Seen::Sound(sound) => Piece { audio: Some(sound), ..Piece::default() },
        };
        self.piece(block.choice, piece, out);
        Kind::Whole
    }

    fn open_thought(&mut self, block: Block, redacted: Option<&str>, out: &mut BytesMut) -> Kind {
        self.role(block.choice, None, out);
        let lane = self.lane(block.choice);
        let index = lane.thoughts;
        lane.thoughts += 1;
        if redacted.is_some() {
            let thought = ThoughtPiece { index, r#type: "redacted_thinking", data: redacted, ..Default::default() };
            self.piece(block.choice, Piece { thinking_blocks: Some([thought]), ..Piece::default() }, out);
        }
        Kind::Thinking { index, spoken: redacted.is_some() }
    }

    /// A seal that was held belongs to no call: it goes out as its thought's.
    fn release(&mut self, choice: u32, out: &mut BytesMut) {
        let Some((index, seal)) = self.lane(choice).held.take() else { return };
        let thought = ThoughtPiece { index, r#type: "thinking", signature: Some(&seal), ..ThoughtPiece::default() };
        self.piece(choice, Piece { thinking_blocks: Some([thought]), ..Piece::default() }, out);
    }

    fn open_call(&mut self, block: Block, id: &str, name: &str, out: &mut BytesMut) -> Kind {
        self.role(block.choice, None, out);
        let lane = self.lane(block.choice);
        let place = lane.calls;
        lane.calls += 1;
        let held = lane.held.take();
        let extra_content = held.as_ref().and_then(|(_, seal)| seal_of_call("", Some(seal))).map(Extra::new);
        let function = FunctionPiece { name: Some(name), arguments: "" };
        let call = CallPiece { index: place, id: Some(id), r#type: Some("function"), function, extra_content };
        self.piece(block.choice, Piece { tool_calls: Some([call]), ..Piece::default() }, out);
        Kind::Call { place, filled: false }
    }

    fn delta(&mut self, block: Block, delta: &Delta, out: &mut BytesMut) {
        let Some(at) = self.blocks.iter().rposition(|(open, _)| *open == block) else { return };
        let choice = block.choice;
        match (self.blocks[at].1, delta) {
            (Kind::Text | Kind::Refusal, Delta::Text(text)) if self.is_text() => self.words(choice, text, out),
            (Kind::Text, Delta::Text(text)) => {
                self.lane(choice).said.grow(text);
                self.piece(choice, Piece { content: Some(Some(text)), ..Piece::default() }, out);
            }
            (Kind::Refusal, Delta::Text(text)) => {
                self.piece(choice, Piece { refusal: Some(Some(text)), ..Piece::default() }, out);
            }
            (Kind::Thinking { index, spoken: false }, Delta::Signature(seal))
                if seal_of_call("", Some(seal)).is_some() =>
            {
                self.lane(choice).held = Some((index, seal.clone()));
            }
            (Kind::Thinking { index, .. }, _) => {
                self.blocks[at].1 = Kind::Thinking { index, spoken: true };
                self.think(choice, index, delta, out);
            }
            (Kind::Call { place, .. }, Delta::Input(fragment)) if !fragment.is_empty() => {
                self.blocks[at].1 = Kind::Call { place, filled: true };
                self.arguments(choice, place, fragment, out);
            }
            _ => {}
        }
    }

    fn think(&mut self, choice: u32, index: u32, delta: &Delta, out: &mut BytesMut) {
        let (words, signature) = match delta {
            Delta::Text(text) => (Some(text.as_str()), None),
            Delta::Signature(seal) => (None, Some(seal.as_str())),
            Delta::Input(_) => return,
        };
        let thought = ThoughtPiece { index, r#type: "thinking", thinking: words, signature, ..ThoughtPiece::default() };
        let delta = Piece { reasoning_content: words, thinking_blocks: Some([thought]), ..Piece::default() };
        self.piece(choice, delta, out);
    }

    fn arguments(&self, choice: u32, place: u32, arguments: &str, out: &mut BytesMut) {
        let function = FunctionPiece { name: None, arguments };
        let call = CallPiece { index: place, function, ..CallPiece::default() };
        self.piece(choice, Piece { tool_calls: Some([call]), ..Piece::default() }, out);
    }

    /// A call without arguments may have streamed none; clients parse them all the same.
    fn close(&mut self, block: Block, out: &mut BytesMut) {
        let Some(at) = self.blocks.iter().rposition(|(open, _)| *open == block) else { return };
        if let (_, Kind::Call { place, filled: false }) = self.blocks.swap_remove(at) {
            self.arguments(block.choice, place, "{}", out);
        }
    }

    fn finish(&mut self, choice: u32, finish: &crate::canonical::Finish, out: &mut BytesMut) {
        let left: Vec<Block> = self.blocks.iter().map(|(block, _)| *block).filter(|b| b.choice == choice).collect();
        left.into_iter().for_each(|block| self.close(block, out));
        self.release(choice, out);
        self.role(choice, Some(""), out);
        let refused = self.lane(choice).refused && !self.is_text();
        let finish_reason = Some(ending(Some(finish), refused, &mut self.dropped));
        if self.is_text() {
            self.chunk(&[TextPiece { index: choice, finish_reason, ..TextPiece::default() }], None, out);
        } else {
            self.chunk(&[ChatPiece { index: choice, finish_reason, ..ChatPiece::default() }], None, out);
        }
    }

    fn logprobs(&mut self, choice: u32, logprobs: &Json, out: &mut BytesMut) {
        if self.is_text() {
            let Some(older) = likely(logprobs, &mut self.dropped) else { return };
            let logprobs = Some(&older);
            return self.chunk(&[TextPiece { index: choice, logprobs, ..TextPiece::default() }], None, out);
        }
        self.role(choice, Some(""), out);
        let logprobs = Some(logprobs);
        self.chunk(&[ChatPiece { index: choice, logprobs, ..ChatPiece::default() }], None, out);
    }
}

impl WriteStream for Writer {
    fn event(&mut self, event: Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => (self.id, self.model) = (id, model),
            Event::Open { block, kind } => self.open(block, kind, out),
            Event::Delta { block, delta } => self.delta(block, &delta, out),
            Event::Close { block } => self.close(block, out),
            Event::Logprobs { choice, logprobs } => self.logprobs(choice, &logprobs, out),
            Event::Usage(report) => self.usage = Some(report),
            Event::Finish { choice, finish } => self.finish(choice, &finish, out),
            // The gateway ends the stream with `fail`, which knows the trace.
            Event::Failed(_) => {}
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        if self.asked.include_usage
            && let Some(report) = &self.usage
        {
            self.chunk::<ChatPiece<'_>>(&[], Some(usage::written(&report.usage)), out);
        }
        write_data(super::frame::DONE, out);
    }

    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut) {
        write_data(&complaint::write(complaint, trace_id), out);
    }

    fn dropped(&self) -> &[String] {
        &self.dropped
    }
}
