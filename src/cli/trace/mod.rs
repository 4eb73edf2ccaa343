//! `traces`: what was called, what came of it and what it cost.

mod filter;
mod guards;
mod list;
mod page;
mod show;
mod tail;

use super::error::Outcome;
use super::session::Session;
use super::shape::Shape;
use super::table::Column;
pub(super) use filter::Which;

use clap::{Args, Subcommand};

/// Show what was called: newest first, one in full, or as it happens
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  optscale-ai traces --since 1h
  optscale-ai traces --status error --model openai/gpt-4o-mini --limit 10
  optscale-ai traces -o json --since 24h --limit 0
  optscale-ai traces show                         the newest, in full
  optscale-ai traces tail --key my-app"
)]
pub struct Noun {
    #[command(flatten)]
    list: list::List,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    List(list::List),
    Show(show::Show),
    Tail(tail::Tail),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => self.list.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Tail(verb)) => verb.run(session),
        }
    }
}

/// The fields of a trace, in the order of its JSON.
const COLUMNS: &[Column] = &[
    Column::new("id", "ID").shape(Shape::Word),
    Column::new("time", "TIME").shape(Shape::Time).least(72),
    Column::hidden("org"),
    Column::hidden("user"),
    Column::hidden("team"),
    Column::new("key", "KEY").wide(),
    Column::hidden("provider"),
    Column::new("model", "MODEL").or("requested_model"),
    Column::hidden("requested_model"),
    Column::hidden("route"),
    Column::new("status", "STATUS").shape(Shape::State),
    Column::hidden("http_status"),
    Column::new("error", "ERROR").shape(Shape::Word).sparse().wide(),
    Column::hidden("stream"),
    Column::new("input_tokens", "IN").shape(Shape::Count).wide(),
    Column::new("output_tokens", "OUT").shape(Shape::Count).wide(),
    Column::hidden("total_tokens"),
    Column::hidden("cache_read_tokens"),
    Column::hidden("cache_write_tokens"),
    Column::hidden("reasoning_tokens"),
    Column::new("cost_usd", "COST").shape(Shape::Money),
    Column::hidden("estimated"),
    Column::new("latency_ms", "LATENCY").shape(Shape::Millis).wide(),
    Column::hidden("first_token_ms"),
    Column::hidden("attempts"),
    Column::hidden("tags"),
    Column::hidden("session"),
];
