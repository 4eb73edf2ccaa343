//! Ollama's protocol on both sides of the gateway, and vectors between protocols.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use reqwest::blocking::Response;
use serde_json::{Value, json};
use stage::{Stage, chat, header};

fn set() -> Stage {
    let stage = Stage::set(&[]);
    stage.home.run(&["provider", "add", "ollama", "--base-url", &stage.fake.openai_url()]);
    stage.home.run(&[
        "provider",
        "add",
        "custom",
        "--name",
        "native",
        "--protocol",
        "ollama",
        "--base-url",
        &stage.fake.url(),
    ]);
    stage
}

/// Posts at the root, where Ollama's clients do.
fn post(stage: &Stage, path: &str, body: &Value) -> Response {
    let url = format!("{}{path}", stage.gateway.root());
    stage.client.post(url).bearer_auth(&stage.key).body(body.to_string()).send().unwrap()
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn words(lines: &[Value]) -> String {
    lines.iter().filter_map(|line| line["message"]["content"].as_str().or(line["response"].as_str())).collect()
}

#[test]
fn an_ollama_caller_reaches_every_protocol_streamed_and_whole() {
    let stage = set();
    for model in ["ollama/fake", "native/fake", "oa/fake", "an/fake"] {
        let answer = post(&stage, "/api/chat", &chat(model, json!({})));
        assert_eq!(header(&answer, "content-type"), "application/x-ndjson", "{model}");
        let id = header(&answer, "x-optscale-trace-id");
        let lines = lines(&answer.text().unwrap());
        assert_eq!(words(&lines), fake::TEXT, "{model}");
        let last = lines.last().unwrap();
        assert_eq!((&last["done"], &last["done_reason"]), (&json!(true), &json!("stop")), "{model}: {last}");
        assert_eq!((&last["prompt_eval_count"], &last["eval_count"]), (&json!(11), &json!(5)), "{model}: {last}");
        let trace = stage.trace(&id);
        assert_eq!(
            (&trace["input_tokens"], &trace["stream"], &trace["status"]),
            (&json!(11), &json!(true), &json!("ok"))
        );
        let whole: Value = post(&stage, "/api/chat", &chat(model, json!({"stream": false}))).json().unwrap();
        assert_eq!((&whole["message"]["content"], &whole["eval_count"]), (&json!(fake::TEXT), &json!(5)), "{model}");
        let generate = json!({"model": model, "prompt": "Hi", "stream": false});
        let whole: Value = post(&stage, "/v1/api/generate", &generate).json().unwrap();
        assert_eq!(whole["response"], fake::TEXT, "{model}");
    }
}

#[test]
fn tools_thoughts_and_limits_go_through_every_pair() {
    let stage = set();
    let tools = json!({"tools": [{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object",
        "properties": {"city": {"type": "string"}}}}}], "stream": false});
    for provider in ["ollama", "native", "oa", "an"] {
        let answer: Value =
            post(&stage, "/api/chat", &chat(&format!("{provider}/fake-tools"), tools.clone())).json().unwrap();
        let calls = answer["message"]["tool_calls"].as_array().unwrap();
        assert_eq!(calls.len(), 2, "{provider}: {answer}");
        assert_eq!(calls[0]["function"]["arguments"], json!({"city": "Paris", "unit": "celsius"}), "{provider}");
        let more = json!({"think": true, "options": {"num_predict": 2000}});
        let answer = post(&stage, "/api/chat", &chat(&format!("{provider}/fake-think"), more));
        let lines = lines(&answer.text().unwrap());
        let thought: String = lines.iter().filter_map(|line| line["message"]["thinking"].as_str()).collect();
        assert_eq!(thought, fake::THOUGHT, "{provider}");
    }
    for (path, key) in [("/chat/completions", "oa"), ("/messages", "an")] {
        let mut body = chat("native/fake-tools", tools.clone());
        body["max_tokens"] = json!(100);
        if key == "an" {
            body["tools"] = json!([{"name": "get_weather", "input_schema": {"type": "object"}}]);
        }
        let answer = stage.post(path, body.to_string());
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().unwrap();
        assert!(text.contains("get_time") && text.contains("Paris"), "{path}: {text}");
        assert_eq!(stage.fake.last().path, "/api/chat");
    }
}

#[test]
fn an_openai_caller_goes_to_ollama_as_it_came() {
    let stage = set();
    assert_eq!(stage.chat("ollama/fake", json!({})).status(), 200);
    assert_eq!(stage.fake.last().path, "/v1/chat/completions");
    let answer = stage.messages("ollama/fake", json!({}));
    assert_eq!(stage.fake.last().path, "/api/chat");
    assert_eq!(stage.trace_of(&answer)["cost_usd"], "0");
}

