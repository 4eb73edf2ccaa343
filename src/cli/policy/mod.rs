//! `policy`: when which guardrails apply.

mod add;
mod edit;
mod list;
mod record;
mod remove;
mod show;
mod stats;
mod switch;
mod test;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Say when which guardrails apply
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai policy add mask-pii --guardrail pii
  optscale-ai policy add trial --guardrail keys --dry-run
  optscale-ai policy add night --deny --when 'now.hour < 6'
  optscale-ai policies")]
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
    Enable(switch::Enable),
    Disable(switch::Disable),
    Remove(remove::Remove),
    Test(test::Test),
    Stats(stats::Stats),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => list::List {}.run(session),
            Some(Verb::Add(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Edit(verb)) => verb.run(session),
            Some(Verb::Enable(verb)) => verb.run(session),
            Some(Verb::Disable(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
            Some(Verb::Test(verb)) => verb.run(session),
            Some(Verb::Stats(verb)) => verb.run(session),
        }
    }
}
