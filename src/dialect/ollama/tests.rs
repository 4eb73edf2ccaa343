//! Both sides together, on documented bodies and on generated ones.

use super::{Caller, Provider};
use crate::canonical::{
    Choice, Code, EmbeddingInput, Event, Finish, Format, Json, MediaKind, Part, Prompt, Reply, Role, Source, Thinking,
    Tool, Turn, UsageReport,
};
use crate::dialect::sse::{Frame, Splitter};
use crate::dialect::{
    Ability, Asked, CallerDialect, ModelCard, Pass, ProviderDialect, Sight, StreamForm, Target, UrlFacts,
};
use crate::records::Quirks;
use crate::types::{Task, Time, Usage};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(body: &Value) -> Prompt {
    Caller.read_prompt(Task::Chat, &body.to_string(), &UrlFacts::default()).unwrap()
}

fn write(prompt: &Prompt) -> (Value, Vec<String>) {
    let quirks = Quirks::default();
    let target = Target { model: "qwen3:8b", max_output_tokens: None, quirks: &quirks };
    let written = Provider.write_prompt(Task::Chat, prompt, &target).unwrap();
    (serde_json::from_slice(&written.bytes).unwrap(), written.dropped)
}

fn frames(stream: &[u8], cuts: &[usize]) -> Vec<Frame> {
    let mut splitter = Splitter::new(Provider.framing());
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| (*cut).min(stream.len())).collect();
    cuts.extend([0, stream.len()]);
    cuts.sort_unstable();
    let mut frames = Vec::new();
    for pair in cuts.windows(2) {
        splitter.push(Bytes::copy_from_slice(&stream[pair[0]..pair[1]]));
        while let Some(frame) = splitter.next_frame().unwrap() {
            frames.push(frame);
        }
    }
    frames
}

fn events_of(stream: &[u8], cuts: &[usize]) -> (Vec<Event>, bool) {
    let mut reader = Provider.stream_reader(Task::Chat);
    let mut events = Vec::new();
    frames(stream, cuts).iter().for_each(|frame| reader.frame(frame, &mut events).unwrap());
    (events, reader.is_complete())
}

fn stream_of(events: Vec<Event>) -> String {
    let asked = Asked { task: Task::Chat, include_usage: true, form: StreamForm::Usual };
    let mut writer = Caller.stream_writer(asked);
    let mut out = BytesMut::new();
    events.into_iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    String::from_utf8(out.to_vec()).unwrap()
}

#[test]
fn a_request_is_read_and_written_alike() {
    let body = json!({
        "model": "qwen3:8b",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is this?", "images": ["iVBORw0KGgoAAA"]},
            {"role": "assistant", "content": "I look.", "thinking": "A tool.", "tool_calls": [
                {"id": "c1", "function": {"index": 0, "name": "look", "arguments": {"deep": 1.50}}},
                {"id": "c2", "function": {"index": 1, "name": "now", "arguments": {}}}]},
            {"role": "tool", "content": "a cat", "tool_name": "look", "tool_call_id": "c1"},
            {"role": "tool", "content": "noon", "tool_name": "now", "tool_call_id": "c2"}],
        "tools": [{"type": "function", "function": {"name": "look", "description": "looks",
            "parameters": {"type": "object", "properties": {"deep": {"type": "number"}}}}}],
        "format": {"type": "object"},
        "think": "high",
        "options": {"temperature": 0.5, "seed": 7, "num_predict": 20, "stop": ["END"]},
        "stream": false
    });
    let prompt = read(&body);
    assert_eq!(prompt.system, [Part::text("Be brief.")]);
    let Part::Media(image) = &prompt.turns[0].parts[1] else { panic!() };
    assert_eq!((image.kind, image.mime.as_deref()), (MediaKind::Image, Some("image/png")));
    assert_eq!(prompt.turns[2].parts.len(), 2, "results of one turn stand together");
    let (written, dropped) = write(&prompt);
    assert_eq!((written, dropped), (body, vec![]));
}

