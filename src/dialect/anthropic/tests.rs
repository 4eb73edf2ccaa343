//! What holds for the dialect as a whole: round trips, chunking, and bodies that make no sense.

use super::wire::array;
use super::{Caller, Provider};
use crate::canonical::{
    Block, BlockKind, CacheMark, Choice, Delta, Effort, Event, Finish, Format, Json, Media, MediaKind, Part, Prompt,
    Reasoning, Reply, Role, Sampling, Source, Thinking, Tool, ToolChoice, Turn,
};
use crate::dialect::sse::Splitter;
use crate::dialect::{Asked, CallerDialect, ProviderDialect, StreamForm, Target, UrlFacts};
use crate::records::Quirks;
use crate::types::{Protocol, Task};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};

const ASKED: Asked = Asked { task: Task::Chat, include_usage: true, form: StreamForm::Usual };

/// A stream with every kind of block, as the API sends it.
const STREAM: &str = concat!(
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":9,\"cache_read_input_tokens\":4,\"output_tokens\":1}}}\n\n",
    "event: ping\ndata: {\"type\": \"ping\"}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"hm \\u00e9\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2ln\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"eHh4\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"server_tool_use\",\"id\":\"srv_1\",\"name\":\"web_search\",\"input\":{}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"query\\\":\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\\\"q\\\"}\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":3,\"content_block\":{\"type\":\"web_search_tool_result\",\"tool_use_id\":\"srv_1\",\"content\":[{\"type\":\"web_search_result\",\"url\":\"u\"}]}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":3}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":4,\"content_block\":{\"type\":\"text\",\"text\":\"\",\"citations\":[]}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":4,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi \"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":4,\"delta\":{\"type\":\"citations_delta\",\"citation\":{\"cited_text\":\"c\"}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":4,\"delta\":{\"type\":\"text_delta\",\"text\":\"you\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":4}\n\n",
    "event: new_kind\ndata: {\"type\":\"new_kind\",\"x\":1}\n\n",
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":5,\"content_block\":{\"type\":\"tool_use\",\"id\":\"toolu_1\",\"name\":\"f\",\"input\":{}}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":5,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"\"}}\n\n",
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":5,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"a\\\": 1.0}\"}}\n\n",
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":5}\n\n",
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":20}}\n\n",
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n",
);

/// The same answer whole.
const WHOLE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":[{"type":"thinking","thinking":"hm é","signature":"c2ln"},{"type":"redacted_thinking","data":"eHh4"},{"type":"server_tool_use","id":"srv_1","name":"web_search","input":{"query":"q"}},{"type":"web_search_tool_result","tool_use_id":"srv_1","content":[{"type":"web_search_result","url":"u"}]},{"type":"text","text":"hi you","citations":[{"cited_text":"c"}]},{"type":"tool_use","id":"toolu_1","name":"f","input":{"a": 1.0}}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":9,"cache_read_input_tokens":4,"output_tokens":20}}"#;

fn read_stream(chunks: &[&[u8]]) -> (Vec<Event>, bool) {
    let (mut splitter, mut reader, mut events) = (Splitter::default(), Provider.stream_reader(Task::Chat), Vec::new());
    for chunk in chunks {
        splitter.push(Bytes::copy_from_slice(chunk));
        while let Ok(Some(frame)) = splitter.next_frame() {
            reader.frame(&frame, &mut events).unwrap();
        }
    }
    (events, reader.is_complete())
}

fn write_stream(events: impl IntoIterator<Item = Event>) -> (BytesMut, Vec<String>) {
    let (mut writer, mut out) = (Caller.stream_writer(ASKED), BytesMut::new());
    events.into_iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    let dropped = writer.dropped().to_vec();
    (out, dropped)
}

fn written(prompt: &Prompt, model: &str) -> (Value, Vec<String>) {
    let quirks = Quirks::default();
    let target = Target { model, max_output_tokens: None, quirks: &quirks };
    let written = Provider.write_prompt(Task::Chat, prompt, &target).unwrap();
    (serde_json::from_slice(&written.bytes).unwrap(), written.dropped)
}

