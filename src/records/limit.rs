//! Limits on how often and how much is called.

use super::Scope;
use crate::types::{LimitId, OrgId, Time};

/// What a scope may do in a minute and at once; none where that is not limited.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Caps {
    /// Requests in any minute.
    pub requests: Option<u64>,
    /// Tokens, in and out, in any minute.
    pub tokens: Option<u64>,
    /// Calls under way at once.
    pub parallel: Option<u64>,
}

/// A scope's limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Row id.
    pub id: LimitId,
    /// Its organisation.
    pub org: OrgId,
    /// What it applies to.
    pub scope: Scope,
    /// The scope in words, as on the command line: `key:ci`.
    pub label: String,
    /// What it may do.
    pub caps: Caps,
    /// When it was set.
    pub created: Time,
}
