//! `route`: other names for models.

mod add;
mod list;
mod record;
mod remove;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Give models other names, which callers use in their place
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai route add fast --target openai/gpt-4o-mini
  optscale-ai routes")]
pub struct Noun {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Add(add::Add),
    List(list::List),
    Show(show::Show),
    Remove(remove::Remove),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => list::List {}.run(session),
            Some(Verb::Add(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
        }
    }
}
