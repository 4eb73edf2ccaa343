//! `provider`: registered, shown, changed, asked, removed.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use shell::Shell;

const ADD: &str = "provider add custom --name local --base-url http://127.0.0.1:9/v1 --model m1 --header X-Team=a";

#[test]
fn a_provider_is_added_and_shown() {
    let shell = Shell::new();
    shell.expect("providers", 0, "", "A");
    shell.expect(ADD, 0, "", "A");
    shell.shows("providers", "A");
    shell.shows("provider show local", "A");
    shell.shows("provider list -o json", "A");
    shell.shows("provider list -o csv", "A");
    shell.fails("provider show lokal", 3, "A");
    shell.fails(ADD, 1, "A");
}

#[test]
fn a_provider_is_changed_and_removed() {
    let shell = Shell::new();
    shell.ok(ADD);
    shell.expect("provider edit local --base-url http://127.0.0.1:10/v1 --any-model", 0, "", "A");
    shell.fails("provider edit local", 2, "A");
    shell.expect("provider disable local", 0, "", "A");
    shell.expect("provider enable local", 0, "", "A");
    shell.ok("route add fast --target local/m1");
    shell.fails("provider remove local --yes", 4, "A");
    shell.expect("route remove fast --yes", 0, "", "A");
    shell.fails("provider remove local", 2, "A");
    shell.expect("provider remove local --yes", 0, "", "A");
}

#[test]
fn a_key_comes_from_everywhere_but_the_command_line() {
    let shell = Shell::new().set("MY_KEY", "sk-provider-1234567890").set("ANTHROPIC_API_KEY", "sk-ant-1234567890");
    shell.expect("provider add openai --api-key-env MY_KEY", 0, "", "A");
    shell.expect("provider add anthropic", 0, "", "A");
    let piped = shell.run_with("provider add openai --name two --api-key-stdin", "sk-provider-2\n");
    assert_eq!((piped.code, piped.out.as_str()), (0, ""));
    shell::write(&shell.path("key"), "sk-provider-3\n");
    shell.ok("provider add openai --name three --api-key-file key");
    shell.shows("providers", "A");
    shell.fails("provider add openai --name four", 2, "A");
    shell.fails("provider add openai --name four --api-key-env NOPE", 2, "A");
    shell.fails("provider add openai --name four --api-key-env sk-provider-1234567890", 2, "A");
    shell.fails("provider add openai --name four --api-key-stdin", 2, "A");
    shell.fails("provider add openai --name four --api-key-file none", 1, "A");
    for line in ["provider list -o json", "provider show two -o json", "provider list -v"] {
        let run = shell.run(line);
        assert!(!run.out.contains("sk-") && !run.err.contains("sk-"), "{run:?}");
    }
}

#[test]
fn bad_descriptions_are_wrong_usage() {
    let shell = Shell::new();
    shell.fails("provider add", 2, "A");
    shell.fails("provider add opnai", 3, "A");
    shell.fails("provider add custom", 2, "A");
    shell.fails("provider add custom --base-url example.com", 2, "A");
    shell.fails("provider add custom --base-url http://example.com/v1", 2, "A");
    shell.fails("provider add custom --base-url http://127.0.0.1/v1 --name a/b", 2, "A");
    shell.fails("provider add custom --base-url http://127.0.0.1/v1 --header X", 2, "A");
}

#[test]
fn a_provider_is_asked() {
    let shell = Shell::with_sandbox();
    let run = shell.run("provider test sandbox -o csv");
    assert_eq!(run.code, 0);
    let checks: Vec<&str> = run.out.lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(checks, ["ok", "ok", "ok"]);
    shell.shows("provider models sandbox -o csv", "A");
    shell.ok(ADD);
    let run = shell.run("provider models local");
    assert_eq!((run.code, run.out.as_str()), (5, ""));
    assert!(run.err.contains("127.0.0.1:9") && run.err.contains("optscale-ai provider show local"), "{}", run.err);
    let refused = shell.run("provider test sandbox --model error-429");
    assert_eq!(refused.code, 5, "{refused:?}");
}

#[test]
fn kinds_are_listed() {
    let shell = Shell::empty();
    let run = shell.run("provider kinds -o csv");
    assert_eq!((run.code, run.err.as_str()), (0, ""));
    assert!(run.out.lines().any(|line| line.starts_with("openai,OpenAI,openai,https://api.openai.com/v1,")));
}
