//! `model list`.

use super::find::{self, Named};
use crate::catalogue::{self, Lifecycle};
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::price::{Meter, Rates};
use crate::types::{Money, Time, Usage};
use serde::Serialize;

/// List models with their prices
///
/// Lists the models of the registered providers; with --all, or before one is registered, the whole catalogue.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai model list
  optscale-ai model list mini --provider openai
  optscale-ai model list --all --vendor mistral -o csv")]
pub struct List {
    /// Only models with this in their name
    #[arg(value_name = "TEXT")]
    text: Option<String>,
    /// Only models of this registered provider
    #[arg(long, value_name = "NAME", conflicts_with = "all", add = crate::cli::complete::providers())]
    provider: Option<String>,
    /// Only models of this vendor, as the catalogue names it
    #[arg(long, value_name = "NAME")]
    vendor: Option<String>,
    /// The whole catalogue
    #[arg(long)]
    all: bool,
}

/// One line: prices are US dollars for a million tokens, at the standard price of now.
#[derive(Serialize)]
struct Record {
    model: String,
    vendor: Option<&'static str>,
    mode: Option<&'static str>,
    context_window: Option<u64>,
    max_output_tokens: Option<u64>,
    input_usd_per_mtok: Option<Money>,
    output_usd_per_mtok: Option<Money>,
    cache_read_usd_per_mtok: Option<Money>,
    tools: Option<bool>,
    vision: Option<bool>,
    reasoning: Option<bool>,
    state: Option<&'static str>,
}

const COLUMNS: &[Column] = &[
    Column::new("model", "MODEL"),
    Column::hidden("vendor"),
    Column::new("mode", "MODE").wide(),
    Column::new("context_window", "CONTEXT").shape(Shape::Count),
    Column::new("max_output_tokens", "MAX OUT").shape(Shape::Count),
    Column::new("input_usd_per_mtok", "IN $/M").shape(Shape::Money),
    Column::new("output_usd_per_mtok", "OUT $/M").shape(Shape::Money),
    Column::hidden("cache_read_usd_per_mtok"),
    Column::new("tools", "TOOLS").shape(Shape::Flag).wide(),
    Column::new("vision", "VISION").shape(Shape::Flag).wide(),
    Column::hidden("reasoning"),
    Column::hidden("state"),
];

impl List {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let models = self.models(session)?;
        let wanted = |named: &&Named| self.wants(named);
        let records: Vec<Record> = models.iter().filter(wanted).map(record).collect();
        session.ui.list(COLUMNS, &records, "no model matches; see the whole catalogue with --all")?;
        if session.ui.is_table() {
            session.ui.say(format_args!(
                "prices as of {}; a model that is not listed can be called too, at an unknown price",
                catalogue::as_of()
            ));
        }
        Ok(())
    }

    fn models(&self, session: &Session) -> Outcome<Vec<Named>> {
        let mut rows = if self.all { Vec::new() } else { find::registered(session)? };
        if let Some(name) = &self.provider {
            let known: Vec<String> = rows.iter().map(|row| row.name.clone()).collect();
            rows.retain(|row| row.name == *name);
            if rows.is_empty() {
                return Err(CliError::not_found("provider", name, known.iter().map(String::as_str)));
            }
        }
        if let Some(vendor) =
            self.vendor.as_deref().filter(|vendor| !catalogue::vendors().any(|known| known == *vendor))
        {
            return Err(CliError::not_found("vendor", vendor, catalogue::vendors()));
        }
        Ok(if rows.is_empty() { find::everything() } else { find::offered(&rows) })
    }

    fn wants(&self, named: &Named) -> bool {
        let text = self.text.as_deref().unwrap_or_default().to_lowercase();
        let vendor = named.known.as_ref().map(|model| model.vendor);
        let retired = named.known.as_ref().is_some_and(|model| model.lifecycle == Lifecycle::Retired);
        named.name.to_lowercase().contains(&text)
            && self.vendor.as_deref().is_none_or(|wanted| vendor == Some(wanted))
            && (!retired || self.all)
    }
}

fn record(named: &Named) -> Record {
    let known = named.known.as_ref();
    let rates = known.and_then(|model| model.rates(Time::now(), &Usage::default(), None));
    let abilities = known.map(|model| model.capabilities);
    Record {
        model: named.name.clone(),
        vendor: known.map(|model| model.vendor),
        mode: known.map(|model| model.mode.as_str()),
        context_window: known.and_then(|model| model.context_window),
        max_output_tokens: known.and_then(|model| model.max_output_tokens),
        input_usd_per_mtok: per_million(rates.as_ref(), Meter::Input),
        output_usd_per_mtok: per_million(rates.as_ref(), Meter::Output),
        cache_read_usd_per_mtok: per_million(rates.as_ref(), Meter::CacheRead),
        tools: abilities.and_then(|abilities| abilities.tools),
        vision: abilities.and_then(|abilities| abilities.vision),
        reasoning: abilities.and_then(|abilities| abilities.reasoning),
        state: known.map(|model| model.lifecycle.as_str()),
    }
}

fn per_million(rates: Option<&Rates>, meter: Meter) -> Option<Money> {
    rates?.own(meter).map(|rate| rate.times(1_000_000))
}
