//! `audit`: who changed what, and whether the record of it is whole.

mod list;
mod verify;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// See who changed what, and prove that the record of it is whole
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  optscale-ai audit list --since 7d
  optscale-ai audit list --act key --object ci -o json
  optscale-ai audit verify"
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
    Verify(verify::Verify),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => self.list.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Verify(verb)) => verb.run(session),
        }
    }
}
