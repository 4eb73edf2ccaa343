//! Writes an answer piece by piece for callers: a line a piece, and a last one with the counts.

use super::complaint;
use super::write_message::{Call, Function};
use super::write_reply::{Line, Words, done_reason, logprobs, metrics, unsaid};
use crate::canonical::{Block, BlockKind, Complaint, Delta, Event, Finish, Json, UsageReport};
use crate::dialect::WriteStream;
use crate::dialect::json::to_vec;
use crate::types::{Task, Time};
use bytes::BytesMut;
use std::time::{Duration, Instant};

/// What an open block is to the writer.
enum Kind {
    Words,
    Thought,
    /// A call, which is written when its arguments are whole.
    Call {
        id: String,
        name: String,
        input: String,
    },
    /// Nothing of it is said.
    Dropped,
}

/// The writer of one stream.
pub(super) struct Writer {
    task: Task,
    model: String,
    begun: Instant,
    first: Option<Instant>,
    open: Vec<(Block, Kind)>,
    calls: u32,
    usage: Option<UsageReport>,
    finish: Option<Finish>,
    logprobs: Option<Vec<Json>>,
    dropped: Vec<String>,
}

impl Writer {
    pub(super) fn new(task: Task) -> Writer {
        Writer {
            task,
            model: String::new(),
            begun: Instant::now(),
            first: None,
            open: Vec::new(),
            calls: 0,
            usage: None,
            finish: None,
            logprobs: None,
            dropped: Vec::new(),
        }
    }

    fn line(&mut self, words: Words<'_>, out: &mut BytesMut) {
        self.first.get_or_insert_with(Instant::now);
        let line = Line {
            model: &self.model,
            created_at: Time::now(),
            words,
            done: false,
            done_reason: None,
            logprobs: None,
            metrics: Default::default(),
        };
        put(&to_vec(&line), out);
    }

    fn open(&mut self, block: Block, kind: BlockKind) {
        let kind = match kind {
            _ if block.choice > 0 => self.leave_out(format!("choices[{}]", block.choice)),
            BlockKind::Text | BlockKind::Refusal => Kind::Words,
            BlockKind::Thinking => Kind::Thought,
            BlockKind::ToolCall { id, name } if self.task != Task::Completion => {
                Kind::Call { id, name, input: String::new() }
            }
            _ => self.leave_out(format!("content[{}]", block.index)),
        };
        self.open.push((block, kind));
    }

    fn leave_out(&mut self, path: String) -> Kind {
        if !self.dropped.contains(&path) {
            self.dropped.push(path);
        }
        Kind::Dropped
    }

    fn delta(&mut self, block: Block, delta: &Delta, out: &mut BytesMut) {
        let task = self.task;
        let Some((_, kind)) = self.open.iter_mut().rfind(|(open, _)| *open == block) else { return };
        match (kind, delta) {
            (Kind::Words, Delta::Text(text)) => self.line(Words::of(task, text, "", Vec::new()), out),
            (Kind::Thought, Delta::Text(text)) => self.line(Words::of(task, "", text, Vec::new()), out),
            (Kind::Thought, Delta::Signature(_)) => {
                self.leave_out(format!("content[{}].signature", block.index));
            }
            (Kind::Call { input, .. }, Delta::Input(more)) => input.push_str(more),
            _ => {}
        }
    }

    fn close(&mut self, block: Block, out: &mut BytesMut) {
        let Some(at) = self.open.iter().rposition(|(open, _)| *open == block) else { return };
        if let (_, Kind::Call { id, name, input }) = self.open.swap_remove(at) {
            let arguments = Json::parse(input).unwrap_or_else(|_| Json::empty_object());
            let function = Function { index: self.calls, name: &name, arguments: &arguments };
            self.calls += 1;
            self.line(Words::of(self.task, "", "", vec![Call { id: &id, function }]), out);
        }
    }
}

impl WriteStream for Writer {
    fn content_type(&self) -> &'static str {
        "application/x-ndjson"
    }

    fn event(&mut self, event: Event, out: &mut BytesMut) {
        match event {
            Event::Start { model, .. } => self.model = model,
            Event::Open { block, kind } => self.open(block, kind),
            Event::Delta { block, delta } => self.delta(block, &delta, out),
            Event::Close { block } => self.close(block, out),
            Event::Logprobs { choice: 0, logprobs: whole } => match logprobs(&whole) {
                Some(list) => self.logprobs.get_or_insert_default().extend(list),
                None => self.dropped.push("logprobs".to_owned()),
            },
            Event::Usage(report) => self.usage = Some(report),
            Event::Finish { choice: 0, finish } => self.finish = Some(finish),
            // The gateway ends the stream with `fail`, which knows the trace.
            Event::Logprobs { .. } | Event::Finish { .. } | Event::Failed(_) => {}
        }
    }

    fn end(&mut self, out: &mut BytesMut) {
        let open: Vec<Block> = self.open.iter().map(|(block, _)| *block).collect();
        open.into_iter().for_each(|block| self.close(block, out));
        let now = Instant::now();
        let first = self.first.unwrap_or(now);
        unsaid(self.finish.as_ref(), self.usage.as_ref(), &mut self.dropped);
        let mut metrics = metrics(self.usage.as_ref());
        metrics.total_duration = Some(nanos(now - self.begun));
        metrics.load_duration = Some(0);
        metrics.prompt_eval_duration = Some(nanos(first - self.begun));
        metrics.eval_duration = Some(nanos(now - first));
        let line = Line {
            model: &self.model,
            created_at: Time::now(),
            words: Words::of(self.task, "", "", Vec::new()),
            done: true,
            done_reason: Some(done_reason(self.finish.as_ref())),
            logprobs: self.logprobs.take(),
            metrics,
        };
        put(&to_vec(&line), out);
    }

    fn fail(&mut self, complaint: &Complaint, trace_id: &str, out: &mut BytesMut) {
        put(&complaint::write(complaint, trace_id), out);
    }

    fn dropped(&self) -> &[String] {
        &self.dropped
    }
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

fn put(line: &[u8], out: &mut BytesMut) {
    out.extend_from_slice(line);
    out.extend_from_slice(b"\n");
}
