//! `export`, `plan`, `apply`, `rollback`: an organisation from one file, without a question.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use serde_json::Value;
use shell::{Shell, write};
use std::fmt::Write as _;
use std::time::Instant;

const FILE: &str = r#"[organization]
name = "acme"

[[provider]]
name = "sandbox"
kind = "sandbox"

[[user]]
email = "bob@x.org"
allowed_providers = ["sandbox"]

[[key]]
name = "ci"
user = "bob@x.org"
models = ["sandbox/echo"]
"#;

#[test]
fn a_machine_that_is_made_anew_needs_one_file() {
    let shell = Shell::empty();
    write(&shell.path("o.toml"), FILE);
    shell.expect(
        "apply o.toml --keys-out keys.json",
        0,
        "+ provider sandbox  kind: sandbox
+ user bob@x.org  allowed_providers: sandbox, role: member
+ key ci  models: sandbox/echo, user: bob@x.org
",
        "made a home in DIR/home
3 changes made; `optscale-ai rollback` takes them back
1 new key's text is in keys.json, and nowhere else
",
    );
    let keys: Value = serde_json::from_str(&std::fs::read_to_string(shell.path("keys.json")).unwrap()).unwrap();
    assert!(keys["ci"].as_str().unwrap().starts_with("sk-osai-"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(shell.path("keys.json")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    shell.expect("plan o.toml", 0, "", "no differences\n");
    shell.expect("apply o.toml --keys-out keys.json", 0, "", "nothing to change\n");
    let again: Value = serde_json::from_str(&std::fs::read_to_string(shell.path("keys.json")).unwrap()).unwrap();
    assert_eq!(again, keys, "texts that are there stay");
}

#[test]
fn differences_are_shown_and_have_an_exit_code() {
    let shell = Shell::empty();
    write(&shell.path("o.toml"), FILE);
    let made: Value = serde_json::from_str(&shell.ok("apply o.toml -o json")).unwrap();
    assert!(made["keys"]["ci"].as_str().unwrap().starts_with("sk-osai-"), "{made}");
    write(&shell.path("o.toml"), &FILE.replace("email = \"bob@x.org\"", "email = \"bob@x.org\"\nrole = \"manager\""));
    shell.expect(
        "plan o.toml",
        6,
        "~ user bob@x.org  role: member -> manager\n",
        "1 difference; `optscale-ai apply o.toml` makes them so\n",
    );
    let run = shell.run("plan o.toml -o json");
    let differences: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((run.code, &differences[0]["fields"]["role"]["after"]), (6, &"manager".into()));
    shell.ok("apply o.toml");
    shell.expect(
        "rollback --yes",
        0,
        "user `bob@x.org`\n",
        "took back what owner applied on DAY; 1 row is as it was\n",
    );
    let bob: Value = serde_json::from_str(&shell.ok("user show bob@x.org -o json")).unwrap();
    assert_eq!(bob["role"], "member");
    shell.fails(
        "rollback --yes",
        4,
        "error: no file was applied that could be taken back; the last one can be taken back once\n",
    );
}

#[test]
fn what_cannot_be_applied_says_where_and_why() {
    let shell = Shell::empty();
    write(&shell.path("o.toml"), &FILE.replace("models =", "modles ="));
    let run = shell.run("apply o.toml");
    assert_eq!(run.code, 2, "{run:?}");
    assert!(run.err.contains("line 15, column 1") && run.err.contains("unknown field `modles`"), "{}", run.err);
    write(&shell.path("o.toml"), &FILE.replace("[\"sandbox/echo\"]", "[\"sandbx/echo\"]"));
    shell.fails(
        "apply o.toml -q",
        3,
        "error: the key `ci` of the file: there is no provider `sandbx`
hint: did you mean `sandbox`?
",
    );
    shell.fails(
        "apply o.toml --org other",
        2,
        "error: the file is about `acme`, and the organisation `other` was named
hint: leave --org and OPTSCALE_AI_ORG out, or change `name` under [organization]
",
    );
    write(&shell.path("keys.json"), "not keys");
    write(&shell.path("o.toml"), FILE);
    shell.fails(
        "apply o.toml --keys-out keys.json",
        1,
        "error: keys.json is there and holds no keys; nothing was changed
hint: name another file
",
    );
    assert_eq!(shell.run("plan o.toml -q").code, 6);
}

#[test]
fn an_export_says_what_is_there_and_no_secret() {
    let shell = Shell::with_sandbox().set("OPENAI_API_KEY", "sk-a-provider-key-that-nobody-sees");
    shell.ok("provider add openai");
    let key = shell.ok("key create app");
    let text = shell.ok("export");
    assert!(
        text.contains("name = \"openai\"") && text.contains("# Keys that are stored sealed are not in here (openai)")
    );
    assert!(!text.contains("nobody-sees") && !text.contains(key.trim()), "{text}");
    write(&shell.path("o.toml"), &text);
    shell.expect("plan o.toml", 0, "", "no differences\n");
    shell.expect("export --into o.toml", 0, "", "o.toml says it all already\n");
    shell.ok("route add fast --target sandbox/echo");
    shell.expect("export --into o.toml", 0, "", "wrote o.toml\n");
    assert!(std::fs::read_to_string(shell.path("o.toml")).unwrap().contains("[[route]]"));
    let schema: Value = serde_json::from_str(&shell.ok("export --schema")).unwrap();
    assert!(schema["properties"]["provider"].is_object(), "{schema}");
}

#[test]
fn a_thousand_keys_are_applied_at_once() {
    let shell = Shell::with_sandbox();
    let mut text = String::new();
    for n in 0..1000 {
        writeln!(text, "[[key]]\nname = \"k{n}\"\nmodels = [\"sandbox/echo\"]\ntags = {{ n = \"{n}\" }}\n").unwrap();
    }
    write(&shell.path("o.toml"), &text);
    let begun = Instant::now();
    let made: Value = serde_json::from_str(&shell.ok("apply o.toml -o json")).unwrap();
    assert_eq!(made["keys"].as_object().unwrap().len(), 1000);
    // One second is for the optimised program; this one is not, and shares the machine with other tests.
    assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    shell.expect("plan o.toml", 0, "", "no differences\n");
    shell.ok("audit verify");
}
