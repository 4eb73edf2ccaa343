//! Guardrails and policies tried on texts, without a call.

use super::ready::{Guards, Ruling};
use super::report::{Collector, Report};
use super::request::{counted, judge_text, words};
use crate::condition::Facts;
use crate::dialect::{self, CallerDialect as _, responses};
use crate::guardrail::{Counter, Masker};
use crate::records::{CheckOutcome, Guardrail, KeptWords, Policy, PolicyRule, Stage};
use crate::types::{PolicyId, Protocol, Task, Time, TraceId};
use std::time::{Duration, Instant};

/// A policy that is tried.
pub struct Trial {
    guards: Guards,
    ruling: Ruling,
}

/// What came of a text.
pub struct Tried {
    /// What each guardrail came to.
    pub outcomes: Vec<CheckOutcome>,
    /// The text as it would go on.
    pub text: String,
    /// How long it took.
    pub took: Duration,
}

impl Trial {
    /// A policy made ready, enabled or not, whatever its condition says.
    ///
    /// # Errors
    /// A guardrail of it cannot be made ready.
    pub fn new(policy: &Policy, guardrails: Vec<Guardrail>) -> Result<Trial, String> {
        let rule = PolicyRule { sampling: 100, when: None, stage: Stage::Both, ..policy.rule.clone() };
        let policy = Policy { enabled: true, rule, ..policy.clone() };
        let guardrails = guardrails.into_iter().map(|mut guardrail| {
            guardrail.rule.stage = Stage::Both;
            guardrail
        });
        let mut faults = Vec::new();
        let guards = Guards::build(guardrails.collect(), vec![policy], &mut faults);
        if let Some(fault) = faults.pop() {
            return Err(fault);
        }
        let ruling = guards.ruling(Stage::Input, TraceId(0), &Facts::default());
        Ok(Trial { guards, ruling })
    }

    /// Tries it on a text.
    pub fn run(&self, text: &str) -> Tried {
        let (guards, ruling) = (&self.guards, &self.ruling);
        let (mut masker, mut report) = (Masker::default(), Report::new(guards));
        let begun = Instant::now();
        judge_text(guards, ruling, text, &mut report);
        for (guard, most) in guards.counters(ruling) {
            let mut counter = Counter::default();
            counter.add(text);
            report.judged(guard, ruling.acts[guard], counted(counter.tokens(), most));
        }
        let mut collector = Collector { guards, masker: &mut masker, report: &mut report };
        let scanner = guards.scanner.as_ref();
        let masked = scanner.and_then(|scanner| words((scanner, &ruling.spans), text, &mut collector));
        let took = begun.elapsed();
        let outcomes = report.evaluations(guards, ruling).pop().map(|evaluation| evaluation.checks).unwrap_or_default();
        Tried { outcomes, text: masked.unwrap_or_else(|| text.to_owned()), took }
    }
}

/// Tries a guardrail on a text.
///
/// # Errors
/// It cannot be made ready.
pub fn try_guardrail(guardrail: &Guardrail, text: &str) -> Result<Tried, String> {
    let rule = PolicyRule { guardrails: vec![guardrail.name.clone()], ..PolicyRule::default() };
    let created = Time::from_millis(0);
    let policy = Policy { id: PolicyId(0), org: guardrail.org, name: String::new(), enabled: true, rule, created };
    Ok(Trial::new(&policy, vec![guardrail.clone()])?.run(text))
}

/// What was said in a call whose words are kept: its request, then its answer.
pub fn words_of(kept: &KeptWords) -> String {
    let input = std::str::from_utf8(&kept.input).unwrap_or("[]");
    let body = format!("{{\"input\":{input}}}");
    let mut text = String::new();
    for said in responses::Caller.texts(Task::Chat, &body).unwrap_or_default() {
        text.push_str(&said.value);
        text.push('\n');
    }
    if let Ok(reply) = dialect::provider(Protocol::Responses).read_reply(Task::Chat, &kept.answer) {
        for event in reply.into_events() {
            if let crate::canonical::Event::Delta { delta: crate::canonical::Delta::Text(words), .. } = event {
                text.push_str(&words);
                text.push('\n');
            }
        }
    }
    text
}
