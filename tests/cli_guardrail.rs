//! `guardrail` and `policy`: added, shown, tried, changed, removed.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use shell::Shell;

#[test]
fn a_guardrail_is_added_shown_changed_and_removed() {
    let shell = Shell::new();
    shell.expect("guardrails", 0, "", "no guardrails yet; add one with `optscale-ai guardrail add pii --type pii`\n");
    shell.expect(
        "guardrail add pii --type pii --action redact --restore --set ip=off",
        0,
        "",
        "added guardrail `pii`; let it apply with `optscale-ai policy add pii --guardrail pii`\n",
    );
    shell.shows(
        "guardrails",
        "NAME  TYPE  STAGE  ACTION  THRESHOLD  RESTORE  SETTINGS\npii   pii   both   redact  -          yes      ip=off\n",
    );
    shell.ok("guardrail edit pii --stage input --no-restore --set ip=");
    shell.shows(
        "guardrails",
        "NAME  TYPE  STAGE  ACTION  THRESHOLD  RESTORE  SETTINGS\npii   pii   input  redact  -          no       -\n",
    );
    shell.fails("guardrail add x --type pi", 3, "error: there is no guardrail type `pi`\nhint: did you mean `pii`?\n");
    let refused = shell.run("guardrail add x --type pii --set emial=off");
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.starts_with("error: set: emial: there is no such setting; there are: only, email,"),
        "{refused:?}"
    );
    assert_eq!(shell.run("guardrail add x --type pii --threshold 0.5").code, 2);
    assert_eq!(shell.run("guardrail add x --type pii --action flag --restore").code, 2);
    shell.expect("guardrail remove pii --yes", 0, "", "removed guardrail `pii`\n");
}

#[test]
fn a_policy_names_guardrails_that_are_there() {
    let shell = Shell::new();
    shell.fails(
        "policy add mask --guardrail pii",
        3,
        "error: there is no guardrail `pii`\nhint: list them with `optscale-ai guardrail list`\n",
    );
    shell.ok("guardrail add pii --type pii");
    shell.expect("policy add mask --guardrail pii", 0, "", "added policy `mask`; it applies from now on\n");
    let listed = shell.ok("policies");
    assert!(listed.starts_with("NAME  STATUS  GUARDRAILS  RULES  WHEN  STAGE"), "{listed}");
    let refused = shell.run("guardrail remove pii --yes");
    assert_eq!((refused.code, refused.err.contains("policy remove mask")), (4, true), "{refused:?}");
    shell.expect("policy disable mask", 0, "", "policy `mask` applies no more\n");
    assert!(shell.ok("policy show mask").contains("disabled"));
    shell.ok("policy edit mask --sampling 10 --dry-run --priority -3");
    assert!(shell.ok("policy show mask -o json").contains("\"priority\": -3"));
    assert_eq!(shell.run("policy edit mask --sampling 0").code, 2);
    shell.fails(
        "policy edit mask --when teem=='a'",
        2,
        "error: when: there is no `teem` (character 1); there are: request, provider, model, user, team, key, tags, headers, stage, now\n",
    );
    assert_eq!(shell.run("policy edit mask --set model=x").code, 2);
    let tried = shell.run("policy test mask --text ana@example.com");
    assert_eq!((tried.code, tried.out.contains("would have blocked 1 of 1")), (4, true), "{tried:?}");
    assert!(shell.ok("policy stats").contains("mask"));
    shell.expect("policy remove mask --yes", 0, "", "removed policy `mask`\n");
    shell.ok("guardrail remove pii --yes");
}

#[test]
fn a_guardrail_is_tried_on_a_text() {
    let shell = Shell::new();
    shell.ok("guardrail add pii --type pii --action redact");
    shell.ok("guardrail add keys --type secrets");
    let run = shell.run_with("guardrail test pii --file - -o json", "mail ana@example.com and bob@example.com");
    assert_eq!(run.code, 0, "{run:?}");
    let read: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&read["verdict"], &read["found"]["EMAIL"]), (&"redacted".into(), &2.into()));
    assert_eq!(read["text"], "mail <EMAIL_1> and <EMAIL_2>");
    let run = shell.run_with("guardrail test keys --file -", "AKIAIOSFODNN7EXAMPLQ");
    assert_eq!((run.code, run.err.as_str()), (4, "error: the guardrail `keys` would refuse this text\n"));
    assert!(run.out.starts_with("verdict: blocked\nfound:   1 API_KEY\n"), "{}", run.out);
    assert!(shell.ok("guardrail kinds").contains("payment cards"));
    assert!(shell.ok("guardrail kinds secrets").contains("assignments=on"));
}
