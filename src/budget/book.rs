//! The book: all budgets of one process, and every call that holds money in them.
//!
//! One short mutex guards all of it, so that a call takes its holds in all budgets or in none.

use super::account::{AccountId, Balance, money};
use super::line::{Refusal, Waiter, Waiting};
use super::state::{State, Verdict};
use crate::records::{Budget, Charge, Event, OnExceed, Payer};
use crate::types::{BudgetId, Money, Time, TraceId};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
use tokio::sync::oneshot;

/// A call's hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct HoldId(pub(super) u64);

/// What a call wants to hold.
#[derive(Clone, Debug)]
pub struct Question {
    /// Whom it is charged to.
    pub payer: Arc<Payer>,
    /// The call; its id says when it came in, and so which period it is charged to.
    pub call: TraceId,
    /// What it can cost at most.
    pub amount: Money,
    /// The present.
    pub now: Time,
}

/// What becomes of a question.
pub enum Asked<'b> {
    /// It has its hold.
    Held(HoldId),
    /// Other calls' holds keep it out.
    Wait(Waiting<'b>),
    /// It does not fit into what is not spent.
    Refused(Box<Refusal>),
}

/// The budgets that apply to a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Those that refuse.
    pub hard: Vec<Arc<Budget>>,
    /// Those that warn and are used up, in words.
    pub warnings: Vec<String>,
}

impl Found {
    /// What is to be done where the call does not fit: the mildest that one of the budgets says.
    pub fn on_exceed(&self, budget: &Budget) -> OnExceed {
        self.hard.iter().find(|other| other.id == budget.id).map_or(OnExceed::Block, |budget| budget.on_exceed)
    }
}

/// The budgets and what is spent and held in them.
#[derive(Default)]
pub struct Book {
    state: Mutex<State>,
    /// Read while a call's row is written and its money closed: who writes knows that there is no call between the two.
    closing: RwLock<()>,
    is_loading: AtomicBool,
    is_used: AtomicBool,
}

impl Book {
    /// A book without budgets.
    pub fn new() -> Book {
        Book::default()
    }

