//! A user as it is shown.

use crate::cli::table::Column;
use crate::records::{User, UserRole};
use crate::store::KeyRow;
use serde::Serialize;

/// What is shown of a user.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    role: UserRole,
    allowed: Vec<String>,
    keys: Vec<String>,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("role", "ROLE"),
    Column::new("allowed", "MAY CALL"),
    Column::new("keys", "KEYS"),
];

impl Record {
    /// The record of a user with those of these keys that live and are its own.
    pub fn new(user: User, keys: &[KeyRow]) -> Record {
        let own = keys.iter().map(|row| &row.key).filter(|key| key.user == user.id && key.revoked.is_none());
        let everything = || vec!["*".to_owned()];
        Record {
            keys: own.map(|key| key.name.clone()).collect(),
            allowed: if user.role == UserRole::Owner { everything() } else { user.allowed },
            id: user.id.0,
            name: user.name,
            role: user.role,
        }
    }
}
