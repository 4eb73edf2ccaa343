//! The request, guarded for a target: scanned once, refused, or sent on with what was masked in it.

use super::answer::AnswerGuard;
use super::ready::{Guards, Ruling};
use super::report::{Collector, Report};
use super::rules;
use crate::body::Body;
use crate::canonical::{Code, Complaint, Text, Voice};
use crate::condition::Facts;
use crate::dialect::{CallerDialect, Peek, Thread, responses};
use crate::gateway::call::{Call, Caller, Outcome, Target};
use crate::gateway::record::Trace;
use crate::guardrail::{Act, Counter, JsonLens, Judgement, Mask, Masker, Piece, Prepared, Scanner, Window, whole};
use crate::records::Stage;
use crate::types::{Task, Time, TraceId};
use bytes::Bytes;
use http::HeaderMap;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A text that is longer is scanned where waiting does not matter.
const LONG: usize = 64 * 1024;

/// The guarding of one call, from its request to its answer.
pub(crate) struct Guarding {
    guards: Arc<Guards>,
    call: TraceId,
    facts: Facts,
    masker: Masker,
    /// The request as it came, where it was changed for a target.
    original: Option<(Bytes, Peek, Thread)>,
    /// What was found for the last target.
    report: Option<Report>,
}

impl Guarding {
    /// The guarding of a caller's call; none where there is no policy.
    pub fn of(caller: &Caller, trace: &Trace) -> Option<Guarding> {
        let guards = caller.org.guards.clone();
        if guards.policies.is_empty() {
            return None;
        }
        let facts = Facts {
            user: caller.key.user.name.clone(),
            team: caller.key.team.as_ref().map(|team| team.name.clone()).unwrap_or_default(),
            key: caller.key.key.name.clone(),
            tags: trace.tags(),
            now: Time::now().clock(),
            ..Facts::default()
        };
        let (masker, original, report) = (Masker::default(), None, None);
        Some(Guarding { guards, call: trace.id(), facts, masker, original, report })
    }

    /// The call goes there next.
    pub fn aim(&mut self, target: &Target) {
        self.facts.provider.clone_from(&target.provider.record.name);
        self.facts.model = target.name();
    }

    fn ruling(&self, way: Stage) -> Ruling {
        if self.guards.policies.iter().all(|policy| policy.condition.is_none()) {
            return self.guards.ruling(way, self.call, &self.facts);
        }
        let facts = Facts { stage: way.as_str(), ..self.facts.clone() };
        self.guards.ruling(way, self.call, &facts)
    }

    /// What is known of a call, for conditions.
    fn learn(&mut self, call: &Call) {
        call.task.as_str().clone_into(&mut self.facts.task);
        call.dialect.protocol().as_str().clone_into(&mut self.facts.protocol);
        self.facts.stream = call.peek.stream;
        self.facts.size = call.body.len() as u64;
        self.facts.asked.clone_from(&call.peek.model.value);
        self.facts.headers = headers(&call.headers);
    }

    /// Guards the request for its next target: what is masked is changed in it.
    ///
    /// # Errors
    /// [`Code::PolicyViolation`].
    pub async fn request(&mut self, call: &mut Call, target: &Target, trace: &mut Trace) -> Outcome<()> {
        self.restore(call);
        self.learn(call);
        let ruling = self.ruling(Stage::Input);
        if let Some(refusal) = rules::refusal(&self.guards, &ruling, &self.facts.tags) {
            let mut report = Report::new(&self.guards);
            report.ruled_out = Some(refusal.policy);
            trace.guarded(Stage::Input, report.evaluations(&self.guards, &ruling));
            return Err(refusal.complaint);
        }
        if let Some(body) = rules::forced(&self.guards, &ruling, (call, target.provider.record.quirks.limit_field))? {
            self.replace(call, body)?;
        }
        let edits = self.look((call.dialect, call.task, call.body.clone()), trace).await?;
        self.change(call, edits)?;
        if let Some(earlier) = call.previous.as_ref().and_then(|previous| previous.earlier_body()) {
            let edits = self.look((&responses::Caller, Task::Chat, earlier.clone()), trace).await?;
            let changed = (!edits.is_empty()).then(|| edited(earlier, edits)).transpose()?;
            if let (Some(previous), Some(body)) = (&mut call.previous, changed) {
                previous.replace_earlier(&body)?;
            }
        }
        Ok(())
    }