#[test]
fn calls_without_ids_are_answered_in_their_order() {
    let call = |name: &str| json!({"function": {"name": name, "arguments": {}}});
    let prompt = read(&json!({"model": "m", "messages": [
        {"role": "assistant", "content": "", "tool_calls": [call("a"), call("b"), call("a")]},
        {"role": "tool", "content": "1", "tool_name": "b"}, {"role": "tool", "content": "2"},
        {"role": "tool", "content": "3", "name": "a"}]}));
    let of = |part: &Part| match part {
        Part::ToolResult { call, .. } => call.clone(),
        other => panic!("{other:?}"),
    };
    let answered: Vec<String> = prompt.turns[1].parts.iter().map(of).collect();
    assert_eq!(answered, ["call_0_1", "call_0_0", "call_0_2"]);
    let lost = json!({"model": "m", "messages": [{"role": "tool", "content": "?", "tool_name": "x"}]}).to_string();
    let complaint = Caller.read_prompt(Task::Chat, &lost, &UrlFacts::default()).unwrap_err();
    assert_eq!(complaint.param.as_deref(), Some("messages[0].tool_name"));
}

#[test]
fn generate_is_one_turn() {
    let body = json!({"model": "m", "prompt": "Hi", "system": "S", "images": ["/9j/4AAQ"], "think": false, "raw": true,
        "options": {"num_ctx": 8192, "num_predict": -1}, "keep_alive": "5m"});
    let prompt = Caller.read_prompt(Task::Completion, &body.to_string(), &UrlFacts::default()).unwrap();
    assert_eq!((prompt.turns[0].parts.len(), prompt.stream, prompt.max_output_tokens), (2, true, None));
    assert_eq!(prompt.reasoning.thinking, Some(Thinking::Disabled));
    let names: Vec<&String> = prompt.extra.keys().collect();
    assert_eq!(names, ["options.num_ctx", "raw", "keep_alive"]);
    let empty = Caller.read_prompt(Task::Completion, r#"{"model":"m"}"#, &UrlFacts::default()).unwrap_err();
    assert_eq!(empty.param.as_deref(), Some("prompt"));
}

#[test]
fn decision_fields() {
    let peek = |task, body: Value| Caller.peek(task, &body.to_string(), &UrlFacts::default());
    let body = json!({"model": "m", "messages": [], "tools": [{}], "options": {"num_predict": 9}});
    let read = peek(Task::Chat, body).unwrap();
    assert!(read.stream && read.tools);
    assert_eq!(read.max_output_tokens.unwrap().value, 9);
    assert!(!peek(Task::Chat, json!({"model": "m", "stream": false})).unwrap().stream);
    assert!(!peek(Task::Embedding, json!({"model": "m", "input": "x"})).unwrap().stream);
    assert_eq!(peek(Task::Chat, json!({"name": "m"})).unwrap().model.value, "m");
    let twice = Caller.peek(Task::Chat, r#"{"model":"a","model":"b"}"#, &UrlFacts::default()).unwrap_err();
    assert_eq!(twice.param.as_deref(), Some("model"));
    assert_eq!(peek(Task::Chat, json!({"stream": true})).unwrap_err().message, "`model` is missing");
}

#[test]
fn every_text_has_its_voice() {
    let body = json!({"model": "m", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u",
        "images": ["AAAA"]}, {"role": "assistant", "content": "a", "thinking": "t", "tool_calls": [
        {"function": {"name": "f", "arguments": {"k": "v"}}}]}, {"role": "tool", "tool_name": "f", "content": "r"}],
        "keep_alive": "5m"})
    .to_string();
    let texts = Caller.texts(Task::Chat, &body).unwrap();
    let words: Vec<&str> = texts.iter().map(|text| &*text.value).collect();
    assert_eq!(words, ["s", "u", "a", "t", "v", "r"]);
    for text in &texts {
        assert_eq!(serde_json::from_str::<String>(&body[text.span.clone()]).unwrap(), text.value);
    }
}

