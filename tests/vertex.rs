//! Google Cloud's Vertex, as the fake provider plays it: Gemini, Anthropic's and open models, and every kind of credential.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::{COUNTED, Fake, SIGNATURE, TEXT, THOUGHT, TOKEN, WEATHER};
use gateway::{Gateway, Home, PROVIDER_KEY};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use stage::{Stage, error, header};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];
const PLACE: &str = "/v1/projects/p1/locations/europe-west4";
/// Made for tests; nothing else knows it.
const KEY: &str = include_str!("../src/provider/auth/test_key.pem");

/// Adds a provider whose key is this text.
fn add(home: &Home, name: &str, key: Option<&str>, more: &[&str]) {
    let mut words = vec!["provider", "add", "vertex", "--name", name];
    words.extend(more);
    let mut command = home.command(&words);
    if let Some(key) = key {
        command.args(["--api-key-env", "THE_KEY"]).env("THE_KEY", key);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn account(fake: &Fake) -> String {
    let uri = format!("{}/token", fake.url());
    json!({"type": "service_account", "project_id": "p1", "private_key_id": "k1", "private_key": KEY,
        "client_email": "a@p1.iam.gserviceaccount.com", "token_uri": uri})
    .to_string()
}

/// `vx`, which a service account signs for.
fn set() -> Stage {
    let stage = Stage::set(&[]);
    let url = format!("{}/v1/projects/x", stage.fake.url());
    let more = ["--base-url", &url, "--set", "location=europe-west4", "--set", "model.sonnet=claude-fake"];
    add(&stage.home, "vx", Some(&account(&stage.fake)), &more);
    stage
}

fn ask(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

#[test]
fn gemini_goes_through_as_bytes() {
    let stage = set();
    let body =
        r#" {"contents":[{"role":"user","parts":[{"text":"hi\u0021"}]}],  "generationConfig":{"temperature":1.50}}"#;
    let url = format!("{}/v1beta/models/vx%2Ffake:generateContent?key={}", stage.gateway.root(), stage.key);
    let answer = stage.client.post(url).body(body).send().unwrap();
    assert_eq!(answer.status(), 200);
    let trace = stage.trace_of(&answer);
    let sent = stage.fake.last();
    assert_eq!(sent.path, format!("{PLACE}/publishers/google/models/fake:generateContent"));
    assert_eq!(sent.body, body.as_bytes());
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!((&trace["input_tokens"], &trace["status"]), (&json!(11), &json!("ok")));
    let answer = stage.gemini("vx/fake", "streamGenerateContent?alt=sse", &ask("hi"));
    assert!(answer.text().unwrap().contains("finishReason"));
    assert_eq!(stage.fake.last().path, format!("{PLACE}/publishers/google/models/fake:streamGenerateContent?alt=sse"));
    let count: Value = stage.gemini("vx/fake", "countTokens", &ask("who?")).json().unwrap();
    assert_eq!(count["totalTokens"], COUNTED);
}

#[test]
fn gemini_answers_callers_of_other_protocols() {
    let stage = set();
    let tools = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]);
    let theirs = json!([{"name": "get_weather", "input_schema": {"type": "object"}}]);
    let body: Value = stage.chat("vx/fake", json!({})).json().unwrap();
    assert_eq!(body["choices"][0]["message"]["content"], TEXT);
    let body: Value = stage.chat("vx/fake-tool", json!({"tools": tools})).json().unwrap();
    let args = &body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"];
    assert_eq!(
        serde_json::from_str::<Value>(args.as_str().unwrap()).unwrap(),
        serde_json::from_str::<Value>(WEATHER).unwrap()
    );
    assert!(stage.chat("vx/fake", json!({"stream": true})).text().unwrap().ends_with("data: [DONE]\n\n"));
    let body: Value = stage.messages("vx/fake-tool", json!({"tools": theirs})).json().unwrap();
    assert_eq!(body["content"].as_array().unwrap().last().unwrap()["name"], "get_weather");
    assert!(stage.messages("vx/fake", json!({"stream": true})).text().unwrap().contains("event: message_stop"));
    let counted = stage.post(
        "/messages/count_tokens",
        json!({"model": "vx/fake", "messages": [{"role": "user", "content": "hi"}]}).to_string(),
    );
    assert_eq!(counted.json::<Value>().unwrap()["input_tokens"], COUNTED);
    let sent = stage.fake.last();
    assert!(sent.path.ends_with("/fake:countTokens") && sent.json().get("contents").is_some(), "{sent:?}");
}

#[test]
fn anthropic_goes_through_as_bytes_with_its_version() {
    let stage = set();
    let body = r#"{ "model": "vx/claude-fake@20250929","max_tokens":100,"messages":[{"role":"user","content":"h\u0069"}],"x":1.50}"#;
    let answer = stage.post("/messages", body);
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().unwrap()["content"][0]["text"], TEXT);
    let sent = stage.fake.last();
    assert_eq!(sent.path, format!("{PLACE}/publishers/anthropic/models/claude-fake@20250929:rawPredict"));
    let expected = body.replace(r#""model": "vx/claude-fake@20250929""#, r#""anthropic_version":"vertex-2023-10-16""#);
    assert_eq!(String::from_utf8(sent.body.clone()).unwrap(), expected);
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    // By another name, as a stream, and with thoughts that go round.
    let text = stage.messages("vx/sonnet", json!({"stream": true})).text().unwrap();
    assert!(text.contains("event: message_stop"), "{text}");
    assert_eq!(stage.fake.last().path, format!("{PLACE}/publishers/anthropic/models/claude-fake:streamRawPredict"));
    let body: Value = stage.messages("vx/claude-fake-think", json!({})).json().unwrap();
    assert_eq!(body["content"][0], json!({"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE}));
    let counted = stage.post(
        "/messages/count_tokens",
        json!({"model": "vx/sonnet", "messages": [{"role": "user", "content": "hi"}]}).to_string(),
    );
    assert_eq!(counted.json::<Value>().unwrap()["input_tokens"], COUNTED);
    let sent = stage.fake.last();
    assert_eq!(sent.path, format!("{PLACE}/publishers/anthropic/models/count-tokens:rawPredict"));
    assert_eq!(
        (&sent.json()["model"], &sent.json()["anthropic_version"]),
        (&json!("claude-fake"), &json!("vertex-2023-10-16"))
    );
}

#[test]
fn anthropic_answers_callers_of_other_protocols() {
    let stage = set();
    let tools = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]);
    let body: Value = stage.chat("vx/claude-fake-tool", json!({"tools": tools})).json().unwrap();
    assert_eq!(body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], WEATHER, "{body}");
    let answer = stage.chat("vx/claude-fake", json!({"stream": true}));
    let id = header(&answer, "x-optscale-trace-id");
    assert!(answer.text().unwrap().ends_with("data: [DONE]\n\n"));
    assert_eq!((&stage.trace(&id)["status"], &stage.trace(&id)["output_tokens"]), (&json!("ok"), &json!(5)));
    assert!(stage.fake.last().path.ends_with("/publishers/anthropic/models/claude-fake:streamRawPredict"));
    let answer: Value = stage.gemini("vx/sonnet", "generateContent", &ask("hi")).json().unwrap();
    assert_eq!(answer["candidates"][0]["content"]["parts"][0]["text"], TEXT);
}

#[test]
fn open_models_speak_openai() {
    let stage = set();
    let answer = stage.chat("vx/meta/fake", json!({"stream": true}));
    assert!(answer.text().unwrap().ends_with("data: [DONE]\n\n"));
    let sent = stage.fake.last();
    assert_eq!(
        (sent.path.as_str(), &sent.json()["model"]),
        (format!("{PLACE}/endpoints/openapi/chat/completions").as_str(), &json!("meta/fake"))
    );
    let body: Value = stage.messages("vx/qwen/fake", json!({})).json().unwrap();
    assert_eq!(body["content"][0]["text"], TEXT);
}

#[test]
fn vectors_are_predicted() {
    let stage = set();
    let body = json!({"model": "vx/fake", "input": ["a", "b"], "dimensions": 4});
    let answer: Value = stage.post("/embeddings", body.to_string()).json().unwrap();
    assert_eq!(
        (answer["data"].as_array().unwrap().len(), &answer["usage"]["prompt_tokens"]),
        (2, &json!(6)),
        "{answer}"
    );
    let sent = stage.fake.last();
    assert_eq!(sent.path, format!("{PLACE}/publishers/google/models/fake:predict"));
    assert_eq!(
        sent.json(),
        json!({"instances": [{"content": "a"}, {"content": "b"}], "parameters": {"outputDimensionality": 4}})
    );
    let content = json!({"parts": [{"text": "a"}]});
    let one = stage.gemini("vx/fake", "embedContent", &json!({"content": content, "taskType": "RETRIEVAL_QUERY"}));
    assert_eq!(one.json::<Value>().unwrap()["embedding"]["values"][0], 0.5);
    assert_eq!(stage.fake.last().json()["instances"][0]["task_type"], "RETRIEVAL_QUERY");
    let request = json!({"model": "models/vx/fake", "content": content});
    let many = stage.gemini("vx/fake", "batchEmbedContents", &json!({"requests": [request, request]}));
    assert_eq!(many.json::<Value>().unwrap()["embeddings"].as_array().unwrap().len(), 2);
}

#[test]
fn errors_say_what_is_wrong() {
    let stage = set();
    assert_eq!(stage.chat("vx/fake", json!({})).status(), 200, "it has a token now");
    let google = |code: u16, status: &str| {
        json!({"error": {"code": code, "message": "Publisher Model was not found.", "status": status}}).to_string()
    };
    for model in ["vx/fake", "vx/claude-fake"] {
        stage.fake.answer_with(404, JSON, google(404, "NOT_FOUND"));
        let (status, _, message) = error(stage.chat(model, json!({})));
        assert_eq!((status, message.as_str()), (404, "Publisher Model was not found."), "{model}");
        stage.fake.answer_with(404, JSON, google(404, "NOT_FOUND"));
        let refused: Value = stage.messages(model, json!({})).json().unwrap();
        assert_eq!(
            (&refused["type"], &refused["error"]["type"]),
            (&json!("error"), &json!("not_found_error")),
            "{model}: {refused}"
        );
        stage.fake.answer_with(401, JSON, google(401, "UNAUTHENTICATED"));
        assert_eq!(error(stage.chat(model, json!({}))).1, "provider_key_rejected", "{model}");
        let answer = stage.messages(&format!("{model}-e429"), json!({}));
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_str()), (429, "7"), "{model}");
        let text = stage.messages(&format!("{model}-errevent"), json!({"stream": true})).text().unwrap();
        assert!(text.contains("event: error"), "{model}: {text}");
    }
}

