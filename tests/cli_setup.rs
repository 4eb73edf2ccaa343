//! Commands that set up a home: `init`, `org`, `user`.
#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "common/shell.rs"]
mod shell;

use shell::Shell;

#[test]
fn init_makes_everything_once() {
    let shell = Shell::empty();
    shell.expect("init acme --owner ana", 0, "", "A");
    shell.expect("init", 0, "", "A");
    shell.expect("init -o json", 0, "A", "A");
    shell.expect("init --quiet", 0, "", "");
}

#[test]
fn organisations_come_and_go() {
    let shell = Shell::new();
    shell.expect("org create beta --owner bob", 0, "", "A");
    shell.shows("orgs", "A");
    shell.expect("org use beta", 0, "", "A");
    shell.shows("org show", "A");
    shell.shows("org show acme -o json", "A");
    shell.expect("org edit --name gamma", 0, "", "A");
    shell.fails("org remove gamma", 2, "A");
    shell.expect("org remove gamma --yes", 0, "", "A");
    shell.fails("org remove acme --yes", 4, "A");
    shell.fails("org create acme", 1, "A");
    shell.fails("org use acmee", 3, "A");
    shell.shows("orgs -o csv", "A");
}

#[test]
fn users_are_listed() {
    let shell = Shell::new();
    shell.ok("key create app");
    shell.shows("users", "A");
    shell.shows("user show ana -o json", "A");
    shell.fails("user show ann", 3, "A");
}
