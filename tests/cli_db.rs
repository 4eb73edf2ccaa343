//! `db` and `secrets`: the file is copied, put back, looked over; the master key is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/shell.rs"]
mod shell;
#[path = "common/stage.rs"]
mod stage;

use rusqlite::Connection;
use serde_json::{Value, json};
use shell::Shell;
use stage::Stage;
use std::fs;

fn with_secrets() -> Shell {
    let shell = Shell::with_sandbox().set("OPENAI_API_KEY", "sk-provider").set("USER", "ana");
    shell.ok("provider add openai --header x-team=core");
    shell.ok("connect -o json");
    shell
}

fn json_of(shell: &Shell, line: &str) -> Value {
    serde_json::from_str(&shell.ok(line)).unwrap()
}

#[test]
fn a_backup_is_put_back() {
    let shell = with_secrets();
    shell.ok("db backup copy.db");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(shell.path("copy.db")).unwrap().permissions().mode() & 0o777, 0o600);
    }
    shell.fails(
        "db backup copy.db",
        1,
        "error: copy.db is there already, and a backup overwrites nothing
hint: name another file, for example with the day in its name
",
    );
    shell.ok("provider remove openai --yes");
    shell.ok("key create later");
    let restored = shell.run("db restore copy.db --yes");
    assert_eq!(restored.code, 0, "{restored:?}");
    assert!(restored.err.contains("what was there is in ") && restored.err.contains("before-restore-"), "{restored:?}");
    assert_eq!(json_of(&shell, "providers -o json").as_array().unwrap().len(), 2);
    assert_eq!(shell.run("key show later").code, 3);
    shell.ok("audit verify");
    let newest = json_of(&shell, "audit list --limit 1 -o json");
    assert!(newest[0]["after"]["restored_at"].is_string(), "{newest}");
    shell.ok("db check");
}

#[test]
fn what_is_no_good_backup_is_refused() {
    let shell = with_secrets();
    let before = shell.ok("providers -o json");
    shell::write(&shell.path("text.db"), &"no database, but long enough for a header. ".repeat(50));
    assert_ne!(shell.run("db restore text.db --yes").code, 0);
    assert_ne!(shell.run("db restore nowhere.db --yes").code, 0);
    shell.ok("db backup copy.db");
    let mut bytes = fs::read(shell.path("copy.db")).unwrap();
    for byte in &mut bytes[8192..16384] {
        *byte = 0xff;
    }
    fs::write(shell.path("torn.db"), &bytes).unwrap();
    let torn = shell.run("db restore torn.db --yes");
    assert!(torn.code != 0 && torn.err.contains("damaged"), "{torn:?}");
    let other = with_secrets();
    other.ok("db backup copy.db");
    let foreign = shell.run(&format!("db restore {} --yes", other.path("copy.db").display()));
    assert!(foreign.code != 0 && foreign.err.contains("master key"), "{foreign:?}");
    assert_eq!(shell.ok("providers -o json"), before, "nothing was changed");
    assert!(!shell.home().join("optscale.db.restoring").exists());
}

#[test]
fn a_database_is_measured_checked_and_pruned() {
    let shell = with_secrets();
    let stats = json_of(&shell, "db stats -o json");
    assert!(stats["size_bytes"].as_u64() > Some(0) && stats["rows"]["providers"] == 2, "{stats}");
    shell.shows(
        "db check",
        "CHECK              OK   FAULTS
pages and indexes  yes  -
references         yes  -
sealed secrets     yes  -
record of changes  yes  -
",
    );
    Connection::open(shell.home().join("optscale.db"))
        .unwrap()
        .execute_batch("UPDATE providers SET sealed_secret = x'010203' WHERE name = 'openai'")
        .unwrap();
    let found = shell.run("db check -o json");
    let findings: Value = serde_json::from_str(&found.out).unwrap();
    assert_eq!((found.code, &findings[2]["ok"]), (1, &json!(false)));
    let pruned = json_of(&shell, "db prune --older-than 90d --yes -o json");
    assert_eq!(pruned["deleted"], 0);
    shell.ok("db prune --older-than 90d --compact --yes");
}

