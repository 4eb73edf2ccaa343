//! `guardrail`: reusable checks of what people and models say.

mod add;
mod edit;
mod kinds;
mod list;
mod record;
mod remove;
mod show;
mod test;

pub use test::text;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Make reusable checks of prompts and answers; policies say when they apply
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai guardrail add pii --type pii --action redact
  optscale-ai guardrail kinds
  optscale-ai guardrail test pii --text 'mail ana@example.com'
  optscale-ai guardrails")]
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
    Kinds(kinds::Kinds),
    Test(test::Test),
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
            Some(Verb::Kinds(verb)) => verb.run(session),
            Some(Verb::Test(verb)) => verb.run(session),
        }
    }
}
