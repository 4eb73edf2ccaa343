//! `limit`: how often and how much may be called.

mod record;
mod set;

pub(super) use record::short;
pub(super) use set::RateOptions;

use super::complete;
use super::error::Outcome;
use super::session::Session;
use crate::admin::limits;
use clap::{Args, Subcommand};
use record::{COLUMNS, Record};

/// Limit requests and tokens a minute, and calls at once
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai limit set user:ana@example.com --rpm 60 --tpm 100000
  optscale-ai limit set model:openai/gpt-5 --parallel 4
  optscale-ai limits")]
pub struct Noun {
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand)]
enum Verb {
    Set(set::Set),
    List(List),
    Show(Show),
    Remove(Remove),
}

impl Noun {
    pub(super) fn run(self, session: &Session) -> Outcome {
        match self.verb {
            None => List {}.run(session),
            Some(Verb::Set(verb)) => verb.run(session),
            Some(Verb::List(verb)) => verb.run(session),
            Some(Verb::Show(verb)) => verb.run(session),
            Some(Verb::Remove(verb)) => verb.run(session),
        }
    }
}

/// List limits
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai limit list -o json")]
pub struct List {}

impl List {
    fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let limits = store.limits(session.org(&store)?.id)?;
        let records: Vec<Record> = limits.into_iter().map(Record::from).collect();
        session.ui.list(COLUMNS, &records, "no limits yet; set one with `optscale-ai limit set SCOPE --rpm N`")
    }
}

/// Show the limits of one scope
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai limit show key:ci")]
pub struct Show {
    /// org, team:T, user:EMAIL, key:NAME, provider:P or model:P/M
    #[arg(value_name = "SCOPE", add = complete::scopes())]
    scope: String,
}

impl Show {
    fn run(self, session: &Session) -> Outcome {
        let store = session.store()?;
        let limit = limits::find(&store, session.org(&store)?.id, &self.scope)?;
        session.ui.record(COLUMNS, &Record::from(limit))
    }
}

/// Remove the limits of one scope
#[derive(Args)]
#[command(after_help = "Examples:
  optscale-ai limit remove key:ci --yes")]
pub struct Remove {
    /// org, team:T, user:EMAIL, key:NAME, provider:P or model:P/M
    #[arg(value_name = "SCOPE", add = complete::scopes())]
    scope: String,
}

impl Remove {
    fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let limit = limits::find(&store, org.id, &self.scope)?;
        session.confirm(&format!("remove the limits of {}", limit.label))?;
        let limit = limits::remove(&store, org.id, &self.scope)?;
        session.ui.say(format_args!("removed the limits of {}", limit.label));
        session.ui.changed(COLUMNS, &Record::from(limit))
    }
}
