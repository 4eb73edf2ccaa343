//! A guardrail tried on a text, without a call.

use super::ready::Guards;
use super::report::{Collector, Report};
use super::request::{counted, judge_text, words};
use crate::guardrail::{Counter, Masker};
use crate::records::{CheckOutcome, Guardrail, Policy, PolicyRule, Stage};
use crate::types::{PolicyId, Time, TraceId};
use std::time::{Duration, Instant};

/// What a guardrail made of a text.
pub struct Tried {
    /// What it came to.
    pub outcome: CheckOutcome,
    /// The text as it would go on.
    pub text: String,
    /// How long it took.
    pub took: Duration,
}

/// Tries a guardrail on a text.
///
/// # Errors
/// It cannot be made ready.
pub fn try_guardrail(guardrail: &Guardrail, text: &str) -> Result<Tried, String> {
    let stage = guardrail.rule.stage;
    let rule = PolicyRule { stage, guardrails: vec![guardrail.name.clone()], ..PolicyRule::default() };
    let created = Time::from_millis(0);
    let policy = Policy { id: PolicyId(0), org: guardrail.org, name: String::new(), enabled: true, rule, created };
    let mut faults = Vec::new();
    let guards = Guards::build(vec![guardrail.clone()], vec![policy], &mut faults);
    if let Some(fault) = faults.pop() {
        return Err(fault);
    }
    let way = if stage == Stage::Output { Stage::Output } else { Stage::Input };
    let ruling = guards.ruling(way, TraceId(0));
    let (mut masker, mut report) = (Masker::default(), Report::new(&guards));
    let begun = Instant::now();
    let mut collector = Collector { guards: &guards, masker: &mut masker, report: &mut report };
    let scanner = guards.scanner.as_ref();
    if guards.judges(&ruling).next().is_some() {
        judge_text(&guards, &ruling, text, collector.report);
    }
    for (guard, most) in guards.counters(&ruling) {
        let mut counter = Counter::default();
        counter.add(text);
        collector.report.judged(guard, ruling.acts[guard], counted(counter.tokens(), most));
    }
    let masked = scanner.and_then(|scanner| words((scanner, &ruling.spans), text, &mut collector));
    let took = begun.elapsed();
    let outcome = report.evaluations(&guards, &ruling).pop().and_then(|mut evaluation| evaluation.checks.pop());
    let outcome = outcome.ok_or("the guardrail was not asked")?;
    Ok(Tried { outcome, text: masked.unwrap_or_else(|| text.to_owned()), took })
}
