//! A guardrail as it is shown.

use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{Action, Guardrail, Stage};
use crate::types::Time;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is shown of a guardrail.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    stage: Stage,
    action: Action,
    threshold: Option<f64>,
    restore: bool,
    settings: BTreeMap<String, String>,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("type", "TYPE"),
    Column::new("stage", "STAGE"),
    Column::new("action", "ACTION"),
    Column::new("threshold", "THRESHOLD"),
    Column::new("restore", "RESTORE").shape(Shape::Flag),
    Column::new("settings", "SETTINGS"),
    Column::hidden("created"),
];

impl From<Guardrail> for Record {
    fn from(guardrail: Guardrail) -> Record {
        let rule = guardrail.rule;
        Record {
            id: guardrail.id.0,
            name: guardrail.name,
            kind: guardrail.kind,
            stage: rule.stage,
            action: rule.action,
            threshold: rule.threshold,
            restore: rule.restore,
            settings: rule.settings,
            created: guardrail.created,
        }
    }
}
