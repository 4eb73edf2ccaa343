//! `audit`: what commands did is written down, and nobody takes it back unseen.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use rusqlite::Connection;
use serde_json::{Value, json};
use shell::Shell;

fn tamper(shell: &Shell, sql: &str) {
    Connection::open(shell.home().join("optscale.db")).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn every_command_that_changes_something_is_written_down() {
    let shell = Shell::new().set("SECRET", "sk-very-secret-text").set("USER", "eva");
    let lines = [
        ("provider add openai --api-key-env SECRET --header x-team=header-secret", "provider.add"),
        ("provider edit openai --model gpt-4o", "provider.edit"),
        ("provider disable openai", "provider.disable"),
        ("provider enable openai", "provider.enable"),
        ("team add core", "team.add"),
        ("user invite bob --team core", "user.add"),
        ("user allow bob openai", "user.edit"),
        ("user deny bob openai", "user.edit"),
        ("user role bob manager", "user.edit"),
        ("team edit core --allow openai", "team.edit"),
        ("key create ci --user bob --tag env=ci", "key.create"),
        ("key edit ci --expires 30d", "key.edit"),
        ("key rotate ci", "key.rotate"),
        ("key revoke ci --yes", "key.revoke"),
        ("route add fast --target openai/gpt-4o", "route.add"),
        ("route remove fast --yes", "route.remove"),
        ("user remove bob --yes", "user.remove"),
        ("team remove core --yes", "team.remove"),
        ("org edit --bodies full", "org.edit"),
        ("org create umbrella", "org.create"),
        ("org use umbrella", "home.select"),
        ("org use acme", "home.select"),
        ("org remove umbrella --yes", "org.remove"),
        ("provider remove openai --yes", "provider.remove"),
    ];
    for (line, act) in lines {
        let before = newest(&shell);
        shell.ok(line);
        let rows: Value = serde_json::from_str(&shell.ok("audit list --limit 0 -o json")).unwrap();
        let new: Vec<&Value> =
            rows.as_array().unwrap().iter().filter(|row| row["seq"].as_i64() > Some(before)).collect();
        assert!(new.iter().any(|row| row["act"] == act && row["actor"] == "eva"), "{line}: {new:?}");
    }
    let all = [shell.ok("audit list --limit 0 -o json"), shell.ok("audit list --limit 0")].concat();
    assert!(!all.contains("very-secret") && !all.contains("header-secret"));
    shell.ok("audit verify");
}

fn newest(shell: &Shell) -> i64 {
    let rows: Value = serde_json::from_str(&shell.ok("audit list --limit 1 -o json")).unwrap();
    rows[0]["seq"].as_i64().unwrap()
}

#[test]
fn a_change_is_shown_as_it_was_and_is() {
    let shell = Shell::with_sandbox();
    shell.ok("user invite bob");
    shell.ok("user allow bob sandbox");
    shell.shows(
        "audit list --act user --object bob --limit 1",
        "NO  TIME                  BY     ACT        WHAT  BEFORE     AFTER
7   DAY CLOCK  owner  user.edit  bob   allowed=-  allowed=sandbox
",
    );
    let rows: Value = serde_json::from_str(&shell.ok("audit list --actor nobody -o json")).unwrap();
    assert_eq!(rows, json!([]));
}

#[test]
fn what_was_tampered_with_is_named() {
    let shell = Shell::with_sandbox();
    let whole = shell.run("audit verify");
    assert_eq!((whole.code, whole.err.lines().next()), (0, Some("5 changes, each as it was written")), "{whole:?}");
    tamper(&shell, "UPDATE audit SET actor = 'nobody' WHERE seq = 3");
    shell.fails(
        "audit verify",
        1,
        "error: the record of changes is not whole: row 3 was altered or moved
hint: compare it with a backup: `optscale-ai --home DIR audit list --limit 0` in a home made of one
",
    );
    tamper(&shell, "DELETE FROM audit WHERE seq IN (2, 5); UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit'");
    let found = shell.run("audit verify -o json");
    let report: Value = serde_json::from_str(&found.out).unwrap();
    let faults = json!([
        {"fault": "missing", "seq": 2, "until": 2},
        {"fault": "altered", "seq": 3},
        {"fault": "missing", "seq": 5, "until": 5},
    ]);
    assert_eq!((found.code, &report["faults"]), (1, &faults));
}
