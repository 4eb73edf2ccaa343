//! Azure OpenAI, as the fake provider plays it: both forms of its API, keys and tokens, filters, errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::{TEXT, TOKEN, WEATHER};
use gateway::PROVIDER_KEY;
use serde_json::{Value, json};
use stage::{Stage, error, header};

const JSON: &[(&str, &str)] = &[("content-type", "application/json")];

fn add(stage: &Stage, name: &str, settings: &[&str]) {
    let url = format!("{}/openai/v1/", stage.fake.url());
    let mut words = vec!["provider", "add", "azure", "--name", name, "--base-url", &url, "--api-key-env", "FAKE_KEY"];
    words.extend(settings.iter().flat_map(|setting| ["--set", *setting]));
    stage.home.run(&words);
}

/// `az` in the newer form, `old` in the dated one; both know a model by another name.
fn set() -> Stage {
    let stage = Stage::set(&[]);
    add(&stage, "az", &["deployment.gpt-4.1=fake-prod"]);
    add(&stage, "old", &["api_version=2024-10-21", "deployment.gpt-4.1=fake-prod"]);
    stage
}

#[test]
fn each_form_has_its_own_paths() {
    let stage = set();
    for (model, path, name) in [
        ("az/gpt-4.1", "/openai/v1/chat/completions", "fake-prod"),
        ("az/fake", "/openai/v1/chat/completions", "fake"),
        ("old/gpt-4.1", "/openai/deployments/fake-prod/chat/completions?api-version=2024-10-21", "fake-prod"),
        ("old/fake s1", "/openai/deployments/fake%20s1/chat/completions?api-version=2024-10-21", "fake s1"),
    ] {
        let body = format!(
            r#"{{ "messages":[{{"role":"user","content":"h\u0069"}}],"model":"{model}","top_p":0.50,"data_sources":[]}}"#
        );
        let answer = stage.post("/chat/completions", body.clone());
        assert_eq!(answer.status(), 200, "{model}");
        assert_eq!(header(&answer, "x-optscale-model"), model.split_once('/').unwrap().1);
        let sent = stage.fake.last();
        assert_eq!(sent.path, path);
        assert_eq!(String::from_utf8(sent.body.clone()).unwrap(), body.replace(model, name), "nothing else is touched");
        assert_eq!((sent.header("api-key"), sent.header("authorization")), (Some(PROVIDER_KEY), None));
    }
}

#[test]
fn every_task_goes_where_it_is_done() {
    let stage = set();
    for (path, body, sent) in [
        ("/embeddings", json!({"model": "az/fake", "input": "a"}), "/openai/v1/embeddings"),
        (
            "/embeddings",
            json!({"model": "old/fake", "input": "a"}),
            "/openai/deployments/fake/embeddings?api-version=2024-10-21",
        ),
        ("/responses", json!({"model": "az/fake", "input": "hi"}), "/openai/v1/responses"),
        ("/responses", json!({"model": "old/gpt-4.1", "input": "hi"}), "/openai/responses?api-version=2024-10-21"),
        (
            "/completions",
            json!({"model": "old/fake", "prompt": "hi"}),
            "/openai/deployments/fake/completions?api-version=2024-10-21",
        ),
        (
            "/images/generations",
            json!({"model": "old/fake", "prompt": "hi"}),
            "/openai/deployments/fake/images/generations?api-version=2024-10-21",
        ),
        ("/images/generations", json!({"model": "az/gpt-4.1", "prompt": "hi"}), "/openai/v1/images/generations"),
        ("/audio/speech", json!({"model": "az/fake", "input": "hi", "voice": "alloy"}), "/openai/v1/audio/speech"),
    ] {
        let answer = stage.post(path, body.to_string());
        assert_eq!(answer.status(), 200, "{path} {body}: {}", answer.text().unwrap());
        assert_eq!(stage.fake.last().path, sent);
    }
    assert_eq!(stage.fake.last().header("api-key"), Some(PROVIDER_KEY));
    let refused = stage.post("/moderations", json!({"model": "az/fake", "input": "hi"}).to_string());
    assert_eq!(error(refused).1, "unsupported_feature");
    for (provider, path) in
        [("az", "/openai/v1/files?limit=2"), ("old", "/openai/files?api-version=2024-10-21&limit=2")]
    {
        let url = format!("{}/files?limit=2", stage.gateway.base_url());
        let answer =
            stage.client.get(url).bearer_auth(&stage.key).header("x-optscale-provider", provider).send().unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(stage.fake.last().path, path);
    }
}

