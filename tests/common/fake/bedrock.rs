//! The provider as AWS Bedrock: Converse, Anthropic's native form, binary streams, and requests that must be signed.

use super::anthropic;
use super::http::{Answer, Framing, Request, Step};
use super::script::{
    Ask, CACHE_READ, CACHE_WRITE, Choice, Ending, INPUT, MODELS, Play, Said, Words, compose, pieces_of, strings,
};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::hmac;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The secret of every access key.
pub const AWS_SECRET: &str = "aws-secret";
/// The API key.
pub const AWS_KEY: &str = "provider-secret";

/// The answer of Bedrock; none for a path that is not its own.
pub fn answer(request: &Request, path: &str) -> Option<Answer> {
    if path != "/foundation-models" && !path.starts_with("/model/") {
        return None;
    }
    if !is_signed(request) {
        return Some(error(403, "The request signature we calculated does not match the signature you provided."));
    }
    if path == "/foundation-models" {
        let models = MODELS.map(|id| json!({"modelId": id, "modelName": id}));
        return Some(Answer::json(200, &json!({"modelSummaries": models})));
    }
    let (model, verb) = path.trim_start_matches("/model/").rsplit_once('/')?;
    let model = model.replace("%3A", ":").replace("%2F", "/");
    Some(match verb {
        "converse" => converse(&model, &request.json(), false),
        "converse-stream" => converse(&model, &request.json(), true),
        "invoke" => native(&model, request.json(), false),
        "invoke-with-response-stream" => native(&model, request.json(), true),
        _ => error(404, "no such operation"),
    })
}

fn error(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({"message": message}))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Signature Version 4 once more, in as few words as it takes.
fn is_signed(request: &Request) -> bool {
    let Some(sent) = request.header("authorization") else { return false };
    let Some(rest) = sent.strip_prefix("AWS4-HMAC-SHA256 Credential=") else {
        return sent == format!("Bearer {AWS_KEY}");
    };
    let part =
        |from: &str| rest.split(from).nth(1).unwrap_or_default().split(',').next().unwrap_or_default().to_owned();
    let scope = rest.split(',').next().unwrap_or_default().split_once('/').map_or("", |(_, scope)| scope);
    let (names, signature) = (part("SignedHeaders="), part("Signature="));
    let lines: String =
        names.split(';').map(|name| format!("{name}:{}\n", request.header(name).unwrap_or_default())).collect();
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path = path.replace('%', "%25");
    let body = hex(&Sha256::digest(&request.body));
    let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{body}", request.method);
    let time = request.header("x-amz-date").unwrap_or_default();
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", hex(&Sha256::digest(canonical)));
    let mut key = format!("AWS4{AWS_SECRET}").into_bytes();
    for step in scope.split('/').chain([text.as_str()]) {
        key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), step.as_bytes()).as_ref().to_vec();
    }
    hex(&key) == signature && names.split(';').any(|name| name == "host")
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// One message of a binary stream.
fn message(headers: &[(&str, &str)], payload: &Value) -> Vec<u8> {
    let mut coded = Vec::new();
    for (name, value) in headers {
        coded.push(name.len() as u8);
        coded.extend(name.as_bytes());
        coded.push(7);
        coded.extend((value.len() as u16).to_be_bytes());
        coded.extend(value.as_bytes());
    }
    let payload = payload.to_string();
    let total = coded.len() + payload.len() + 16;
    let mut bytes = [(total as u32).to_be_bytes(), (coded.len() as u32).to_be_bytes()].concat();
    bytes.extend(crc(&bytes).to_be_bytes());
    bytes.extend(coded);
    bytes.extend(payload.as_bytes());
    bytes.extend(crc(&bytes).to_be_bytes());
    bytes
}

fn event(name: &str, payload: &Value) -> Vec<u8> {
    message(&[(":event-type", name), (":content-type", "application/json"), (":message-type", "event")], payload)
}

fn exception() -> Vec<u8> {
    let headers = [(":exception-type", "modelStreamErrorException"), (":message-type", "exception")];
    message(&headers, &json!({"message": "the fake provider failed"}))
}

fn stream(words: &Words, mut messages: Vec<Vec<u8>>) -> Answer {
    if words.has("cut") || words.has("errevent") {
        messages.truncate(messages.len() / 2);
    }
    if words.has("errevent") {
        messages.push(exception());
    }
    if words.has("malformed") {
        messages[2][20] ^= 1;
    }
    let bytes = |message: Vec<u8>| match words.has("bytes") {
        true => message.into_iter().map(|byte| Step::Send(vec![byte])).collect(),
        false => vec![Step::Send(message)],
    };
    let steps = messages.into_iter().flat_map(bytes).collect();
    let headers = vec![("content-type".to_owned(), "application/vnd.amazon.eventstream".to_owned())];
    Answer { headers, framing: Framing::Chunked, ..Answer::stream(steps) }
}

/// Anthropic's messages: the events of the stream are inside of messages.
fn native(model: &str, mut body: Value, is_stream: bool) -> Answer {
    if body["anthropic_version"] != "bedrock-2023-05-31" || body.get("model").is_some() || body.get("stream").is_some()
    {
        return error(400, "anthropic_version is missing, or model or stream is there");
    }
    body["model"] = model.rsplit_once('.').map_or(model, |(_, name)| name).into();
    body["stream"] = is_stream.into();
    let mut answer = anthropic::messages(&body);
    if !is_stream || answer.status != 200 {
        return answer;
    }
    let text: Vec<u8> = answer
        .steps
        .iter()
        .flat_map(|step| if let Step::Send(bytes) = step { bytes.clone() } else { Vec::new() })
        .collect();
    let text = String::from_utf8(text).unwrap();
    let chunk = |data: &str| match data.contains("\"type\":\"error\"") {
        true => exception(),
        false => event("chunk", &json!({"bytes": BASE64_STANDARD.encode(data), "p": "abcd"})),
    };
    let messages = text.lines().filter_map(|line| line.strip_prefix("data: ")).map(chunk).collect();
    answer.steps = stream(&Words::of(""), messages).steps;
    answer.headers = vec![("content-type".to_owned(), "application/vnd.amazon.eventstream".to_owned())];
    answer
}

