//! What a translation costs: a request of 4 KiB, and an event of a stream, for each pair of protocols.
//!
//! `cargo bench --bench translate` measures all pairs; `cargo bench --bench translate -- 'request/openai'` some. The
//! bounds are 30 microseconds a request and 2 microseconds an event (docs/performance.md).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a measurement")]

use bytes::{Bytes, BytesMut};
use criterion::{Criterion, criterion_group, criterion_main};
use optscale_ai::dialect::sse::{Frame, Splitter};
use optscale_ai::dialect::{self, Answering, Asked, StreamForm, Target, UrlFacts};
use optscale_ai::records::Quirks;
use optscale_ai::types::{Protocol, Task};
use serde_json::{Value, json};
use std::hint::black_box;
use std::time::{Duration, Instant};

const CALLERS: [Protocol; 5] =
    [Protocol::Openai, Protocol::Responses, Protocol::Anthropic, Protocol::Gemini, Protocol::Ollama];
const PROVIDERS: [Protocol; 6] =
    [Protocol::Openai, Protocol::Responses, Protocol::Anthropic, Protocol::Gemini, Protocol::Ollama, Protocol::Cohere];
/// The size of a request.
const SIZE: usize = 4096;
/// Words that an event brings.
const PIECE: &str = " seven";

/// Turns of a conversation, by who speaks.
fn turns(filler: usize) -> Vec<(&'static str, String)> {
    let line = "The quick brown fox jumps over the lazy dog, and \"says\" so.\n";
    let words = line.repeat(filler / line.len() + 1);
    let each = filler / 5;
    let part = |index: usize| words[index * each..(index + 1) * each].to_owned();
    vec![("user", part(0)), ("assistant", part(1)), ("user", part(2)), ("assistant", part(3)), ("user", part(4))]
}

/// A request with instructions, turns and a tool.
fn body(caller: Protocol, filler: usize) -> Value {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}, "unit": {"type": "string"}}, "required": ["city"]});
    let function = json!({"name": "get_weather", "description": "The weather of a city", "parameters": schema});
    let said = |text: bool| -> Vec<Value> {
        let content = |words: &str| if text { json!(words) } else { json!([{"type": "text", "text": words}]) };
        turns(filler).iter().map(|(role, words)| json!({"role": role, "content": content(words)})).collect()
    };
    match caller {
        Protocol::Openai | Protocol::Ollama => {
            let mut messages = vec![json!({"role": "system", "content": "Be brief."})];
            messages.extend(said(true));
            json!({"model": "m", "messages": messages, "tools": [{"type": "function", "function": function}], "stream": true})
        }
        Protocol::Anthropic => json!({"model": "m", "max_tokens": 1000, "system": "Be brief.", "messages": said(false),
            "tools": [{"name": "get_weather", "description": "The weather of a city", "input_schema": schema}], "stream": true}),
        Protocol::Responses => json!({"model": "m", "instructions": "Be brief.", "input": said(true), "stream": true,
            "tools": [{"type": "function", "name": "get_weather", "description": "The weather of a city", "parameters": schema, "strict": false}]}),
        _ => {
            let role = |role: &str| if role == "user" { "user" } else { "model" };
            let contents: Vec<Value> = turns(filler)
                .iter()
                .map(|(who, words)| json!({"role": role(who), "parts": [{"text": words}]}))
                .collect();
            json!({"systemInstruction": {"parts": [{"text": "Be brief."}]}, "contents": contents, "tools": [{"functionDeclarations": [function]}]})
        }
    }
}

/// A request of exactly that many bytes, or a few less.
fn request(caller: Protocol) -> String {
    let bare = body(caller, 305).to_string().len();
    let mut filler = 305 + SIZE.saturating_sub(bare);
    loop {
        let text = body(caller, filler).to_string();
        if text.len() <= SIZE {
            return text;
        }
        filler -= 10;
    }
}

