//! What stands in the book, and how a call gets its hold: the rules, without the lock around them.

use super::account::{Account, AccountId, money};
use super::book::{HoldId, Question};
use super::index::Index;
use super::line::{Refusal, Waiter};
use crate::records::{Budget, Charge, Payer, Period};
use crate::types::{Time, TraceId};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

#[derive(Default)]
pub(super) struct State {
    pub index: Index,
    pub accounts: HashMap<AccountId, Account>,
    pub holds: HashMap<HoldId, Held>,
    pub line: VecDeque<Waiter>,
    next: u64,
    /// Calls that were closed while sums are being read: they must not be counted twice.
    pub closed: HashSet<TraceId>,
    /// Batches that are in the sums.
    pub batches: HashSet<TraceId>,
}

pub(super) struct Held {
    pub question: Question,
    /// In which accounts, and in which of their periods.
    pub places: Vec<(AccountId, Time)>,
}

pub(super) enum Verdict {
    Fits,
    Later(Box<Refusal>),
    Never(Box<Refusal>),
}

impl State {
    pub fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub fn reload(&mut self, budgets: Vec<Budget>, now: Time) -> Option<Time> {
        let mut old = std::mem::take(&mut self.accounts);
        self.index = Index::default();
        for budget in budgets {
            let budget = Arc::new(budget);
            let known =
                |account: &Account| account.budget.id == budget.id && account.suits(&budget) && !account.is_loading;
            let ids: Vec<AccountId> = old.iter().filter(|(_, account)| known(account)).map(|(id, _)| *id).collect();
            let mut is_new = true;
            for id in ids {
                let Some(mut account) = old.remove(&id) else { continue };
                account.budget = budget.clone();
                is_new &= account.session.is_some();
                self.index.put(&budget, account.session.as_deref(), id);
                self.accounts.insert(id, account);
            }
            if is_new {
                let id = self.number();
                let mut account = Account::new(budget.clone(), None, now);
                account.is_loading = true;
                self.index.put(&budget, None, id);
                self.accounts.insert(id, account);
            }
        }
        self.forget_sessions(now);
        self.hold_anew(now);
        let loading = self.accounts.values().filter(|account| account.is_loading);
        let since = loading.map(|account| account.span().start).min();
        self.closed.clear();
        since
    }

    /// Sessions whose period is over need no account until they call again.
    fn forget_sessions(&mut self, now: Time) {
        let in_use: HashSet<AccountId> =
            self.holds.values().flat_map(|held| held.places.iter().map(|(id, _)| *id)).collect();
        let is_over = |id: &AccountId, account: &Account| {
            account.session.is_some()
                && account.budget.period != Period::Total
                && account.span().end <= now
                && account.waiting == 0
                && !in_use.contains(id)
        };
        let over: Vec<AccountId> =
            self.accounts.iter().filter(|(id, account)| is_over(id, account)).map(|(id, _)| *id).collect();
        for id in over {
            if let Some(account) = self.accounts.remove(&id)
                && let Some(session) = &account.session
            {
                self.index.forget_session(account.budget.id, session);
            }
        }
    }

    /// Lets each hold stand in the accounts that apply to its call by now.
    fn hold_anew(&mut self, now: Time) {
        let ids: Vec<HoldId> = self.holds.keys().copied().collect();
        for id in ids {
            let Some(mut held) = self.holds.remove(&id) else { continue };
            self.shift(&held, -1);
            held.places = self.places(&held.question, now);
            self.shift(&held, 1);
            self.holds.insert(id, held);
        }
    }

    fn places(&mut self, question: &Question, now: Time) -> Vec<(AccountId, Time)> {
        let ids = self.accounts_of(&question.payer, now);
        let at = question.call.time();
        ids.into_iter().filter_map(|id| Some((id, self.accounts.get_mut(&id)?.window(at).span.start))).collect()
    }

    fn shift(&mut self, held: &Held, sign: i128) {
        for (id, start) in &held.places {
            let Some(account) = self.accounts.get_mut(id) else { continue };
            let window = account.window(held.question.call.time());
            if window.span.start == *start {
                window.held += sign * i128::from(held.question.amount.pico());
            }
        }
    }

    /// The accounts that a call is charged to. Sessions get one of their own here.
    pub fn accounts_of(&mut self, payer: &Payer, now: Time) -> Vec<AccountId> {
        let mut ids = Vec::with_capacity(8);
        let fresh = self.index.find(payer, &mut ids);
        for template in fresh {
            let Some(account) = self.accounts.get(&template) else { continue };
            let (budget, is_loading) = (account.budget.clone(), account.is_loading);
            let id = self.number();
            let mut account = Account::new(budget.clone(), payer.session.clone(), now);
            account.is_loading = is_loading;
            self.index.put(&budget, payer.session.as_deref(), id);
            self.accounts.insert(id, account);
            ids.push(id);
        }
        ids
    }

