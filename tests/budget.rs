//! Budgets, through the real program: what callers and administrators see of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;

use fake::{Fake, INPUT};
use gateway::{Gateway, Home};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use std::io::Read;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);
/// A model without a price, taken to cost a dollar for a million tokens in, and ten out.
const PRICE: &str = "1/10";
const IN: i128 = 1_000_000;
const OUT: i128 = 10_000_000;

struct Stage {
    fake: Fake,
    home: Home,
    gateway: Gateway,
    key: String,
    client: Client,
}

impl Stage {
    fn set(budgets: &[&[&str]]) -> Stage {
        let fake = Fake::start();
        let home = Home::new();
        home.add_provider("oa", "openai", &fake.openai_url());
        home.add_provider("an", "anthropic", &fake.url());
        home.add_provider("ge", "gemini", &fake.url());
        let priced = ["--name", "priced", "--base-url", &fake.openai_url(), "--api-key-env", "FAKE_KEY"];
        home.run(&[&["provider", "add", "openai"], &priced[..]].concat());
        home.run(&["provider", "add", "sandbox"]);
        let key = home.key("app", &["--tag", "env=ci"]);
        for budget in budgets {
            home.run(&[&["budget", "set"], *budget].concat());
        }
        let gateway = home.serve();
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Stage { fake, home, gateway, key, client }
    }

    fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Response {
        let url = format!("{}{path}", self.gateway.base_url());
        let mut request = self.client.post(url).bearer_auth(&self.key).body(body.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().unwrap()
    }

    fn chat(&self, model: &str, limit: u64) -> Response {
        self.post("/chat/completions", &chat(model, limit), &[])
    }

    fn explain(&self, scope: &str) -> Value {
        self.home.json(&["budget", "explain", scope])
    }
}

fn chat(model: &str, limit: u64) -> Value {
    json!({"model": model, "max_tokens": limit, "messages": [{"role": "user", "content": "What is six times seven?"}]})
}

/// A decimal of US dollars as whole pico-dollars.
fn pico(amount: &Value) -> i128 {
    let text = amount.as_str().unwrap_or_else(|| panic!("{amount} is no amount"));
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{rest:0<12}").parse().unwrap()
}

fn error(response: Response) -> Value {
    let body: Value = response.json().unwrap();
    body["error"].clone()
}

/// Calls until one is refused: how many were answered, and the refusal.
fn calls_until_refused(stage: &Stage, model: &str) -> (i128, Response) {
    for answered in 0..1000 {
        let response = stage.chat(model, 100);
        match response.status().as_u16() {
            200 => drop(response.bytes().unwrap()),
            402 => return (answered, response),
            other => panic!("{other}: {}", response.text().unwrap()),
        }
    }
    panic!("nobody was refused");
}

#[test]
fn a_key_calls_until_the_next_call_would_not_fit() {
    let stage = Stage::set(&[&["key:app", "0.0002/month"]]);
    let (answered, refused) = calls_until_refused(&stage, "priced/gpt-4o-mini");
    let cost = i128::from(INPUT) * 150_000 + 5 * 600_000;
    assert!(answered > 10, "{answered}");
    assert!(!refused.headers().contains_key("retry-after"));
    let error = error(refused);
    assert_eq!((&error["code"], &error["scope"]), (&json!("budget_exceeded"), &json!("key:app")), "{error}");
    assert_eq!(pico(&error["spent_usd"]), answered * cost);
    assert!(pico(&error["spent_usd"]) + pico(&error["needed_usd"]) > pico(&error["limit_usd"]), "{error}");
    let resets = error["resets_at"].as_str().unwrap();
    assert!(resets.ends_with("-01T00:00:00.000Z"), "{resets}");
    let explained = stage.explain("key:app");
    assert_eq!((pico(&explained["spent_usd"]), &explained["held_usd"]), (answered * cost, &json!("0")));
    assert_eq!((&explained["calls"], &explained["resets_at"]), (&json!([]), &json!(resets)));
    let shown = stage.home.json(&["key", "show", "app"]);
    assert_eq!(shown["budgets"], json!(["0.0002/month"]));
    // The next start knows as much.
    let Stage { home, gateway, key, client, .. } = stage;
    gateway.stop();
    let again = home.serve();
    let url = format!("{}/messages", again.base_url());
    let body = chat("priced/gpt-4o-mini", 100).to_string();
    let refused = client.post(url).header("x-api-key", key).body(body).send().unwrap();
    assert_eq!(refused.status(), 402);
    let body: Value = refused.json().unwrap();
    assert_eq!((&body["error"]["type"], &body["error"]["code"]), (&json!("billing_error"), &json!("budget_exceeded")));
    let refused = home.json(&["traces", "--status", "refused"]);
    assert_eq!(refused.as_array().unwrap().len(), 2);
    let events = home.json(&["event", "list", "--kind", "budget_hard"]);
    assert_eq!((events.as_array().unwrap().len(), &events[0]["subject"]), (1, &json!("key:app")));
}

#[test]
fn a_stream_holds_what_it_can_cost_and_a_caller_who_leaves_pays_it() {
    let stage = Stage::set(&[&["org", "1/total", "--default-price", PRICE]]);
    let body = json!({"model": "oa/fake-s20-stall", "stream": true, "max_tokens": 50, "messages": []});
    let mut stream = stage.post("/chat/completions", &body, &[]);
    let id = stream.headers()["x-optscale-trace-id"].to_str().unwrap().to_owned();
    stream.read_exact(&mut [0; 8]).unwrap();
    let explained = stage.explain("org");
    let held = pico(&explained["held_usd"]);
    assert_eq!((&explained["calls"][0]["id"], pico(&explained["calls"][0]["held_usd"])), (&json!(id), held));
    assert_eq!(explained["spent_usd"], "0");
    let sent = stage.fake.last().body.len() as i128;
    assert!(held >= sent * IN + 50 * OUT && held <= (sent + 100) * IN + 50 * OUT, "{held} for {sent} bytes");
    drop(stream);
    let until = Instant::now() + SOON;
    let row = loop {
        let row = stage.home.json(&["traces", "show", &id]);
        if row["status"] != "running" || Instant::now() > until {
            break row;
        }
    };
    assert_eq!((&row["status"], pico(&row["cost_usd"])), (&json!("interrupted"), held), "{row}");
    let explained = stage.explain("org");
    assert_eq!((pico(&explained["spent_usd"]), &explained["held_usd"]), (held, &json!("0")));
    let body = json!({"model": "oa/fake-s20", "stream": true, "max_tokens": 50, "messages": []});
    let whole = stage.post("/chat/completions", &body, &[]).text().unwrap();
    assert!(whole.ends_with("data: [DONE]\n\n"));
    let spent = pico(&stage.explain("org")["spent_usd"]);
    assert_eq!(spent - held, i128::from(INPUT) * IN + 20 * OUT, "a whole stream costs what it says");
}

#[test]
fn what_was_under_way_at_a_kill_is_booked_as_held() {
    let stage = Stage::set(&[&["key:app", "1/day", "--default-price", PRICE]]);
    let body = json!({"model": "oa/fake-hang", "max_tokens": 50, "messages": []});
    let url = format!("{}/chat/completions", stage.gateway.base_url());
    let (client, key) = (stage.client.clone(), stage.key.clone());
    let call = std::thread::spawn(move || client.post(url).bearer_auth(key).body(body.to_string()).send().is_err());
    assert!(stage.fake.wait_requests(1, SOON));
    let Stage { home, gateway, fake, .. } = stage;
    gateway.kill();
    assert!(call.join().unwrap(), "no answer came");
    let sent = fake.last().body.len() as i128;
    let _again = home.serve();
    let explained = home.json(&["budget", "explain", "key:app"]);
    assert!(pico(&explained["spent_usd"]) >= sent * IN + 50 * OUT, "{explained}");
    assert_eq!(explained["held_usd"], "0");
}

#[test]
fn what_no_provider_bills_costs_nothing() {
    let stage = Stage::set(&[&["org", "1/day", "--default-price", PRICE]]);
    for (model, status) in [("oa/fake-e500", 500), ("oa/fake-e429", 429), ("an/fake-e529", 529), ("ge/fake-e400", 400)]
    {
        assert_eq!(stage.chat(model, 10).status(), status, "{model}");
    }
    let explained = stage.explain("org");
    assert_eq!((&explained["spent_usd"], &explained["held_usd"]), (&json!("0"), &json!("0")));
}

#[test]
fn a_hard_budget_needs_a_price_and_a_bound() {
    let stage = Stage::set(&[&["org", "1/day"]]);
    let refused = stage.chat("oa/fake", 10);
    assert_eq!(refused.status(), 402);
    let said = error(refused);
    assert_eq!((&said["code"], &said["scope"]), (&json!("price_unknown"), &json!("org")));
    assert!(said["message"].as_str().unwrap().contains("--default-price"), "{said}");
    stage.home.run(&["budget", "set", "org", "1/day", "--default-price", PRICE]);
    let until = Instant::now() + SOON;
    while stage.chat("oa/fake", 10).status() != 200 {
        assert!(Instant::now() < until, "the gateway does not follow");
    }
    let body = json!({"model": "oa/fake", "messages": []});
    let unbounded = stage.post("/chat/completions", &body, &[]);
    assert_eq!(unbounded.status(), 402);
    assert!(error(unbounded)["message"].as_str().unwrap().contains("max_tokens"));
    let picture = stage.post("/images/generations", &json!({"model": "oa/gpt-image-1", "prompt": "a cat"}), &[]);
    assert_eq!((picture.status().as_u16(), error(picture)["code"].clone()), (402, json!("price_unknown")));
    assert_eq!(stage.post("/moderations", &json!({"model": "oa/m", "input": "hi"}), &[]).status(), 200);
}

#[test]
fn vectors_are_held_and_settled_too() {
    let stage = Stage::set(&[&["key:app", "0.00001/day"]]);
    let body = json!({"model": "priced/text-embedding-3-small", "input": "six times seven"});
    let mut answered = 0;
    let refused = loop {
        let response = stage.post("/embeddings", &body, &[]);
        if response.status() != 200 {
            break response;
        }
        answered += 1;
    };
    assert!(answered > 0 && error(refused)["code"] == "budget_exceeded", "{answered}");
}

#[test]
fn a_call_waits_for_what_others_hold() {
    let stage = Stage::set(&[&["org", "0.0012/total", "--default-price", PRICE]]);
    let url = format!("{}/chat/completions", stage.gateway.base_url());
    let slow = chat("oa/fake-w300", 80).to_string();
    let (client, key) = (stage.client.clone(), stage.key.clone());
    let first = std::thread::spawn(move || client.post(url).bearer_auth(key).body(slow).send().unwrap().status());
    assert!(stage.fake.wait_requests(1, SOON));
    let second = stage.chat("oa/fake", 80);
    assert_eq!(second.status(), 200, "{}", second.text().unwrap());
    assert_eq!(first.join().unwrap(), 200);
    let explained = stage.explain("org");
    assert_eq!(pico(&explained["spent_usd"]), 2 * (i128::from(INPUT) * IN + 5 * OUT));
}

#[test]
fn every_scope_counts_its_own_calls() {
    let scopes =
        ["org", "key:app", "provider:oa", "model:oa/fake", "tag:env=ci", "tag:team=blue", "provider:an", "session"];
    let budgets: Vec<[&str; 4]> = scopes.iter().map(|scope| [*scope, "1/week", "--default-price", PRICE]).collect();
    let budgets: Vec<&[&str]> = budgets.iter().map(|budget| &budget[..]).collect();
    let stage = Stage::set(&budgets);
    let headers = [("x-optscale-tags", "team=blue"), ("x-optscale-session", "s1")];
    assert_eq!(stage.post("/chat/completions", &chat("oa/fake", 10), &headers).status(), 200);
    assert_eq!(stage.chat("an/fake", 10).status(), 200);
    let last = stage.fake.requests().into_iter().next().unwrap();
    assert!(last.header("x-optscale-tags").is_none() && last.header("x-optscale-session").is_none());
    let one = i128::from(INPUT) * IN + 5 * OUT;
    let spent = |scope: &str| pico(&stage.explain(scope)["spent_usd"]);
    let all: Vec<i128> = scopes[..7].iter().map(|scope| spent(scope)).collect();
    assert_eq!(all, [2 * one, 2 * one, one, one, 2 * one, one, one]);
    let sessions = stage.explain("session")["sessions"].clone();
    assert_eq!((&sessions[0]["session"], pico(&sessions[0]["spent_usd"])), (&json!("s1"), one), "{sessions}");
    assert_eq!(stage.home.json(&["budgets"]).as_array().unwrap().len(), scopes.len());
}

#[test]
fn a_team_shares_what_its_members_spend() {
    let stage = Stage::set(&[]);
    stage.home.run(&["team", "add", "search"]);
    stage.home.run(&["user", "invite", "ana@example.com", "--team", "search", "--allow", "oa"]);
    let key = stage.home.key("anas", &["--user", "ana@example.com"]);
    stage.home.run(&["budget", "set", "team:search", "1/month", "--default-price", PRICE]);
    let url = format!("{}/chat/completions", stage.gateway.base_url());
    let ask =
        |limit| stage.client.post(&url).bearer_auth(&key).body(chat("oa/fake", limit).to_string()).send().unwrap();
    // What is called before the gateway knows the budget has no price.
    let until = Instant::now() + SOON;
    while ask(1_000_000).status() != 402 {
        assert!(Instant::now() < until, "the gateway does not follow");
    }
    assert_eq!(ask(10).status(), 200);
    assert_eq!(stage.chat("oa/fake", 10).status(), 200);
    let spent = pico(&stage.explain("team:search")["spent_usd"]);
    let one = i128::from(INPUT) * IN + 5 * OUT;
    assert!(spent > 0 && spent % one == 0, "{spent}");
}

#[test]
fn a_soft_budget_says_so_and_lets_through() {
    let stage = Stage::set(&[&["key:app", "0.000001/day", "--soft"]]);
    let first = stage.chat("priced/gpt-4o-mini", 10);
    assert!(!first.headers().contains_key("x-optscale-budget"));
    drop(first.text().unwrap());
    let second = stage.chat("priced/gpt-4o-mini", 10);
    let said = second.headers()["x-optscale-budget"].to_str().unwrap().to_owned();
    assert!(second.status() == 200 && said.contains("key:app") && said.contains("spent of"), "{said}");
    drop(second.text().unwrap());
    let events = stage.home.json(&["events"]);
    assert_eq!((events.as_array().unwrap().len(), &events[0]["kind"]), (1, &json!("budget_soft")), "{events}");
}

#[test]
fn a_budget_is_raised_for_a_while() {
    let stage = Stage::set(&[&["key:app", "0.0000001/total"]]);
    assert_eq!(stage.chat("priced/gpt-4o-mini", 10).status(), 402);
    stage.home.run(&["budget", "raise", "key:app", "1", "--for", "1h"]);
    let until = Instant::now() + SOON;
    while stage.chat("priced/gpt-4o-mini", 10).status() != 200 {
        assert!(Instant::now() < until, "the gateway does not follow");
    }
    let shown = stage.home.json(&["budget", "show", "key:app"]);
    assert_eq!((&shown["limit_usd"], &shown["raised_to_usd"]), (&json!("0.0000001"), &json!("1")));
    stage.home.run(&["budget", "raise", "key:app", "--end"]);
    while stage.chat("priced/gpt-4o-mini", 10).status() != 402 {
        assert!(Instant::now() < until, "the gateway does not follow");
    }
    stage.home.run(&["budget", "remove", "key:app", "--yes"]);
    while stage.chat("priced/gpt-4o-mini", 10).status() != 200 {
        assert!(Instant::now() < until, "the gateway does not follow");
    }
}

#[test]
fn a_provider_that_ignores_the_limit_is_booked_in_full_and_told_of() {
    let stage = Stage::set(&[&["org", "0.001/total", "--default-price", PRICE]]);
    let body = r#"{"id":"x","object":"chat.completion","model":"fake","choices":[{"index":0,"finish_reason":"stop",
        "message":{"role":"assistant","content":"much"}}],"usage":{"prompt_tokens":11,"completion_tokens":500,
        "total_tokens":511}}"#;
    stage.fake.answer_with(200, &[("content-type", "application/json")], body);
    assert_eq!(stage.chat("oa/fake", 10).status(), 200);
    assert_eq!(pico(&stage.explain("org")["spent_usd"]), 11 * IN + 500 * OUT);
    assert_eq!(stage.chat("oa/fake", 1).status(), 402);
    let events = stage.home.json(&["event", "list", "--kind", "budget_overrun"]);
    assert_eq!(events.as_array().unwrap().len(), 1, "{events}");
}

