//! The path of a call, byte for byte: what reaches the provider, what comes back, what it costs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::Answer;
use serde_json::{Value, json};
use stage::{SOON, Stage, chat, error, header};
use std::time::{Duration, Instant};

#[test]
fn the_same_dialect_goes_on_byte_for_byte() {
    let stage = Stage::set(&[]);
    let body = br#"{ "zeta":1.50, "messages" : [{"content":"H\u00e9llo","role":"user"}],"unknown":{"b":2,"a":[1e2]}, "model":"oa/fake" }"#;
    let answer = stage.post("/chat/completions", body.to_vec());
    assert_eq!(answer.status(), 200);
    let sent = stage.fake.last();
    let expected = String::from_utf8_lossy(body).replace("oa/fake", "fake");
    assert_eq!(String::from_utf8_lossy(&sent.body), expected);
    assert_eq!(sent.header("authorization"), Some("Bearer provider-secret"));
    let whole = format!("{:?}", sent.headers);
    assert!(!whole.contains(&stage.key), "the caller's key never leaves");
}

#[test]
fn only_listed_headers_reach_the_provider() {
    let stage = Stage::set(&[]);
    let url = format!("{}/messages", stage.gateway.base_url());
    let body = json!({"model": "an/fake", "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]});
    let request = stage.client.post(url).header("x-api-key", &stage.key).header("anthropic-beta", "b1");
    let request =
        request.header("anthropic-version", "2023-01-01").header("cookie", "c=1").header("x-forwarded-for", "10.0.0.1");
    assert_eq!(request.header("x-optscale-session", "s1").body(body.to_string()).send().unwrap().status(), 200);
    let sent = stage.fake.last();
    assert_eq!((sent.header("anthropic-beta"), sent.header("anthropic-version")), (Some("b1"), Some("2023-01-01")));
    assert_eq!((sent.header("x-api-key"), sent.header("authorization")), (Some("provider-secret"), None));
    for hidden in ["cookie", "x-forwarded-for", "x-optscale-session"] {
        assert_eq!(sent.header(hidden), None, "{hidden}");
    }
    assert_eq!(stage.newest(|trace| trace["status"] == "ok")["session"], "s1");
}

#[test]
fn a_stream_loses_and_changes_no_byte() {
    let stage = Stage::set(&[]);
    let ask = json!({"stream": true, "stream_options": {"include_usage": true}});
    let direct = stage.client.post(format!("{}/chat/completions", stage.fake.openai_url()));
    let plain = direct.body(chat("fake-s30", ask.clone()).to_string()).send().unwrap().bytes().unwrap();
    for model in ["oa/fake-s30", "oa/fake-s30-bytes"] {
        let answer = stage.chat(model, ask.clone());
        assert_eq!(header(&answer, "content-type"), "text/event-stream; charset=utf-8");
        let bytes = answer.bytes().unwrap();
        let unnamed = |text: &[u8]| String::from_utf8_lossy(text).replace("-bytes", "");
        assert_eq!(unnamed(&bytes), unnamed(&plain), "{model}");
    }
}

#[test]
fn usage_is_asked_for_and_hidden_from_who_did_not() {
    let stage = Stage::set(&[]);
    let answer = stage.chat("oa/fake", json!({"stream": true}));
    let id = header(&answer, "x-optscale-trace-id");
    let text = answer.text().unwrap();
    assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("prompt_tokens"), "{text}");
    assert_eq!(stage.fake.last().json()["stream_options"]["include_usage"], true);
    let trace = stage.trace(&id);
    assert_eq!((&trace["input_tokens"], &trace["status"]), (&json!(11), &json!("ok")), "{trace}");
}

/// The shapes are those of Ollama's page on OpenAI compatibility: a fingerprint of its own, thinking as
/// `reasoning`, usage in a chunk without choices. It asks for no key, and its models cost nothing.
#[test]
fn ollama_answers_whole_and_streamed_and_costs_nothing() {
    let stage = Stage::set(&[]);
    stage.home.run(&["provider", "add", "ollama", "--base-url", &stage.fake.url()]);
    let whole = json!({"id": "chatcmpl-654", "object": "chat.completion", "created": 1_728_810_000, "model": "qwen3:8b",
        "system_fingerprint": "fp_ollama", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": "Hello!", "reasoning": "A greeting."}}],
        "usage": {"prompt_tokens": 26, "completion_tokens": 9, "total_tokens": 35}});
    stage.fake.answer(Answer::json(200, &whole));
    let answer = stage.messages("ollama/qwen3:8b", json!({}));
    let trace = stage.trace_of(&answer);
    let body: Value = answer.json().unwrap();
    let kinds: Vec<&Value> = body["content"].as_array().unwrap().iter().map(|block| &block["type"]).collect();
    assert_eq!(kinds, [&json!("thinking"), &json!("text")], "{body}");
    assert_eq!((&trace["cost_usd"], &trace["input_tokens"]), (&json!("0"), &json!(26)), "{trace}");
    let sent = stage.fake.last();
    assert_eq!((sent.path.as_str(), sent.header("authorization")), ("/v1/chat/completions", None));
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "qwen3:8b",
            "system_fingerprint": "fp_ollama", "choices": choices, "usage": usage});
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value, finish: Value| json!([{"index": 0, "delta": delta, "finish_reason": finish}]);
    let usage = json!({"prompt_tokens": 26, "completion_tokens": 9, "total_tokens": 35});
    stage.fake.answer_chunks(&[
        chunk(delta(json!({"role": "assistant", "content": "", "reasoning": "A greeting."}), Value::Null), Value::Null),
        chunk(delta(json!({"role": "assistant", "content": "Hello!"}), Value::Null), Value::Null),
        chunk(delta(json!({"role": "assistant", "content": ""}), json!("stop")), Value::Null),
        chunk(json!([]), usage),
        "data: [DONE]\n\n".to_owned(),
    ]);
    let answer = stage.chat("ollama/qwen3:8b", json!({"stream": true}));
    let id = header(&answer, "x-optscale-trace-id");
    let text = answer.text().unwrap();
    assert!(text.contains("fp_ollama") && text.ends_with("data: [DONE]\n\n"), "{text}");
    assert_eq!(stage.trace(&id)["output_tokens"], 9);
}

