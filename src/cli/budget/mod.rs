//! `budget`: limits on money.

mod explain;
mod list;
mod raise;
pub(super) mod record;
mod remove;
mod set;
mod show;

use super::error::Outcome;
use super::session::Session;
use clap::{Args, Subcommand};

/// Limit what may be spent, by whom and in which time
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai budget set org 500/month --timezone Europe/Berlin
  optscale-ai budget set key:ci 10/day
  optscale-ai budget set tag:team=search 100/month --soft
  optscale-ai budget explain key:ci
  optscale-ai budgets")]
pub struct Noun {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Set(set::Set),
    List(list::List),
    Show(show::Show),
    Explain(explain::Explain),
    Raise(raise::Raise),
    Remove(remove::Remove),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => list::List {}.run(session),
            Some(Verb::Set(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Explain(verb)) => verb.run(session),
            Some(Verb::Raise(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
        }
    }
}

/// The scope that a command works on, and for which period.
#[derive(Args)]
struct Which {
    /// org, team:T, user:EMAIL, key:NAME, provider:P, model:P/M, tag:K=V or session
    #[arg(value_name = "SCOPE", add = super::complete::budgets())]
    scope: String,
    /// Only the budget for this period: day, week, month or total
    #[arg(long, value_name = "PERIOD", value_parser = record::period)]
    period: Option<crate::records::Period>,
}
