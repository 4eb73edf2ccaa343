//! A user as it is shown.

use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{User, UserRole};
use crate::store::KeyRow;
use crate::types::{KeyId, Time};
use serde::Serialize;
use std::collections::HashMap;

/// What is shown of a user.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    role: UserRole,
    allowed: Vec<String>,
    keys: Vec<String>,
    last_used: Option<Time>,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("role", "ROLE"),
    Column::new("allowed", "MAY CALL"),
    Column::new("keys", "KEYS"),
    Column::new("last_used", "LAST USED").shape(Shape::Time),
];

impl Record {
    /// The record of a user with those of these keys that live and are its own, and the last use of any that it had.
    pub fn new(user: User, keys: &[KeyRow], uses: &HashMap<KeyId, Time>) -> Record {
        let had = keys.iter().filter(|row| row.key.user == user.id);
        let last_used = had.filter_map(|row| uses.get(&row.key.id).copied()).max();
        let own = keys.iter().map(|row| &row.key).filter(|key| key.user == user.id && key.revoked.is_none());
        let everything = || vec!["*".to_owned()];
        Record {
            keys: own.map(|key| key.name.clone()).collect(),
            allowed: if user.role == UserRole::Owner { everything() } else { user.allowed },
            id: user.id.0,
            name: user.name,
            role: user.role,
            last_used,
        }
    }
}
