//! `traces` and `costs`, over calls that were written down for the purpose.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use optscale_ai::price::{Meter, Rates};
use optscale_ai::records::{Attempt, Status, TraceRecord, UsageSource};
use optscale_ai::store::{Ledger, Store};
use optscale_ai::types::{Money, Protocol, Task, Time, TraceId, Usage};
use serde_json::Value;
use shell::Shell;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A shell with three calls: one well, one at an unknown price, one refused.
fn shell() -> Shell {
    let shell = Shell::with_sandbox();
    shell.ok("key create app");
    shell.ok("route add fast --target sandbox/echo");
    let store = Store::open_existing(&shell.home().join("optscale.db")).unwrap();
    let well = well(&store);
    let unpriced = TraceRecord {
        id: at(60),
        model: Some("fixed".into()),
        route: None,
        usage_source: UsageSource::Estimated,
        cost: None,
        rates: None,
        stream: false,
        first_token_us: None,
        tags: BTreeMap::new(),
        ..well.clone()
    };
    let refused = TraceRecord {
        id: at(120),
        status: Status::Refused,
        http_status: 403,
        error: Some("model_not_allowed".into()),
        message: Some("the key `app` may not call sandbox/tools".into()),
        model: Some("tools".into()),
        usage: Usage::default(),
        usage_source: UsageSource::None,
        usage_raw: None,
        cost: None,
        rates: None,
        attempts: Vec::new(),
        latency_us: 90,
        first_token_us: None,
        finish: None,
        route: None,
        ..well.clone()
    };
    let ledger = Ledger::start(store).unwrap();
    let tickets = [well, unpriced, refused].map(|record| ledger.note(Box::new(record)));
    drop(tickets);
    ledger.stop(Duration::from_secs(10));
    shell
}

/// A point in time in 2026, so many seconds after a certain one.
fn at(seconds: u64) -> TraceId {
    TraceId::first_at(Time::parse("2026-11-01T12:00:00Z").unwrap().after(Duration::from_secs(seconds)))
}

fn well(store: &Store) -> TraceRecord {
    let org = store.orgs().unwrap().remove(0);
    let mut rates = Rates::new("as of 2026-01-01");
    rates.set(Meter::Input, Money::from_pico(150_000));
    rates.set(Meter::CacheRead, Money::from_pico(75_000));
    rates.set(Meter::Output, Money::from_pico(600_000));
    let usage = Usage { input: 1200, output: 50, cache_read: 200, reasoning: 7, ..Usage::default() };
    let attempt = |http_status, error: Option<&str>| Attempt {
        model: "sandbox/echo".into(),
        http_status: Some(http_status),
        error: error.map(str::to_owned),
        latency_us: 1_500,
    };
    TraceRecord {
        id: at(0),
        org: Some(org.id),
        user: Some(store.users(org.id).unwrap().remove(0).id),
        key: Some(store.keys(org.id).unwrap().remove(0).key.id),
        provider: Some(store.providers(org.id).unwrap().remove(0).id),
        task: Some(Task::Chat),
        protocol: Protocol::Openai,
        model: Some("echo".into()),
        requested_model: Some("fast".into()),
        route: Some(store.routes(org.id).unwrap().remove(0).id),
        status: Status::Ok,
        http_status: 200,
        error: None,
        message: None,
        stream: true,
        attempts: vec![attempt(429, Some("provider_error")), attempt(200, None)],
        usage,
        usage_source: UsageSource::Reported,
        usage_raw: Some(r#"{"prompt_tokens":1200}"#.into()),
        cost: rates.cost(&usage),
        rates: Some(Arc::new(rates)),
        latency_us: 812_400,
        first_token_us: Some(312_400),
        overhead_us: 140,
        finish: Some("stop".into()),
        dropped: vec!["logit_bias".into()],
        tags: BTreeMap::from([("env".into(), "ci".into())]),
        session: Some("s-1".into()),
    }
}

#[test]
fn traces_are_listed_newest_first() {
    let shell = shell();
    shell.shows("traces", "A");
    shell.shows("traces --status ok -o csv", "A");
    shell.shows("traces --route fast -o json", "A");
    shell.expect("traces --since 1h", 0, "", "A");
    shell.expect("traces --limit 1", 0, "A", "A");
    let count = |line: &str| shell.ok(&format!("traces -o jsonl {line}")).lines().count();
    assert_eq!(count(""), 3);
    assert_eq!(count("--until 2026-11-01T12:01:00Z"), 1);
    assert_eq!(count("--tag env=ci"), 2);
    assert_eq!(count("--model sandbox/fixed"), 1);
    assert_eq!(count("--min-cost 0.000001 --min-latency 500ms"), 1);
    assert_eq!(count("--key app --user ana --provider sandbox --session s-1"), 3);
    assert_eq!(count("--key nobody"), 0);
}

#[test]
fn a_trace_is_a_page_with_its_arithmetic() {
    let shell = shell();
    shell.shows(&format!("traces show {}", at(0)), "A");
    shell.shows(&format!("traces show {}", at(60)), "A");
    shell.shows(&format!("traces show {}", at(120)), "A");
    let short: String = at(120).to_string().chars().take(9).collect();
    assert_eq!(
        shell.ok(&format!("traces show {}", at(120))),
        shell.ok(&format!("trace show {}", &at(120).to_string()[3..]))
    );
    let run = shell.run(&format!("traces show {}", &short[..4]));
    assert_eq!(run.code, 3, "{run:?}");
}

#[test]
fn a_trace_has_the_fields_that_scripts_use() {
    let shell = shell();
    let trace: Value = serde_json::from_str(&shell.ok(&format!("traces show {} -o json", at(0)))).unwrap();
    assert_eq!(trace["attempts"].as_array().map(Vec::len), Some(2));
    assert_eq!(trace["cost_usd"], "0.000195");
    assert_eq!(trace["usage_raw"]["prompt_tokens"], 1200);
    let listed: Value = serde_json::from_str(&shell.ok("traces -o json --status ok --route fast")).unwrap();
    let fields = "id time org user team key provider model requested_model route status http_status error stream \
                  input_tokens output_tokens total_tokens cache_read_tokens cache_write_tokens reasoning_tokens \
                  cost_usd latency_ms first_token_ms attempts tags session";
    for field in fields.split_whitespace() {
        assert!(listed[0].get(field).is_some(), "{field}");
    }
    assert_eq!(listed[0]["attempts"], 2);
}

#[test]
fn costs_are_added_up() {
    let shell = shell();
    shell.expect("costs", 0, "A", "A");
    shell.shows("costs by key day -o json", "A");
    shell.expect("costs by route --status ok", 0, "A", "A");
    shell.shows("costs by tag:env -o csv", "A");
    shell.expect("costs by model --since 1h", 0, "", "A");
}

#[test]
fn tail_begins_with_the_last_calls() {
    use std::io::{BufRead, BufReader};
    let shell = shell();
    let mut child = shell.start("traces tail --limit 2 -o jsonl");
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap()).lines().take(2).map(Result::unwrap).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines[0].contains(&at(60).to_string()) && lines[1].contains(&at(120).to_string()), "{lines:?}");
}
