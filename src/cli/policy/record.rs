//! A policy as it is shown.

use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{Effect, Policy, PolicyRule, Stage};
use crate::types::Time;
use serde::Serialize;

/// What is shown of a policy.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    status: &'static str,
    guardrails: Vec<String>,
    when: Option<String>,
    stage: Stage,
    sampling: u8,
    priority: i64,
    dry_run: bool,
    rules: Vec<String>,
    timeout_ms: Option<u64>,
    pass_on_timeout: bool,
    description: String,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("guardrails", "GUARDRAILS"),
    Column::new("rules", "RULES"),
    Column::new("when", "WHEN"),
    Column::new("stage", "STAGE"),
    Column::new("sampling", "SAMPLING").shape(Shape::Count),
    Column::new("priority", "PRIORITY").shape(Shape::Count),
    Column::new("dry_run", "DRY RUN").shape(Shape::Flag),
    Column::hidden("timeout_ms"),
    Column::hidden("pass_on_timeout"),
    Column::hidden("description"),
    Column::hidden("created"),
];

impl From<Policy> for Record {
    fn from(policy: Policy) -> Record {
        let rule = policy.rule;
        let rules = rules(&rule);
        Record {
            rules,
            when: rule.when,
            timeout_ms: rule.timeout_ms,
            pass_on_timeout: rule.pass_on_timeout,
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

/// What a policy does without a guardrail, in words.
fn rules(rule: &PolicyRule) -> Vec<String> {
    let effect = rule.effect.map(|effect| match effect {
        Effect::Allow => "allow".to_owned(),
        Effect::Deny => "deny".to_owned(),
    });
    let tags = rule.require_tags.iter().map(|tag| format!("require-tag {tag}"));
    let limit = rule.max_output_tokens.map(|most| format!("max-output-tokens {most}"));
    let set = rule.set.iter().map(|(name, value)| format!("set {name}={value}"));
    effect.into_iter().chain(tags).chain(limit).chain(set).collect()
}