#[test]
fn counting_tokens_costs_nothing() {
    let stage = Stage::set(&[]);
    let body = chat("an/fake", json!({})).to_string();
    let answer = stage.post("/messages/count_tokens", body);
    assert_eq!(answer.status(), 200);
    let trace = stage.trace_of(&answer);
    assert_eq!((&trace["cost_usd"], &trace["input_tokens"]), (&json!("0"), &json!(0)), "{trace}");
}

#[test]
fn keys_work_wherever_they_stand_and_each_fault_has_its_words() {
    let stage = Stage::set(&[]);
    let url = format!("{}/chat/completions", stage.gateway.base_url());
    let body = chat("sandbox/echo", json!({})).to_string();
    for name in ["x-api-key", "api-key", "x-goog-api-key"] {
        let answer = stage.client.post(&url).header(name, &stage.key).body(body.clone()).send().unwrap();
        assert_eq!(answer.status(), 200, "{name}");
    }
    let in_query = stage.client.post(format!("{url}?key={}", stage.key)).body(body.clone()).send().unwrap();
    assert_eq!(in_query.status(), 200);
    let with = |key: &str| {
        let answer = stage.client.post(&url).bearer_auth(key).body(body.clone()).send().unwrap();
        if answer.status() == 200 { (200, String::new(), String::new()) } else { error(answer) }
    };
    let mut typo = stage.key.clone().into_bytes();
    typo.swap(12, 13);
    if typo == stage.key.as_bytes() {
        typo[12] = if typo[12] == b'a' { b'b' } else { b'a' };
    }
    let (status, code, message) = with(&String::from_utf8(typo).unwrap());
    assert_eq!((status, code.as_str()), (401, "invalid_api_key"));
    assert!(message.contains("typo") || message.contains("check"), "{message}");
    assert_eq!(with("sk-something-else").0, 401);
    let short = stage.home.key("short", &["--expires", "1s"]);
    let until = Instant::now() + SOON;
    let (status, code) = loop {
        let (status, code, _) = with(&short);
        if code == "api_key_expired" {
            break (status, code);
        }
        assert!(Instant::now() < until, "{status} {code}");
    };
    assert_eq!((status, code.as_str()), (401, "api_key_expired"));
}

