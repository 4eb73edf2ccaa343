//! What holds for the dialect as a whole: round trips, chunking, and bodies that make no sense.

use super::{Caller, Provider};
use crate::canonical::{
    Choice, Code, Complaint, Effort, Event, Finish, Format, Json, Media, MediaKind, Part, Prompt, Reply, Role, Source,
    Tool, ToolChoice, Turn,
};
use crate::dialect::sse::Splitter;
use crate::dialect::{Asked, CallerDialect, ProviderDialect, StreamForm, Target, UrlFacts};
use crate::records::Quirks;
use crate::types::{Protocol, Task};
use bytes::{Bytes, BytesMut};
use proptest::prelude::*;
use serde_json::{Value, json};

/// A stream with every kind of part, as the API sends it.
const STREAM: &str = concat!(
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"hm \",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\"usageMetadata\": {\"promptTokenCount\": 9,\"totalTokenCount\": 12,\"thoughtsTokenCount\": 3},\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\\u00e9\",\"thought\": true}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"hi \"}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"you\"}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"executableCode\": {\"language\": \"PYTHON\",\"code\": \"print(1)\"}}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"functionCall\": {\"name\": \"f\",\"args\": {\"a\": 1.0}},\"thoughtSignature\": \"c2ln\"},{\"functionCall\": {\"id\": \"g1\",\"name\": \"g\"}}],\"role\": \"model\"},\"index\": 0}],\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"r1\"}\r\n\r\n",
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"\"}],\"role\": \"model\"},\"finishReason\": \"STOP\",\"index\": 0,\"groundingMetadata\": {\"webSearchQueries\": [\"q\"]}}],\"usageMetadata\": {\"promptTokenCount\": 9,\"candidatesTokenCount\": 5,\"totalTokenCount\": 17,\"thoughtsTokenCount\": 3},\"modelVersion\": \"gemini-2.5-pro\",\"responseId\": \"r1\"}\r\n\r\n",
);

/// The same answer whole.
const WHOLE: &str = r#"{"candidates":[{"content":{"parts":[{"text":"hm é","thought":true},{"text":"hi you"},{"executableCode": {"language": "PYTHON","code": "print(1)"}},{"functionCall":{"name":"f","args":{"a": 1.0}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"g1","name":"g"}}],"role":"model"},"finishReason":"STOP","index":0,"safetyRatings":[{"category":"x","probability":"NEGLIGIBLE"}],"groundingMetadata":{"webSearchQueries": ["q"]}}],"usageMetadata":{"promptTokenCount": 9,"candidatesTokenCount": 5,"totalTokenCount": 17,"thoughtsTokenCount": 3},"modelVersion":"gemini-2.5-pro","responseId":"r1"}"#;

fn asked(form: StreamForm) -> Asked {
    Asked { task: Task::Chat, include_usage: true, form }
}

fn url() -> UrlFacts {
    UrlFacts { model: Some("m".into()), stream: None, one: false }
}

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

fn write_stream(form: StreamForm, events: impl IntoIterator<Item = Event>) -> (BytesMut, Vec<String>) {
    let (mut writer, mut out) = (Caller.stream_writer(asked(form)), BytesMut::new());
    events.into_iter().for_each(|event| writer.event(event, &mut out));
    writer.end(&mut out);
    let dropped = writer.dropped().to_vec();
    (out, dropped)
}

fn prompt(body: Value) -> Prompt {
    Caller.read_prompt(Task::Chat, &body.to_string(), &url()).unwrap()
}

fn try_write(prompt: &Prompt, model: &str) -> Result<(Value, Vec<String>), Complaint> {
    let quirks = Quirks::default();
    let target = Target { model, max_output_tokens: None, quirks: &quirks };
    let written = Provider.write_prompt(Task::Chat, prompt, &target)?;
    Ok((serde_json::from_slice(&written.bytes).unwrap(), written.dropped))
}

