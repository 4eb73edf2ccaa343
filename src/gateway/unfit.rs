//! What is done with a call that does not fit into a budget, where the budget says so: its answer is limited to what fits, or it
//! goes to a cheaper model.

use super::Worker;
use super::call::{Call, Caller, Outcome, Target};
use super::ceiling;
use super::record::Trace;
use super::route::{self, Plan};
use super::snapshot::Link;
use crate::budget::{Bound, Most};
use crate::dialect::limited;
use crate::records::OnExceed;
use crate::types::{Money, TraceId};
use serde::Deserialize;

/// An answer shorter than this is of no use, and some vendors refuse to give one.
const SHORTEST: u64 = 16;

/// A way out for a call that does not fit.
#[derive(Clone, Debug)]
pub(crate) enum Offer {
    /// It fits with so many tokens of answer.
    Shorter { most: u64, budget: String },
    /// It may go to a model that costs less than what is left.
    Cheaper { left: Money, most: Most, budget: String },
}

impl Offer {
    /// The way out that a budget gives, if it does.
    pub fn of(way: OnExceed, bound: &Bound, (left, budget): (Money, &str)) -> Option<Offer> {
        let budget = budget.to_owned();
        match way {
            OnExceed::Block => None,
            OnExceed::Cheaper => Some(Offer::Cheaper { left, most: bound.most(), budget }),
            OnExceed::Shorten => {
                let most = bound.output_within(left).filter(|most| *most >= SHORTEST && *most < bound.tokens().1)?;
                Some(Offer::Shorter { most, budget })
            }
        }
    }
}

/// Makes a call fit by the way out that its budget left: then that target is to be asked. None where there is no way.
///
/// # Errors
/// As [`shorten`].
pub(super) fn make_fit(
    worker: &Worker,
    (caller, call, target): (&Caller, &mut Call, &Target),
    trace: &mut Trace,
) -> Outcome<Option<Target>> {
    match trace.take_offer() {
        None => Ok(None),
        Some(Offer::Shorter { most, budget }) => {
            let is_shorter = shorten(call, target, (most, &budget))?;
            if is_shorter {
                trace.way_out(format!("{budget}: answer limited to {most} tokens"));
            }
            Ok(is_shorter.then(|| target.clone()))
        }
        Some(Offer::Cheaper { left, most, budget }) => {
            let found = cheaper(worker, (caller, call, target), (left, most), trace.id());
            let other = found.and_then(|plan| plan.targets().first().cloned());
            if let Some(other) = &other {
                trace.way_out(format!("{budget}: {} in place of {}", other.name(), target.name()));
            }
            Ok(other)
        }
    }
}

/// Limits the answer of a call, and notes that; false where that is of no use.
///
/// # Errors
/// The request cannot be read any more.
fn shorten(call: &mut Call, target: &Target, (most, budget): (u64, &str)) -> Outcome<bool> {
    let quirks = &target.provider.record.quirks;
    let Some(place) = call.dialect.limit_place(call.task, quirks) else { return Ok(false) };
    if thinking(&call.body).is_some_and(|thinking| thinking >= most) {
        return Ok(false);
    }
    let Some(body) = limited(call.text(), place, most) else { return Ok(false) };
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let (peek, thread) = (call.dialect.peek(call.task, text, &call.url)?, call.dialect.thread(text)?);
    let name = place.names.first().copied().unwrap_or_default();
    (call.peek, call.thread, call.body) = (peek, thread, body);
    call.dropped.push(format!("{name} (limited to {most} by the budget {budget})"));
    Ok(true)
}

/// The tokens that Anthropic's models are to think with, which must stay below the limit.
fn thinking(body: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Request {
        thinking: Thinking,
    }
    #[derive(Deserialize)]
    struct Thinking {
        budget_tokens: u64,
    }
    memchr::memmem::find(body, b"\"budget_tokens\"")?;
    serde_json::from_slice::<Request>(body).ok().map(|request| request.thinking.budget_tokens)
}

/// The dearest model that costs less than what is left, among those that the caller may call and that have what it needs: one of the
/// same provider where there is one, and no sandbox in the place of a model.
fn cheaper(
    worker: &Worker,
    (caller, call, target): (&Caller, &Call, &Target),
    (left, most): (Money, Most),
    at: TraceId,
) -> Option<Plan> {
    let cards = &worker.gateway().cards;
    let price = |target: &Target| {
        let card = target.card.as_ref()?;
        let limit = card.max_output_tokens.unwrap_or(u64::MAX);
        let most = Most { output: most.output.min(limit), ..most };
        Some(Bound::new(ceiling::standard_rates(card, at.time(), most.input), most)?.total())
    };
    let now = price(target);
    let takes = |other: &Target| {
        let (Some(own), Some(card)) = (target.card.as_ref(), other.card.as_ref()) else { return None };
        let holds = card.context_window.is_none_or(|window| window >= most.input.min(own.context_window.unwrap_or(0)));
        let fits = price(other).filter(|price| *price <= left && now.is_none_or(|now| *price < now));
        let is_real = !matches!(other.provider.link, Link::Sandbox) || matches!(target.provider.link, Link::Sandbox);
        let is_near = other.provider.record.id == target.provider.record.id;
        fits.filter(|_| card.mode == own.mode && holds && is_real).map(|price| (is_near, price))
    };
    route::best(cards, caller, call, takes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_are_found() {
        assert_eq!(thinking(br#"{"thinking":{"type":"enabled","budget_tokens":2048}}"#), Some(2048));
        assert_eq!(thinking(br#"{"messages":["\"budget_tokens\""]}"#), None);
    }
}
