//! `key`: virtual keys, which callers use in place of provider keys.

mod create;
mod edit;
mod generate;
mod list;
mod record;
mod revoke;
mod rotate;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Create and manage virtual keys
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  optscale-ai key create my-app --provider openai --expires 30d
  optscale-ai keys
  optscale-ai key rotate my-app --grace 24h
  optscale-ai key revoke my-app"
)]
pub struct Noun {
    #[command(flatten)]
    list: list::List,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Create(create::Create),
    List(list::List),
    Show(show::Show),
    Edit(edit::Edit),
    Rotate(rotate::Rotate),
    Revoke(revoke::Revoke),
    Generate(generate::Generate),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => self.list.run(session),
            Some(Verb::Create(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Edit(verb)) => verb.run(session),
            Some(Verb::Rotate(verb)) => verb.run(session),
            Some(Verb::Revoke(verb)) => verb.run(session),
            Some(Verb::Generate(verb)) => verb.run(session),
        }
    }
}
