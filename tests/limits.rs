//! Limits on requests, tokens and calls at once, through the real program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use serde_json::{Value, json};
use stage::{SOON, Stage};
use std::time::Instant;

/// A stage whose gateway knows the limits from its start.
fn limited(limits: &[&[&str]]) -> Stage {
    let stage = Stage::set(&[]);
    for limit in limits {
        stage.home.run(&[&["limit", "set"], *limit].concat());
    }
    let Stage { fake, home, gateway, key, client } = stage;
    gateway.stop();
    let gateway = home.serve();
    Stage { fake, home, gateway, key, client }
}

fn header(response: &reqwest::blocking::Response, name: &str) -> String {
    response.headers().get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

#[test]
fn requests_a_minute() {
    let stage = limited(&[&["key:app", "--rpm", "2"]]);
    let first = stage.chat("oa/fake", json!({}));
    assert_eq!((first.status().as_u16(), header(&first, "x-ratelimit-remaining-requests")), (200, "1".to_owned()));
    assert_eq!(header(&first, "x-ratelimit-limit-requests"), "2");
    drop(first.text().unwrap());
    let second = stage.messages("oa/fake", json!({"stream": true}));
    assert_eq!(header(&second, "anthropic-ratelimit-requests-remaining"), "0");
    assert!(header(&second, "anthropic-ratelimit-requests-reset").ends_with('Z'));
    drop(second.text().unwrap());
    let third = stage.chat("oa/fake", json!({}));
    assert_eq!(third.status(), 429);
    let wait: u64 = header(&third, "retry-after").parse().unwrap();
    assert!((50..=61).contains(&wait), "{wait}");
    assert_eq!(header(&third, "x-ratelimit-remaining-requests"), "0");
    let body: Value = third.json().unwrap();
    let error = &body["error"];
    assert_eq!((&error["code"], &error["scope"]), (&json!("rate_limit_exceeded"), &json!("key:app")), "{body}");
    let anthropic: Value = stage.messages("an/fake", json!({})).json().unwrap();
    assert_eq!(anthropic["error"]["type"], "rate_limit_error");
    assert_eq!(stage.fake.requests().len(), 2, "the provider was not asked");
    let carried = stage.post("/moderations", json!({"model": "oa/m", "input": "hi"}).to_string());
    assert_eq!(carried.status(), 429);
    let refused = stage.home.json(&["traces", "--status", "refused"]);
    assert_eq!((refused.as_array().unwrap().len(), &refused[0]["error"]), (3, &json!("rate_limit_exceeded")));
}

#[test]
fn tokens_a_minute_by_model() {
    let stage = limited(&[&["model:oa/fake-s40", "--tpm", "60"]]);
    let answer = stage.chat("oa/fake-s40", json!({}));
    assert_eq!((answer.status().as_u16(), header(&answer, "x-ratelimit-limit-tokens")), (200, "60".to_owned()));
    drop(answer.text().unwrap());
    let again = stage.chat("oa/fake-s40", json!({}));
    assert_eq!((again.status().as_u16(), header(&again, "x-ratelimit-remaining-tokens")), (429, "9".to_owned()));
    let other = stage.chat("oa/fake", json!({}));
    assert_eq!((other.status().as_u16(), header(&other, "x-ratelimit-limit-tokens")), (200, String::new()));
}

#[test]
fn calls_at_once() {
    let stage = limited(&[&["provider:oa", "--parallel", "1"]]);
    let stalled = stage.chat("oa/fake-s20-stall", json!({"stream": true}));
    assert_eq!(stalled.status(), 200);
    let second = stage.chat("oa/fake", json!({}));
    assert_eq!((second.status().as_u16(), header(&second, "retry-after")), (429, "1".to_owned()));
    assert_eq!(stage.chat("an/fake", json!({})).status(), 200);
    drop(stalled);
    let until = Instant::now() + SOON;
    while stage.chat("oa/fake", json!({})).status() != 200 {
        assert!(Instant::now() < until, "the place is not given back");
    }
}

#[test]
fn a_running_gateway_follows_and_keys_show_their_limits() {
    let stage = Stage::set(&[]);
    let key = stage.home.key("slow", &["--rpm", "1", "--tpm", "1000", "--parallel", "3"]);
    assert_eq!(stage.home.json(&["key", "show", "slow"])["limits"], json!(["1 rpm", "1000 tpm", "3 parallel"]));
    let url = format!("{}/chat/completions", stage.gateway.base_url());
    let body = json!({"model": "oa/fake", "messages": []}).to_string();
    let ask = || stage.client.post(&url).bearer_auth(&key).body(body.clone()).send().unwrap().status().as_u16();
    let until = Instant::now() + SOON;
    while ask() != 429 {
        assert!(Instant::now() < until, "the gateway does not follow");
    }
    stage.home.run(&["key", "edit", "slow", "--rpm", "none"]);
    while ask() != 200 {
        assert!(Instant::now() < until, "the gateway does not follow");
    }
    assert_eq!(stage.home.json(&["limit", "show", "key:slow"])["rpm"], json!(null));
    stage.home.run(&["limit", "remove", "key:slow", "--yes"]);
    assert_eq!(stage.home.json(&["limits"]), json!([]));
    let refused = stage.home.command(&["limit", "set", "session", "--rpm", "1"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
}