fn written(prompt: &Prompt, model: &str) -> (Value, Vec<String>) {
    try_write(prompt, model).unwrap()
}

fn whole() -> Reply {
    Provider.read_reply(Task::Chat, WHOLE.as_bytes()).unwrap()
}

#[test]
fn a_stream_and_its_whole_answer_are_the_same_reply() {
    let (events, complete) = read_stream(&[STREAM.as_bytes()]);
    assert!(complete);
    assert_eq!(events.into_iter().collect::<Reply>(), whole());
    let reply = whole();
    let parts = &reply.choices[0].parts;
    assert_eq!(parts[0], Part::Thinking { text: "hm é".into(), signature: None });
    assert_eq!(parts[3], Part::Thinking { text: String::new(), signature: Some("gemini:c2ln".into()) });
    assert!(
        matches!(&parts[4], Part::ToolCall { id, input, .. } if id == "call_r1_0_4" && input.get() == r#"{"a": 1.0}"#)
    );
    assert!(matches!(&parts[5], Part::ToolCall { id, input, .. } if id == "g1" && input.get() == "{}"));
    assert_eq!(reply.choices[0].finish, Some(Finish::ToolCalls));
    assert_eq!(reply.usage.map(|report| report.usage.pieces), Some(1));
}

#[test]
fn an_answer_survives_the_way_through_the_canonical_model() {
    let expected: Value = serde_json::from_str(WHOLE).unwrap();
    let reply = whole();
    let written = Caller.write_reply(Task::Chat, reply.clone());
    let mut body: Value = serde_json::from_slice(&written.bytes).unwrap();
    assert!(written.dropped.is_empty());
    body["candidates"][0]["content"]["parts"][3]["functionCall"].as_object_mut().unwrap().remove("id");
    let mut whole = expected["candidates"][0].clone();
    whole.as_object_mut().unwrap().remove("safetyRatings");
    whole["content"]["parts"][4]["functionCall"]["args"] = json!({});
    assert_eq!(body["candidates"][0], whole);
    assert_eq!(body["usageMetadata"]["thoughtsTokenCount"], 3);
    for form in [StreamForm::Usual, StreamForm::JsonArray] {
        let (stream, dropped) = write_stream(form, reply.clone().into_events());
        let stream = match form {
            StreamForm::Usual => stream,
            StreamForm::JsonArray => {
                let pieces: Vec<Value> = serde_json::from_slice(&stream).unwrap();
                pieces.iter().map(|piece| format!("data: {piece}\n\n")).collect::<String>().as_bytes().into()
            }
        };
        let again: Reply = read_stream(&[&stream]).0.into_iter().collect();
        let body =
            |reply: Reply| serde_json::from_slice::<Value>(&Caller.write_reply(Task::Chat, reply).bytes).unwrap();
        assert_eq!((body(again), dropped), (body(reply.clone()), vec![]), "{form:?}");
    }
}

#[test]
fn frames_of_the_same_dialect_are_laid_out_as_the_caller_asked() {
    let (mut writer, mut out, mut splitter) =
        (Caller.stream_writer(asked(StreamForm::JsonArray)), BytesMut::new(), Splitter::default());
    splitter.push(Bytes::from_static(STREAM.as_bytes()));
    while let Ok(Some(frame)) = splitter.next_frame() {
        writer.relay(&frame, &mut out);
    }
    writer.end(&mut out);
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&out).unwrap().len(), 7);
    assert!(String::from_utf8_lossy(&out).contains("{\"a\": 1.0}"));
    assert!(writer.content_type().starts_with("application/json"));
    let mut failed = BytesMut::new();
    let mut writer = Caller.stream_writer(asked(StreamForm::JsonArray));
    writer.fail(&Complaint::new(Code::Overloaded, "busy"), "t", &mut failed);
    assert_eq!(serde_json::from_slice::<Value>(&failed).unwrap()[0]["error"]["status"], "UNAVAILABLE");
}

