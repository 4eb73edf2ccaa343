//! The map of the crate, held: imports go down only, strangers stay strangers, one place for each trade.
//!
//! Reads the paths in the source text; what stands in `#[cfg(test)]` modules and in files of tests is exempt.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules from the top down. A module may import those of lower levels, and of its own only where that says so.
const LEVELS: &[Level] = &[
    Level { modules: &["cli"], strangers: true },
    Level { modules: &["gateway", "admin"], strangers: true },
    Level {
        modules: &[
            "dialect",
            "provider",
            "catalogue",
            "connect",
            "secrets",
            "store",
            "config",
            "guardrail",
            "policy",
            "budget",
        ],
        strangers: true,
    },
    Level {
        modules: &["canonical", "records", "price", "condition", "body", "http", "tokens", "scan"],
        strangers: false,
    },
    Level { modules: &["types"], strangers: true },
];

/// Trades that have one place each: words that nobody else may write.
const TRADES: &[Trade] = &[
    Trade {
        what: "only `cli` prints",
        words: &["println!", "print!", "io::stdout", "io::stderr", "anstream", "comfy_table", "dialoguer"],
        places: &["cli/"],
    },
    Trade { what: "only `store` knows SQL", words: &["rusqlite"], places: &["store/"] },
    Trade {
        what: "only `http` knows the HTTP client",
        words: &["hyper_rustls", "hyper_util::client", "hyper::client"],
        places: &["http/"],
    },
    Trade { what: "only `condition` knows CEL", words: &["cel::"], places: &["condition.rs"] },
    Trade {
        what: "only the edge of the gateway knows axum",
        words: &["axum"],
        places: &["gateway/mod.rs", "gateway/routes.rs", "gateway/accept.rs", "gateway/respond.rs", "gateway/serve.rs"],
    },
];

const LONGEST_FILE: usize = 500;

struct Level {
    modules: &'static [&'static str],
    strangers: bool,
}

struct Trade {
    what: &'static str,
    words: &'static [&'static str],
    places: &'static [&'static str],
}

/// A source file: where it stands below `src`, and its text.
struct Source {
    path: String,
    text: String,
}

#[test]
fn the_crate_is_built_as_its_map_says() {
    let faults: Vec<String> = sources().iter().flat_map(faults).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_bad_crate_is_found_out() {
    let found = |path: &str, text: &str| {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        faults(&source).join("; ")
    };
    let up = found("store/mod.rs", "use crate::gateway::serve;");
    assert_eq!(up, "store/mod.rs imports `gateway`, which stands above it");
    let stranger = found("store/keys.rs", "fn f() { crate::secrets::random_id(); }");
    assert_eq!(stranger, "store/keys.rs imports `secrets`: they are strangers");
    let grouped = found("dialect/sse.rs", "use crate::{types::Time, provider};");
    assert_eq!(grouped, "dialect/sse.rs imports `provider`: they are strangers");
    let nested = found("dialect/anthropic/mod.rs", "use crate::dialect::{Peek, openai_chat::{Wire, X}, sse};");
    assert_eq!(nested, "dialect/anthropic/mod.rs imports the dialect `openai_chat`");
    let around = found("dialect/anthropic/peek.rs", "use super::super::super::connect::Client;");
    assert_eq!(around, "dialect/anthropic/peek.rs imports `connect`: they are strangers");
    let dialects = found("dialect/anthropic/peek.rs", "use super::super::openai_chat::Wire;");
    assert_eq!(dialects, "dialect/anthropic/peek.rs imports the dialect `openai_chat`");
    let prints = found("gateway/serve.rs", "fn f() { println!(\"hello\"); }");
    assert_eq!(prints, "gateway/serve.rs has `println!`: only `cli` prints");
    let sql = found("admin/keys.rs", "use rusqlite::Connection;");
    assert_eq!(sql, "admin/keys.rs has `rusqlite`: only `store` knows SQL");
    let client = found("provider/mod.rs", "use hyper_util::client::legacy::Client;");
    assert_eq!(client, "provider/mod.rs has `hyper_util::client`: only `http` knows the HTTP client");
    let axum = found("gateway/record.rs", "use axum::Router;");
    assert_eq!(axum, "gateway/record.rs has `axum`: only the edge of the gateway knows axum");
    let nowhere = found("helpers/mod.rs", "");
    assert_eq!(nowhere, "helpers/mod.rs: the module `helpers` has no level in tests/architecture.rs");
    let long = found("types/time.rs", &"\n".repeat(LONGEST_FILE + 1));
    assert_eq!(long, "types/time.rs has 501 lines, more than 500");
    let good = "//! crate::gateway is not imported here.\nuse crate::types::Time; // crate::cli\n\
                #[cfg(test)]\nmod tests {\n    use crate::secrets::random_id;\n}\n";
    assert_eq!(found("store/mod.rs", good), "");
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 50, "the sources were not found");
    let source = |file: PathBuf| Source {
        path: file.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/"),
        text: fs::read_to_string(&file).unwrap(),
    };
    files.into_iter().map(source).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => collect(&path, files),
            false if path.extension().is_some_and(|ending| ending == "rs") => files.push(path),
            false => {}
        }
    }
}

