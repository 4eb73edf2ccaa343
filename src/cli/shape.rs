//! How one value is written for people. JSON and CSV never come here.

use comfy_table::Color;
use serde_json::Value;

/// What a value is, to a reader.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Shape {
    /// Words, or several of them.
    Text,
    /// Words that stay on one line: an id, a name to copy.
    Word,
    /// A point in time as RFC 3339; shown to the second, in UTC.
    Time,
    /// US dollars; none is unknown.
    Money,
    /// A whole number.
    Count,
    /// Milliseconds.
    Millis,
    /// A word of a state: `ok`, `error`, `active`, `revoked`.
    State,
    /// Yes or no.
    Flag,
}

impl Shape {
    /// The value in words. Control characters are left out: a name may come from a stranger's request, and a
    /// terminal would obey it.
    pub fn words(self, value: &Value) -> String {
        let words = match (self, value) {
            (Shape::Money, Value::Null) => "unknown".to_owned(),
            (_, Value::Null) => "-".to_owned(),
            (Shape::Money, Value::String(amount)) => format!("${amount}"),
            (Shape::Time, Value::String(time)) => to_the_second(time),
            (Shape::Millis, Value::Number(number)) => number.as_f64().map(millis).unwrap_or_default(),
            (Shape::Count, Value::Number(number)) => group(&number.to_string()),
            (_, Value::Bool(yes)) => if *yes { "yes" } else { "no" }.to_owned(),
            (_, value) => plain(value),
        };
        words.chars().filter(|letter| !letter.is_control()).collect()
    }

    /// Whether it may go on in the next line of its cell.
    pub fn may_wrap(self) -> bool {
        self == Shape::Text
    }

    /// Whether it stands to the right.
    pub fn is_number(self) -> bool {
        matches!(self, Shape::Money | Shape::Count | Shape::Millis)
    }

    /// The colour of these words.
    pub fn colour(self, words: &str) -> Option<Color> {
        match (self, words) {
            (Shape::State, "ok" | "active") => Some(Color::Green),
            (Shape::State, "error" | "failing" | "revoked" | "expired" | "failed" | "fail") => Some(Color::Red),
            (Shape::State, "refused" | "interrupted" | "disabled" | "running" | "warn" | "skip") => Some(Color::Yellow),
            (Shape::Money, "unknown") => Some(Color::Yellow),
            _ => None,
        }
    }
}

/// Lists by commas, objects as `name=value`.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(members) if members.is_empty() => "-".to_owned(),
        Value::Object(members) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}={}", plain(value));
            members.iter().map(pair).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    }
}

/// `2026-01-31T10:00:00.123Z` as `2026-01-31 10:00:00Z`.
fn to_the_second(time: &str) -> String {
    match (time.get(..10), time.get(11..19)) {
        (Some(day), Some(clock)) => format!("{day} {clock}Z"),
        _ => time.to_owned(),
    }
}

/// A span of milliseconds in the unit that reads best.
pub fn millis(millis: f64) -> String {
    match millis {
        short if short < 1.0 => format!("{short:.2} ms"),
        short if short < 10.0 => format!("{short:.1} ms"),
        middle if middle < 10_000.0 => format!("{middle:.0} ms"),
        long => format!("{:.1} s", long / 1000.0),
    }
}

/// Digits in groups of three.
pub fn group(digits: &str) -> String {
    let (sign, digits) = digits.strip_prefix('-').map_or(("", digits), |rest| ("-", rest));
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("{sign}{digits}");
    }
    let comma = |place: usize| place > 0 && (digits.len() - place).is_multiple_of(3);
    let grouped =
        digits.chars().enumerate().flat_map(|(place, digit)| comma(place).then_some(',').into_iter().chain([digit]));
    std::iter::once(sign).map(str::to_owned).chain([grouped.collect()]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_read_well() {
        assert_eq!(Shape::Count.words(&json!(1_234_567)), "1,234,567");
        assert_eq!(Shape::Count.words(&json!(-100)), "-100");
        assert_eq!(Shape::Time.words(&json!("2026-01-31T10:00:00.123Z")), "2026-01-31 10:00:00Z");
        assert_eq!(Shape::Millis.words(&json!(0.25)), "0.25 ms");
        assert_eq!(Shape::Millis.words(&json!(812.4)), "812 ms");
        assert_eq!(Shape::Millis.words(&json!(61_234)), "61.2 s");
        assert_eq!(Shape::Money.words(&json!(null)), "unknown");
        assert_eq!(Shape::Text.words(&json!({ "team": "a", "env": "b" })), "team=a env=b");
        assert_eq!(Shape::Flag.words(&json!(true)), "yes");
    }

    #[test]
    fn a_terminal_hears_no_orders_from_a_name() {
        assert_eq!(Shape::Text.words(&json!("a\u{1b}[2Jb\nc")), "a[2Jbc");
    }
}