#[test]
fn what_the_protocol_lacks_is_named_or_refused() {
    let mut prompt = Prompt { model: "m".into(), parallel_tools: Some(false), ..Prompt::default() };
    prompt.sampling.n = Some(2);
    prompt.end_user = Some("ann".into());
    prompt.tool_choice = Some(crate::canonical::ToolChoice::Named("b".into()));
    let tool = |name: &str| Tool::Function {
        name: name.into(),
        description: None,
        schema: None,
        strict: Some(true),
        cache: None,
    };
    prompt.tools = vec![tool("a"), tool("b")];
    let (body, mut dropped) = write(&prompt);
    dropped.sort();
    let expected = ["n", "parallel_tool_calls", "tool_choice", "tools[0].strict", "tools[1].strict", "user"];
    assert_eq!(dropped, expected);
    assert_eq!(body["tools"].as_array().unwrap().len(), 1);
    let media = crate::canonical::Media {
        kind: MediaKind::Image,
        mime: None,
        source: Source::Url("https://example.com/a.png".into()),
        name: None,
        detail: None,
        cache: None,
    };
    prompt.turns.push(Turn { role: Role::User, name: None, parts: vec![Part::Media(media)] });
    let quirks = Quirks::default();
    let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
    assert_eq!(Provider.write_prompt(Task::Chat, &prompt, &target).unwrap_err().code, Code::UnsupportedFeature);
}

