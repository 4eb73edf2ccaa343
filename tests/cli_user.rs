//! `user` and `team`: who is there, and what is said of them.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use serde_json::Value;
use shell::Shell;

#[test]
fn users_are_invited_allowed_and_removed() {
    let shell = Shell::with_sandbox();
    shell.expect(
        "user invite bob@x.org",
        0,
        "",
        "added user `bob@x.org`, member
allow something with `optscale-ai user allow bob@x.org PROVIDER`
make a key with `optscale-ai key create NAME --user bob@x.org`
",
    );
    shell.fails(
        "user invite bob@x.org",
        1,
        "error: the user `bob@x.org` is there already
hint: choose another name, or see it with `optscale-ai user show bob@x.org`
",
    );
    shell.ok("key create bobs --user bob@x.org");
    shell.expect(
        "users",
        0,
        "NAME       ROLE    MAY CALL  KEYS  LAST USED
ana        owner   *         -     -
bob@x.org  member  -         bobs  -
",
        "2 users; 1 may call nothing yet: `optscale-ai user allow bob@x.org PROVIDER` mends that\n",
    );
    shell.expect("user allow bob@x.org sandbox", 0, "", "bob@x.org may call sandbox\n");
    shell.shows(
        "users -o csv",
        "id,name,role,team,status,allowed,team_allowed,keys,last_used,created\r\n\
         1,ana,owner,,active,\"[\"\"*\"\"]\",[],[],,TIME\r\n\
         2,bob@x.org,member,,active,\"[\"\"sandbox\"\"]\",[],\"[\"\"bobs\"\"]\",,TIME\r\n",
    );
    shell.fails(
        "user deny bob@x.org sandbox/echo",
        4,
        "error: bob@x.org may call all of `sandbox`, and a single model cannot be taken from that; take away all with `optscale-ai user deny bob@x.org sandbox`, then allow single models
",
    );
    shell.expect("user deny bob@x.org sandbox", 0, "", "nothing is allowed to bob@x.org alone any more\n");
    shell.expect("user role bob@x.org manager", 0, "", "bob@x.org is manager now\n");
    shell.fails(
        "user remove bob@x.org",
        2,
        "error: this would remove the user `bob@x.org` and end their keys for good: bobs, and nobody is there to confirm it
hint: add --yes to go ahead without a question
",
    );
    shell.expect("user remove bob@x.org --yes", 0, "", "removed user `bob@x.org`\nrevoked their keys: bobs\n");
    let key: Value = serde_json::from_str(&shell.ok("key show bobs -o json")).unwrap();
    assert_eq!((&key["status"], &key["revoked_by"]), (&"revoked".into(), &"owner".into()));
    shell.ok("user invite bob@x.org --role manager --allow sandbox/echo");
}

#[test]
fn what_cannot_be_is_refused_with_the_way_out() {
    let shell = Shell::with_sandbox();
    shell.ok("route add quick --target sandbox/echo");
    shell.ok("user invite bob");
    let only_owner = "error: ana is the only owner; make another one first with `optscale-ai user role NAME owner`, or invite one with `optscale-ai user invite EMAIL --role owner`\n";
    shell.fails("user remove ana --yes", 4, only_owner);
    shell.fails("user role ana member", 4, only_owner);
    shell.ok("user role bob owner");
    shell.ok("user role ana member");
    shell.fails(
        "user allow ana sandbx",
        3,
        "error: there is no provider `sandbx`
hint: did you mean `sandbox`?
",
    );
    shell.fails(
        "user allow ana quick",
        2,
        "error: allow: `quick` is a routing rule; allow what it leads to, sandbox/echo, or its provider\n",
    );
    shell.fails(
        "user invite eva --team core",
        3,
        "error: there is no team `core`
hint: list them with `optscale-ai team list`
",
    );
    shell.fails(
        "user show eva",
        3,
        "error: there is no user `eva`
hint: list them with `optscale-ai user list`
",
    );
}

#[test]
fn teams_have_members_and_may_call_something() {
    let shell = Shell::with_sandbox();
    shell.ok("user invite bob");
    shell.ok("user invite eva");
    shell.expect(
        "team add core",
        0,
        "",
        "made team `core`
let users join with `optscale-ai team edit core --join EMAIL`
",
    );
    shell.expect("team edit core --join bob,eva --allow sandbox", 0, "", "changed team `core`\n");
    shell.shows(
        "teams",
        "NAME  MAY CALL  MEMBERS   CREATED
core  sandbox   bob, eva  DAY CLOCK
",
    );
    shell.expect(
        "users",
        0,
        "NAME  ROLE    TEAM  MAY CALL  KEYS  LAST USED
ana   owner   -     *         -     -
bob   member  core  -         -     -
eva   member  core  -         -     -
",
        "3 users, each with something to call\n",
    );
    shell.expect(
        "user deny bob sandbox",
        0,
        "",
        "nothing is allowed to bob alone any more
warning: bob may still call sandbox as a member of the team `core`; `optscale-ai team edit core --deny sandbox` ends that
",
    );
    shell.fails("team edit core --leave ana", 4, "error: ana is not in the team `core`\n");
    shell.fails(
        "team edit core",
        2,
        "error: nothing to change was named
hint: name what is to change, for example --join EMAIL; see `optscale-ai team edit --help`
",
    );
    shell.ok("team edit core --name kernel --leave eva");
    let team: Value = serde_json::from_str(&shell.ok("team show kernel -o json")).unwrap();
    assert_eq!((&team["members"][0], team["members"].as_array().unwrap().len()), (&"bob".into(), 1));
    shell.fails(
        "team remove kernel",
        2,
        "error: this would remove the team `kernel`, whose members are bob, and nobody is there to confirm it
hint: add --yes to go ahead without a question
",
    );
    shell.expect("team remove kernel --yes", 0, "", "removed team `kernel`\n");
    let bob: Value = serde_json::from_str(&shell.ok("user show bob -o json")).unwrap();
    assert_eq!((&bob["team"], &bob["status"]), (&Value::Null, &"unassigned".into()));
}
