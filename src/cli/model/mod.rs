//! `model`: the catalogue, seen through the registered providers.

mod find;
mod list;
mod price;
mod show;
mod update;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Models: prices with dates, context windows, capabilities; prices by contract
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  optscale-ai models
  optscale-ai models gpt-5
  optscale-ai model list --all --vendor anthropic
  optscale-ai model show openai/gpt-4o-mini
  optscale-ai model price set openai/gpt-4o --in 2 --out 8
  optscale-ai model update --file models.tsv"
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
    Price(price::Price),
    Update(update::Update),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => self.list.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Price(verb)) => verb.run(session),
            Some(Verb::Update(verb)) => verb.run(session),
        }
    }
}