#[test]
fn the_command_line_says_what_is_wrong() {
    let home = Home::new();
    home.run(&["provider", "add", "sandbox"]);
    for (words, code, hint) in [
        (&["budget", "set", "keys:app", "1/day"][..], 2, "key:NAME"),
        (&["budget", "set", "key:app", "1/day"], 3, "key list"),
        (&["budget", "set", "org", "1/year"], 2, "day, week, month or total"),
        (&["budget", "set", "org", "one/day"], 2, "not an amount"),
        (&["budget", "set", "org", "1/day", "--timezone", "Mars/Olympus"], 2, "Europe/Berlin"),
        (&["budget", "explain", "org"], 3, "budget"),
        (&["budget", "raise", "org", "5"], 2, "--for"),
    ] {
        let output = home.command(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{words:?}: {said}");
        assert!(said.contains(hint), "{words:?}: {said}");
    }
    home.run(&["key", "create", "app", "--budget", "10/month"]);
    home.run(&["budget", "set", "org", "500/month", "--timezone", "Europe/Berlin"]);
    home.run(&["budget", "set", "org", "50/day"]);
    let output = home.command(&["budget", "show", "org"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let shown = home.json(&["budget", "show", "org", "--period", "month"]);
    assert_eq!((&shown["timezone"], &shown["left_usd"]), (&json!("Europe/Berlin"), &json!("500")));
    home.run(&["key", "edit", "app", "--budget", "5/day"]);
    assert_eq!(home.json(&["key", "show", "app"])["budgets"], json!(["5/day"]));
    home.run(&["key", "edit", "app", "--no-budget"]);
    assert_eq!(home.json(&["key", "show", "app"])["budgets"], json!([]));
    let table = home.run(&["budgets"]);
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
}
