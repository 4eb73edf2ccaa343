//! Guardrails and policies.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::{Guardrail, GuardrailRule, Policy, PolicyRule};
use crate::types::{GuardrailId, OrgId, PolicyId, Time};
use rusqlite::{Row, params};

/// A guardrail to be added.
#[derive(Clone, Debug)]
pub struct NewGuardrail<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// Its name.
    pub name: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// How it is set.
    pub rule: &'a GuardrailRule,
    /// When it is added.
    pub created: Time,
}

/// A policy to be added.
#[derive(Clone, Debug)]
pub struct NewPolicy<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// Its name.
    pub name: &'a str,
    /// What it says.
    pub rule: &'a PolicyRule,
    /// When it is added.
    pub created: Time,
}

impl Store {
    /// The guardrails of an organisation, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn guardrails(&self, org: OrgId) -> Result<Vec<Guardrail>, StoreError> {
        let sql = "SELECT id, org_id, name, kind, rule, created_at FROM guardrails \
                   WHERE org_id = ?1 AND removed_at IS NULL ORDER BY name";
        self.all(sql, [org], read_guardrail)
    }

    pub(super) fn all_guardrails(&self) -> Result<Vec<Guardrail>, StoreError> {
        let sql =
            "SELECT id, org_id, name, kind, rule, created_at FROM guardrails WHERE removed_at IS NULL ORDER BY id";
        self.all(sql, [], read_guardrail)
    }

    /// The policies of an organisation, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn policies(&self, org: OrgId) -> Result<Vec<Policy>, StoreError> {
        let sql = "SELECT id, org_id, name, enabled, rule, created_at FROM policies \
                   WHERE org_id = ?1 AND removed_at IS NULL ORDER BY name";
        self.all(sql, [org], read_policy)
    }

    pub(super) fn all_policies(&self) -> Result<Vec<Policy>, StoreError> {
        let sql =
            "SELECT id, org_id, name, enabled, rule, created_at FROM policies WHERE removed_at IS NULL ORDER BY id";
        self.all(sql, [], read_policy)
    }
}

impl Change<'_> {
    /// Adds a guardrail.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn add_guardrail(&self, new: &NewGuardrail<'_>) -> Result<GuardrailId, StoreError> {
        let sql = "INSERT INTO guardrails (org_id, name, kind, rule, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        self.insert(sql, params![new.org, new.name, new.kind, Json(new.rule), new.created]).map(GuardrailId)
    }

    /// Sets a guardrail otherwise.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_guardrail(&self, id: GuardrailId, rule: &GuardrailRule) -> Result<(), StoreError> {
        self.run("UPDATE guardrails SET rule = ?2 WHERE id = ?1", params![id, Json(rule)]).map(drop)
    }

    /// Removes a guardrail.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_guardrail(&self, id: GuardrailId, now: Time) -> Result<(), StoreError> {
        let sql = "UPDATE guardrails SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![id, now]).map(drop)
    }

    /// Adds a policy, enabled.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn add_policy(&self, new: &NewPolicy<'_>) -> Result<PolicyId, StoreError> {
        let sql = "INSERT INTO policies (org_id, name, enabled, rule, created_at) VALUES (?1, ?2, 1, ?3, ?4)";
        self.insert(sql, params![new.org, new.name, Json(new.rule), new.created]).map(PolicyId)
    }

    /// Lets a policy say something else.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_policy(&self, id: PolicyId, enabled: bool, rule: &PolicyRule) -> Result<(), StoreError> {
        let sql = "UPDATE policies SET enabled = ?2, rule = ?3 WHERE id = ?1";
        self.run(sql, params![id, enabled, Json(rule)]).map(drop)
    }

    /// Removes a policy; its name stays in the traces.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_policy(&self, id: PolicyId, now: Time) -> Result<(), StoreError> {
        let sql = "UPDATE policies SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![id, now]).map(drop)
    }
}

fn read_guardrail(row: &Row<'_>) -> rusqlite::Result<Guardrail> {
    let Json(rule) = row.get(4)?;
    Ok(Guardrail {
        id: row.get(0)?,
        org: row.get(1)?,
        name: row.get(2)?,
        kind: row.get(3)?,
        rule,
        created: row.get(5)?,
    })
}

fn read_policy(row: &Row<'_>) -> rusqlite::Result<Policy> {
    let Json(rule) = row.get(4)?;
    Ok(Policy {
        id: row.get(0)?,
        org: row.get(1)?,
        name: row.get(2)?,
        enabled: row.get(3)?,
        rule,
        created: row.get(5)?,
    })
}