#[test]
fn a_revoked_key_ends_within_a_second() {
    let stage = Stage::set(&[]);
    assert_eq!(stage.chat("sandbox/echo", json!({})).status(), 200);
    stage.home.run(&["key", "revoke", "app", "--yes"]);
    let revoked = Instant::now();
    while stage.chat("sandbox/echo", json!({})).status() == 200 {
        assert!(revoked.elapsed() < Duration::from_secs(5), "the key still works");
    }
    let (status, code, message) = error(stage.chat("sandbox/echo", json!({})));
    assert_eq!((status, code.as_str()), (401, "invalid_api_key"));
    assert!(message.contains("revoked"), "{message}");
}

#[test]
fn what_was_configured_a_moment_ago_is_known() {
    let stage = Stage::set(&[]);
    for number in 0..5 {
        let key = stage.home.key(&format!("k{number}"), &[]);
        let url = format!("{}/chat/completions", stage.gateway.base_url());
        let ask =
            |model: &str| stage.client.post(&url).bearer_auth(&key).body(chat(model, json!({})).to_string()).send();
        assert_eq!(ask("sandbox/echo").unwrap().status(), 200);
        let fresh = stage.home.key(&format!("m{number}"), &[]);
        let models = format!("{}/models", stage.gateway.base_url());
        assert_eq!(stage.client.get(models).bearer_auth(fresh).send().unwrap().status(), 200);
        let name = format!("again{number}");
        stage.home.run(&["provider", "add", "sandbox", "--name", &name]);
        assert_eq!(ask(&format!("{name}/echo")).unwrap().status(), 200);
    }
}

#[test]
fn a_key_may_be_limited_to_a_routing_rule() {
    let stage = Stage::set(&[]);
    stage.home.run(&["route", "add", "fast", "--target", "oa/fake"]);
    let key = stage.home.key("narrow", &["--model", "fast"]);
    let call = |model: &str| {
        let url = format!("{}/chat/completions", stage.gateway.base_url());
        stage.client.post(url).bearer_auth(&key).body(chat(model, json!({})).to_string()).send().unwrap()
    };
    assert_eq!(call("fast").status(), 200);
    assert_eq!(error(call("oa/fake")).1, "model_not_allowed");
    let url = format!("{}/models", stage.gateway.base_url());
    let listed: Value = stage.client.get(url).bearer_auth(&key).send().unwrap().json().unwrap();
    assert_eq!((listed["data"].as_array().unwrap().len(), &listed["data"][0]["id"]), (1, &json!("fast")));
    let missing = stage.home.command(&["key", "edit", "narrow", "--model", "fats"]).output().unwrap();
    assert_eq!(missing.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("fast"), "the near name");
}

