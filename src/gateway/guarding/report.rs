//! What guardrails found in one call, one way: counted, and told without the caller's words.

use super::ready::{GuardState, Guards, PolicyState, Ready, Ruling};
use crate::canonical::{Code, Complaint};
use crate::guardrail::{Act, INVISIBLE, Judgement, Mask, Masker};
use crate::policy;
use crate::records::{Action, CheckOutcome, Evaluation, GuardVerdict, Stage};
use std::collections::BTreeMap;
use std::time::Duration;

/// What was found so far.
#[derive(Clone, Default)]
pub(super) struct Report {
    /// For each guardrail, what it found and how often.
    found: Vec<BTreeMap<String, u32>>,
    /// For each that judges, the highest score, what made it up, and whether it counts.
    judged: Vec<Option<(Judgement, bool)>>,
    /// The first guardrail that blocks.
    pub refusal: Option<usize>,
    /// The policy whose rule refuses, without a guardrail.
    pub ruled_out: Option<usize>,
    /// Whether the guardrails were not waited for.
    pub bypassed: bool,
    pub took: Duration,
}

impl Report {
    pub fn new(guards: &Guards) -> Report {
        let count = guards.guards.len();
        Report { found: vec![BTreeMap::new(); count], judged: vec![None; count], ..Report::default() }
    }

    fn count(&mut self, guard: usize, label: &str) {
        let Some(found) = self.found.get_mut(guard) else { return };
        match found.get_mut(label) {
            Some(count) => *count += 1,
            None => drop(found.insert(label.to_owned(), 1)),
        }
    }

    /// Takes note of a judgement.
    pub fn judged(&mut self, guard: usize, act: Option<Act>, (judgement, counts): (Judgement, bool)) {
        let Some(place) = self.judged.get_mut(guard) else { return };
        if place.as_ref().is_none_or(|(other, _)| judgement.score > other.score) {
            let counted = place.as_ref().is_some_and(|(_, counts)| *counts);
            *place = Some((judgement, counts || counted));
        }
        if counts && act == Some(Act::Block) {
            self.refusal.get_or_insert(guard);
        }
    }

    /// What each policy that looks that way came to.
    pub fn evaluations(&self, guards: &Guards, ruling: &Ruling) -> Vec<Evaluation> {
        let looked = guards.policies.iter().zip(&ruling.matched).enumerate();
        let evaluate = |(place, (policy, matched)): (usize, (&PolicyState, &Option<bool>))| {
            let mut evaluation = self.evaluation(guards, policy, (ruling.way, (*matched)?));
            if self.ruled_out == Some(place) {
                evaluation.verdict = GuardVerdict::Blocked;
            } else if self.bypassed && evaluation.matched && !evaluation.checks.is_empty() {
                evaluation.verdict = GuardVerdict::Bypassed;
                evaluation.note = Some("took longer than its time-out".to_owned());
            }
            Some(evaluation)
        };
        looked.filter_map(evaluate).collect()
    }

    fn evaluation(&self, guards: &Guards, policy: &PolicyState, (way, matched): (Stage, bool)) -> Evaluation {
        let asked =
            policy.guards.iter().filter(|guard| matched && guards.guards[**guard].record.rule.stage.covers(way));
        let checks: Vec<CheckOutcome> = asked.map(|guard| self.outcome(&guards.guards[*guard], *guard)).collect();
        Evaluation {
            policy: policy.record.name.clone(),
            stage: way,
            matched,
            dry_run: policy.record.rule.dry_run,
            verdict: policy::gravest(checks.iter().map(|check| check.verdict)),
            took_us: if matched { u64::try_from(self.took.as_micros()).unwrap_or(u64::MAX) } else { 0 },
            note: (!matched).then(|| "its condition does not hold, or the call is not in its sample".to_owned()),
            checks,
        }
    }

