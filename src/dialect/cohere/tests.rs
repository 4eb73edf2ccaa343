//! The provider's side on documented bodies.

use super::Provider;
use crate::canonical::{
    Code, EmbeddingInput, EmbeddingRequest, Event, Finish, Format, Json, Part, Prompt, Purpose, Reasoning, Reply, Role,
    Thinking, Tool, ToolChoice, Turn,
};
use crate::dialect::sse::{Frame, Splitter};
use crate::dialect::{Pass, ProviderDialect, Sight, Target};
use crate::records::Quirks;
use crate::types::{Protocol, Task};
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

fn write(prompt: &Prompt) -> (Value, Vec<String>) {
    let quirks = Quirks::default();
    let target = Target { model: "command-a-reasoning-08-2025", max_output_tokens: Some(100), quirks: &quirks };
    let written = Provider.write_prompt(Task::Chat, prompt, &target).unwrap();
    (serde_json::from_slice(&written.bytes).unwrap(), written.dropped)
}

const STREAM: [(&str, &str); 15] = [
    (
        "message-start",
        r#"{"type":"message-start","id":"r1","delta":{"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}}}"#,
    ),
    (
        "content-start",
        r#"{"type":"content-start","index":0,"delta":{"message":{"content":{"type":"thinking","thinking":""}}}}"#,
    ),
    ("content-delta", r#"{"type":"content-delta","index":0,"delta":{"message":{"content":{"thinking":"Hm."}}}}"#),
    ("content-end", r#"{"type":"content-end","index":0}"#),
    (
        "content-start",
        r#"{"type":"content-start","index":1,"delta":{"message":{"content":{"type":"text","text":""}}}}"#,
    ),
    ("content-delta", r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":"It is"}}}}"#),
    ("content-delta", r#"{"type":"content-delta","index":1,"delta":{"message":{"content":{"text":" warm."}}}}"#),
    (
        "citation-start",
        r#"{"type":"citation-start","index":0,"delta":{"message":{"citations":{"start":6,"end":10,"text":"warm","sources":[{"type":"document","id":"d0"}],"type":"TEXT_CONTENT"}}}}"#,
    ),
    ("citation-end", r#"{"type":"citation-end","index":0}"#),
    ("content-end", r#"{"type":"content-end","index":1}"#),
    (
        "tool-call-start",
        r#"{"type":"tool-call-start","index":0,"delta":{"message":{"tool_calls":{"id":"f_1","type":"function","function":{"name":"f","arguments":""}}}}}"#,
    ),
    (
        "tool-call-delta",
        r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"{\"a\":"}}}}}"#,
    ),
    (
        "tool-call-delta",
        r#"{"type":"tool-call-delta","index":0,"delta":{"message":{"tool_calls":{"function":{"arguments":"1}"}}}}}"#,
    ),
    ("tool-call-end", r#"{"type":"tool-call-end","index":0}"#),
    (
        "message-end",
        r#"{"type":"message-end","delta":{"finish_reason":"TOOL_CALL","usage":{"billed_units":{"input_tokens":9,"output_tokens":4},"tokens":{"input_tokens":509,"output_tokens":6}}}}"#,
    ),
];

fn stream() -> Vec<u8> {
    STREAM.iter().flat_map(|(event, data)| format!("event: {event}\ndata: {data}\n\n").into_bytes()).collect()
}

fn events(cuts: &[usize]) -> Vec<Event> {
    let bytes = stream();
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(bytes.len())).collect();
    cuts.extend([0, bytes.len()]);
    cuts.sort_unstable();
    let (mut splitter, mut reader, mut events) = (Splitter::default(), Provider.stream_reader(Task::Chat), Vec::new());
    for pair in cuts.windows(2) {
        splitter.push(Bytes::copy_from_slice(&bytes[pair[0]..pair[1]]));
        while let Some(frame) = splitter.next_frame().unwrap() {
            reader.frame(&frame, &mut events).unwrap();
        }
    }
    assert!(reader.is_over() && reader.is_complete());
    events
}

#[test]
fn a_stream_and_the_whole_answer_fold_to_the_same_reply() {
    let citation = json!({"start": 6, "end": 10, "text": "warm", "sources": [{"type": "document", "id": "d0"}],
        "type": "TEXT_CONTENT"});
    let whole = json!({"id": "r1", "finish_reason": "TOOL_CALL", "message": {"role": "assistant",
        "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "It is warm."}],
        "tool_calls": [{"id": "f_1", "type": "function", "function": {"name": "f", "arguments": "{\"a\":1}"}}],
        "citations": [citation]}, "usage": {"billed_units": {"input_tokens": 9, "output_tokens": 4},
        "tokens": {"input_tokens": 509, "output_tokens": 6}}})
    .to_string();
    let reply = Provider.read_reply(Task::Chat, whole.as_bytes()).unwrap();
    assert_eq!(events(&[]).into_iter().collect::<Reply>(), reply);
    let parts = &reply.choices[0].parts;
    assert_eq!(parts[0], Part::Thinking { text: "Hm.".into(), signature: None });
    assert_eq!(parts[1], Part::text("It is warm."));
    assert!(matches!(&parts[2], Part::ToolCall { id, input, .. } if id == "f_1" && input.get() == r#"{"a":1}"#));
    assert!(matches!(&parts[3], Part::Opaque { from: Protocol::Cohere, .. }));
    assert_eq!(reply.choices[0].finish, Some(Finish::ToolCalls));
    let usage = reply.usage.unwrap();
    assert_eq!((usage.usage.input, usage.usage.output), (9, 4), "what is billed counts");
    let mut sight = Sight::default();
    let mut tap = Provider.tap(Task::Chat, false);
    let passes: Vec<Pass> = STREAM
        .iter()
        .map(|(event, data)| tap.see(&Frame { raw: format!("event: {event}\ndata: {data}\n\n").into() }, &mut sight))
        .collect();
    assert_eq!(passes.last(), Some(&Pass::Last));
    assert_eq!(sight.finish, Provider.glance(Task::Chat, whole.as_bytes()).unwrap().finish);
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(cuts in prop::collection::vec(0usize..2600, 0..12)) {
        prop_assert_eq!(events(&cuts), events(&[]));
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,60}") {
        for body in [text.clone(), json!({"message": text, "type": "content-delta", "delta": text}).to_string()] {
            let _ = Provider.read_reply(Task::Chat, body.as_bytes());
            let _ = Provider.read_embeddings(body.as_bytes());
            let _ = Provider.read_complaint(500, None, body.as_bytes());
            let frame = Frame { raw: format!("data: {body}\n\n").into() };
            let _ = Provider.stream_reader(Task::Chat).frame(&frame, &mut Vec::new());
        }
    }
}

#[test]
fn a_conversation_is_written() {
    let call = Part::ToolCall {
        id: "f_1".into(),
        name: "f".into(),
        input: Json::parse(r#"{"a":1}"#.into()).unwrap(),
        cache: None,
    };
    let result = Part::ToolResult { call: "f_1".into(), parts: vec![Part::text("warm")], is_error: true, cache: None };
    let thought = |text: &str| Part::Thinking { text: text.into(), signature: None };
    let turn = |role, parts| Turn { role, name: None, parts };
    let mut prompt = Prompt {
        model: "m".into(),
        system: vec![Part::text("S")],
        turns: vec![
            turn(Role::User, vec![Part::text("How?")]),
            turn(Role::Assistant, vec![thought("I call."), call]),
            turn(Role::User, vec![result]),
            turn(Role::Assistant, vec![thought("So."), Part::text("Warm.")]),
        ],
        tools: vec![Tool::Function {
            name: "f".into(),
            description: None,
            schema: None,
            strict: Some(true),
            cache: None,
        }],
        tool_choice: Some(ToolChoice::Required),
        max_output_tokens: Some(500),
        stop: vec!["END".into()],
        reasoning: Reasoning { budget_tokens: Some(2000), ..Reasoning::default() },
        format: Format::JsonObject,
        ..Prompt::default()
    };
    prompt.sampling.top_p = Some(serde_json::from_str("0.5").unwrap());
    prompt.extra.insert("documents".into(), json!(["d"]));
    let (body, dropped) = write(&prompt);
    let expected = json!({"model": "command-a-reasoning-08-2025", "messages": [
        {"role": "system", "content": "S"}, {"role": "user", "content": "How?"},
        {"role": "assistant", "tool_plan": "I call.", "tool_calls": [{"id": "f_1", "type": "function",
            "function": {"name": "f", "arguments": "{\"a\":1}"}}]},
        {"role": "tool", "content": "warm", "tool_call_id": "f_1"},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "So."}, {"type": "text", "text": "Warm."}]}],
        "stream": false, "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object",
            "properties": {}}}}], "tool_choice": "REQUIRED", "response_format": {"type": "json_object"},
        "thinking": {"type": "enabled", "token_budget": 2000}, "max_tokens": 100, "stop_sequences": ["END"], "p": 0.5,
        "documents": ["d"], "strict_tools": true});
    assert_eq!(body, expected);
    assert_eq!(dropped, ["messages[2].content[0].is_error"]);
    prompt.reasoning = Reasoning { thinking: Some(Thinking::Disabled), ..Reasoning::default() };
    assert_eq!(write(&prompt).0["thinking"], json!({"type": "disabled"}));
}

