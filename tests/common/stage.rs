//! A gateway between callers and a fake provider of each protocol, with a key, for tests of the path of a call.
#![allow(dead_code, reason = "every test crate uses another part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "part of tests")]

use super::fake::Fake;
use super::gateway::{Gateway, Home};
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

pub const SOON: Duration = Duration::from_secs(10);

/// A provider of each protocol, a gateway before them, and a key.
pub struct Stage {
    pub fake: Fake,
    pub home: Home,
    pub gateway: Gateway,
    pub key: String,
    pub client: Client,
}

impl Stage {
    pub fn set(serve: &[&str]) -> Stage {
        let fake = Fake::start();
        let home = Home::new();
        home.add_provider("oa", "openai", &fake.openai_url());
        home.add_provider("an", "anthropic", &fake.url());
        home.add_provider("ge", "gemini", &fake.url());
        home.run(&["provider", "add", "sandbox"]);
        let key = home.key("app", &[]);
        let gateway = home.serve_with(serve);
        let client = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
        Stage { fake, home, gateway, key, client }
    }

    pub fn post(&self, path: &str, body: impl Into<Vec<u8>>) -> Response {
        let url = format!("{}{path}", self.gateway.base_url());
        self.client.post(url).bearer_auth(&self.key).body(body.into()).send().unwrap()
    }

    pub fn chat(&self, model: &str, more: Value) -> Response {
        self.post("/chat/completions", chat(model, more).to_string())
    }

    pub fn messages(&self, model: &str, more: Value) -> Response {
        let mut body = chat(model, more);
        body["max_tokens"] = json!(100);
        self.post("/messages", body.to_string())
    }

    /// A call in Gemini's way: `verb` with its query, the key in Gemini's header.
    pub fn gemini(&self, model: &str, verb: &str, body: &Value) -> Response {
        let url = format!("{}/v1beta/models/{model}:{verb}", self.gateway.root());
        self.client.post(url).header("x-goog-api-key", &self.key).body(body.to_string()).send().unwrap()
    }

    /// The trace of an answer, once it is there.
    pub fn trace(&self, id: &str) -> Value {
        self.home.json(&["traces", "show", id])
    }

    pub fn trace_of(&self, answer: &Response) -> Value {
        self.trace(&header(answer, "x-optscale-trace-id"))
    }

    /// The newest trace, when it satisfies the test.
    pub fn newest(&self, test: impl Fn(&Value) -> bool) -> Value {
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
    pub fn open(&self, body: &Value) -> TcpStream {
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

pub fn chat(model: &str, more: Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "Hello"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

pub fn header(answer: &Response, name: &str) -> String {
    answer.headers()[name].to_str().unwrap().to_owned()
}

pub fn error(answer: Response) -> (u16, String, String) {
    let status = answer.status().as_u16();
    let body: Value = answer.json().unwrap();
    let error = &body["error"];
    (status, error["code"].as_str().unwrap_or_default().to_owned(), error["message"].as_str().unwrap().to_owned())
}
