//! What is generated stands as it would be generated now: `docs/cli.md`, `docs/env.md`, `docs/providers.md`, `docs/schema.json` and `completions/`.
//!
//! `UPDATE_GENERATED=1 cargo test --test generated` writes the files anew.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use optscale_ai::cli::reference;
use std::fs;
use std::path::Path;

fn compare(path: &str, fresh: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, fresh).unwrap();
    }
    let stored = fs::read_to_string(&file).unwrap_or_default();
    assert!(
        stored == fresh,
        "{path} is not what the definitions say; rewrite it: UPDATE_GENERATED=1 cargo test --test generated"
    );
}

#[test]
fn the_command_line_reference() {
    compare("docs/cli.md", &reference::markdown());
}

#[test]
fn the_environment_variables() {
    compare("docs/env.md", &reference::environment());
}

#[test]
fn the_providers() {
    compare("docs/providers.md", &optscale_ai::provider::reference());
}

#[test]
fn the_schema_of_configuration_files() {
    compare("docs/schema.json", &optscale_ai::admin::file::schema());
}

#[test]
fn the_completion_scripts() {
    for (name, script) in reference::completion_scripts().unwrap() {
        compare(&format!("completions/{name}"), &script);
    }
}

#[test]
fn every_command_has_a_manual_page_and_an_example() {
    let pages = reference::man_pages().unwrap();
    assert_eq!(pages[0].0, "optscale-ai.1");
    assert!(pages.iter().any(|(name, _)| name == "optscale-ai-key-create.1"));
    for (name, text) in pages {
        assert!(text.contains("Examples:"), "{name} has no example");
    }
}
