//! `policy stats`.

use crate::admin::policies;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::cli::when::past;
use crate::policy::{PolicyStats, add_up};
use crate::types::Time;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Say how often policies applied and what they found
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai policy stats
  optscale-ai policy stats mask-pii --since 7d")]
pub struct Stats {
    /// One policy [default: all]
    #[arg(value_name = "NAME", add = complete::policies())]
    policy: Option<String>,
    /// Only calls since then: 1h, 30d, 2026-11-01 [default: 24h]
    #[arg(long, value_name = "TIME", value_parser = past)]
    since: Option<Time>,
    /// Only calls before then
    #[arg(long, value_name = "TIME", value_parser = past)]
    until: Option<Time>,
}

#[derive(Serialize)]
struct Record {
    policy: String,
    evaluated: u64,
    match_rate: Option<f64>,
    violation_rate: Option<f64>,
    blocked: u64,
    bypass_rate: Option<f64>,
    average_ms: Option<f64>,
    guardrails: BTreeMap<String, Asked>,
}

#[derive(Serialize)]
struct Asked {
    invocations: u64,
    violation_rate: Option<f64>,
}

const COLUMNS: &[Column] = &[
    Column::new("policy", "POLICY"),
    Column::new("evaluated", "EVALUATED").shape(Shape::Count),
    Column::new("match_rate", "MATCHED"),
    Column::new("violation_rate", "VIOLATED"),
    Column::new("blocked", "BLOCKED").shape(Shape::Count),
    Column::new("bypass_rate", "BYPASSED"),
    Column::new("average_ms", "TIME").shape(Shape::Millis),
];

impl Stats {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?.id;
        let since = self.since.unwrap_or_else(|| Time::now().before(Duration::from_secs(24 * 3600)));
        let found = store.evaluations(org, since, self.until)?;
        let mut stats = add_up(&found);
        match &self.policy {
            Some(name) => {
                let policy = policies::find(&store, org, name)?;
                stats.retain(|name, _| *name == policy.name);
                stats.entry(policy.name).or_default();
            }
            None => {
                for policy in store.policies(org)? {
                    stats.entry(policy.name).or_default();
                }
            }
        }
        let records: Vec<Record> = stats.into_iter().map(|(policy, stats)| record(policy, &stats)).collect();
        session.ui.list(
            COLUMNS,
            &records,
            "no policies yet; add one with `optscale-ai policy add NAME --guardrail NAME`",
        )
    }
}

fn record(policy: String, stats: &PolicyStats) -> Record {
    let rate = |part, of| PolicyStats::rate(part, of).map(|rate| (rate * 10_000.0).round() / 10_000.0);
    let asked = |(name, (asked, found)): (&String, &(u64, u64))| {
        (name.clone(), Asked { invocations: *asked, violation_rate: rate(*found, *asked) })
    };
    Record {
        policy,
        evaluated: stats.evaluated,
        match_rate: rate(stats.matched, stats.evaluated),
        violation_rate: rate(stats.violated, stats.matched),
        blocked: stats.blocked,
        bypass_rate: rate(stats.bypassed, stats.matched),
        average_ms: PolicyStats::rate(stats.took_us, stats.matched).map(|us| (us / 10.0).round() / 100.0),
        guardrails: stats.guardrails.iter().map(asked).collect(),
    }
}
