//! The fourth stage: which targets, in which order.

use super::authorise::{self, Grant};
use super::call::{Call, Caller, Outcome, Target};
use super::cards::Cards;
use super::{models, needs};
use crate::records::{Feature, Route};
use std::sync::Arc;

/// Where a granted call may go, in the order of trying. Only this makes one, and only of a [`Grant`]:
/// a call that nobody authorised has no plan and cannot be dispatched.
pub(crate) struct Plan {
    targets: Vec<Target>,
    route: Option<Arc<Route>>,
}

impl Plan {
    /// The targets, the first to try first.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The routing rule that gave the name its meaning.
    pub fn route(&self) -> Option<&Arc<Route>> {
        self.route.as_ref()
    }
}

/// The targets of a granted call that is only carried: what it needs nobody here knows.
pub(crate) fn carried(grant: Grant) -> Plan {
    let (target, route) = grant.into_parts();
    Plan { targets: vec![target], route }
}

/// The model that `worth` gives most for, among those that the caller may call by name and that are not known to lack what the call
/// needs.
pub(crate) fn best<T: Ord>(
    cards: &Cards,
    caller: &Caller,
    call: &Call,
    worth: impl Fn(&Target) -> Option<T>,
) -> Option<Plan> {
    let able = |target: &Target| {
        let tools = !call.peek.tools || target.has(Feature::Tools) == Some(true);
        tools && needs::lacking(target, call).is_none()
    };
    let names = models::callable(cards, caller).into_iter().map(|card| card.id);
    let found = names.filter_map(|name| authorise::authorise_model(cards, caller, &name).ok());
    let targets = found.filter(|grant| grant.route().is_none());
    let valued = targets.filter_map(|grant| Some((worth(grant.target())?, grant)));
    let able = valued.filter(|(_, grant)| able(grant.target()));
    let (_, grant) = able.max_by(|(one, _), (other, _)| one.cmp(other))?;
    Some(carried(grant))
}

/// The targets of a granted call. A name means one model, so there is one.
///
/// # Errors
/// [`crate::canonical::Code::UnsupportedFeature`] where the model is known to lack what the call needs.
pub(crate) fn route(cards: &Cards, caller: &Caller, call: &Call, grant: Grant) -> Outcome<Plan> {
    let (target, route) = grant.into_parts();
    needs::check(cards, caller, &target, call)?;
    Ok(Plan { targets: vec![target], route })
}
