//! Coding agents against the gateway: each completes a turn with a tool call, offline, before a scripted provider.
//!
//! `./tests/run` installs them with the SDKs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/sdks.rs"]
mod sdks;
#[path = "common/stage.rs"]
mod stage;

use serde_json::{Value, json};
use stage::Stage;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// What the model says at the end of the turn.
const DONE: &str = "The file is there.";

fn frame(name: &str, mut data: Value) -> String {
    data["type"] = name.into();
    format!("event: {name}\ndata: {data}\n\n")
}

/// An Anthropic stream of one block.
fn anthropic(block: Value, delta: Value, reason: &str) -> Vec<String> {
    let usage = json!({"input_tokens": 9, "output_tokens": 1});
    let message = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [],
        "stop_reason": null, "usage": usage});
    vec![
        frame("message_start", json!({"message": message})),
        frame("content_block_start", json!({"index": 0, "content_block": block})),
        frame("content_block_delta", json!({"index": 0, "delta": delta})),
        frame("content_block_stop", json!({"index": 0})),
        frame("message_delta", json!({"delta": {"stop_reason": reason}, "usage": {"output_tokens": 5}})),
        frame("message_stop", json!({})),
    ]
}

fn call(name: &str, input: &Value) -> Vec<String> {
    let block = json!({"type": "tool_use", "id": "toolu_1", "name": name, "input": {}});
    anthropic(block, json!({"type": "input_json_delta", "partial_json": input.to_string()}), "tool_use")
}

fn words(text: &str) -> Vec<String> {
    let block = json!({"type": "text", "text": ""});
    anthropic(block, json!({"type": "text_delta", "text": text}), "end_turn")
}

/// The program itself, beside the script that would look for it.
fn codex() -> PathBuf {
    let modules = sdks::folder().join("node_modules/@openai");
    let mut found = fs::read_dir(&modules).unwrap().flat_map(|entry| {
        let vendor = entry.unwrap().path().join("vendor");
        fs::read_dir(vendor).into_iter().flatten().map(|target| target.unwrap().path().join("bin/codex"))
    });
    found.find(|program| program.is_file()).expect("Codex is not there for this machine: run ./tests/run")
}

/// Runs Codex once in a folder of its own, as `connect codex` says; gives what it printed.
fn run_codex(stage: &Stage, folder: &Path, model: &str) -> String {
    let (home, work) = (folder.join("home"), folder.join("work"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(&work).unwrap();
    let base_url = stage.gateway.base_url();
    let connected = stage.home.json(&["connect", "codex", "--model", model, "--base-url", &base_url]);
    fs::write(home.join("config.toml"), connected["snippet"].as_str().unwrap()).unwrap();
    let mut command = Command::new(codex());
    command.args([
        "exec",
        "--skip-git-repo-check",
        "--dangerously-bypass-approvals-and-sandbox",
        "--json",
        "Make a file",
    ]);
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", &home).env("CODEX_HOME", &home);
    let output = command.current_dir(&work).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[test]
fn codex_completes_a_turn_with_a_tool_call() {
    let stage = Stage::set(&[]);
    let folder = tempfile::tempdir().unwrap();
    stage.fake.answer_chunks(&call("exec_command", &json!({"cmd": "echo made > made.txt"})));
    stage.fake.answer_chunks(&words(DONE));
    let said = run_codex(&stage, folder.path(), "an/claude-sonnet-4-5");
    assert!(
        said.contains(DONE),
        "{said}\n{:?}",
        stage
            .fake
            .requests()
            .iter()
            .map(|r| r.json()["tools"].as_array().map(|t| t.iter().map(|t| t["name"].to_string()).collect::<Vec<_>>()))
            .collect::<Vec<_>>()
    );
    assert_eq!(fs::read_to_string(folder.path().join("work/made.txt")).unwrap().trim(), "made");
    let requests = stage.fake.requests();
    let last = requests.last().unwrap().json();
    let results = last["messages"].as_array().unwrap().last().unwrap()["content"].clone();
    assert_eq!(
        (&results[0]["type"], &results[0]["tool_use_id"]),
        (&json!("tool_result"), &json!("toolu_1")),
        "{results}"
    );
    assert_eq!(stage.newest(|trace| trace["status"] == "ok")["provider"], "an");
}
