//! Endpoints that are only carried: pictures, sounds, moderations, orders of documents, files and batches.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use reqwest::Method;
use reqwest::blocking::Response;
use serde_json::{Value, json};
use stage::{Stage, error, header};

fn call(stage: &Stage, method: Method, path: &str, provider: Option<&str>) -> Response {
    let url = format!("{}{path}", stage.gateway.base_url());
    let request = stage.client.request(method, url).bearer_auth(&stage.key);
    let request = provider.into_iter().fold(request, |request, name| request.header("x-optscale-provider", name));
    request.send().unwrap()
}

/// A form with a file and a model, in either order.
fn form(model: &str, file: &[u8], model_first: bool) -> Vec<u8> {
    let value = format!("--XX\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n").into_bytes();
    let head =
        "--XX\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\ncontent-type: audio/mpeg\r\n\r\n";
    let upload = [head.as_bytes(), file, b"\r\n"].concat();
    let parts = if model_first { [value, upload] } else { [upload, value] };
    [&parts.concat()[..], b"--XX--\r\n"].concat()
}

fn upload(stage: &Stage, path: &str, body: Vec<u8>) -> Response {
    let url = format!("{}{path}", stage.gateway.base_url());
    let request = stage.client.post(url).bearer_auth(&stage.key);
    request.header("content-type", "multipart/form-data; boundary=XX").body(body).send().unwrap()
}

#[test]
fn pictures_are_carried_and_metered() {
    let stage = Stage::set(&[]);
    let body = br#"{ "prompt":"a cat", "n": 1, "model":"oa/gpt-image-1", "odd": 1.50 }"#;
    let answer = stage.post("/images/generations", body.to_vec());
    assert_eq!(answer.status(), 200);
    let trace = stage.trace_of(&answer);
    assert_eq!(answer.json::<Value>().unwrap()["data"][0]["b64_json"], "aGk=");
    let sent = stage.fake.last();
    assert_eq!(sent.path, "/v1/images/generations");
    assert_eq!(String::from_utf8_lossy(&sent.body), String::from_utf8_lossy(body).replace("oa/", ""));
    assert_eq!(sent.header("authorization"), Some("Bearer provider-secret"));
    assert_eq!((&trace["input_tokens"], &trace["output_tokens"]), (&json!(50), &json!(50)), "{trace}");
    assert_eq!((&trace["status"], &trace["model"]), (&json!("ok"), &json!("oa/gpt-image-1")), "{trace}");
    assert_eq!(trace["request_type"], "image", "{trace}");
}

#[test]
fn speech_comes_as_it_is_made() {
    let stage = Stage::set(&[]);
    let body = json!({"model": "oa/tts-1", "input": "Hello", "voice": "alloy"}).to_string();
    let answer = stage.post("/audio/speech", body);
    assert_eq!(header(&answer, "content-type"), "audio/mpeg");
    let id = header(&answer, "x-optscale-trace-id");
    let bytes = answer.bytes().unwrap();
    assert_eq!((bytes.len(), bytes[0], bytes[3999]), (4000, 0, 3));
    let trace = stage.trace(&id);
    assert_eq!((&trace["status"], &trace["cost_usd"]), (&json!("ok"), &Value::Null), "a server of one's own");
    let add = ["provider", "add", "openai", "--name", "op", "--base-url", &stage.fake.openai_url(), "--api-key-env"];
    stage.home.run(&[&add[..], &["FAKE_KEY"]].concat());
    let body = json!({"model": "op/tts-1", "input": "Hello", "voice": "alloy"}).to_string();
    let answer = stage.post("/audio/speech", body);
    let id = header(&answer, "x-optscale-trace-id");
    assert_eq!(answer.bytes().unwrap().len(), 4000);
    assert_eq!(stage.trace(&id)["cost_usd"], "0.000075", "five characters at 15 dollars a million");
    let page = stage.home.run(&["traces", "show", &id]);
    assert!(page.contains("character") && page.contains("0.000075"), "{page}");
}

#[test]
fn sounds_are_passed_on_whatever_the_order_of_the_form() {
    let stage = Stage::set(&[]);
    let sound: Vec<u8> = (0..3_000_000u32).map(|byte| (byte % 251) as u8).collect();
    for model_first in [true, false] {
        let answer = upload(&stage, "/audio/transcriptions", form("oa/whisper-1", &sound, model_first));
        assert_eq!(answer.status(), 200);
        let trace = stage.trace_of(&answer);
        assert_eq!((&trace["input_tokens"], &trace["output_tokens"]), (&json!(14), &json!(45)), "{trace}");
        let sent = stage.fake.last();
        assert_eq!(sent.body, form("whisper-1", &sound, model_first));
        assert_eq!(sent.header("content-type"), Some("multipart/form-data; boundary=XX"));
    }
    let without =
        [b"--XX\r\ncontent-disposition: form-data; name=\"file\"\r\n\r\nabc\r\n".as_slice(), b"--XX--"].concat();
    let (status, _, message) = error(upload(&stage, "/audio/transcriptions", without));
    assert_eq!((status, message.as_str()), (400, "the form has no field `model`"));
}