#[test]
fn failures_are_told() {
    let mut events = Vec::new();
    let mut reader = Provider.stream_reader(Task::Chat);
    let data = r#"{"type":"message-end","delta":{"finish_reason":"ERROR","error":"overloaded"}}"#;
    reader.frame(&Frame { raw: format!("data: {data}\n\n").into() }, &mut events).unwrap();
    assert!(matches!(&events[0], Event::Failed(complaint) if complaint.message == "overloaded"));
    let refused = Provider.read_complaint(429, None, br#"{"id":"x","message":"too many"}"#);
    assert_eq!((refused.status, &*refused.message), (429, "too many"));
    assert_eq!(Provider.read_reply(Task::Chat, b"{}").unwrap_err().code, Code::ProviderMalformed);
}

#[test]
fn vectors() {
    let request = EmbeddingRequest {
        inputs: vec![EmbeddingInput::Text("a".into())],
        dimensions: Some(256),
        purpose: Some(Purpose::Query),
        truncate: Some(false),
        ..EmbeddingRequest::default()
    };
    let quirks = Quirks::default();
    let target = Target { model: "embed-v4.0", max_output_tokens: None, quirks: &quirks };
    let written = Provider.write_embedding(&request, &target).unwrap();
    let expected = json!({"model": "embed-v4.0", "texts": ["a"], "input_type": "search_query",
        "embedding_types": ["float"], "output_dimension": 256, "truncate": "NONE"});
    assert_eq!(serde_json::from_slice::<Value>(&written.bytes).unwrap(), expected);
    let answer =
        br#"{"id":"e","embeddings":{"float":[[0.5,1]]},"texts":["a"],"meta":{"billed_units":{"input_tokens":2}}}"#;
    let read = Provider.read_embeddings(answer).unwrap();
    assert_eq!((read.vectors, read.usage.unwrap().usage.input), (vec![vec![0.5, 1.0]], 2));
    let list = Provider.read_model_ids(br#"{"models":[{"name":"command-a-03-2025","endpoints":["chat"]}]}"#).unwrap();
    assert_eq!(list, ["command-a-03-2025"]);
}
