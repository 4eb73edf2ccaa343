//! What is written of requests that came in another protocol, and what is named as left out.

use super::read_prompt;
use super::write_prompt::write;
use crate::canonical::*;
use crate::dialect::{Target, Written};
use crate::records::{LimitField, Quirks};
use crate::types::{Protocol, Task};
use proptest::prelude::*;
use serde_json::{Value, json};

fn written_for(prompt: &Prompt, quirks: &Quirks) -> Result<(Value, Vec<String>), Complaint> {
    let target = Target { model: "m", max_output_tokens: Some(1000), quirks };
    let Written { bytes, dropped } = write(Task::Chat, prompt, &target)?;
    Ok((serde_json::from_slice(&bytes).unwrap(), dropped))
}

fn written(prompt: &Prompt) -> (Value, Vec<String>) {
    written_for(prompt, &Quirks::default()).unwrap()
}

fn turn(role: Role, parts: Vec<Part>) -> Turn {
    Turn { role, name: None, parts }
}

fn user(parts: Vec<Part>) -> Prompt {
    Prompt { turns: vec![turn(Role::User, parts)], ..Prompt::default() }
}

fn media(kind: MediaKind, mime: &str, source: Source) -> Part {
    Part::Media(Media { kind, mime: Some(mime.into()), source, name: None, detail: None, cache: None })
}

fn json_of(text: &str) -> Json {
    Json::parse(text.into()).unwrap()
}

#[test]
fn an_agents_request_is_said_and_its_remainder_named() {
    let mark = Some(CacheMark { ttl: None });
    let thought = Part::Thinking { text: "hm".into(), signature: Some("s".into()) };
    let call = Part::ToolCall { id: "t1".into(), name: "f".into(), input: json_of(r#"{"a": 1.0}"#), cache: None };
    let shot = media(MediaKind::Image, "image/png", Source::Base64("aGk=".into()));
    let result = Part::ToolResult {
        call: "t1".into(),
        parts: vec![Part::text("done"), shot],
        is_error: true,
        cache: mark.clone(),
    };
    let prompt = Prompt {
        model: "x".into(),
        system: vec![Part::Text { text: "a".into(), cache: mark.clone() }, Part::text("b")],
        turns: vec![
            turn(Role::User, vec![Part::text("hi")]),
            turn(Role::Assistant, vec![thought, Part::text("ok"), call]),
            turn(Role::User, vec![result, Part::Text { text: "go".into(), cache: mark }]),
        ],
        tools: vec![
            Tool::Opaque { from: Protocol::Anthropic, raw: json_of(r#"{"type":"bash"}"#) },
            Tool::Function {
                name: "f".into(),
                description: None,
                schema: Some(json_of(r#"{"z":1,"a":2}"#)),
                strict: None,
                cache: None,
            },
        ],
        max_output_tokens: Some(32_000),
        stream: true,
        sampling: Sampling { top_k: Some(5.into()), ..Sampling::default() },
        reasoning: Reasoning { budget_tokens: Some(4096), thinking: Some(Thinking::Enabled), effort: None },
        end_user: Some("u".repeat(65)),
        extra: [("container".to_owned(), json!("c")), ("logit_bias".to_owned(), json!({}))].into_iter().collect(),
        ..Prompt::default()
    };
    let (body, dropped) = written(&prompt);
    let expected = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "a\n\nb"},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "content": "ok", "tool_calls": [
                {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"a\": 1.0}"}}]},
            {"role": "tool", "content": "done", "tool_call_id": "t1"},
            {"role": "user", "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk="}}, {"type": "text", "text": "go"}]},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": {"z": 1, "a": 2}}}],
        "reasoning_effort": "medium",
        "stream": true,
        "stream_options": {"include_usage": true},
        "max_tokens": 1000,
        "logit_bias": {},
    });
    assert_eq!(body, expected);
    let expected = [
        "system[0].cache_control",
        "messages[1].content[0].thinking",
        "messages[2].content[0].cache_control",
        "messages[2].content[0].is_error",
        "messages[2].content[1].cache_control",
        "tools[0]",
        "top_k",
        "metadata.user_id",
        "container",
    ];
    assert_eq!(dropped, expected);
}

