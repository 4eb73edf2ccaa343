//! An answer for an Anthropic caller, piece by piece.
//!
//! Anthropic's blocks come strictly one after another; events of other dialects may interleave. One
//! block is live on the wire. Texts and thoughts end when another block opens, and go on in a block
//! of their own if more of them comes; calls cannot be cut, so what opens behind a live call waits
//! until the call is closed. The end of a block is written when the next thing comes, for an
//! addendum may still belong to it.

use super::evidence;
use super::finish::{self, Content};
use super::wire::{Object, encode};
use super::write_blocks::{addendum_members, redacted_block, text_block, thinking_block, tool_use_block};
use super::write_reply::Head;
use super::{complaint, usage};
use crate::canonical::{Block, BlockKind, Complaint, Delta, Event, Finish, Json, UsageReport};
use crate::dialect::{WriteStream, sse};
use crate::types::Protocol;
use bytes::BytesMut;
use std::collections::VecDeque;

/// Writes one stream.
#[derive(Default)]
pub(super) struct Writer {
    head: Option<(String, String)>,
    /// Whether `message_start` is out.
    started: bool,
    /// Blocks in the order of opening; only the first may be live.
    waiting: VecDeque<Waiting>,
    /// Blocks that were cut and may go on.
    cut: Vec<(Block, BlockKind)>,
    /// The next block's number on the wire.
    next_index: u32,
    content: Content,
    usage: Option<UsageReport>,
    finish: Option<Finish>,
    dropped: Vec<String>,
}

struct Waiting {
    block: Block,
    kind: BlockKind,
    pieces: Vec<Piece>,
    /// Its number on the wire, once it is live.
    live: Option<u32>,
    closed: bool,
}

enum Piece {
    Delta(Delta),
    Citation(String),
}

impl WriteStream for Writer {
    fn event(&mut self, event: Event, out: &mut BytesMut) {
        match event {
            Event::Start { id, model } => self.head = Some((id, model)),
            Event::Open { block, .. } | Event::Delta { block, .. } | Event::Close { block } if block.choice > 0 => {
                self.drop_field(format!("choices[{}]", block.choice));
            }
            Event::Open { block, kind } => self.open(block, kind, out),
            Event::Delta { block, delta } => self.grow(block, delta, out),
            Event::Close { block } => self.close(block, out),
            Event::Logprobs { choice, .. } => self.drop_field(format!("choices[{choice}].logprobs")),
            Event::Usage(report) => self.usage = Some(report),
            Event::Finish { choice: 0, finish } => {
                self.finish = Some(finish);
                // What the last text cites may still come: it ends with the answer.
                self.waiting.iter_mut().for_each(|waiting| waiting.closed = true);
                self.advance(false, out);
            }
            Event::Finish { choice, .. } => self.drop_field(format!("choices[{choice}]")),
            // The gateway ends the stream with the same complaint.
            Event::Failed(_) => {}
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        self.start(out);
        self.waiting.iter_mut().for_each(|waiting| waiting.closed = true);
        self.advance(true, out);
        let finish = self.finish.take();
        let (reason, stop, lost) = finish::write(finish.as_ref(), self.content);
        let delta = Object::default().put("stop_reason", reason).put("stop_sequence", &stop).finish();
        if lost {
            self.drop_field("choices[0].finish_reason".to_owned());
        }
        let usage = usage::write(self.usage.as_ref());
        write("message_delta", |frame| frame.raw("delta", delta).raw("usage", usage), out);
        write("message_stop", |frame| frame, out);
    }

    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut) {
        sse::write_event("error", &complaint::write(complaint, trace_id), out);
    }

    fn dropped(&self) -> &[String] {
        &self.dropped
    }
}

impl Writer {
    fn drop_field(&mut self, path: String) {
        if !self.dropped.contains(&path) {
            self.dropped.push(path);
        }
    }

