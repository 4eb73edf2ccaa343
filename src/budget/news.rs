//! Events of budgets: used up, exceeded, refusing.

use super::account::money;
use super::line::Refusal;
use super::state::State;
use crate::records::{Budget, Charge, Event, EventKind};
use crate::types::{Money, Time, TraceId};

impl State {
    /// What people should know of after a charge.
    pub(super) fn news(&mut self, charge: &Charge, held: Option<Money>, now: Time) -> Vec<Event> {
        let mut news = Vec::new();
        let beyond = held.is_some_and(|held| charge.cost > held);
        for id in self.accounts_of(&charge.payer, now) {
            let Some(account) = self.accounts.get_mut(&id).filter(|account| !account.is_loading) else { continue };
            let (budget, label) = (account.budget.clone(), account.label());
            let limit = i128::from(budget.limit_at(now).pico());
            let window = account.window(charge.call.time());
            let (spent, start) = (money(window.spent), window.span.start);
            let is_used_up = window.spent >= limit;
            let event = |kind: EventKind, once: String, message: String| Event {
                org: budget.org,
                time: now,
                kind,
                subject: label.clone(),
                message,
                call: Some(charge.call),
                once,
            };
            if budget.is_soft && is_used_up && !window.is_told {
                window.is_told = true;
                let message = format!("{label} is used up: ${spent} spent of {}", budget.words(now));
                news.push(event(EventKind::BudgetSoft, once(EventKind::BudgetSoft, &budget, &label, start), message));
            }
            if !budget.is_soft && (beyond || window.spent > limit) {
                let message = match held {
                    Some(held) if beyond => format!(
                        "{} cost ${}, more than the ${held} that was held for it; {label} has ${spent} spent of {}",
                        charge.call,
                        charge.cost,
                        budget.words(now)
                    ),
                    _ => format!("{} took {label} to ${spent} of {}", charge.call, budget.words(now)),
                };
                let once = format!("{}:{}:{}", EventKind::BudgetOverrun.as_str(), budget.id.0, charge.call);
                news.push(event(EventKind::BudgetOverrun, once, message));
            }
        }
        news
    }
}

/// What tells that an event was told of already.
fn once(kind: EventKind, budget: &Budget, label: &str, start: Time) -> String {
    format!("{}:{}:{label}:{}", kind.as_str(), budget.id.0, start.millis())
}

impl Refusal {
    /// The event that tells of it, once a period.
    pub fn event(&self, call: TraceId, now: Time) -> Event {
        let start = super::span(self.budget.period, &self.budget.timezone, call.time()).start;
        Event {
            org: self.budget.org,
            time: now,
            kind: EventKind::BudgetHard,
            subject: self.label.clone(),
            message: format!(
                "{} refused a call that can cost ${}: ${} spent of {}",
                self.label,
                self.amount,
                self.spent,
                self.budget.words(now)
            ),
            call: Some(call),
            once: once(EventKind::BudgetHard, &self.budget, &self.label, start),
        }
    }
}