#[test]
fn what_it_costs_is_known() {
    let stage = set();
    assert_eq!(stage.chat("vx/fake", json!({})).status(), 200, "it has a token now");
    let usage = json!({"input_tokens": 1000, "output_tokens": 100});
    let body = json!({"id": "m", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5", "content": [{"type": "text", "text": "hi"}],
        "stop_reason": "end_turn", "stop_sequence": null, "usage": usage});
    stage.fake.answer_with(200, JSON, body.to_string());
    let answer = stage.messages("vx/claude-sonnet-4-5@20250929", json!({}));
    assert!(stage.trace_of(&answer)["cost_usd"].as_str().is_some_and(|cost| cost.starts_with("0.004")));
}

#[test]
fn every_kind_of_credential_signs() {
    let stage = set();
    let url = stage.fake.url();
    let uri = format!("{url}/token");
    let person = json!({"type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": PROVIDER_KEY, "token_uri": uri});
    let base = ["--base-url", &url, "--set", "project=p2"];
    add(&stage.home, "person", Some(&person.to_string()), &base);
    add(&stage.home, "token", Some("ya29.token"), &base);
    add(&stage.home, "express", Some("AIzaSyKey"), &["--base-url", &url]);
    for (name, sign, path) in [
        (
            "person",
            ("authorization", format!("Bearer {TOKEN}")),
            "/v1/projects/p2/locations/global/publishers/google/models/fake:generateContent",
        ),
        (
            "token",
            ("authorization", "Bearer ya29.token".to_owned()),
            "/v1/projects/p2/locations/global/publishers/google/models/fake:generateContent",
        ),
        ("express", ("x-goog-api-key", "AIzaSyKey".to_owned()), "/v1/publishers/google/models/fake:generateContent"),
    ] {
        assert_eq!(stage.chat(&format!("{name}/fake"), json!({})).status(), 200, "{name}");
        let sent = stage.fake.last();
        assert_eq!((sent.path.as_str(), sent.header(sign.0)), (path, Some(sign.1.as_str())), "{name}");
    }
    assert_eq!(stage.chat("vx/fake", json!({})).status(), 200);
    let signed = stage
        .fake
        .requests()
        .into_iter()
        .filter(|asked| asked.path == "/token" && asked.body.starts_with(b"grant_type=urn"));
    assert_eq!(signed.count(), 1);
}

