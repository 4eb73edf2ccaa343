//! Where requests go and what they say.

use std::net::SocketAddr;

use bytes::Bytes;
use compare::args::Args;
use http_body_util::Full;
use hyper::Request;
use serde_json::{Value, json};

const SENTENCE: &str = "Summarise the incident report below and list the three most likely root causes. ";
const SYSTEM: &str = "You are a terse assistant.";

/// The protocol of the requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Api {
    /// OpenAI chat completions.
    Chat,
    /// Anthropic messages.
    Messages,
}

/// A gateway and the request that every client sends it.
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    api: Api,
    key: String,
    body: Bytes,
    /// Chunks that an answer must have; 0 for a whole answer.
    pub chunks: u32,
}

impl Target {
    /// Asks for whole answers to prompts of `prompt` bytes.
    pub fn plain(args: &Args, prompt: usize) -> Self {
        let body = json!({
            "model": args.text("model"),
            "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": filler(prompt)}],
            "temperature": 0.2,
            "max_tokens": 256,
        });
        Self::new(args, Api::Chat, &body, 0)
    }

    /// Asks for streams, of `--chunks` chunks as the words of the model name say.
    pub fn stream(args: &Args, api: Api) -> Self {
        let mut body = json!({
            "model": args.text("model"),
            "messages": [{"role": "user", "content": filler(300)}],
            "max_tokens": 256,
            "stream": true,
        });
        match api {
            Api::Chat => body["stream_options"] = json!({"include_usage": true}),
            Api::Messages => body["system"] = json!(SYSTEM),
        }
        Self::new(args, api, &body, args.value("chunks", 50))
    }

    fn new(args: &Args, api: Api, body: &Value, chunks: u32) -> Self {
        let address = args.text("url").parse().expect("--url is ADDRESS:PORT");
        Self { address, api, key: args.text("key").to_owned(), body: body.to_string().into(), chunks }
    }

    /// One request.
    pub fn request(&self) -> Request<Full<Bytes>> {
        let request = match self.api {
            Api::Chat => Request::post("/v1/chat/completions").header("authorization", format!("Bearer {}", self.key)),
            Api::Messages => {
                Request::post("/v1/messages").header("x-api-key", &self.key).header("anthropic-version", "2023-06-01")
            }
        };
        let request = request.header("host", self.address.to_string()).header("content-type", "application/json");
        let request = request.header("accept", "*/*").header("user-agent", "optscale-ai-bench");
        request.body(Full::new(self.body.clone())).expect("the headers are well formed")
    }
}

fn filler(bytes: usize) -> String {
    let mut text = SENTENCE.repeat(bytes.div_ceil(SENTENCE.len()));
    text.truncate(bytes);
    text
}