#[test]
fn a_key_that_is_revoked_while_its_body_comes_is_refused() {
    use std::io::{Read, Write};
    let stage = Stage::set(&[]);
    let key = stage.home.key("short", &[]);
    let body = chat("oa/fake", json!({})).to_string();
    let mut slow = std::net::TcpStream::connect(stage.gateway.root().trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {key}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{{",
        body.len()
    );
    slow.write_all(head.as_bytes()).unwrap();
    // The key is known: only then is its body read.
    let url = format!("{}/models", stage.gateway.base_url());
    let works = || stage.client.get(&url).bearer_auth(&key).send().unwrap().status() == 200;
    assert!(works());
    stage.home.run(&["key", "revoke", "short", "--yes"]);
    let until = Instant::now() + SOON;
    while works() {
        assert!(Instant::now() < until, "the key lives on");
    }
    slow.write_all(&body.as_bytes()[1..]).unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401") && answer.contains("was revoked"), "{answer}");
    assert!(stage.fake.requests().is_empty(), "nothing went out");
}

#[test]
fn what_is_dropped_is_named_by_the_callers_path() {
    let stage = Stage::set(&[]);
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let messages = json!([
        {"role": "system", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "user", "content": "c"},
        {"role": "assistant", "content": null, "tool_calls": [call("x"), call("y")]},
        {"role": "tool", "tool_call_id": "x", "content": "1"},
        {"role": "tool", "tool_call_id": "y", "content": "2"},
        {"role": "user", "name": "ann", "content": "d"},
    ]);
    let answer = stage.chat("an/fake", json!({"messages": messages}));
    assert_eq!(answer.status(), 200);
    assert_eq!(header(&answer, "x-optscale-dropped"), "messages[6].name");
}

#[test]
fn a_model_that_does_not_think_is_not_asked_to() {
    let stage = Stage::set(&[]);
    let asked = json!({"thinking": {"type": "enabled", "budget_tokens": 1024}});
    let answer = stage.messages("sandbox/echo", asked.clone());
    assert_eq!((answer.status().as_u16(), header(&answer, "x-optscale-dropped")), (200, "thinking".to_owned()));
    let answer = stage.messages("oa/fake", asked);
    assert_eq!(answer.headers().get("x-optscale-dropped"), None, "nobody knows: it is asked");
    assert!(stage.fake.last().json()["reasoning_effort"].is_string());
}

#[test]
fn a_name_means_what_its_caller_may_call() {
    let stage = Stage::set(&[]);
    stage.home.run(&["route", "add", "quick", "--target", "sandbox/echo"]);
    let narrow = stage.home.key("narrow", &["--model", "sandbox/echo"]);
    let ask = |key: &str, model: &str| {
        let url = format!("{}/chat/completions", stage.gateway.base_url());
        stage.client.post(url).bearer_auth(key).body(chat(model, json!({})).to_string()).send().unwrap()
    };
    let until = Instant::now() + SOON;
    while ask(&narrow, "quick").status() != 200 {
        assert!(Instant::now() < until);
    }
    let answer = ask(&narrow, "quick");
    assert_eq!(
        (header(&answer, "x-optscale-route"), header(&answer, "x-optscale-model")),
        ("quick".into(), "echo".into())
    );
    assert_eq!(ask(&narrow, "echo").status(), 200, "bare");
    assert_eq!(error(ask(&narrow, "oa/fake")).1, "model_not_allowed");
    stage.home.run(&["provider", "disable", "sandbox"]);
    while ask(&narrow, "sandbox/echo").status() == 200 {
        assert!(Instant::now() < until);
    }
    assert_eq!(error(ask(&narrow, "sandbox/echo")).1, "provider_disabled");
}

#[test]
fn costs_are_exact_and_their_lines_add_up() {
    let stage = Stage::set(&[]);
    let answer = stage.chat("sandbox/echo", json!({}));
    let cost = header(&answer, "x-optscale-cost-usd");
    let trace = stage.trace_of(&answer);
    assert_eq!(trace["cost_usd"], json!(cost));
    let (input, output) = (trace["input_tokens"].as_u64().unwrap(), trace["output_tokens"].as_u64().unwrap());
    // The sandbox's echo costs 1 and 2 USD per million tokens.
    let micro = input + 2 * output;
    let exact = format!("0.{:06}", micro).trim_end_matches('0').to_owned();
    assert_eq!(cost, exact);
    let unknown = stage.chat("oa/fake", json!({}));
    assert_eq!(stage.trace_of(&unknown)["cost_usd"], Value::Null);
}
