//! An organisation as it is shown.

use crate::cli::error::Outcome;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{Bodies, Org};
use crate::store::Store;
use crate::types::Time;
use serde::Serialize;

/// What is shown of an organisation.
#[derive(Serialize)]
pub struct Record {
    id: String,
    name: String,
    selected: bool,
    users: usize,
    providers: usize,
    keys: usize,
    bodies: Bodies,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::new("name", "NAME"),
    Column::new("id", "ID").shape(Shape::Word),
    Column::new("selected", "SELECTED").shape(Shape::Flag),
    Column::new("users", "USERS").shape(Shape::Count),
    Column::new("providers", "PROVIDERS").shape(Shape::Count),
    Column::new("keys", "KEYS").shape(Shape::Count),
    Column::hidden("bodies"),
    Column::hidden("created"),
];

impl Record {
    /// The record of an organisation, living keys counted.
    pub fn new(store: &Store, org: Org) -> Outcome<Record> {
        let keys = store.keys(org.id)?;
        Ok(Record {
            selected: store.selected_org()? == Some(org.id),
            users: store.users(org.id)?.len(),
            providers: store.providers(org.id)?.len(),
            keys: keys.iter().filter(|row| row.key.revoked.is_none()).count(),
            id: org.public_id,
            name: org.name,
            bodies: org.bodies,
            created: org.created,
        })
    }
}
