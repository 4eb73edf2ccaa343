//! The request, guarded for a target: scanned once, refused, or sent on with what was masked in it.

use super::answer::AnswerGuard;
use super::ready::{Guards, Ruling};
use super::report::{Collector, Report};
use crate::body::Body;
use crate::canonical::{Code, Complaint, Text, Voice};
use crate::dialect::{CallerDialect, Peek, Thread};
use crate::gateway::call::{Call, Outcome};
use crate::gateway::record::Trace;
use crate::guardrail::{Act, JsonLens, Mask, Masker, Piece, Scanner, Window, whole};
use crate::records::Stage;
use crate::types::{Task, TraceId};
use bytes::Bytes;
use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

/// A text that is longer is scanned where waiting does not matter.
const LONG: usize = 64 * 1024;

/// The guarding of one call, from its request to its answer.
pub(crate) struct Guarding {
    guards: Arc<Guards>,
    call: TraceId,
    masker: Masker,
    /// The request as it came, where it was changed for a target.
    original: Option<(Bytes, Peek, Thread)>,
    /// What was found for the last target, and what was asked.
    last: Option<(Vec<Option<Act>>, Report)>,
}

impl Guarding {
    /// The guarding of a call; none where no policy looks.
    pub fn of(guards: &Arc<Guards>, call: TraceId) -> Option<Guarding> {
        let guards = guards.clone();
        let looks = !guards.policies.is_empty();
        looks.then(|| Guarding { guards, call, masker: Masker::default(), original: None, last: None })
    }

    /// Guards the request for its next target: what is masked is changed in it.
    ///
    /// # Errors
    /// [`Code::PolicyViolation`].
    pub async fn request(&mut self, call: &mut Call, trace: &mut Trace) -> Outcome<()> {
        let ruling = self.guards.ruling(Stage::Input, self.call);
        if !ruling.looks() {
            return Ok(());
        }
        self.restore(call);
        let mut report = Report::new(&self.guards);
        report.refuse_faulty(&self.guards, &ruling);
        let mut edits = Vec::new();
        if ruling.asks() && report.refusal.is_none() {
            let scan = Scan {
                guards: self.guards.clone(),
                ruling: ruling.clone(),
                masker: std::mem::take(&mut self.masker),
                report,
                edits,
            };
            let scan = scanned(scan, (call.dialect, call.task, call.body.clone())).await?;
            (self.masker, report, edits) = (scan.masker, scan.report, scan.edits);
        }
        trace.guarded(Stage::Input, report.evaluations(&self.guards, &ruling));
        if let Some(complaint) = report.complaint(&self.guards, &ruling) {
            return Err(complaint);
        }
        self.last = Some((ruling.acts, report));
        self.change(call, edits)
    }

    /// The request as it came: another target may have other policies.
    fn restore(&mut self, call: &mut Call) {
        if let Some((body, peek, thread)) = self.original.take() {
            (call.body, call.peek, call.thread) = (body, peek, thread);
        }
    }

    fn change(&mut self, call: &mut Call, edits: Vec<(Range<usize>, String)>) -> Outcome<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let mut body = Body::new(call.body.clone());
        for (span, text) in edits {
            if !body.replace(span, text) {
                return Err(Complaint::new(Code::Internal, "two texts of the request lie over one another"));
            }
        }
        let body = body.finish();
        let text =
            std::str::from_utf8(&body).map_err(|_| Complaint::new(Code::Internal, "masking broke the request"))?;
        let (peek, thread) = (call.dialect.peek(call.task, text, &call.url)?, call.dialect.thread(text)?);
        let before =
            (call.body.clone(), std::mem::replace(&mut call.peek, peek), std::mem::replace(&mut call.thread, thread));
        call.body = body;
        self.original = Some(before);
        Ok(())
    }

    /// What guards the answer; none where nothing looks at it and nothing is put in again.
    pub fn answer(self) -> Option<AnswerGuard> {
        let ruling = self.guards.ruling(Stage::Output, self.call);
        let wanted = ruling.looks() || self.masker.restores();
        wanted.then(|| AnswerGuard::new(self.guards, ruling, self.masker))
    }
}

