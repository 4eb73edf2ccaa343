//! `key` and `route`, and `connect`, which makes a key of its own.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use serde_json::Value;
use shell::Shell;

#[test]
fn a_key_is_shown_once() {
    let shell = Shell::with_sandbox();
    shell.expect("key create app --expires 30d --tag env=test", 0, "A", "A");
    shell.expect("key create ci --model sandbox/echo -o json", 0, "A", "");
    let text = shell.ok("key create third");
    let shown = [shell.ok("keys -o json"), shell.ok("key show third -o json"), shell.ok("keys")].concat();
    assert!(!shown.contains(text.trim()));
    assert!(shown.contains(&text.trim()[43..]));
    shell.fails("key create app", 1, "A");
}

#[test]
fn a_key_lives_and_ends() {
    let shell = Shell::with_sandbox().set("GATEWAY_KEY", "sk-osai-no");
    let text = shell.ok("key generate");
    let shell = shell.set("APP_KEY", text.trim());
    assert_eq!(shell.ok("key create app --key-env APP_KEY"), text);
    shell.expect("key edit app --model sandbox/echo --expires never", 0, "", "A");
    let key: Value = serde_json::from_str(&shell.ok("key show app -o json")).unwrap();
    assert_eq!(
        (&key["models"][0], &key["status"], &key["user"]),
        (&"sandbox/echo".into(), &"active".into(), &"ana".into())
    );
    assert_eq!(key["last_four"], text.trim()[43..]);
    shell.expect("key rotate app --grace 24h", 0, "A", "A");
    shell.fails("key revoke app", 2, "A");
    shell.expect("key revoke app --yes", 0, "", "A");
    shell.ok("key revoke app");
    shell.fails("key edit app --any-model", 4, "A");
    shell.fails("key create again --key-env APP_KEY", 4, "A");
    shell.fails("key create again --key-env GATEWAY_KEY", 2, "A");
    assert_eq!(shell.ok("keys --status active -o jsonl"), "");
}

#[test]
fn bad_keys_are_wrong_usage() {
    let shell = Shell::with_sandbox();
    shell.fails("key create", 2, "A");
    shell.fails("key create app --expires soon", 2, "A");
    shell.fails("key create app --expires 2020-01-01", 2, "A");
    shell.fails("key create app --model echo", 2, "A");
    shell.fails("key create app --provider sandbx", 3, "A");
    shell.fails("key create app --tag x", 2, "A");
    shell.fails("key create app --user bob", 3, "A");
    shell.fails("key show app", 3, "A");
    shell.fails("key edit app", 2, "A");
}

#[test]
fn routes_are_other_names() {
    let shell = Shell::with_sandbox();
    shell.expect("routes", 0, "", "A");
    shell.expect("route add fast --target sandbox/echo", 0, "", "A");
    shell.shows("routes", "A");
    shell.shows("route show fast -o json", "A");
    shell.fails("route add fast --target sandbox/echo", 1, "A");
    shell.fails("route add other --target sandbx/echo", 3, "A");
    shell.fails("route remove fast", 2, "A");
    shell.fails("route remove fest --yes", 3, "A");
    shell.expect("route remove fast --yes", 0, "", "A");
}

#[test]
fn connect_shows_what_a_client_needs() {
    let shell = Shell::with_sandbox();
    shell.shows("connect -o json", "A");
    shell.expect("connect", 0, "A", "A");
    let one: Value = serde_json::from_str(&shell.ok("connect -o json")).unwrap();
    let two: Value =
        serde_json::from_str(&shell.ok("connect curl -o json --model x/y --base-url https://h/v1")).unwrap();
    assert_eq!(one["api_key"], two["api_key"], "one key for this machine");
    assert_eq!((&two["model"], &two["anthropic_base_url"]), (&"x/y".into(), &"https://h".into()));
    let given = shell.run_with("connect -o json --key-stdin", "a-key\n");
    assert!(given.out.contains("\"api_key\": \"a-key\""), "{given:?}");
    shell.fails("connect curll", 3, "A");
    let bare = Shell::new();
    bare.fails("connect", 3, "A");
}
