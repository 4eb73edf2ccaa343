//! The path of a call, byte for byte: what reaches the provider, what comes back, what stays behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;

use fake::{Answer, Fake, Step};
use gateway::{Gateway, Home};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

/// A provider of each protocol, a gateway before them, and a key.
struct Stage {
    fake: Fake,
    home: Home,
    gateway: Gateway,
    key: String,
    client: Client,
}

impl Stage {
    fn set(serve: &[&str]) -> Stage {
        let fake = Fake::start();
        let home = Home::new();
        home.add_provider("oa", "openai", &fake.openai_url());
        home.add_provider("an", "anthropic", &fake.url());
        home.run(&["provider", "add", "sandbox"]);
        let key = home.key("app", &[]);
        let gateway = home.serve_with(serve);
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Stage { fake, home, gateway, key, client }
    }

    fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Response {
        let url = format!("{}{path}", self.gateway.base_url());
        self.client.post(url).bearer_auth(&self.key).body(body.into()).send().unwrap()
    }

    fn chat(&self, model: &str, more: Value) -> Response {
        self.post("/chat/completions", chat(model, more).to_string())
    }

    fn messages(&self, model: &str, more: Value) -> Response {
        let mut body = chat(model, more);
        body["max_tokens"] = json!(100);
        self.post("/messages", body.to_string())
    }

    /// The trace of an answer, once it is there.
    fn trace(&self, id: &str) -> Value {
        self.home.json(&["traces", "show", id])
    }

    fn trace_of(&self, answer: &Response) -> Value {
        self.trace(&header(answer, "x-optscale-trace-id"))
    }

    /// The newest trace, when it satisfies the test.
    fn newest(&self, test: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + SOON;
        loop {
            let newest = self.home.json(&["traces", "--limit", "1"]).get(0).cloned().unwrap_or_default();
            if test(&newest) {
                return newest;
            }
            assert!(Instant::now() < until, "{newest}");
        }
    }

