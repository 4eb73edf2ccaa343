//! `team`: users who may call the same.

mod add;
mod edit;
mod list;
mod record;
mod remove;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Make teams: what a team may call, each of its members may call
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai team add core --allow openai --member bob@example.com
  optscale-ai teams
  optscale-ai team edit core --join eva@example.com --deny openai")]
pub struct Noun {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Add(add::Add),
    List(list::List),
    Show(show::Show),
    Edit(edit::Edit),
    Remove(remove::Remove),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => list::List {}.run(session),
            Some(Verb::Add(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Edit(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
        }
    }
}
