//! Answers both ways, whole and streamed: fixtures of vendors, and the properties that tie them together.

use super::{Caller, Provider};
use crate::canonical::*;
use crate::dialect::sse::{Frame, Splitter};
use crate::dialect::{Asked, CallerDialect, ProviderDialect, Sight, StreamForm, UrlFacts};
use crate::types::{Task, Usage};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};

fn data(values: &[Value]) -> String {
    values.iter().map(|value| format!("data: {value}\n\n")).collect()
}

fn frames(stream: &[u8], cuts: &[usize]) -> Vec<Frame> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.min(&stream.len()).to_owned()).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    let mut splitter = Splitter::default();
    let mut frames = Vec::new();
    for cut in cuts.windows(2) {
        splitter.push(Bytes::copy_from_slice(&stream[cut[0]..cut[1]]));
        while let Ok(Some(frame)) = splitter.next_frame() {
            frames.push(frame);
        }
    }
    frames.extend(splitter.finish());
    frames
}

fn events_of(stream: &[u8], cuts: &[usize]) -> (Vec<Event>, bool) {
    let mut reader = Provider.stream_reader(Task::Chat);
    let mut events = Vec::new();
    for frame in frames(stream, cuts) {
        reader.frame(&frame, &mut events).unwrap();
    }
    (events, reader.is_complete())
}

fn reply_of(stream: &str) -> Reply {
    let (events, complete) = events_of(stream.as_bytes(), &[]);
    assert!(complete);
    assert_sequential(&events);
    events.into_iter().collect()
}

/// No block opens before the one before it is closed.
fn assert_sequential(events: &[Event]) {
    let mut open = None;
    for event in events {
        match event {
            Event::Open { block, .. } => assert_eq!(open.replace(*block), None),
            Event::Delta { block, .. } => assert_eq!(open, Some(*block)),
            Event::Close { block } => assert_eq!(open.take(), Some(*block)),
            _ => {}
        }
    }
    assert_eq!(open, None);
}

fn stream_of(task: Task, events: impl IntoIterator<Item = Event>, include_usage: bool) -> (String, Vec<String>) {
    let mut writer = Caller.stream_writer(Asked { task, include_usage, form: StreamForm::Usual });
    let mut out = BytesMut::new();
    events.into_iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    (String::from_utf8(out.to_vec()).unwrap(), writer.dropped().to_vec())
}

fn chunks(stream: &str) -> Vec<Value> {
    stream.split("\n\n").filter_map(|frame| serde_json::from_str(frame.strip_prefix("data: ")?).ok()).collect()
}

fn call(id: &str, name: &str, input: &str) -> Part {
    Part::ToolCall { id: id.into(), name: name.into(), input: Json::parse(input.into()).unwrap(), cache: None }
}

