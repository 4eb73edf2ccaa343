//! `limit set`, and the options that it shares with `key create` and `key edit`.

use super::record::{COLUMNS, Record};
use crate::admin::limits::{self, SetRates};
use crate::cli::complete;
use crate::cli::error::{CliError, Outcome};
use crate::cli::session::Session;

/// Set limits of a scope; what is not named stays as it is
///
/// A call over a limit is answered with 429 and says when to try again. A running gateway follows within a second.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai limit set user:ana@example.com --rpm 60 --tpm 100000
  optscale-ai limit set provider:local --parallel 2
  optscale-ai limit set user:ana@example.com --rpm none")]
pub struct Set {
    /// org, team:T, user:EMAIL, key:NAME, provider:P or model:P/M
    #[arg(value_name = "SCOPE", add = complete::scopes())]
    scope: String,
    #[command(flatten)]
    rates: RateOptions,
}

/// Limits as options.
#[derive(clap::Args, Clone, Copy, Default)]
pub struct RateOptions {
    /// Requests in any minute; none for no limit
    #[arg(long, value_name = "N", value_parser = number)]
    rpm: Option<Number>,
    /// Tokens, in and out, in any minute; none for no limit
    #[arg(long, value_name = "N", value_parser = number)]
    tpm: Option<Number>,
    /// Calls at once; none for no limit
    #[arg(long, value_name = "N", value_parser = number)]
    parallel: Option<Number>,
}

/// A limit, or that there is none.
#[derive(Clone, Copy)]
pub struct Number(Option<u64>);

fn number(text: &str) -> Result<Number, String> {
    if text == "none" {
        return Ok(Number(None));
    }
    let digits: String = text.chars().filter(|c| *c != '_').collect();
    digits.parse().map(|n| Number(Some(n))).map_err(|_| format!("`{text}` is no limit; write a number, or none"))
}

impl RateOptions {
    /// What they set.
    pub fn wanted(self) -> SetRates {
        let of = |number: Option<Number>| number.map(|number| number.0);
        SetRates { requests: of(self.rpm), tokens: of(self.tpm), parallel: of(self.parallel) }
    }
}

impl Set {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let wanted = self.rates.wanted();
        if wanted == SetRates::default() {
            return Err(CliError::usage("no limit was named").hint("name one, for example --rpm 60"));
        }
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        match limits::set(&store, org.id, &self.scope, &wanted)? {
            Some(limit) => {
                session.ui.say(format_args!("set limits of {}", limit.label));
                session.ui.changed(COLUMNS, &Record::from(limit))
            }
            None => {
                session.ui.say(format_args!("{} has no limits", self.scope));
                Ok(())
            }
        }
    }
}
