//! How well guardrails decide: labelled sets with negatives in `tests/guardrails/`, measured here, and written down in
//! `docs/guardrails.md`.
//!
//! `UPDATE_GENERATED=1 cargo test --test guardrail_quality` writes the document anew.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests")]

use optscale_ai::guardrail::{self, Act, Check, KINDS, Piece, Prepared, Scanner};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A line of a set for places in a text.
#[derive(Deserialize)]
struct Spans {
    text: String,
    found: Vec<(String, String)>,
}

/// A line of a set for whole texts.
#[derive(Deserialize)]
struct Whole {
    text: String,
    counts: bool,
}

/// Right, wrong and missed.
#[derive(Clone, Copy, Default)]
struct Tally {
    right: u32,
    wrong: u32,
    missed: u32,
}

impl Tally {
    fn precision(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.wrong).max(1))
    }

    fn recall(self) -> f64 {
        f64::from(self.right) / f64::from((self.right + self.missed).max(1))
    }

    fn row(self, name: &str) -> String {
        let all = self.right + self.missed;
        format!("| {name} | {all} | {:.3} | {:.3} |\n", self.precision(), self.recall())
    }
}

fn file(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn lines<T: for<'d> Deserialize<'d>>(name: &str) -> Vec<T> {
    let text = fs::read_to_string(file(&format!("tests/guardrails/{name}.jsonl"))).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn scanner(kind: &str) -> Scanner {
    match guardrail::build(guardrail::kind(kind).unwrap(), &BTreeMap::new()).unwrap() {
        Check::Span(spans) => Scanner::new(vec![spans]).unwrap(),
        _ => panic!("{kind} finds no places"),
    }
}

fn found(scanner: &Scanner, text: &str) -> BTreeSet<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    guardrail::whole((scanner, &[Some(Act::Redact)]), text, &mut |piece| {
        if let Piece::Found { label, text, more, .. } = piece {
            match all.last_mut().filter(|_| more) {
                Some((_, value)) => value.push_str(text),
                None => all.push((label.to_owned(), text.to_owned())),
            }
        }
    });
    all.into_iter().collect()
}

/// Each label with what was right, wrong and missed.
fn entities() -> BTreeMap<String, Tally> {
    let scanner = scanner("pii");
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    for line in lines::<Spans>("pii") {
        let expected: BTreeSet<(String, String)> = line.found.into_iter().collect();
        let found = found(&scanner, &line.text);
        for (label, value) in found.difference(&expected) {
            tallies.entry(label.clone()).or_default().wrong += 1;
            show("wrong", label, value, &line.text);
        }
        for (label, value) in expected.difference(&found) {
            tallies.entry(label.clone()).or_default().missed += 1;
            show("missed", label, value, &line.text);
        }
        for (label, _) in found.intersection(&expected) {
            tallies.entry(label.clone()).or_default().right += 1;
        }
    }
    tallies
}

fn secrets() -> Tally {
    let scanner = scanner("secrets");
    let mut tally = Tally::default();
    for line in lines::<Whole>("secrets") {
        let found = !found(&scanner, &line.text).is_empty();
        count(&mut tally, "secrets", (found, line.counts), &line.text);
    }
    tally
}

fn judged(name: &str) -> Tally {
    let kind = guardrail::kind(name).unwrap();
    let Check::Whole(whole) = guardrail::build(kind, &BTreeMap::new()).unwrap() else {
        panic!("{name} gives no score")
    };
    let mut tally = Tally::default();
    for line in lines::<Whole>(name) {
        let score = whole.judge.judge(&Prepared::new(&line.text)).score;
        count(&mut tally, name, (score >= kind.threshold, line.counts), &line.text);
    }
    tally
}

fn count(tally: &mut Tally, name: &str, outcome: (bool, bool), text: &str) {
    match outcome {
        (true, true) => tally.right += 1,
        (true, false) => {
            tally.wrong += 1;
            show("wrong", name, "", text);
        }
        (false, true) => {
            tally.missed += 1;
            show("missed", name, "", text);
        }
        (false, false) => {}
    }
}

/// What went wrong, for whoever works on the rules: `SHOW_FAULTS=1`.
fn show(how: &str, label: &str, value: &str, text: &str) {
    if std::env::var_os("SHOW_FAULTS").is_some() {
        eprintln!("{how} {label} `{value}` in: {text}");
    }
}

const JUDGED: [&str; 6] = ["ban-topics", "toxicity", "sentiment", "prompt-injection", "jailbreak", "code-injection"];
/// Entities without a check sum.
const PATTERNS: [&str; 9] = ["EMAIL", "PHONE", "IP", "MAC", "SSN", "NINO", "PASSPORT", "BIRTH_DATE", "PAN"];

#[test]
fn entities_are_found_as_well_as_is_said() {
    for (label, tally) in entities() {
        let least = if PATTERNS.contains(&label.as_str()) { 0.95 } else { 0.99 };
        assert!(tally.precision() >= least && tally.recall() >= least, "{}", tally.row(&label));
    }
    let secrets = secrets();
    assert!(secrets.precision() >= 0.95 && secrets.recall() >= 0.95, "{}", secrets.row("secrets"));
}

#[test]
fn texts_are_judged_as_well_as_is_said() {
    for name in JUDGED {
        let tally = judged(name);
        assert!(tally.precision() >= 0.9, "{}", tally.row(name));
    }
}

fn document() -> String {
    let mut text = include_str!("guardrails/head.md").to_owned();
    for kind in KINDS {
        let _ = write!(
            text,
            "\n## {}\n\n{}. Family `{}`.\n\n{}\n",
            kind.name,
            capital(kind.about),
            kind.family.as_str(),
            kind.how
        );
        if kind.scores {
            let _ = write!(text, "\nThreshold unless set: {}.\n", kind.threshold);
        }
        text.push_str("\n| setting | default | |\n|---|---|---|\n");
        for setting in kind.settings {
            let _ = writeln!(text, "| `{}` | {} | {} |", setting.name, code(setting.default), setting.about);
        }
    }
    text.push_str("\n## Measured\n\n| entity of `pii` | in the set | precision | recall |\n|---|---|---|---|\n");
    entities().iter().for_each(|(label, tally)| text.push_str(&tally.row(label)));
    text.push_str("\n| type | to be found | precision | recall |\n|---|---|---|---|\n");
    text.push_str(&secrets().row("`secrets`"));
    JUDGED.iter().for_each(|name| text.push_str(&judged(name).row(&format!("`{name}`"))));
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

fn code(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

#[test]
fn the_document_says_what_is_measured() {
    let (path, fresh) = (file("docs/guardrails.md"), document());
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        fs::write(&path, &fresh).unwrap();
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        stored == fresh,
        "docs/guardrails.md is old; rewrite it: UPDATE_GENERATED=1 cargo test --test guardrail_quality"
    );
}