    /// Writes `message_start`, late enough to hold the usage that comes with the start.
    fn start(&mut self, out: &mut BytesMut) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        let (id, model) = self.head.take().unwrap_or_default();
        let null = || "null".to_owned();
        let usage = usage::write(self.usage.as_ref());
        let message = Head { id: &id, model: &model }.message("[]".to_owned(), null(), null(), usage);
        write("message_start", |frame| frame.raw("message", message), out);
    }

    fn open(&mut self, block: Block, kind: BlockKind, out: &mut BytesMut) {
        self.start(out);
        match &kind {
            BlockKind::Opaque { from: Protocol::Anthropic, raw } => {
                if let Some(members) = addendum_members(raw) {
                    return self.append(members.into_iter().map(|(name, raw)| (name, Json(raw))), out);
                }
            }
            BlockKind::Citation(citation) => return self.cite(block, evidence::citation(citation), out),
            BlockKind::Search(search) => return self.search(block, evidence::blocks(search, block.index), out),
            BlockKind::Opaque { .. } | BlockKind::Media(_) => {
                return self.drop_field(format!("choices[0].content[{}]", block.index));
            }
            BlockKind::ToolCall { .. } => self.content.calls = true,
            BlockKind::Refusal => self.content.refusal = true,
            BlockKind::Text | BlockKind::Thinking | BlockKind::RedactedThinking { .. } => {}
        }
        self.cut_last();
        self.push(block, kind, out);
    }

    /// Ends the last block where it can go on in another one.
    fn cut_last(&mut self) {
        if let Some(last) = self.waiting.back_mut().filter(|last| !last.closed && can_be_cut(&last.kind)) {
            last.closed = true;
            self.cut.push((last.block, last.kind.clone()));
        }
    }

    /// Puts what the last text cites behind it, while that can still be said.
    fn cite(&mut self, block: Block, citation: String, out: &mut BytesMut) {
        match self.waiting.iter_mut().rfind(|waiting| waiting.kind == BlockKind::Text) {
            Some(text) => text.pieces.push(Piece::Citation(citation)),
            None => self.drop_field(format!("choices[0].content[{}]", block.index)),
        }
        self.advance(false, out);
    }

    /// A search, as the blocks that say it.
    fn search(&mut self, block: Block, blocks: Vec<Json>, out: &mut BytesMut) {
        self.cut_last();
        for raw in blocks {
            self.push(block, BlockKind::Opaque { from: Protocol::Anthropic, raw }, out);
            self.waiting
                .iter_mut()
                .rfind(|waiting| waiting.block == block)
                .into_iter()
                .for_each(|all| all.closed = true);
        }
    }

    fn push(&mut self, block: Block, kind: BlockKind, out: &mut BytesMut) {
        self.waiting.push_back(Waiting { block, kind, pieces: Vec::new(), live: None, closed: false });
        self.advance(false, out);
    }

    fn grow(&mut self, block: Block, delta: Delta, out: &mut BytesMut) {
        let open = |waiting: &Waiting| waiting.block == block && !waiting.closed;
        if !self.waiting.iter().any(open) {
            // More of what was cut; all else belongs to a block that is closed, or was never said.
            let Some(place) = self.cut.iter().position(|(other, _)| *other == block) else { return };
            let (block, kind) = self.cut.remove(place);
            self.open(block, kind, out);
        }
        if let Some(waiting) = self.waiting.iter_mut().rfind(|waiting| open(waiting)) {
            waiting.add(Piece::Delta(delta));
            self.advance(false, out);
        }
    }

    fn close(&mut self, block: Block, out: &mut BytesMut) {
        self.cut.retain(|(other, _)| *other != block);
        if let Some(waiting) = self.waiting.iter_mut().rfind(|waiting| waiting.block == block) {
            waiting.closed = true;
            self.advance(false, out);
        }
    }

    /// Puts an addendum to the block that was opened last: citations can still be said.
    fn append(&mut self, members: impl Iterator<Item = (String, Json)>, out: &mut BytesMut) {
        for (name, raw) in members {
            let citations = (name == "citations").then(|| serde_json::from_str::<Vec<Json>>(raw.get()).ok()).flatten();
            match (citations, self.waiting.back_mut()) {
                (Some(citations), Some(last)) => {
                    let pieces = citations.into_iter().map(|raw| Piece::Citation(raw.get().to_owned()));
                    last.pieces.extend(pieces);
                }
                _ => self.drop_field(format!("choices[0].content.{name}")),
            }
        }
        self.advance(false, out);
    }

    /// Writes what can be written. A closed block stays as long as it is the last, unless `all`.
    fn advance(&mut self, all: bool, out: &mut BytesMut) {
        loop {
            let is_last = self.waiting.len() == 1;
            let Some(first) = self.waiting.front_mut() else { return };
            let index = match first.live {
                Some(index) => index,
                None => {
                    let index = self.next_index;
                    self.next_index += 1;
                    first.live = Some(index);
                    write_start(index, &first.kind, out);
                    index
                }
            };
            let (kind, pieces) = (&first.kind, first.pieces.drain(..));
            pieces.for_each(|piece| write_piece(index, kind, piece, out));
            if !first.closed || is_last && !all {
                return;
            }
            write("content_block_stop", |frame| frame.put("index", &index), out);
            self.waiting.pop_front();
        }
    }
}

