//! The answer, guarded as it comes: words, thoughts and arguments of tools alike, part by part.
//!
//! What may still become a match is held back, what was masked in the request is put in again where that was asked for. In
//! an answer that is changed nothing leaves that nobody looked at: likelihoods name the words, seals the thoughts.

use super::ready::{Guards, Ruling};
use super::report::{Collector, Report};
use crate::canonical::{Block, BlockKind, Complaint, Delta, Event, Json};
use crate::gateway::call::Outcome;
use crate::gateway::record::Trace;
use crate::guardrail::{Act, JsonLens, Mask, Masker, Piece, Restorer, Window};
use crate::records::{Evaluation, Stage};
use crate::types::Task;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

/// What guards one answer.
pub(crate) struct AnswerGuard {
    guards: Arc<Guards>,
    ruling: Ruling,
    masker: Masker,
    report: Report,
    parts: HashMap<Block, Part>,
    changed: bool,
}

/// A part of the answer under way.
struct Part {
    is_json: bool,
    window: Window,
    restorer: Restorer,
    /// For arguments: how they are read, before and after masking.
    lenses: [JsonLens; 2],
    /// Whether the placeholder of what is masked now stands already.
    masked: bool,
    changed: bool,
}

impl Part {
    fn new(is_json: bool) -> Part {
        Part {
            is_json,
            window: Window::default(),
            restorer: Restorer::default(),
            lenses: Default::default(),
            masked: false,
            changed: false,
        }
    }
}

impl AnswerGuard {
    pub(super) fn new(guards: Arc<Guards>, ruling: Ruling, masker: Masker) -> AnswerGuard {
        let report = Report::new(&guards);
        AnswerGuard { guards, ruling, masker, report, parts: HashMap::new(), changed: false }
    }

    /// Whether the answer must be looked at word by word.
    pub fn looks(&self) -> bool {
        self.ruling.asks() || self.masker.restores()
    }

    /// Whether anything came out otherwise than it went in.
    pub fn changed(&self) -> bool {
        self.changed
    }

    /// What policies came to.
    pub fn evaluations(&self) -> (Stage, Vec<Evaluation>) {
        (Stage::Output, self.report.evaluations(&self.guards, &self.ruling))
    }

    /// Nothing is asked of the answer but that it may come.
    ///
    /// # Errors
    /// A guardrail that looks at answers cannot be used.
    pub fn check(&mut self) -> Outcome<()> {
        self.report.refuse_faulty(&self.guards, &self.ruling);
        self.refusal()
    }

    /// Takes the next event in, and appends what may leave.
    ///
    /// # Errors
    /// [`crate::canonical::Code::PolicyViolation`]: nothing more may leave.
    pub fn event(&mut self, event: Event, out: &mut Vec<Event>) -> Outcome<()> {
        let begun = Instant::now();
        let guarded = self.guard(event, out);
        self.report.took += begun.elapsed();
        guarded
    }

    /// The answer is over: appends what was held back.
    ///
    /// # Errors
    /// As [`AnswerGuard::event`].
    pub fn end(&mut self, out: &mut Vec<Event>) -> Outcome<()> {
        self.flush(|_| true, out)
    }

    fn guard(&mut self, event: Event, out: &mut Vec<Event>) -> Outcome<()> {
        match event {
            Event::Open { block, kind } => self.open(block, kind, out)?,
            Event::Delta { block, delta: Delta::Text(more) } => self.grow(block, &more, false, out)?,
            Event::Delta { block, delta: Delta::Input(more) } => self.grow(block, &more, false, out)?,
            Event::Delta { block, delta: Delta::Signature(seal) } => {
                self.grow(block, "", true, out)?;
                // A seal over words that were changed is none.
                if self.parts.get(&block).is_none_or(|part| !part.changed) {
                    out.push(Event::Delta { block, delta: Delta::Signature(seal) });
                }
            }
            Event::Close { block } => {
                self.grow(block, "", true, out)?;
                self.parts.remove(&block);
                out.push(Event::Close { block });
            }
            Event::Logprobs { .. } if self.ruling.intervenes() || self.masker.restores() => self.changed = true,
            Event::Finish { choice, finish } => {
                self.flush(|block| block.choice == choice, out)?;
                out.push(Event::Finish { choice, finish });
            }
            other => out.push(other),
        }
        Ok(())
    }

    fn open(&mut self, block: Block, kind: BlockKind, out: &mut Vec<Event>) -> Outcome<()> {
        let kind = match kind {
            BlockKind::Opaque { from, raw } => {
                let mut part = Part::new(true);
                let text = self.words(&mut part, raw.get(), true)?;
                let raw =
                    if text == raw.get() { raw } else { Json::parse(text).unwrap_or_else(|_| Json::empty_object()) };
                BlockKind::Opaque { from, raw }
            }
            kind => {
                self.parts.insert(block, Part::new(matches!(kind, BlockKind::ToolCall { .. })));
                kind
            }
        };
        out.push(Event::Open { block, kind });
        Ok(())
    }

