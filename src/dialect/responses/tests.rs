//! Properties of both sides together: what one writes, the other reads.

use super::{Caller, Provider};
use crate::canonical::{
    Choice, Complaint, Effort, Event, Finish, Format, Json, Media, MediaKind, Part, Prompt, Reasoning, Reply, Role,
    Source, Tool, ToolChoice, Turn, UsageReport,
};
use crate::dialect::sse::{Framing, Splitter};
use crate::dialect::{Answering, CallerDialect, Pass, ProviderDialect, Sight, Target, UrlFacts};
use crate::records::Quirks;
use crate::types::{Task, Usage};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;

fn media(kind: MediaKind, mime: Option<&str>, source: Source) -> Part {
    Part::Media(Media { kind, mime: mime.map(str::to_owned), source, name: None, detail: None, cache: None })
}

fn call(id: &str, input: &str) -> Part {
    Part::ToolCall { id: id.into(), name: "f".into(), input: Json::parse(input.into()).unwrap(), cache: None }
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, name: None, parts }
}

fn there(prompt: &Prompt, quirks: &Quirks) -> (String, Vec<String>) {
    let target = Target { model: &prompt.model, max_output_tokens: None, quirks };
    let written = Provider.write_prompt(Task::Chat, prompt, &target).unwrap();
    (String::from_utf8(written.bytes.to_vec()).unwrap(), written.dropped)
}

