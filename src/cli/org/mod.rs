//! `org`: organisations in one file, one of them selected.

mod create;
mod edit;
mod list;
mod record;
mod remove;
mod select;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Create, select and manage organisations
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai org create acme
  optscale-ai org use acme
  optscale-ai orgs")]
pub struct Noun {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Create(create::Create),
    List(list::List),
    Use(select::Use),
    Show(show::Show),
    Edit(edit::Edit),
    Remove(remove::Remove),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => list::List {}.run(session),
            Some(Verb::Create(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Use(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Edit(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
        }
    }
}
