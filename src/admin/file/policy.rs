//! `[[policy]]`: when which guardrails apply.

use super::{Desk, Table};
use crate::admin::{AdminError, policies};
use crate::records::{PolicyRule, Stage};
use crate::store::Store;
use crate::types::OrgId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicyEntry {
    /// Its name.
    pub name: String,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Which way it looks.
    #[serde(default)]
    pub stage: Stage,
    /// Of a hundred calls, so many.
    #[serde(default = "all")]
    pub sampling: u8,
    /// Higher ones come first.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub priority: i64,
    /// Whether it only writes down what it would have done.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub dry_run: bool,
    /// Names of its guardrails.
    pub guardrails: Vec<String>,
    /// Whether it applies at all.
    #[serde(default = "super::yes", skip_serializing_if = "Clone::clone")]
    pub enabled: bool,
}

fn all() -> u8 {
    100
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl PolicyEntry {
    /// Lets a rule say what the entry says, and leaves the rest.
    fn put(&self, rule: &mut PolicyRule) {
        rule.description.clone_from(&self.description);
        rule.guardrails.clone_from(&self.guardrails);
        (rule.stage, rule.sampling, rule.priority) = (self.stage, self.sampling, self.priority);
        rule.dry_run = self.dry_run;
    }

    fn switch(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        policies::switch(desk.store, desk.org, &self.name, self.enabled).map(drop)
    }
}

impl Table for PolicyEntry {
    const WHAT: &'static str = "policy";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<PolicyEntry>, AdminError> {
        let entry = |policy: crate::records::Policy| PolicyEntry {
            name: policy.name,
            description: policy.rule.description,
            stage: policy.rule.stage,
            sampling: policy.rule.sampling,
            priority: policy.rule.priority,
            dry_run: policy.rule.dry_run,
            guardrails: policy.rule.guardrails,
            enabled: policy.enabled,
        };
        Ok(store.policies(org)?.into_iter().map(entry).collect())
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        let mut rule = PolicyRule::default();
        self.put(&mut rule);
        policies::add(desk.store, desk.org, &self.name, rule)?;
        self.switch(desk)
    }

    fn change(&self, _: &PolicyEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        policies::edit(desk.store, desk.org, &self.name, |rule| self.put(rule))?;
        self.switch(desk)
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        policies::remove(desk.store, desk.org, &self.name).map(drop)
    }
}
