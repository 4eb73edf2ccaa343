//! `model show`.

use super::find::{self, Named};
use crate::catalogue::{self, Agreed, Lifecycle, Model};
use crate::cli::error::{CliError, Kind, Outcome, did_you_mean, near};
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::{self, Column};
use crate::price::Meter;
use crate::records::{Contract, Finding, Sheet};
use crate::store::ProviderRow;
use crate::types::Money;
use serde::Serialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Show one model: every price with its date, what it can do, how long it lives
///
/// What `optscale-ai doctor MODEL` found out when it asked the model is shown too.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai model show openai/gpt-4o-mini
  optscale-ai model show gpt-4o-mini -o json")]
pub struct Show {
    /// provider/model as callers name it, vendor/model, or a model that only one vendor has
    #[arg(value_name = "MODEL", add = crate::cli::complete::models())]
    model: String,
}

#[derive(Serialize)]
struct Record<'a> {
    model: &'a str,
    vendor: Option<&'static str>,
    id: Option<&'static str>,
    mode: Option<&'static str>,
    state: Option<&'static str>,
    context_window: Option<u64>,
    max_output_tokens: Option<u64>,
    released: Option<&'static str>,
    deprecated: Option<&'static str>,
    knowledge_cutoff: Option<&'static str>,
    capabilities: BTreeMap<&'static str, Option<bool>>,
    prices: Vec<Price>,
    sheet: Option<&'a Sheet>,
}

/// One price list; amounts are US dollars for one unit.
#[derive(Serialize)]
struct Price {
    label: String,
    usd_per_unit: Vec<Rate>,
}

#[derive(Serialize)]
struct Rate {
    meter: &'static str,
    usd: Money,
}

const COLUMNS: &[Column] = &[
    Column::new("model", "MODEL"),
    Column::new("vendor", "VENDOR"),
    Column::new("id", "ID"),
    Column::new("mode", "MODE"),
    Column::new("state", "STATE"),
    Column::new("context_window", "CONTEXT WINDOW").shape(Shape::Count),
    Column::new("max_output_tokens", "MAX OUTPUT").shape(Shape::Count),
    Column::new("released", "RELEASED"),
    Column::new("deprecated", "DEPRECATED"),
    Column::new("knowledge_cutoff", "KNOWLEDGE UNTIL"),
    Column::hidden("capabilities"),
    Column::hidden("prices"),
    Column::hidden("sheet"),
];

impl Show {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let rows = find::registered(session)?;
        let (name, model) = match self.find(&rows)? {
            Some((name, model)) => (name, Some(model)),
            None => (self.model.clone(), None),
        };
        let model = agreed(session, &rows, (&name, model))?;
        let sheet = sheet(session, &rows, &name)?;
        if model.is_none() && sheet.is_none() {
            return Err(self.missing());
        }
        let record = record(&name, model.as_ref(), sheet.as_ref());
        session.ui.record(COLUMNS, &record)?;
        match session.ui.is_table() {
            true => session.ui.data(&(abilities_and_prices(&record) + &findings(record.sheet))),
            false => Ok(()),
        }
    }

    fn find(&self, rows: &[ProviderRow]) -> Outcome<Option<(String, Model)>> {
        if let Some((provider, model)) = self.model.split_once('/') {
            let registered = rows.iter().find(|row| row.name == provider).and_then(find::vendor);
            if let Some(found) = catalogue::find(registered.unwrap_or(provider), model) {
                return Ok(Some((self.model.clone(), found)));
            }
        }
        self.bare(find::offered(rows))
            .and_then(|found| found.map_or_else(|| self.bare(find::everything()), |it| Ok(Some(it))))
    }

    /// The model without a provider before it, if only one of these has it.
    fn bare(&self, models: Vec<Named>) -> Outcome<Option<(String, Model)>> {
        let is_it = |named: &Named| named.name.split_once('/').is_some_and(|(_, model)| model == self.model);
        let mut found: Vec<(String, Model)> =
            models.into_iter().filter(is_it).filter_map(|named| Some((named.name, named.known?))).collect();
        match found.len() {
            0 | 1 => Ok(found.pop()),
            _ => {
                let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
                let message = format!("several vendors have `{}`: {}", self.model, names.join(", "));
                Err(CliError::new(Kind::Usage, message)
                    .hint(format!("name one: `optscale-ai model show {}`", names[0])))
            }
        }
    }

    fn missing(&self) -> CliError {
        let error = CliError::new(Kind::NotFound, format!("the catalogue has no model `{}`", self.model));
        let all: Vec<String> = find::everything().into_iter().map(|named| named.name).collect();
        let last = |name: &'_ str| name.split_once('/').map_or(name.to_owned(), |(_, model)| model.to_owned());
        let bare: Vec<String> = all.iter().map(|name| last(name)).collect();
        let known = if self.model.contains('/') { &all } else { &bare };
        let mut like = near(&self.model, known.iter().map(String::as_str));
        like.dedup();
        match like.is_empty() {
            true => error.hint("see them all with `optscale-ai model list --all`"),
            false => error.hint(did_you_mean(&like)),
        }
    }
}