#[test]
fn moderations_and_orders() {
    let stage = Stage::set(&[]);
    let body = json!({"model": "oa/omni-moderation-latest", "input": "hi"}).to_string();
    let answer = stage.post("/moderations", body);
    assert_eq!(answer.json::<Value>().unwrap()["results"][0]["flagged"], false);
    stage.home.run(&[
        "provider",
        "add",
        "custom",
        "--name",
        "co",
        "--protocol",
        "cohere",
        "--base-url",
        &stage.fake.url(),
    ]);
    let body = |model: &str| json!({"model": model, "query": "q", "documents": ["a", "b"]}).to_string();
    for (model, path) in [("co/rerank-v3.5", "/v2/rerank"), ("oa/ranker", "/v1/rerank")] {
        let answer = stage.post("/rerank", body(model));
        let trace = stage.trace_of(&answer);
        assert_eq!(answer.json::<Value>().unwrap()["results"][0]["index"], 1, "{model}");
        let tokens = if path.starts_with("/v2") { 0 } else { 7 };
        assert_eq!((stage.fake.last().path.as_str(), &trace["input_tokens"]), (path, &json!(tokens)));
    }
    let (status, code, _) = error(stage.post("/rerank", body("an/x")));
    assert_eq!((status, code.as_str()), (400, "unsupported_feature"));
    let (status, ..) = error(stage.post("/images/generations", "{}"));
    assert_eq!(status, 400);
    assert_eq!(call(&stage, Method::GET, "/audio/speech", None).status(), 405);
}

#[test]
fn pieces_have_a_price_by_contract_too() {
    let stage = Stage::set(&[]);
    // A price from tomorrow on does not hold today.
    let set = |from: &str, usd: &str| {
        stage.home.run(&["model", "price", "set", "oa/whisper-large-v3", "--audio-minute", usd, "--from", from])
    };
    set("2026-01-01", "0.006");
    set("2999-01-01", "0.6");
    // A gateway that runs looks at its configuration a few times a second.
    let until = |cost: Value, call: &dyn Fn() -> Response| {
        let begun = std::time::Instant::now();
        while stage.trace_of(&call())["cost_usd"] != cost {
            assert!(begun.elapsed() < stage::SOON, "never {cost}");
        }
    };
    let heard = || upload(&stage, "/audio/transcriptions", form("oa/whisper-large-v3", b"abc", true));
    // Nine seconds that have begun.
    until(json!("0.0009"), &heard);
    let listed = stage.home.json(&["model", "price", "list"]);
    assert_eq!(
        (&listed[1]["model"], &listed[1]["from"]),
        (&json!("oa/whisper-large-v3"), &json!("2026-01-01T00:00:00.000Z"))
    );
    let shown = stage.home.json(&["model", "show", "oa/whisper-large-v3"]);
    assert_eq!(shown["prices"][1]["label"], "contract since 2026-01-01", "{shown}");
    stage.home.run(&["model", "price", "remove", "oa/whisper-large-v3"]);
    assert_eq!(stage.home.json(&["model", "price", "list"]), json!([]));
    until(Value::Null, &heard);
    stage.home.run(&["model", "price", "set", "oa/fake", "--in", "2", "--out", "8"]);
    // Eleven tokens in, five out.
    until(json!("0.000062"), &|| stage.chat("oa/fake", json!({})));
}