#[test]
fn vendors_get_the_fields_that_they_take() {
    let schema = Format::Schema { name: "s".into(), description: None, schema: json_of("{}"), strict: Some(true) };
    let prompt = Prompt {
        system: vec![Part::text("a")],
        max_output_tokens: Some(5),
        format: schema,
        end_user: Some("u".into()),
        stream: true,
        ..user(vec![Part::text("hi")])
    };
    let quirks = Quirks {
        stream_usage: false,
        limit_field: LimitField::MaxCompletionTokens,
        developer_role: true,
        unsupported: vec!["user".into()],
        json_schema: false,
        ..Quirks::default()
    };
    let (body, dropped) = written_for(&prompt, &quirks).unwrap();
    assert_eq!(body["messages"][0]["role"], "developer");
    assert_eq!(body["max_completion_tokens"], 5);
    assert_eq!(body["response_format"], json!({"type": "json_object"}));
    assert!(body.get("stream_options").is_none() && body.get("user").is_none());
    assert_eq!(dropped, ["output_format.schema", "metadata.user_id"]);
    let (body, _) = written(&prompt);
    let format = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": {}, "strict": true}});
    assert_eq!((&body["response_format"], &body["user"]), (&format, &json!("u")));
}

#[test]
fn documents_are_files_or_texts() {
    let pdf = media(MediaKind::Document, "application/pdf", Source::Base64("JVBE".into()));
    let plain = media(MediaKind::Document, "text/plain", Source::Base64("aGk=".into()));
    let inline = media(MediaKind::Document, "text/plain", Source::Text("yo".into()));
    let (body, dropped) = written(&user(vec![pdf, plain, inline]));
    let expected = json!([
        {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,JVBE"}},
        {"type": "text", "text": "hi"},
        {"type": "text", "text": "yo"},
    ]);
    assert_eq!(body["messages"][0]["content"], expected);
    assert!(dropped.is_empty());
}

#[test]
fn what_cannot_be_left_out_is_refused_with_its_place() {
    for part in [
        media(MediaKind::Document, "application/pdf", Source::Url("https://example.com/a.pdf".into())),
        media(MediaKind::Image, "image/png", Source::File("file_1".into())),
        media(MediaKind::Audio, "audio/midi", Source::Base64("aGk=".into())),
    ] {
        let complaint = written_for(&user(vec![part]), &Quirks::default()).unwrap_err();
        assert_eq!(complaint.code, Code::UnsupportedFeature);
        assert_eq!(complaint.param.as_deref(), Some("messages[0].content[0]"));
    }
    let web = Tool::Opaque { from: Protocol::Anthropic, raw: json_of(r#"{"name":"web"}"#) };
    for choice in [ToolChoice::Required, ToolChoice::Named("web".into())] {
        let prompt = Prompt { tools: vec![web.clone()], tool_choice: Some(choice), ..user(vec![Part::text("x")]) };
        assert_eq!(written_for(&prompt, &Quirks::default()).unwrap_err().param.as_deref(), Some("tool_choice"));
    }
}

#[test]
fn budgets_become_steps() {
    let effort = |reasoning| written(&Prompt { reasoning, ..user(vec![Part::text("x")]) });
    for (tokens, step) in [(1024, "low"), (8192, "medium"), (8193, "high")] {
        let (body, _) = effort(Reasoning { budget_tokens: Some(tokens), ..Reasoning::default() });
        assert_eq!(body["reasoning_effort"], step);
    }
    let (body, dropped) = effort(Reasoning { thinking: Some(Thinking::Disabled), ..Reasoning::default() });
    assert!(body.get("reasoning_effort").is_none());
    assert_eq!(dropped, ["thinking"]);
}

#[test]
fn completions_take_one_text_and_other_tasks_none() {
    let quirks = Quirks::default();
    let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
    let one = write(Task::Completion, &user(vec![Part::text("once")]), &target).unwrap();
    assert_eq!(one.bytes, r#"{"model":"m","prompt":"once"}"#);
    let talk = Prompt { system: vec![Part::text("s")], ..user(vec![Part::text("x")]) };
    for (task, prompt) in [
        (Task::Completion, &talk),
        (Task::Embedding, &talk),
        (Task::CountTokens, &talk),
        (Task::Completion, &Prompt::default()),
    ] {
        assert_eq!(write(task, prompt, &target).unwrap_err().code, Code::UnsupportedFeature);
    }
}

fn words() -> impl Strategy<Value = String> {
    "[a-z\"\\\\ \u{e9}\n]{1,8}"
}

fn user_turn() -> impl Strategy<Value = Turn> {
    let image = words().prop_map(|data| media(MediaKind::Image, "image/png", Source::Base64(data)));
    let said = prop_oneof![
        words().prop_map(|text| vec![Part::text(text)]),
        (image, words()).prop_map(|(image, text)| vec![image, Part::text(text)]),
    ];
    (said, prop::option::of("[a-z]{1,4}")).prop_map(|(parts, name)| Turn { role: Role::User, name, parts })
}

fn tool_turns() -> impl Strategy<Value = Vec<Turn>> {
    (prop::collection::vec((words(), words()), 1..3), prop::option::of(words())).prop_map(|(calls, text)| {
        let call = |(place, (name, value)): (usize, &(String, String))| Part::ToolCall {
            id: format!("c{place}"),
            name: name.clone(),
            input: Json::of(&json!({"v": value})).unwrap(),
            cache: None,
        };
        let result = |(place, (_, value)): (usize, &(String, String))| Part::ToolResult {
            call: format!("c{place}"),
            parts: vec![Part::text(value.clone())],
            is_error: false,
            cache: None,
        };
        let said = text.map(Part::text).into_iter().chain(calls.iter().enumerate().map(call)).collect();
        vec![turn(Role::Assistant, said), turn(Role::User, calls.iter().enumerate().map(result).collect())]
    })
}

fn prompts() -> impl Strategy<Value = Prompt> {
    let turns = prop::collection::vec(prop_oneof![user_turn().prop_map(|turn| vec![turn]), tool_turns()], 1..4);
    (turns, prop::option::of(words()), prop::collection::vec(words(), 0..3), any::<bool>(), 1u64..900).prop_map(
        |(turns, system, stop, stream, limit)| Prompt {
            model: "m".into(),
            system: system.map(Part::text).into_iter().collect(),
            turns: turns.into_iter().flatten().collect(),
            tools: vec![Tool::Function {
                name: "f".into(),
                description: Some("d".into()),
                schema: Some(json_of("{}")),
                strict: Some(false),
                cache: None,
            }],
            tool_choice: Some(ToolChoice::Named("f".into())),
            parallel_tools: Some(true),
            max_output_tokens: Some(limit),
            stop,
            stream,
            include_usage: stream,
            sampling: Sampling { temperature: Some(1.into()), n: Some(2), logprobs: Some(true), ..Sampling::default() },
            format: Format::JsonObject,
            reasoning: Reasoning { effort: Some(Effort::High), ..Reasoning::default() },
            end_user: Some("u".into()),
            service_tier: Some("flex".into()),
            ..Prompt::default()
        },
    )
}

proptest! {
    #[test]
    fn what_the_protocol_can_say_comes_back(prompt in prompts()) {
        let quirks = Quirks::default();
        let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
        let written = write(Task::Chat, &prompt, &target).unwrap();
        prop_assert!(written.dropped.is_empty(), "{:?}", written.dropped);
        let body = std::str::from_utf8(&written.bytes).unwrap();
        // Where messages stood is no part of what they say.
        let again = Prompt { places: prompt.places.clone(), ..read_prompt::read(Task::Chat, body).unwrap() };
        prop_assert_eq!(again, prompt);
    }
}