/// The model with what is paid for it by contract.
fn agreed(session: &Session, rows: &[ProviderRow], (name, model): (&str, Option<Model>)) -> Outcome<Option<Model>> {
    let Some((provider, id)) = name.split_once('/') else { return Ok(model) };
    let Some(row) = rows.iter().find(|row| row.name == provider) else { return Ok(model) };
    let store = session.store()?;
    let its = |contract: &Contract| contract.provider == row.id && contract.model == id;
    let contracts = store.contracts(row.org)?.into_iter().filter(its);
    let prices: Vec<Agreed> = contracts.map(|Contract { from, rates, .. }| Agreed { from, rates }).collect();
    if prices.is_empty() {
        return Ok(model);
    }
    let agreement = catalogue::agreement(prices);
    Ok(Some(model.map_or_else(|| Model::of_contract(id, agreement), |model| model.agreed(agreement))))
}

/// What the model turned out to do; nothing where it was never asked.
fn sheet(session: &Session, rows: &[ProviderRow], name: &str) -> Outcome<Option<Sheet>> {
    let Some((provider, model)) = name.split_once('/') else { return Ok(None) };
    match rows.iter().find(|row| row.name == provider) {
        Some(row) => Ok(session.store()?.sheet(row.id, model)?),
        None => Ok(None),
    }
}

fn record<'a>(name: &'a str, model: Option<&Model>, sheet: Option<&'a Sheet>) -> Record<'a> {
    let price = |rates: crate::price::Rates| Price {
        usd_per_unit: rates.iter().map(|(meter, usd)| Rate { meter: meter.label(), usd }).collect(),
        label: rates.label,
    };
    Record {
        model: name,
        vendor: model.map(|model| model.vendor),
        id: model.map(|model| model.id),
        mode: model.map(|model| model.mode.as_str()),
        state: model.map(|model| Lifecycle::as_str(model.lifecycle)),
        context_window: model.and_then(|model| model.context_window),
        max_output_tokens: model.and_then(|model| model.max_output_tokens),
        released: model.and_then(|model| model.released),
        deprecated: model.and_then(|model| model.deprecated),
        knowledge_cutoff: model.and_then(|model| model.knowledge_cutoff),
        capabilities: model.map(|model| model.capabilities).unwrap_or_default().iter().collect(),
        prices: model.map(Model::price_list).unwrap_or_default().into_iter().map(price).collect(),
        sheet,
    }
}

/// The sheet, a line a feature and protocol.
fn findings(sheet: Option<&Sheet>) -> String {
    let Some(sheet) = sheet else { return String::new() };
    let words = |finding: &Finding| match &finding.reason {
        Some(reason) => format!("{}: {reason}", finding.verdict.as_str()),
        None => finding.verdict.as_str().to_owned(),
    };
    let label = |finding: &Finding| format!("{} ({})", finding.feature.as_str().replace('_', " "), finding.protocol);
    let lines: Vec<(String, String)> =
        sheet.findings.iter().map(|finding| (label(finding), Shape::Text.words(&json!(words(finding))))).collect();
    format!("\nasked on {}, with `optscale-ai doctor`\n{}", sheet.made.day(), table::page(&lines))
}

fn abilities_and_prices(record: &Record<'_>) -> String {
    let abilities: Vec<(String, String)> = record
        .capabilities
        .iter()
        .map(|(name, able)| {
            (name.replace('_', " "), able.map_or("unknown".to_owned(), |able| Shape::Flag.words(&json!(able))))
        })
        .collect();
    let mut text = format!("\n{}\n", table::page(&abilities));
    if record.prices.is_empty() {
        text.push_str("prices: unknown\n");
    }
    for price in &record.prices {
        let _ = writeln!(text, "price {}", if price.label.is_empty() { "(no date)" } else { &price.label });
        for rate in &price.usd_per_unit {
            text.push_str(&per_unit(rate));
        }
    }
    text
}

/// Tokens are priced by the million, pieces one by one.
fn per_unit(rate: &Rate) -> String {
    match Meter::PIECES.iter().any(|meter| meter.label() == rate.meter) {
        true => format!("  {:<15} ${} each\n", rate.meter, rate.usd),
        false => format!("  {:<15} ${} per million tokens\n", rate.meter, rate.usd.times(1_000_000)),
    }
}
