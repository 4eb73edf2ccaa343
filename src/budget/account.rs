//! One budget's money: what is spent and held in its present period, and in the one before, which calls that came in
//! before its end are still charged to.

use super::period::{Span, around, zone};
use crate::records::Budget;
use crate::types::{Money, Time};
use jiff::tz::TimeZone;
use std::sync::Arc;

/// An account's number; none is given twice.
pub(super) type AccountId = u64;

/// A budget's money.
pub(super) struct Account {
    pub budget: Arc<Budget>,
    /// Of which session, where each has its own.
    pub session: Option<String>,
    /// How many calls wait for it.
    pub waiting: usize,
    /// Its sum is not known yet: until then it neither refuses nor warns.
    pub is_loading: bool,
    zone: TimeZone,
    now: Window,
    before: Option<Window>,
}

/// One period of an account.
pub(super) struct Window {
    pub span: Span,
    pub spent: i128,
    pub held: i128,
    /// Whether it was told that it is used up.
    pub is_told: bool,
}

/// How a budget stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// The budget.
    pub budget: Arc<Budget>,
    /// Of which session, where each has its own.
    pub session: Option<String>,
    /// The limit that applies now.
    pub limit: Money,
    /// What calls that are over have cost.
    pub spent: Money,
    /// What is held for calls that are under way.
    pub held: Money,
    /// The present period.
    pub span: Span,
}

impl Account {
    pub fn new(budget: Arc<Budget>, session: Option<String>, now: Time) -> Account {
        let zone = zone(&budget.timezone);
        let span = around(budget.period, &zone, now);
        Account { budget, session, waiting: 0, is_loading: false, zone, now: Window::new(span), before: None }
    }

    /// Whether a changed budget goes on with what was spent in it.
    pub fn suits(&self, budget: &Budget) -> bool {
        let own = &self.budget;
        (own.period, &own.timezone, &own.scope) == (budget.period, &budget.timezone, &budget.scope)
    }

    /// The period that a call is charged to which came in at `at`.
    pub fn window(&mut self, at: Time) -> &mut Window {
        if at >= self.now.span.end {
            let next = Window::new(around(self.budget.period, &self.zone, at));
            self.before = Some(std::mem::replace(&mut self.now, next));
        }
        match &mut self.before {
            Some(before) if before.span.contains(at) => before,
            _ => &mut self.now,
        }
    }

    /// The present period.
    pub fn span(&self) -> Span {
        self.now.span
    }

    pub fn balance(&mut self, now: Time) -> Balance {
        let limit = self.budget.limit_at(now);
        let (budget, session) = (self.budget.clone(), self.session.clone());
        let window = self.window(now);
        let (spent, held) = (money(window.spent), money(window.held));
        Balance { budget, session, limit, spent, held, span: window.span }
    }

    /// Its budget in words, with the session where it is one's own.
    pub fn label(&self) -> String {
        match &self.session {
            Some(session) => format!("{} `{session}`", self.budget.label),
            None => self.budget.label.clone(),
        }
    }
}

impl Window {
    fn new(span: Span) -> Window {
        Window { span, spent: 0, held: 0, is_told: false }
    }
}

/// A sum as an amount; the largest where it does not fit.
pub(super) fn money(sum: i128) -> Money {
    Money::from_pico(i64::try_from(sum).unwrap_or(if sum < 0 { i64::MIN } else { i64::MAX }))
}
