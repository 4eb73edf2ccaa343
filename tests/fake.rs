//! The fake provider itself: what other tests rely on must hold.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;

use fake::{Answer, Fake, Step, TEXT};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn ask(fake: &Fake, path: &str, body: &Value) -> reqwest::blocking::Response {
    let client = reqwest::blocking::Client::new();
    client.post(format!("{}{path}", fake.url())).body(body.to_string()).send().unwrap()
}

fn chat(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "hi"}]})
}

/// What the data frames of a stream say.
fn data(stream: &str) -> Vec<Value> {
    let lines = stream.lines().filter_map(|line| line.strip_prefix("data: "));
    lines.filter(|data| *data != "[DONE]").map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[test]
fn requests_are_kept_byte_for_byte() {
    let fake = Fake::start();
    let body = "{ \"model\" :\"fake\",\"x\":1.50,\"messages\":[]}";
    let client = reqwest::blocking::Client::new();
    client.post(fake.openai_url() + "/chat/completions?a=b").header("X-Own", "1").body(body).send().unwrap();
    let last = fake.last();
    assert_eq!((last.method.as_str(), last.path.as_str()), ("POST", "/v1/chat/completions?a=b"));
    assert_eq!((last.body.as_slice(), last.header("x-own")), (body.as_bytes(), Some("1")));
}

#[test]
fn a_stream_says_what_the_whole_answer_says() {
    let fake = Fake::start();
    let whole: Value = ask(&fake, "/v1/chat/completions", &chat("fake")).json().unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], TEXT);
    for model in ["fake", "fake-bytes", "fake-ping-d1"] {
        let mut body = chat(model);
        body["stream"] = true.into();
        let stream = ask(&fake, "/v1/chat/completions", &body).text().unwrap();
        let said: String =
            data(&stream).iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect();
        assert_eq!(said, TEXT, "{model}");
        assert!(stream.ends_with("data: [DONE]\n\n"));
    }
}

#[test]
fn anthropic_streams_start_and_stop() {
    let fake = Fake::start();
    let mut body = chat("fake-think-tools");
    body["max_tokens"] = 100.into();
    body["stream"] = true.into();
    let frames = data(&ask(&fake, "/v1/messages", &body).text().unwrap());
    let starts: Vec<&Value> = frames.iter().filter_map(|frame| frame["content_block"].get("type")).collect();
    assert_eq!(starts, ["thinking", "text", "tool_use", "tool_use"]);
    assert_eq!(
        (&frames[0]["type"], &frames[frames.len() - 1]["type"]),
        (&json!("message_start"), &json!("message_stop"))
    );
}

#[test]
fn errors_have_their_status_and_retry_after() {
    let fake = Fake::start();
    for (model, status, wait) in
        [("fake-e429", 429, Some("7")), ("fake-e500", 500, None), ("fake-e529", 529, Some("7"))]
    {
        let answer = ask(&fake, "/v1/messages", &chat(model));
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers().get("retry-after").map(|value| value.to_str().unwrap()), wait);
        assert_eq!(answer.json::<Value>().unwrap()["type"], "error");
    }
    assert!(ask(&fake, "/v1/messages", &chat("fake-e502-html")).text().unwrap().starts_with("<html>"));
}

#[test]
fn programmed_answers_come_first_and_once() {
    let fake = Fake::start();
    fake.answer_with(418, &[("x-tea", "pot")], "short");
    fake.answer_chunks(&["data: 1\n", "\ndata: 2\n\n"]);
    let answer = ask(&fake, "/v1/chat/completions", &chat("fake"));
    assert_eq!((answer.status().as_u16(), &answer.headers()["x-tea"]), (418, &"pot".parse().unwrap()));
    assert_eq!(ask(&fake, "/v1/anything", &chat("fake")).text().unwrap(), "data: 1\n\ndata: 2\n\n");
    assert_eq!(ask(&fake, "/v1/chat/completions", &chat("fake")).status(), 200);
    assert_eq!(fake.requests().len(), 3);
}

#[test]
fn broken_answers_break() {
    let fake = Fake::start();
    let streamed = |model: &str| {
        let mut body = chat(model);
        body["stream"] = true.into();
        body
    };
    let reset = ask(&fake, "/v1/chat/completions", &streamed("fake-rst")).text();
    assert!(reset.is_err());
    let cut = ask(&fake, "/v1/chat/completions", &streamed("fake-cut")).text().unwrap();
    assert!(!cut.is_empty() && !cut.contains("[DONE]") && !cut.contains("\"stop\""));
    let closed = Answer::stream(vec![Step::Send(b"data: 1\n\n".to_vec()), Step::Close]);
    fake.answer(closed);
    assert!(ask(&fake, "/v1/chat/completions", &streamed("fake")).text().is_err());
    assert!(ask(&fake, "/v1/chat/completions", &chat("fake-rst")).text().is_err());
    assert!(ask(&fake, "/v1/chat/completions", &chat("fake-malformed")).json::<Value>().is_err());
}

#[test]
fn hanging_up_is_noticed() {
    let fake = Fake::start();
    for (count, model) in ["fake-hang", "fake-s50-d1000", "fake-stall", "fake-w60000"].iter().enumerate() {
        let body = format!("{{\"model\":\"{model}\",\"stream\":true}}");
        let mut client = TcpStream::connect(fake.address()).unwrap();
        write!(client, "POST /v1/chat/completions HTTP/1.1\r\ncontent-length: {}\r\n\r\n{body}", body.len()).unwrap();
        assert!(fake.wait_requests(count + 1, SOON));
        drop(client);
        assert!(fake.wait_cancelled(count + 1, SOON), "{model}");
    }
}

#[test]
fn a_chunked_request_is_put_together_and_tests_in_other_languages_can_read_it() {
    let fake = Fake::start();
    let mut client = TcpStream::connect(fake.address()).unwrap();
    let chunks = "POST /v1/embeddings HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n7\r\n{\"input\r\n8\r\n\":\"abc\"}\r\n0\r\n\r\n";
    write!(client, "{chunks}GET /fake/last HTTP/1.1\r\n\r\nGET /fake/cancelled/0 HTTP/1.1\r\n\r\n").unwrap();
    let mut said = String::new();
    while !said.ends_with("{\"cancelled\":0}") {
        let mut buffer = [0; 4096];
        let read = client.read(&mut buffer).unwrap();
        assert_ne!(read, 0, "{said}");
        said += std::str::from_utf8(&buffer[..read]).unwrap();
    }
    assert!(said.contains("\"body\":{\"input\":\"abc\"}"), "{said}");
}
