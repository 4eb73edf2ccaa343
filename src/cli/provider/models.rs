//! `provider models`.

use super::ask::{failed, probe};
use crate::catalogue;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::provider;
use serde::Serialize;
use std::path::PathBuf;

/// Ask a provider which models it has
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai provider models openai
  optscale-ai provider models ollama -o jsonl")]
pub struct Models {
    /// The provider
    #[arg(value_name = "NAME", add = complete::providers())]
    provider: String,
    /// More trusted certificate authorities, as PEM
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    ca_file: Option<PathBuf>,
}

#[derive(Serialize)]
struct Record {
    model: String,
    context_window: Option<u64>,
    max_output_tokens: Option<u64>,
    price_known: bool,
}

const COLUMNS: &[Column] = &[
    Column::new("model", "MODEL"),
    Column::new("context_window", "CONTEXT").shape(Shape::Count),
    Column::new("max_output_tokens", "MAX OUT").shape(Shape::Count),
    Column::new("price_known", "PRICE KNOWN").shape(Shape::Flag),
];

impl Models {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let (row, probe) = probe(session, &self.provider, self.ca_file.as_deref())?;
        let mut ids = probe.models().map_err(|complaint| failed(&row.name, &complaint))?;
        ids.sort();
        let vendor = provider::find(&row.kind).and_then(|kind| kind.catalogue.as_deref());
        let record = |id: String| {
            let known = vendor.and_then(|vendor| catalogue::find(vendor, &id));
            Record {
                model: format!("{}/{id}", row.name),
                context_window: known.as_ref().and_then(|model| model.context_window),
                max_output_tokens: known.as_ref().and_then(|model| model.max_output_tokens),
                price_known: known.is_some_and(|model| !model.price_list().is_empty()),
            }
        };
        let records: Vec<Record> = ids.into_iter().map(record).collect();
        session.ui.list(COLUMNS, &records, "the provider lists no models")
    }
}
