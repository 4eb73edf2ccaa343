//! One trace as a page to read: what was asked, how it went, and the cost as arithmetic.

use super::guards;
use crate::cli::shape::{Shape, group, millis};
use crate::cli::table;
use crate::price::Line;
use crate::records::{Attempt, UsageSource};
use crate::store::{TraceDetail, TraceRow};
use crate::types::Task;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// The page, sections apart by an empty line.
pub fn page(detail: &TraceDetail) -> String {
    let shown = fields(detail).into_iter().filter(|(_, value)| !value.is_empty() && value != "-");
    let head = table::page(&shown.collect::<Vec<_>>());
    [head, guards::lines(&detail.guards), attempts(&detail.attempts), cost(detail)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

fn fields(detail: &TraceDetail) -> Vec<(&'static str, String)> {
    let row = &detail.row;
    let word = |value: &Option<String>| Shape::Text.words(&json!(value));
    vec![
        ("id", row.id.to_string()),
        ("time", Shape::Time.words(&json!(row.time))),
        ("status", status(row)),
        ("message", word(&detail.message)),
        ("request", request(detail)),
        ("model", word(&row.model)),
        ("asked for", word(&row.requested_model)),
        ("route", word(&row.route)),
        ("organisation", word(&row.org)),
        ("user", word(&row.user)),
        ("team", word(&row.team)),
        ("key", word(&row.key)),
        ("session", word(&row.session)),
        ("tags", Shape::Text.words(&json!(row.tags))),
        ("tokens", tokens(detail)),
        ("finish", word(&detail.finish)),
        ("time taken", latency(detail)),
        ("dropped", Shape::Text.words(&json!(detail.dropped))),
        ("provider says", detail.usage_raw.as_deref().map(|raw| Shape::Text.words(&json!(raw))).unwrap_or_default()),
    ]
}

fn status(row: &TraceRow) -> String {
    let http = if row.http_status > 0 { format!(", HTTP {}", row.http_status) } else { String::new() };
    let error = row.error.as_deref().map(|code| format!(" ({code})")).unwrap_or_default();
    format!("{}{error}{http}", row.status.as_str())
}

fn request(detail: &TraceDetail) -> String {
    let task = detail.task.map_or("unknown", Task::as_str);
    let stream = if detail.row.stream { ", streamed" } else { "" };
    format!("{task} in {}'s protocol{stream}", detail.protocol)
}

fn tokens(detail: &TraceDetail) -> String {
    let (row, usage) = (&detail.row, &detail.usage);
    if detail.usage_source == UsageSource::None {
        return String::new();
    }
    let parts = [
        ("cache read", usage.cache_read),
        ("cache write", usage.cache_write()),
        ("audio", usage.input_audio),
        ("image", usage.input_image),
    ];
    let output_parts = [("reasoning", usage.reasoning), ("audio", usage.output_audio), ("image", usage.output_image)];
    let estimated = if row.estimated { ", estimated" } else { "" };
    format!(
        "{} in{}, {} out{}{estimated}",
        group(&row.input_tokens.to_string()),
        of_these(&parts),
        group(&row.output_tokens.to_string()),
        of_these(&output_parts)
    )
}

fn of_these(parts: &[(&str, u64)]) -> String {
    let some = parts.iter().filter(|(_, count)| *count > 0);
    let words: Vec<String> = some.map(|(name, count)| format!("{} {name}", group(&count.to_string()))).collect();
    if words.is_empty() { String::new() } else { format!(" ({})", words.join(", ")) }
}

fn latency(detail: &TraceDetail) -> String {
    let row = &detail.row;
    let in_ms = |us: u64| millis(us as f64 / 1000.0);
    let mut text = in_ms(row.latency_us);
    if let Some(first) = row.first_token_us {
        let _ = write!(text, ", first token after {}", in_ms(first));
        let rest = row.latency_us.saturating_sub(first);
        if row.stream && row.output_tokens > 0 && rest > 0 {
            let _ = write!(text, ", {:.0} tokens a second", row.output_tokens as f64 * 1e6 / rest as f64);
        }
    }
    let _ = write!(text, ", of that the gateway {}", in_ms(detail.overhead_us));
    text
}

fn attempts(attempts: &[Attempt]) -> String {
    if attempts.is_empty() {
        return String::new();
    }
    let mut text = "attempts:\n".to_owned();
    for (place, attempt) in attempts.iter().enumerate() {
        let http = attempt.http_status.map_or("no answer".to_owned(), |status| format!("HTTP {status}"));
        let error = attempt.error.as_deref().map(|code| format!(", {code}")).unwrap_or_default();
        let after = millis(attempt.latency_us as f64 / 1000.0);
        let model = Shape::Word.words(&Value::from(attempt.model.as_str()));
        let _ = writeln!(text, "  {}. {model}: {http}{error}, after {after}", place + 1);
    }
    text
}

/// Count times rate, line by line, and the sum that was booked.
fn cost(detail: &TraceDetail) -> String {
    let estimated = if detail.row.estimated { " (estimated)" } else { "" };
    let total = match detail.row.cost_usd {
        Some(amount) => format!("${amount}{estimated}"),
        None => "unknown".to_owned(),
    };
    let bill = detail.rates.as_ref().and_then(|rates| Some((rates.bill(&detail.usage)?, rates.label.as_str())));
    match bill {
        Some((lines, label)) if !lines.is_empty() => format!("cost:\n{}", arithmetic(&lines, label, &total)),
        _ => format!("cost: {total}\n"),
    }
}

fn arithmetic(lines: &[Line], label: &str, total: &str) -> String {
    // The catalogue dates a price `as of 2026-01-01`; a tier has other words.
    let label = label.strip_prefix("as of ").unwrap_or(label);
    let at = if label.is_empty() { String::new() } else { format!(" at {label}") };
    let rows: Vec<[String; 3]> = lines
        .iter()
        .map(|line| [group(&line.count.to_string()), line.meter.label().to_owned(), format!("${}", line.rate)])
        .collect();
    let width = |place: usize| rows.iter().map(|row| row[place].len()).max().unwrap_or_default();
    let [count, meter, rate] = [width(0), width(1), width(2)];
    let mut text = String::new();
    for ([n, name, price], line) in rows.iter().zip(lines) {
        let _ = writeln!(text, "  {n:>count$} {name:<meter$} x {price:<rate$}{at} = ${}", line.amount);
    }
    let before = count + meter + rate + at.len() + 4;
    let _ = writeln!(text, "  {:<before$} = {total}", "total");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::price::Meter;
    use crate::types::Money;

    #[test]
    fn a_bill_adds_up_line_by_line() {
        let line = |meter, count, pico| {
            let rate = Money::from_pico(pico);
            Line { meter, count, rate, amount: rate.times(count) }
        };
        let lines = [line(Meter::Input, 1_200, 150_000), line(Meter::Output, 60, 600_000)];
        let text = arithmetic(&lines, "2026-01-01", "$0.000216");
        let expected = "  1,200 input  x $0.00000015 at 2026-01-01 = $0.00018\n     60 output x $0.0000006  at 2026-01-01 = $0.000036\n  total                                    = $0.000216\n";
        assert_eq!(text, expected);
    }
}