/// The frames with which a stream begins, and one that brings words.
fn frames(provider: Protocol) -> (Vec<Frame>, Frame) {
    let (begin, piece): (Vec<Value>, Value) = match provider {
        Protocol::Openai => {
            let chunk = |delta: Value| json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]});
            (vec![chunk(json!({"role": "assistant", "content": ""}))], chunk(json!({"content": PIECE})))
        }
        Protocol::Responses => (
            vec![
                json!({"type": "response.created", "response": {"id": "resp_1", "model": "m", "status": "in_progress", "output": []}}),
                json!({"type": "response.output_item.added", "output_index": 0, "item": {"id": "msg_1", "type": "message", "content": []}}),
            ],
            json!({"type": "response.output_text.delta", "item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": PIECE}),
        ),
        Protocol::Anthropic => (
            vec![
                json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": {"input_tokens": 1, "output_tokens": 1}}}),
                json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
            ],
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": PIECE}}),
        ),
        Protocol::Gemini => {
            let piece = json!({"candidates": [{"index": 0, "content": {"role": "model", "parts": [{"text": PIECE}]}}], "modelVersion": "m", "responseId": "r1"});
            (vec![piece.clone()], piece)
        }
        Protocol::Ollama => {
            let piece = json!({"model": "m", "created_at": "2026-01-01T00:00:00Z", "message": {"role": "assistant", "content": PIECE}, "done": false});
            (vec![piece.clone()], piece)
        }
        Protocol::Cohere => (
            vec![
                json!({"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}}),
                json!({"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}}),
            ],
            json!({"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": PIECE}}}}),
        ),
        // Its frames are binary; it is not among the providers here.
        Protocol::Bedrock => (Vec::new(), Value::Null),
    };
    let frame = |value: &Value| {
        let text = match (provider, value["type"].as_str()) {
            (Protocol::Ollama, _) => format!("{value}\n"),
            (Protocol::Anthropic | Protocol::Responses | Protocol::Cohere, Some(kind)) => {
                format!("event: {kind}\ndata: {value}\n\n")
            }
            _ => format!("data: {value}\n\n"),
        };
        let mut splitter = Splitter::new(dialect::provider(provider).framing());
        splitter.push(Bytes::from(text));
        splitter.next_frame().unwrap().unwrap()
    };
    (begin.iter().map(frame).collect(), frame(&piece))
}

fn pairs() -> impl Iterator<Item = (Protocol, Protocol)> {
    CALLERS.into_iter().flat_map(|caller| PROVIDERS.into_iter().map(move |provider| (caller, provider)))
}

fn requests(criterion: &mut Criterion) {
    let quirks = Quirks::default();
    let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
    for (caller, provider) in pairs().filter(|(caller, provider)| caller != provider) {
        let (ours, theirs, text) = (dialect::caller(caller).unwrap(), dialect::provider(provider), request(caller));
        let url = UrlFacts { model: (caller == Protocol::Gemini).then(|| "m".to_owned()), ..UrlFacts::default() };
        criterion.bench_function(&format!("request/{caller} to {provider}"), |bench| {
            bench.iter(|| {
                let prompt = ours.read_prompt(Task::Chat, black_box(&text), &url).unwrap();
                theirs.write_prompt(Task::Chat, &prompt, &target).unwrap()
            });
        });
    }
}

/// Events of one stream after another, so that no stream grows for ever.
fn events(criterion: &mut Criterion) {
    const IN_A_STREAM: u64 = 500;
    for (caller, provider) in pairs().filter(|(caller, provider)| caller != provider) {
        let (ours, theirs) = (dialect::caller(caller).unwrap(), dialect::provider(provider));
        let (begin, piece) = frames(provider);
        let asked = Asked { task: Task::Chat, include_usage: true, form: StreamForm::Usual };
        let answering = Answering { asked, request: "{}", id: "0123", kept: false };
        criterion.bench_function(&format!("event/{provider} to {caller}"), |bench| {
            bench.iter_custom(|count| {
                let mut spent = Duration::ZERO;
                let mut left = count;
                while left > 0 {
                    let (mut reader, mut writer) = (theirs.stream_reader(Task::Chat), ours.answer_stream(&answering));
                    let (mut events, mut out) = (Vec::new(), BytesMut::with_capacity(64 * 1024));
                    for frame in &begin {
                        reader.frame(frame, &mut events).unwrap();
                        events.drain(..).for_each(|event| writer.event(event, &mut out));
                    }
                    let now = left.min(IN_A_STREAM);
                    let begun = Instant::now();
                    for _ in 0..now {
                        reader.frame(black_box(&piece), &mut events).unwrap();
                        events.drain(..).for_each(|event| writer.event(event, &mut out));
                        black_box(&out);
                        out.clear();
                    }
                    spent += begun.elapsed();
                    left -= now;
                }
                spent
            });
        });
    }
}

fn quick() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .sample_size(20)
}

criterion_group! { name = translate; config = quick(); targets = requests, events }
criterion_main!(translate);
