//! Tests of traces: written, read back, filtered, found; and the plans of the queries that a person waits for.

use super::read::{AFTER, DETAIL, LIST};
use super::*;
use crate::price::{Meter, Rates};
use crate::records::{Attempt, Status, TraceRecord, UsageSource};
use crate::store::Store;
use crate::store::tests::{NOW, Small, small};
use crate::types::{Money, Protocol, Task, Time, TraceId, Usage};
use rusqlite::ToSql;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A call of `small`'s key that arrived `seconds` after its beginning, whole and well.
pub(in crate::store) fn call(small: &Small, seconds: u64) -> TraceRecord {
    let mut rates = Rates::new("2026-01-01");
    rates.set(Meter::Input, Money::from_pico(150_000));
    rates.set(Meter::Output, Money::from_pico(600_000));
    let usage = Usage { input: 1000, output: 50, cache_read: 400, reasoning: 7, ..Usage::default() };
    TraceRecord {
        id: TraceId::first_at(NOW.after(Duration::from_secs(seconds))),
        org: Some(small.org),
        user: Some(small.user),
        key: Some(small.key),
        provider: Some(small.provider),
        task: Some(Task::Chat),
        protocol: Protocol::Openai,
        model: Some("gpt-4o-mini".into()),
        requested_model: Some("fast".into()),
        route: Some(small.route),
        status: Status::Ok,
        http_status: 200,
        error: None,
        message: None,
        stream: true,
        attempts: vec![Attempt {
            model: "openai/gpt-4o-mini".into(),
            http_status: Some(200),
            error: None,
            latency_us: 900,
        }],
        usage,
        usage_source: UsageSource::Reported,
        usage_raw: Some(r#"{"prompt_tokens":1000}"#.into()),
        cost: rates.cost(&usage),
        rates: Some(Arc::new(rates)),
        latency_us: 12_500,
        first_token_us: Some(1_000),
        overhead_us: 100,
        finish: Some("stop".into()),
        dropped: Vec::new(),
        tags: BTreeMap::from([("team".into(), "core".into()), ("env".into(), "ci".into())]),
        session: Some("s-1".into()),
        guards: Vec::new(),
    }
}

pub(in crate::store) fn put(store: &Store, records: &[TraceRecord]) {
    let mut writer = Writer::new(&store.connection).unwrap();
    records.iter().for_each(|record| writer.write(record).unwrap());
}

#[test]
fn a_trace_reads_back_whole() {
    let small = small();
    let mut record = call(&small, 0);
    record.dropped = vec!["logit_bias".into()];
    record.message = Some("words".into());
    put(&small.store, std::slice::from_ref(&record));
    let detail = small.store.trace(record.id).unwrap().unwrap();
    assert_eq!(
        (detail.usage, detail.usage_source, &detail.usage_raw),
        (record.usage, record.usage_source, &record.usage_raw)
    );
    assert_eq!(detail.rates.as_ref(), record.rates.as_deref());
    assert_eq!((detail.attempts, detail.dropped), (record.attempts, record.dropped));
    assert_eq!(
        (detail.task, detail.protocol, detail.finish.as_deref()),
        (Some(Task::Chat), Protocol::Openai, Some("stop"))
    );
    assert_eq!((detail.message.as_deref(), detail.overhead_us), (Some("words"), 100));
    let shown = serde_json::to_string(&detail.row).unwrap();
    let time = record.id.time();
    let expected = format!(
        r#"{{"id":"{}","time":"{time}","org":"acme","user":"ana","team":null,"key":"ci","provider":"openai","#,
        record.id
    ) + r#""model":"openai/gpt-4o-mini","requested_model":"fast","route":"fast","status":"ok","http_status":200,"#
        + r#""error":null,"stream":true,"input_tokens":1000,"output_tokens":50,"total_tokens":1050,"#
        + r#""cache_read_tokens":400,"cache_write_tokens":0,"reasoning_tokens":7,"cost_usd":"0.00018","#
        + r#""estimated":false,"latency_ms":12.5,"first_token_ms":1.0,"attempts":1,"#
        + r#""tags":{"env":"ci","team":"core"},"session":"s-1"}"#;
    assert_eq!(shown, expected);
}

#[test]
fn attempts_that_tell_more_than_the_row_are_kept() {
    let small = small();
    let mut record = call(&small, 0);
    let failed = Attempt { http_status: Some(503), error: Some("overloaded".into()), ..record.attempts[0].clone() };
    record.attempts.insert(0, failed);
    let mut unsent = call(&small, 1);
    unsent.attempts.clear();
    put(&small.store, &[record.clone(), unsent.clone()]);
    let read = |id| small.store.trace(id).unwrap().unwrap();
    assert_eq!((read(record.id).attempts, read(record.id).row.attempts), (record.attempts, 2));
    assert_eq!((read(unsent.id).attempts, read(unsent.id).row.attempts), (Vec::new(), 0));
}

#[test]
fn the_second_writing_takes_the_place_of_the_first() {
    let small = small();
    let whole = call(&small, 0);
    let begun = TraceRecord {
        status: Status::Running,
        usage: Usage::default(),
        cost: None,
        rates: None,
        tags: BTreeMap::new(),
        ..whole.clone()
    };
    put(&small.store, &[begun]);
    assert_eq!(small.store.traces(&TraceFilter::default()).unwrap()[0].status, Status::Running);
    put(&small.store, std::slice::from_ref(&whole));
    let rows = small.store.traces(&TraceFilter::default()).unwrap();
    assert_eq!((rows.len(), rows[0].status, rows[0].cost_usd), (1, Status::Ok, whole.cost));
    assert_eq!(small.store.trace(whole.id).unwrap().unwrap().rates.as_ref(), whole.rates.as_deref());
}

#[test]
fn rates_are_kept_once() {
    let small = small();
    put(&small.store, &[call(&small, 0), call(&small, 1)]);
    put(&small.store, &[call(&small, 2)]);
    let count = small.store.one("SELECT count(*) FROM rates", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count, Some(1));
}

#[test]
fn calls_of_a_killed_process_become_interrupted_once() {
    let small = small();
    let running = |seconds| TraceRecord { status: Status::Running, ..call(&small, seconds) };
    put(&small.store, &[running(0), call(&small, 1)]);
    assert_eq!(small.store.mark_interrupted().unwrap(), 1);
    assert_eq!(small.store.mark_interrupted().unwrap(), 0);
    put(&small.store, &[running(2)]);
    assert_eq!(small.store.mark_interrupted().unwrap(), 1);
    let rows = small.store.traces(&TraceFilter::default()).unwrap();
    let seen: Vec<_> = rows.iter().map(|row| (row.status, row.error.as_deref())).collect();
    let stopped = (Status::Interrupted, Some("gateway_stopped"));
    assert_eq!(seen, [stopped, (Status::Ok, None), stopped]);
    assert_eq!(small.store.last_trace_id().unwrap(), Some(rows[0].id));
}

fn seconds_of(small: &Small, filter: TraceFilter) -> Vec<i64> {
    let rows = small.store.traces(&filter).unwrap();
    rows.iter().map(|row| (row.time.millis() - NOW.millis()) / 1000).collect()
}

/// Calls 0 to 5, each odd in its own way.
fn varied() -> Small {
    let small = small();
    let mut calls: Vec<TraceRecord> = (0..6).map(|seconds| call(&small, seconds)).collect();
    calls[1].status = Status::Error;
    calls[1].session = None;
    calls[2].tags.remove("team");
    calls[2].latency_us = 900_000;
    calls[3].cost = Some(Money::from_pico(5_000_000_000));
    calls[3].route = None;
    calls[4].model = Some("gpt-4o".into());
    calls[4].requested_model = Some("openai/gpt-4o".into());
    let nobody = TraceRecord { org: None, user: None, key: None, provider: None, route: None, ..calls[5].clone() };
    calls[5] = TraceRecord { status: Status::Refused, model: None, cost: None, rates: None, ..nobody };
    put(&small.store, &calls);
    small
}

#[test]
fn each_filter_lets_through_what_it_says() {
    let small = varied();
    let all = TraceFilter::default;
    let name = |text: &str| Some(text.to_owned());
    let tag = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let at = |seconds| Some(NOW.after(Duration::from_secs(seconds)));
    let cases: Vec<(TraceFilter, &[i64])> = vec![
        (all(), &[5, 4, 3, 2, 1, 0]),
        (TraceFilter { limit: 2, ..all() }, &[5, 4]),
        (TraceFilter { since: at(4), ..all() }, &[5, 4]),
        (TraceFilter { until: at(2), ..all() }, &[1, 0]),
        (TraceFilter { org: Some(small.org), ..all() }, &[5, 4, 3, 2, 1, 0]),
        (TraceFilter { org: Some(crate::types::OrgId(99)), ..all() }, &[5]),
        (TraceFilter { status: Some(Status::Error), ..all() }, &[1]),
        (TraceFilter { provider: name("openai"), ..all() }, &[4, 3, 2, 1, 0]),
        (TraceFilter { provider: name("other"), ..all() }, &[]),
        (TraceFilter { user: name("ana"), limit: 1, ..all() }, &[4]),
        (TraceFilter { key: name("ci"), until: at(1), ..all() }, &[0]),
        (TraceFilter { route: name("fast"), ..all() }, &[4, 2, 1, 0]),
        (TraceFilter { model: name("openai/gpt-4o"), ..all() }, &[4]),
        (TraceFilter { model: name("gpt-4o-mini"), ..all() }, &[3, 2, 1, 0]),
        (TraceFilter { model: name("fast"), ..all() }, &[5, 3, 2, 1, 0]),
        (TraceFilter { model: name("other/gpt-4o"), ..all() }, &[]),
        (TraceFilter { session: name("s-1"), ..all() }, &[5, 4, 3, 2, 0]),
        (TraceFilter { min_cost: Some(Money::from_pico(1_000_000_000)), ..all() }, &[3]),
        (TraceFilter { min_latency: Some(Duration::from_millis(500)), ..all() }, &[2]),
        (TraceFilter { tags: BTreeMap::from([tag("team", "core")]), ..all() }, &[5, 4, 3, 1, 0]),
        (TraceFilter { tags: BTreeMap::from([tag("team", "core"), tag("env", "prod")]), ..all() }, &[]),
        (TraceFilter { tags: BTreeMap::from([tag("env", "ci")]), since: at(2), until: at(3), ..all() }, &[2]),
    ];
    for (filter, expected) in cases {
        assert_eq!(seconds_of(&small, filter.clone()), expected, "{filter:?}");
    }
}

#[test]
fn following_along_goes_on_from_the_last_one() {
    let small = varied();
    let rows = small.store.traces(&TraceFilter { limit: 3, ..TraceFilter::default() }).unwrap();
    let next = small.store.traces_after(rows[2].id, &TraceFilter::default()).unwrap();
    assert_eq!(next.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[1].id, rows[0].id]);
    assert!(small.store.traces_after(rows[0].id, &TraceFilter::default()).unwrap().is_empty());
}