async fn scanned(scan: Scan, request: (&'static dyn CallerDialect, Task, Bytes)) -> Outcome<Scan> {
    if request.2.len() < LONG {
        return scan.run(request);
    }
    let running = tokio::task::spawn_blocking(move || scan.run(request));
    running.await.unwrap_or_else(|_| Err(Complaint::new(Code::Internal, "looking at the request failed")))
}

/// One look at all texts of a request.
struct Scan {
    guards: Arc<Guards>,
    ruling: Ruling,
    masker: Masker,
    report: Report,
    edits: Vec<(Range<usize>, String)>,
}

impl Scan {
    fn run(mut self, (dialect, task, body): (&dyn CallerDialect, Task, Bytes)) -> Outcome<Scan> {
        let begun = Instant::now();
        let text = std::str::from_utf8(&body).unwrap_or_default();
        let texts = dialect.texts(task, text)?;
        if let Some(scanner) = &self.guards.clone().scanner {
            texts.iter().filter(|text| text.value.contains("_1")).for_each(|text| self.masker.heed(&text.value));
            texts.into_iter().for_each(|text| self.text(scanner, text));
        }
        self.report.took += begun.elapsed();
        Ok(self)
    }

    fn text(&mut self, scanner: &Scanner, text: Text<'_>) {
        let mut collector = Collector { guards: &self.guards, masker: &mut self.masker, report: &mut self.report };
        let with = (scanner, self.ruling.spans.as_slice());
        let is_json = text.voice == Voice::ToolCall && text.value.trim_start().starts_with(['{', '[']);
        let masked = match is_json {
            true => json(with, &text.value, &mut collector),
            false => words(with, &text.value, &mut collector),
        };
        if let Some(masked) = masked.filter(|masked| *masked != text.value) {
            self.edits.push((text.span, serde_json::to_string(&masked).unwrap_or_default()));
        }
    }
}

type With<'w> = (&'w Scanner, &'w [Option<Act>]);

/// A text with what is masked in it; none where nothing is.
pub(super) fn words(with: With<'_>, text: &str, mask: &mut dyn Mask) -> Option<String> {
    let (mut out, mut open): (String, Option<(usize, String, String)>) = (String::new(), None);
    let mut changed = false;
    whole(with, text, &mut |piece| match piece {
        Piece::Found { act: Act::Redact, more: true, text, .. } => {
            if let Some((_, _, value)) = &mut open {
                value.push_str(text);
            }
        }
        piece => {
            close(&mut open, mask, &mut out);
            match piece {
                Piece::Keep(text) => out.push_str(text),
                Piece::Found { guard, label, act: Act::Redact, text, .. } => {
                    changed = true;
                    open = Some((guard, label.to_owned(), text.to_owned()));
                }
                Piece::Found { guard, label, act, text, .. } => drop(mask.found(guard, label, act, text)),
            }
        }
    });
    close(&mut open, mask, &mut out);
    changed.then_some(out)
}

/// A value is masked once all of it is known: it may be put in again.
fn close(open: &mut Option<(usize, String, String)>, mask: &mut dyn Mask, out: &mut String) {
    if let Some((guard, label, value)) = open.take() {
        out.push_str(&mask.found(guard, &label, Act::Redact, &value));
    }
}

fn json(with: With<'_>, text: &str, mask: &mut dyn Mask) -> Option<String> {
    let (mut window, mut out) = (Window::default(), String::new());
    let mut look = |words: &str, last: bool, lay: &mut dyn FnMut(Piece<'_>)| window.step(with, (words, last), lay);
    JsonLens::default().step((text, true), &mut look, mask, &mut out);
    Some(out)
}