#[test]
fn what_was_answered_is_asked_for_at_the_same_place() {
    let stage = set();
    let made: Value = stage.post("/responses", json!({"model": "old/fake", "input": "hi"}).to_string()).json().unwrap();
    let id = made["id"].as_str().unwrap();
    let url = format!("{}/responses/{id}", stage.gateway.base_url());
    let shown = stage.client.get(url).bearer_auth(&stage.key).send().unwrap();
    assert_eq!(shown.status(), 200);
    let asked = stage.fake.last();
    assert_eq!(asked.path, format!("/openai/responses/{id}?api-version=2024-10-21"));
    assert_eq!(asked.header("api-key"), Some(PROVIDER_KEY));
}

#[test]
fn callers_of_both_protocols_get_words_streams_and_tools() {
    let stage = set();
    let tools = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}]);
    let theirs = json!([{"name": "get_weather", "input_schema": {"type": "object"}}]);
    for provider in ["az", "old"] {
        let (plain, calls) = (format!("{provider}/fake"), format!("{provider}/fake-tool"));
        let body: Value = stage.chat(&plain, json!({})).json().unwrap();
        assert_eq!(body["choices"][0]["message"]["content"], TEXT);
        let body: Value = stage.chat(&calls, json!({"tools": tools})).json().unwrap();
        assert_eq!(body["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"], WEATHER);
        let answer = stage.chat(&plain, json!({"stream": true}));
        let id = header(&answer, "x-optscale-trace-id");
        assert!(answer.text().unwrap().ends_with("data: [DONE]\n\n"));
        let trace = stage.trace(&id);
        assert_eq!(
            (&trace["status"], &trace["input_tokens"], &trace["output_tokens"]),
            (&json!("ok"), &json!(11), &json!(5))
        );

        let body: Value = stage.messages(&plain, json!({})).json().unwrap();
        assert_eq!(body["content"][0]["text"], TEXT);
        let sent = stage.fake.last().json();
        assert_eq!((&sent["max_completion_tokens"], &sent["max_tokens"]), (&json!(100), &Value::Null));
        let body: Value = stage.messages(&calls, json!({"tools": theirs})).json().unwrap();
        assert_eq!(body["content"][0]["name"], "get_weather");
        let text = stage.messages(&plain, json!({"stream": true})).text().unwrap();
        assert!(text.contains("event: message_stop"), "{text}");
    }
}

#[test]
fn what_its_filters_say_is_kept() {
    let stage = set();
    let fine = json!({"hate": {"filtered": false, "severity": "safe"}});
    let whole = json!({"id": "c", "object": "chat.completion", "created": 1, "model": "gpt-4.1-2025-04-14",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": fine}],
        "choices": [{"index": 0, "content_filter_results": fine, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hi"}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}}).to_string();
    stage.fake.answer_with(200, JSON, whole.clone());
    let answer = stage.chat("az/gpt-4.1", json!({}));
    let trace = stage.trace_of(&answer);
    assert_eq!(answer.text().unwrap(), whole);
    // Its price is the catalogue's for the model, whatever the deployment is called.
    assert_eq!(trace["cost_usd"], "0.0028");
    let frames = [
        "data: {\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"},\"content_filter_results\":{\"hate\":{\"filtered\":false}},\"finish_reason\":null}]}\n\n",
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"content_filter_results\":{},\"finish_reason\":\"content_filter\"}]}\n\n",
        "data: [DONE]\n\n",
    ];
    stage.fake.answer_chunks(&frames);
    let text = stage.chat("az/fake", json!({"stream": true})).text().unwrap();
    assert_eq!(text, frames.concat());
    let refused = json!({"error": {"message": "The response was filtered.", "type": null, "param": "prompt", "code": "content_filter",
        "status": 400, "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": true}}}}}).to_string();
    stage.fake.answer_with(400, JSON, refused.clone());
    let answer = stage.chat("az/fake", json!({}));
    assert_eq!((answer.status().as_u16(), answer.text().unwrap()), (400, refused.clone()));
    stage.fake.answer_with(400, JSON, refused);
    let answer = stage.messages("az/fake", json!({}));
    assert_eq!(answer.status(), 400);
    assert_eq!(answer.json::<Value>().unwrap()["error"]["message"], "The response was filtered.");
}