#[test]
fn a_stream_and_its_whole_answer_are_the_same_reply() {
    let (events, complete) = read_stream(&[STREAM.as_bytes()]);
    assert!(complete);
    assert_eq!(events.into_iter().collect::<Reply>(), Provider.read_reply(Task::Chat, WHOLE.as_bytes()).unwrap());
}

#[test]
fn an_answer_survives_the_way_through_the_canonical_model() {
    let reply = Provider.read_reply(Task::Chat, WHOLE.as_bytes()).unwrap();
    let whole = Caller.write_reply(Task::Chat, reply.clone());
    let body: Value = serde_json::from_slice(&whole.bytes).unwrap();
    let expected: Value = serde_json::from_str(WHOLE).unwrap();
    assert_eq!((&body["content"], &body["stop_reason"]), (&expected["content"], &expected["stop_reason"]));
    assert!(whole.dropped.is_empty());

    let (stream, dropped) = write_stream(read_stream(&[STREAM.as_bytes()]).0);
    let again: Reply = read_stream(&[&stream]).0.into_iter().collect();
    assert_eq!((again.choices, dropped), (reply.choices, vec![]));
    assert!(String::from_utf8_lossy(&stream).contains("\"input_tokens\":9"));
}

#[test]
fn a_stream_that_stops_early_is_not_complete() {
    let cut = STREAM.find("event: message_stop").unwrap();
    assert!(!read_stream(&[&STREAM.as_bytes()[..cut]]).1);
}

#[test]
fn errors_end_streams_in_the_callers_shape() {
    let data = b"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
    let (events, complete) = read_stream(&[data]);
    let [Event::Failed(complaint)] = events.as_slice() else { panic!("{events:?}") };
    let (mut writer, mut out) = (Caller.stream_writer(ASKED), BytesMut::new());
    writer.fail(complaint, "tr_1", &mut out);
    let frame = String::from_utf8_lossy(&out).into_owned();
    assert!(
        !complete
            && frame.starts_with("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\"")
    );
}

#[test]
fn interleaved_calls_come_one_after_another() {
    let block = |index| Block { choice: 0, index };
    let call = |index, id: &str| Event::Open {
        block: block(index),
        kind: BlockKind::ToolCall { id: id.into(), name: "f".into() },
    };
    let more = |index, delta| Event::Delta { block: block(index), delta };
    let (stream, dropped) = write_stream([
        Event::Start { id: "chatcmpl-1".into(), model: "m".into() },
        Event::Open { block: block(0), kind: BlockKind::Text },
        more(0, Delta::Text("a".into())),
        call(1, "c1"),
        more(1, Delta::Input("{\"x\":".into())),
        call(2, "c2"),
        more(2, Delta::Input("{\"y\":".into())),
        more(0, Delta::Text("b".into())),
        more(1, Delta::Input("1}".into())),
        Event::Close { block: block(1) },
        more(2, Delta::Input("2}".into())),
        Event::Finish { choice: 0, finish: Finish::Stop },
        Event::Open { block: Block { choice: 1, index: 0 }, kind: BlockKind::Text },
    ]);
    let reply: Reply = read_stream(&[&stream]).0.into_iter().collect();
    let json = |text: &str| Json::parse(text.into()).unwrap();
    let call = |id: &str, input| Part::ToolCall { id: id.into(), name: "f".into(), input: json(input), cache: None };
    let parts = vec![Part::text("a"), call("c1", "{\"x\":1}"), call("c2", "{\"y\":2}"), Part::text("b")];
    assert_eq!((reply.id.as_str(), &reply.choices[0].parts), ("msg_chatcmpl-1", &parts));
    assert_eq!((reply.choices[0].finish.clone(), dropped), (Some(Finish::ToolCalls), vec!["choices[1]".to_owned()]));
    assert_one_block_at_a_time(&stream);
}

