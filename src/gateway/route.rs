//! The fourth stage: which targets, in which order.

use super::authorise::Grant;
use super::call::{Call, Caller, Outcome, Target};
use super::cards::Cards;
use super::needs;
use crate::records::Route;
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

/// The targets of a granted call. A name means one model, so there is one.
///
/// # Errors
/// [`crate::canonical::Code::UnsupportedFeature`] where the model is known to lack what the call needs.
pub(crate) fn route(cards: &Cards, caller: &Caller, call: &Call, grant: Grant) -> Outcome<Plan> {
    let (target, route) = grant.into_parts();
    needs::check(cards, caller, &target, call)?;
    Ok(Plan { targets: vec![target], route })
}