    fn grow(&mut self, block: Block, more: &str, last: bool, out: &mut Vec<Event>) -> Outcome<()> {
        let Some(mut part) = self.parts.remove(&block) else {
            // Words of a part that was never opened are of one that begins here.
            self.parts.insert(block, Part::new(false));
            return if more.is_empty() { Ok(()) } else { self.grow(block, more, last, out) };
        };
        let is_json = part.is_json;
        let words = self.words(&mut part, more, last);
        self.parts.insert(block, part);
        let words = words?;
        if !words.is_empty() {
            let delta = if is_json { Delta::Input(words) } else { Delta::Text(words) };
            out.push(Event::Delta { block, delta });
        }
        Ok(())
    }

    fn flush(&mut self, which: impl Fn(&Block) -> bool, out: &mut Vec<Event>) -> Outcome<()> {
        let mut open: Vec<Block> = self.parts.keys().copied().filter(which).collect();
        open.sort_by_key(|block| (block.choice, block.index));
        open.into_iter().try_for_each(|block| self.grow(block, "", true, out))
    }

    /// What of a part may leave: masked, then with the caller's own values in it.
    fn words(&mut self, part: &mut Part, more: &str, last: bool) -> Outcome<String> {
        let masked = self.masked(part, more, last);
        self.refusal()?;
        let words = if self.masker.restores() { self.restored(part, &masked, last) } else { masked };
        self.changed |= part.changed;
        Ok(words)
    }

    fn masked(&mut self, part: &mut Part, more: &str, last: bool) -> String {
        let Some(scanner) = self.guards.scanner.as_ref().filter(|_| self.ruling.asks()) else { return more.to_owned() };
        let mut out = String::new();
        let with = (scanner, self.ruling.spans.as_slice());
        let Part { window, lenses, masked, changed, is_json, .. } = part;
        let collector = Collector { guards: &self.guards, masker: &mut self.masker, report: &mut self.report };
        let mut mask = Watched { mask: collector, changed };
        if *is_json {
            let mut look =
                |words: &str, last: bool, lay: &mut dyn FnMut(Piece<'_>)| window.step(with, (words, last), lay);
            lenses[0].step((more, last), &mut look, &mut mask, &mut out);
        } else {
            window.step(with, (more, last), &mut |piece| lay(piece, masked, &mut mask, &mut out));
        }
        out
    }

    fn restored(&mut self, part: &mut Part, more: &str, last: bool) -> String {
        let (mut out, masker) = (String::new(), &self.masker);
        let Part { restorer, lenses, changed, is_json, .. } = part;
        let mut mask = Watched { mask: Restored(masker), changed };
        if *is_json {
            let mut look =
                |words: &str, last: bool, lay: &mut dyn FnMut(Piece<'_>)| restorer.step(masker, (words, last), lay);
            lenses[1].step((more, last), &mut look, &mut mask, &mut out);
        } else {
            restorer.step(masker, (more, last), &mut |piece| lay(piece, &mut false, &mut mask, &mut out));
        }
        out
    }

    fn refusal(&self) -> Outcome<()> {
        let complaint: Option<Complaint> = self.report.complaint(&self.guards, &self.ruling);
        complaint.map_or(Ok(()), Err)
    }
}

fn lay(piece: Piece<'_>, masked: &mut bool, mask: &mut dyn Mask, out: &mut String) {
    match piece {
        Piece::Keep(text) => {
            *masked = false;
            out.push_str(text);
        }
        Piece::Found { act: Act::Redact, more: true, .. } if *masked => {}
        Piece::Found { guard, label, act, text, .. } => {
            let instead = mask.found(guard, label, act, text);
            if act == Act::Redact {
                *masked = true;
                out.push_str(&instead);
            }
        }
    }
}

/// Takes note that something is put in the place of something else.
struct Watched<'w, M> {
    mask: M,
    changed: &'w mut bool,
}

impl<M: Mask> Mask for Watched<'_, M> {
    fn found(&mut self, guard: usize, label: &str, act: Act, text: &str) -> String {
        *self.changed |= act == Act::Redact;
        self.mask.found(guard, label, act, text)
    }
}

/// Puts values in again.
struct Restored<'r>(&'r Masker);

impl Mask for Restored<'_> {
    fn found(&mut self, _: usize, _: &str, _: Act, text: &str) -> String {
        self.0.restored(text).unwrap_or(text).to_owned()
    }
}

/// A whole answer as its policies let it through.
pub(crate) fn guarded(guard: &mut AnswerGuard, events: Vec<Event>) -> Outcome<Vec<Event>> {
    let mut out = Vec::with_capacity(events.len());
    guard.check()?;
    events.into_iter().try_for_each(|event| guard.event(event, &mut out))?;
    guard.end(&mut out)?;
    Ok(out)
}

/// Whether the answer to it has words.
pub(crate) fn has_words(task: Task) -> bool {
    matches!(task, Task::Chat | Task::Completion)
}

/// What policies came to goes into the trace.
pub(crate) fn note_guard(slot: &mut Option<Trace>, guard: Option<&AnswerGuard>) {
    if let (Some(trace), Some(guard)) = (slot, guard) {
        let (stage, evaluations) = guard.evaluations();
        trace.guarded(stage, evaluations);
    }
}
