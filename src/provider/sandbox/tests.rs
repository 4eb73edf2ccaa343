use super::model::{SLOW_CHUNK, SLOW_WORDS};
use super::*;
use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;
use std::time::Duration;

/// Bytes so far, and whether the body ended well. No pause is waited for: only unpaced bodies are read.
fn read(response: Response<SandboxBody>) -> (u16, String, bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let status = response.status().as_u16();
        let mut body = response.into_body();
        let mut text = String::new();
        loop {
            match body.frame().await {
                Some(Ok(frame)) => text.push_str(std::str::from_utf8(frame.data_ref().unwrap()).unwrap()),
                Some(Err(_)) => return (status, text, false),
                None => return (status, text, true),
            }
        }
    })
}

fn whole(task: Task, request: &Value) -> Value {
    let (status, text, well) = read(answer(task, request.to_string().as_bytes()));
    assert_eq!((status, well), (200, true), "{text}");
    serde_json::from_str(&text).unwrap()
}

fn events(text: &str) -> Vec<Value> {
    let mut frames: Vec<&str> =
        text.split_terminator("\n\n").map(|frame| frame.strip_prefix("data: ").unwrap()).collect();
    assert_eq!(frames.pop(), Some("[DONE]"));
    frames.into_iter().map(|frame| serde_json::from_str(frame).unwrap()).collect()
}

fn stream(task: Task, request: &Value) -> Vec<Value> {
    let response = answer(task, request.to_string().as_bytes());
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    events(&read(response).1)
}

fn chat(model: &str, text: &str) -> Value {
    json!({"model": model, "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": text}]})
}

fn with(mut request: Value, more: Value) -> Value {
    request.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    request
}

fn said(events: &[Value]) -> String {
    events.iter().filter_map(|event| event.pointer("/choices/0/delta/content")?.as_str()).collect()
}

fn tool(name: &str) -> Value {
    let schema = json!({"type": "object", "required": ["city", "days"],
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}, "unit": {"type": "string"}}});
    json!({"type": "function", "function": {"name": name, "parameters": schema}})
}

#[test]
fn echo_repeats_the_last_user_message_and_counts() {
    let reply = whole(Task::Chat, &chat("echo", "one two  three"));
    assert_eq!(reply["object"], "chat.completion");
    assert_eq!(reply["choices"][0]["message"]["content"], "one two  three");
    assert_eq!(reply["choices"][0]["finish_reason"], "stop");
    // 9 + 14 bytes of prompt, 14 of answer, four to a token.
    assert_eq!(reply["usage"]["prompt_tokens"], 6);
    assert_eq!(reply["usage"]["completion_tokens"], 4);
    assert_eq!(reply["usage"]["total_tokens"], 10);
    assert_eq!(reply["usage"]["prompt_tokens_details"]["cached_tokens"], 0);
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let request =
        with(chat("echo", "one two  three"), json!({"stream": true, "stream_options": {"include_usage": true}}));
    let events = stream(Task::Chat, &request);
    assert_eq!(said(&events), "one two  three");
    assert_eq!(events[0]["choices"][0]["delta"]["role"], "assistant");
    let (usage, rest) = events.split_last().unwrap();
    assert_eq!((usage["choices"].as_array().unwrap().len(), &usage["usage"]["total_tokens"]), (0, &json!(10)));
    assert!(rest.iter().all(|event| event["usage"].is_null() && event["object"] == "chat.completion.chunk"));
    assert_eq!(rest.last().unwrap()["choices"][0]["finish_reason"], "stop");
    let bare = stream(Task::Chat, &with(chat("echo", "hi"), json!({"stream": true})));
    assert!(bare.iter().all(|event| event.get("usage").is_none()));
}

