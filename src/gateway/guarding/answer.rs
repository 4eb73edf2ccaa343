//! The answer, guarded as it comes: words, thoughts and arguments of tools alike, part by part.
//!
//! What may still become a match is held back, what was masked in the request is put in again where that was asked for. In
//! an answer that is changed nothing leaves that nobody looked at: likelihoods name the words, seals the thoughts.

use super::ready::{Guards, Ruling};
use super::report::{Collector, Report};
use super::request::{counted, judge_text};
use crate::canonical::{Block, BlockKind, Citation, Complaint, Delta, Event, Json, Own, Page, Search};
use crate::gateway::call::Outcome;
use crate::gateway::record::Trace;
use crate::guardrail::{Act, Counter, JsonLens, Mask, Masker, Pace, Piece, Restorer, Whole, Window};
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
    spoken: Spoken,
    /// Events that wait until all of the answer is judged; none where nothing waits.
    held: Option<Vec<Event>>,
}

/// What was said, for those who judge it as a whole or count it.
#[derive(Default)]
struct Spoken {
    words: String,
    counter: Counter,
    /// How much of the words was judged.
    judged: usize,
}

/// A part of the answer under way.
struct Part {
    is_json: bool,
    thinks: bool,
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
            thinks: false,
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
        let holds = |(guard, whole, _): (usize, &Whole, f64)| {
            whole.pace == Pace::Hold && ruling.acts[guard] == Some(Act::Block)
        };
        let held = guards.judges(&ruling).any(holds).then(Vec::new);
        let (parts, spoken) = (HashMap::new(), Spoken::default());
        AnswerGuard { guards, ruling, masker, report, parts, changed: false, spoken, held }
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
        let guarded = match self.held.take() {
            None => self.guard(event, out),
            Some(mut held) => {
                let guarded = self.guard(event, &mut held);
                self.held = Some(held);
                guarded
            }
        };
        self.report.took += begun.elapsed();
        guarded
    }

    /// The answer is over: appends what was held back.
    ///
    /// # Errors
    /// As [`AnswerGuard::event`].
    pub fn end(&mut self, out: &mut Vec<Event>) -> Outcome<()> {
        let begun = Instant::now();
        let mut held = self.held.take().unwrap_or_default();
        self.flush(|_| true, &mut held)?;
        self.judge(0);
        self.report.took += begun.elapsed();
        self.refusal()?;
        out.append(&mut held);
        Ok(())
    }

    /// Judges what was said from a place on.
    fn judge(&mut self, from: usize) {
        let words = self.spoken.words.get(from..).unwrap_or(&self.spoken.words);
        if !words.is_empty() && self.guards.judges(&self.ruling).next().is_some() {
            judge_text(&self.guards, &self.ruling, words, &mut self.report);
        }
        self.spoken.judged = self.spoken.words.len();
    }

    /// Takes note of what is said, counts it, and judges it where a section is full.
    fn hear(&mut self, more: &str, part: &Part) -> Outcome<()> {
        if more.is_empty() {
            return Ok(());
        }
        self.spoken.counter.add(more);
        let tokens = self.spoken.counter.tokens();
        for (guard, most) in self.guards.counters(&self.ruling) {
            self.report.judged(guard, self.ruling.acts[guard], counted(tokens, most));
        }
        if part.thinks || self.guards.judges(&self.ruling).next().is_none() {
            return Ok(());
        }
        self.spoken.words.push_str(more);
        let pace = |whole: &Whole| if let Pace::Sections(length) = whole.pace { Some(length) } else { None };
        let section = self.guards.judges(&self.ruling).filter_map(|(_, whole, _)| pace(whole)).min();
        if let Some(length) = section.filter(|length| self.spoken.words.len() - self.spoken.judged >= *length) {
            let from = self.spoken.judged.saturating_sub(length);
            self.judge((0..=from).rev().find(|at| self.spoken.words.is_char_boundary(*at)).unwrap_or_default());
        }
        Ok(())
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
            BlockKind::Opaque { from, raw } => BlockKind::Opaque { from, raw: self.raw(raw)? },
            BlockKind::Citation(citation) => BlockKind::Citation(self.citation(citation)?),
            BlockKind::Search(search) => BlockKind::Search(self.search(search)?),
            kind => {
                let mut part = Part::new(matches!(kind, BlockKind::ToolCall { .. }));
                part.thinks = matches!(kind, BlockKind::Thinking);
                self.parts.insert(block, part);
                kind
            }
        };
        out.push(Event::Open { block, kind });
        Ok(())
    }

    /// A text that comes whole.
    fn text(&mut self, text: String) -> Outcome<String> {
        self.words(&mut Part::new(false), &text, true)
    }

    fn raw(&mut self, raw: Json) -> Outcome<Json> {
        let text = self.words(&mut Part::new(true), raw.get(), true)?;
        Ok(if text == raw.get() { raw } else { Json::parse(text).unwrap_or_else(|_| Json::empty_object()) })
    }

    fn own(&mut self, own: Option<Own>) -> Outcome<Option<Own>> {
        own.map(|own| Ok(Own { from: own.from, raw: self.raw(own.raw)? })).transpose()
    }

    fn citation(&mut self, citation: Citation) -> Outcome<Citation> {
        let Citation { url, title, quoted, range, own } = citation;
        Ok(Citation {
            url: self.text(url)?,
            title: title.map(|title| self.text(title)).transpose()?,
            quoted: quoted.map(|quoted| self.text(quoted)).transpose()?,
            // In words that were changed it points elsewhere.
            range: range.filter(|_| !self.changed),
            own: self.own(own)?,
        })
    }

    fn search(&mut self, search: Search) -> Outcome<Search> {
        let Search { id, queries, pages, own } = search;
        let mut looked = Search { id, own: self.own(own)?, ..Search::default() };
        for query in queries {
            looked.queries.push(self.text(query)?);
        }
        for page in pages {
            let title = page.title.map(|title| self.text(title)).transpose()?;
            looked.pages.push(Page { url: self.text(page.url)?, title });
        }
        Ok(looked)
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
        self.hear(more, part)?;
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
