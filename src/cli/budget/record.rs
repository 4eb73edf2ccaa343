//! A budget as it is shown: what it allows, and how it stands.

use crate::budget::{Balance, Book};
use crate::cli::error::Outcome;
use crate::cli::shape::Shape;
use crate::cli::table::Column;
use crate::records::{Budget, DefaultPrice, Period};
use crate::store::Store;
use crate::types::{Money, Time, TraceId};
use serde::Serialize;

/// What is shown of a budget.
#[derive(Serialize)]
pub struct Record {
    id: i64,
    scope: String,
    limit_usd: Money,
    period: Period,
    timezone: String,
    soft: bool,
    on_exceed: &'static str,
    spent_usd: Option<Money>,
    held_usd: Option<Money>,
    left_usd: Option<Money>,
    resets_at: Option<Time>,
    default_price: Option<String>,
    raised_to_usd: Option<Money>,
    raised_until: Option<Time>,
    created: Time,
}

/// Its fields.
pub const COLUMNS: &[Column] = &[
    Column::hidden("id"),
    Column::new("scope", "SCOPE"),
    Column::new("limit_usd", "LIMIT").shape(Shape::Money),
    Column::new("period", "PER"),
    Column::hidden("timezone"),
    Column::new("soft", "SOFT").shape(Shape::Flag),
    Column::new("on_exceed", "ON EXCEED").wide(),
    Column::new("spent_usd", "SPENT").shape(Shape::Money),
    Column::new("held_usd", "HELD").shape(Shape::Money).wide(),
    Column::new("left_usd", "LEFT").shape(Shape::Money),
    Column::new("resets_at", "RESETS").shape(Shape::Time),
    Column::hidden("default_price"),
    Column::new("raised_to_usd", "RAISED TO").shape(Shape::Money).sparse().wide(),
    Column::hidden("raised_until"),
    Column::hidden("created"),
];

/// The same, all of them with a title, for the page of one.
pub const PAGE: &[Column] = &[
    Column::new("id", "ID"),
    Column::new("scope", "SCOPE"),
    Column::new("limit_usd", "LIMIT").shape(Shape::Money),
    Column::new("period", "PER"),
    Column::new("timezone", "TIME ZONE"),
    Column::new("soft", "SOFT").shape(Shape::Flag),
    Column::new("on_exceed", "ON EXCEED"),
    Column::new("spent_usd", "SPENT").shape(Shape::Money),
    Column::new("held_usd", "HELD").shape(Shape::Money),
    Column::new("left_usd", "LEFT").shape(Shape::Money),
    Column::new("resets_at", "RESETS").shape(Shape::Time),
    Column::new("default_price", "DEFAULT PRICE"),
    Column::new("raised_to_usd", "RAISED TO"),
    Column::new("raised_until", "RAISED UNTIL").shape(Shape::Time),
    Column::new("created", "CREATED").shape(Shape::Time),
];

/// A call that holds money.
#[derive(Serialize)]
pub struct HoldingCall {
    /// The call.
    pub id: TraceId,
    /// How much.
    pub held_usd: Money,
    /// Since when.
    pub since: Time,
}

/// What of one session was spent.
#[derive(Serialize)]
pub struct SessionSpent {
    /// Its name.
    pub session: String,
    /// What its calls have cost.
    pub spent_usd: Money,
    /// What is held for its calls under way.
    pub held_usd: Money,
}

/// How budgets stand, read from what is written down: calls that are over, and calls that are under way, whose rows have the held
/// amount as their cost.
pub struct Standing {
    book: Book,
    balances: Vec<Balance>,
    now: Time,
}

impl Standing {
    /// Of these budgets, now.
    ///
    /// # Errors
    /// The database.
    pub fn of(store: &Store, budgets: &[Budget]) -> Outcome<Standing> {
        let (book, now) = (Book::new(), Time::now());
        if let Some(since) = book.reload(budgets.to_vec(), now) {
            store.charges(since, &mut |charges| book.take_in(charges))?;
            book.loaded(now);
        }
        store.held_charges()?.iter().for_each(|charge| book.enter_hold(charge, now));
        let balances = book.balances(now);
        Ok(Standing { book, balances, now })
    }