impl Waiting {
    /// Keeps a piece, joined to the one before it where that is of the same kind.
    fn add(&mut self, piece: Piece) {
        match (self.pieces.last_mut(), piece) {
            (Some(Piece::Delta(Delta::Text(all))), Piece::Delta(Delta::Text(more)))
            | (Some(Piece::Delta(Delta::Input(all))), Piece::Delta(Delta::Input(more)))
            | (Some(Piece::Delta(Delta::Signature(all))), Piece::Delta(Delta::Signature(more))) => all.push_str(&more),
            (_, piece) => self.pieces.push(piece),
        }
    }
}

fn can_be_cut(kind: &BlockKind) -> bool {
    matches!(kind, BlockKind::Text | BlockKind::Refusal | BlockKind::Thinking)
}

fn write_start(index: u32, kind: &BlockKind, out: &mut BytesMut) {
    let block = match kind {
        BlockKind::Text | BlockKind::Refusal => text_block("").finish(),
        BlockKind::Thinking => thinking_block("", "").finish(),
        BlockKind::RedactedThinking { data } => redacted_block(data).finish(),
        BlockKind::ToolCall { id, name } => tool_use_block(id, name, "{}").finish(),
        BlockKind::Opaque { raw, .. } => raw.get().to_owned(),
        // These are never put among the waiting.
        BlockKind::Media(_) | BlockKind::Citation(_) | BlockKind::Search(_) => return,
    };
    write("content_block_start", |frame| frame.put("index", &index).raw("content_block", block), out);
}

fn write_piece(index: u32, kind: &BlockKind, piece: Piece, out: &mut BytesMut) {
    let delta = match piece {
        Piece::Delta(delta) => delta,
        Piece::Citation(raw) => {
            let delta = Object::of("citations_delta").raw("citation", raw).finish();
            return write("content_block_delta", |frame| frame.put("index", &index).raw("delta", delta), out);
        }
    };
    let delta = match delta {
        Delta::Text(words) if *kind == BlockKind::Thinking => Object::of("thinking_delta").put("thinking", &words),
        Delta::Text(words) => Object::of("text_delta").put("text", &words),
        Delta::Signature(seal) => Object::of("signature_delta").put("signature", &seal),
        Delta::Input(json) => Object::of("input_json_delta").put("partial_json", &json),
    };
    write("content_block_delta", |frame| frame.put("index", &index).raw("delta", delta.finish()), out);
}

/// Appends an event; its name stands in the frame and in its data.
fn write(event: &str, fill: impl FnOnce(Object) -> Object, out: &mut BytesMut) {
    let frame = fill(Object::default().raw("type", encode(event)));
    sse::write_event(event, frame.finish().as_bytes(), out);
}
