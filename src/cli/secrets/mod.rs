//! `secrets`: the master key that seals all others.

mod rotate;
mod status;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// See where the master key is, and change it
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai secrets status
  optscale-ai secrets rotate --yes")]
pub struct Noun {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Status(status::Status),
    Rotate(rotate::Rotate),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            Verb::Status(verb) => verb.run(session),
            Verb::Rotate(verb) => verb.run(session),
        }
    }
}
