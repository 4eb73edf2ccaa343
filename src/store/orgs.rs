//! Organisations.

use super::{Change, Store, StoreError};
use crate::records::{Bodies, Org};
use crate::types::{OrgId, Time};
use rusqlite::{Row, params};

/// An organisation to be made.
#[derive(Clone, Debug)]
pub struct NewOrg<'a> {
    /// The id in URLs.
    pub public_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// When it is made.
    pub created: Time,
}

impl Store {
    /// All organisations, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn orgs(&self) -> Result<Vec<Org>, StoreError> {
        let sql = "SELECT id, public_id, name, created_at, bodies FROM orgs WHERE removed_at IS NULL ORDER BY name";
        self.all(sql, [], read)
    }
}

impl Change<'_> {
    /// Makes an organisation.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn add_org(&self, org: &NewOrg<'_>) -> Result<OrgId, StoreError> {
        let sql = "INSERT INTO orgs (public_id, name, created_at) VALUES (?1, ?2, ?3)";
        self.insert(sql, params![org.public_id, org.name, org.created]).map(OrgId)
    }

    /// Gives an organisation another name.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn rename_org(&self, org: OrgId, name: &str) -> Result<(), StoreError> {
        self.run("UPDATE orgs SET name = ?2 WHERE id = ?1", params![org, name]).map(drop)
    }

    /// Sets what is kept of the words of an organisation's calls. What is kept already stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_bodies(&self, org: OrgId, bodies: Bodies) -> Result<(), StoreError> {
        self.run("UPDATE orgs SET bodies = ?2 WHERE id = ?1", params![org, bodies]).map(drop)
    }

    /// Removes an organisation with everything in it: its keys are revoked by `by`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_org(&self, org: OrgId, by: &str, now: Time) -> Result<(), StoreError> {
        let revoke = "UPDATE keys SET revoked_at = ?2, revoked_by = ?3, sealed = NULL \
                      WHERE org_id = ?1 AND revoked_at IS NULL";
        self.run(revoke, params![org, now, by])?;
        let removals = [
            "UPDATE routes SET removed_at = ?2 WHERE org_id = ?1 AND removed_at IS NULL",
            "UPDATE guardrails SET removed_at = ?2 WHERE org_id = ?1 AND removed_at IS NULL",
            "UPDATE policies SET removed_at = ?2 WHERE org_id = ?1 AND removed_at IS NULL",
            "UPDATE providers SET removed_at = ?2, sealed_secret = NULL WHERE org_id = ?1 AND removed_at IS NULL",
            "UPDATE teams SET removed_at = ?2 WHERE org_id = ?1 AND removed_at IS NULL",
            "UPDATE users SET removed_at = ?2 WHERE org_id = ?1 AND removed_at IS NULL",
            "UPDATE orgs SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL",
        ];
        for sql in removals {
            self.run(sql, params![org, now])?;
        }
        self.run("DELETE FROM answers WHERE org_id = ?1", [org])?;
        let secrets = "DELETE FROM provider_secrets WHERE provider_id IN (SELECT id FROM providers WHERE org_id = ?1)";
        self.run(secrets, [org])?;
        let headers = "DELETE FROM provider_headers WHERE provider_id IN (SELECT id FROM providers WHERE org_id = ?1)";
        self.run(headers, [org]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Org> {
    Ok(Org { id: row.get(0)?, public_id: row.get(1)?, name: row.get(2)?, created: row.get(3)?, bodies: row.get(4)? })
}