#[test]
fn what_an_ollama_says_goes_on_byte_for_byte() {
    let stage = set();
    let direct = stage.client.post(format!("{}/api/chat", stage.fake.url()));
    let plain = direct.body(chat("fake-s30", json!({})).to_string()).send().unwrap().text().unwrap();
    let body = br#"{ "options":{"num_ctx": 4096,"temperature":1.50}, "messages":[{"content":"H\u00e9","role":"user"}], "model":"ollama/fake-s30" }"#;
    let url = format!("{}/api/chat", stage.gateway.root());
    let answer = stage.client.post(url).bearer_auth(&stage.key).body(body.to_vec()).send().unwrap();
    assert_eq!(answer.text().unwrap(), plain);
    let expected = String::from_utf8_lossy(body).replace("ollama/fake-s30", "fake-s30");
    assert_eq!(String::from_utf8_lossy(&stage.fake.last().body), expected);
}

#[test]
fn failures_are_told_in_ollamas_shape() {
    let stage = set();
    let answer = post(&stage, "/api/chat", &chat("nobody/fake", json!({})));
    assert_eq!(answer.status(), 404);
    assert!(answer.json::<Value>().unwrap()["error"].as_str().unwrap().contains("nobody"));
    for model in ["native/fake-errevent", "oa/fake-errevent", "an/fake-cut"] {
        let lines = lines(&post(&stage, "/api/chat", &chat(model, json!({}))).text().unwrap());
        assert!(lines.last().unwrap()["error"].is_string(), "{model}: {lines:?}");
    }
    let refused = post(&stage, "/api/chat", &chat("native/fake-e429", json!({})));
    assert_eq!((refused.status().as_u16(), header(&refused, "retry-after").as_str()), (429, "7"));
}

#[test]
fn models_are_listed_shown_and_asked_for() {
    let stage = set();
    let get = |path: &str| -> Value {
        let url = format!("{}{path}", stage.gateway.root());
        stage.client.get(url).bearer_auth(&stage.key).send().unwrap().json().unwrap()
    };
    let tags = get("/api/tags");
    let names: Vec<&str> = tags["models"].as_array().unwrap().iter().filter_map(|m| m["name"].as_str()).collect();
    assert!(names.contains(&"sandbox/echo"), "{tags}");
    assert!(get("/api/version")["version"].is_string());
    let shown: Value = post(&stage, "/api/show", &json!({"model": "oa/gpt-4o"})).json().unwrap();
    assert!(shown["capabilities"].as_array().unwrap().contains(&json!("tools")), "{shown}");
    let listed = stage.home.json(&["provider", "models", "native"]);
    assert!(listed.to_string().contains("fake-think"), "{listed}");
    assert_eq!(post(&stage, "/api/show", &json!({})).status(), 400);
}

#[test]
fn vectors_go_between_protocols_in_the_callers_encoding() {
    let stage = set();
    let embed = json!({"input": ["a", "b"]});
    for provider in ["oa", "ollama", "native"] {
        let mut body = embed.clone();
        body["model"] = format!("{provider}/fake").into();
        let answer = post(&stage, "/api/embed", &body);
        assert_eq!(answer.status(), 200, "{provider}");
        let trace = stage.trace_of(&answer);
        let vectors: Value = answer.json().unwrap();
        assert_eq!(vectors["embeddings"][1], json!([0.5, -0.25, 1.0, 1.0]), "{provider}");
        assert_eq!(trace["input_tokens"], 11, "{provider}: {trace}");
        body["encoding_format"] = json!("base64");
        let vectors: Value = stage.post("/embeddings", body.to_string()).json().unwrap();
        assert_eq!(vectors["data"][1]["embedding"], "AAAAPwAAgL4AAIA/AACAPw==", "{provider}");
        let one: Value =
            post(&stage, "/api/embeddings", &json!({"model": body["model"], "prompt": "a"})).json().unwrap();
        assert_eq!(one["embedding"], json!([0.5, -0.25, 0.0, 1.0]), "{provider}");
    }
    let body = json!({"model": "ge/fake", "input": ["a", "b"], "dimensions": 4});
    let vectors: Value = stage.post("/embeddings", body.to_string()).json().unwrap();
    assert_eq!(vectors["data"].as_array().unwrap().len(), 2, "{vectors}");
    assert_eq!(stage.fake.last().json()["requests"][1]["outputDimensionality"], 4);
    let url = format!("{}/v1beta/models/native/fake:embedContent", stage.gateway.root());
    let body = json!({"content": {"parts": [{"text": "a"}]}, "taskType": "CLUSTERING"});
    let answer = stage.client.post(url).bearer_auth(&stage.key).body(body.to_string()).send().unwrap();
    assert_eq!(header(&answer, "x-optscale-dropped"), "purpose");
    assert_eq!(answer.json::<Value>().unwrap()["embedding"]["values"], json!([0.5, -0.25, 0.0, 1.0]));
    let tokens = json!({"model": "native/fake", "input": [[1, 2]]});
    assert_eq!(stage.post("/embeddings", tokens.to_string()).status(), 400);
    let none = json!({"model": "an/fake", "input": "a"});
    assert_eq!(stage.post("/embeddings", none.to_string()).status(), 400);
}