/// Blocks open and close in turn, numbered from 0.
fn assert_one_block_at_a_time(stream: &[u8]) {
    let text = String::from_utf8_lossy(stream);
    let (mut live, mut next) = (None, 0);
    for data in text.lines().filter_map(|line| line.strip_prefix("data: ")) {
        let event: Value = serde_json::from_str(data).unwrap();
        match event["type"].as_str().unwrap() {
            "content_block_start" => {
                assert_eq!((live, event["index"].as_u64()), (None, Some(next)));
                (live, next) = (Some(next), next + 1);
            }
            "content_block_delta" => assert_eq!(event["index"].as_u64(), live),
            "content_block_stop" => assert_eq!(event["index"].as_u64(), live.take()),
            _ => assert_eq!(live, None),
        }
    }
}

#[test]
fn a_prompt_of_another_dialect_is_laid_out_as_anthropic_wants() {
    let turn = |role, parts: Vec<Part>| Turn { role, name: None, parts };
    let call = Part::ToolCall { id: "c".into(), name: "f".into(), input: Json::empty_object(), cache: None };
    let result = Part::ToolResult { call: "c".into(), parts: vec![Part::text("r")], is_error: false, cache: None };
    let prompt = Prompt {
        turns: vec![
            turn(Role::Assistant, vec![Part::text("hello")]),
            turn(Role::User, vec![Part::text("one"), Part::text(" ")]),
            turn(Role::System, vec![Part::text("rule")]),
            turn(Role::User, vec![Part::text("two")]),
            turn(Role::Assistant, vec![Part::Thinking { text: "t".into(), signature: None }, call]),
            turn(Role::User, vec![Part::text("three")]),
            turn(Role::User, vec![result]),
            turn(Role::Assistant, vec![Part::text("so \n")]),
        ],
        ..Prompt::default()
    };
    let (body, dropped) = written(&prompt, "claude-sonnet-4-5");
    let text = |text: &str| json!({"type": "text", "text": text});
    let message = |role: &str, content: Value| json!({"role": role, "content": content});
    assert_eq!(body["system"], json!([text("rule")]));
    assert_eq!(
        body["messages"],
        json!([
            message("user", json!([text(".")])),
            message("assistant", json!([text("hello")])),
            message("user", json!([text("one"), text("two")])),
            message("assistant", json!([{"type": "tool_use", "id": "c", "name": "f", "input": {}}])),
            message(
                "user",
                json!([{"type": "tool_result", "tool_use_id": "c", "content": [text("r")]}, text("three")])
            ),
            message("assistant", json!([text("so")])),
        ])
    );
    assert_eq!(dropped, ["messages[2].role", "messages[4].content[0]"]);
    assert_eq!(body["max_tokens"], json!(4096));
}

#[test]
fn instructions_alone_become_the_users_turn() {
    let prompt = Prompt { system: vec![Part::text("do it")], ..Prompt::default() };
    let (body, _) = written(&prompt, "claude-sonnet-4-5");
    assert_eq!(body["messages"][0]["content"][0]["text"], json!("do it"));
    assert!(body.get("system").is_none());
}

#[test]
fn what_cannot_be_said_is_named() {
    let number = |value: f64| serde_json::Number::from_f64(value);
    let sampling = Sampling {
        temperature: number(1.5),
        top_p: number(0.9),
        frequency_penalty: number(0.5),
        presence_penalty: number(0.0),
        seed: number(7.0),
        n: Some(3),
        logprobs: Some(true),
        ..Sampling::default()
    };
    let extra = json!({"logit_bias": {}, "speed": "fast"});
    let prompt = Prompt {
        sampling,
        format: Format::JsonObject,
        stop: vec!["\n".into(), "END".into()],
        service_tier: Some("flex".into()),
        extra: extra.as_object().unwrap().clone(),
        tool_choice: Some(ToolChoice::Required),
        tools: vec![Tool::Opaque { from: Protocol::Openai, raw: Json::empty_object() }],
        ..Prompt::default()
    };
    let (body, mut dropped) = written(&prompt, "claude-sonnet-4-5");
    dropped.sort();
    let expected = [
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "n",
        "response_format",
        "seed",
        "service_tier",
        "stop",
        "temperature",
        "tool_choice",
        "tools[0]",
        "top_p",
    ];
    assert_eq!(dropped, expected);
    assert_eq!(
        (&body["temperature"], &body["stop_sequences"], &body["speed"]),
        (&json!(1), &json!(["END"]), &json!("fast"))
    );
    assert!(body["system"][0]["text"].as_str().unwrap().contains("JSON object"));
}