#[test]
fn thoughts_of_another_provider_come_back_with_the_call() {
    let thought = Part::Thinking { text: "hm".into(), signature: Some("c2ln".into()) };
    let redacted = Part::RedactedThinking { data: "eHh4".into() };
    let call = Part::ToolCall { id: "c1".into(), name: "f".into(), input: Json::empty_object(), cache: None };
    let parts = vec![thought, redacted, Part::text("so"), call];
    let choice = Choice { parts: parts.clone(), finish: Some(Finish::ToolCalls), logprobs: None };
    let reply = Reply { choices: vec![choice], ..Reply::default() };
    let body: Value = serde_json::from_slice(&Caller.write_reply(Task::Chat, reply.clone()).bytes).unwrap();
    let answer = json!([{"role": "user", "parts": [{"functionResponse": {"id": "c1", "name": "f", "response": {}}}]}]);
    let sent_back = |contents: Vec<Value>| {
        let contents: Vec<Value> = contents.into_iter().chain(answer.as_array().unwrap().iter().cloned()).collect();
        prompt(json!({"contents": contents})).turns.remove(0).parts
    };
    assert_eq!(sent_back(vec![body["candidates"][0]["content"].clone()]), parts);
    // Some clients leave thoughts out, and others keep each piece of a stream.
    let mut short = body["candidates"][0]["content"].clone();
    short["parts"].as_array_mut().unwrap().retain(|part| part["thought"] != true);
    assert_eq!(sent_back(vec![short]), parts);
    let (stream, _) = write_stream(StreamForm::JsonArray, reply.into_events());
    let pieces: Vec<Value> = serde_json::from_slice(&stream).unwrap();
    assert_eq!(sent_back(pieces.iter().map(|piece| piece["candidates"][0]["content"].clone()).collect()), parts);
}

#[test]
fn requests_survive_the_way_there_and_back() {
    let body = json!({
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
                {"fileData": {"mimeType": "application/pdf", "fileUri": "https://example.com/a.pdf"}}]},
            {"role": "model", "parts": [{"text": "hm", "thought": true, "thoughtSignature": "b3du"},
                {"functionCall": {"id": "a", "name": "f", "args": {"x": 1.0}}, "thoughtSignature": "c2ln"},
                {"functionCall": {"id": "b", "name": "f", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "a", "name": "f", "response": {"temperature": 5}}},
                {"functionResponse": {"id": "b", "name": "f", "response": {"error": "no"}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "f", "description": "d",
            "parametersJsonSchema": {"type": "object", "properties": {"x": {"type": "number"}}}}]}, {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}, "retrievalConfig": {"languageCode": "en"}},
        "generationConfig": {"temperature": 0.5, "topP": 0.9, "topK": 40, "seed": 7, "candidateCount": 2, "responseLogprobs": true,
            "logprobs": 3, "maxOutputTokens": 100, "stopSequences": ["END"], "responseMimeType": "application/json",
            "responseJsonSchema": {"type": "object"}, "thinkingConfig": {"includeThoughts": true, "thinkingBudget": 512},
            "speechConfig": {"x": 1}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "cachedContent": "cachedContents/1",
        "serviceTier": "flex",
    });
    let (again, dropped) = written(&prompt(body.clone()), "gemini-2.5-flash");
    assert_eq!((again, dropped), (body, vec![]));
}

