//! `user`: who may call what.

mod allow;
mod deny;
mod invite;
mod list;
mod record;
mod remove;
mod role;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Invite users, and say what they may call
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai user invite bob@example.com --allow openai
  optscale-ai users
  optscale-ai user allow bob@example.com anthropic/claude-haiku-4-5
  optscale-ai users -o csv > access.csv")]
pub struct Noun {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Invite(invite::Invite),
    List(list::List),
    Show(show::Show),
    Allow(allow::Allow),
    Deny(deny::Deny),
    Role(role::Role),
    Remove(remove::Remove),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => list::List {}.run(session),
            Some(Verb::Invite(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Allow(verb)) => verb.run(session),
            Some(Verb::Deny(verb)) => verb.run(session),
            Some(Verb::Role(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
        }
    }
}