#[test]
fn a_vendors_refusals_and_counting_leave_fields_out() {
    let quirks =
        Quirks { unsupported: vec!["top_k".into(), "nothing".into()], json_schema: false, ..Quirks::default() };
    let target = Target { model: "glm-5", max_output_tokens: Some(900), quirks: &quirks };
    let sampling = Sampling { top_k: Some(5.into()), ..Sampling::default() };
    let schema = Json::parse(r#"{"type":"object"}"#.into()).unwrap();
    let format = Format::Schema { name: "x".into(), description: None, schema, strict: None };
    let prompt = Prompt { sampling, format, stream: true, ..Prompt::default() };
    let chat = Provider.write_prompt(Task::Chat, &prompt, &target).unwrap();
    let body: Value = serde_json::from_slice(&chat.bytes).unwrap();
    assert_eq!((&body["max_tokens"], &body["stream"], body.get("top_k")), (&json!(900), &json!(true), None));
    assert_eq!(chat.dropped, ["response_format", "top_k"]);
    let count = Provider.write_prompt(Task::CountTokens, &prompt, &target).unwrap();
    let body: Value = serde_json::from_slice(&count.bytes).unwrap();
    assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["model", "system", "messages"]);
    assert!(Provider.write_prompt(Task::Embedding, &prompt, &target).is_err());
}

#[test]
fn own_fields_come_back() {
    let body = r#"{"model":"claude-opus-4-6","max_tokens":9000,"thinking":{"type":"adaptive","display":"summarized"},
        "output_config":{"effort":"max","task_budget":{"total":5}},"context_management":{"edits":[]},
        "tools":[{"type":"web_search_20250305","name":"web_search"},{"name":"f","input_schema":{"type":"object"},"defer_loading":true}],
        "messages":[{"role":"user","content":"hi"}]}"#;
    let prompt = Caller.read_prompt(Task::Chat, body, &UrlFacts::default()).unwrap();
    let (out, dropped) = written(&prompt, "claude-opus-4-6");
    let mut expected: Value = serde_json::from_str(body).unwrap();
    expected["messages"][0]["content"] = json!([{"type": "text", "text": "hi"}]);
    assert_eq!((out, dropped), (expected, vec![]));
}

fn words() -> impl Strategy<Value = String> {
    "[a-zé\"\\\\\n ]{0,6}[a-z]"
}

fn cache() -> impl Strategy<Value = Option<CacheMark>> {
    let ttl = prop::option::of(prop::sample::select(vec!["5m".to_owned(), "1h".to_owned()]));
    prop::option::of(ttl.prop_map(|ttl| CacheMark { ttl }))
}

fn image() -> impl Strategy<Value = Part> {
    let source = prop_oneof![
        "[a-z]{4}".prop_map(|data| (Some("image/png".to_owned()), Source::Base64(data))),
        "https://[a-z]{3}".prop_map(|url| (None, Source::Url(url))),
    ];
    (source, cache()).prop_map(|((mime, source), cache)| {
        Part::Media(Media { kind: MediaKind::Image, mime, source, name: None, detail: None, cache })
    })
}

fn text_part() -> impl Strategy<Value = Part> {
    (words(), cache()).prop_map(|(text, cache)| Part::Text { text, cache })
}

fn user_turn() -> impl Strategy<Value = Vec<Part>> {
    let inner = prop::collection::vec(prop_oneof![text_part(), image()], 0..3);
    let result = (words(), inner, any::<bool>(), cache()).prop_map(|(call, parts, is_error, cache)| Part::ToolResult {
        call,
        parts,
        is_error,
        cache,
    });
    let results = prop::collection::vec(result, 0..3);
    (results, prop::collection::vec(prop_oneof![text_part(), image()], 1..3)).prop_map(|(a, b)| [a, b].concat())
}

