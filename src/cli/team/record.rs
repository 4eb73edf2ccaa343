//! A team as it is shown.

use crate::admin::teams;
use crate::cli::error::Outcome;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::Team;
use crate::store::Store;
use crate::types::Time;
use serde::Serialize;

/// What is shown of a team.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    allowed: Vec<String>,
    members: Vec<String>,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("allowed", "MAY CALL"),
    Column::new("members", "MEMBERS"),
    Column::new("created", "CREATED").shape(Shape::Time),
];

impl Record {
    /// The record of a team with its members.
    pub fn new(store: &Store, team: Team) -> Outcome<Record> {
        let members = teams::members(store, &team)?;
        Ok(Record { id: team.id.0, name: team.name, allowed: team.allowed, members, created: team.created })
    }
}