#[test]
fn the_master_key_is_changed_and_everything_opens() {
    let shell = with_secrets();
    let key = json_of(&shell, "connect -o json")["api_key"].clone();
    let file = shell.home().join("master.key");
    let old = fs::read_to_string(&file).unwrap();
    let rotated = shell.run("secrets rotate --yes");
    assert!(rotated.err.starts_with("3 secrets were sealed anew; the master key is in "), "{rotated:?}");
    let new = fs::read_to_string(&file).unwrap();
    assert_ne!(old, new);
    assert_eq!(json_of(&shell, "connect -o json")["api_key"], key);
    shell.ok("db check");
    // The old key opens nothing any more.
    fs::write(&file, &old).unwrap();
    assert_ne!(shell.run("db check").code, 0);
    // Cut short before the new key took its place: the next command brings it to its end.
    fs::write(file.with_extension("key.new"), &new).unwrap();
    close(&file.with_extension("key.new"));
    shell.ok("db check");
    assert_eq!(fs::read_to_string(&file).unwrap(), new);
    // Cut short before anything was sealed with it: it is left aside, and made anew.
    fs::write(file.with_extension("key.new"), "0".repeat(64)).unwrap();
    close(&file.with_extension("key.new"));
    shell.ok("db check");
    shell.ok("secrets rotate --yes");
    shell.ok("db check");
    assert!(!file.with_extension("key.new").exists());
    shell.ok("audit verify");
}

#[cfg(unix)]
fn close(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[cfg(not(unix))]
fn close(_: &std::path::Path) {}

#[test]
fn a_master_key_of_the_environment_is_changed_with_another_variable() {
    let (one, two) = ("1".repeat(64), "2".repeat(64));
    let shell = Shell::empty().set("OPTSCALE_AI_MASTER_KEY", &one).set("NEW_KEY", &two).set("OPENAI_API_KEY", "sk-x");
    shell.ok("init acme");
    shell.ok("provider add openai");
    let refused = shell.run("secrets rotate --yes");
    assert!(refused.code == 4 && refused.err.contains("--new-key-env VAR"), "{refused:?}");
    shell.ok("secrets rotate --new-key-env NEW_KEY --yes");
    assert_ne!(shell.run("db check").code, 0, "the old key is still set");
    let shell = shell.set("OPTSCALE_AI_MASTER_KEY", &two);
    shell.ok("db check");
}

#[test]
fn a_running_gateway_is_copied_and_takes_a_new_master_key() {
    let stage = Stage::set(&[]);
    let folder = stage.home.database().parent().unwrap().to_owned();
    let copy = folder.with_file_name("copy.db");
    assert_eq!(stage.chat("oa/fake", json!({})).status(), 200);
    stage.home.run(&["db", "backup", copy.to_str().unwrap()]);
    let copied: i64 =
        Connection::open(&copy).unwrap().query_row("SELECT count(*) FROM traces", [], |row| row.get(0)).unwrap();
    assert_eq!(copied, 1, "what was delivered is in the copy");
    let refused = stage.home.command(&["db", "restore", copy.to_str().unwrap(), "--yes"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a gateway already serves this home"));
    stage.home.run(&["secrets", "rotate", "--yes"]);
    let edited = ["provider", "edit", "oa", "--api-key-env", "FAKE_KEY"];
    stage.home.run(&edited);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(2);
    stage.home.run(&["provider", "disable", "an"]);
    while stage.messages("an/fake", json!({})).status() == 200 {
        assert!(std::time::Instant::now() < until, "the gateway does not follow any more");
    }
    assert_eq!(stage.chat("oa/fake", json!({})).status(), 200, "sealed with the new key");
    assert_eq!(stage.fake.last().header("authorization"), Some("Bearer provider-secret"));
}