#[test]
fn limits_and_stop_texts_are_honoured() {
    let cut = whole(Task::Chat, &with(chat("echo", "ääääää"), json!({"max_tokens": 2})));
    assert_eq!(cut["choices"][0]["message"]["content"], "ääää");
    assert_eq!(
        (&cut["choices"][0]["finish_reason"], &cut["usage"]["completion_tokens"]),
        (&json!("length"), &json!(2))
    );
    let stopped = whole(Task::Chat, &with(chat("echo", "one STOP two"), json!({"stop": ["none", " STOP"]})));
    assert_eq!(stopped["choices"][0]["message"]["content"], "one");
    let newer =
        whole(Task::Chat, &with(chat("echo", "12345678"), json!({"max_completion_tokens": 1, "max_tokens": 9})));
    assert_eq!(newer["choices"][0]["message"]["content"], "1234");
}

#[test]
fn the_same_body_gets_the_same_bytes() {
    for model in MODELS {
        for request in [chat(model, "hi"), with(chat(model, "hi"), json!({"stream": true}))] {
            let chunks = || -> Vec<Bytes> {
                answer(Task::Chat, request.to_string().as_bytes()).into_body().chunks().cloned().collect()
            };
            assert_eq!(chunks(), chunks());
        }
    }
    let one = whole(Task::Chat, &chat("echo", "hi"));
    assert_ne!(one["id"], whole(Task::Chat, &chat("echo", "ho"))["id"]);
}