    /// Whether there is any budget: if not, nothing needs to be asked.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Relaxed)
    }

    /// To be called before the row of a call that is over is written, and held until it is closed here. So rows stand in the
    /// order in which money comes free and is held again.
    pub fn closing(&self, call: TraceId) -> RwLockReadGuard<'_, ()> {
        let guard = self.closing.read().unwrap_or_else(PoisonError::into_inner);
        if self.is_loading.load(Relaxed) {
            self.lock().closed.insert(call);
        }
        guard
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes these budgets over in place of all that it has. Budgets that go on keep their sums. Gives the time from which on
    /// charges must be read for the others, with [`Book::take_in`] and [`Book::loaded`]; they are in force after that.
    pub fn reload(&self, budgets: Vec<Budget>, now: Time) -> Option<Time> {
        let _nobody_closes = self.closing.write().unwrap_or_else(PoisonError::into_inner);
        let mut state = self.lock();
        self.is_used.store(!budgets.is_empty(), Relaxed);
        let since = state.reload(budgets, now);
        self.is_loading.store(since.is_some(), Relaxed);
        state.serve_line(now);
        since
    }

    /// Adds what was charged before, to budgets that are not loaded yet.
    pub fn take_in(&self, charges: &[Charge]) {
        let mut state = self.lock();
        for charge in charges {
            if charge.is_batch {
                state.batches.insert(charge.call);
            }
            if !state.closed.contains(&charge.call) {
                state.charge(charge, |account| account.is_loading);
            }
        }
    }

    /// All charges were taken in.
    pub fn loaded(&self, now: Time) {
        let mut state = self.lock();
        state.accounts.values_mut().for_each(|account| account.is_loading = false);
        state.closed = HashSet::new();
        self.is_loading.store(false, Relaxed);
        state.serve_line(now);
    }

    /// The budgets that apply.
    pub fn find(&self, payer: &Payer, call: TraceId, now: Time) -> Found {
        let mut state = self.lock();
        let mut found = Found::default();
        for id in state.accounts_of(payer, now) {
            let Some(account) = state.accounts.get_mut(&id).filter(|account| !account.is_loading) else { continue };
            if !account.budget.is_soft {
                found.hard.push(account.budget.clone());
                continue;
            }
            let limit = i128::from(account.budget.limit_at(now).pico());
            let window = account.window(call.time());
            if window.spent >= limit {
                let spent = money(window.spent);
                found.warnings.push(format!("{}: ${spent} spent of {}", account.label(), account.budget.words(now)));
            }
        }
        found
    }

    /// Asks for a hold in every hard budget that applies, or in none.
    pub fn ask(&self, question: Question) -> Asked<'_> {
        let mut state = self.lock();
        let accounts = state.hard_accounts(&question);
        let is_behind = || accounts.iter().any(|id| state.accounts.get(id).is_some_and(|account| account.waiting > 0));
        let is_behind = is_behind();
        match state.judge(&question, &accounts) {
            Verdict::Fits if !is_behind => Asked::Held(state.hold(question)),
            Verdict::Never(refusal) => Asked::Refused(refusal),
            Verdict::Fits | Verdict::Later(_) => {
                let (sender, answer) = oneshot::channel();
                let number = state.number();
                for id in &accounts {
                    if let Some(account) = state.accounts.get_mut(id) {
                        account.waiting += 1;
                    }
                }
                state.line.push_back(Waiter { number, question: question.clone(), accounts, answer: sender });
                Asked::Wait(Waiting { book: self, number, answer, question })
            }
        }
    }

    /// Enters a hold that was given elsewhere, whether it fits or not.
    pub fn enter_hold(&self, charge: &Charge, now: Time) {
        let payer = Arc::new(charge.payer.clone());
        self.lock().hold(Question { payer, call: charge.call, amount: charge.cost, now });
    }

    /// Takes a call out of the line whose time is over; what it is refused with.
    pub(super) fn leave(&self, number: u64, question: &Question) -> Result<HoldId, Refusal> {
        let mut state = self.lock();
        state.remove_waiter(number);
        let accounts = state.hard_accounts(question);
        let verdict = state.judge(question, &accounts);
        let answer = match verdict {
            // It fits by now, and nobody may be refused who fits.
            Verdict::Fits => Ok(state.hold(question.clone())),
            Verdict::Later(refusal) | Verdict::Never(refusal) => Err(Refusal { has_waited: true, ..*refusal }),
        };
        state.serve_line(Time::now());
        answer
    }

    pub(super) fn give_up(&self, number: u64) {
        let mut state = self.lock();
        if state.remove_waiter(number) {
            state.serve_line(Time::now());
        }
    }

    /// Gives a hold back: the call costs nothing.
    pub fn release(&self, hold: HoldId) {
        let mut state = self.lock();
        state.unhold(hold);
        state.serve_line(Time::now());
    }

    /// Writes the cost of a call that is over in the place of its holds.
    pub fn close(&self, holds: &[HoldId], charge: &Charge, now: Time) -> Vec<Event> {
        let mut state = self.lock();
        if charge.is_batch && !state.batches.insert(charge.call) {
            return Vec::new();
        }
        let held: Vec<Money> =
            holds.iter().filter_map(|hold| state.unhold(*hold)).map(|held| held.question.amount).collect();
        let held = (!held.is_empty()).then(|| held.into_iter().sum());
        state.accounts_of(&charge.payer, now);
        state.charge(charge, |_| true);
        let news = state.news(charge, held, now);
        state.serve_line(now);
        news
    }

    /// Corrects what was charged for a call.
    pub fn correct(&self, charge: &Charge, before: Money) {
        let mut state = self.lock();
        let difference = Money::from_pico(charge.cost.pico().saturating_sub(before.pico()));
        state.charge(&Charge { cost: difference, ..charge.clone() }, |account| !account.is_loading);
    }

    /// How every budget stands, sessions apart.
    pub fn balances(&self, now: Time) -> Vec<Balance> {
        let mut state = self.lock();
        let mut all: Vec<Balance> = state.accounts.values_mut().map(|account| account.balance(now)).collect();
        all.sort_by(|a, b| (a.budget.id, &a.session).cmp(&(b.budget.id, &b.session)));
        all
    }

    /// The calls that hold money in a budget, and how much.
    pub fn holds(&self, budget: BudgetId) -> Vec<(TraceId, Money)> {
        let state = self.lock();
        let is_of = |(id, _): &(AccountId, Time)| state.accounts.get(id).is_some_and(|a| a.budget.id == budget);
        let of = state.holds.values().filter(|held| held.places.iter().any(is_of));
        let mut holds: Vec<_> = of.map(|held| (held.question.call, held.question.amount)).collect();
        holds.sort();
        holds
    }
}
