//! Golden requests and answers, and the properties of streams.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use super::super::amazon::tests::{event, message};
use super::*;
use crate::canonical::{
    CacheMark, Choice, Effort, Finish, Format, Json, Media, MediaKind, Part, Reasoning, Role, Source, Tool, ToolChoice,
    Turn,
};
use crate::dialect::sse::Splitter;
use crate::records::Quirks;
use crate::types::Usage;
use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, name: None, parts }
}

fn ask(parts: Vec<Part>) -> Prompt {
    Prompt { turns: vec![turn(Role::User, parts)], ..Prompt::default() }
}

fn json_of(value: &Value) -> Json {
    Json::of(value).unwrap()
}

fn written(prompt: &Prompt, model: &str) -> (Value, Vec<String>) {
    let quirks = Quirks::default();
    let target = Target { model, max_output_tokens: Some(1000), quirks: &quirks };
    let written = Provider.write_prompt(Task::Chat, prompt, &target).unwrap();
    (serde_json::from_slice(&written.bytes).unwrap(), written.dropped)
}

fn fault(parts: Vec<Part>) -> String {
    let quirks = Quirks::default();
    let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
    let complaint = Provider.write_prompt(Task::Chat, &ask(parts), &target).unwrap_err();
    assert_eq!(complaint.code, Code::UnsupportedFeature);
    complaint.param.unwrap()
}

fn media(kind: MediaKind, mime: &str, source: Source) -> Part {
    Part::Media(Media { kind, mime: Some(mime.to_owned()), source, name: None, detail: None, cache: None })
}

fn call(id: &str, input: &Value) -> Part {
    Part::ToolCall { id: id.to_owned(), name: "get".to_owned(), input: json_of(input), cache: None }
}

#[test]
fn a_whole_request_is_written() {
    let cache = || Some(CacheMark { ttl: None });
    let prompt = Prompt {
        system: vec![Part::Text { text: "Be brief.".into(), cache: cache() }],
        turns: vec![
            turn(
                Role::User,
                vec![Part::text("Hello"), media(MediaKind::Image, "image/png", Source::Base64("aGk=".into()))],
            ),
            turn(
                Role::Assistant,
                vec![
                    Part::Thinking { text: "Hm.".into(), signature: Some("c2ln".into()) },
                    Part::RedactedThinking { data: "cmVk".into() },
                    call("t1", &json!({"a": 1.50})),
                ],
            ),
            turn(
                Role::User,
                vec![Part::ToolResult {
                    call: "t1".into(),
                    parts: vec![Part::text("sunny")],
                    is_error: false,
                    cache: cache(),
                }],
            ),
            turn(Role::User, vec![Part::text("And?")]),
        ],
        tools: vec![Tool::Function {
            name: "get".into(),
            description: Some("d".into()),
            schema: Some(json_of(&json!({"type": "object"}))),
            strict: None,
            cache: Some(CacheMark { ttl: Some("1h".into()) }),
        }],
        tool_choice: Some(ToolChoice::Named("get".into())),
        max_output_tokens: Some(5000),
        stop: vec!["END".into()],
        ..Prompt::default()
    };
    let (body, dropped) = written(&prompt, "amazon.nova-lite-v1:0");
    let point = json!({"cachePoint": {"type": "default"}});
    assert_eq!(
        body,
        json!({
            "system": [{"text": "Be brief."}, point],
            "messages": [
                {"role": "user", "content": [{"text": "Hello"}, {"image": {"format": "png", "source": {"bytes": "aGk="}}}]},
                {"role": "assistant", "content": [
                    {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
                    {"reasoningContent": {"redactedContent": "cmVk"}},
                    {"toolUse": {"toolUseId": "t1", "name": "get", "input": {"a": 1.5}}}]},
                {"role": "user", "content": [
                    {"toolResult": {"toolUseId": "t1", "content": [{"text": "sunny"}], "status": "success"}}, point, {"text": "And?"}]}],
            "inferenceConfig": {"maxTokens": 1000, "stopSequences": ["END"]},
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "get", "description": "d", "inputSchema": {"json": {"type": "object"}}}},
                    {"cachePoint": {"type": "default", "ttl": "1h"}}],
                "toolChoice": {"tool": {"name": "get"}}},
        })
    );
    assert!(dropped.is_empty(), "{dropped:?}");
}

