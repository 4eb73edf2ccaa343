//! OpenAI's Responses end to end: byte for byte where the provider speaks them, translated where it does not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::{REDACTED, SIGNATURE, TEXT, THOUGHT, TIME, WEATHER};
use serde_json::{Value, json};
use stage::{Stage, chat, error, header};

/// A stage with two providers that speak Responses besides the usual ones: `rs`, which speaks nothing else, and `op`.
fn set() -> Stage {
    let stage = Stage::set(&[]);
    let url = stage.fake.openai_url();
    let add =
        ["provider", "add", "custom", "--name", "rs", "--protocol", "responses", "--base-url", &url, "--allow-http"];
    stage.home.run(&add);
    stage.home.run(&["provider", "add", "openai", "--name", "op", "--base-url", &url, "--api-key-env", "FAKE_KEY"]);
    stage
}

fn ask(model: &str, more: Value) -> Value {
    let mut body = json!({"model": model, "input": "Hello"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn create(stage: &Stage, model: &str, more: Value) -> Value {
    let answer = stage.post("/responses", ask(model, more).to_string());
    assert_eq!(answer.status(), 200);
    answer.json().unwrap()
}

/// The data of each event of a stream.
fn events(text: &str) -> Vec<Value> {
    let frames = text.split("\n\n").filter(|frame| !frame.trim().is_empty());
    let read = |frame: &str| {
        let data = frame.lines().find_map(|line| line.strip_prefix("data: "))?;
        let value: Value = serde_json::from_str(data).unwrap();
        let name = frame.lines().find_map(|line| line.strip_prefix("event: ")).unwrap();
        assert_eq!(value["type"], name);
        Some(value)
    };
    frames.filter_map(read).collect()
}

fn tools() -> Value {
    let tool = |name: &str| json!({"type": "function", "name": name, "parameters": {"type": "object", "properties": {}}, "strict": false});
    json!([tool("get_weather"), tool("get_time")])
}

fn kinds(response: &Value) -> Vec<&str> {
    response["output"].as_array().unwrap().iter().map(|item| item["type"].as_str().unwrap()).collect()
}

#[test]
fn a_provider_of_the_same_protocol_gets_the_bytes() {
    let stage = set();
    let body = br#"{ "zeta":1.50, "input" : [{"content":"H\u00e9llo","role":"user"}],"unknown":{"b":2,"a":[1e2]}, "model":"op/fake" }"#;
    let answer = stage.post("/responses", body.to_vec());
    assert_eq!(answer.status(), 200);
    let trace = stage.trace_of(&answer);
    assert_eq!((&trace["input_tokens"], &trace["status"]), (&json!(11), &json!("ok")), "{trace}");
    let sent = stage.fake.last();
    assert_eq!(sent.path, "/v1/responses");
    assert_eq!(String::from_utf8_lossy(&sent.body), String::from_utf8_lossy(body).replace("op/fake", "fake"));
    let given: Value = answer.json().unwrap();
    assert_eq!((&given["id"], &given["output"][0]["content"][0]["text"]), (&json!("resp_fake"), &json!(TEXT)));
}

#[test]
fn a_stream_of_the_same_protocol_loses_no_byte() {
    let stage = set();
    let direct = stage.client.post(format!("{}/responses", stage.fake.openai_url()));
    let plain = direct.body(ask("fake-s30", json!({"stream": true})).to_string()).send().unwrap().text().unwrap();
    for model in ["op/fake-s30", "op/fake-s30-bytes"] {
        let answer = stage.post("/responses", ask(model, json!({"stream": true})).to_string());
        let id = header(&answer, "x-optscale-trace-id");
        assert_eq!(answer.text().unwrap().replace("-bytes", ""), plain, "{model}");
        assert_eq!((&stage.trace(&id)["output_tokens"], &stage.trace(&id)["finish"]), (&json!(30), &json!("stop")));
    }
}

#[test]
fn every_protocol_answers_in_this_one() {
    let stage = set();
    for provider in ["oa", "an", "rs", "op"] {
        let model = format!("{provider}/fake-tools");
        let response = create(&stage, &model, json!({"tools": tools(), "instructions": "Be brief."}));
        assert_eq!(kinds(&response), ["message", "function_call", "function_call"], "{provider}");
        assert_eq!(response["output"][1]["arguments"], WEATHER);
        assert_eq!(response["output"][2]["arguments"], TIME);
        assert_eq!((&response["status"], &response["usage"]["input_tokens"]), (&json!("completed"), &json!(11)));
        let mut input = vec![json!({"role": "user", "content": "Hello"})];
        input.extend(response["output"].as_array().unwrap().clone());
        for (call, output) in [("call_fake_0", "22 C"), ("call_fake_1", "noon")] {
            input.push(json!({"type": "function_call_output", "call_id": call, "output": output}));
        }
        let response = create(&stage, &model, json!({"tools": tools(), "input": input}));
        assert_eq!(response["output"][0]["content"][0]["text"], "Results: 22 C | noon", "{provider}");
    }
    assert_eq!(create(&stage, "sandbox/echo", json!({}))["output"][0]["type"], "message");
}

#[test]
fn a_translated_stream_ends_with_the_whole_answer() {
    let stage = set();
    for model in ["an/fake-think-tools", "an/fake-redacted", "an/fake-s20", "an/fake-refuse"] {
        let asked = json!({"tools": tools(), "stream": true, "reasoning": {"effort": "low"}});
        let answer = stage.post("/responses", ask(model, asked.clone()).to_string());
        assert_eq!(header(&answer, "content-type"), "text/event-stream; charset=utf-8");
        let events = events(&answer.text().unwrap());
        let numbers: Vec<u64> = events.iter().map(|event| event["sequence_number"].as_u64().unwrap()).collect();
        assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>(), "{model}");
        assert_eq!(events[0]["type"], "response.created");
        let last = events.last().unwrap();
        // A refusal in the words of an ordinary text must not look like an ordinary end.
        let ending = if model.ends_with("refuse") { "response.incomplete" } else { "response.completed" };
        assert_eq!(last["type"], ending, "{model}");
        let mut whole = asked;
        whole["stream"] = json!(false);
        let whole = create(&stage, model, whole);
        let bare = |response: &Value| {
            let mut output = response["output"].clone();
            output.as_array_mut().unwrap().iter_mut().for_each(|item| drop(item.as_object_mut().unwrap().remove("id")));
            output
        };
        assert_eq!(bare(&last["response"]), bare(&whole), "{model}");
        let done =
            events.iter().filter(|event| event["type"] == "response.output_item.done").map(|event| &event["item"]);
        assert_eq!(&Value::from(done.cloned().collect::<Vec<_>>()), &last["response"]["output"]);
    }
}

#[test]
fn seals_of_thoughts_come_back_to_who_made_them() {
    let stage = set();
    let asked = json!({"reasoning": {"effort": "low"}, "include": ["reasoning.encrypted_content"], "store": false});
    let thought = create(&stage, "an/fake-think", asked.clone());
    assert_eq!(thought["output"][0]["summary"][0]["text"], THOUGHT);
    let redacted = create(&stage, "an/fake-redacted", asked);
    let mut input = vec![json!({"role": "user", "content": "Hello"})];
    input.push(thought["output"][0].clone());
    input.push(redacted["output"][0].clone());
    input.push(json!({"role": "assistant", "content": "x"}));
    input.push(json!({"role": "user", "content": "On"}));
    create(&stage, "an/fake", json!({"input": input, "store": false}));
    let sent = stage.fake.last().json();
    let expected = json!([{"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE},
        {"type": "redacted_thinking", "data": REDACTED}, {"type": "text", "text": "x"}]);
    assert_eq!(sent["messages"][1]["content"], expected);
    // A provider that did not make them never sees them.
    create(&stage, "op/fake", json!({"input": input}));
    let sent = stage.fake.last().json();
    assert_eq!(sent["input"].as_array().unwrap().len(), 3, "{sent}");
}

#[test]
fn callers_of_other_protocols_reach_a_provider_of_this_one() {
    let stage = set();
    let given: Value = stage.chat("rs/fake", json!({})).json().unwrap();
    assert_eq!(given["choices"][0]["message"]["content"], TEXT);
    let sent = stage.fake.last();
    assert_eq!((sent.path.as_str(), &sent.json()["store"]), ("/v1/responses", &json!(false)));
    let answer = stage.messages("rs/fake-think", json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}));
    let given: Value = answer.json().unwrap();
    assert_eq!((&given["content"][0]["thinking"], &given["content"][1]["text"]), (&json!(THOUGHT), &json!(TEXT)));
    let sent = stage.fake.last().json();
    assert_eq!(sent["include"], json!(["reasoning.encrypted_content"]));
    assert_eq!(sent["reasoning"], json!({"effort": "low", "summary": "auto"}));
    let turns = json!([{"role": "user", "content": "Hello"}, {"role": "assistant", "content": given["content"]},
        {"role": "user", "content": "On"}]);
    assert_eq!(stage.messages("rs/fake", json!({"messages": turns})).status(), 200);
    let sent = stage.fake.last().json();
    assert_eq!(
        (&sent["input"][1]["encrypted_content"], &sent["input"][1]["type"]),
        (&json!("gAAAAABfake"), &json!("reasoning"))
    );
    let text = stage.chat("rs/fake-s9", json!({"stream": true})).text().unwrap();
    assert!(text.contains("w8") && text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[test]
fn a_stream_that_fails_says_so_in_the_protocols_words() {
    let stage = set();
    for model in ["an/fake-s9-errevent", "an/fake-s9-cut", "op/fake-s9-cut"] {
        let text = stage.post("/responses", ask(model, json!({"stream": true})).to_string()).text().unwrap();
        let events = events(&text);
        let [.., error, failed] = events.as_slice() else { panic!("{text}") };
        assert_eq!((&error["type"], &failed["type"]), (&json!("error"), &json!("response.failed")), "{model}");
        assert!(error["error"]["message"].is_string() && failed["response"]["error"]["message"].is_string());
    }
    let text =
        stage.post("/responses", ask("op/fake-s9-errevent", json!({"stream": true})).to_string()).text().unwrap();
    assert!(text.contains("it broke"), "{text}");
    assert_eq!(stage.newest(|trace| trace["status"] == "error")["error"], "provider_error");
}

#[test]
fn free_text_tools_work_where_there_are_only_functions() {
    let stage = set();
    let patch = json!([{"type": "custom", "name": "patch", "description": "Edits", "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}}]);
    let forced = json!({"type": "custom", "name": "patch"});
    let response = create(&stage, "an/fake", json!({"tools": patch, "tool_choice": forced}));
    assert_eq!(
        (&response["output"][0]["type"], &response["output"][0]["name"]),
        (&json!("custom_tool_call"), &json!("patch"))
    );
    let sent = stage.fake.last().json();
    assert!(sent["tools"][0]["description"].as_str().unwrap().contains("start: X"), "{sent}");
    let input = json!([{"role": "user", "content": "x"},
        {"type": "custom_tool_call", "call_id": "c1", "name": "patch", "input": "*** Begin"},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"}]);
    let response = create(&stage, "an/fake", json!({"tools": patch, "input": input}));
    assert_eq!(response["output"][0]["content"][0]["text"], "Results: done");
    assert_eq!(stage.fake.last().json()["messages"][1]["content"][0]["input"], json!({"input": "*** Begin"}));
}

#[test]
fn limits_filters_and_faults_have_their_words() {
    let stage = set();
    let cut = create(&stage, "an/fake-s40", json!({"max_output_tokens": 20}));
    assert_eq!(
        (&cut["status"], &cut["incomplete_details"]["reason"]),
        (&json!("incomplete"), &json!("max_output_tokens"))
    );
    let filtered = create(&stage, "oa/fake-filter", json!({}));
    assert_eq!(filtered["incomplete_details"]["reason"], "content_filter");
    assert_eq!(error(stage.post("/responses", ask("an/fake-e429", json!({})).to_string())).0, 429);
    let missing = error(stage.post("/responses", r#"{"model":"an/fake"}"#));
    assert_eq!((missing.0, missing.1.as_str()), (400, "invalid_request_error"));
    let dropped = stage.post("/responses", ask("an/fake", json!({"tools": [{"type": "file_search"}]})).to_string());
    assert_eq!(header(&dropped, "x-optscale-dropped"), "tools[0]");
    let schema = json!({"format": {"type": "json_schema", "name": "p", "schema": {"type": "object"}, "strict": true}});
    let given = create(&stage, "oa/fake", json!({"text": schema}));
    assert_eq!(given["output"][0]["content"][0]["text"], fake::PERSON);
}

#[test]
fn tokens_are_counted() {
    let stage = set();
    for (model, counted) in [("op/fake", 17), ("an/fake", 17), ("sandbox/echo", 1)] {
        let answer = stage.post("/responses/input_tokens", ask(model, json!({})).to_string());
        let given: Value = answer.json().unwrap();
        assert_eq!(
            (&given["object"], &given["input_tokens"]),
            (&json!("response.input_tokens"), &json!(counted)),
            "{model}"
        );
    }
    let answer = stage.post("/messages/count_tokens", chat("rs/fake", json!({})).to_string());
    assert_eq!(answer.json::<Value>().unwrap()["input_tokens"], 17);
}

fn go_on(model: &str, previous: &Value, more: Value) -> Value {
    let mut body = ask(model, more);
    body["previous_response_id"] = previous.clone();
    body
}

/// Asks for something with an answer that is kept.
fn kept(stage: &Stage, method: &str, rest: &str) -> (u16, Value) {
    let url = format!("{}/responses/{rest}", stage.gateway.base_url());
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let answer = stage.client.request(method, url).bearer_auth(&stage.key).send().unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

#[test]
fn without_bodies_nothing_can_be_gone_on_from_and_the_error_says_how() {
    let stage = set();
    let answer = stage.post("/responses", ask("an/fake", json!({"store": true})).to_string());
    assert_eq!(header(&answer, "x-optscale-dropped"), "store");
    let given: Value = answer.json().unwrap();
    assert_eq!(given["store"], false);
    let (status, code, message) =
        error(stage.post("/responses", go_on("an/fake", &given["id"], json!({})).to_string()));
    assert_eq!((status, code.as_str()), (400, "previous_response_not_found"));
    assert!(message.contains("--bodies full"), "{message}");
    assert_eq!(kept(&stage, "GET", given["id"].as_str().unwrap()).0, 404);
}

#[test]
fn answers_are_kept_and_gone_on_from_whoever_made_them() {
    let stage = set();
    assert_eq!(stage.home.json(&["org", "edit", "--bodies", "full"])["bodies"], "full");
    let mut first = create(&stage, "an/fake-think", json!({"input": "One"}));
    while first["store"] == false {
        first = create(&stage, "an/fake-think", json!({"input": "One"}));
    }
    let streamed = stage
        .post("/responses", go_on("an/fake-tool", &first["id"], json!({"input": "Two", "stream": true})).to_string());
    let second = events(&streamed.text().unwrap()).last().unwrap()["response"].clone();
    assert_eq!(second["previous_response_id"], first["id"]);
    let sent = stage.fake.last().json();
    let turns: Vec<&Value> = sent["messages"].as_array().unwrap().iter().map(|turn| &turn["role"]).collect();
    assert_eq!(turns, [&json!("user"), &json!("assistant"), &json!("user")], "{sent}");
    assert_eq!(sent["messages"][1]["content"][0]["signature"], SIGNATURE);
    // Another provider goes on with all of it; thoughts of the first are not for it.
    let output = json!([{"type": "function_call_output", "call_id": "call_fake_0", "output": "22 C"}]);
    for model in ["oa/fake", "op/fake", "rs/fake"] {
        let third = stage.post("/responses", go_on(model, &second["id"], json!({"input": output})).to_string());
        assert_eq!(third.status(), 200, "{model}");
        assert_eq!(third.json::<Value>().unwrap()["output"][0]["content"][0]["text"], "Results: 22 C");
    }
    let sent = stage.fake.last().json();
    assert!(sent["previous_response_id"].is_null() && sent["input"].as_array().unwrap().len() == 5, "{sent}");
    let id = first["id"].as_str().unwrap();
    assert_eq!(kept(&stage, "GET", id), (200, first.clone()));
    let (_, items) = kept(&stage, "GET", &format!("{id}/input_items?order=asc&limit=1"));
    assert_eq!((&items["data"][0]["content"][0]["text"], &items["has_more"]), (&json!("One"), &json!(false)));
    assert_eq!(kept(&stage, "POST", &format!("{id}/cancel")).0, 400);
    assert_eq!(kept(&stage, "DELETE", id), (200, json!({"id": id, "object": "response", "deleted": true})));
    assert_eq!(kept(&stage, "GET", id).0, 404);
    let broken = error(stage.post("/responses", go_on("oa/fake", &second["id"], json!({})).to_string()));
    assert_eq!((broken.0, broken.1.as_str()), (400, "previous_response_not_found"));
}

#[test]
fn who_may_not_see_an_answer_does_not_find_it() {
    let stage = set();
    stage.home.run(&["org", "edit", "--bodies", "full"]);
    let mut first = create(&stage, "an/fake", json!({}));
    while first["store"] == false {
        first = create(&stage, "an/fake", json!({}));
    }
    let id = first["id"].as_str().unwrap();
    let narrow = stage.home.key("narrow", &["--provider", "oa"]);
    let url = format!("{}/responses/{id}", stage.gateway.base_url());
    assert_eq!(stage.client.get(&url).bearer_auth(&narrow).send().unwrap().status(), 404);
    assert_eq!(stage.client.get(&url).bearer_auth("sk-osai-nonsense").send().unwrap().status(), 401);
    assert_eq!(stage.client.get(&url).bearer_auth(&stage.key).send().unwrap().status(), 200);
    let unkept = create(&stage, "an/fake", json!({"store": false}));
    assert_eq!(kept(&stage, "GET", unkept["id"].as_str().unwrap()).0, 404);
}

#[test]
fn answers_that_their_provider_keeps_are_asked_of_it() {
    let stage = set();
    assert_eq!(kept(&stage, "GET", "resp_fake").0, 404, "made by nobody here");
    let first = create(&stage, "op/fake", json!({}));
    create(&stage, "op/fake", json!({"previous_response_id": first["id"], "input": "On"}));
    let sent = stage.fake.last().json();
    assert_eq!((&sent["previous_response_id"], &sent["input"]), (&json!("resp_fake"), &json!("On")));
    let (status, code, _) = error(stage.post("/responses", go_on("an/fake", &first["id"], json!({})).to_string()));
    assert_eq!((status, code.as_str()), (400, "unsupported_feature"));
    assert_eq!(kept(&stage, "GET", "resp_fake?include=x").1["id"], "resp_fake");
    let sent = stage.fake.last();
    assert_eq!((sent.method.as_str(), sent.path.as_str()), ("GET", "/v1/responses/resp_fake?include=x"));
    assert_eq!(sent.header("authorization"), Some("Bearer provider-secret"));
    assert_eq!(kept(&stage, "GET", "resp_fake/input_items").1["object"], "list");
    assert_eq!(kept(&stage, "POST", "resp_fake/cancel").1["status"], "cancelled");
    assert_eq!(kept(&stage, "DELETE", "resp_fake").1["deleted"], true);
    assert_eq!(kept(&stage, "GET", "resp_fake").0, 404);
}

#[test]
fn cursor_asks_in_these_words_and_is_answered_in_those_of_chat() {
    let stage = set();
    let post = |body: Value| {
        let url = format!("{}/cursor/chat/completions", stage.gateway.root());
        stage.client.post(url).bearer_auth(&stage.key).body(body.to_string()).send().unwrap()
    };
    for provider in ["oa", "an", "rs"] {
        let model = format!("{provider}/fake-tools");
        let given: Value = post(ask(&model, json!({"tools": tools(), "instructions": "Be brief."}))).json().unwrap();
        let message = &given["choices"][0]["message"];
        assert_eq!(
            (&message["tool_calls"][1]["function"]["name"], &given["object"]),
            (&json!("get_time"), &json!("chat.completion"))
        );
        let text =
            post(ask(&model, json!({"stream": true, "input": [{"role": "user", "content": "x"}]}))).text().unwrap();
        assert!(text.contains("chat.completion.chunk") && text.ends_with("data: [DONE]\n\n"), "{text}");
    }
    let plain: Value = post(chat("an/fake", json!({}))).json().unwrap();
    assert_eq!(plain["choices"][0]["message"]["content"], TEXT);
    let dropped = post(ask("oa/fake", json!({"include": ["web_search_call.results"]})));
    assert_eq!(header(&dropped, "x-optscale-dropped"), "include");
}

#[test]
fn an_answer_that_was_heard_is_kept_whatever_happens() {
    let stage = set();
    stage.home.run(&["org", "edit", "--bodies", "full"]);
    let mut first = create(&stage, "an/fake-tools", json!({"tools": tools()}));
    while first["store"] == false {
        first = create(&stage, "an/fake-tools", json!({"tools": tools()}));
    }
    let streamed = stage.post("/responses", ask("an/fake-think", json!({"stream": true})).to_string());
    let second = events(&streamed.text().unwrap()).last().unwrap()["response"].clone();
    let Stage { fake, home, gateway, key, client } = stage;
    gateway.kill();
    let stage = Stage { gateway: home.serve(), fake, home, key, client };
    for whole in [&first, &second] {
        let id = whole["id"].as_str().unwrap();
        assert_eq!(kept(&stage, "GET", id), (200, whole.clone()));
        let url = format!("{}/responses/{id}?stream=true", stage.gateway.base_url());
        let told = |url: String| stage.client.get(url).bearer_auth(&stage.key).send().unwrap();
        let answer = told(url.clone());
        assert_eq!(header(&answer, "content-type"), "text/event-stream; charset=utf-8");
        let all = events(&answer.text().unwrap());
        assert_eq!((&all[0]["type"], &all.last().unwrap()["response"]), (&json!("response.created"), whole));
        assert_eq!(events(&told(format!("{url}&starting_after=2")).text().unwrap()), all[3..]);
    }
}
