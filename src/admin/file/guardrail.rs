//! `[[guardrail]]`: reusable checks.

use super::{Desk, Table};
use crate::admin::{AdminError, guardrails};
use crate::records::{Action, GuardrailRule, Stage};
use crate::store::Store;
use crate::types::OrgId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A guardrail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GuardrailEntry {
    /// Its name.
    pub name: String,
    /// What it looks for; `optscale-ai guardrail kinds` lists the types and their settings.
    #[serde(rename = "type")]
    pub kind: String,
    /// Which way it looks.
    #[serde(default)]
    pub stage: Stage,
    /// What becomes of what it finds.
    #[serde(default = "block")]
    pub action: Action,
    /// The score, 0 to 1, from which on something counts, for types that score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f64>,
    /// Whether masked values are put in again in the answer.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub restore: bool,
    /// The type's own settings.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

fn block() -> Action {
    Action::Block
}

impl GuardrailEntry {
    fn rule(&self) -> GuardrailRule {
        let GuardrailEntry { stage, action, threshold, restore, settings, .. } = self.clone();
        GuardrailRule { stage, action, threshold, restore, settings }
    }
}

impl Table for GuardrailEntry {
    const WHAT: &'static str = "guardrail";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<GuardrailEntry>, AdminError> {
        let entry = |guardrail: crate::records::Guardrail| {
            let GuardrailRule { stage, action, threshold, restore, settings, .. } = guardrail.rule;
            GuardrailEntry { name: guardrail.name, kind: guardrail.kind, stage, action, threshold, restore, settings }
        };
        Ok(store.guardrails(org)?.into_iter().map(entry).collect())
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        guardrails::add(desk.store, desk.org, &self.name, (&self.kind, self.rule())).map(drop)
    }

    fn change(&self, before: &GuardrailEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        if self.kind != before.kind {
            let reason =
                format!("it is of the type {} and cannot become {}; give it another name", before.kind, self.kind);
            return Err(AdminError::Refused(reason));
        }
        guardrails::edit(desk.store, desk.org, &self.name, |rule| *rule = self.rule()).map(drop)
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        guardrails::remove(desk.store, desk.org, &self.name).map(drop)
    }
}