#[test]
fn the_beginning_of_an_id_is_enough_if_it_is_the_only_one() {
    let small = small();
    let day = 86_400;
    let (first, last) = (call(&small, 0), call(&small, 100 * day));
    put(&small.store, &[first.clone(), last.clone()]);
    let text = first.id.to_string();
    let found = |text: &str| small.store.find_trace(text).unwrap();
    for length in [8, 10, 16] {
        for text in [&text[..length], &text[3..length]] {
            assert!(matches!(found(text), Found::One(detail) if detail.row.id == first.id), "{text}");
        }
    }
    assert_eq!(found("tr_0"), Found::Several(vec![last.id, first.id]));
    for text in ["", "tr_", "tr_z", "tr_7zz", "zz!", "tr_00000000000000"] {
        assert_eq!(found(text), Found::None, "{text}");
    }
}

#[test]
fn old_traces_go_in_small_steps() {
    let small = varied();
    let before = NOW.after(Duration::from_secs(3));
    assert_eq!(small.store.prune_traces(before, 2).unwrap(), 2);
    assert_eq!(small.store.prune_traces(before, 2).unwrap(), 1);
    assert_eq!(small.store.prune_traces(before, 2).unwrap(), 0);
    assert_eq!(seconds_of(&small, TraceFilter::default()), [5, 4, 3]);
}