    pub fn hard_accounts(&mut self, question: &Question) -> Vec<AccountId> {
        let mut ids = self.accounts_of(&question.payer, question.now);
        ids.retain(|id| self.accounts.get(id).is_some_and(|account| !account.is_loading && !account.budget.is_soft));
        ids
    }

    pub fn judge(&mut self, question: &Question, accounts: &[AccountId]) -> Verdict {
        let amount = i128::from(question.amount.pico());
        if amount == 0 {
            return Verdict::Fits;
        }
        let mut later = None;
        for id in accounts {
            let Some(account) = self.accounts.get_mut(id) else { continue };
            let limit = i128::from(account.budget.limit_at(question.now).pico());
            let window = account.window(question.call.time());
            if window.spent + amount > limit {
                return Verdict::Never(Box::new(refusal(account, question)));
            }
            if window.spent + window.held + amount > limit && later.is_none() {
                later = Some(*id);
            }
        }
        match later.and_then(|id| self.accounts.get_mut(&id)) {
            Some(account) => Verdict::Later(Box::new(refusal(account, question))),
            None => Verdict::Fits,
        }
    }

    pub fn hold(&mut self, question: Question) -> HoldId {
        let id = HoldId(self.number());
        let now = question.now;
        let held = Held { places: self.places(&question, now), question };
        self.shift(&held, 1);
        self.holds.insert(id, held);
        id
    }

    pub fn unhold(&mut self, hold: HoldId) -> Option<Held> {
        let held = self.holds.remove(&hold)?;
        self.shift(&held, -1);
        Some(held)
    }

    pub fn charge(&mut self, charge: &Charge, wanted: impl Fn(&Account) -> bool) {
        let at = charge.call.time();
        for id in self.accounts_of(&charge.payer, at) {
            let Some(account) = self.accounts.get_mut(&id).filter(|account| wanted(account)) else { continue };
            let window = account.window(at);
            if window.span.contains(at) {
                window.spent += i128::from(charge.cost.pico());
            }
        }
    }

    /// Gives calls in the line what they wait for, in order of arrival. Who stands behind somebody that still waits for one
    /// of its budgets goes on waiting.
    pub fn serve_line(&mut self, now: Time) {
        if self.line.is_empty() {
            return;
        }
        let mut taken: HashSet<AccountId> = HashSet::new();
        let line = std::mem::take(&mut self.line);
        let mut still = VecDeque::with_capacity(line.len());
        for mut waiter in line {
            waiter.question.now = now;
            waiter.accounts.retain(|id| self.accounts.contains_key(id));
            if waiter.accounts.iter().any(|id| taken.contains(id)) {
                taken.extend(&waiter.accounts);
                still.push_back(waiter);
                continue;
            }
            match self.judge(&waiter.question, &waiter.accounts) {
                Verdict::Fits => {
                    self.unwait(&waiter.accounts);
                    let hold = self.hold(waiter.question.clone());
                    if waiter.answer.send(Ok(hold)).is_err() {
                        self.unhold(hold);
                    }
                }
                Verdict::Never(refusal) => {
                    self.unwait(&waiter.accounts);
                    // Who no longer waits need not hear it.
                    let _ = waiter.answer.send(Err(Refusal { has_waited: true, ..*refusal }));
                }
                Verdict::Later(_) => {
                    taken.extend(&waiter.accounts);
                    still.push_back(waiter);
                }
            }
        }
        self.line = still;
    }

    fn unwait(&mut self, accounts: &[AccountId]) {
        for id in accounts {
            if let Some(account) = self.accounts.get_mut(id) {
                account.waiting = account.waiting.saturating_sub(1);
            }
        }
    }

    pub fn remove_waiter(&mut self, number: u64) -> bool {
        let Some(place) = self.line.iter().position(|waiter| waiter.number == number) else { return false };
        let Some(waiter) = self.line.remove(place) else { return false };
        self.unwait(&waiter.accounts);
        true
    }
}

fn refusal(account: &mut Account, question: &Question) -> Refusal {
    let (budget, label) = (account.budget.clone(), account.label());
    let limit = budget.limit_at(question.now);
    let is_endless = budget.period == Period::Total;
    let window = account.window(question.call.time());
    Refusal {
        budget,
        label,
        limit,
        spent: money(window.spent),
        held: money(window.held),
        amount: question.amount,
        resets: (!is_endless).then_some(window.span.end),
        has_waited: false,
    }
}
