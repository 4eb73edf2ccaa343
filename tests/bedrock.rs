//! AWS Bedrock, as the fake provider plays it: Converse, Anthropic's native form, binary streams, signatures.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::{AWS_SECRET, Fake, PERSON, REDACTED, SIGNATURE, TEXT, THOUGHT, WEATHER};
use gateway::{Gateway, Home};
use reqwest::blocking::Client;
use serde_json::{Value, json};
use stage::{Stage, error, header};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn add(home: &Home, url: &str, name: &str, key: Option<&str>) {
    let base = format!("{url}/model/x/converse");
    let words = [
        "provider",
        "add",
        "bedrock",
        "--name",
        name,
        "--base-url",
        &base,
        "--set",
        "region=eu-west-1",
        "--set",
        "model.claude=eu.anthropic.claude-fake-v1:0",
        "--set",
        "model.arn=arn:aws:bedrock:eu-west-1:1:inference-profile/eu.fake",
    ];
    let mut command = home.command(&words);
    if let Some(key) = key {
        command.args(["--api-key-env", "THE_KEY"]).env("THE_KEY", key);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// `br`, signed with a short-lived access key.
fn set() -> Stage {
    let stage = Stage::set(&[]);
    add(&stage.home, &stage.fake.url(), "br", Some(&format!("ASIATEST:{AWS_SECRET}:session-token")));
    stage
}

fn tools() -> Value {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": {"type": "object"}}});
    json!([tool("get_weather"), tool("get_time")])
}

fn their_tools() -> Value {
    json!([{"name": "get_weather", "input_schema": {"type": "object"}}, {"name": "get_time", "input_schema": {"type": "object"}}])
}

#[test]
fn a_call_is_signed_and_goes_to_its_model() {
    let stage = set();
    for (model, path) in [
        ("br/amazon.fake-v1:0", "/model/amazon.fake-v1%3A0/converse"),
        ("br/arn", "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A1%3Ainference-profile%2Feu.fake/converse"),
    ] {
        let answer = stage.chat(model, json!({"max_tokens": 50, "temperature": 0.5}));
        assert_eq!(answer.status(), 200, "{model}");
        let trace = stage.trace_of(&answer);
        assert_eq!(answer.json::<Value>().unwrap()["choices"][0]["message"]["content"], TEXT);
        assert_eq!(
            (&trace["input_tokens"], &trace["output_tokens"], &trace["status"]),
            (&json!(11), &json!(5), &json!("ok"))
        );
        let sent = stage.fake.last();
        assert_eq!(sent.path, path);
        assert_eq!(
            sent.json(),
            json!({"messages": [{"role": "user", "content": [{"text": "Hello"}]}], "inferenceConfig": {"maxTokens": 50, "temperature": 0.5}})
        );
        let signature = sent.header("authorization").unwrap();
        assert!(signature.starts_with("AWS4-HMAC-SHA256 Credential=ASIATEST/"), "{signature}");
        assert!(
            signature.contains(
                "/eu-west-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, "
            ),
            "{signature}"
        );
        assert_eq!(sent.header("x-amz-security-token"), Some("session-token"));
    }
}

#[test]
fn converse_answers_callers_of_every_protocol() {
    let stage = set();
    for bytes in ["", "-bytes"] {
        let text = stage
            .chat(&format!("br/fake{bytes}"), json!({"stream": true, "stream_options": {"include_usage": true}}))
            .text()
            .unwrap();
        assert!(text.ends_with("data: [DONE]\n\n") && text.contains("\"prompt_tokens\":11"), "{text}");
        let answer = stage.messages(&format!("br/fake-think{bytes}"), json!({"stream": true}));
        let id = header(&answer, "x-optscale-trace-id");
        let text = answer.text().unwrap();
        assert!(text.contains("event: message_stop") && text.contains(SIGNATURE), "{text}");
        let trace = stage.trace(&id);
        assert_eq!(
            (&trace["status"], &trace["stream"], &trace["output_tokens"]),
            (&json!("ok"), &json!(true), &json!(8))
        );
    }
    assert!(stage.fake.last().path.ends_with("/converse-stream"));
    let body: Value = stage.messages("br/fake-think-redacted", json!({})).json().unwrap();
    assert_eq!(body["content"][0], json!({"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE}));
    assert_eq!(body["content"][1], json!({"type": "redacted_thinking", "data": REDACTED}));
    let asked = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let body: Value = stage.gemini("br/fake", "generateContent", &asked).json().unwrap();
    assert_eq!(body["candidates"][0]["content"]["parts"][0]["text"], TEXT);
    let body: Value = stage.post("/responses", json!({"model": "br/fake", "input": "hi"}).to_string()).json().unwrap();
    assert_eq!(body["output"][0]["content"][0]["text"], TEXT, "{body}");
    let body: Value = stage.chat("br/fake-cached", json!({})).json().unwrap();
    assert_eq!(
        (&body["usage"]["prompt_tokens"], &body["usage"]["prompt_tokens_details"]["cached_tokens"]),
        (&json!(23), &json!(8))
    );
    let counted = stage.post(
        "/messages/count_tokens",
        json!({"model": "br/fake", "messages": [{"role": "user", "content": "hi there"}]}).to_string(),
    );
    assert!(counted.json::<Value>().unwrap()["input_tokens"].as_u64().unwrap() > 0);
}

#[test]
fn tools_go_round_through_converse() {
    let stage = set();
    for stream in [false, true] {
        let answer = stage.chat("br/fake-tools", json!({"tools": tools(), "stream": stream}));
        let text = answer.text().unwrap();
        assert!(text.contains("get_weather") && text.contains("get_time") && text.contains("tool_calls"), "{text}");
    }
    let body: Value = stage.chat("br/fake-tools", json!({"tools": tools()})).json().unwrap();
    let message = &body["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().unwrap();
    let arguments: Value = serde_json::from_str(calls[0]["function"]["arguments"].as_str().unwrap()).unwrap();
    assert_eq!(arguments, serde_json::from_str::<Value>(WEATHER).unwrap());
    let result =
        |call: &Value| json!({"role": "tool", "tool_call_id": call["id"], "content": call["function"]["name"]});
    let messages = json!([{"role": "user", "content": "?"}, message, result(&calls[0]), result(&calls[1])]);
    let body: Value = stage.chat("br/fake", json!({"messages": messages, "tools": tools()})).json().unwrap();
    assert_eq!(body["choices"][0]["message"]["content"], "Results: get_weather | get_time", "{body}");
    let sent = stage.fake.last().json();
    assert_eq!(sent["messages"][2]["content"][0]["toolResult"]["toolUseId"], calls[0]["id"], "{sent}");
    let forced = json!({"tools": their_tools(), "tool_choice": {"type": "tool", "name": "get_time"}});
    let body: Value = stage.messages("br/fake", forced).json().unwrap();
    assert_eq!((&body["content"][0]["name"], &body["stop_reason"]), (&json!("get_time"), &json!("tool_use")));
}

#[test]
fn pictures_papers_marks_and_schemas() {
    let stage = set();
    let content = json!([
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}, "title": "Q3"},
        {"type": "text", "text": "What is this?", "cache_control": {"type": "ephemeral"}}]);
    let answer = stage.messages("br/fake", json!({"messages": [{"role": "user", "content": content}]}));
    assert_eq!(answer.status(), 200);
    assert_eq!(
        stage.fake.last().json()["messages"][0]["content"],
        json!([{"image": {"format": "png", "source": {"bytes": "aGk="}}}, {"document": {"format": "pdf", "name": "Q3", "source": {"bytes": "aGk="}}},
            {"text": "What is this?"}, {"cachePoint": {"type": "default"}}])
    );
    let schema = json!({"type": "json_schema", "json_schema": {"name": "p", "schema": {"type": "object"}}});
    let answer = stage.chat("br/fake", json!({"response_format": schema, "seed": 7}));
    assert_eq!(header(&answer, "x-optscale-dropped"), "response_format, seed");
    assert_eq!(answer.json::<Value>().unwrap()["choices"][0]["message"]["content"], PERSON);
}

#[test]
fn anthropic_goes_through_in_its_native_form() {
    let stage = set();
    let body = r#"{ "model": "br/claude","max_tokens":100,"messages":[{"role":"user","content":"h\u0069"}],"stream" : false,"x":1.50}"#;
    let url = format!("{}/messages", stage.gateway.base_url());
    let answer = stage
        .client
        .post(url)
        .bearer_auth(&stage.key)
        .header("anthropic-beta", "context-1m,other")
        .body(body)
        .send()
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.json::<Value>().unwrap()["content"][0]["text"], TEXT);
    let sent = stage.fake.last();
    assert_eq!(sent.path, "/model/eu.anthropic.claude-fake-v1%3A0/invoke");
    let expected = body
        .replace(r#""model": "br/claude""#, r#""anthropic_version":"bedrock-2023-05-31""#)
        .replace(r#""stream" : false,"#, "")
        .replacen('{', r#"{"anthropic_beta":["context-1m","other"],"#, 1);
    assert_eq!(String::from_utf8(sent.body.clone()).unwrap(), expected);
    let answer = stage.messages("br/anthropic.claude-fake-think", json!({"stream": true}));
    assert!(header(&answer, "content-type").starts_with("text/event-stream"));
    let id = header(&answer, "x-optscale-trace-id");
    let text = answer.text().unwrap();
    assert!(
        text.starts_with("event: message_start\ndata: {")
            && text.contains("event: message_stop")
            && text.contains(SIGNATURE),
        "{text}"
    );
    let sent = stage.fake.last();
    assert_eq!(sent.path, "/model/anthropic.claude-fake-think/invoke-with-response-stream");
    assert_eq!((sent.json().get("stream"), sent.json().get("model")), (None, None));
    let trace = stage.trace(&id);
    assert_eq!(
        (&trace["status"], &trace["output_tokens"], &trace["input_tokens"]),
        (&json!("ok"), &json!(8), &json!(11))
    );
    let body: Value = stage.messages("br/anthropic.claude-fake-tool", json!({"tools": their_tools()})).json().unwrap();
    assert_eq!(body["content"][0]["name"], "get_weather");
    // Callers of other protocols get the same.
    let body: Value = stage.chat("br/us.anthropic.claude-fake-tool", json!({"tools": tools()})).json().unwrap();
    assert_eq!(body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], WEATHER);
    assert!(stage.chat("br/claude", json!({"stream": true})).text().unwrap().ends_with("data: [DONE]\n\n"));
    assert_eq!(stage.fake.last().path, "/model/eu.anthropic.claude-fake-v1%3A0/invoke-with-response-stream");
}

#[test]
fn failures_in_streams_are_told() {
    let stage = set();
    for model in ["br/fake", "br/anthropic.claude-fake"] {
        for fault in ["errevent", "cut"] {
            let answer = stage.messages(&format!("{model}-{fault}"), json!({"stream": true}));
            let id = header(&answer, "x-optscale-trace-id");
            let text = answer.text().unwrap();
            assert!(text.contains("event: error"), "{model} {fault}: {text}");
            assert_eq!(stage.trace(&id)["status"], "error", "{model} {fault}");
            let text = stage.chat(&format!("{model}-{fault}"), json!({"stream": true})).text().unwrap();
            assert!(text.contains("\"error\"") && !text.contains("[DONE]"), "{model} {fault}: {text}");
        }
    }
    let text = stage.chat("br/fake-malformed", json!({"stream": true})).text().unwrap();
    assert!(text.contains("checksum"), "{text}");
}

#[test]
fn refusals_say_what_is_wrong() {
    let stage = set();
    for model in ["br/fake", "br/claude"] {
        let words = json!({"message": "The provided model identifier is invalid."}).to_string();
        stage.fake.answer_with(400, JSON, words.clone());
        let (status, _, message) = error(stage.chat(model, json!({})));
        assert_eq!((status, message.as_str()), (400, "The provided model identifier is invalid."), "{model}");
        stage.fake.answer_with(400, JSON, words);
        let refused: Value = stage.messages(model, json!({})).json().unwrap();
        assert_eq!(
            (&refused["type"], &refused["error"]["type"]),
            (&json!("error"), &json!("invalid_request_error")),
            "{model}: {refused}"
        );
        stage.fake.answer_with(
            403,
            JSON,
            json!({"message": "You don't have access to the model with the specified model ID."}).to_string(),
        );
        assert_eq!(error(stage.chat(model, json!({}))).0, 403, "{model}");
        let answer = stage
            .chat(&format!("{}-e429", if model == "br/fake" { model } else { "br/anthropic.claude-fake" }), json!({}));
        assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_str()), (429, "7"), "{model}");
    }
    add(&stage.home, &stage.fake.url(), "bad", Some("AKIATEST:wrong-secret"));
    for model in ["bad/fake", "bad/claude"] {
        let (status, code, message) = error(stage.chat(model, json!({})));
        assert_eq!((status, code.as_str()), (502, "provider_key_rejected"), "{message}");
    }
}

#[test]
fn what_it_costs_is_known() {
    let stage = set();
    let body = json!({"output": {"message": {"role": "assistant", "content": [{"text": "hi"}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 1000, "outputTokens": 100, "totalTokens": 1100}});
    stage.fake.answer_with(200, JSON, body.to_string());
    let answer = stage.chat("br/amazon.nova-lite-v1:0", json!({}));
    assert_eq!(stage.trace_of(&answer)["cost_usd"], "0.000084");
}

#[test]
fn every_kind_of_credential_signs() {
    let stage = Stage::set(&[]);
    let exported = json!({"Version": 1, "AccessKeyId": "ASIAJSON", "SecretAccessKey": AWS_SECRET, "SessionToken": "t"})
        .to_string();
    for (name, key, begins) in [
        ("key", fake::AWS_KEY.to_owned(), "Bearer provider-secret"),
        ("long", format!("AKIALONG:{AWS_SECRET}"), "AWS4-HMAC-SHA256 Credential=AKIALONG/"),
        ("exported", exported, "AWS4-HMAC-SHA256 Credential=ASIAJSON/"),
    ] {
        add(&stage.home, &stage.fake.url(), name, Some(&key));
        assert_eq!(stage.chat(&format!("{name}/fake"), json!({})).status(), 200, "{name}");
        assert!(stage.fake.last().header("authorization").unwrap().starts_with(begins), "{name}");
        let checks = stage.home.json(&["provider", "test", name, "--model", "fake"]);
        assert!(checks.as_array().unwrap().iter().all(|check| check["result"] == "ok"), "{name}: {checks}");
    }
    assert!(stage.home.json(&["provider", "models", "long"]).to_string().contains("long/fake-tools"));
}

#[test]
fn credentials_are_read_from_the_environment_at_use() {
    let (fake, home) = (Fake::start(), Home::new());
    add(&home, &fake.url(), "bedrock", None);
    let key = home.key("app", &[]);
    let ask = |variables: &[(&str, &str)]| {
        let mut command = home.command(&["serve", "--listen", "127.0.0.1:0"]);
        command.envs(variables.iter().copied());
        let gateway = Gateway::start(command);
        let url = format!("{}/chat/completions", gateway.base_url());
        let body = json!({"model": "bedrock/fake", "messages": [{"role": "user", "content": "hi"}]}).to_string();
        Client::new().post(url).bearer_auth(&key).body(body).send().unwrap()
    };
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", AWS_SECRET), ("AWS_SESSION_TOKEN", "tok")];
    assert_eq!(ask(&keys).status(), 200);
    assert_eq!(fake.last().header("x-amz-security-token"), Some("tok"));
    assert!(fake.last().header("authorization").unwrap().contains("Credential=AKIAENV/"));
    assert_eq!(ask(&[("AWS_BEARER_TOKEN_BEDROCK", fake::AWS_KEY)]).status(), 200);
    let (status, code, message) = error(ask(&[]));
    assert_eq!((status, code.as_str()), (502, "provider_key_rejected"));
    assert!(message.contains("AWS_ACCESS_KEY_ID") && message.contains("provider edit bedrock"), "{message}");
}