/// What SQLite will do, step by step. Values do not matter: plans are made without them.
pub(in crate::store) fn plan(store: &Store, sql: &str) -> Vec<String> {
    let explain = ["EXPLAIN QUERY PLAN ", sql].concat();
    let mut statement = store.connection.prepare(&explain).unwrap();
    let nothing: Vec<&dyn ToSql> = vec![&rusqlite::types::Null; statement.parameter_count()];
    let steps = statement.query_map(nothing.as_slice(), |row| row.get::<_, String>("detail")).unwrap();
    steps.map(Result::unwrap).collect()
}

/// The table of traces is entered by a range of ids, never read from end to end, and nothing is sorted.
fn assert_ranged(store: &Store, sql: &str) {
    let plan = plan(store, sql);
    assert!(plan.iter().any(|step| step.starts_with("SEARCH t USING INTEGER PRIMARY KEY (rowid")), "{plan:#?}");
    assert!(!plan.iter().any(|step| step.starts_with("SCAN t ") || step == "SCAN t"), "{plan:#?}");
    assert!(!plan.iter().any(|step| step.contains("TEMP B-TREE FOR ORDER BY")), "{plan:#?}");
}

#[test]
fn lists_read_only_their_range_of_time() {
    let small = small();
    assert_ranged(&small.store, LIST);
    assert_ranged(&small.store, AFTER);
    let detail = plan(&small.store, DETAIL);
    assert!(!detail.iter().any(|step| step.starts_with("SCAN")), "{detail:#?}");
}

#[test]
fn the_time_of_a_trace_is_in_its_id() {
    let time = Time::from_millis(1_800_000_123_456);
    assert_eq!(TraceId::first_at(time).time(), time);
}