#[test]
fn older_spellings_mean_the_same() {
    let read = prompt(json!({
        "system_instruction": {"parts": {"text": "be brief"}},
        "contents": [
            {"parts": [{"text": "hi"}]},
            {"role": "model", "parts": [{"function_call": {"name": "f"}}, {"function_call": {"name": "g"}}]},
            {"role": "function", "parts": [{"function_response": {"name": "g", "response": {"result": "2"}}}]},
            {"role": "function", "parts": [{"function_response": {"name": "f", "response": {"output": "1"}}}]},
        ],
        "tools": [{"function_declarations": [{"name": "f", "parameters": {"type": "OBJECT", "properties": {"x": {"type": "STRING", "nullable": true}}}}]}],
        "generation_config": {"response_mime_type": "application/json", "response_schema": {"type": "ARRAY", "items": {"type": "STRING"}}},
    }));
    assert_eq!(read.system, [Part::text("be brief")]);
    let called = |part: &Part| match part {
        Part::ToolResult { call, parts, .. } => (call.clone(), parts.clone()),
        other => panic!("{other:?}"),
    };
    assert_eq!(called(&read.turns[2].parts[0]), ("call_1".into(), vec![Part::text("2")]));
    assert_eq!(called(&read.turns[3].parts[0]), ("call_0".into(), vec![Part::text("1")]));
    assert!(
        matches!(&read.tools[0], Tool::Function { schema: Some(schema), .. } if schema.get().contains(r#"["string","null"]"#))
    );
    assert!(
        matches!(&read.format, Format::Schema { schema, .. } if schema.get() == r#"{"type":"array","items":{"type":"string"}}"#)
    );
}

#[test]
fn requests_of_other_dialects_are_said_as_gemini_takes_them() {
    let text = |text: &str| Part::text(text);
    let turn = |role, parts| Turn { role, name: None, parts };
    let call = |id: &str, name: &str| Part::ToolCall {
        id: id.into(),
        name: name.into(),
        input: Json::empty_object(),
        cache: None,
    };
    let image = Part::Media(Media {
        kind: MediaKind::Image,
        mime: Some("image/png".into()),
        source: Source::Base64("aGk=".into()),
        name: None,
        detail: None,
        cache: None,
    });
    let result = Part::ToolResult { call: "c1".into(), parts: vec![text("seen"), image], is_error: false, cache: None };
    let foreign = Part::Thinking { text: "hm".into(), signature: Some("anthropics".into()) };
    let mut given = Prompt {
        turns: vec![
            turn(Role::Assistant, vec![foreign, call("c1", "look")]),
            turn(Role::User, vec![result]),
            turn(Role::User, vec![text("and?")]),
            turn(Role::System, vec![text("be kind")]),
        ],
        tools: vec![Tool::Function {
            name: "look".into(),
            description: None,
            schema: Some(Json::parse(r#"{"type":"object","properties":{}}"#.into()).unwrap()),
            strict: Some(true),
            cache: None,
        }],
        tool_choice: Some(ToolChoice::Auto),
        ..Prompt::default()
    };
    given.reasoning.effort = Some(Effort::Low);
    let (body, dropped) = written(&given, "gemini-2.5-flash");
    let expected = json!({
        "systemInstruction": {"parts": [{"text": "be kind"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "."}]},
            {"role": "model", "parts": [{"functionCall": {"id": "c1", "name": "look", "args": {}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"id": "c1", "name": "look", "response": {"output": "seen"}}},
                {"inlineData": {"mimeType": "image/png", "data": "aGk="}}, {"text": "and?"}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "look"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "generationConfig": {"thinkingConfig": {"includeThoughts": true, "thinkingBudget": 1024}},
    });
    assert_eq!(body, expected);
    assert_eq!(dropped, ["messages[0].content[0].thinking", "messages[3].role", "tools[0].strict"]);
    let (newer, _) = written(&given, "gemini-3-pro-preview");
    assert_eq!(newer["contents"][1]["parts"][0]["thoughtSignature"], "skip_thought_signature_validator");
    assert_eq!(newer["contents"][2]["parts"][0]["functionResponse"]["parts"][0]["inlineData"]["data"], "aGk=");
}

#[test]
fn what_would_change_the_request_is_refused() {
    let part =
        |part| Prompt { turns: vec![Turn { role: Role::User, name: None, parts: vec![part] }], ..Prompt::default() };
    let media = |source| {
        Part::Media(Media { kind: MediaKind::Image, mime: None, source, name: None, detail: None, cache: None })
    };
    let refused = |prompt: &Prompt| try_write(prompt, "m").unwrap_err().code;
    assert_eq!(refused(&part(media(Source::File("file-123".into())))), Code::UnsupportedFeature);
    assert_eq!(refused(&part(media(Source::Base64("AAAA".into())))), Code::UnsupportedFeature);
    assert_eq!(
        refused(&Prompt { tool_choice: Some(ToolChoice::Required), ..Prompt::default() }),
        Code::UnsupportedFeature
    );
    let stray = Part::ToolResult { call: "c9".into(), parts: vec![], is_error: false, cache: None };
    assert_eq!(refused(&part(stray)), Code::InvalidRequest);
}

#[test]
fn faults_are_named_by_place() {
    let fault = |body: &str| {
        let complaint = Caller.read_prompt(Task::Chat, body, &url()).unwrap_err();
        assert_eq!(complaint.code, Code::InvalidRequest, "{body}");
        complaint.param.unwrap()
    };
    assert_eq!(fault("{}"), "contents");
    assert_eq!(fault(r#"{"contents":[{"role":"bot"}]}"#), "contents[0].role");
    assert_eq!(fault(r#"{"contents":[{"parts":[{"text":1}]}]}"#), "contents[0].parts[0].text");
    assert_eq!(
        fault(r#"{"contents":[{"parts":[{"inlineData":{"data":"x"}}]}]}"#),
        "contents[0].parts[0].inlineData.mimeType"
    );
    let stray = r#"{"contents":[{"parts":[{"functionResponse":{"name":"f","response":{}}}]}]}"#;
    assert_eq!(fault(stray), "contents[0].parts[0].functionResponse");
    assert_eq!(fault(r#"{"contents":[],"generationConfig":{"temperature":"hot"}}"#), "generationConfig.temperature");
    let mode = r#"{"contents":[],"toolConfig":{"functionCallingConfig":{"mode":"SOME"}}}"#;
    assert_eq!(fault(mode), "toolConfig.functionCallingConfig.mode");
    let embedding = Caller.read_prompt(Task::Embedding, "{}", &url()).unwrap_err();
    assert_eq!(embedding.code, Code::UnsupportedFeature);
}

#[test]
fn a_refused_prompt_and_a_cut_stream_are_told_apart() {
    let blocked = br#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":4}}"#;
    let reply = Provider.read_reply(Task::Chat, blocked).unwrap();
    assert_eq!((reply.choices.len(), &reply.choices[0].finish), (1, &Some(Finish::ContentFilter)));
    let cut = STREAM.rfind("data: ").unwrap();
    assert!(!read_stream(&[&STREAM.as_bytes()[..cut]]).1);
    for body in ["{}", "[]", "<html>", r#"{"candidates":7}"#, r#"{"usageMetadata":{}}"#] {
        assert_eq!(
            Provider.read_reply(Task::Chat, body.as_bytes()).unwrap_err().code,
            Code::ProviderMalformed,
            "{body}"
        );
    }
    let failed = Provider.read_reply(Task::Chat, br#"{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}"#);
    assert_eq!(failed.unwrap_err().status, 503);
}

#[test]
fn a_count_of_tokens_holds_the_request_whole_or_bare() {
    let given = prompt(json!({"contents": [{"parts": [{"text": "hi"}]}], "safetySettings": []}));
    for bare_count in [false, true] {
        let quirks = Quirks { bare_count, ..Quirks::default() };
        let target = Target { model: "m", max_output_tokens: None, quirks: &quirks };
        let body: Value =
            serde_json::from_slice(&Provider.write_prompt(Task::CountTokens, &given, &target).unwrap().bytes).unwrap();
        let request = if bare_count { &body } else { &body["generateContentRequest"] };
        assert_eq!(request["contents"][0]["parts"][0]["text"], "hi");
        assert_eq!(
            (request.get("model").is_some(), request.get("safetySettings").is_some()),
            (!bare_count, !bare_count)
        );
    }
}

#[test]
fn opaque_tools_of_others_are_named() {
    let web = Tool::Opaque { from: Protocol::Anthropic, raw: Json::parse(r#"{"type":"web"}"#.into()).unwrap() };
    let (body, dropped) = written(&Prompt { tools: vec![web], ..Prompt::default() }, "m");
    assert_eq!((body.get("tools"), dropped), (None, vec!["tools[0]".to_owned()]));
}

/// Conversations of all that the protocol can say, as its own reader gives them.
fn conversations() -> impl Strategy<Value = Vec<Turn>> {
    let user = prop::collection::vec("[a-zé]{1,6}".prop_map(Part::text), 1..3);
    let seal = prop::option::of(Just("gemini:c2ln".to_owned()));
    let model = (prop::option::of("[a-z]{1,6}"), prop::collection::vec(seal, 0..3), "[a-z ]{0,8}");
    prop::collection::vec((user, model), 1..4).prop_map(|rounds| {
        let mut turns = Vec::new();
        let turn = |role, parts| Turn { role, name: None, parts };
        for (round, (user, (words, seals, result))) in rounds.into_iter().enumerate() {
            turns.push(turn(Role::User, user));
            let mut parts: Vec<Part> = words.into_iter().map(Part::text).collect();
            let mut results = Vec::new();
            for (place, seal) in seals.into_iter().enumerate() {
                let id = format!("c{round}_{place}");
                if seal.is_some() {
                    parts.push(Part::Thinking { text: String::new(), signature: seal });
                }
                let input = Json::parse(r#"{"x":1.0}"#.into()).unwrap();
                parts.push(Part::ToolCall { id: id.clone(), name: "f".into(), input, cache: None });
                let is_error = place == 1;
                results.push(Part::ToolResult {
                    call: id,
                    parts: vec![Part::text(result.clone())],
                    is_error,
                    cache: None,
                });
            }
            if !parts.is_empty() {
                turns.push(turn(Role::Assistant, parts));
            }
            if !results.is_empty() {
                turns.push(turn(Role::User, results));
                turns.push(turn(Role::Assistant, vec![Part::text("done")]));
            }
        }
        turns
    })
}

proptest! {
    #[test]
    fn conversations_survive_the_way_there_and_back(turns in conversations()) {
        // Turns of one side stand in one content.
        prop_assume!(turns.windows(2).all(|two| two[0].role != two[1].role));
        let given = Prompt { turns, ..Prompt::default() };
        let (body, dropped) = written(&given, "gemini-2.5-pro");
        prop_assert!(dropped.is_empty(), "{dropped:?}");
        prop_assert_eq!(prompt(body).turns, given.turns);
    }

    #[test]
    fn any_chunking_gives_the_same_events(cuts in prop::collection::vec(0..STREAM.len(), 0..12)) {
        let mut cuts = cuts;
        cuts.extend([0, STREAM.len()]);
        cuts.sort_unstable();
        let chunks: Vec<&[u8]> = cuts.windows(2).map(|w| &STREAM.as_bytes()[w[0]..w[1]]).collect();
        prop_assert_eq!(read_stream(&chunks), read_stream(&[STREAM.as_bytes()]));
    }

    #[test]
    fn no_body_panics(body in any::<String>(), cut in 0..WHOLE.len()) {
        let _ = Caller.read_prompt(Task::Chat, &body, &url());
        let _ = Caller.texts(Task::Chat, &body);
        let _ = Provider.read_reply(Task::Chat, body.as_bytes());
        let _ = Provider.glance(Task::Chat, WHOLE.get(..cut).unwrap_or("").as_bytes());
        let _ = Provider.read_complaint(500, None, body.as_bytes());
    }
}
