//! `model`: the catalogue, seen through the registered providers.

mod find;
mod list;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Show models: prices with dates, context windows, capabilities
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  optscale-ai models
  optscale-ai models gpt-5
  optscale-ai model list --all --vendor anthropic
  optscale-ai model show openai/gpt-4o-mini"
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
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => self.list.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
        }
    }
}