#[test]
fn a_prompt_comes_back_as_it_was() {
    let pdf = Part::Media(Media {
        kind: MediaKind::Document,
        mime: Some("application/pdf".into()),
        source: Source::Base64("JVBE".into()),
        name: Some("a.pdf".into()),
        detail: None,
        cache: None,
    });
    let picture = Part::Media(Media {
        kind: MediaKind::Image,
        mime: Some("image/png".into()),
        source: Source::Base64("iVBO".into()),
        name: None,
        detail: Some("low".into()),
        cache: None,
    });
    let sound = media(MediaKind::Audio, Some("audio/wav"), Source::Base64("UklG".into()));
    let result = |call: &str, parts| Part::ToolResult { call: call.into(), parts, is_error: false, cache: None };
    let prompt = Prompt {
        model: "m".into(),
        system: vec![Part::text("Be brief.")],
        turns: vec![
            turn(Role::User, vec![Part::text("Look"), picture.clone(), pdf, sound]),
            turn(Role::Assistant, vec![Part::text("Well"), call("c1", r#"{"x": 1.0}"#), call("c2", "{}")]),
            turn(Role::User, vec![result("c1", vec![Part::text("1")]), result("c2", vec![Part::text("2"), picture])]),
            turn(Role::System, vec![Part::text("Mind the time.")]),
            turn(Role::Assistant, vec![Part::Refusal { text: "no".into() }]),
            turn(Role::User, vec![media(MediaKind::Document, None, Source::Url("https://x/a.pdf".into()))]),
        ],
        tools: vec![Tool::Function {
            name: "f".into(),
            description: Some("d".into()),
            schema: Some(Json::parse(r#"{"type":"object","properties":{"z":{},"a":{}}}"#.into()).unwrap()),
            strict: Some(true),
            cache: None,
        }],
        tool_choice: Some(ToolChoice::Named("f".into())),
        parallel_tools: Some(false),
        max_output_tokens: Some(77),
        format: Format::Schema {
            name: "p".into(),
            description: None,
            schema: Json::parse(r#"{"type":"object"}"#.into()).unwrap(),
            strict: Some(true),
        },
        reasoning: Reasoning { effort: Some(Effort::High), ..Reasoning::default() },
        stream: true,
        include_usage: true,
        end_user: Some("u".into()),
        service_tier: Some("flex".into()),
        ..Prompt::default()
    };
    let (body, dropped) = there(&prompt, &Quirks::default());
    assert!(dropped.is_empty(), "{dropped:?}");
    assert_eq!(Caller.read_prompt(Task::Chat, &body, &UrlFacts::default()).unwrap(), prompt);
}

#[test]
fn what_cannot_be_said_is_named() {
    let mut prompt = Prompt { model: "m".into(), stop: vec!["x".into()], ..Prompt::default() };
    prompt.turns.push(turn(Role::User, vec![Part::text("Hi")]));
    let foreign = Part::Thinking { text: "hm".into(), signature: Some("of another".into()) };
    prompt.turns.push(turn(Role::Assistant, vec![foreign, Part::RedactedThinking { data: "d".into() }]));
    prompt.sampling.seed = Some(7.into());
    prompt.extra.insert("logit_bias".into(), serde_json::json!({}));
    let expected = [
        "messages[1].content[0].thinking",
        "messages[1].content[1].redacted_thinking",
        "seed",
        "stop_sequences",
        "logit_bias",
    ];
    assert_eq!(there(&prompt, &Quirks::default()).1, expected);
}

#[test]
fn what_only_openai_keeps_is_refused_with_a_remedy() {
    let read = |fields: &str| {
        Caller.read_prompt(Task::Chat, &format!(r#"{{"model":"m",{fields}}}"#), &UrlFacts::default()).unwrap_err()
    };
    for (fields, param) in [
        (r#""input":"x","conversation":"conv_1""#, "conversation"),
        (r#""input":"x","prompt":{"id":"p"}"#, "prompt"),
        (r#""input":[{"type":"item_reference","id":"msg_1"}]"#, "input[0]"),
        (r#""input":[{"role":"robot","content":"x"}]"#, "input[0].role"),
        (r#""input":[{"type":"function_call","name":"f"}]"#, "input[0].call_id"),
        (r#""input":7"#, "input"),
        (r#""input":[]"#, "input"),
        (r#""tools":[]"#, "input"),
        (r#""input":"x","tool_choice":"perhaps""#, "tool_choice"),
        (r#""input":"x","text":{"format":{"type":"xml"}}"#, "text.format.type"),
    ] {
        assert_eq!(read(fields).param.as_deref(), Some(param), "{fields}");
    }
}

#[test]
fn allowed_tools_are_those_that_are_offered() {
    let body = r#"{"model":"m","input":"x","tools":[{"type":"function","name":"a"},{"type":"function","name":"b"}],
        "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"b"}]}}"#;
    let prompt = Caller.read_prompt(Task::Chat, body, &UrlFacts::default()).unwrap();
    assert!(matches!(prompt.tools.as_slice(), [Tool::Function { name, .. }] if name == "b"));
    assert_eq!(prompt.tool_choice, Some(ToolChoice::Required));
}

#[test]
fn errors_of_streams_are_read_in_each_form() {
    for (frame, message) in [
        (r#"{"type":"error","code":"server_error","message":"broke","param":null}"#, "broke"),
        (r#"{"type":"error","error":{"type":"x","code":"y","message":"broke"}}"#, "broke"),
        (
            r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"slow"}}}"#,
            "slow",
        ),
    ] {
        let frame = crate::dialect::sse::Frame { raw: Bytes::from(format!("data: {frame}\n\n")) };
        let mut events = Vec::new();
        Provider.stream_reader(Task::Chat).frame(&frame, &mut events).unwrap();
        let [Event::Failed(complaint)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(complaint.message, message);
        let seen = Provider.tap(Task::Chat, false).see(&frame, &mut Sight::default());
        assert!(matches!(seen, Pass::Failed(Complaint { .. })));
    }
}

fn reply(parts: Vec<Part>, finish: Finish) -> Reply {
    let usage = Usage { input: 9, output: 5, cache_read: 2, reasoning: 1, ..Usage::default() };
    let usage = Some(UsageReport { usage, raw: None, service_tier: Some("default".into()) });
    let choices = vec![Choice { parts, finish: Some(finish), logprobs: None }];
    Reply { id: "resp_x".into(), model: "m".into(), choices, usage }
}

/// The same without what only one side has.
fn bare(mut reply: Reply) -> Reply {
    reply.usage.iter_mut().for_each(|report| report.raw = None);
    reply
}

fn streamed(reply: Reply) -> Vec<u8> {
    let mut writer = Caller.answer_stream(&Answering::default());
    let mut out = BytesMut::new();
    reply.into_events().into_iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    out.to_vec()
}

/// Reads a stream that comes in pieces of these sizes, over and over.
fn read_back(stream: &[u8], sizes: &[usize]) -> Reply {
    let (mut splitter, mut reader) = (Splitter::new(Framing::Events), Provider.stream_reader(Task::Chat));
    let (mut events, mut rest) = (Vec::new(), stream);
    for size in sizes.iter().cycle() {
        let (piece, after) = rest.split_at((*size).min(rest.len()));
        splitter.push(Bytes::copy_from_slice(piece));
        while let Some(frame) = splitter.next_frame().unwrap() {
            reader.frame(&frame, &mut events).unwrap();
        }
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    assert!(reader.is_complete() && reader.is_over());
    events.into_iter().collect()
}

fn part() -> impl Strategy<Value = Part> {
    let words = "[a-zé\"\\\\\n ]{1,12}";
    prop_oneof![
        words.prop_map(Part::text),
        words.prop_map(|text| Part::Thinking { text, signature: Some("responses.gAAA".into()) }),
        ("[a-z0-9]{1,8}", words).prop_map(|(id, value)| {
            let input = serde_json::json!({ "v": value }).to_string();
            call(&id, &input)
        }),
    ]
}

proptest! {
    #[test]
    fn any_chunking_and_the_whole_give_the_same_reply(
        parts in prop::collection::vec(part(), 1..6), sizes in prop::collection::vec(1usize..40, 1..5),
    ) {
        let calls = parts.iter().any(|part| matches!(part, Part::ToolCall { .. }));
        let finish = if calls { Finish::ToolCalls } else { Finish::Stop };
        let reply = reply(parts, finish);
        let stream = streamed(reply.clone());
        let whole = Caller.write_reply(Task::Chat, reply.clone());
        prop_assert!(whole.dropped.is_empty());
        prop_assert_eq!(bare(read_back(&stream, &sizes)), reply.clone());
        prop_assert_eq!(bare(Provider.read_reply(Task::Chat, &whole.bytes).unwrap()), reply);
    }

    #[test]
    fn a_watched_stream_tells_usage_and_end(parts in prop::collection::vec(part(), 1..4)) {
        let stream = streamed(reply(parts, Finish::Length));
        let (mut splitter, mut tap, mut sight) =
            (Splitter::new(Framing::Events), Provider.tap(Task::Chat, false), Sight::default());
        splitter.push(Bytes::from(stream));
        let mut last = None;
        while let Some(frame) = splitter.next_frame().unwrap() {
            last = Some(tap.see(&frame, &mut sight));
        }
        prop_assert_eq!(last, Some(Pass::Last));
        prop_assert_eq!(sight.finish.as_deref(), Some("length"));
        prop_assert_eq!(sight.usage.as_ref().map(|report| report.usage.total()), Some(14));
        let id = super::id_of(&tap.whole().unwrap());
        prop_assert_eq!(id.as_deref(), Some("resp_x"));
    }
}
