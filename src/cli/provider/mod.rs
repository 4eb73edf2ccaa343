//! `provider`: registered connections to model providers.

mod add;
mod ask;
mod edit;
mod kinds;
mod list;
mod models;
mod record;
mod remove;
mod show;
mod switch;
mod test;

pub(super) use record::describe;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Register and manage connections to model providers
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai provider add openai --api-key-env OPENAI_API_KEY
  optscale-ai providers
  optscale-ai provider disable openai")]
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
    Test(test::Test),
    Models(models::Models),
    Enable(switch::Enable),
    Disable(switch::Disable),
    Remove(remove::Remove),
    Kinds(kinds::Kinds),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => list::List::default().run(session),
            Some(Verb::Add(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Edit(verb)) => verb.run(session),
            Some(Verb::Test(verb)) => verb.run(session),
            Some(Verb::Models(verb)) => verb.run(session),
            Some(Verb::Enable(verb)) => verb.run(session),
            Some(Verb::Disable(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
            Some(Verb::Kinds(verb)) => verb.run(session),
        }
    }
}