#[test]
fn errors_say_what_is_wrong() {
    let stage = set();
    let missing = json!({"error": {"code": "DeploymentNotFound", "message": "The API deployment for this resource does not exist."}});
    stage.fake.answer_with(404, JSON, missing.to_string());
    let (status, code, message) = error(stage.chat("az/fake", json!({})));
    assert_eq!((status, code.as_str(), message.starts_with("The API deployment")), (404, "DeploymentNotFound", true));
    stage.fake.answer_with(
        401,
        JSON,
        json!({"statusCode": 401, "message": "Access denied due to invalid subscription key."}).to_string(),
    );
    let (status, code, _) = error(stage.chat("az/fake", json!({})));
    assert_eq!((status, code.as_str()), (502, "provider_key_rejected"));
    let answer = stage.chat("az/fake-e429", json!({}));
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_str()), (429, "7"));
    let text = stage.messages("old/fake-errevent", json!({"stream": true})).text().unwrap();
    assert!(text.contains("event: error"), "{text}");
}

#[test]
fn an_application_gets_one_token_for_all_calls() {
    let stage = Stage::set(&[]);
    let authority = format!("authority={}", stage.fake.url());
    add(&stage, "app", &[&authority, "tenant=t1", "client_id=c1"]);
    for _ in 0..3 {
        assert_eq!(stage.chat("app/fake", json!({})).status(), 200);
        let sent = stage.fake.last();
        assert_eq!(sent.header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
        assert_eq!((sent.header("api-key"), sent.header("x-api-key")), (None, None));
    }
    assert_eq!(
        stage.post("/audio/speech", json!({"model": "app/fake", "input": "a", "voice": "b"}).to_string()).status(),
        200
    );
    assert_eq!(stage.fake.last().header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    let tokens: Vec<_> = stage.fake.requests().into_iter().filter(|asked| asked.path.contains("oauth2")).collect();
    assert_eq!((tokens.len(), tokens[0].path.as_str()), (1, "/t1/oauth2/v2.0/token"));
    let form = String::from_utf8(tokens[0].body.clone()).unwrap();
    assert!(
        form.starts_with("grant_type=client_credentials&client_id=c1&client_secret=provider-secret&scope=https%3A"),
        "{form}"
    );
    // A token that the provider does not take is not sent twice.
    stage.fake.answer_with(401, JSON, "{}");
    assert_eq!(stage.chat("app/fake", json!({})).status(), 502);
    assert_eq!(stage.chat("app/fake", json!({})).status(), 200);
    let tokens = stage.fake.requests().iter().filter(|asked| asked.path.contains("oauth2")).count();
    assert_eq!(tokens, 2);
}

#[test]
fn a_token_that_cannot_be_had_is_a_clear_error() {
    let stage = Stage::set(&[]);
    let authority = format!("authority={}", stage.fake.url());
    add(&stage, "app", &[&authority, "tenant=wrong", "client_id=c1"]);
    let answer = stage.chat("app/fake", json!({}));
    let trace = stage.trace_of(&answer);
    let (status, code, message) = error(answer);
    assert_eq!((status, code.as_str()), (502, "provider_key_rejected"));
    assert!(
        message.contains("AADSTS90002: Tenant 'wrong' not found.") && message.contains("provider edit app"),
        "{message}"
    );
    assert_eq!(
        (&trace["status"], &trace["cost_usd"], &trace["input_tokens"]),
        (&json!("error"), &json!("0"), &json!(0))
    );
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("authority=http://{}", free.local_addr().unwrap());
    drop(free);
    add(&stage, "lost", &[&nobody, "tenant=t1", "client_id=c1"]);
    let (status, code, message) = error(stage.chat("lost/fake", json!({})));
    assert_eq!((status, code.as_str()), (502, "provider_unreachable"));
    assert!(message.contains("no token can be made"), "{message}");
    let output = stage.home.command(&["provider", "test", "lost", "--model", "fake"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(5) && said.contains("no token can be made"), "{said}");
}

#[test]
fn tests_and_the_doctor_ask_it_too() {
    let stage = set();
    for (provider, path) in [("az", "/openai/v1/models"), ("old", "/openai/models?api-version=2024-10-21")] {
        let checks = stage.home.json(&["provider", "test", provider, "--model", "fake"]);
        let results: Vec<_> =
            checks.as_array().unwrap().iter().map(|check| check["result"].as_str().unwrap()).collect();
        assert_eq!(results, ["ok", "ok", "ok"], "{checks}");
        assert!(stage.fake.requests().iter().any(|asked| asked.path == path && asked.header("api-key").is_some()));
        let looked = stage.home.command(&["doctor", "-o", "json"]).output().unwrap();
        let text = String::from_utf8_lossy(&looked.stdout).into_owned();
        assert!(text.contains(&format!("provider:{provider}")), "{text}");
    }
}
