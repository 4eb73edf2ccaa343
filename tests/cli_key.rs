//! `key` and `route`, and `connect`, which makes a key of its own.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use serde_json::Value;
use shell::Shell;

#[test]
fn a_key_is_shown_once() {
    let shell = Shell::with_sandbox();
    shell.expect(
        "key create app --expires 30d --tag env=test",
        0,
        "sk-osai-KEY\n",
        "created key `app`; this is its text, and it is not shown again:\n",
    );
    shell.expect(
        "key create ci --model sandbox/echo -o json",
        0,
        r#"{
  "id": 2,
  "name": "ci",
  "key": "sk-osai-KEY"
}
"#,
        "",
    );
    let text = shell.ok("key create third");
    let shown = [shell.ok("keys -o json"), shell.ok("key show third -o json"), shell.ok("keys")].concat();
    assert!(!shown.contains(text.trim()));
    assert!(shown.contains(&text.trim()[43..]));
    shell.fails(
        "key create app",
        1,
        "error: the key `app` is there already
hint: choose another name, or see it with `optscale-ai key show app`
",
    );
}

#[test]
fn a_key_lives_and_ends() {
    let shell = Shell::with_sandbox().set("GATEWAY_KEY", "sk-osai-no");
    let text = shell.ok("key generate");
    let shell = shell.set("APP_KEY", text.trim());
    assert_eq!(shell.ok("key create app --key-env APP_KEY"), text);
    shell.expect("key edit app --model sandbox/echo --expires never", 0, "", "changed key `app`\n");
    let key: Value = serde_json::from_str(&shell.ok("key show app -o json")).unwrap();
    assert_eq!(
        (&key["models"][0], &key["status"], &key["user"]),
        (&"sandbox/echo".into(), &"active".into(), &"ana".into())
    );
    assert_eq!(key["last_four"], text.trim()[43..]);
    shell.expect(
        "key rotate app --grace 24h",
        0,
        "sk-osai-KEY\n",
        "the old text stays valid until DAY CLOCK
rotated key `app`; this is its text, and it is not shown again:
",
    );
    shell.fails(
        "key revoke app",
        2,
        "error: this would end the key `app` for good, and nobody is there to confirm it
hint: add --yes to go ahead without a question
",
    );
    shell.expect("key revoke app --yes", 0, "", "revoked key `app`\n");
    shell.ok("key revoke app");
    shell.fails(
        "key edit app --any-model",
        4,
        "error: the key `app` was revoked by owner on DAY; make a new one with `optscale-ai key create app`
",
    );
    shell.fails(
        "key create again --key-env APP_KEY",
        4,
        "error: this text is or was the key `app`'s; generate another\n",
    );
    shell.fails(
        "key create again --key-env GATEWAY_KEY",
        2,
        "error: that is no virtual key: a virtual key has 47 characters, this one has 10; it was not copied whole
hint: make one with `optscale-ai key generate`
",
    );
    assert_eq!(shell.ok("keys --status active -o jsonl"), "");
}