#[test]
fn files_go_to_the_provider_that_is_named() {
    let stage = Stage::set(&[]);
    let file = upload(&stage, "/files", form("x", b"{}", true));
    assert_eq!(file.json::<Value>().unwrap()["id"], "file-fake", "only one provider speaks OpenAI");
    let content = call(&stage, Method::GET, "/files/file-fake/content?limit=1", Some("oa"));
    assert_eq!(header(&content, "content-type"), "application/octet-stream");
    assert_eq!(content.text().unwrap(), "{\"id\":\"batch_req_1\"}\n");
    assert_eq!(stage.fake.last().path, "/v1/files/file-fake/content?limit=1");
    let gone: Value = call(&stage, Method::DELETE, "/files/file-fake", None).json().unwrap();
    assert_eq!(gone["deleted"], true);
    stage.home.add_provider("two", "openai", &stage.fake.openai_url());
    // The name that is not known yet makes the gateway look again.
    assert_eq!(call(&stage, Method::GET, "/files", Some("two")).status(), 200);
    let (status, _, message) = error(call(&stage, Method::GET, "/files", None));
    assert!(status == 400 && message.contains("x-optscale-provider") && message.contains("oa, two"), "{message}");
    assert_eq!(call(&stage, Method::GET, "/files", Some("nobody")).status(), 404);
    let narrow = stage.home.key("narrow", &["--model", "oa/fake"]);
    let url = format!("{}/files", stage.gateway.base_url());
    let refused = stage.client.get(url).bearer_auth(narrow).header("x-optscale-provider", "oa").send().unwrap();
    assert_eq!(error(refused).1, "model_not_allowed");
}

#[test]
fn a_batch_is_booked_once_when_it_has_ended() {
    let stage = Stage::set(&[]);
    let made =
        stage.post("/batches", json!({"input_file_id": "file-fake", "endpoint": "/v1/chat/completions"}).to_string());
    assert_eq!(made.json::<Value>().unwrap()["status"], "validating");
    let traces = || stage.home.json(&["traces", "--limit", "0"]);
    let booked = |traces: &Value| -> Vec<Value> {
        traces.as_array().unwrap().iter().filter(|trace| trace["tags"]["batch"] == "batch_fake").cloned().collect()
    };
    assert_eq!(booked(&traces()).len(), 0);
    for _ in 0..3 {
        assert_eq!(call(&stage, Method::GET, "/batches/batch_fake", None).status(), 200);
    }
    // A row of the ledger is written in order: once the last look is there, so is the batch.
    let rows = booked(&traces());
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert_eq!((&rows[0]["input_tokens"], &rows[0]["output_tokens"]), (&json!(1000), &json!(500)));
    assert_eq!(rows[0]["model"], "oa/gpt-4o-mini");
}

#[test]
fn the_sandbox_does_what_is_carried_the_same_way_every_time() {
    let stage = Stage::set(&[]);
    let picture = || {
        let answer =
            stage.post("/images/generations", json!({"model": "sandbox/echo", "prompt": "a cat", "n": 2}).to_string());
        assert_eq!(answer.status(), 200);
        let trace = stage.trace_of(&answer);
        (answer.json::<Value>().unwrap(), trace)
    };
    let ((first, trace), (again, _)) = (picture(), picture());
    assert_eq!((&first, first["data"].as_array().unwrap().len()), (&again, 2));
    assert!(first["data"][0]["b64_json"].as_str().unwrap().starts_with("iVBORw0KGgo"), "a PNG");
    assert_eq!((&trace["output_tokens"], &trace["cost_usd"]), (&json!(128), &json!("0.000258")), "{trace}");
    let spoken = stage.post("/audio/speech", json!({"model": "sandbox/echo", "input": "Hi", "voice": "x"}).to_string());
    assert_eq!(header(&spoken, "content-type"), "audio/wav");
    let wav = spoken.bytes().unwrap();
    assert_eq!((wav.len(), &wav[..4]), (44 + 800, b"RIFF".as_slice()));
    let heard = upload(&stage, "/audio/transcriptions", form("sandbox/echo", &wav, true));
    assert!(heard.json::<Value>().unwrap()["text"].as_str().unwrap().starts_with("A sound of "));
    let judged = stage.post("/moderations", json!({"model": "sandbox/echo", "input": ["Violence!", "hi"]}).to_string());
    let judged: Value = judged.json().unwrap();
    assert_eq!((&judged["results"][0]["flagged"], &judged["results"][1]["flagged"]), (&json!(true), &json!(false)));
    let body = json!({"model": "sandbox/echo", "query": "blue sky", "documents": ["a cat", "the sky is blue", "blue"], "top_n": 2});
    let order: Value = stage.post("/rerank", body.to_string()).json().unwrap();
    let places: Vec<&Value> = order["results"].as_array().unwrap().iter().map(|result| &result["index"]).collect();
    assert_eq!(places, [&json!(1), &json!(2)]);
    let (status, ..) =
        error(stage.post("/moderations", json!({"model": "sandbox/error-503", "input": "x"}).to_string()));
    assert_eq!(status, 503);
    let (status, code, _) = error(call(&stage, Method::GET, "/files", Some("sandbox")));
    assert_eq!((status, code.as_str()), (400, "unsupported_feature"));
}