    /// The record of one of them.
    pub fn record(&self, budget: &Budget) -> Record {
        let own = |balance: &&Balance| balance.budget.id == budget.id && balance.session.is_none();
        // A session's budget stands for each session by itself.
        let each = budget.scope == crate::records::Scope::Session;
        let balance = self.balances.iter().find(own).filter(|_| !each);
        let left = |b: &Balance| Money::from_pico(b.limit.pico().saturating_sub(b.spent.pico() + b.held.pico()).max(0));
        let span = crate::budget::span(budget.period, &budget.timezone, self.now);
        let raised = budget.raised.filter(|raise| raise.until > self.now);
        Record {
            id: budget.id.0,
            scope: budget.label.clone(),
            limit_usd: budget.limit,
            period: budget.period,
            timezone: budget.timezone.clone(),
            soft: budget.is_soft,
            on_exceed: budget.on_exceed.as_str(),
            spent_usd: balance.map(|balance| balance.spent),
            held_usd: balance.map(|balance| balance.held),
            left_usd: balance.map(left),
            resets_at: (budget.period != Period::Total).then_some(span.end),
            default_price: budget.default_price.map(a_million),
            raised_to_usd: raised.map(|raise| raise.limit),
            raised_until: raised.map(|raise| raise.until),
            created: budget.created,
        }
    }

    /// The calls that hold money in a budget.
    pub fn calls(&self, budget: &Budget) -> Vec<HoldingCall> {
        let holds = self.book.holds(budget.id).into_iter();
        holds.map(|(id, held_usd)| HoldingCall { id, held_usd, since: id.time() }).collect()
    }

    /// The sessions of a budget of which each has its own.
    pub fn sessions(&self, budget: &Budget) -> Vec<SessionSpent> {
        let own = self.balances.iter().filter(|balance| balance.budget.id == budget.id);
        own.filter_map(|balance| {
            let session = balance.session.clone()?;
            Some(SessionSpent { session, spent_usd: balance.spent, held_usd: balance.held })
        })
        .collect()
    }
}

const MILLION: i64 = 1_000_000;

/// `IN/OUT`, in US dollars for a million tokens.
fn a_million(price: DefaultPrice) -> String {
    let words = |one: Money| one.scaled(MILLION, 1).to_string();
    format!("{}/{}", words(price.input), words(price.output))
}

/// `IN/OUT` as it is typed.
///
/// # Errors
/// A sentence that says how it is written.
pub fn default_price(text: &str) -> Result<DefaultPrice, String> {
    let wrong = || format!("`{text}` is no price; write US dollars for a million tokens in and out, like 3/15");
    let (input, output) = text.split_once('/').ok_or_else(wrong)?;
    let one = |text: &str| {
        let amount: Money = text.parse().ok()?;
        (amount >= Money::ZERO).then(|| amount.scaled(1, MILLION))
    };
    Ok(DefaultPrice { input: one(input).ok_or_else(wrong)?, output: one(output).ok_or_else(wrong)? })
}

/// `10/month`, `2.50/day`, `100` (in total).
///
/// # Errors
/// A sentence that says how it is written.
pub fn amount(text: &str) -> Result<(Money, Period), String> {
    let (amount, word) = text.split_once('/').unwrap_or((text, "total"));
    let amount: Money = amount.parse().map_err(|error| format!("{error}"))?;
    Ok((amount, period(word)?))
}

/// `day`, `week`, `month` or `total`.
///
/// # Errors
/// A sentence that says what there is.
pub fn period(word: &str) -> Result<Period, String> {
    Period::parse(word).ok_or_else(|| format!("`{word}` is no period; write day, week, month or total"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_and_prices_are_read() {
        assert_eq!(amount("2.50/day"), Ok((Money::from_pico(2_500_000_000_000), Period::Day)));
        assert_eq!(amount("10"), Ok((Money::from_pico(10_000_000_000_000), Period::Total)));
        assert!(amount("10/year").is_err() && amount("ten/day").is_err());
        let price = default_price("3/15").unwrap();
        assert_eq!((price.input.pico(), price.output.pico()), (3_000_000, 15_000_000));
        assert_eq!(a_million(price), "3/15");
        assert!(default_price("3").is_err() && default_price("-1/2").is_err());
    }
}