#[test]
fn a_documented_answer_is_read() {
    let body = json!({"model": "qwen3:8b", "created_at": "2025-10-26T17:15:24.097767Z",
        "message": {"role": "assistant", "content": "Hello!", "thinking": "A greeting."}, "done": true,
        "done_reason": "stop", "total_duration": 174_560_334u64, "load_duration": 101_397_084u64,
        "prompt_eval_count": 11, "prompt_eval_duration": 13_074_791u64, "eval_count": 18, "eval_duration": 52_479_709u64})
    .to_string();
    let reply = Provider.read_reply(Task::Chat, body.as_bytes()).unwrap();
    assert_eq!((reply.id.as_str(), reply.model.as_str()), ("ollama-20251026171524097767", "qwen3:8b"));
    let thought = Part::Thinking { text: "A greeting.".into(), signature: None };
    assert_eq!(reply.choices[0].parts, [thought, Part::text("Hello!")]);
    let report = reply.usage.unwrap();
    assert_eq!((report.usage.input, report.usage.output), (11, 18));
    assert!(report.raw.unwrap().get().contains(r#""eval_duration":52479709"#));
    let sight = Provider.glance(Task::Chat, body.as_bytes()).unwrap();
    assert_eq!((sight.finish.as_deref(), sight.usage.unwrap().usage.output), (Some("stop"), 18));
}

#[test]
fn streams_end_with_done_fail_with_error_and_break_on_nonsense() {
    let line = |value: Value| Frame { raw: format!("{value}\n").into() };
    let mut tap = Provider.tap(Task::Chat, false);
    let mut sight = Sight::default();
    let word = json!({"model": "m", "message": {"role": "assistant", "content": "Hi"}, "done": false});
    assert_eq!(tap.see(&line(word), &mut sight), Pass::Forward);
    let call = json!({"message": {"tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}, "done": false});
    assert_eq!(tap.see(&line(call), &mut sight), Pass::Forward);
    let last = json!({"message": {"content": ""}, "done": true, "done_reason": "stop", "eval_count": 3});
    assert_eq!(tap.see(&line(last), &mut sight), Pass::Last);
    assert_eq!((sight.said.as_str(), sight.finish.as_deref()), (r#"Hif{"a":1}"#, Some("tool_calls")));
    let failed = tap.see(&line(json!({"error": "out of memory"})), &mut sight);
    assert!(matches!(failed, Pass::Failed(complaint) if complaint.message == "out of memory"));
    let broken = tap.see(&Frame { raw: "<html>\n".into() }, &mut sight);
    assert!(matches!(broken, Pass::Broken(complaint) if complaint.code == Code::ProviderMalformed));
    assert_eq!(tap.see(&Frame { raw: "\n".into() }, &mut sight), Pass::Forward);
}

#[test]
fn likelihoods_go_there_and_back() {
    let tokens = r#"[{"token":"Hi","logprob":-0.25,"bytes":[72,105]}]"#;
    let body = format!(r#"{{"model":"m","message":{{"content":"Hi"}},"logprobs":{tokens},"done":true}}"#);
    let reply = Provider.read_reply(Task::Chat, body.as_bytes()).unwrap();
    assert_eq!(reply.choices[0].logprobs.as_ref().unwrap().get(), format!(r#"{{"content":{tokens}}}"#));
    let written = Caller.write_reply(Task::Chat, reply);
    assert!(std::str::from_utf8(&written.bytes).unwrap().contains(&format!(r#""logprobs":{tokens}"#)));
}

#[test]
fn complaints_both_ways() {
    let complaint = Provider.read_complaint(404, None, br#"{"error":"model 'x' not found"}"#);
    assert_eq!((complaint.status, &*complaint.message), (404, "model 'x' not found"));
    assert_eq!(Provider.read_complaint(502, None, b"").message, "the provider answered with status 502 and no body");
    let body: Value = serde_json::from_slice(&Caller.write_complaint(&complaint, "tr_1")).unwrap();
    assert_eq!(body, json!({"error": "model 'x' not found", "code": "provider_error", "trace_id": "tr_1"}));
}

#[test]
fn models_are_listed_and_shown() {
    let card = ModelCard {
        id: "openai/gpt-5".into(),
        owner: "openai".into(),
        created: Time::from_millis(0),
        context_window: Some(400_000),
        max_output_tokens: None,
        abilities: vec![Ability::Chat, Ability::Tools, Ability::Vision, Ability::Thinking],
    };
    let list = Caller.write_models(std::slice::from_ref(&card));
    assert_eq!(Provider.read_model_ids(&list).unwrap(), ["openai/gpt-5"]);
    let list: Value = serde_json::from_slice(&list).unwrap();
    assert_eq!(list["models"][0]["digest"].as_str().unwrap().len(), 64);
    let shown: Value = serde_json::from_slice(&Caller.write_model(&card)).unwrap();
    assert_eq!(shown["capabilities"], json!(["completion", "tools", "vision", "thinking"]));
    assert_eq!(shown["model_info"]["openai.context_length"], 400_000);
}

#[test]
fn vectors_of_one_text_and_of_many() {
    let many = json!({"model": "m", "input": ["a", "b"], "dimensions": 8, "truncate": false});
    let request = Caller.read_embedding(Task::Embedding, &many.to_string(), &UrlFacts::default()).unwrap();
    let quirks = Quirks::default();
    let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
    let written = Provider.write_embedding(&request, &target).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&written.bytes).unwrap(), many);
    let answer = br#"{"model":"m","embeddings":[[0.5,1],[2,3]],"total_duration":14143917,"prompt_eval_count":8}"#;
    let vectors = Provider.read_embeddings(answer).unwrap();
    assert_eq!((vectors.vectors.len(), vectors.usage.as_ref().unwrap().usage.input), (2, 8));
    assert_eq!(Provider.glance(Task::Embedding, answer).unwrap().usage.unwrap().usage.input, 8);
    let again = Provider.read_embeddings(&Caller.write_embeddings(&request, vectors.clone())).unwrap();
    assert_eq!(again, vectors);
    let url = UrlFacts { one: true, ..UrlFacts::default() };
    let one = Caller.read_embedding(Task::Embedding, r#"{"model":"m","prompt":"a"}"#, &url).unwrap();
    assert_eq!(one.inputs, [EmbeddingInput::Text("a".into())]);
    assert_eq!(&Caller.write_embeddings(&one, vectors)[..], br#"{"embedding":[0.5,1.0]}"#);
}

#[test]
fn schemas_and_words_are_formats() {
    let of = |format: Value| {
        Caller.read_prompt(
            Task::Chat,
            &json!({"model": "m", "messages": [
        {"role": "user", "content": "x"}], "format": format})
            .to_string(),
            &UrlFacts::default(),
        )
    };
    assert_eq!(of(json!("json")).unwrap().format, Format::JsonObject);
    assert!(matches!(of(json!({"type": "object"})).unwrap().format, Format::Schema { .. }));
    assert_eq!(of(json!("yaml")).unwrap_err().param.as_deref(), Some("format"));
}

fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\{} \u{e9}\n]{1,8}"
}

fn replies() -> impl Strategy<Value = Reply> {
    let calls = prop::collection::vec((words(), words()), 0..3).prop_map(|calls| {
        let call = |(place, (name, value)): (usize, (String, String))| Part::ToolCall {
            id: format!("c{place}"),
            name,
            input: Json::of(&json!({"v": value})).unwrap(),
            cache: None,
        };
        calls.into_iter().enumerate().map(call).collect::<Vec<_>>()
    });
    let usage = (0u64..1000, 0u64..1000).prop_map(|(input, output)| Usage { input, output, ..Usage::default() });
    (prop::option::of(words()), prop::option::of(words()), calls, usage, any::<bool>()).prop_map(
        |(thought, text, calls, usage, cut)| {
            let finish = match calls.is_empty() {
                _ if cut => Finish::Length,
                true => Finish::Stop,
                false => Finish::ToolCalls,
            };
            let thought = thought.map(|text| Part::Thinking { text, signature: None });
            let parts = thought.into_iter().chain(text.map(Part::text)).chain(calls).collect();
            let choice = Choice { parts, finish: Some(finish), logprobs: None };
            let usage = Some(UsageReport { usage, raw: None, service_tier: None });
            Reply { id: String::new(), model: "m".into(), choices: vec![choice], usage }
        },
    )
}

/// The same without what is another one after a round: the id made of the time, and the provider's own block.
fn bare(mut reply: Reply) -> Reply {
    reply.id.clear();
    if let Some(report) = &mut reply.usage {
        report.raw = None;
    }
    reply
}

proptest! {
    #[test]
    fn stream_and_whole_fold_to_the_same_reply(reply in replies()) {
        let whole = Caller.write_reply(Task::Chat, reply.clone());
        prop_assert_eq!(bare(Provider.read_reply(Task::Chat, &whole.bytes).unwrap()), reply.clone());
        let stream = stream_of(reply.clone().into_events());
        let (events, complete) = events_of(stream.as_bytes(), &[]);
        prop_assert!(complete);
        prop_assert_eq!(bare(events.into_iter().collect()), reply);
    }

    #[test]
    fn any_chunking_gives_the_same_events(reply in replies(), cuts in prop::collection::vec(0usize..2000, 0..12)) {
        let stream = stream_of(reply.into_events());
        prop_assert_eq!(events_of(stream.as_bytes(), &cuts), events_of(stream.as_bytes(), &[]));
    }

    #[test]
    fn tap_and_glance_see_the_same(reply in replies()) {
        let glanced = Provider.glance(Task::Chat, &Caller.write_reply(Task::Chat, reply.clone()).bytes).unwrap();
        let mut tap = Provider.tap(Task::Chat, false);
        let mut sight = Sight::default();
        for frame in frames(stream_of(reply.into_events()).as_bytes(), &[]) {
            tap.see(&frame, &mut sight);
        }
        prop_assert_eq!(&sight.finish, &glanced.finish);
        prop_assert_eq!(sight.usage.map(|report| report.usage), glanced.usage.map(|report| report.usage));
    }

    #[test]
    fn a_callers_echo_keeps_thinking_and_calls(reply in replies()) {
        prop_assume!(!reply.choices[0].parts.is_empty());
        let parts = reply.choices[0].parts.clone();
        let body: Value = serde_json::from_slice(&Caller.write_reply(Task::Chat, reply).bytes).unwrap();
        prop_assert_eq!(&read(&json!({"model": "m", "messages": [body["message"]]})).turns[0].parts, &parts);
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
            let _ = Caller.read_embedding(Task::Embedding, &body, &UrlFacts::default());
            let _ = Provider.read_embeddings(body.as_bytes());
            let _ = Provider.read_complaint(500, None, body.as_bytes());
            let frame = Frame { raw: format!("{body}\n").into() };
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
        "thinking",
        "tool_calls",
        "function",
        "arguments",
        "name",
        "id",
        "message",
        "response",
        "done",
        "done_reason",
        "error",
        "images",
        "options",
        "num_predict",
        "stop",
        "format",
        "think",
        "prompt",
        "input",
        "embeddings",
        "logprobs",
        "assistant",
        "tool",
        "tool_name",
        "eval_count",
    ];
    let name = prop::sample::select(names.to_vec());
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        name.clone().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}