fn answer_part() -> impl Strategy<Value = Part> {
    let input = words().prop_map(|word| Json::of(&json!({ word: 1 })).unwrap());
    prop_oneof![
        words().prop_map(Part::text),
        (words(), "[a-z]{1,5}").prop_map(|(text, seal)| Part::Thinking { text, signature: Some(seal) }),
        "[a-z]{1,4}".prop_map(|data| Part::RedactedThinking { data }),
        (words(), words(), input).prop_map(|(id, name, input)| Part::ToolCall { id, name, input, cache: None }),
    ]
}

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let pair = (user_turn(), prop::collection::vec(answer_part(), 1..4));
    (prop::collection::vec(pair, 0..3), user_turn()).prop_map(|(pairs, last)| {
        let turn = |role, parts| Turn { role, name: None, parts };
        let mut turns = Vec::new();
        for (user, assistant) in pairs {
            turns.extend([turn(Role::User, user), turn(Role::Assistant, assistant)]);
        }
        turns.push(turn(Role::User, last));
        turns
    })
}

fn reasoning() -> impl Strategy<Value = Reasoning> {
    let effort = prop::sample::select(vec![Effort::Low, Effort::Medium, Effort::High, Effort::Max]);
    prop_oneof![
        Just(Reasoning::default()),
        prop::option::of(effort).prop_map(|effort| Reasoning {
            effort,
            budget_tokens: None,
            thinking: Some(Thinking::Adaptive)
        }),
        (1024u64..5000).prop_map(|budget| Reasoning {
            effort: None,
            budget_tokens: Some(budget),
            thinking: Some(Thinking::Enabled)
        }),
        Just(Reasoning { effort: None, budget_tokens: None, thinking: Some(Thinking::Disabled) }),
    ]
}

