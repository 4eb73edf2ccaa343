//! Gemini's protocol on both sides of the gateway, against the fake provider.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::{COUNTED, LOOKING, PERSON, SIGNATURE, TEXT, THOUGHT, WEATHER};
use gateway::PROVIDER_KEY;
use serde_json::{Value, json};
use stage::{Stage, header};

const PROVIDERS: [&str; 3] = ["oa", "an", "ge"];

fn ask(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

fn weather() -> Value {
    let mut body = ask("How is the weather?");
    body["tools"] = json!([{"functionDeclarations": [
        {"name": "get_weather", "description": "d", "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}, "unit": {"type": "STRING"}}}},
        {"name": "get_time", "parametersJsonSchema": {"type": "object", "properties": {"zone": {"type": "string"}}}}]}]);
    body
}

/// The responses of a stream of server-sent events.
fn events(text: &str) -> Vec<Value> {
    let data = text.split("\n").filter_map(|line| line.trim_end().strip_prefix("data: "));
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

/// All parts of the first candidate, words joined, thoughts and calls apart.
fn spoken(responses: &[Value]) -> (String, String, Vec<Value>) {
    let (mut said, mut thought, mut calls) = (String::new(), String::new(), Vec::new());
    for part in responses.iter().flat_map(|response| response["candidates"][0]["content"]["parts"].as_array().unwrap())
    {
        match part["text"].as_str() {
            Some(text) if part["thought"] == true => thought += text,
            Some(text) => said += text,
            None => calls.push(part.clone()),
        }
    }
    (said, thought, calls)
}

#[test]
fn the_same_dialect_goes_through_as_bytes() {
    let stage = Stage::set(&[]);
    let body =
        r#" {"contents":[{"role":"user","parts":[{"text":"hi\u0021"}]}],  "generationConfig":{"temperature":1.50}}"#;
    let url = format!("{}/v1/v1beta/ge%2Ffake:generateContent?key={}", stage.gateway.root(), stage.key);
    let answer = stage.client.post(url).body(body).send().unwrap();
    assert_eq!(answer.status(), 200);
    let trace = stage.trace_of(&answer);
    let text = answer.text().unwrap();
    assert!(text.contains(TEXT) && text.contains("promptTokensDetails"), "{text}");
    let sent = stage.fake.last();
    assert_eq!((sent.path.as_str(), sent.body.as_slice()), ("/v1beta/models/fake:generateContent", body.as_bytes()));
    assert_eq!((sent.header("x-goog-api-key"), sent.header("authorization")), (Some(PROVIDER_KEY), None));
    assert_eq!(
        (&trace["input_tokens"], &trace["output_tokens"], &trace["status"]),
        (&json!(11), &json!(5), &json!("ok"))
    );
}

#[test]
fn streams_come_as_events_or_as_one_array() {
    let stage = Stage::set(&[]);
    for provider in PROVIDERS {
        let model = format!("{provider}/fake-think");
        let answer = stage.gemini(&model, "streamGenerateContent?alt=sse", &ask("hi"));
        assert!(header(&answer, "content-type").starts_with("text/event-stream"), "{provider}");
        let id = header(&answer, "x-optscale-trace-id");
        let pieces = events(&answer.text().unwrap());
        let (said, thought, _) = spoken(&pieces);
        assert_eq!((said.as_str(), thought.as_str()), (TEXT, THOUGHT), "{provider}");
        let last = pieces.last().unwrap();
        assert_eq!(last["candidates"][0]["finishReason"], "STOP", "{provider}: {last}");
        assert_eq!(last["usageMetadata"]["promptTokenCount"], 11, "{provider}: {last}");
        let trace = stage.trace(&id);
        assert_eq!(
            (&trace["status"], &trace["stream"], &trace["output_tokens"]),
            (&json!("ok"), &json!(true), &json!(8))
        );

        let answer = stage.gemini(&model, "streamGenerateContent", &ask("hi"));
        assert!(header(&answer, "content-type").starts_with("application/json"), "{provider}");
        let pieces: Vec<Value> = answer.json().unwrap();
        assert_eq!(spoken(&pieces).0, TEXT, "{provider}");
    }
}

#[test]
fn tools_go_round_with_every_provider() {
    let stage = Stage::set(&[]);
    for provider in PROVIDERS {
        for verb in ["generateContent", "streamGenerateContent"] {
            let model = format!("{provider}/fake-tools-think");
            let mut body = weather();
            let answer = stage.gemini(&model, verb, &body);
            assert_eq!(answer.status(), 200, "{provider}");
            let answer: Value = answer.json().unwrap();
            let pieces = answer.as_array().cloned().unwrap_or_else(|| vec![answer]);
            let (said, thought, calls) = spoken(&pieces);
            assert_eq!((said.as_str(), thought.as_str()), (LOOKING, THOUGHT), "{provider}");
            let args: Value = serde_json::from_str(WEATHER).unwrap();
            assert_eq!((calls.len(), &calls[0]["functionCall"]["args"]), (2, &args), "{provider}");
            // As SDKs do: each piece is sent back as it came.
            let contents = body["contents"].as_array_mut().unwrap();
            contents.extend(pieces.iter().map(|piece| piece["candidates"][0]["content"].clone()));
            let results = calls.iter().map(|call| {
                let call = &call["functionCall"];
                json!({"functionResponse": {"id": call["id"], "name": call["name"], "response": {"result": call["name"]}}})
            });
            contents.push(json!({"role": "user", "parts": results.collect::<Vec<_>>()}));
            let answer: Value = stage.gemini(&model, "generateContent", &body).json().unwrap();
            assert_eq!(spoken(&[answer]).0, "Results: get_weather | get_time", "{provider}");
            let sent = stage.fake.last().json();
            if provider == "an" {
                let thought = json!({"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE});
                assert_eq!(sent["messages"][1]["content"][0], thought, "{verb}: {sent}");
            }
        }
    }
}

/// A caller of another protocol sends Gemini's seals back with the calls that they belong to.
#[test]
fn seals_come_back_from_every_caller() {
    let stage = Stage::set(&[]);
    let tools = json!([{"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}}]);
    for stream in [false, true] {
        let more = json!({"tools": tools, "stream": stream, "reasoning_effort": "low"});
        let answer = stage.chat("ge/fake-tool-think", more);
        assert_eq!(answer.status(), 200);
        let text = answer.text().unwrap();
        let call = if stream {
            let chunks = events(&text.replace("data: [DONE]", ""));
            let deltas = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"][0].as_object());
            let first = Value::from(deltas.clone().next().unwrap().clone());
            let arguments: String = deltas.filter_map(|delta| delta["function"]["arguments"].as_str()).collect();
            json!({"id": first["id"], "type": "function", "extra_content": first["extra_content"],
                "function": {"name": "get_weather", "arguments": arguments}})
        } else {
            let body: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(body["choices"][0]["message"]["reasoning_content"], THOUGHT);
            body["choices"][0]["message"]["tool_calls"][0].clone()
        };
        assert_eq!(call["extra_content"]["google"]["thought_signature"], SIGNATURE, "{text}");
        let messages = json!([{"role": "user", "content": "?"}, {"role": "assistant", "content": null, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call["id"], "content": "sunny"}]);
        let answer = stage.chat("ge/fake", json!({"messages": messages, "tools": tools}));
        let body: Value = answer.json().unwrap();
        assert_eq!(body["choices"][0]["message"]["content"], "Results: sunny", "{body}");
        let sent = stage.fake.last().json();
        let part = &sent["contents"][1]["parts"][0];
        assert_eq!(
            (&part["thoughtSignature"], &part["functionCall"]["name"]),
            (&json!(SIGNATURE), &json!("get_weather"))
        );
    }
    let tools = json!([{"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}]);
    let answer = stage.messages("ge/fake-tool-think", json!({"tools": tools}));
    let content = answer.json::<Value>().unwrap()["content"].clone();
    let id = content.as_array().unwrap().last().unwrap()["id"].clone();
    let messages = json!([{"role": "user", "content": "?"}, {"role": "assistant", "content": content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": id, "content": "sunny"}]}]);
    let body: Value = stage.messages("ge/fake", json!({"messages": messages, "tools": tools})).json().unwrap();
    assert_eq!(body["content"][0]["text"], "Results: sunny", "{body}");
    let sent = stage.fake.last().json();
    assert!(sent["contents"][1].to_string().contains(&format!("\"thoughtSignature\":\"{SIGNATURE}\"")), "{sent}");
    // Another provider gets none of them.
    let body: Value = stage.messages("an/fake", json!({"messages": messages, "tools": tools})).json().unwrap();
    assert_eq!(body["content"][0]["text"].as_str().map(|_| ()), Some(()), "{body}");
}

/// Google's own endpoint for OpenAI's protocol, and gateways that copy it, seal calls in `extra_content`.
#[test]
fn seals_go_round_through_an_openai_provider() {
    let stage = Stage::set(&[]);
    let call = json!({"id": "c1", "type": "function", "function": {"name": "get_weather", "arguments": "{}"},
        "extra_content": {"google": {"thought_signature": SIGNATURE}}});
    let whole = json!({"id": "x", "object": "chat.completion", "created": 1, "model": "gemini-3-pro", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": null, "tool_calls": [call]}, "finish_reason": "tool_calls"}]});
    stage.fake.answer_with(200, &[("content-type", "application/json")], whole.to_string());
    let body: Value = stage.messages("oa/gemini-3-pro", json!({})).json().unwrap();
    let content = body["content"].clone();
    assert_eq!(content[0]["signature"], format!("gemini:{SIGNATURE}"), "{body}");
    let messages = json!([{"role": "user", "content": "?"}, {"role": "assistant", "content": content},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "sunny"}]}]);
    let answer = stage.messages("oa/gemini-3-pro", json!({"messages": messages}));
    assert_eq!(answer.status(), 200);
    let sent = stage.fake.last().json();
    assert_eq!(sent["messages"][1]["tool_calls"][0]["extra_content"], call["extra_content"], "{sent}");
    assert_eq!(stage.messages("oa/fake", json!({"messages": messages})).status(), 200);
    assert!(!stage.fake.last().json().to_string().contains(SIGNATURE));
}

#[test]
fn structured_answers_counts_and_limits() {
    let stage = Stage::set(&[]);
    for provider in PROVIDERS {
        let model = format!("{provider}/fake");
        let mut body = ask("who?");
        body["generationConfig"] = json!({"responseMimeType": "application/json",
            "responseSchema": {"type": "OBJECT", "properties": {"name": {"type": "STRING"}, "age": {"type": "INTEGER"}}}});
        let answer: Value = stage.gemini(&model, "generateContent", &body).json().unwrap();
        assert_eq!(spoken(&[answer]).0, PERSON, "{provider}");
        let mut body = ask("who?");
        body["generation_config"] = json!({"max_output_tokens": 2});
        if provider != "ge" {
            let answer: Value = stage.gemini(&model, "generateContent", &body).json().unwrap();
            assert_eq!(answer["candidates"][0]["finishReason"], "MAX_TOKENS", "{provider}");
        }
        let count: Value = stage.gemini(&model, "countTokens", &ask("who?")).json().unwrap();
        let counted = count["totalTokens"].as_u64().unwrap();
        assert!(if provider == "oa" { counted > 0 } else { counted == COUNTED }, "{provider}: {count}");
    }
}

#[test]
fn embeddings_name_the_model_everywhere() {
    let stage = Stage::set(&[]);
    let content = json!({"parts": [{"text": "a"}]});
    let one = stage.gemini("ge/fake", "embedContent", &json!({"content": content, "outputDimensionality": 4}));
    assert_eq!(one.json::<Value>().unwrap()["embedding"]["values"][0], 0.5);
    let request = json!({"model": "models/ge/fake", "content": content});
    let many = stage.gemini("ge/fake", "batchEmbedContents", &json!({"requests": [request, request]}));
    assert_eq!(many.json::<Value>().unwrap()["embeddings"].as_array().unwrap().len(), 2);
    assert_eq!(stage.fake.last().json()["requests"][1]["model"], "models/fake");
    let elsewhere = stage.gemini("oa/fake", "embedContent", &json!({"content": content}));
    assert!(elsewhere.json::<Value>().unwrap()["embedding"]["values"][0].is_number());
    stage.home.run(&[
        "provider",
        "add",
        "google",
        "--base-url",
        &format!("{}/v1beta/openai", stage.fake.url()),
        "--api-key-env",
        "FAKE_KEY",
    ]);
    let body = json!({"model": "google/fake", "input": "a"}).to_string();
    assert_eq!(stage.post("/embeddings", body).status(), 200);
    let sent = stage.fake.last();
    assert_eq!(sent.path, "/v1beta/openai/embeddings");
    assert_eq!(sent.header("authorization"), Some(format!("Bearer {PROVIDER_KEY}").as_str()));
    assert_eq!(stage.chat("google/fake", json!({})).status(), 200);
    assert_eq!(stage.fake.last().path, "/v1beta/models/fake:generateContent");
}

#[test]
fn models_are_listed_in_geminis_shape() {
    let stage = Stage::set(&[]);
    stage.home.run(&["provider", "edit", "ge", "--model", "fake"]);
    let get = |path: &str| {
        let url = format!("{}{path}", stage.gateway.root());
        stage.client.get(url).header("x-goog-api-key", &stage.key).send().unwrap().json::<Value>().unwrap()
    };
    let names = |body: &Value| {
        body["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    for path in ["/v1beta/models", "/v1/models", "/v1/v1beta/models?pageSize=5"] {
        assert!(names(&get(path)).contains(&"models/sandbox/echo".to_owned()), "{path}");
    }
    assert_eq!(get("/v1beta/models/ge/fake")["name"], "models/ge/fake");
    assert_eq!(get("/v1beta/models/nobody/x")["error"]["status"], "NOT_FOUND");
    let found = stage.home.json(&["provider", "models", "ge"]);
    assert!(found.to_string().contains("fake-tools"), "{found}");
}

#[test]
fn errors_have_googles_shape_on_both_sides() {
    let stage = Stage::set(&[]);
    let url = format!("{}/v1beta/models/ge/fake:generateContent", stage.gateway.root());
    let answer = stage.client.post(url).body(ask("hi").to_string()).send().unwrap();
    assert_eq!(answer.status(), 401);
    let error = answer.json::<Value>().unwrap()["error"].clone();
    assert_eq!(
        (&error["status"], &error["details"][0]["metadata"]["code"]),
        (&json!("UNAUTHENTICATED"), &json!("invalid_api_key"))
    );
    for provider in PROVIDERS {
        let answer = stage.gemini(&format!("{provider}/fake-e429"), "generateContent", &ask("hi"));
        assert_eq!(answer.status(), 429, "{provider}");
        let error = answer.json::<Value>().unwrap()["error"].clone();
        assert_eq!(error["status"], "RESOURCE_EXHAUSTED", "{provider}: {error}");
        let answer = stage.gemini(&format!("{provider}/fake-errevent"), "streamGenerateContent?alt=sse", &ask("hi"));
        let last = events(&answer.text().unwrap()).pop().unwrap();
        assert!(last["error"]["code"].as_u64().unwrap() >= 500, "{provider}: {last}");
        let answer = stage.gemini(&format!("{provider}/fake-cut"), "streamGenerateContent", &ask("hi"));
        let last = answer.json::<Vec<Value>>().unwrap().pop().unwrap();
        assert_eq!(last["error"]["status"], "INTERNAL", "{provider}: {last}");
    }
    let answer = stage.chat("ge/fake-e429", json!({}));
    assert_eq!((answer.status().as_u16(), header(&answer, "retry-after").as_str()), (429, "7"));
    let rejected = json!({"error": {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT",
        "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]}});
    stage.fake.answer_with(400, &[("content-type", "application/json")], rejected.to_string());
    let answer = stage.gemini("ge/fake", "generateContent", &ask("hi"));
    assert_eq!(answer.status(), 502);
    let unknown = stage.gemini("ge/fake", "predict", &ask("hi"));
    assert!(unknown.status().is_client_error());
}

#[test]
fn what_it_cost_is_known_in_googles_own_words() {
    let stage = Stage::set(&[]);
    stage.home.run(&["provider", "add", "google", "--base-url", &stage.fake.url(), "--api-key-env", "FAKE_KEY"]);
    let usage = json!({"promptTokenCount": 1000, "cachedContentTokenCount": 400, "candidatesTokenCount": 100,
        "thoughtsTokenCount": 200, "totalTokenCount": 1300});
    let body = json!({"candidates": [{"content": {"parts": [{"text": "hi"}], "role": "model"}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": usage, "modelVersion": "gemini-2.5-flash", "responseId": "r"});
    for chat in [true, false] {
        stage.fake.answer_with(200, &[("content-type", "application/json")], body.to_string());
        let answer = match chat {
            true => stage.chat("google/gemini-2.5-flash", json!({})),
            false => stage.gemini("google/gemini-2.5-flash", "generateContent", &ask("hi")),
        };
        let trace = stage.trace_of(&answer);
        let counted =
            (&trace["input_tokens"], &trace["output_tokens"], &trace["cache_read_tokens"], &trace["reasoning_tokens"]);
        assert_eq!(counted, (&json!(1000), &json!(300), &json!(400), &json!(200)));
        assert!(trace["cost_usd"].as_str().is_some_and(|cost| cost.starts_with("0.00")), "{trace}");
    }
}
