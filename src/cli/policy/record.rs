//! A policy as it is shown.

use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{Policy, Stage};
use crate::types::Time;
use serde::Serialize;

/// What is shown of a policy.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    status: &'static str,
    guardrails: Vec<String>,
    stage: Stage,
    sampling: u8,
    priority: i64,
    dry_run: bool,
    description: String,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("guardrails", "GUARDRAILS"),
    Column::new("stage", "STAGE"),
    Column::new("sampling", "SAMPLING").shape(Shape::Count),
    Column::new("priority", "PRIORITY").shape(Shape::Count),
    Column::new("dry_run", "DRY RUN").shape(Shape::Flag),
    Column::hidden("description"),
    Column::hidden("created"),
];

impl From<Policy> for Record {
    fn from(policy: Policy) -> Record {
        let rule = policy.rule;
        Record {
            id: policy.id.0,
            name: policy.name,
            status: if policy.enabled { "active" } else { "disabled" },
            guardrails: rule.guardrails,
            stage: rule.stage,
            sampling: rule.sampling,
            priority: rule.priority,
            dry_run: rule.dry_run,
            description: rule.description,
            created: policy.created,
        }
    }
}
