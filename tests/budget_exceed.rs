//! Calls that do not fit into a budget and are made to fit: a shorter answer, a cheaper model.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use serde_json::{Value, json};
use stage::Stage;

/// A stage with this budget from the start of its gateway, and OpenAI's prices for `priced`.
fn with(budget: &[&str]) -> Stage {
    let Stage { fake, home, gateway, key, client } = Stage::set(&[]);
    gateway.stop();
    let models = ["--model", "gpt-4o", "--model", "gpt-4o-mini", "--model", "gpt-4.1-nano"];
    let priced = ["--name", "priced", "--base-url", &fake.openai_url(), "--api-key-env", "FAKE_KEY"];
    home.run(&[&["provider", "add", "openai"], &priced[..], &models[..]].concat());
    home.run(&[&["budget", "set"], budget].concat());
    let gateway = home.serve();
    Stage { fake, home, gateway, key, client }
}

fn header(response: &reqwest::blocking::Response, name: &str) -> String {
    response.headers().get(name).map_or_else(String::new, |value| value.to_str().unwrap().to_owned())
}

fn sent(stage: &Stage) -> Value {
    serde_json::from_slice(&stage.fake.last().body).unwrap()
}

#[test]
fn an_answer_is_limited_to_what_fits_in_every_protocol() {
    // For a prompt of some hundred bytes it leaves some tens of tokens.
    let stage = with(&["org", "0.002/total", "--on-exceed", "shorten", "--default-price", "1/10"]);
    let turn = json!([{"role": "user", "content": "hi"}]);
    let gemini =
        json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}], "generationConfig": {"temperature": 0.5}});
    let cases: [(&str, Value, &str); 8] = [
        ("/chat/completions", json!({"model": "oa/fake", "max_tokens": 9999, "messages": turn}), "/max_tokens"),
        (
            "/chat/completions",
            json!({"model": "oa/fake", "max_completion_tokens": 9999, "messages": turn}),
            "/max_completion_tokens",
        ),
        (
            "/chat/completions",
            json!({"model": "an/fake", "max_tokens": 9999, "stream": true, "messages": turn}),
            "/max_tokens",
        ),
        ("/messages", json!({"model": "an/fake", "max_tokens": 9999, "messages": turn}), "/max_tokens"),
        (
            "/messages",
            json!({"model": "ge/fake", "max_tokens": 9999, "messages": turn}),
            "/generationConfig/maxOutputTokens",
        ),
        ("/responses", json!({"model": "oa/fake", "max_output_tokens": 9999, "input": "hi"}), "/max_tokens"),
        (
            "/api/chat",
            json!({"model": "oa/fake", "stream": false, "options": {"num_predict": 9999}, "messages": turn}),
            "/max_tokens",
        ),
        (
            "/v1beta/models/ge/fake:generateContent",
            json!({"contents": gemini["contents"], "generationConfig": {"maxOutputTokens": 9999}}),
            "/generationConfig/maxOutputTokens",
        ),
    ];
    for (path, body, place) in cases {
        let answer = stage.post(path, body.to_string());
        let (status, said) = (answer.status(), header(&answer, "x-optscale-budget"));
        let dropped = header(&answer, "x-optscale-dropped");
        let text = answer.text().unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        let sent = sent(&stage);
        let limit = sent.pointer(place).and_then(Value::as_u64).unwrap_or_else(|| panic!("{path}: {sent}"));
        assert!((16..500).contains(&limit), "{path}: {limit}");
        assert_eq!(said, format!("org: answer limited to {limit} tokens"), "{path}");
        assert!(dropped.contains(&format!("limited to {limit} by the budget org")), "{path}: {dropped}");
    }
    assert_eq!(stage.home.json(&["events"]), json!([]), "nobody was refused");
    let spent = stage.home.json(&["budget", "explain", "org"])["spent_usd"].clone();
    assert_eq!(spent, json!("0.000488"), "eight short answers");
}

#[test]
fn a_limit_is_put_in_where_none_stands() {
    let stage = with(&["org", "0.002/total", "--on-exceed", "shorten"]);
    let body = json!({"model": "priced/gpt-4o", "messages": [{"role": "user", "content": "hi"}]});
    let answer = stage.post("/chat/completions", body.to_string());
    assert_eq!(answer.status(), 200, "{}", answer.text().unwrap());
    let sent = sent(&stage);
    let limit = sent["max_completion_tokens"].as_u64().or(sent["max_tokens"].as_u64()).unwrap();
    assert!((16..2000).contains(&limit), "{limit}");
    // What does not fit even so is refused.
    let long = json!({"model": "priced/gpt-4o", "messages": [{"role": "user", "content": "long ".repeat(1000)}]});
    assert_eq!(stage.post("/chat/completions", long.to_string()).status(), 402);
}

#[test]
fn a_call_goes_to_a_cheaper_model_that_fits() {
    let stage = with(&["org", "0.003/total", "--on-exceed", "cheaper"]);
    let body = json!({"model": "priced/gpt-4o", "max_tokens": 1000, "messages": [{"role": "user", "content": "hi"}]});
    let answer = stage.post("/chat/completions", body.to_string());
    let said = header(&answer, "x-optscale-budget");
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "x-optscale-model")),
        (200, "gpt-4o-mini".to_owned()),
        "{said}"
    );
    assert_eq!(said, "org: priced/gpt-4o-mini in place of priced/gpt-4o");
    assert_eq!(sent(&stage)["model"], "gpt-4o-mini");
    let row = &stage.home.json(&["traces"])[0];
    assert_eq!((&row["model"], &row["requested_model"]), (&json!("priced/gpt-4o-mini"), &json!("priced/gpt-4o")));
    let body = json!({"model": "priced/gpt-4o", "max_tokens": 16000, "messages": []});
    assert_eq!(stage.post("/chat/completions", body.to_string()).status(), 402, "no model is cheap enough");
    // A key that may not call the other model is refused.
    let key = stage.home.key("narrow", &["--model", "priced/gpt-4o"]);
    let url = format!("{}/chat/completions", stage.gateway.base_url());
    let body = json!({"model": "priced/gpt-4o", "max_tokens": 1000, "messages": []}).to_string();
    let refused = stage.client.post(url).bearer_auth(key).body(body).send().unwrap();
    assert_eq!(refused.status(), 402);
}