#[test]
fn bad_keys_are_wrong_usage() {
    let shell = Shell::with_sandbox();
    shell.fails(
        "key create",
        2,
        "error: the following required arguments were not provided:
  <NAME>

Usage: optscale-ai key create <NAME>

For more information, try '--help'.
",
    );
    shell.fails("key create app --expires soon", 2, "error: invalid value 'soon' for '--expires <TIME>': `soon` is no time; write 24h, 30d, DAY, 2027-01-31T12:00:00Z or never

For more information, try '--help'.
");
    shell.fails("key create app --expires 2020-01-01", 2, "error: expires: TIME is already past\n");
    shell.fails(
        "key create app --model echo",
        2,
        "error: model: `echo` names no provider; write it like sandbox/echo\n",
    );
    shell.fails(
        "key create app --provider sandbx",
        3,
        "error: there is no provider `sandbx`
hint: did you mean `sandbox`?
",
    );
    shell.fails(
        "key create app --tag x",
        2,
        "error: invalid value 'x' for '--tag <K=V>': `x` is no pair; write NAME=VALUE

For more information, try '--help'.
",
    );
    shell.fails(
        "key create app --user bob",
        3,
        "error: there is no user `bob`
hint: list them with `optscale-ai user list`
",
    );
    shell.fails(
        "key show app",
        3,
        "error: there is no key `app`
hint: list them with `optscale-ai key list`
",
    );
    shell.fails(
        "key edit app",
        2,
        "error: nothing to change was named
hint: name what is to change, for example --expires 30d; see `optscale-ai key edit --help`
",
    );
}

#[test]
fn routes_are_other_names() {
    let shell = Shell::with_sandbox();
    shell.expect("routes", 0, "", "no routes yet; add one with `optscale-ai route add NAME --target MODEL`\n");
    shell.expect("route add fast --target sandbox/echo", 0, "", "added route `fast` to sandbox/echo\n");
    shell.shows(
        "routes",
        "NAME  TARGET        CREATED
fast  sandbox/echo  DAY CLOCK
",
    );
    shell.shows(
        "route show fast -o json",
        r#"{
  "id": 1,
  "name": "fast",
  "target": "sandbox/echo",
  "created": "TIME"
}
"#,
    );
    shell.fails(
        "route add fast --target sandbox/echo",
        1,
        "error: the route `fast` is there already
hint: choose another name, or see it with `optscale-ai route show fast`
",
    );
    shell.fails(
        "route add other --target sandbx/echo",
        3,
        "error: there is no provider `sandbx`
hint: did you mean `sandbox`?
",
    );
    shell.fails(
        "route remove fast",
        2,
        "error: this would remove the route `fast` to sandbox/echo, and nobody is there to confirm it
hint: add --yes to go ahead without a question
",
    );
    shell.fails(
        "route remove fest --yes",
        3,
        "error: there is no route `fest`
hint: did you mean `fast`?
",
    );
    shell.expect("route remove fast --yes", 0, "", "removed route `fast`\n");
}

#[test]
fn connect_shows_what_a_client_needs() {
    let shell = Shell::with_sandbox();
    let clients: Vec<&str> = optscale_ai::connect::clients().iter().map(|client| client.name()).collect();
    let clients = clients.join(", ");
    shell.shows(
        "connect -o json",
        r#"{
  "base_url": "http://127.0.0.1:8642/v1",
  "anthropic_base_url": "http://127.0.0.1:8642",
  "api_key": "sk-osai-KEY",
  "model": "sandbox/echo"
}
"#,
    );
    shell.expect(
        "connect",
        0,
        "Base URL:   http://127.0.0.1:8642/v1
API key:    sk-osai-KEY
Model name: sandbox/echo
",
        &format!(
            "a ready snippet: `optscale-ai connect CLIENT` with {}
",
            optscale_ai::connect::clients().iter().map(|client| client.name()).collect::<Vec<_>>().join(", ")
        ),
    );
    let one: Value = serde_json::from_str(&shell.ok("connect -o json")).unwrap();
    let two: Value =
        serde_json::from_str(&shell.ok("connect curl -o json --model x/y --base-url https://h/v1")).unwrap();
    assert_eq!(one["api_key"], two["api_key"], "one key for this machine");
    assert_eq!((&two["model"], &two["anthropic_base_url"]), (&"x/y".into(), &"https://h".into()));
    let given = shell.run_with("connect -o json --key-stdin", "a-key\n");
    assert!(given.out.contains("\"api_key\": \"a-key\""), "{given:?}");
    shell.fails(
        "connect curll",
        3,
        &format!("error: there is no client `curll`\nhint: did you mean `curl`?\nhint: known are {clients}\n"),
    );
    let bare = Shell::new();
    bare.fails(
        "connect",
        3,
        "error: no active provider names a model to begin with
hint: add one with `optscale-ai provider add KIND`, or name a model with --model provider/model
",
    );
}

#[test]
fn no_key_is_made_of_a_hash() {
    let shell = Shell::new();
    shell.fails(
        "key create app --hash 88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b",
        4,
        "error: no key is made of a hash: other gateways hash other texts in other ways, and a text that begins otherwise than sk-osai- is no key here
hint: make a new key and hand it out: `optscale-ai key create NAME`
hint: a key of this gateway moves with its text: `optscale-ai key create NAME --key-env VAR`
",
    );
}
