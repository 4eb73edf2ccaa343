//! `[[route]]`: other names for models.

use super::{Desk, Table};
use crate::admin::{AdminError, routes};
use crate::store::Store;
use crate::types::OrgId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A routing rule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteEntry {
    /// The name that callers use.
    pub name: String,
    /// The model that it leads to, as `provider/model`.
    pub target: String,
}

impl Table for RouteEntry {
    const WHAT: &'static str = "route";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<RouteEntry>, AdminError> {
        let routes = store.routes(org)?.into_iter();
        Ok(routes.map(|route| RouteEntry { name: route.name, target: route.target }).collect())
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        routes::add(desk.store, desk.org, &self.name, &self.target).map(drop)
    }

    fn change(&self, _: &RouteEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        routes::retarget(desk.store, desk.org, &self.name, &self.target).map(drop)
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        routes::remove(desk.store, desk.org, &self.name).map(drop)
    }
}