#[test]
fn what_cannot_be_said_is_named() {
    let prompt = Prompt {
        parallel_tools: Some(false),
        end_user: Some("u".into()),
        format: Format::Schema {
            name: "n".into(),
            description: None,
            schema: json_of(&json!({"type": "object"})),
            strict: None,
        },
        reasoning: Reasoning { effort: Some(Effort::High), ..Reasoning::default() },
        extra: [
            ("logit_bias".to_owned(), json!({})),
            ("guardrailConfig".to_owned(), json!({"guardrailIdentifier": "g"})),
        ]
        .into_iter()
        .collect(),
        metadata: [("team".to_owned(), json!("core")), ("n".to_owned(), json!(1))].into_iter().collect(),
        service_tier: Some("priority".into()),
        ..ask(vec![Part::text("hi")])
    };
    let (body, dropped) = written(&prompt, "meta.llama3-70b-instruct-v1:0");
    assert_eq!(
        dropped,
        ["response_format", "reasoning_effort", "metadata.n", "parallel_tool_calls", "user", "logit_bias"]
    );
    assert!(body["system"][0]["text"].as_str().unwrap().ends_with(r#"{"type":"object"}"#));
    assert_eq!(
        (&body["guardrailConfig"]["guardrailIdentifier"], &body["requestMetadata"]),
        (&json!("g"), &json!({"team": "core"}))
    );
    assert_eq!(body["serviceTier"], json!({"type": "priority"}));
    let thought = Part::Thinking { text: "x".into(), signature: Some("gemini:abc".into()) };
    let (body, dropped) = written(
        &Prompt { turns: vec![turn(Role::Assistant, vec![thought, Part::text("hi  ")])], ..Prompt::default() },
        "m",
    );
    assert_eq!(dropped, ["messages[0].content[0]"]);
    assert_eq!(
        body["messages"],
        json!([{"role": "user", "content": [{"text": "."}]}, {"role": "assistant", "content": [{"text": "hi"}]}])
    );
}

#[test]
fn each_family_thinks_in_its_own_words() {
    let prompt = |limit| Prompt {
        reasoning: Reasoning { effort: Some(Effort::Low), ..Reasoning::default() },
        max_output_tokens: limit,
        ..ask(vec![Part::text("hi")])
    };
    for (model, fields) in [
        (
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            json!({"thinking": {"type": "enabled", "budget_tokens": 2048}}),
        ),
        (
            "global.amazon.nova-2-lite-v1:0",
            json!({"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}),
        ),
        ("openai.gpt-oss-120b-1:0", json!({"reasoning_effort": "low"})),
    ] {
        assert_eq!(written(&prompt(None), model).0["additionalModelRequestFields"], fields, "{model}");
    }
    assert_eq!(written(&prompt(Some(500)), "anthropic.claude-x").1, ["reasoning_effort"]);
    let own = json!({"additionalModelRequestFields": {"top_k": 7}}).as_object().unwrap().clone();
    let (body, _) = written(&Prompt { extra: own, ..prompt(None) }, "openai.gpt-oss-20b-1:0");
    assert_eq!(body["additionalModelRequestFields"], json!({"reasoning_effort": "low", "top_k": 7}));
}

#[test]
fn calls_in_a_conversation_want_tools() {
    let turns = vec![
        turn(Role::User, vec![Part::text("?")]),
        turn(Role::Assistant, vec![call("t1", &json!("no object"))]),
        turn(Role::User, vec![Part::ToolResult { call: "t1".into(), parts: Vec::new(), is_error: true, cache: None }]),
    ];
    let (body, _) = written(&Prompt { turns, ..Prompt::default() }, "m");
    assert_eq!(body["toolConfig"]["tools"][0]["toolSpec"]["name"], "get");
    assert_eq!(body["messages"][1]["content"][0]["toolUse"]["input"], json!({}));
    assert_eq!(
        body["messages"][2]["content"][0]["toolResult"],
        json!({"toolUseId": "t1", "content": [{"text": ""}], "status": "error"})
    );
    let tool = Tool::Function { name: "f".into(), description: None, schema: None, strict: Some(true), cache: None };
    let offered = Prompt { tools: vec![tool], tool_choice: Some(ToolChoice::Never), ..ask(vec![Part::text("hi")]) };
    let (body, dropped) = written(&offered, "m");
    assert_eq!((&body["toolConfig"], dropped), (&Value::Null, vec!["tools[0].function.strict".to_owned()]));
}

#[test]
fn documents_have_names_and_words_beside_them() {
    let mut named = media(MediaKind::Document, "application/pdf", Source::Base64("aGk=".into()));
    if let Part::Media(media) = &mut named {
        media.name = Some("Q3_report (final).pdf".into());
    }
    let (body, _) =
        written(&ask(vec![named, media(MediaKind::Document, "text/plain", Source::Text("hi".into()))]), "m");
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            {"document": {"format": "pdf", "name": "Q3 report (final) pdf", "source": {"bytes": "aGk="}}},
            {"document": {"format": "txt", "name": "document 2", "source": {"bytes": "aGk="}}},
            {"text": "."}])
    );
    let s3 = media(MediaKind::Image, "image/webp", Source::Url("s3://b/k".into()));
    assert_eq!(
        written(&ask(vec![s3]), "m").0["messages"][0]["content"][0]["image"]["source"]["s3Location"]["uri"],
        "s3://b/k"
    );
    for refused in [
        media(MediaKind::Image, "image/png", Source::Url("https://x/y.png".into())),
        media(MediaKind::Image, "image/tiff", Source::Base64("aGk=".into())),
        media(MediaKind::Document, "application/zip", Source::Base64("aGk=".into())),
        media(MediaKind::Audio, "audio/wav", Source::Base64("aGk=".into())),
    ] {
        assert_eq!(fault(vec![refused]), "messages[0].content[0]");
    }
}

const USAGE: &str = r#"{"inputTokens":10,"outputTokens":5,"totalTokens":27,"cacheReadInputTokens":8,"cacheWriteInputTokens":4,"cacheDetails":[{"ttl":"1h","inputTokens":3}]}"#;

fn answer() -> Value {
    json!({
        "output": {"message": {"role": "assistant", "content": [
            {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln"}}},
            {"reasoningContent": {"redactedContent": "cmVk"}},
            {"text": "Hello you"},
            {"toolUse": {"toolUseId": "t1", "name": "get", "input": {"a": 1}}}]}},
        "stopReason": "tool_use",
        "usage": serde_json::from_str::<Value>(USAGE).unwrap(),
        "metrics": {"latencyMs": 3},
        "trace": {"guardrail": {"inputAssessment": {}}},
        "serviceTier": {"type": "default"},
    })
}

fn stream() -> Vec<u8> {
    let meta = format!(
        r#"{{"usage":{USAGE},"metrics":{{"latencyMs":3}},"trace":{{"guardrail":{{"inputAssessment":{{}}}}}},"serviceTier":{{"type":"default"}},"p":"abc"}}"#
    );
    let delta = |index: u32, delta: Value| {
        event("contentBlockDelta", &json!({"contentBlockIndex": index, "delta": delta, "p": "ab"}).to_string())
    };
    let stop = |index: u32| event("contentBlockStop", &json!({"contentBlockIndex": index}).to_string());
    let start = json!({"contentBlockIndex": 3, "start": {"toolUse": {"toolUseId": "t1", "name": "get"}}}).to_string();
    [
        event("messageStart", r#"{"role":"assistant"}"#),
        delta(0, json!({"reasoningContent": {"text": "Hm"}})),
        delta(0, json!({"reasoningContent": {"text": "."}})),
        delta(0, json!({"reasoningContent": {"signature": "c2ln"}})),
        stop(0),
        delta(1, json!({"reasoningContent": {"redactedContent": "cmVk"}})),
        stop(1),
        delta(2, json!({"text": "Hello"})),
        delta(2, json!({"text": " you"})),
        stop(2),
        event("contentBlockStart", &start),
        delta(3, json!({"toolUse": {"input": "{\"a\""}})),
        delta(3, json!({"toolUse": {"input": ":1}"}})),
        stop(3),
        event("messageStop", r#"{"stopReason":"tool_use"}"#),
        event("metadata", &meta),
    ]
    .concat()
}

fn read(chunks: &[&[u8]]) -> (Vec<Event>, bool) {
    let (mut splitter, mut reader) = (Splitter::new(Framing::Amazon), read_stream::Reader::default());
    let mut events = Vec::new();
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk));
        while let Ok(Some(frame)) = splitter.next_frame() {
            reader.frame(&frame, &mut events).unwrap();
        }
    }
    assert!(splitter.finish().is_none());
    (events, reader.is_over())
}

#[test]
fn a_stream_and_its_whole_answer_are_the_same_reply() {
    let whole = Provider.read_reply(Task::Chat, answer().to_string().as_bytes()).unwrap();
    let usage = whole.usage.clone().unwrap();
    let expected =
        Usage { input: 22, output: 5, cache_read: 8, cache_write_5m: 1, cache_write_1h: 3, ..Usage::default() };
    assert_eq!((usage.usage, usage.service_tier.as_deref()), (expected, Some("default")));
    let Choice { parts, finish, .. } = &whole.choices[0];
    assert_eq!(finish, &Some(Finish::ToolCalls));
    assert_eq!(parts[0], Part::Thinking { text: "Hm.".into(), signature: Some("c2ln".into()) });
    assert_eq!(parts[1], Part::RedactedThinking { data: "cmVk".into() });
    assert!(matches!(&parts[4], Part::Opaque { from: Protocol::Bedrock, raw } if raw.get().starts_with("{\"trace\"")));
    let (events, over) = read(&[&stream()]);
    assert!(over);
    let streamed: Reply = events.into_iter().collect();
    assert_eq!(streamed.choices, whole.choices);
    assert_eq!(streamed.usage.unwrap().usage, expected);
    let sight = Provider.glance(Task::Chat, answer().to_string().as_bytes()).unwrap();
    assert_eq!((sight.finish.as_deref(), sight.usage.unwrap().usage.input), (Some("tool_calls"), 22));
}

#[test]
fn a_call_without_arguments_has_none() {
    let mut body = answer();
    body["output"]["message"]["content"] = json!([{"toolUse": {"toolUseId": "t", "name": "now", "input": {}}}]);
    let reply = Provider.read_reply(Task::Chat, body.to_string().as_bytes()).unwrap();
    assert!(matches!(&reply.choices[0].parts[0], Part::ToolCall { input, .. } if input.get() == "{}"));
}

#[test]
fn pages_are_cited_and_places_in_documents_kept() {
    let mut body = answer();
    body["output"]["message"]["content"] = json!([{"citationsContent": {"content": [{"text": "It is so."}], "citations": [
        {"title": "T", "location": {"web": {"url": "https://a.example", "domain": "a.example"}}, "sourceContent": [{"text": "so"}]},
        {"location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}}]}}]);
    let reply = Provider.read_reply(Task::Chat, body.to_string().as_bytes()).unwrap();
    let parts = &reply.choices[0].parts;
    assert_eq!(parts[0], Part::text("It is so."));
    assert!(
        matches!(&parts[1], Part::Citation(page) if page.url == "https://a.example" && page.quoted.as_deref() == Some("so"))
    );
    assert!(matches!(&parts[2], Part::Opaque { from: Protocol::Bedrock, .. }));
}

#[test]
fn failures_end_the_stream() {
    let failed = message(
        &[(":exception-type", "modelStreamErrorException"), (":message-type", "exception")],
        br#"{"message":"lost","originalStatusCode":500}"#,
    );
    let bytes = [event("messageStart", r#"{"role":"assistant"}"#), failed].concat();
    let (events, over) = read(&[&bytes]);
    assert!(!over);
    let Some(Event::Failed(complaint)) = events.last() else { panic!("{events:?}") };
    assert_eq!((complaint.status, complaint.message.as_ref()), (500, "lost"));
    let mut broken = event("messageStop", r#"{"stopReason":"end_turn"}"#);
    broken[20] ^= 1;
    let frame = Frame { raw: broken.into() };
    let complaint = read_stream::Reader::default().frame(&frame, &mut Vec::new()).unwrap_err();
    assert_eq!(complaint.code, Code::ProviderMalformed);
    let mut watch = Provider.tap(Task::Chat, false);
    assert!(matches!(watch.see(&frame, &mut Sight::default()), Pass::Broken(_)));
}

#[test]
fn the_watcher_sees_what_a_trace_needs() {
    let (mut splitter, mut watch, mut sight) =
        (Splitter::new(Framing::Amazon), Provider.tap(Task::Chat, false), Sight::default());
    splitter.push(stream().into());
    let mut passes = Vec::new();
    while let Ok(Some(frame)) = splitter.next_frame() {
        passes.push(watch.see(&frame, &mut sight));
    }
    assert_eq!(passes.pop(), Some(Pass::Last));
    assert!(passes.iter().all(|pass| *pass == Pass::Forward));
    assert_eq!((sight.said.as_str(), sight.finish.as_deref()), ("Hm.Hello you{\"a\":1}", Some("tool_calls")));
}

#[test]
fn models_and_refusals_are_read() {
    let list = br#"{"modelSummaries":[{"modelId":"amazon.nova-lite-v1:0","modelName":"Nova Lite"}]}"#;
    assert_eq!(Provider.read_model_ids(list).unwrap(), ["amazon.nova-lite-v1:0"]);
    let complaint = Provider.read_complaint(400, None, br#"{"message":"The provided model identifier is invalid."}"#);
    assert_eq!((complaint.status, complaint.message.as_ref()), (400, "The provided model identifier is invalid."));
    assert!(Provider.read_complaint(502, None, b"<html>").message.contains("HTML page"));
}

proptest! {
    #[test]
    fn any_chunking_gives_the_same_events(cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..9)) {
        let stream = stream();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len())).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read(&chunks).0, read(&[&stream]).0);
    }

    #[test]
    fn no_answer_panics(text in any::<String>(), cut in any::<prop::sample::Index>()) {
        let _ = Provider.read_reply(Task::Chat, text.as_bytes());
        let whole = answer().to_string();
        let _ = Provider.read_reply(Task::Chat, &whole.as_bytes()[..cut.index(whole.len())]);
        let _ = Provider.read_complaint(500, None, text.as_bytes());
    }
}
