//! Money that is held for an attempt before it goes out: a price that the attempt cannot exceed, in every budget that
//! applies to the call, or in none.
//!
//! Nothing is sent without a [`Hold`], and only this file makes one. Under a hard budget it is safe from `kill -9` before the
//! call leaves: the row that says that the call is under way has the held amount as its cost. The trace takes the hold along and
//! closes it when it is written.

use super::call::{Ask, Outcome, Target};
use super::ceiling;
use super::record::Trace;
use super::stream::MOST_WAIT_FOR_STORAGE;
use super::translate::Translated;
use super::{Gateway, Worker};
use crate::budget::{Asked, Bound, Found, HoldId, Question, Refusal};
use crate::canonical::{Code, Complaint};
use crate::price::Rates;
use crate::records::{Budget, Payer};
use crate::types::{Money, Task, Time, TraceId, Usage};
use std::sync::Arc;
use std::time::Duration;

/// So long a call waits for what other calls hold.
const PATIENCE: Duration = Duration::from_secs(10);

/// The permission to send one attempt, and the money that is held for it.
pub(crate) struct Hold {
    gateway: Arc<Gateway>,
    kept: Option<Kept>,
    /// The price of a model that has none of its own.
    default: Option<Arc<Rates>>,
    /// What the caller should know of its budgets.
    notes: Vec<String>,
}

struct Kept {
    id: HoldId,
    bound: Bound,
}

impl Hold {
    fn free(gateway: &Arc<Gateway>) -> Hold {
        Hold { gateway: gateway.clone(), kept: None, default: None, notes: Vec::new() }
    }

    /// What is held.
    pub fn amount(&self) -> Option<Money> {
        self.kept.as_ref().map(|kept| kept.bound.total())
    }

    /// What the attempt can have cost, where nobody says what it did.
    pub fn narrowed(&self, reported: Option<&Usage>) -> Option<Money> {
        self.kept.as_ref().map(|kept| kept.bound.narrowed(reported))
    }

    /// The price of a model that has none of its own.
    pub fn default_price(&self) -> Option<Arc<Rates>> {
        self.default.clone()
    }

    /// What the caller should know of its budgets, for a header.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Its place in the book, for who closes it there.
    pub fn into_id(mut self) -> Option<HoldId> {
        self.kept.take().map(|kept| kept.id)
    }
}

/// An attempt that is not made costs nothing.
impl Drop for Hold {
    fn drop(&mut self) {
        if let Some(kept) = self.kept.take() {
            self.gateway.book.release(kept.id);
        }
    }
}

/// Holds what the attempt can cost, in all hard budgets that apply; waits while only other calls' holds are in the way.
///
/// # Errors
/// [`Code::BudgetExceeded`], [`Code::PriceUnknown`]; [`Code::StorageUnavailable`] where the hold cannot be written down.
pub(crate) async fn obtain(
    worker: &Worker,
    ask: &Ask<'_>,
    translated: &Translated,
    trace: &mut Trace,
) -> Outcome<Hold> {
    let gateway = &worker.gateway;
    trace.next_attempt();
    let mut hold = Hold::free(gateway);
    if !gateway.book.is_used() || ask.call.task == Task::CountTokens {
        return Ok(hold);
    }
    let Some(payer) = trace.payer() else { return Ok(hold) };
    let found = gateway.book.find(&payer, trace.id(), Time::now());
    hold.notes.clone_from(&found.warnings);
    if found.hard.is_empty() {
        return Ok(hold);
    }
    let (bound, default) = bound(ask, translated, (&found, trace.id()))?;
    let amount = bound.total();
    let id = ask_for(gateway, (Arc::new(payer), trace.id()), amount).await?;
    let input = bound.tokens().0;
    (hold.kept, hold.default) = (Some(Kept { id, bound }), default.map(Arc::new));
    if amount > Money::ZERO {
        write_down(trace, amount, translated, input).await?;
    }
    Ok(hold)
}

/// What the attempt can cost at most, and the price of a model that has none.
fn bound(ask: &Ask<'_>, translated: &Translated, (found, call): (&Found, TraceId)) -> Outcome<(Bound, Option<Rates>)> {
    let most = ceiling::most(ask, translated).map_err(|why| unbounded(ask.target, found, why))?;
    let own = ceiling::rates(ask, translated, (call.time(), &most));
    if let Some(bound) = Bound::new(own, most) {
        return Ok((bound, None));
    }
    let default = ceiling::default_rates(&found.hard).ok_or_else(|| unpriced(ask.target, found))?;
    let bound = Bound::new(vec![default.clone()], most).ok_or_else(|| unpriced(ask.target, found))?;
    Ok((bound, Some(default)))
}