#[test]
fn tools_calls_the_first_tool_or_the_named_one() {
    let offered = json!({"tools": [tool("weather"), tool("news")]});
    let reply = whole(Task::Chat, &with(chat("tools", "hi"), offered.clone()));
    let message = &reply["choices"][0]["message"];
    assert_eq!(reply["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!((&message["content"], message["tool_calls"].as_array().unwrap().len()), (&Value::Null, 1));
    assert_eq!(message["tool_calls"][0]["function"]["name"], "weather");
    assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"city":"example","days":1}"#);
    let named = json!({"tool_choice": {"type": "function", "function": {"name": "news"}}});
    let reply = whole(Task::Chat, &with(with(chat("tools", "hi"), offered.clone()), named));
    assert_eq!(reply["choices"][0]["message"]["tool_calls"][0]["function"]["name"], "news");
    let none = whole(Task::Chat, &with(with(chat("tools", "hi"), offered), json!({"tool_choice": "none"})));
    assert!(none["choices"][0]["message"]["content"].is_string());
}

#[test]
fn tools_calls_several_when_told() {
    let one = with(chat("tools", "In parallel, please"), json!({"tools": [tool("weather")]}));
    let calls = whole(Task::Chat, &one)["choices"][0]["message"]["tool_calls"].clone();
    assert_eq!(calls.as_array().unwrap().len(), 2);
    assert_ne!(calls[0]["id"], calls[1]["id"]);
    let single = with(one, json!({"parallel_tool_calls": false}));
    assert_eq!(whole(Task::Chat, &single)["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), 1);
}

#[test]
fn streamed_tool_calls_add_up() {
    let request = with(chat("tools", "parallel"), json!({"tools": [tool("weather"), tool("news")], "stream": true}));
    let mut arguments = [String::new(), String::new()];
    let mut names = Vec::new();
    let events = stream(Task::Chat, &request);
    for call in events.iter().filter_map(|event| event.pointer("/choices/0/delta/tool_calls/0")) {
        let index = call["index"].as_u64().unwrap() as usize;
        names.extend(call["function"]["name"].as_str());
        arguments[index].push_str(call["function"]["arguments"].as_str().unwrap());
    }
    assert_eq!(names, ["weather", "news"]);
    assert!(arguments.iter().all(|text| serde_json::from_str::<Value>(text).unwrap()["days"] == 1));
    assert_eq!(events.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn tools_quotes_results() {
    let messages = json!([
        {"role": "user", "content": "weather?"},
        {"role": "assistant", "content": null, "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "weather", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "c", "content": "sunny"},
    ]);
    let request = json!({"model": "tools", "messages": messages, "tools": [tool("weather")]});
    let reply = whole(Task::Chat, &request);
    assert_eq!(reply["choices"][0]["message"]["content"], "The tool answered: sunny");
    // weather? + name + {} + sunny
    assert_eq!(reply["usage"]["prompt_tokens"], 6);
}

#[test]
fn echo_fits_the_format_that_was_asked_for() {
    let schema = json!({"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}});
    let format = json!({"response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}});
    let reply = whole(Task::Chat, &with(chat("echo", "Ana"), format));
    assert_eq!(reply["choices"][0]["message"]["content"], r#"{"name":"Ana"}"#);
    let reply = whole(Task::Chat, &with(chat("echo", "Ana"), json!({"response_format": {"type": "json_object"}})));
    assert_eq!(reply["choices"][0]["message"]["content"], r#"{"echo":"Ana"}"#);
}

#[test]
fn parts_are_read_and_media_named() {
    let content = json!([{"type": "text", "text": "look: "}, {"type": "image_url", "image_url": {"url": "data:,"}}]);
    let request = json!({"model": "echo", "n": 2, "messages": [{"role": "user", "content": content}]});
    let reply = whole(Task::Chat, &request);
    assert_eq!(reply["choices"][1]["message"]["content"], "look: [image_url]");
    assert_eq!(reply["usage"]["completion_tokens"], 10);
}

#[test]
fn failing_models_fail_as_told() {
    for (model, wait) in [("error-429", true), ("error-503", true), ("error-500", false), ("error-418", false)] {
        let response = answer(Task::Chat, chat(model, "hi").to_string().as_bytes());
        assert_eq!(response.headers().get("retry-after").map(|value| value.as_bytes() == b"1"), wait.then_some(true));
        let (status, text, _) = read(response);
        assert_eq!(format!("error-{status}"), model);
        assert!(serde_json::from_str::<Value>(&text).unwrap()["error"]["message"].is_string());
    }
}

#[test]
fn cut_breaks_off_in_the_middle() {
    let (status, text, well) = read(answer(Task::Chat, chat("cut", "one two three").to_string().as_bytes()));
    assert_eq!((status, well), (200, false));
    assert!(serde_json::from_str::<Value>(&text).is_err() && text.starts_with('{'));
    let request = with(chat("cut", "one two three"), json!({"stream": true}));
    let (_, text, well) = read(answer(Task::Chat, request.to_string().as_bytes()));
    assert!(!well && text.contains("one ") && !text.contains("[DONE]") && !text.contains("\"stop\""));
}

#[test]
fn slow_takes_about_two_seconds() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let request = with(chat("slow", "hi"), json!({"stream": true}));
    let mut body = answer(Task::Chat, request.to_string().as_bytes()).into_body();
    let pauses = body.chunks().count() as u32 - 1;
    let total = SLOW_CHUNK * pauses;
    assert!(total > Duration::from_millis(1900) && total < Duration::from_millis(2300), "{total:?}");
    assert_eq!(SLOW_WORDS, 40);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(std::pin::Pin::new(&mut body).poll_frame(&mut context).is_ready());
    assert!(std::pin::Pin::new(&mut body).poll_frame(&mut context).is_pending());
    let mut whole = answer(Task::Chat, chat("slow", "hi").to_string().as_bytes()).into_body();
    assert!(std::pin::Pin::new(&mut whole).poll_frame(&mut context).is_pending());
}

#[test]
fn completions_continue_each_prompt() {
    let request = json!({"model": "echo", "prompt": ["one two", "three"], "n": 2, "max_tokens": 100});
    let reply = whole(Task::Completion, &request);
    let texts: Vec<&str> =
        reply["choices"].as_array().unwrap().iter().filter_map(|each| each["text"].as_str()).collect();
    assert_eq!((texts, &reply["object"]), (vec!["one two", "one two", "three", "three"], &json!("text_completion")));
    assert_eq!((&reply["usage"]["prompt_tokens"], &reply["usage"]["completion_tokens"]), (&json!(4), &json!(8)));
    let streamed =
        json!({"model": "echo", "prompt": "one two", "stream": true, "stream_options": {"include_usage": true}});
    let events = stream(Task::Completion, &streamed);
    let text: String = events.iter().filter_map(|event| event.pointer("/choices/0/text")?.as_str()).collect();
    assert_eq!((text.as_str(), &events.last().unwrap()["usage"]["total_tokens"]), ("one two", &json!(4)));
    assert_eq!(whole(Task::Completion, &json!({"model": "echo", "prompt": [1, 2]}))["usage"]["prompt_tokens"], 2);
}

#[test]
fn embeddings_are_unit_vectors_of_the_wanted_length() {
    let request = json!({"model": "echo", "input": ["a", "b", "a"], "dimensions": 20});
    let reply = whole(Task::Embedding, &request);
    let vector = |index: usize| -> Vec<f64> {
        reply["data"][index]["embedding"].as_array().unwrap().iter().filter_map(Value::as_f64).collect()
    };
    assert_eq!((vector(0).len(), vector(0) == vector(2), vector(0) == vector(1)), (20, true, false));
    assert!((vector(0).iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-5);
    assert_eq!(reply["usage"], json!({"prompt_tokens": 3, "total_tokens": 3}));
    let base64 = whole(Task::Embedding, &json!({"model": "echo", "input": "a", "encoding_format": "base64"}));
    assert_eq!(base64["data"][0]["embedding"].as_str().unwrap().len(), 44);
}

#[test]
fn wrong_requests_are_refused_with_the_place() {
    let table = [
        ("{", Value::Null),
        ("[]", Value::Null),
        ("{}", json!("model")),
        (r#"{"model": 1}"#, json!("model")),
        (r#"{"model": "echo"}"#, json!("messages")),
        (r#"{"model": "echo", "messages": []}"#, json!("messages")),
        (r#"{"model": "echo", "messages": [{"content": "x"}]}"#, json!("messages[0].role")),
        (r#"{"model": "echo", "messages": [{"role": "king"}]}"#, json!("messages[0].role")),
        (r#"{"model": "echo", "messages": [{"role": "user", "content": 1}]}"#, json!("messages[0].content")),
        (r#"{"model": "echo", "stream": "yes"}"#, json!("stream")),
        (r#"{"model": "echo", "max_tokens": 0}"#, json!("max_tokens")),
        (r#"{"model": "echo", "stream_options": {}}"#, json!("stream_options")),
    ];
    for (body, param) in table {
        let (status, text, _) = read(answer(Task::Chat, body.as_bytes()));
        let error = serde_json::from_str::<Value>(&text).unwrap()["error"].clone();
        assert_eq!((status, &error["type"], &error["param"]), (400, &json!("invalid_request_error"), &param), "{body}");
    }
}

#[test]
fn unknown_models_and_tasks_are_not_found() {
    for model in ["gpt-4", "error-200", "error-4290", "error-", ""] {
        let (status, text, _) = read(answer(Task::Chat, chat(model, "hi").to_string().as_bytes()));
        let error = serde_json::from_str::<Value>(&text).unwrap();
        assert_eq!((status, &error["error"]["code"]), (404, &json!("model_not_found")), "{model}");
    }
    assert_eq!(read(answer(Task::CountTokens, chat("echo", "hi").to_string().as_bytes())).0, 404);
}

#[test]
fn every_listed_model_answers_or_fails_on_purpose() {
    let list: Value = serde_json::from_str(&read(models()).1).unwrap();
    let ids: Vec<&str> = list["data"].as_array().unwrap().iter().filter_map(|card| card["id"].as_str()).collect();
    assert_eq!(ids, MODELS);
    assert!(MODELS.iter().all(|id| Model::parse(id).is_some()));
}