    /// A connection on which a request has been sent.
    fn open(&self, body: &Value) -> TcpStream {
        let mut stream = TcpStream::connect(self.gateway.root().trim_start_matches("http://")).unwrap();
        let body = body.to_string();
        let head = format!(
            "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: {}\r\n\r\n{body}",
            self.key,
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream
    }
}

fn chat(model: &str, more: Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn header(answer: &Response, name: &str) -> String {
    answer.headers()[name].to_str().unwrap().to_owned()
}

fn error(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().unwrap();
    let error = &body["error"];
    (status, error["code"].as_str().unwrap_or_default().to_owned(), error["message"].as_str().unwrap().to_owned())
}

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

#[test]
fn whatever_the_provider_does_wrong_has_a_name() {
    let stage = Stage::set(&["--first-byte-timeout", "300ms", "--idle-timeout", "300ms"]);
    for (words, status, code) in [
        ("e500", 500, ""),
        ("e401", 502, "provider_key_rejected"),
        ("html", 502, "provider_malformed"),
        ("html-e503", 503, "provider_error"),
        ("malformed", 502, "provider_malformed"),
        ("hang", 504, "provider_timeout"),
        ("rst", 502, "provider_unreachable"),
        ("cut", 502, "provider_malformed"),
    ] {
        for provider in ["oa", "an"] {
            let answer = stage.chat(&format!("{provider}/fake-{words}"), json!({}));
            let trace_id = header(&answer, "x-optscale-trace-id");
            let (had, said, message) = error(answer);
            assert_eq!(had, status, "{provider} {words}: {message}");
            assert!(code.is_empty() || said == code, "{provider} {words}: {said} {message}");
            let trace = stage.trace(&trace_id);
            assert_eq!((&trace["status"], &trace["http_status"]), (&json!("error"), &json!(status)), "{trace}");
        }
    }
}

#[test]
fn a_refusal_keeps_its_status_and_retry_after() {
    let stage = Stage::set(&[]);
    for (provider, answer) in [("oa", 429), ("an", 429), ("oa", 503), ("an", 529)] {
        for reply in [
            stage.chat(&format!("{provider}/fake-e{answer}"), json!({})),
            stage.messages(&format!("{provider}/fake-e{answer}"), json!({})),
        ] {
            assert_eq!(reply.status().as_u16(), answer);
            assert_eq!(header(&reply, "retry-after"), "7");
            assert_eq!(header(&reply, "x-optscale-cost-usd"), "0");
        }
    }
}

#[test]
fn a_stream_that_fails_ends_with_an_error_event() {
    let stage = Stage::set(&["--idle-timeout", "300ms"]);
    for provider in ["oa", "an"] {
        for words in ["rst", "cut", "stall", "malformed", "errevent"] {
            let model = format!("{provider}/fake-s8-{words}");
            let text = stage.chat(&model, json!({"stream": true})).text().unwrap();
            let last = text.trim_end().rsplit("\n\n").next().unwrap();
            assert!(last.starts_with("data: {\"error\""), "openai {model}: {text}");
            let text = stage.messages(&model, json!({"stream": true})).text().unwrap();
            let last = text.trim_end().rsplit("\n\n").next().unwrap();
            assert!(last.starts_with("event: error\ndata: "), "anthropic {model}: {text}");
            let trace = stage.newest(|trace| trace["status"] != "running");
            assert_eq!(trace["status"], "error", "{model} {trace}");
            assert!(trace["output_tokens"].as_u64() > Some(0), "what was said is counted: {trace}");
        }
    }
}

#[test]
fn a_stream_without_its_last_frame_is_whole_when_it_finished() {
    let stage = Stage::set(&[]);
    let text = stage.chat("oa/fake-nodone", json!({"stream": true})).text().unwrap();
    assert!(!text.contains("error"), "{text}");
    assert_eq!(stage.newest(|trace| trace["status"] != "running")["status"], "ok");
    let text = stage.messages("oa/fake-nodone", json!({"stream": true})).text().unwrap();
    assert!(text.contains("event: message_stop"), "{text}");
}

#[test]
fn a_stream_that_stays_open_is_over_when_its_last_frame_came() {
    let stage = Stage::set(&[]);
    let openai = "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"Hi\"},\
        \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
    for ask in [Stage::chat, Stage::messages] {
        stage.fake.answer(Answer::stream(vec![Step::Send(openai.into()), Step::Hang]));
        let asked = Instant::now();
        let text = ask(&stage, "oa/fake", json!({"stream": true})).text().unwrap();
        assert!(text.contains("Hi") && !text.contains("error"), "{text}");
        assert!(asked.elapsed() < SOON);
        assert_eq!(stage.newest(|trace| trace["status"] != "running")["status"], "ok");
    }
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
fn a_provider_that_repeats_its_key_is_not_repeated() {
    let stage = Stage::set(&[]);
    let words = "{\"error\":{\"message\":\"the key provider-secret may not do that\"}}";
    stage.fake.answer_with(403, &[("content-type", "application/json"), ("retry-after", "1e300")], words);
    let (status, code, message) = error(stage.chat("oa/fake", json!({})));
    assert_eq!((status, code.as_str()), (403, "provider_error"));
    assert!(!message.contains(gateway::PROVIDER_KEY), "{message}");
}

#[test]
fn a_hang_up_cancels_the_provider_at_once() {
    let stage = Stage::set(&[]);
    let before = stage.open(&chat("oa/fake-hang", json!({})));
    assert!(stage.fake.wait_requests(1, SOON));
    drop(before);
    assert!(stage.fake.wait_cancelled(1, SOON), "before the first byte");
    stage.newest(|trace| trace["status"] == "interrupted");
    let mut within = stage.open(&chat("oa/fake-s100000-d2", json!({"stream": true})));
    let mut some = [0; 3000];
    within.read_exact(&mut some).unwrap();
    drop(within);
    assert!(stage.fake.wait_cancelled(2, SOON), "within the stream");
    let trace = stage.newest(|trace| trace["status"] == "interrupted" && trace["stream"] == true);
    assert!(trace["output_tokens"].as_u64() > Some(0), "{trace}");
}

#[test]
fn bad_input_is_named_and_breaks_nothing() {
    let stage = Stage::set(&[]);
    let turns: Vec<Value> = (0..10_000).map(|n| json!({"role": "user", "content": format!("turn {n}")})).collect();
    let large = vec![b' '; 50 * 1024 * 1024];
    let cases: Vec<(Vec<u8>, u16, &str, &str)> = vec![
        (b"".to_vec(), 400, "invalid_request_error", ""),
        (b"{\"model\":".to_vec(), 400, "invalid_request_error", ""),
        (b"[1]".to_vec(), 400, "invalid_request_error", "object"),
        (b"{\"messages\":[]}".to_vec(), 400, "invalid_request_error", "model"),
        (b"{\"model\":7,\"messages\":[]}".to_vec(), 400, "invalid_request_error", "model"),
        (
            b"{\"model\":\"oa/fake\",\"model\":\"an/fake\",\"messages\":[]}".to_vec(),
            400,
            "invalid_request_error",
            "model",
        ),
        (
            b"{\"model\":\"oa/fake\",\"stream\":\"yes\",\"messages\":[]}".to_vec(),
            400,
            "invalid_request_error",
            "stream",
        ),
        (b"{\"model\":\"oa/f\xff\",\"messages\":[]}".to_vec(), 400, "invalid_request_error", "UTF-8"),
        (large, 413, "request_too_large", "--max-body"),
        (chat("nobody/has-this", json!({})).to_string().into(), 404, "model_not_found", ""),
        (chat("sandbox/ecko-with-a-typo", json!({})).to_string().into(), 404, "", ""),
    ];
    for (body, status, code, word) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let (had, said, message) = error(stage.post("/chat/completions", body));
        assert_eq!(had, status, "{shown}: {message}");
        assert!(code.is_empty() || said == code, "{shown}: {said}");
        assert!(message.contains(word), "{shown}: {message}");
    }
    assert_eq!(stage.chat("oa/fake", json!({"messages": turns})).status(), 200);
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
        let name = format!("again{number}");
        stage.home.run(&["provider", "add", "sandbox", "--name", &name]);
        assert_eq!(ask(&format!("{name}/echo")).unwrap().status(), 200);
    }
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
fn a_second_gateway_on_one_home_says_so_and_stops() {
    let stage = Stage::set(&[]);
    let second = stage.home.command(&["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{said}");
    assert!(said.contains("already serves this home"), "{said}");
    let other = Home::new();
    let address = stage.gateway.root().trim_start_matches("http://").to_owned();
    let taken = other.command(&["serve", "--listen", &address]).output().unwrap();
    let said = String::from_utf8_lossy(&taken.stderr).into_owned();
    assert!(!taken.status.success() && said.contains("in use"), "{said}");
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

#[test]
fn a_provider_without_streams_still_answers_one() {
    let stage = Stage::set(&[]);
    let reply = json!({"id": "c1", "object": "chat.completion", "created": 1, "model": "fake", "choices": [
        {"index": 0, "message": {"role": "assistant", "content": "All at once"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}});
    stage.fake.answer(Answer::json(200, &reply));
    let text = stage.chat("oa/fake", json!({"stream": true})).text().unwrap();
    assert!(text.contains("All at once") && text.ends_with("data: [DONE]\n\n"), "{text}");
}

#[test]
fn connections_are_used_again() {
    let stage = Stage::set(&[]);
    for _ in 0..3 {
        assert_eq!(stage.chat("oa/fake", json!({})).status(), 200);
        stage.chat("oa/fake", json!({"stream": true})).text().unwrap();
    }
    stage.fake.answer(Answer::stream(vec![Step::Close]));
    stage.chat("oa/fake", json!({"stream": true})).text().unwrap();
    assert_eq!(stage.chat("oa/fake", json!({})).status(), 200);
}