#[test]
fn a_machine_has_its_own_account() {
    let (fake, home) = (Fake::start(), Home::new());
    add(&home, "vertex", None, &["--base-url", &fake.url(), "--set", "project=p3"]);
    let key = home.key("app", &[]);
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("GCE_METADATA_HOST", fake.address().to_string());
    let gateway = Gateway::start(command);
    let body = json!({"model": "vertex/fake", "messages": [{"role": "user", "content": "hi"}]}).to_string();
    let post = |gateway: &Gateway| {
        let url = format!("{}/chat/completions", gateway.base_url());
        Client::new().post(url).bearer_auth(&key).body(body.clone()).send().unwrap()
    };
    assert_eq!(post(&gateway).status(), 200);
    assert_eq!(fake.last().header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert!(fake.requests()[0].path.ends_with("/instance/service-accounts/default/token"));
    drop(gateway);
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = free.local_addr().unwrap().to_string();
    drop(free);
    let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("GCE_METADATA_HOST", nobody);
    let gateway = Gateway::start(command);
    let (status, _, message) = error(post(&gateway));
    assert!(status == 502 && message.contains("give a service account's file with --api-key-file"), "{message}");
}

#[test]
fn an_account_that_is_not_accepted_is_a_clear_error() {
    let stage = set();
    let person = json!({"type": "authorized_user", "refresh_token": "wrong-refresh-token", "token_uri": format!("{}/token", stage.fake.url())});
    add(&stage.home, "bad", Some(&person.to_string()), &["--base-url", &stage.fake.url(), "--set", "project=p"]);
    let (status, code, message) = error(stage.chat("bad/fake", json!({})));
    assert_eq!((status, code.as_str()), (502, "provider_key_rejected"));
    assert!(
        message.contains("refused the credentials (HTTP 400): Invalid JWT Signature.")
            && message.contains("provider edit bad"),
        "{message}"
    );
    let output = stage.home.command(&["provider", "test", "bad", "--model", "fake"]).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let checks = stage.home.json(&["provider", "test", "vx", "--model", "fake"]);
    assert!(checks.as_array().unwrap().iter().all(|check| check["result"] == "ok"), "{checks}");
    assert!(stage.fake.requests().iter().any(|asked| asked.path == "/v1beta1/publishers/google/models?pageSize=300"));
}
