//! A routing rule as it is shown.

use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::Route;
use crate::types::Time;
use serde::Serialize;

/// What is shown of a routing rule.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    target: String,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("target", "TARGET"),
    Column::new("created", "CREATED").shape(Shape::Time),
];

impl From<Route> for Record {
    fn from(route: Route) -> Record {
        Record { id: route.id.0, name: route.name, target: route.target, created: route.created }
    }
}
