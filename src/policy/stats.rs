//! Numbers of policies and guardrails over many calls.

use crate::records::{Evaluation, GuardVerdict};
use std::collections::BTreeMap;

/// What a policy came to over many calls.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PolicyStats {
    /// How often it was looked whether it applies; once each way.
    pub evaluated: u64,
    /// How often it applied.
    pub matched: u64,
    /// How often something was found: flagged, masked or refused.
    pub violated: u64,
    /// How often it refused, or would have.
    pub blocked: u64,
    /// How often it let pass because it could not say in time.
    pub bypassed: u64,
    /// All the time that its guardrails took, in microseconds.
    pub took_us: u64,
    /// Its guardrails: how often they were asked, and how often they found something.
    pub guardrails: BTreeMap<String, (u64, u64)>,
}

impl PolicyStats {
    /// A part of the calls that it was looked at for, 0 to 1; none where there were none.
    pub fn rate(part: u64, of: u64) -> Option<f64> {
        (of > 0).then(|| part as f64 / of as f64)
    }
}

/// Adds evaluations up, by policy.
pub fn add_up<'e>(evaluations: impl IntoIterator<Item = &'e Evaluation>) -> BTreeMap<String, PolicyStats> {
    let mut all: BTreeMap<String, PolicyStats> = BTreeMap::new();
    for evaluation in evaluations {
        let stats = all.entry(evaluation.policy.clone()).or_default();
        stats.evaluated += 1;
        stats.matched += u64::from(evaluation.matched);
        stats.took_us += evaluation.took_us;
        stats.violated += u64::from(evaluation.verdict >= GuardVerdict::Flagged);
        stats.blocked += u64::from(evaluation.verdict == GuardVerdict::Blocked);
        stats.bypassed += u64::from(evaluation.verdict == GuardVerdict::Bypassed);
        for check in &evaluation.checks {
            let (asked, found) = stats.guardrails.entry(check.guardrail.clone()).or_default();
            *asked += 1;
            *found += u64::from(check.verdict >= GuardVerdict::Flagged);
        }
    }
    all
}
