//! `model price`: what an organisation pays by contract.

use crate::admin::contracts;
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::cli::when;
use crate::price::Meter;
use crate::records::Contract;
use crate::types::{Money, Time};
use clap::{Args, Subcommand};
use serde::Serialize;

/// Prices by contract: set, list, remove
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai model price set openai/gpt-4o --in 2 --out 8 --from 2026-12-01
  optscale-ai model price list
  optscale-ai model price remove openai/gpt-4o")]
pub struct Price {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Set(Set),
    List(List),
    Remove(Remove),
}

/// Set what a model costs by contract, from a day on
///
/// What is not named keeps the catalogue's price. Calls before the day keep theirs, and so do calls that were made.
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai model price set openai/gpt-4o --in 2 --out 8
  optscale-ai model price set local/llama --in 0.1 --out 0.1 --from 2026-12-01")]
struct Set {
    /// The model, as provider/model
    #[arg(value_name = "MODEL", add = complete::models())]
    model: String,
    /// The first day of the price, in UTC [default: today]
    #[arg(long, value_name = "DAY", value_parser = when::past)]
    from: Option<Time>,
    /// US dollars for 1,000,000 input tokens
    #[arg(long = "in", value_name = "USD", value_parser = per_million)]
    prompt: Option<Money>,
    /// US dollars for 1,000,000 output tokens
    #[arg(long = "out", value_name = "USD", value_parser = per_million)]
    answer: Option<Money>,
    /// US dollars for 1,000,000 tokens from a cache
    #[arg(long, value_name = "USD", value_parser = per_million)]
    cache_read: Option<Money>,
    /// US dollars for 1,000,000 tokens written to a short-lived cache
    #[arg(long, value_name = "USD", value_parser = per_million)]
    cache_write: Option<Money>,
    /// US dollars for 1,000,000 tokens of reasoning
    #[arg(long, value_name = "USD", value_parser = per_million)]
    reasoning: Option<Money>,
    /// US dollars for one web search
    #[arg(long, value_name = "USD")]
    web_search: Option<Money>,
    /// US dollars for one picture
    #[arg(long, value_name = "USD")]
    picture: Option<Money>,
    /// US dollars for one minute of sound that is written down
    #[arg(long, value_name = "USD", value_parser = per_minute)]
    audio_minute: Option<Money>,
    /// US dollars for 1,000,000 characters that are read out
    #[arg(long, value_name = "USD", value_parser = per_million)]
    characters: Option<Money>,
}

/// List prices by contract
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai model price list -o json")]
struct List {}

/// Remove the contract prices of a model
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai model price remove openai/gpt-4o
  optscale-ai model price remove openai/gpt-4o --from 2026-12-01")]
struct Remove {
    /// The model, as provider/model
    #[arg(value_name = "MODEL", add = complete::models())]
    model: String,
    /// Only the price that holds from this day on
    #[arg(long, value_name = "DAY", value_parser = when::past)]
    from: Option<Time>,
}

/// What is shown of a price.
#[derive(Serialize)]
struct Record {
    model: String,
    from: Time,
    input_usd_per_mtok: Option<Money>,
    output_usd_per_mtok: Option<Money>,
    usd_per_unit: Vec<Rate>,
}

#[derive(Serialize)]
struct Rate {
    meter: &'static str,
    usd: Money,
}

const COLUMNS: &[Column] = &[
    Column::new("model", "MODEL"),
    Column::new("from", "FROM").shape(Shape::Time),
    Column::new("input_usd_per_mtok", "IN $/M").shape(Shape::Money),
    Column::new("output_usd_per_mtok", "OUT $/M").shape(Shape::Money),
    Column::hidden("usd_per_unit"),
];

impl Price {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            Verb::Set(verb) => verb.run(session),
            Verb::List(verb) => verb.run(session),
            Verb::Remove(verb) => verb.run(session),
        }
    }
}

impl Set {
    fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let today = || Time::parse(&Time::now().day()).unwrap_or_else(Time::now);
        let from = self.from.unwrap_or_else(today);
        let rates: Vec<(Meter, Money)> = [
            (Meter::Input, self.prompt),
            (Meter::Output, self.answer),
            (Meter::CacheRead, self.cache_read),
            (Meter::CacheWrite5m, self.cache_write),
            (Meter::Reasoning, self.reasoning),
            (Meter::WebSearch, self.web_search),
            (Meter::Picture, self.picture),
            (Meter::AudioSecond, self.audio_minute),
            (Meter::Character, self.characters),
        ]
        .into_iter()
        .filter_map(|(meter, rate)| Some((meter, rate?)))
        .collect();
        let contract = contracts::set(&store, org.id, &self.model, (from, &rates))?;
        session.ui.say(format_args!("`{}` has a price by contract since {}", self.model, from.day()));
        session.ui.changed(COLUMNS, &record(self.model, contract))
    }
}

impl List {
    fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let org = session.org(&store)?.id;
        let providers = store.providers(org)?;
        let named = |contract: Contract| {
            let provider = providers.iter().find(|provider| provider.id == contract.provider)?;
            Some(record(format!("{}/{}", provider.name, contract.model), contract))
        };
        let records: Vec<Record> = store.contracts(org)?.into_iter().filter_map(named).collect();
        let none = "no prices by contract; set one with `optscale-ai model price set MODEL --in USD --out USD`";
        session.ui.list(COLUMNS, &records, none)
    }
}

impl Remove {
    fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?.id;
        let count = contracts::remove(&store, org, &self.model, self.from)?;
        session.ui.say(format_args!("removed {count} contract prices of `{}`", self.model));
        Ok(())
    }
}

fn record(model: String, contract: Contract) -> Record {
    let per_million = |meter| contract.rates.own(meter).map(|rate| rate.times(1_000_000));
    Record {
        model,
        from: contract.from,
        input_usd_per_mtok: per_million(Meter::Input),
        output_usd_per_mtok: per_million(Meter::Output),
        usd_per_unit: contract.rates.iter().map(|(meter, usd)| Rate { meter: meter.label(), usd }).collect(),
    }
}

/// The price of one, where the text is that of a million.
fn per_million(text: &str) -> Result<Money, String> {
    share(text, 1_000_000, "a million")
}

/// The price of a second, where the text is that of a minute.
fn per_minute(text: &str) -> Result<Money, String> {
    share(text, 60, "a minute")
}

fn share(text: &str, of: i64, what: &str) -> Result<Money, String> {
    let whole = text.parse::<Money>().map_err(|error| error.to_string())?.pico();
    match (whole < 0, whole % of) {
        (true, _) => Err("a price cannot be negative".to_owned()),
        (false, 0) => Ok(Money::from_pico(whole / of)),
        _ => Err(format!("the price of {what} must be a whole number of pico-dollars for each; write fewer decimals")),
    }
}
