//! Commands that set up a home: `init`, `org`, `user`.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use shell::Shell;

#[test]
fn init_makes_everything_once() {
    let shell = Shell::empty();
    shell.expect(
        "init acme --owner ana",
        0,
        "",
        "set up DIR/home: made home, database, master key, organisation, owner; organisation `acme` is owned by ana
next: `optscale-ai provider add KIND`, or `optscale-ai up` for everything in one go
",
    );
    shell.expect("init", 0, "", "nothing to do: DIR/home is set up, with organisation `acme` owned by ana\n");
    shell.expect(
        "init -o json",
        0,
        r#"{
  "home": "DIR/home",
  "org": "acme",
  "org_id": "UUID",
  "owner": "ana",
  "made": []
}
"#,
        "nothing to do: DIR/home is set up, with organisation `acme` owned by ana\n",
    );
    shell.expect("init --quiet", 0, "", "");
}

/// A build with a keyring would ask the one of whoever runs the test.
#[cfg(not(feature = "keyring"))]
#[test]
fn a_master_key_that_cannot_be_kept_where_it_should_be_is_not_kept_elsewhere() {
    let refused = "error: the system's keyring cannot keep the master key: this build of optscale-ai has none; build it with \
                   `cargo build --release --features keyring`; keep it in a file with `optscale-ai init --master-key file`\n";
    let shell = Shell::empty();
    shell.fails("init acme --master-key keyring", 1, refused);
    assert!(!shell.path("home/master.key").exists());
    let shell = shell.set("OPTSCALE_AI_MASTER_KEY_SOURCE", "keyring");
    shell.fails("init acme", 1, refused);
    assert_eq!(shell.run("init acme --owner ana --master-key file").code, 0);
    let shell = shell.set("OPTSCALE_AI_MASTER_KEY_SOURCE", "cloud");
    shell.fails(
        "init beta",
        2,
        "error: OPTSCALE_AI_MASTER_KEY_SOURCE is `cloud`\nhint: set it to `file` or `keyring`\n",
    );
    let shell = shell.set("OPTSCALE_AI_MASTER_KEY_SOURCE", "");
    let again = shell.run("init --master-key keyring");
    assert!(again.code == 0 && again.err.contains("--master-key changed nothing"), "{}", again.err);
}

#[test]
fn organisations_come_and_go() {
    let shell = Shell::new();
    shell.expect(
        "org create beta --owner bob",
        0,
        "",
        "created organisation `beta`, owned by bob
work on it with `optscale-ai org use beta`, or --org beta
",
    );
    shell.shows(
        "orgs",
        "NAME  ID                                    SELECTED  USERS  PROVIDERS  KEYS
acme  UUID  yes           1          0     0
beta  UUID  no            1          0     0
",
    );
    shell.expect("org use beta", 0, "", "commands work on organisation `beta` now\n");
    shell.shows(
        "org show",
        "name:      beta
id:        UUID
selected:  yes
users:     1
providers: 0
keys:      0
",
    );
    shell.shows(
        "org show acme -o json",
        r#"{
  "id": "UUID",
  "name": "acme",
  "selected": false,
  "users": 1,
  "providers": 0,
  "keys": 0,
  "bodies": "metadata",
  "created": "TIME"
}
"#,
    );
    shell.expect("org edit --name gamma", 0, "", "organisation `beta` is called `gamma` now\n");
    shell.fails("org remove gamma", 2, "error: this would remove the organisation `gamma` with all its keys and providers, and nobody is there to confirm it
hint: add --yes to go ahead without a question
");
    shell.expect("org remove gamma --yes", 0, "", "removed organisation `gamma`\n");
    shell.fails(
        "org remove acme --yes",
        4,
        "error: `acme` is the only organisation; make another with `optscale-ai org create NAME` first
",
    );
    shell.fails(
        "org create acme",
        1,
        "error: the org `acme` is there already
hint: choose another name, or see it with `optscale-ai org show acme`
",
    );
    shell.fails(
        "org use acmee",
        3,
        "error: there is no org `acmee`
hint: did you mean `acme`?
",
    );
    shell.shows(
        "orgs -o csv",
        "\
             name,id,selected,users,providers,keys,bodies,created\r\n\
             acme,UUID,true,1,0,0,metadata,TIME\r\n",
    );
}

#[test]
fn users_are_listed() {
    let shell = Shell::new();
    shell.ok("key create app");
    shell.expect(
        "users",
        0,
        "NAME  ROLE   MAY CALL  KEYS  LAST USED
ana   owner  *         app   -
",
        "1 user, each with something to call\n",
    );
    shell.shows(
        "user show ana -o json",
        r#"{
  "id": 1,
  "name": "ana",
  "role": "owner",
  "team": null,
  "status": "active",
  "allowed": [
    "*"
  ],
  "team_allowed": [],
  "keys": [
    "app"
  ],
  "last_used": null,
  "created": "TIME"
}
"#,
    );
    shell.fails(
        "user show ann",
        3,
        "error: there is no user `ann`
hint: did you mean `ana`?
",
    );
}
