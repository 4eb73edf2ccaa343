//! A registered provider as it is shown.

use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::provider;
use crate::store::ProviderRow;
use crate::types::Time;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is shown of a provider; never its key.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    name: String,
    kind: String,
    protocol: Option<&'static str>,
    base_url: Option<String>,
    status: &'static str,
    has_api_key: bool,
    headers: Vec<String>,
    models: Vec<String>,
    settings: BTreeMap<String, String>,
    allow_http: bool,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("kind", "KIND"),
    Column::hidden("protocol"),
    Column::new("base_url", "BASE URL"),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("has_api_key", "API KEY").shape(Shape::Flag),
    Column::hidden("headers"),
    Column::new("models", "MODELS"),
    Column::hidden("settings"),
    Column::hidden("allow_http"),
    Column::hidden("created"),
];

/// The same, all of them with a title, for the page of one.
pub const PAGE: &[Column] = &[
    Column::hidden("id"),
    Column::new("name", "NAME"),
    Column::new("kind", "KIND"),
    Column::new("protocol", "PROTOCOL"),
    Column::new("base_url", "BASE URL"),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::new("has_api_key", "API KEY").shape(Shape::Flag),
    Column::new("headers", "HEADERS"),
    Column::new("models", "MODELS"),
    Column::new("settings", "SETTINGS"),
    Column::new("allow_http", "ALLOW HTTP").shape(Shape::Flag),
    Column::new("created", "CREATED").shape(Shape::Time),
];

impl From<ProviderRow> for Record {
    fn from(row: ProviderRow) -> Record {
        let kind = provider::find(&row.kind);
        let protocol = row.protocol.or(kind.map(|kind| kind.protocol));
        Record {
            has_api_key: row.has_secret(),
            protocol: protocol.map(|protocol| protocol.as_str()),
            base_url: row.base_url.or_else(|| kind.filter(|kind| !kind.is_sandbox())?.own_address(&row.settings)),
            id: row.id.0,
            name: row.name,
            kind: row.kind,
            status: if row.enabled { "active" } else { "inactive" },
            headers: row.sealed_headers.into_iter().map(|(name, _)| name).collect(),
            models: row.models,
            settings: row.settings,
            allow_http: row.allow_http,
            created: row.created,
        }
    }
}

/// Where a provider is, for a sentence.
pub fn describe(row: &ProviderRow) -> String {
    let own = || provider::find(&row.kind).and_then(|kind| kind.own_address(&row.settings));
    match row.kind == provider::sandbox::KIND {
        true => "it answers inside the gateway".to_owned(),
        false => row.base_url.clone().or_else(own).unwrap_or_default(),
    }
}
