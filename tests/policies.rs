//! Policies end to end: conditions, rules without guardrails, numbers, trials.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use serde_json::{Value, json};
use stage::{Stage, chat, error};

/// A stage with policies, each the words of a command, and with a key that was made after them.
fn set(commands: &[&[&str]]) -> Stage {
    let mut stage = Stage::set(&[]);
    commands.iter().for_each(|words| drop(stage.home.run(words)));
    stage.key = stage.home.key("fresh", &[]);
    stage
}

fn says(words: &str) -> Value {
    json!({"messages": [{"role": "user", "content": words}]})
}

#[test]
fn a_condition_says_when_a_policy_applies() {
    let stage = set(&[
        &["guardrail", "add", "pii", "--type", "pii", "--action", "redact"],
        &["policy", "add", "mask", "--guardrail", "pii", "--when", "provider == 'oa' && tags.env != 'dev'"],
    ]);
    let sent = |model: &str, tags: &str| {
        let url = format!("{}/chat/completions", stage.gateway.base_url());
        let call = stage.client.post(url).bearer_auth(&stage.key).header("x-optscale-tags", tags);
        assert_eq!(call.body(chat(model, says("ana@example.com")).to_string()).send().unwrap().status(), 200);
        String::from_utf8(stage.fake.last().body).unwrap()
    };
    assert!(sent("oa/fake", "env=prod").contains("<EMAIL_1>"));
    assert!(sent("oa/fake", "env=dev").contains("ana@example.com"));
    assert!(sent("an/fake", "env=prod").contains("ana@example.com"));
    let trace = stage.home.json(&["traces", "show"]);
    assert_eq!((&trace["policies"][0]["matched"], &trace["policies"][0]["verdict"]), (&json!(false), &json!("passed")));
}

#[test]
fn calls_are_denied_but_for_those_that_are_allowed_before() {
    let stage = set(&[
        &["policy", "add", "no-anthropic", "--deny", "--when", "provider == 'an'"],
        &["policy", "add", "but-streams", "--allow", "--priority", "5", "--when", "request.stream"],
        &["policy", "add", "tagged", "--require-tag", "project", "--when", "request.type == 'embedding'"],
    ]);
    assert_eq!(stage.chat("oa/fake", json!({})).status(), 200);
    let refused = stage.chat("an/fake", json!({}));
    let trace = stage.trace_of(&refused);
    assert_eq!((&trace["status"], &trace["error"]), (&json!("refused"), &json!("policy_violation")), "{trace}");
    let (status, code, message) = error(refused);
    assert_eq!((status, code.as_str()), (403, "policy_violation"));
    assert!(message.contains("`no-anthropic`"), "{message}");
    assert_eq!(stage.chat("an/fake", json!({"stream": true})).status(), 200);
    let body = json!({"model": "oa/fake", "input": "x"}).to_string();
    let (_, code, message) = error(stage.post("/embeddings", body));
    assert_eq!(code, "policy_violation");
    assert!(message.contains("x-optscale-tags: project=VALUE"), "{message}");
}

#[test]
fn parameters_are_forced_and_answers_are_short() {
    let stage =
        set(&[&["policy", "add", "short", "--max-output-tokens", "3", "--set", "temperature=0", "--set", "user=team"]]);
    for (model, field) in [("oa/fake", "max_tokens"), ("an/fake", "max_tokens")] {
        let answer = stage.chat(model, json!({"temperature": 1.5, "max_tokens": 900}));
        let said: Value = answer.json().unwrap();
        assert_eq!(said["choices"][0]["message"]["content"], "The answer is", "{model}");
        let sent = stage.fake.last().json();
        assert_eq!((&sent[field], &sent["temperature"]), (&json!(3), &json!(0)), "{model}: {sent}");
    }
    stage.chat("oa/fake", json!({}));
    let sent = stage.fake.last().json();
    assert_eq!((&sent["max_tokens"], &sent["user"]), (&json!(3), &json!("team")), "{sent}");
    stage.chat("oa/fake", json!({"max_tokens": 2}));
    assert_eq!(stage.fake.last().json()["max_tokens"], 2);
    // Gemini has the limit elsewhere, and knows no `user`.
    stage.home.run(&["policy", "edit", "short", "--set", "temperature=", "--set", "user="]);
    let mut stage = stage;
    stage.key = stage.home.key("later", &[]);
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    assert_eq!(stage.gemini("ge/fake", "generateContent", &body).status(), 200);
    assert_eq!(stage.fake.last().json()["generationConfig"]["maxOutputTokens"], 3);
}

#[test]
fn numbers_and_trials_say_what_policies_do() {
    let stage = set(&[
        &["guardrail", "add", "pii", "--type", "pii", "--action", "block"],
        &["policy", "add", "no-pii", "--guardrail", "pii", "--stage", "input"],
        &["org", "edit", "--bodies", "full"],
    ]);
    for words in ["plain", "ana@example.com", "bob@example.com", "plain again"] {
        stage.chat("oa/fake", says(words));
    }
    let stats = stage.home.json(&["policy", "stats"]);
    let row = &stats[0];
    assert_eq!(
        (&row["evaluated"], &row["match_rate"], &row["violation_rate"]),
        (&json!(4), &json!(1.0), &json!(0.5)),
        "{row}"
    );
    assert_eq!((&row["blocked"], &row["guardrails"]["pii"]["invocations"]), (&json!(2), &json!(4)), "{row}");
    stage.home.run(&["policy", "disable", "no-pii"]);
    let mut stage = stage;
    stage.key = stage.home.key("later", &[]);
    for words in ["plain", "ana@example.com"] {
        let body = json!({"model": "an/fake", "input": words}).to_string();
        assert_eq!(stage.post("/responses", body).status(), 200);
    }
    let output = stage.home.command(&["policy", "test", "no-pii", "--since", "1h"]).output().unwrap();
    let tried = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(4), "{tried}");
    assert!(tried.contains("would have blocked 1 of 2"), "{tried}");
    assert!(!tried.contains("ana@"), "{tried}");
}
