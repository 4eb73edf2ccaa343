//! The policies of an organisation, made ready for calls: guardrails built, span types compiled into one scanner.

use crate::condition::{Condition, Facts};
use crate::guardrail::{self, Act, Check, Scanner, Spans, Whole};
use crate::policy;
use crate::records::{Action, Guardrail, Policy, Stage};
use crate::types::TraceId;
use std::time::Duration;

/// All that guards an organisation's calls.
#[derive(Default)]
pub(crate) struct Guards {
    /// Those that apply at all, the first to be asked first.
    pub(super) policies: Vec<PolicyState>,
    pub(super) guards: Vec<GuardState>,
    pub(super) scanner: Option<Scanner>,
}

pub(super) struct PolicyState {
    pub record: Policy,
    /// Places in [`Guards::guards`].
    pub guards: Vec<usize>,
    /// When it applies; none for always, and where it cannot be read.
    pub condition: Option<Condition>,
}

pub(super) struct GuardState {
    pub record: Guardrail,
    pub ready: Ready,
}

/// A guardrail, ready or not.
pub(super) enum Ready {
    /// Its place in the scanner.
    Span(usize),
    /// It judges texts as a whole; a text counts from this score on.
    Whole(Whole, f64),
    /// It counts tokens, up to so many.
    Count(u64),
    /// It cannot be used, for this reason.
    Faulty(String),
}

impl Guards {
    /// Makes ready what enabled policies name. What cannot be used is a fault, and blocks.
    pub fn build(guardrails: Vec<Guardrail>, mut policies: Vec<Policy>, faults: &mut Vec<String>) -> Guards {
        policies.retain(|policy| policy.enabled);
        policies.sort_by(|a, b| b.rule.priority.cmp(&a.rule.priority).then(a.name.cmp(&b.name)));
        let named = |name: &str| policies.iter().any(|policy| policy.rule.guardrails.iter().any(|other| other == name));
        let (mut spans, mut guards) = (Vec::new(), Vec::new());
        for record in guardrails.into_iter().filter(|record| named(&record.name)) {
            let ready = match ready(&record, &mut spans) {
                Ok(ready) => ready,
                Err(fault) => {
                    faults.push(format!("guardrail `{}`: {fault}", record.name));
                    Ready::Faulty(fault)
                }
            };
            guards.push(GuardState { record, ready });
        }
        let place = |name: &String| guards.iter().position(|guard| guard.record.name == *name);
        let state = |record: Policy| {
            let guards = record.rule.guardrails.iter().filter_map(place).collect();
            let condition = record.rule.when.as_deref().and_then(|when| Condition::compile(when).ok());
            PolicyState { record, guards, condition }
        };
        let policies = policies.into_iter().map(state).collect();
        let scanner =
            if spans.is_empty() { None } else { Scanner::new(spans).inspect_err(|e| faults.push(e.clone())).ok() };
        if scanner.is_none() {
            guards.iter_mut().for_each(GuardState::unready);
        }
        Guards { policies, guards, scanner }
    }

    /// What is asked of a call, one way.
    pub(super) fn ruling(&self, way: Stage, call: TraceId, facts: &Facts) -> Ruling {
        let applies = |policy: &PolicyState| {
            policy::is_sampled(&policy.record, call) && policy.condition.as_ref().is_none_or(|when| when.holds(facts))
        };
        let matched: Vec<Option<bool>> =
            (self.policies.iter()).map(|policy| policy::looks(&policy.record, way).then(|| applies(policy))).collect();
        let mut ruling = Ruling { way, matched, acts: vec![None; self.guards.len()], spans: Vec::new() };
        for (policy, matched) in self.policies.iter().zip(&ruling.matched) {
            for guard in policy.guards.iter().filter(|_| *matched == Some(true)) {
                let rule = &self.guards[*guard].record.rule;
                if rule.stage.covers(way) {
                    let act = if policy.record.rule.dry_run { Act::Flag } else { act(rule.action) };
                    ruling.acts[*guard] = ruling.acts[*guard].max(Some(act));
                }
            }
        }
        ruling.spans = vec![None; self.scanner.as_ref().map_or(0, Scanner::len)];
        for (guard, act) in self.guards.iter().zip(&ruling.acts) {
            if let Ready::Span(place) = guard.ready {
                ruling.spans[place] = *act;
            }
        }
        ruling
    }

