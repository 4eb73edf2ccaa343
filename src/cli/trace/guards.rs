//! What policies came to in a call, as lines of its page.

use crate::cli::shape::{Shape, millis};
use crate::records::{CheckOutcome, Evaluation};
use serde_json::json;
use std::fmt::Write as _;

/// The section; empty where no policy was asked.
pub fn lines(evaluations: &[Evaluation]) -> String {
    if evaluations.is_empty() {
        return String::new();
    }
    let mut text = "policies:\n".to_owned();
    for evaluation in evaluations {
        let dry = if evaluation.dry_run { ", dry run" } else { "" };
        let note = evaluation.note.as_ref().map(|note| format!(", {note}")).unwrap_or_default();
        let state = if evaluation.matched { evaluation.verdict.as_str() } else { "not applied" };
        let took = millis(evaluation.took_us as f64 / 1000.0);
        let name = Shape::Word.words(&json!(evaluation.policy));
        let _ = writeln!(text, "  {name} ({}): {state}{dry}{note}, after {took}", evaluation.stage.as_str());
        evaluation.checks.iter().for_each(|check| text.push_str(&line(check)));
    }
    text
}

fn line(check: &CheckOutcome) -> String {
    let found: Vec<String> = check.found.iter().map(|(label, count)| format!("{count} {label}")).collect();
    let found = if found.is_empty() { String::new() } else { format!(": {}", found.join(", ")) };
    let score = check.score.map(|score| format!(", score {score:.2}")).unwrap_or_default();
    let why = check.why.as_ref().map(|why| format!(", {why}")).unwrap_or_default();
    format!("    {} {}{found}{score}{why}\n", Shape::Word.words(&json!(check.guardrail)), check.verdict.as_str())
}
