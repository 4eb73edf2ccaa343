//! Routing rules.

use super::{Change, Store, StoreError};
use crate::records::Route;
use crate::types::{OrgId, RouteId, Time};
use rusqlite::{Row, params};

/// A routing rule to be added.
#[derive(Clone, Debug)]
pub struct NewRoute<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// The name that callers use.
    pub name: &'a str,
    /// `provider/model`.
    pub target: &'a str,
    /// When it is added.
    pub created: Time,
}

impl Store {
    /// The routing rules of an organisation, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn routes(&self, org: OrgId) -> Result<Vec<Route>, StoreError> {
        let sql = "SELECT id, org_id, name, target, created_at FROM routes \
                   WHERE org_id = ?1 AND removed_at IS NULL ORDER BY name";
        self.all(sql, [org], read)
    }

    pub(super) fn all_routes(&self) -> Result<Vec<Route>, StoreError> {
        let sql = "SELECT id, org_id, name, target, created_at FROM routes WHERE removed_at IS NULL ORDER BY id";
        self.all(sql, [], read)
    }
}

impl Change<'_> {
    /// Adds a routing rule.
    ///
    /// # Errors
    /// [`StoreError`], also where the name is taken.
    pub fn add_route(&self, route: &NewRoute<'_>) -> Result<RouteId, StoreError> {
        let sql = "INSERT INTO routes (org_id, name, target, created_at) VALUES (?1, ?2, ?3, ?4)";
        self.insert(sql, params![route.org, route.name, route.target, route.created]).map(RouteId)
    }

    /// Lets a routing rule lead to another model.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn retarget_route(&self, id: RouteId, target: &str) -> Result<(), StoreError> {
        self.run("UPDATE routes SET target = ?2 WHERE id = ?1", params![id, target]).map(drop)
    }

    /// Removes a routing rule; its name stays for the traces.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_route(&self, id: RouteId, now: Time) -> Result<(), StoreError> {
        let sql = "UPDATE routes SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![id, now]).map(drop)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Route> {
    Ok(Route { id: row.get(0)?, org: row.get(1)?, name: row.get(2)?, target: row.get(3)?, created: row.get(4)? })
}
