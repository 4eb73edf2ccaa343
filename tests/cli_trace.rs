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
        cost: Some(Money::ZERO),
        rates: None,
        attempts: Vec::new(),
        latency_us: 90,
        first_token_us: None,
        finish: None,
        route: None,
        ..well.clone()
    };
    let ledger = Ledger::start(store).unwrap();
    for record in [well, unpriced, refused] {
        ledger.note(Box::new(record));
    }
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
        guards: Vec::new(),
    }
}

#[test]
fn traces_are_listed_newest_first() {
    let shell = shell();
    shell.shows(
        "traces",
        "ID                TIME                  KEY  MODEL          STATUS   ERROR                 IN  OUT       COST  LATENCY
tr_068w9c0p00000  DAY CLOCK  app  sandbox/tools  refused  model_not_allowed      0    0         $0  0.09 ms
tr_068w9a6300000  DAY CLOCK  app  sandbox/fixed  ok       -                  1,200   50    unknown   812 ms
tr_068w98bg00000  DAY CLOCK  app  sandbox/echo   ok       -                  1,200   50  $0.000195   812 ms
",
    );
    shell.shows("traces --status ok -o csv", "\
             id,time,org,user,team,key,provider,model,requested_model,route,status,http_status,error,stream,input_tokens,output_tokens,total_tokens,cache_read_tokens,cache_write_tokens,reasoning_tokens,cost_usd,estimated,latency_ms,first_token_ms,attempts,tags,session\r\n\
             tr_068w9a6300000,TIME,acme,ana,,app,sandbox,sandbox/fixed,fast,,ok,200,,false,1200,50,1250,200,0,7,,true,812.4,,2,{},s-1\r\n\
             tr_068w98bg00000,TIME,acme,ana,,app,sandbox,sandbox/echo,fast,fast,ok,200,,true,1200,50,1250,200,0,7,0.000195,false,812.4,312.4,2,\"{\"\"env\"\":\"\"ci\"\"}\",s-1\r\n");
    shell.shows(
        "traces --route fast -o json",
        r#"[
  {
    "id": "tr_068w98bg00000",
    "time": "TIME",
    "org": "acme",
    "user": "ana",
    "team": null,
    "key": "app",
    "provider": "sandbox",
    "model": "sandbox/echo",
    "requested_model": "fast",
    "route": "fast",
    "status": "ok",
    "http_status": 200,
    "error": null,
    "stream": true,
    "input_tokens": 1200,
    "output_tokens": 50,
    "total_tokens": 1250,
    "cache_read_tokens": 200,
    "cache_write_tokens": 0,
    "reasoning_tokens": 7,
    "cost_usd": "0.000195",
    "estimated": false,
    "latency_ms": 812.4,
    "first_token_ms": 312.4,
    "attempts": 2,
    "tags": {
      "env": "ci"
    },
    "session": "s-1"
  }
]
"#,
    );
    shell.expect(
        "traces --since 1h",
        0,
        "",
        "no traces yet, or none that match; `optscale-ai connect` shows how to make a call\n",
    );
    shell.expect(
        "traces --limit 1",
        0,
        "ID                TIME                  KEY  MODEL          STATUS   ERROR              IN  OUT  COST  LATENCY
tr_068w9c0p00000  DAY CLOCK  app  sandbox/tools  refused  model_not_allowed   0    0    $0  0.09 ms
",
        "the newest 1; see more with --limit N, or all with --limit 0\n",
    );
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
    assert_eq!(shell.ok("traces show"), shell.ok("traces show tr_068w9c0p00000"), "the newest");
    shell.shows(
        &format!("traces show {}", at(0)),
        r#"id:            tr_068w98bg00000
time:          DAY CLOCK
status:        ok, HTTP 200
request:       chat in openai's protocol, streamed
model:         sandbox/echo
asked for:     fast
route:         fast
organisation:  acme
user:          ana
key:           app
session:       s-1
tags:          env=ci
tokens:        1,200 in (200 cache read), 50 out (7 reasoning)
finish:        stop
time taken:    812 ms, first token after 312 ms, 100 tokens a second, of that the gateway 0.14 ms
dropped:       logit_bias
provider says: {"prompt_tokens":1200}

attempts:
  1. sandbox/echo: HTTP 429, provider_error, after 1.5 ms
  2. sandbox/echo: HTTP 200, after 1.5 ms

cost:
  1,000 input      x $0.00000015  at DAY = $0.00015
    200 cache read x $0.000000075 at DAY = $0.000015
     43 output     x $0.0000006   at DAY = $0.0000258
      7 reasoning  x $0.0000006   at DAY = $0.0000042
  total                                         = $0.000195
"#,
    );
    shell.shows(
        &format!("traces show {}", at(60)),
        r#"id:            tr_068w9a6300000
time:          DAY CLOCK
status:        ok, HTTP 200
request:       chat in openai's protocol
model:         sandbox/fixed
asked for:     fast
organisation:  acme
user:          ana
key:           app
session:       s-1
tokens:        1,200 in (200 cache read), 50 out (7 reasoning), estimated
finish:        stop
time taken:    812 ms, of that the gateway 0.14 ms
dropped:       logit_bias
provider says: {"prompt_tokens":1200}

attempts:
  1. sandbox/echo: HTTP 429, provider_error, after 1.5 ms
  2. sandbox/echo: HTTP 200, after 1.5 ms

cost: unknown
"#,
    );
    shell.shows(
        &format!("traces show {}", at(120)),
        "id:           tr_068w9c0p00000
time:         DAY CLOCK
status:       refused (model_not_allowed), HTTP 403
message:      the key `app` may not call sandbox/tools
request:      chat in openai's protocol, streamed
model:        sandbox/tools
asked for:    fast
organisation: acme
user:         ana
key:          app
session:      s-1
tags:         env=ci
time taken:   0.09 ms, of that the gateway 0.14 ms
dropped:      logit_bias

cost: $0
",
    );
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
    shell.expect(
        "costs",
        0,
        "MODEL          CALLS  ERRORS     IN  OUT       COST
sandbox/echo       1       0  1,200   50  $0.000195
sandbox/fixed      1       0  1,200   50    unknown
sandbox/tools      1       0      0    0         $0
total              3       0  2,400  100  $0.000195
",
        "warning: 1 call without a known price is not in the sums\n",
    );
    shell.shows(
        "costs by key day -o json",
        r#"[
  {
    "key": "app",
    "day": "DAY",
    "calls": 3,
    "errors": 0,
    "refused": 1,
    "input_tokens": 2400,
    "output_tokens": 100,
    "cache_read_tokens": 400,
    "cache_write_tokens": 0,
    "cost_usd": "0.000195",
    "unknown_cost_calls": 1,
    "estimated_calls": 1
  }
]
"#,
    );
    shell.expect(
        "costs by route --status ok",
        0,
        "ROUTE  CALLS  ERRORS     IN  OUT       COST
fast       1       0  1,200   50  $0.000195
-          1       0  1,200   50    unknown
total      2       0  2,400  100  $0.000195
",
        "warning: 1 call without a known price is not in the sums\n",
    );
    shell.shows("costs by tag:env -o csv", "\
             tag:env,calls,errors,refused,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,cost_usd,unknown_cost_calls,estimated_calls\r\n\
             ci,2,0,1,1200,50,200,0,0.000195,0,0\r\n\
             ,1,0,0,1200,50,200,0,,1,1\r\n");
    shell.expect("costs by model --since 1h", 0, "", "no calls yet, or none that match\n");
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