fn converse(model: &str, body: &Value, is_stream: bool) -> Answer {
    let ask = read(model, body, is_stream);
    let words = Words::of(&ask.model);
    if let Some(trouble) = words.trouble(error) {
        return trouble;
    }
    let roles: Vec<&str> =
        body["messages"].as_array().into_iter().flatten().filter_map(|turn| turn["role"].as_str()).collect();
    if roles.first() != Some(&"user") || roles.windows(2).any(|pair| pair[0] == pair[1]) {
        return error(400, "A conversation must start with a user message and alternate.");
    }
    let play = compose(&ask);
    if is_stream {
        return stream(&words, messages(&play));
    }
    let content: Vec<Value> = play.said.iter().map(block).collect();
    let mut whole = json!({"output": {"message": {"role": "assistant", "content": content}}, "stopReason": reason(&play),
        "metrics": {"latencyMs": 1}});
    if play.usage {
        whole["usage"] = usage(&play);
    }
    words.whole(&whole)
}

fn read(model: &str, body: &Value, stream: bool) -> Ask {
    let blocks = |turn: &Value| turn["content"].as_array().cloned().unwrap_or_default();
    let last = body["messages"].as_array().and_then(|turns| turns.last()).map(blocks).unwrap_or_default();
    let results = last.iter().filter_map(|block| block["toolResult"]["content"][0]["text"].as_str());
    let config = &body["toolConfig"];
    let tools = config["tools"].as_array().into_iter().flatten();
    Ask {
        // Names here may have a vendor before them.
        model: model.rsplit_once('.').map_or(model, |(_, name)| name).to_owned(),
        stream,
        limit: body["inferenceConfig"]["maxTokens"].as_u64().map(|limit| limit as usize),
        stops: strings(&body["inferenceConfig"]["stopSequences"]),
        choice: match config["toolChoice"]["tool"]["name"].as_str() {
            Some(name) => Choice::Tool(name.to_owned()),
            None if config["toolChoice"].get("any").is_some() => Choice::Any,
            None => Choice::Auto,
        },
        one_call: false,
        tools: tools.filter_map(|tool| tool["toolSpec"]["name"].as_str().map(str::to_owned)).collect(),
        schema: body["system"].to_string().contains("JSON schema"),
        results: results.map(str::to_owned).collect(),
    }
}

fn block(said: &Said) -> Value {
    match said {
        Said::Text(pieces) => json!({"text": pieces.concat()}),
        Said::Refusal(text) => json!({"text": text}),
        Said::Thinking(text) => {
            json!({"reasoningContent": {"reasoningText": {"text": text, "signature": super::SIGNATURE}}})
        }
        Said::Redacted(data) => json!({"reasoningContent": {"redactedContent": data}}),
        Said::Call { id, name, input } => {
            let input: Value = serde_json::from_str(input).unwrap();
            json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
        }
    }
}

fn messages(play: &Play) -> Vec<Vec<u8>> {
    let mut all = vec![event("messageStart", &json!({"role": "assistant"}))];
    for (index, said) in play.said.iter().enumerate() {
        let delta =
            |delta: Value| event("contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta, "p": "ab"}));
        match said {
            Said::Text(pieces) => all.extend(pieces.iter().map(|piece| delta(json!({"text": piece})))),
            Said::Refusal(text) => all.push(delta(json!({"text": text}))),
            Said::Thinking(text) => {
                all.extend(pieces_of(text).iter().map(|piece| delta(json!({"reasoningContent": {"text": piece}}))));
                all.push(delta(json!({"reasoningContent": {"signature": super::SIGNATURE}})));
            }
            Said::Redacted(data) => all.push(delta(json!({"reasoningContent": {"redactedContent": data}}))),
            Said::Call { id, name, input } => {
                let start = json!({"toolUse": {"toolUseId": id, "name": name}});
                all.push(event("contentBlockStart", &json!({"contentBlockIndex": index, "start": start})));
                all.extend(pieces_of(input).iter().map(|piece| delta(json!({"toolUse": {"input": piece}}))));
            }
        }
        all.push(event("contentBlockStop", &json!({"contentBlockIndex": index})));
    }
    all.push(event("messageStop", &json!({"stopReason": reason(play)})));
    let mut meta = json!({"metrics": {"latencyMs": 1}});
    if play.usage {
        meta["usage"] = usage(play);
    }
    all.push(event("metadata", &meta));
    all
}

fn reason(play: &Play) -> &'static str {
    match play.ending {
        Ending::Stop | Ending::Refusal => "end_turn",
        Ending::StopText(_) => "stop_sequence",
        Ending::Length => "max_tokens",
        Ending::Calls => "tool_use",
        Ending::Filter => "guardrail_intervened",
    }
}

fn usage(play: &Play) -> Value {
    let (read, write) = if play.cached { (CACHE_READ, CACHE_WRITE) } else { (0, 0) };
    json!({"inputTokens": INPUT, "outputTokens": play.output, "totalTokens": INPUT + play.output + read + write,
        "cacheReadInputTokens": read, "cacheWriteInputTokens": write})
}