fn piece(delta: Value) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn ending(reason: &str) -> Value {
    json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

#[test]
fn interleaved_parallel_calls_come_one_after_the_other() {
    let fragment = |index: u64, arguments: &str| {
        piece(json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]}))
    };
    let open = |index: u64, id: &str, name: &str| {
        piece(json!({"tool_calls": [{"index": index, "id": id, "type": "function",
            "function": {"name": name, "arguments": ""}}]}))
    };
    let stream = data(&[
        piece(json!({"role": "assistant", "content": null})),
        open(0, "a", "f"),
        open(1, "b", "g"),
        fragment(0, "{\"x\":"),
        fragment(1, "{\"y\":\"}"),
        fragment(0, "1}"),
        fragment(1, "\"}"),
        open(2, "z", "h"),
        ending("tool_calls"),
    ]);
    let reply = reply_of(&stream);
    let expected = [call("a", "f", r#"{"x":1}"#), call("b", "g", r#"{"y":"}"}"#), call("z", "h", "{}")];
    assert_eq!(reply.choices[0].parts, expected);
    assert_eq!(reply.choices[0].finish, Some(Finish::ToolCalls));
}

#[test]
fn whole_calls_at_once_with_one_index_and_a_plain_stop() {
    let whole = |id: &str| {
        piece(json!({"tool_calls": [{"index": 0, "id": id, "type": "function",
            "function": {"name": "f", "arguments": "{}"}}]}))
    };
    let reply = reply_of(&data(&[whole("a"), whole("b"), whole("b"), ending("stop")]));
    assert_eq!(reply.choices[0].parts, [call("a", "f", "{}"), call("b", "f", "{}")]);
    assert_eq!(reply.choices[0].finish, Some(Finish::ToolCalls));
}

#[test]
fn calls_without_ids_get_their_own() {
    let body = br#"{"id":"r","choices":[{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"a":1}}},
        {"function":{"name":"g","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let reply = Provider.read_reply(Task::Chat, body).unwrap();
    assert_eq!(reply.choices[0].parts, [call("call_r_0_0", "f", r#"{"a":1}"#), call("call_r_0_1", "g", "{}")]);
}

#[test]
fn thinking_text_usage_and_a_missing_done() {
    let usage = json!({"id": "c", "model": "m", "choices": [], "service_tier": "default",
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}});
    let azure = json!({"id": "", "model": "", "choices": [], "prompt_filter_results": []});
    let stream = data(&[
        azure,
        piece(json!({"role": "assistant", "content": "", "reasoning_content": "h"})),
        piece(json!({"reasoning_content": "m"})),
        piece(json!({"content": "so"})),
        ending("length"),
        usage,
    ]);
    let reply = reply_of(&stream);
    let thought = Part::Thinking { text: "hm".into(), signature: None };
    assert_eq!((reply.id.as_str(), reply.model.as_str()), ("c", "m"));
    assert_eq!(reply.choices[0].parts, [thought, Part::text("so")]);
    assert_eq!(reply.choices[0].finish, Some(Finish::Length));
    let report = reply.usage.unwrap();
    assert_eq!((report.usage.total(), report.service_tier.as_deref()), (5, Some("default")));
}

#[test]
fn a_stream_is_complete_with_a_finish_or_done_only() {
    let begun = data(&[piece(json!({"content": "x"}))]);
    assert!(!events_of(begun.as_bytes(), &[]).1);
    assert!(!events_of(b"", &[]).1);
    let (events, complete) = events_of(format!("{begun}data: [DONE]\n\n").as_bytes(), &[]);
    assert!(complete);
    assert!(matches!(events.last(), Some(Event::Finish { finish: Finish::Stop, .. })));
}

#[test]
fn failures_and_nonsense_are_told_apart() {
    let (events, complete) = events_of(b"data: {\"error\":{\"message\":\"no\"}}\n\n", &[]);
    assert!(!complete);
    assert!(matches!(&events[0], Event::Failed(complaint) if complaint.message == "no"));
    let mut reader = Provider.stream_reader(Task::Chat);
    let frame = Frame { raw: Bytes::from_static(b"data: <html>\n\n") };
    assert_eq!(reader.frame(&frame, &mut Vec::new()).unwrap_err().code, Code::ProviderMalformed);
}

#[test]
fn refusals_annotations_and_likelihoods() {
    let stream = data(&[
        piece(json!({"refusal": "I ", "annotations": [{"type": "url_citation"}]})),
        json!({"choices": [{"delta": {"refusal": "can't"}, "logprobs": {"content": [1], "refusal": null}}]}),
        json!({"choices": [{"delta": {}, "logprobs": {"content": [2]}, "finish_reason": "stop"}]}),
    ]);
    let (events, _) = events_of(stream.as_bytes(), &[]);
    let choice = events.into_iter().collect::<Reply>().choices.remove(0);
    assert!(choice.parts.contains(&Part::Refusal { text: "I ".into() }));
    assert!(choice.parts.iter().any(|part| matches!(part, Part::Opaque { raw, .. } if raw.get().contains("citation"))));
    assert_eq!(choice.finish, Some(Finish::Refusal));
    assert_eq!(choice.logprobs.unwrap().get(), r#"{"content":[1,2],"refusal":null}"#);
}

#[test]
fn whole_answers_have_openais_shape() {
    let parts = vec![
        Part::Thinking { text: "hm".into(), signature: Some("s".into()) },
        Part::RedactedThinking { data: "d".into() },
        Part::text("so"),
        call("t", "f", "{\"a\": 1}"),
    ];
    let usage = UsageReport {
        usage: Usage { input: 3, output: 2, cache_read: 1, ..Usage::default() },
        raw: None,
        service_tier: Some("standard".into()),
    };
    let choice = Choice { parts, finish: Some(Finish::ToolCalls), logprobs: None };
    let reply = Reply { id: "r".into(), model: "m".into(), choices: vec![choice], usage: Some(usage) };
    let written = Caller.write_reply(Task::Chat, reply);
    let mut body: Value = serde_json::from_slice(&written.bytes).unwrap();
    assert!(body.as_object_mut().unwrap().remove("created").unwrap().is_i64());
    let expected = json!({
        "id": "r", "object": "chat.completion", "model": "m", "system_fingerprint": null, "service_tier": "default",
        "choices": [{"index": 0, "logprobs": null, "finish_reason": "tool_calls", "message": {
            "role": "assistant", "content": "so", "refusal": null, "reasoning_content": "hm",
            "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "d"}],
            "tool_calls": [{"id": "t", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1}"}}]}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 1, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0, "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0}},
    });
    assert_eq!(body, expected);
    assert!(written.dropped.is_empty());
}

#[test]
fn an_answer_without_words_still_has_a_choice() {
    let written = Caller.write_reply(Task::Chat, Reply::default());
    let body: Value = serde_json::from_slice(&written.bytes).unwrap();
    assert_eq!(body["choices"][0]["message"]["content"], Value::Null);
    assert_eq!(body["choices"][0]["finish_reason"], "stop");
}

#[test]
fn streams_have_openais_chunks() {
    let block = |index| Block { choice: 0, index };
    let events = vec![
        Event::Start { id: "r".into(), model: "m".into() },
        Event::Open { block: block(0), kind: BlockKind::Text },
        Event::Delta { block: block(0), delta: Delta::Text("hi".into()) },
        Event::Close { block: block(0) },
        Event::Open { block: block(1), kind: BlockKind::ToolCall { id: "t".into(), name: "now".into() } },
        Event::Close { block: block(1) },
        Event::Finish { choice: 0, finish: Finish::ToolCalls },
        Event::Usage(UsageReport::default()),
    ];
    let (stream, dropped) = stream_of(Task::Chat, events.clone(), true);
    assert!(stream.ends_with("data: [DONE]\n\n") && dropped.is_empty());
    let chunks = chunks(&stream);
    let deltas: Vec<&Value> = chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta")).collect();
    let expected = [
        json!({"role": "assistant", "content": "", "refusal": null}),
        json!({"content": "hi"}),
        json!({"tool_calls": [{"index": 0, "id": "t", "type": "function", "function": {"name": "now", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}),
        json!({}),
    ];
    assert_eq!(deltas, expected.iter().collect::<Vec<_>>());
    assert_eq!(chunks[4]["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!((&chunks[0]["object"], &chunks[0]["usage"]), (&json!("chat.completion.chunk"), &Value::Null));
    assert_eq!((&chunks[5]["choices"], &chunks[5]["usage"]["total_tokens"]), (&json!([]), &json!(0)));
    let (quiet, _) = stream_of(Task::Chat, events, false);
    assert!(!quiet.contains("usage"));
}

#[test]
fn completions_are_text_completions() {
    let parts = vec![Part::text("once"), call("t", "f", "{}")];
    let choice = Choice { parts, finish: Some(Finish::Pause), logprobs: None };
    let reply = Reply { id: "r".into(), model: "m".into(), choices: vec![choice], usage: None };
    let whole = Caller.write_reply(Task::Completion, reply.clone());
    let body: Value = serde_json::from_slice(&whole.bytes).unwrap();
    assert_eq!((&body["object"], &body["choices"][0]["text"]), (&json!("text_completion"), &json!("once")));
    assert_eq!(whole.dropped, ["content[1]", "stop_reason"]);
    let (stream, dropped) = stream_of(Task::Completion, reply.into_events(), false);
    let chunks = chunks(&stream);
    assert_eq!(chunks.len(), 2);
    assert_eq!((&chunks[0]["object"], &chunks[0]["choices"][0]["text"]), (&json!("text_completion"), &json!("once")));
    assert_eq!(chunks[1]["choices"][0]["finish_reason"], "stop");
    assert_eq!(dropped, ["content[1]", "stop_reason"]);
}

#[test]
fn a_failing_stream_ends_with_an_error_frame() {
    let mut writer = Caller.stream_writer(Asked { task: Task::Chat, include_usage: false, form: StreamForm::Usual });
    let mut out = BytesMut::new();
    writer.fail(&Complaint::new(Code::ProviderTimeout, "too slow"), "tr_1", &mut out);
    let chunk = &chunks(std::str::from_utf8(&out).unwrap())[0];
    assert_eq!((&chunk["error"]["code"], &chunk["error"]["trace_id"]), (&json!("provider_timeout"), &json!("tr_1")));
}

fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\{} \u{e9}\n]{1,8}"
}

/// Parts in the order in which this protocol tells them, each kind of words once.
fn parts() -> impl Strategy<Value = Vec<Part>> {
    let thought = prop_oneof![
        (words(), words()).prop_map(|(text, seal)| Part::Thinking { text, signature: Some(seal) }),
        words().prop_map(|data| Part::RedactedThinking { data }),
    ];
    let calls = prop::collection::vec((words(), words()), 0..3).prop_map(|calls| {
        let call = |(place, (name, value)): (usize, (String, String))| Part::ToolCall {
            id: format!("c{place}"),
            name,
            input: Json::of(&json!({"v": value})).unwrap(),
            cache: None,
        };
        calls.into_iter().enumerate().map(call).collect::<Vec<_>>()
    });
    (prop::collection::vec(thought, 0..3), prop::option::of(words()), calls)
        .prop_map(|(thoughts, text, calls)| thoughts.into_iter().chain(text.map(Part::text)).chain(calls).collect())
}

fn replies() -> impl Strategy<Value = Reply> {
    let usage = (0u64..1000, 0u64..1000).prop_map(|(input, output)| Usage { input, output, ..Usage::default() });
    (prop::collection::vec(parts(), 1..3), prop::option::of(usage), any::<bool>()).prop_map(|(all, usage, cut)| {
        let choices = all.into_iter().map(|parts| {
            let calls = parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
            let done = if calls { Finish::ToolCalls } else { Finish::Stop };
            Choice { parts, finish: Some(if cut { Finish::Length } else { done }), logprobs: None }
        });
        let usage = usage.map(|usage| UsageReport { usage, raw: None, service_tier: None });
        Reply { id: "r".into(), model: "m".into(), choices: choices.collect(), usage }
    })
}

/// The same without the provider's own block, which is another one after a round.
fn without_raw(mut reply: Reply) -> Reply {
    if let Some(report) = &mut reply.usage {
        report.raw = None;
    }
    reply
}

proptest! {
    #[test]
    fn stream_and_whole_fold_to_the_same_reply(reply in replies()) {
        let whole = Caller.write_reply(Task::Chat, reply.clone());
        prop_assert_eq!(without_raw(Provider.read_reply(Task::Chat, &whole.bytes).unwrap()), reply.clone());
        let (stream, _) = stream_of(Task::Chat, reply.clone().into_events(), true);
        let (events, complete) = events_of(stream.as_bytes(), &[]);
        prop_assert!(complete);
        prop_assert_eq!(without_raw(events.into_iter().collect()), reply);
    }

    #[test]
    fn any_chunking_gives_the_same_events(reply in replies(), cuts in prop::collection::vec(0usize..4000, 0..12)) {
        let (stream, _) = stream_of(Task::Chat, reply.into_events(), true);
        let events = |cuts: &[usize]| events_of(stream.as_bytes(), cuts);
        prop_assert_eq!(events(&cuts), events(&[]));
    }

    #[test]
    fn tap_and_glance_see_the_same(reply in replies()) {
        let whole = Caller.write_reply(Task::Chat, reply.clone());
        let glanced = Provider.glance(Task::Chat, &whole.bytes).unwrap();
        let (stream, _) = stream_of(Task::Chat, reply.into_events(), true);
        let mut tap = Provider.tap(Task::Chat, true);
        let mut sight = Sight::default();
        for frame in frames(stream.as_bytes(), &[]) {
            tap.see(&frame, &mut sight);
        }
        prop_assert_eq!((&sight.finish, &sight.usage), (&glanced.finish, &glanced.usage));
        if glanced.usage.is_none() {
            prop_assert_eq!(sight.said.len(), glanced.said.len());
        }
    }

    #[test]
    fn a_callers_echo_keeps_thinking_and_calls(parts in parts()) {
        let choice = Choice { parts: parts.clone(), finish: Some(Finish::Stop), logprobs: None };
        let reply = Reply { choices: vec![choice], ..Reply::default() };
        let body: Value = serde_json::from_slice(&Caller.write_reply(Task::Chat, reply).bytes).unwrap();
        let echo = json!({"model": "m", "messages": [body["choices"][0]["message"]]}).to_string();
        prop_assert_eq!(&Caller.read_prompt(Task::Chat, &echo, &UrlFacts::default()).unwrap().turns[0].parts, &parts);
    }

    #[test]
    fn nothing_panics(text in "\\PC{0,60}", value in mangled()) {
        for body in [text, value.to_string()] {
            for task in Task::ALL {
                let _ = Caller.peek(task, &body, &UrlFacts::default());
                let _ = Caller.texts(task, &body);
                let _ = Caller.read_prompt(task, &body, &UrlFacts::default());
                let _ = Provider.glance(task, body.as_bytes());
                let _ = Provider.read_reply(task, body.as_bytes());
            }
            let _ = Provider.read_complaint(500, None, body.as_bytes());
            let frame = Frame { raw: format!("data: {body}\n\n").into() };
            let _ = Provider.tap(Task::Chat, true).see(&frame, &mut Sight::default());
            let _ = Provider.stream_reader(Task::Chat).frame(&frame, &mut Vec::new());
        }
    }
}

/// JSON in which the protocol's names hold anything.
fn mangled() -> impl Strategy<Value = Value> {
    let names = [
        "model",
        "messages",
        "role",
        "content",
        "type",
        "text",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "choices",
        "delta",
        "message",
        "usage",
        "prompt_tokens",
        "error",
        "index",
        "finish_reason",
        "thinking_blocks",
        "stream_options",
        "include_usage",
        "prompt",
        "input",
        "stop",
        "image_url",
        "url",
        "logprobs",
        "assistant",
    ];
    let name = prop::sample::select(names.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        name.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}
