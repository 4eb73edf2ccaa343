//! Differences as they are shown: a line each for people, objects for programs.

use crate::admin::file::{Difference, FieldChange, Kind};
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use serde_json::Value;

/// The fields of a difference.
pub const COLUMNS: &[Column] = &[
    Column::new("change", "CHANGE"),
    Column::new("what", "WHAT"),
    Column::new("name", "NAME"),
    Column::new("fields", "FIELDS"),
];

/// Shows differences.
///
/// # Errors
/// The reader went away.
pub fn show(session: &Session, differences: &[Difference]) -> Outcome {
    match session.ui.is_table() {
        true => session.ui.data(&differences.iter().map(line).collect::<String>()),
        false => session.ui.list(COLUMNS, differences, ""),
    }
}

fn line(difference: &Difference) -> String {
    let sign = match difference.change {
        Kind::Add => '+',
        Kind::Change => '~',
        Kind::Remove => '-',
    };
    let fields: Vec<String> = difference.fields.iter().map(|(name, change)| field(name, change)).collect();
    format!("{sign} {} {}  {}", difference.what, difference.name, fields.join(", ")).trim_end().to_owned() + "\n"
}

fn field(name: &str, change: &FieldChange) -> String {
    match &change.before {
        Value::Null => format!("{name}: {}", words(&change.after)),
        before => format!("{name}: {} -> {}", words(before), words(&change.after)),
    }
}

fn words(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(words).collect::<Vec<_>>().join(" "),
        value => Shape::Text.words(value),
    }
}
