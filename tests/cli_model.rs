//! `model update` and `model price`: newer facts, and prices by contract.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/gateway.rs"]
mod gateway;

use gateway::Home;
use serde_json::json;
use std::fs;

const LINE: &str = "acme\tnova-1\tchat\t200000\t8192\t111000100\tactive\t\t\t\ti1 o4";

#[test]
fn a_newer_list_is_used_and_can_be_taken_back() {
    let home = Home::new();
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("facts.tsv");
    let update = |text: &str| {
        fs::write(&file, text).unwrap();
        home.command(&["model", "update", "--file", file.to_str().unwrap()]).output().unwrap()
    };
    for (text, why) in [
        (format!("#\t2001-01-01\n{LINE}\n"), "facts of 20"),
        (format!("#\t2999-01-01\n{LINE}\n{LINE}\n"), "line 3 does not sort"),
        (format!("#\t2999-01-01\n{}\n", LINE.replace("i1", "z1")), "line 2 is no model"),
    ] {
        let output = update(&text);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains(why), "{said}");
    }
    assert_eq!(home.command(&["model", "show", "acme/nova-1"]).output().unwrap().status.code(), Some(3));
    assert!(update(&format!("#\t2999-01-01\n{LINE}\n")).status.success());
    let shown = home.json(&["model", "show", "acme/nova-1"]);
    assert_eq!((&shown["context_window"], &shown["prices"][0]["label"]), (&json!(200_000), &json!("as of 2999-01-01")));
    home.run(&["model", "update", "--remove"]);
    assert_eq!(home.command(&["model", "show", "acme/nova-1"]).output().unwrap().status.code(), Some(3));
}

#[test]
fn prices_by_contract_are_checked() {
    let home = Home::new();
    home.run(&["provider", "add", "sandbox"]);
    let code = |arguments: &[&str]| home.command(arguments).output().unwrap().status.code();
    assert_eq!(code(&["model", "price", "set", "sandbox/echo"]), Some(2));
    assert_eq!(code(&["model", "price", "set", "echo", "--in", "1"]), Some(2));
    assert_eq!(code(&["model", "price", "set", "nobody/echo", "--in", "1"]), Some(3));
    assert_eq!(code(&["model", "price", "set", "sandbox/echo", "--in", "-1"]), Some(2));
    assert_eq!(code(&["model", "price", "remove", "sandbox/echo"]), Some(3));
    home.run(&["model", "price", "set", "sandbox/echo", "--in", "0.5", "--from", "2026-01-01"]);
    let listed = home.json(&["model", "price", "list"]);
    assert_eq!((&listed[0]["input_usd_per_mtok"], &listed[0]["output_usd_per_mtok"]), (&json!("0.5"), &json!(null)));
    let audit = home.run(&["audit", "list"]);
    assert!(audit.contains("contract"), "{audit}");
}
