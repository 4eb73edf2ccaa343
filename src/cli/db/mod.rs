//! `db`: the database file.

mod backup;
mod check;
mod prune;
mod restore;
mod stats;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Back up, restore, check and prune the database
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai db backup ~/backup/optscale.db
  optscale-ai db check
  optscale-ai db prune --older-than 90d")]
pub struct Noun {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Backup(backup::Backup),
    Restore(restore::Restore),
    Check(check::Check),
    Stats(stats::Stats),
    Prune(prune::Prune),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            Verb::Backup(verb) => verb.run(session),
            Verb::Restore(verb) => verb.run(session),
            Verb::Check(verb) => verb.run(session),
            Verb::Stats(verb) => verb.run(session),
            Verb::Prune(verb) => verb.run(session),
        }
    }
}