fn function() -> impl Strategy<Value = Tool> {
    let schema = Json::parse(r#"{"type":"object","properties":{"z":{},"a":{"default":1.0}}}"#.into()).unwrap();
    (words(), prop::option::of(words()), prop::option::of(any::<bool>()), cache()).prop_map(
        move |(name, description, strict, cache)| Tool::Function {
            name,
            description,
            schema: Some(schema.clone()),
            strict,
            cache,
        },
    )
}

prop_compose! {
    fn prompt()(
        system in prop::collection::vec(text_part(), 0..3),
        turns in turns(),
        tools in prop::collection::vec(function(), 0..3),
        reasoning in reasoning(),
        stop in prop::collection::vec(words(), 0..2),
        end_user in prop::option::of(words()),
        (stream, structured, choice) in (any::<bool>(), any::<bool>(), prop::option::of(any::<bool>())),
    ) -> Prompt {
        let schema = Json::parse(r#"{"type":"object", "additionalProperties":false}"#.into()).unwrap();
        let schema = Format::Schema { name: "response".into(), description: None, schema, strict: Some(true) };
        let (tool_choice, parallel_tools) = if tools.is_empty() { (None, None) } else { (Some(ToolChoice::Auto), choice) };
        Prompt {
            model: "claude-opus-4-6".into(), system, turns, tools, tool_choice, parallel_tools,
            max_output_tokens: Some(6000), stop, format: if structured { schema } else { Format::Text }, reasoning,
            stream, include_usage: true, end_user, service_tier: Some("default".into()), ..Prompt::default()
        }
    }
}

proptest! {
    #[test]
    fn a_prompt_that_both_can_say_comes_back(prompt in prompt()) {
        let (body, dropped) = written(&prompt, "claude-opus-4-6");
        prop_assert_eq!(dropped, Vec::<String>::new());
        let again = Caller.read_prompt(Task::Chat, &body.to_string(), &UrlFacts::default()).unwrap();
        // `Value` spells JSON in its own way, which the schemas here withstand but for spaces.
        let spelled = |prompt: &Prompt| format!("{prompt:?}").replace(' ', "");
        prop_assert_eq!(spelled(&again), spelled(&prompt));
    }

    #[test]
    fn an_answer_comes_back_whole_and_streamed(parts in prop::collection::vec(answer_part(), 0..6), length in any::<bool>()) {
        let finish = if length { Finish::Length } else { Finish::Pause };
        let choice = Choice { parts, finish: Some(finish), logprobs: None };
        let reply = Reply { id: "msg_1".into(), model: "m".into(), choices: vec![choice], usage: None };
        let whole = Caller.write_reply(Task::Chat, reply.clone());
        let read = Provider.read_reply(Task::Chat, &whole.bytes).unwrap();
        prop_assert_eq!(&read.choices, &reply.choices);
        let (stream, _) = write_stream(reply.into_events());
        assert_one_block_at_a_time(&stream);
        let streamed: Reply = read_stream(&[&stream]).0.into_iter().collect();
        prop_assert_eq!(streamed.choices, read.choices);
    }

    #[test]
    fn any_chunking_gives_the_same_events(cuts in prop::collection::vec(0usize..STREAM.len(), 0..12)) {
        let mut cuts = cuts;
        cuts.extend([0, STREAM.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|pair| &STREAM.as_bytes()[pair[0]..pair[1]]).collect();
        prop_assert_eq!(read_stream(&chunks), read_stream(&[STREAM.as_bytes()]));
    }

    #[test]
    fn any_interleaving_loses_no_word(steps in prop::collection::vec((0u32..4, "[a-z]{1,3}", any::<bool>()), 0..24)) {
        let (mut events, mut open) = (Vec::new(), std::collections::BTreeSet::new());
        let mut said = std::collections::BTreeMap::<u32, String>::new();
        let mut closed = std::collections::BTreeSet::new();
        for (index, word, close) in steps {
            let block = Block { choice: 0, index };
            if closed.contains(&index) { continue; }
            // Even blocks are texts, odd ones calls.
            let call = index % 2 == 1;
            let kind = if call { BlockKind::ToolCall { id: index.to_string(), name: "f".into() } } else { BlockKind::Text };
            if open.insert(index) { events.push(Event::Open { block, kind }); }
            let piece = if call { format!("[\"{word}\"") } else { word };
            said.entry(index).or_default().push_str(&piece);
            let delta = if call { Delta::Input(piece) } else { Delta::Text(piece) };
            events.push(Event::Delta { block, delta });
            if close && closed.insert(index) { events.push(Event::Close { block }); }
        }
        let (stream, _) = write_stream(events);
        assert_one_block_at_a_time(&stream);
        let mut heard = Vec::new();
        for event in read_stream(&[&stream]).0 {
            if let Event::Delta { delta: Delta::Text(words) | Delta::Input(words), .. } = event { heard.push(words) }
        }
        let sorted = |text: String| { let mut chars: Vec<char> = text.chars().collect(); chars.sort_unstable(); chars };
        prop_assert_eq!(sorted(heard.concat()), sorted(said.into_values().collect()));
    }

    #[test]
    fn nonsense_never_panics(at in 0usize..WHOLE.len(), with in "[\\[\\]{}\",:0-9a-z\\\\]{0,3}", drop in 0usize..9) {
        let cut = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            let at = at.min(bytes.len());
            let end = (at + drop).min(bytes.len());
            bytes.splice(at..end, with.bytes());
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let _ = Provider.read_reply(Task::Chat, cut(WHOLE).as_bytes());
        let _ = Provider.glance(Task::Chat, cut(WHOLE).as_bytes());
        let _ = Provider.read_complaint(500, None, cut(WHOLE).as_bytes());
        let (_, messages) = WHOLE.split_once("\"content\":").unwrap();
        let request = cut(&format!("{{\"model\":\"m\",\"max_tokens\":5,\"messages\":[{{\"role\":\"assistant\",\"content\":{messages}]}}"));
        let _ = Caller.texts(Task::Chat, &request);
        let _ = Caller.read_prompt(Task::Chat, &request, &UrlFacts::default());
        let (mut splitter, mut reader) = (Splitter::default(), Provider.stream_reader(Task::Chat));
        splitter.push(Bytes::from(cut(STREAM)));
        while let Ok(Some(frame)) = splitter.next_frame() {
            let _ = reader.frame(&frame, &mut Vec::new());
        }
        prop_assert!(!array(&[]).is_empty());
    }
}
