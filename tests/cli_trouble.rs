//! Homes that cannot be used, words that make no sense, readers that go away.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use shell::Shell;
use std::fs;

#[test]
fn a_home_that_is_no_home() {
    let shell = Shell::empty();
    shell.fails(
        "keys",
        1,
        "error: there is no home directory DIR/home; make it with `optscale-ai init`, or with `optscale-ai up`\n",
    );
    shell.fails(
        "org create x",
        1,
        "error: there is no home directory DIR/home; make it with `optscale-ai init`, or with `optscale-ai up`\n",
    );
    shell::write(&shell.home(), "a file");
    shell.fails(
        "keys",
        1,
        "error: DIR/home is not a directory; name another home with --home DIR or OPTSCALE_AI_HOME
",
    );
    shell.fails(
        "init",
        1,
        "error: DIR/home is not a directory; name another home with --home DIR or OPTSCALE_AI_HOME
",
    );
    shell.fails(
        "serve",
        1,
        "error: DIR/home is not a directory; name another home with --home DIR or OPTSCALE_AI_HOME
",
    );
}

#[test]
fn a_database_that_is_none() {
    let shell = Shell::empty();
    fs::create_dir(shell.home()).unwrap();
    shell.fails("keys", 1, "error: there is no database DIR/home/optscale.db; make it with `optscale-ai init`\n");
    shell::write(&shell.home().join("optscale.db"), &"not a database ".repeat(100));
    shell.fails("keys", 1, "error: DIR/home/optscale.db is not a database of optscale-ai; move it away and run `optscale-ai init`, or name another home with --home DIR
");
    shell.fails("init", 1, "error: DIR/home/optscale.db is not a database of optscale-ai; move it away and run `optscale-ai init`, or name another home with --home DIR
");
}

#[test]
fn a_database_from_the_future() {
    let shell = Shell::new();
    let file = shell.home().join("optscale.db");
    let mut bytes = fs::read(&file).unwrap();
    // The header's user version (SQLite file format, offset 60), big-endian.
    let known = u32::from_be_bytes(bytes[60..64].try_into().unwrap());
    bytes[60..64].copy_from_slice(&999_u32.to_be_bytes());
    fs::write(&file, bytes).unwrap();
    for line in ["keys", "key create app", "init"] {
        let wanted = format!("error: the database DIR/home/optscale.db has version 999, this program knows versions up to {known}; update optscale-ai, or name another home with --home DIR
");
        shell.fails(line, 1, &wanted);
    }
}

#[test]
fn a_damaged_database() {
    let shell = Shell::with_sandbox();
    let file = shell.home().join("optscale.db");
    let mut bytes = fs::read(&file).unwrap();
    bytes[100..].fill(0xff);
    fs::write(&file, bytes).unwrap();
    let run = shell.run("keys");
    assert_eq!((run.code, run.out.as_str()), (1, ""));
    assert!(run.err.starts_with("error: the database ") && run.err.contains("damaged"), "{}", run.err);
}

#[test]
fn a_master_key_that_is_missing() {
    let shell = Shell::with_sandbox();
    fs::remove_file(shell.home().join("master.key")).unwrap();
    shell.fails("key create app", 1, "error: there is no master key: OPTSCALE_AI_MASTER_KEY is not set and DIR/home/master.key is missing; put the file back from a backup, or make a new home with `optscale-ai init`
");
    shell.fails("serve", 1, "error: there is no master key: OPTSCALE_AI_MASTER_KEY is not set and DIR/home/master.key is missing; put the file back from a backup, or make a new home with `optscale-ai init`
");
    shell.shows("keys -o json", "[]\n");
}

#[test]
fn words_that_make_no_sense() {
    let shell = Shell::with_sandbox();
    shell.fails(
        "tracs",
        2,
        "error: unrecognized subcommand 'tracs'

  tip: some similar subcommands exist: 'teams', 'trace', 'traces'

Usage: optscale-ai [OPTIONS] <COMMAND>

For more information, try '--help'.
",
    );
    shell.fails("traces --since yesterday", 2, "error: invalid value 'yesterday' for '--since <TIME>': `yesterday` is no time; write 1h, 30d, DAY or 2026-11-01T12:00:00Z

For more information, try '--help'.
");
    shell.fails(
        "traces --status fine",
        2,
        "error: invalid value 'fine' for '--status <STATUS>'
  [possible values: running, ok, error, refused, interrupted]

For more information, try '--help'.
",
    );
    shell.fails("traces --min-cost lots", 2, "error: invalid value 'lots' for '--min-cost <USD>': `lots` is not an amount of US dollars; write it like 10 or 0.25

For more information, try '--help'.
");
    shell.fails("costs by colour", 2, "error: invalid value 'colour' for '<DIMENSION>...': `colour` is no dimension; choose provider, model, user, team, key, route, day, tag or tag:NAME

For more information, try '--help'.
");
    shell.fails(
        "keys -o yaml",
        2,
        "error: invalid value 'yaml' for '--output <FORMAT>'
  [possible values: table, json, jsonl, csv]

For more information, try '--help'.
",
    );
    shell.fails(
        "traces show nonsense",
        3,
        "error: there is no trace `nonsense`
hint: list them with `optscale-ai traces`
",
    );
    shell.fails(
        "serve --listen 0.0.0.0:0",
        2,
        "error: others can reach 0.0.0.0:0, and calls to it would not be encrypted
hint: listen on 127.0.0.1:0 for this machine alone
hint: or add --plain-http where a proxy before it ends TLS
",
    );
    shell.fails(
        "keys --org nope",
        3,
        "error: there is no org `nope`
hint: list them with `optscale-ai org list`
",
    );
    shell.fails(
        "model show openai/gpt-4o-minni",
        3,
        "error: the catalogue has no model `openai/gpt-4o-minni`
hint: did you mean `openai/gpt-4o-mini` or `openai/gpt-4.1-mini` or `openai/gpt-5-mini`?
",
    );
}

#[test]
fn help_goes_to_stdout_and_is_no_failure() {
    let shell = Shell::empty();
    for line in ["--help", "--version", "key create --help", "help traces"] {
        let run = shell.run(line);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{line}");
        assert!(!run.out.is_empty());
    }
    assert_eq!(shell.run("").code, 2);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_optscale-ai"))
        .args(["model", "list", "--all", "-o", "jsonl"])
        .env_clear()
        .env("OPTSCALE_AI_HOME", Shell::empty().home())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).as_ref()), (Some(0), ""));
}

#[test]
fn colour_is_for_those_who_want_it() {
    let shell = Shell::with_sandbox();
    assert!(!shell.ok("providers").contains('\u{1b}'));
    assert!(shell.run("key show x --color always").err.contains('\u{1b}'));
    assert!(!shell.run("key show x --color never").err.contains('\u{1b}'));
}

#[test]
fn a_shell_completes_live_names() {
    let shell = Shell::with_sandbox().set("COMPLETE", "fish");
    let run = shell.run("-- optscale-ai provider show sa");
    assert_eq!((run.code, run.out.trim()), (0, "sandbox"), "{run:?}");
    let nowhere = Shell::empty().set("COMPLETE", "fish");
    assert_eq!(nowhere.run("-- optscale-ai provider show sa").code, 0);
    let kinds = shell.run("-- optscale-ai provider add anth");
    assert!(kinds.out.starts_with("anthropic"), "{kinds:?}");
}
