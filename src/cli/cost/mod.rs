//! `costs`: money and tokens, by what one wants to compare.

use super::error::Outcome;
use super::session::Session;
use super::shape::Shape;
use super::table::Column;
use super::trace::Which;
use super::ui::Ui;
use super::when::Watch;
use super::words::count;
use crate::store::{CostQuery, CostRow, Costs, Dimension};
use clap::{Args, Subcommand};
use serde_json::{Value, to_value};

/// Show what calls cost, and how many tokens they took
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  optscale-ai costs                               by model, all time
  optscale-ai costs by provider --since 30d
  optscale-ai costs by key model --since 2026-11-01 -o csv
  optscale-ai costs by day --key my-app
  optscale-ai costs by tag:env

Days are days in UTC. A cost is `unknown` where no price is known, never 0."
)]
pub struct Noun {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    watch: Watch,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    By(By),
}

/// Add up by these dimensions, a line for each combination
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai costs by model
  optscale-ai costs by user day --since 7d -o json")]
pub struct By {
    /// provider, model, user, team, key, route, day, tag or tag:NAME
    #[arg(value_name = "DIMENSION", required = true, value_delimiter = ',', add = dimensions())]
    by: Vec<Dimension>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    watch: Watch,
}

fn dimensions() -> clap_complete::engine::ArgValueCandidates {
    let all = ["provider", "model", "user", "team", "key", "route", "day", "tag"];
    clap_complete::engine::ArgValueCandidates::new(move || all.map(Into::into).into())
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => watch(session, vec![Dimension::Model], &self.which, self.watch),
            Some(Verb::By(verb)) => watch(session, verb.by, &verb.which, verb.watch),
        }
    }
}

fn watch(session: &Session, by: Vec<Dimension>, which: &Which, watch: Watch) -> Outcome {
    session.ui.repeat(watch.every(), |ui| show((session, ui), by.clone(), which.clone()))
}

fn show((session, ui): (&Session, &Ui), mut by: Vec<Dimension>, which: Which) -> Outcome {
    let mut seen = Vec::new();
    by.retain(|dimension| {
        !seen.contains(dimension) && {
            seen.push(dimension.clone());
            true
        }
    });
    let store = session.store()?;
    let filter = which.filter(&session.org(&store)?);
    let mut rows = store.costs(&CostQuery { by: by.clone(), filter })?;
    let unknown: u64 = rows.iter().map(|row| row.costs.unknown_cost_calls).sum();
    if ui.is_table() && rows.len() > 1 && !by.contains(&Dimension::Tag(None)) {
        rows.push(total(&rows));
    }
    let records = rows.iter().map(record).collect::<Result<Vec<Value>, _>>()?;
    ui.list(&columns(&by), &records, "no calls yet, or none that match")?;
    if unknown > 0 && ui.is_table() {
        let calls = count(unknown, "call without a known price is", "calls without a known price are");
        ui.warn(format_args!("{calls} not in the sums"));
    }
    Ok(())
}

fn columns(by: &[Dimension]) -> Vec<Column> {
    let labels = by.iter().map(|dimension| Column::named(dimension.to_string()));
    let sums = [
        Column::new("calls", "CALLS").shape(Shape::Count),
        Column::new("errors", "ERRORS").shape(Shape::Count),
        Column::hidden("refused"),
        Column::new("input_tokens", "IN").shape(Shape::Count),
        Column::new("output_tokens", "OUT").shape(Shape::Count),
        Column::hidden("cache_read_tokens"),
        Column::hidden("cache_write_tokens"),
        Column::new("cost_usd", "COST").shape(Shape::Money),
        Column::hidden("unknown_cost_calls"),
        Column::hidden("estimated_calls"),
    ];
    labels.chain(sums).collect()
}

/// A sum that has only unknown costs in it is unknown itself, and not 0.
fn record(row: &CostRow) -> Result<Value, serde_json::Error> {
    let mut record = to_value(row)?;
    if row.costs.cost_usd.0 == 0 && row.costs.unknown_cost_calls > 0 {
        record["cost_usd"] = Value::Null;
    }
    Ok(record)
}

fn total(rows: &[CostRow]) -> CostRow {
    let mut costs = Costs::default();
    rows.iter().for_each(|row| costs.add(&row.costs));
    let names = rows.iter().take(1).flat_map(|row| row.labels.iter().map(|(name, _)| name.clone()));
    let label = |(place, name): (usize, String)| (name, (place == 0).then(|| "total".to_owned()));
    CostRow { labels: names.enumerate().map(label).collect(), costs }
}
