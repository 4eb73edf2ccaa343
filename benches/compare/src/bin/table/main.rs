//! Measurements in, Markdown out: medians over the rounds, the spread, and the ratio to nginx.
//!
//! `table < results.jsonl`; ends with 1 if any request of any measurement failed.

mod measures;

use std::process::ExitCode;

use compare::statistics::median;
use measures::{MEASURES, Measure, Of};
use serde_json::Value;

/// What ratios are to.
const REFERENCE: &str = "nginx";
/// What added times are added to.
const DIRECT: &str = "direct";

/// All lines of the input.
struct Results(Vec<Value>);

impl Results {
    fn read(text: &str) -> Self {
        Self(text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect())
    }

    /// Who was measured, in the order of the first round.
    fn subjects(&self) -> Vec<&str> {
        let mut subjects = Vec::new();
        for name in self.0.iter().filter_map(|line| line["subject"].as_str()) {
            if !subjects.contains(&name) {
                subjects.push(name);
            }
        }
        subjects
    }

    /// The figure of each round.
    fn figures(&self, subject: &str, measure: &Measure) -> Vec<f64> {
        let lines = self.0.iter().filter(|line| line["subject"] == subject && line["mode"] == measure.mode);
        lines.filter_map(|line| self.figure(line, measure)).collect()
    }

    fn figure(&self, line: &Value, measure: &Measure) -> Option<f64> {
        let own = line[measure.key].as_f64()?;
        match measure.of {
            Of::All => Some(own),
            Of::Gateways if line["subject"] == DIRECT => None,
            Of::Gateways => Some(own),
            Of::Added if line["subject"] == DIRECT => None,
            Of::Added => {
                let same = |direct: &&Value| {
                    direct["subject"] == DIRECT && direct["mode"] == line["mode"] && direct["round"] == line["round"]
                };
                Some(own - self.0.iter().find(same)?[measure.key].as_f64()?)
            }
        }
    }

    /// Measurements in which something failed.
    fn failures(&self) -> Vec<String> {
        let failed = self.0.iter().filter(|line| line["failed"].as_f64().is_some_and(|n| n > 0.0));
        failed
            .map(|line| {
                let word = |key: &str| line[key].as_str().unwrap_or("?").to_owned();
                let [subject, mode, round, why] = ["subject", "mode", "round", "first_failure"].map(word);
                format!("- {subject}, {mode}, round {round}: {} failed, the first with `{why}`", line["failed"])
            })
            .collect()
    }

    /// Cores that other programs kept busy, median and worst.
    fn foreign(&self) -> Option<(f64, f64)> {
        let cores: Vec<f64> = self.0.iter().filter_map(|line| line["foreign_cores"].as_f64()).collect();
        let worst = cores.iter().copied().reduce(f64::max)?;
        Some((median(&cores), worst))
    }
}

fn main() -> ExitCode {
    let results = Results::read(&std::io::read_to_string(std::io::stdin()).expect("the input is text"));
    print_table(&results);
    if let Some((usual, worst)) = results.foreign() {
        println!(
            "\nOther programs kept {usual:.2} cores busy meanwhile (median of the measurements; at worst {worst:.2})."
        );
    }
    let failures = results.failures();
    if failures.is_empty() {
        println!("No request failed, no chunk was lost.");
        return ExitCode::SUCCESS;
    }
    println!("\nRequests failed:\n\n{}", failures.join("\n"));
    ExitCode::FAILURE
}

fn print_table(results: &Results) {
    let subjects = results.subjects();
    println!("| | {} |", subjects.join(" | "));
    println!("|---|{}", "---:|".repeat(subjects.len()));
    for measure in MEASURES {
        let cells: Vec<String> = subjects.iter().map(|subject| cell(results, subject, measure)).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            println!("| {} | {} |", measure.title, cells.join(" | "));
        }
    }
}

/// Such as `14.2 (13.9..15.1) 1.2x`: median, spread, ratio; the spread where there were rounds that differ.
fn cell(results: &Results, subject: &str, measure: &Measure) -> String {
    let figures = results.figures(subject, measure);
    let Some((least, most)) = figures.iter().copied().map(|f| (f, f)).reduce(|(a, b), (c, d)| (a.min(c), b.max(d)))
    else {
        return String::new();
    };
    let middle = median(&figures);
    let mut cell = measure.show(middle);
    if least < most {
        cell.push_str(&format!(" ({}..{})", measure.show(least), measure.show(most)));
    }
    let reference = results.figures(REFERENCE, measure);
    // An added time that noise turned negative is no measure of another.
    let is_measurable = !reference.is_empty() && reference.iter().all(|figure| *figure > 0.0);
    if is_measurable && subject != REFERENCE && subject != DIRECT {
        cell.push_str(&format!(" **{:.2}x**", middle / median(&reference)));
    }
    cell
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINES: &str = r#"{"subject":"direct","mode":"lat","round":"1","p50_us":40.0,"failed":0.0}
{"subject":"nginx","mode":"lat","round":"1","p50_us":50.0,"failed":0.0}
{"subject":"floor","mode":"lat","round":"1","p50_us":55.0,"failed":0.0}
{"subject":"direct","mode":"lat","round":"2","p50_us":30.0,"failed":0.0}
{"subject":"nginx","mode":"lat","round":"2","p50_us":50.0,"failed":0.0}
{"subject":"floor","mode":"lat","round":"2","p50_us":55.0,"failed":2.0,"first_failure":"503"}"#;

    #[test]
    fn added_times_are_those_of_the_same_round() {
        let results = Results::read(LINES);
        let added =
            MEASURES.iter().find(|m| m.mode == "lat" && m.key == "p50_us" && matches!(m.of, Of::Added)).unwrap();
        assert_eq!(results.subjects(), ["direct", "nginx", "floor"]);
        assert_eq!(cell(&results, "nginx", added), "15.0 (10.0..20.0)");
        assert_eq!(cell(&results, "floor", added), "20.0 (15.0..25.0) **1.33x**");
        assert_eq!(cell(&results, "direct", added), "");
    }

    #[test]
    fn failures_are_told() {
        assert_eq!(Results::read(LINES).failures(), ["- floor, lat, round 2: 2.0 failed, the first with `503`"]);
    }
}
