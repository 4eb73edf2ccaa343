//! A limit as it is shown.

use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{Caps, Limit};
use crate::types::Time;
use serde::Serialize;

/// What is shown of a scope's limits.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    scope: String,
    rpm: Option<u64>,
    tpm: Option<u64>,
    parallel: Option<u64>,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("scope", "SCOPE"),
    Column::new("rpm", "REQUESTS/MIN").shape(Shape::Count),
    Column::new("tpm", "TOKENS/MIN").shape(Shape::Count),
    Column::new("parallel", "AT ONCE").shape(Shape::Count),
    Column::hidden("created"),
];

impl From<Limit> for Record {
    fn from(limit: Limit) -> Record {
        let Caps { requests, tokens, parallel } = limit.caps;
        let (id, scope, created) = (limit.id.0, limit.label, limit.created);
        Record { id, scope, rpm: requests, tpm: tokens, parallel, created }
    }
}

/// `60 rpm, 4 parallel`.
pub fn short(caps: &Caps) -> Vec<String> {
    let all = [(caps.requests, "rpm"), (caps.tokens, "tpm"), (caps.parallel, "parallel")];
    all.into_iter().filter_map(|(number, word)| Some(format!("{} {word}", number?))).collect()
}
