//! `budget set`.

use super::record::{COLUMNS, Standing, amount, default_price};
use crate::admin::budgets::{self, SetBudget};
use crate::cli::complete;
use crate::cli::error::Outcome;
use crate::cli::session::Session;
use crate::records::{DefaultPrice, OnExceed, Period};
use crate::types::Money;

/// Set what a scope may spend, in place of what it had for that period
///
/// What was spent in the period before counts. A running gateway follows within a second.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  optscale-ai budget set org 500/month --timezone Europe/Berlin
  optscale-ai budget set user:ana@example.com 5/day --on-exceed shorten
  optscale-ai budget set key:ci 10/total
  optscale-ai budget set model:openai/gpt-5 50/week --soft
  optscale-ai budget set session 2/total
  optscale-ai budget set provider:local 20/month --default-price 0.50/1.50")]
pub struct Set {
    /// org, team:T, user:EMAIL, key:NAME, provider:P, model:P/M, tag:K=V or session (each session by itself)
    #[arg(value_name = "SCOPE", add = complete::scopes())]
    scope: String,
    /// US dollars and the period that they are for: 10/day, 50/week, 500/month, 100/total
    #[arg(value_name = "AMOUNT/PERIOD", value_parser = amount)]
    amount: (Money, Period),
    /// Warn only: no call is refused
    #[arg(long)]
    soft: bool,
    /// Where days, weeks (from Monday) and months begin, like Europe/Berlin
    #[arg(long, value_name = "TZ", default_value = "UTC")]
    timezone: String,
    /// What becomes of a call that does not fit: block, cheaper or shorten
    #[arg(long, value_name = "WAY", value_parser = way, default_value = "block")]
    on_exceed: OnExceed,
    /// What models without a known price are taken to cost: US dollars for a million tokens, in and out [default: they
    /// are refused]
    #[arg(long, value_name = "IN/OUT", value_parser = default_price)]
    default_price: Option<DefaultPrice>,
}

fn way(word: &str) -> Result<OnExceed, String> {
    OnExceed::parse(word).ok_or_else(|| format!("`{word}` is no way; write block, cheaper or shorten"))
}

impl Set {
    pub(super) fn run(self, session: &Session) -> Outcome {
        let store = session.store_to_change()?;
        let org = session.org(&store)?;
        let wanted = SetBudget {
            scope: self.scope,
            limit: self.amount.0,
            period: self.amount.1,
            timezone: self.timezone,
            is_soft: self.soft,
            on_exceed: self.on_exceed,
            default_price: self.default_price,
        };
        let budget = budgets::set(&store, org.id, &wanted)?;
        let kind = if budget.is_soft { "soft" } else { "hard" };
        session.ui.say(format_args!("set the {kind} budget {} to {}", budget.label, budget.words(budget.created)));
        store.catch_up();
        let standing = Standing::of(&store, std::slice::from_ref(&budget))?;
        session.ui.changed(COLUMNS, &standing.record(&budget))
    }
}