    /// Guards the body of a request that is only carried.
    ///
    /// # Errors
    /// As [`Guarding::request`].
    pub async fn carried(
        &mut self,
        request: (&'static dyn CallerDialect, Task, Bytes),
        trace: &mut Trace,
    ) -> Outcome<Bytes> {
        let body = request.2.clone();
        let edits = self.look(request, trace).await?;
        edited(body, edits)
    }

    /// Looks at all texts of a body, and says what is to be changed in it.
    async fn look(
        &mut self,
        request: (&'static dyn CallerDialect, Task, Bytes),
        trace: &mut Trace,
    ) -> Outcome<Vec<(Range<usize>, String)>> {
        let ruling = self.ruling(Stage::Input);
        if !ruling.looks() {
            return Ok(Vec::new());
        }
        let mut report = std::mem::take(&mut self.report).unwrap_or_else(|| Report::new(&self.guards));
        report.refuse_faulty(&self.guards, &ruling);
        let mut edits = Vec::new();
        if ruling.asks() && report.refusal.is_none() {
            let masker = std::mem::take(&mut self.masker);
            let scan = Scan { guards: self.guards.clone(), ruling: ruling.clone(), masker, report, edits };
            match scanned(scan, request, ruling.patience(&self.guards)).await? {
                Some(scan) => (self.masker, report, edits) = (scan.masker, scan.report, scan.edits),
                None => {
                    report = Report::new(&self.guards);
                    report.bypassed = true;
                    edits = Vec::new();
                }
            }
        }
        trace.guarded(Stage::Input, report.evaluations(&self.guards, &ruling));
        let refused = report.complaint(&self.guards, &ruling);
        self.report = Some(report);
        refused.map_or(Ok(edits), Err)
    }

    /// Whether anything is masked in this call, the request or the answer.
    pub fn redacts(&self) -> bool {
        let masks = |way| self.ruling(way).acts.contains(&Some(Act::Redact));
        masks(Stage::Input) || masks(Stage::Output)
    }

    /// Whether the answer will have values in it that were masked in the request.
    pub fn restores(&self) -> bool {
        self.masker.restores()
    }

    /// The request as it came: another target may have other policies.
    fn restore(&mut self, call: &mut Call) {
        self.report = None;
        if let Some((body, peek, thread)) = self.original.take() {
            (call.body, call.peek, call.thread) = (body, peek, thread);
        }
    }

    fn change(&mut self, call: &mut Call, edits: Vec<(Range<usize>, String)>) -> Outcome<()> {
        if edits.is_empty() {
            return Ok(());
        }
        let body = edited(call.body.clone(), edits)?;
        self.replace(call, body)
    }

    /// Another body takes the place of the call's own, which is remembered.
    fn replace(&mut self, call: &mut Call, body: Bytes) -> Outcome<()> {
        let broken = |_| Complaint::new(Code::Internal, "a policy broke the request");
        let text = std::str::from_utf8(&body).map_err(broken)?;
        let (peek, thread) = (call.dialect.peek(call.task, text, &call.url)?, call.dialect.thread(text)?);
        let before = std::mem::replace(&mut call.body, body);
        let before = (before, std::mem::replace(&mut call.peek, peek), std::mem::replace(&mut call.thread, thread));
        self.original.get_or_insert(before);
        Ok(())
    }

    /// What guards the answer; none where nothing looks at it and nothing is put in again.
    pub fn answer(self) -> Option<AnswerGuard> {
        let ruling = self.ruling(Stage::Output);
        let wanted = ruling.looks() || self.masker.restores();
        wanted.then(|| AnswerGuard::new(self.guards, ruling, self.masker))
    }
}

/// A body with texts put in the place of others.
fn edited(bytes: Bytes, edits: Vec<(Range<usize>, String)>) -> Outcome<Bytes> {
    let mut body = Body::new(bytes);
    for (span, text) in edits {
        if !body.replace(span, text) {
            return Err(Complaint::new(Code::Internal, "two texts of the request lie over one another"));
        }
    }
    Ok(body.finish())
}

/// Looks at a request; none where that took longer than it may and the call passes then.
async fn scanned(
    scan: Scan,
    request: (&'static dyn CallerDialect, Task, Bytes),
    patience: Option<(Duration, bool)>,
) -> Outcome<Option<Scan>> {
    if request.2.len() < LONG {
        return scan.run(request).map(Some);
    }
    let running = tokio::task::spawn_blocking(move || scan.run(request));
    let failed = |_| Complaint::new(Code::Internal, "looking at the request failed");
    let Some((limit, passes)) = patience else { return running.await.map_err(failed)?.map(Some) };
    match tokio::time::timeout(limit, running).await {
        Ok(done) => done.map_err(failed)?.map(Some),
        Err(_) if passes => Ok(None),
        Err(_) => {
            let message = format!(
                "the policies did not come to an end within {} ms, so the request is refused",
                limit.as_millis()
            );
            Err(Complaint::new(Code::PolicyViolation, message))
        }
    }
}

/// The headers that conditions may know, which are no secrets.
fn headers(all: &HeaderMap) -> BTreeMap<String, String> {
    let secret = |name: &str| {
        ["authorization", "cookie", "api-key", "token", "secret", "proxy-"].iter().any(|part| name.contains(part))
    };
    let named = all.iter().filter(|(name, _)| !secret(name.as_str()));
    named.filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))).collect()
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
        self.judge(&texts);
        if let Some(scanner) = &self.guards.clone().scanner {
            texts.iter().filter(|text| text.value.contains("_1")).for_each(|text| self.masker.heed(&text.value));
            texts.into_iter().for_each(|text| self.text(scanner, text));
        }
        self.report.took += begun.elapsed();
        Ok(self)
    }

    /// What people and tools say is judged text by text; the longest texts of instructions are the administrator's own.
    fn judge(&mut self, texts: &[Text<'_>]) {
        let guards = self.guards.clone();
        let heard = |text: &&Text<'_>| matches!(text.voice, Voice::User | Voice::ToolResult | Voice::ToolCall);
        if guards.judges(&self.ruling).next().is_some() {
            for text in texts.iter().filter(heard) {
                judge_text(&guards, &self.ruling, &text.value, &mut self.report);
            }
        }
        let mut counter = Counter::default();
        for (guard, most) in guards.counters(&self.ruling) {
            if counter.tokens() == 0 {
                texts.iter().for_each(|text| {
                    counter.add(&text.value);
                    counter.end();
                });
            }
            self.report.judged(guard, self.ruling.acts[guard], counted(counter.tokens(), most));
        }
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

/// What each that judges makes of a text.
pub(super) fn judge_text(guards: &Guards, ruling: &Ruling, text: &str, report: &mut Report) {
    let prepared = Prepared::new(text);
    for (guard, whole, threshold) in guards.judges(ruling) {
        let judgement = whole.judge.judge(&prepared);
        let counts = judgement.score >= threshold;
        report.judged(guard, ruling.acts[guard], (judgement, counts));
    }
}

/// What a count came to.
pub(super) fn counted(tokens: u64, most: u64) -> (Judgement, bool) {
    (Judgement { score: tokens as f64 / most as f64, why: vec![format!("{tokens} of {most} tokens")] }, tokens > most)
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
