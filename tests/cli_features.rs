//! What models can do: `doctor MODEL` finds it out and keeps it, `model show` shows it, and calls obey it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use gateway::Home;
use serde_json::{Value, json};
use stage::{Stage, error};

const PNG: &str = "data:image/png;base64,iVBORw0KGgo=";

/// The verdict on each feature in a protocol.
fn verdicts(home: &Home, model: &str, key: &str, protocol: &str) -> (i32, Vec<(String, String)>) {
    let mut command = home.command(&["doctor", model, "--key-env", "THE_KEY", "-o", "json"]);
    let output = command.env("THE_KEY", key).output().unwrap();
    let checks: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    let verdict = |check: &Value| {
        let verdict = check["protocols"][protocol]["verdict"].as_str()?;
        Some((check["check"].as_str()?.to_owned(), verdict.to_owned()))
    };
    (output.status.code().unwrap(), checks.iter().filter_map(verdict).collect())
}

fn found<'a>(verdicts: &'a [(String, String)], feature: &str) -> &'a str {
    verdicts.iter().find(|(name, _)| name == feature).map_or("", |(_, verdict)| verdict.as_str())
}

#[test]
fn the_sandbox_has_a_sheet_without_a_network() {
    let stage = Stage::set(&[]);
    for protocol in ["openai", "anthropic"] {
        let (code, echo) = verdicts(&stage.home, "sandbox/echo", &stage.key, protocol);
        assert_eq!(code, 0, "{echo:?}");
        for (feature, wanted) in [
            ("answer", "works"),
            ("stream", "works"),
            ("tools", "does_not"),
            ("parallel_tools", "does_not"),
            ("images", "does_not"),
            ("structured_output", "works"),
            ("thinking", "does_not"),
            ("usage", "works"),
            ("stop_sequence", "works"),
            ("max_tokens", "works"),
        ] {
            assert_eq!(found(&echo, feature), wanted, "{protocol} {feature}: {echo:?}");
        }
    }
    let (_, tools) = verdicts(&stage.home, "sandbox/tools", &stage.key, "openai");
    assert_eq!((found(&tools, "tools"), found(&tools, "parallel_tools")), ("works", "works"), "{tools:?}");
}

#[test]
fn the_sheet_is_kept_and_shown() {
    let stage = Stage::set(&[]);
    let (_, found_out) = verdicts(&stage.home, "oa/fake-s50-d20", &stage.key, "openai");
    assert_eq!(found(&found_out, "hang_up"), "works", "{found_out:?}");
    let shown = stage.home.json(&["model", "show", "oa/fake-s50-d20"]);
    let findings = shown["sheet"]["findings"].as_array().unwrap();
    let hung_up = findings.iter().find(|finding| finding["feature"] == "hang_up").unwrap();
    assert_eq!((&hung_up["verdict"], &hung_up["reason"]), (&json!("works"), &Value::Null));
    assert!(shown["sheet"]["made"].as_str().unwrap().starts_with("20") && shown["vendor"].is_null());
    let page = stage.home.run(&["model", "show", "oa/fake-s50-d20"]);
    assert!(page.contains("hang up (openai):") && page.contains("asked on 20"), "{page}");
    stage.home.run(&["provider", "edit", "oa", "--base-url", "http://127.0.0.1:9/v1"]);
    let gone = stage.home.command(&["model", "show", "oa/fake-s50-d20"]).output().unwrap();
    assert_eq!(gone.status.code(), Some(3), "another server has other models");
}

#[test]
fn what_a_model_is_known_not_to_have_is_not_asked_of_it() {
    let stage = Stage::set(&[]);
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let (status, code, message) = error(stage.chat("sandbox/echo", json!({"tools": tools})));
    assert_eq!((status, code.as_str()), (400, "unsupported_feature"), "{message}");
    assert!(message.contains("tools") && message.contains("sandbox/tools"), "{message}");
    let picture = json!([{"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]}]);
    let (status, code, message) = error(stage.chat("sandbox/echo", json!({"messages": picture})));
    assert_eq!((status, code.as_str()), (400, "unsupported_feature"), "{message}");
    assert!(message.contains("vision"), "{message}");
    let sound = json!([{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}]}]);
    assert_eq!(error(stage.chat("sandbox/echo", json!({"messages": sound}))).1, "unsupported_feature");
    let words = json!([{"role": "user", "content": "what is an image_url, what is audio?"}]);
    assert_eq!(stage.chat("sandbox/echo", json!({"messages": words})).status(), 200, "words are no picture");
    assert_eq!(stage.chat("oa/fake", json!({"messages": picture})).status(), 200, "nobody knows that model");
    let trace = stage.newest(|trace| trace["status"] == "ok");
    assert_eq!(trace["error"], Value::Null);
}

#[test]
fn in_anthropics_words_too() {
    let stage = Stage::set(&[]);
    let source = json!({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="});
    let picture = json!([{"type": "image", "source": source}]);
    let result =
        json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": picture}]}]);
    let answer = stage.messages("sandbox/echo", json!({"messages": result}));
    let (status, code, message) = error(answer);
    assert_eq!((status, code.as_str()), (400, "unsupported_feature"), "{message}");
}

#[test]
fn a_sheet_counts_more_than_the_catalogue() {
    let stage = Stage::set(&[]);
    let tools = json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]);
    let (_, sheet) = verdicts(&stage.home, "sandbox/fixed", &stage.key, "openai");
    assert_eq!(found(&sheet, "tools"), "does_not", "{sheet:?}");
    // Asked again, although the gateway refuses such calls by what it knows.
    let (_, again) = verdicts(&stage.home, "sandbox/fixed", &stage.key, "openai");
    assert_eq!(again, sheet);
    assert_eq!(error(stage.chat("sandbox/fixed", json!({"tools": tools}))).1, "unsupported_feature");
}