/// A hold of this amount, after a while if need be.
async fn ask_for(gateway: &Gateway, (payer, call): (Arc<Payer>, TraceId), amount: Money) -> Outcome<HoldId> {
    let question = Question { payer, call, amount, now: Time::now() };
    let refusal = match gateway.book.ask(question) {
        Asked::Held(id) => return Ok(id),
        Asked::Refused(refusal) => *refusal,
        Asked::Wait(waiting) => match waiting.wait(PATIENCE).await {
            Ok(id) => return Ok(id),
            Err(refusal) => refusal,
        },
    };
    gateway.ledger().tell(refusal.event(call, Time::now()));
    Err(exceeded(&refusal))
}

/// Before the call leaves, its hold stands where a killed process finds it again.
async fn write_down(trace: &mut Trace, amount: Money, translated: &Translated, most_input: u64) -> Outcome<()> {
    let roughly = (translated.bytes.len() as u64 / 4).min(most_input);
    let Some(ticket) = trace.announce_held(amount, roughly) else { return Ok(()) };
    if ticket.is_safe() || tokio::time::timeout(MOST_WAIT_FOR_STORAGE, ticket).await.is_ok() {
        return Ok(());
    }
    let message = "the gateway cannot write down what this call may cost, which its budget needs; look at the disk that holds \
        its home (`optscale-ai doctor` names it)";
    Err(Complaint::new(Code::StorageUnavailable, message).with_retry_after(Some(Duration::from_secs(2))))
}

/// The permission to send something that is only carried. What it costs nobody knows before it is done, so under a hard budget
/// only what costs nothing by itself goes out.
///
/// # Errors
/// [`Code::PriceUnknown`].
pub(crate) fn carried(worker: &Worker, target: &Target, is_free: bool, trace: &Trace) -> Outcome<Hold> {
    let gateway = &worker.gateway;
    let mut hold = Hold::free(gateway);
    let Some(payer) = trace.payer().filter(|_| gateway.book.is_used()) else { return Ok(hold) };
    let found = gateway.book.find(&payer, trace.id(), Time::now());
    hold.notes.clone_from(&found.warnings);
    if found.hard.is_empty() || is_free {
        return Ok(hold);
    }
    Err(unbounded(target, &found, "what a call to this endpoint costs is known only when it is over"))
}

fn exceeded(refusal: &Refusal) -> Complaint {
    let now = Time::now();
    let Refusal { label, budget, .. } = refusal;
    let resets = match refusal.resets {
        Some(at) => format!("it is full again at {at}"),
        None => "it is never full again".to_owned(),
    };
    let way = if budget.period == crate::records::Period::Total { "" } else { " --for 2h" };
    let held = match refusal.has_waited {
        true => format!(", and ${} is held for calls under way, which it waited for in vain", refusal.held),
        false => String::new(),
    };
    let message = format!(
        "this call can cost up to ${}, and the budget {label} of {} has ${} left{held}; {resets}. Ask for a shorter answer, or have \
         an administrator raise it: `optscale-ai budget raise {} AMOUNT{way}`",
        refusal.amount,
        budget.words(now),
        refusal.left(),
        budget.label
    );
    let mut facts = vec![
        ("scope", label.clone()),
        ("limit_usd", refusal.limit.to_string()),
        ("spent_usd", refusal.spent.to_string()),
        ("held_usd", refusal.held.to_string()),
        ("needed_usd", refusal.amount.to_string()),
    ];
    facts.extend(refusal.resets.map(|at| ("resets_at", at.to_string())));
    let wait = refusal.has_waited.then_some(PATIENCE);
    Complaint::new(Code::BudgetExceeded, message).with_retry_after(wait).with_facts(facts)
}

fn unpriced(target: &Target, found: &Found) -> Complaint {
    let budget = found.hard.iter().find(|budget| budget.default_price.is_none()).or(found.hard.first());
    let label = budget.map_or_else(String::new, |budget| budget.label.clone());
    let message = format!(
        "no price is known for {}, which the hard budget {label} needs; set one for such models with `optscale-ai budget set {} \
         --default-price IN/OUT` (US dollars for a million tokens), or ask another model",
        target.name(),
        budget.map_or_else(String::new, |budget| setting(budget))
    );
    Complaint::new(Code::PriceUnknown, message).with_facts(vec![("scope", label)])
}

fn unbounded(target: &Target, found: &Found, why: &str) -> Complaint {
    let label = found.hard.first().map_or_else(String::new, |budget| budget.label.clone());
    let message = format!(
        "the hard budget {label} needs to know what this call to {} can cost at most, and that is not known: {why}",
        target.provider.record.name
    );
    Complaint::new(Code::PriceUnknown, message).with_facts(vec![("scope", label)])
}

fn setting(budget: &Budget) -> String {
    format!("{} {}/{}", budget.label, budget.limit, budget.period.as_str())
}
