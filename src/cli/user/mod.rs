//! `user`: who may call what.

mod list;
mod record;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Show users: who they are and what they may call
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai users
  optscale-ai user show ana")]
pub struct Noun {
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
            None => list::List {}.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
        }
    }
}