    /// Those that judge texts as a whole and are asked: place, judge, and the score from which on a text counts.
    pub(super) fn judges<'g>(&'g self, ruling: &'g Ruling) -> impl Iterator<Item = (usize, &'g Whole, f64)> {
        self.guards.iter().enumerate().filter_map(|(place, guard)| match &guard.ready {
            Ready::Whole(whole, threshold) if ruling.acts[place].is_some() => Some((place, whole, *threshold)),
            _ => None,
        })
    }

    /// Those that count tokens and are asked: place, and the most.
    pub(super) fn counters<'g>(&'g self, ruling: &'g Ruling) -> impl Iterator<Item = (usize, u64)> {
        self.guards.iter().enumerate().filter_map(|(place, guard)| match guard.ready {
            Ready::Count(most) if ruling.acts[place].is_some() => Some((place, most)),
            _ => None,
        })
    }

    /// The guardrail at a place of the scanner.
    pub(super) fn of_span(&self, span: usize) -> usize {
        let is = |guard: &GuardState| matches!(guard.ready, Ready::Span(place) if place == span);
        self.guards.iter().position(is).unwrap_or_default()
    }
}

impl GuardState {
    fn unready(&mut self) {
        if let Ready::Span(_) = self.ready {
            self.ready = Ready::Faulty("its rules take more memory than there is".to_owned());
        }
    }
}

fn ready(record: &Guardrail, spans: &mut Vec<Spans>) -> Result<Ready, String> {
    let kind = guardrail::kind(&record.kind).ok_or_else(|| format!("this version knows no type `{}`", record.kind))?;
    match guardrail::build(kind, &record.rule.settings).map_err(|error| error.to_string())? {
        Check::Span(span) => {
            spans.push(span);
            Ok(Ready::Span(spans.len() - 1))
        }
        Check::Whole(whole) => Ok(Ready::Whole(whole, record.rule.threshold.unwrap_or(kind.threshold))),
        Check::Count(most) => Ok(Ready::Count(most)),
    }
}

fn act(action: Action) -> Act {
    match action {
        Action::Block => Act::Block,
        Action::Redact => Act::Redact,
        Action::Flag => Act::Flag,
    }
}

/// What is asked of one call, one way.
#[derive(Clone)]
pub(super) struct Ruling {
    pub way: Stage,
    /// For each policy that looks that way, whether it applies.
    pub matched: Vec<Option<bool>>,
    /// What becomes of what each guardrail finds.
    pub acts: Vec<Option<Act>>,
    /// The same, in the scanner's order.
    pub spans: Vec<Option<Act>>,
}

impl Ruling {
    /// Whether anything is asked.
    pub fn asks(&self) -> bool {
        self.acts.iter().any(Option::is_some)
    }

    /// Whether any policy looks that way.
    pub fn looks(&self) -> bool {
        self.matched.iter().any(Option::is_some)
    }

    /// How long guardrails may take, and whether a call passes when they take longer: the shortest that applies.
    pub fn patience(&self, guards: &Guards) -> Option<(Duration, bool)> {
        let applying = guards.policies.iter().zip(&self.matched).filter(|(_, matched)| **matched == Some(true));
        let rules = applying.map(|(policy, _)| &policy.record.rule);
        let limits = rules.filter_map(|rule| Some((Duration::from_millis(rule.timeout_ms?), rule.pass_on_timeout)));
        limits.min_by_key(|(limit, passes)| (*limit, *passes))
    }

    /// Whether anything may be changed or refused.
    pub fn intervenes(&self) -> bool {
        self.acts.iter().any(|act| *act >= Some(Act::Redact))
    }
}
