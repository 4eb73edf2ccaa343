//! Users.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::{User, UserRole};
use crate::types::{OrgId, Time, UserId};
use rusqlite::{Row, params};

/// A user to be added.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// Mail address or login name.
    pub name: &'a str,
    /// What it may do.
    pub role: UserRole,
    /// Names of providers, or `provider/model`s, that it may call.
    pub allowed: &'a [String],
    /// When it is added.
    pub created: Time,
}

macro_rules! select_users {
    ($rest:literal) => {
        concat!(
            "SELECT id, org_id, name, role, allowed, created_at, ",
            "(SELECT team_id FROM memberships WHERE user_id = users.id AND until_trace_id IS NULL) FROM users ",
            $rest
        )
    };
}

impl Store {
    /// The users of an organisation, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn users(&self, org: OrgId) -> Result<Vec<User>, StoreError> {
        self.all(select_users!("WHERE org_id = ?1 AND removed_at IS NULL ORDER BY name"), [org], read)
    }

    /// The user of that name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn user_by_name(&self, org: OrgId, name: &str) -> Result<Option<User>, StoreError> {
        self.one(select_users!("WHERE org_id = ?1 AND name = ?2 AND removed_at IS NULL"), params![org, name], read)
    }

    pub(super) fn all_users(&self) -> Result<Vec<User>, StoreError> {
        self.all(select_users!("WHERE removed_at IS NULL ORDER BY id"), [], read)
    }
}

impl Change<'_> {
    /// Adds a user.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn add_user(&self, user: &NewUser<'_>) -> Result<UserId, StoreError> {
        let sql = "INSERT INTO users (org_id, name, role, allowed, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![user.org, user.name, user.role, Json(user.allowed), user.created];
        self.insert(sql, values).map(UserId)
    }

    /// Replaces the list of what a user may call.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn allow_user(&self, user: UserId, allowed: &[String]) -> Result<(), StoreError> {
        let sql = "UPDATE users SET allowed = ?2 WHERE id = ?1 AND allowed <> ?2";
        self.run(sql, params![user, Json(allowed)]).map(drop)
    }

    /// Gives a user another role.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_role(&self, user: UserId, role: UserRole) -> Result<(), StoreError> {
        self.run("UPDATE users SET role = ?2 WHERE id = ?1 AND role <> ?2", params![user, role]).map(drop)
    }

    /// Removes a user; its name stays for the traces. Its keys and its team are seen to elsewhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_user(&self, user: UserId, now: Time) -> Result<(), StoreError> {
        let sql = "UPDATE users SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![user, now]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<User> {
    let Json(allowed) = row.get(4)?;
    Ok(User {
        id: row.get(0)?,
        org: row.get(1)?,
        name: row.get(2)?,
        role: row.get(3)?,
        team: row.get(6)?,
        allowed,
        created: row.get(5)?,
    })
}