/// Everything that is wrong with one file.
fn faults(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = source.text.lines().count();
    if lines > LONGEST_FILE {
        faults.push(format!("{} has {lines} lines, more than {LONGEST_FILE}", source.path));
    }
    let module = modules(&source.path);
    let is_root = matches!(source.path.as_str(), "lib.rs" | "main.rs");
    if is_root || is_test_file(&source.path) {
        return faults;
    }
    let Some(level) = level_of(&module[0]) else {
        faults.push(format!("{}: the module `{}` has no level in tests/architecture.rs", source.path, module[0]));
        return faults;
    };
    let code = code(&source.text);
    faults.extend(imports(&module, &code).iter().filter_map(|import| wrong_import(source, &module, level, import)));
    faults.extend(TRADES.iter().flat_map(|trade| wrong_trade(source, &code, trade)));
    faults.sort();
    faults.dedup();
    faults
}

fn wrong_import(source: &Source, module: &[String], level: usize, import: &[String]) -> Option<String> {
    let (own, other) = (&module[0], import.first()?);
    if own == other {
        let (from, to) = (module.get(1)?, import.get(1)?);
        let is_dialect = |name: &str| name != "sse" && own == "dialect" && is_folder(name);
        let foreign = from != to && is_dialect(from) && is_dialect(to);
        return foreign.then(|| format!("{} imports the dialect `{to}`", source.path));
    }
    let theirs = level_of(other)?;
    match theirs {
        theirs if theirs < level => Some(format!("{} imports `{other}`, which stands above it", source.path)),
        theirs if theirs == level && LEVELS[level].strangers => {
            Some(format!("{} imports `{other}`: they are strangers", source.path))
        }
        _ => None,
    }
}

fn wrong_trade(source: &Source, code: &str, trade: &Trade) -> Option<String> {
    if trade.places.iter().any(|place| source.path.starts_with(place)) {
        return None;
    }
    let word = trade.words.iter().find(|word| has_word(code, word))?;
    Some(format!("{} has `{word}`: {}", source.path, trade.what))
}

/// Whether `word` stands in the code and not inside a longer name.
fn has_word(code: &str, word: &str) -> bool {
    let part_of_name = |letter: char| letter.is_alphanumeric() || letter == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        !before.is_some_and(part_of_name) && (word.ends_with('!') || !after.is_some_and(part_of_name))
    })
}

fn level_of(module: &str) -> Option<usize> {
    LEVELS.iter().position(|level| level.modules.contains(&module))
}

fn is_folder(dialect: &str) -> bool {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/dialect").join(dialect).is_dir()
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("tests.rs") || path.contains("/tests/")
}

/// `store/traces/mod.rs` as `store`, `traces`.
fn modules(path: &str) -> Vec<String> {
    let path = path.trim_end_matches(".rs").trim_end_matches("/mod");
    path.split('/').map(str::to_owned).collect()
}

/// The text without comments and without its module of tests.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let ends = line.starts_with("#[cfg(test)]") && lines.peek().is_some_and(|next| next.starts_with("mod "));
        if ends && lines.peek().is_some_and(|next| next.ends_with('{')) {
            break;
        }
        let line = line.split("//").next().unwrap_or_default();
        code.push_str(line);
        code.push('\n');
    }
    code
}

/// Every path of this crate that the code names, from its root on.
fn imports(module: &[String], code: &str) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    for (at, word) in code.match_indices("crate::").chain(code.match_indices("super::")) {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == ':') {
            continue;
        }
        let rest = &code[at + word.len()..];
        if word == "crate::" {
            paths.extend(tails(rest));
        } else {
            let ups = 1 + rest.split("super::").take_while(|part| part.is_empty()).count();
            let rest = rest.trim_start_matches("super::");
            let parent = module[..module.len().saturating_sub(ups)].to_vec();
            paths.extend(tails(rest).into_iter().map(|tail| [parent.clone(), tail].concat()));
        }
    }
    paths
}

/// `a::b::C` as `a`, `b`, `C`; `a::{b::C, d}` as two paths.
fn tails(text: &str) -> Vec<Vec<String>> {
    let is_path = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == ':';
    let end = text.find(|letter: char| !is_path(letter)).unwrap_or(text.len());
    let head: Vec<String> = text[..end].split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect();
    let Some(group) = text[end..].strip_prefix('{') else { return vec![head] };
    let whole = |tail: Vec<String>| [head.clone(), tail].concat();
    members(group).into_iter().flat_map(tails).map(whole).collect()
}

/// What stands between commas up to the closing brace; braces inside are left whole.
fn members(group: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut members) = (0, 0, Vec::new());
    for (at, letter) in group.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                members.push(group[begin..at].trim());
                begin = at + 1;
                if letter == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    members
}