    fn outcome(&self, guard: &GuardState, place: usize) -> CheckOutcome {
        let found = self.found.get(place).cloned().unwrap_or_default();
        let mut score = None;
        let (verdict, why) = match &guard.ready {
            Ready::Faulty(fault) => (GuardVerdict::Blocked, Some(fault.clone())),
            Ready::Span(_) if found.is_empty() => (GuardVerdict::Passed, None),
            Ready::Span(_) => (verdict(guard.record.rule.action), None),
            Ready::Whole(..) | Ready::Count(_) => match self.judged.get(place).and_then(Option::as_ref) {
                None => (GuardVerdict::Passed, None),
                Some((judgement, counts)) => {
                    let verdict = if *counts { verdict(guard.record.rule.action) } else { GuardVerdict::Passed };
                    let why = Some(judgement.why.join(", ")).filter(|why| !why.is_empty());
                    score = Some(judgement.score).filter(|_| matches!(guard.ready, Ready::Whole(..)));
                    (verdict, why)
                }
            },
        };
        CheckOutcome { guardrail: guard.record.name.clone(), verdict, found, score, why }
    }

    /// Why the call is refused: policy, guardrail and stage, and what was found; never the words.
    pub fn complaint(&self, guards: &Guards, ruling: &Ruling) -> Option<Complaint> {
        let place = self.refusal?;
        let guard = guards.guards.get(place)?;
        let applies = |(policy, matched): &(&PolicyState, &Option<bool>)| {
            **matched == Some(true) && !policy.record.rule.dry_run && policy.guards.contains(&place)
        };
        let policy = guards.policies.iter().zip(&ruling.matched).find(applies).map(|(policy, _)| &policy.record.name);
        let name = &guard.record.name;
        let what = match &guard.ready {
            Ready::Faulty(fault) => format!("cannot be used: {fault}"),
            Ready::Span(_) => {
                let labels: Vec<&str> = self.found.get(place)?.keys().map(String::as_str).collect();
                format!("found {}", labels.join(", "))
            }
            Ready::Count(most) => format!("counts more than {most} tokens"),
            Ready::Whole(_, threshold) => match self.judged.get(place)? {
                Some((judgement, _)) => {
                    format!(
                        "gives it {:.2}, from {threshold:.2} on it is refused ({})",
                        judgement.score,
                        judgement.why.join(", ")
                    )
                }
                None => "refuses it".to_owned(),
            },
        };
        let way = match ruling.way {
            Stage::Output => "answer",
            Stage::Input | Stage::Both => "request",
        };
        let message = format!(
            "the policy `{}` refuses this {way}: its guardrail `{name}` {what} (stage {})",
            policy.map_or("?", String::as_str),
            ruling.way.as_str()
        );
        Some(Complaint::new(Code::PolicyViolation, message))
    }

    /// A guardrail that cannot be used refuses whatever comes.
    pub fn refuse_faulty(&mut self, guards: &Guards, ruling: &Ruling) {
        let asked = guards.guards.iter().zip(&ruling.acts);
        let faulty = |(guard, act): (&GuardState, &Option<Act>)| {
            matches!(guard.ready, Ready::Faulty(_)) && act.is_some() && *act != Some(Act::Flag)
        };
        self.refusal = self.refusal.or(asked.into_iter().position(faulty));
    }
}

fn verdict(action: Action) -> GuardVerdict {
    match action {
        Action::Block => GuardVerdict::Blocked,
        Action::Redact => GuardVerdict::Redacted,
        Action::Flag => GuardVerdict::Flagged,
    }
}

/// Takes note of matches, and says what stands in their place.
pub(super) struct Collector<'c> {
    pub guards: &'c Guards,
    pub masker: &'c mut Masker,
    pub report: &'c mut Report,
}

impl Mask for Collector<'_> {
    fn found(&mut self, span: usize, label: &str, act: Act, text: &str) -> String {
        let guard = self.guards.of_span(span);
        self.report.count(guard, label);
        match act {
            Act::Flag => String::new(),
            Act::Block => {
                self.report.refusal.get_or_insert(guard);
                String::new()
            }
            Act::Redact if label == INVISIBLE => String::new(),
            Act::Redact => {
                let restore = self.guards.guards.get(guard).is_some_and(|guard| guard.record.rule.restore);
                self.masker.mask(label, text, restore)
            }
        }
    }
}
