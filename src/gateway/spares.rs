//! The further keys of a provider: calls take them in turn, and one that was refused rests for a while.

use super::snapshot::{Link, ProviderState};
use crate::catalogue::Agreement;
use crate::records::Sheet;
use crate::types::Time;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

/// A key that was not accepted is tried again after this.
const REJECTED: Duration = Duration::from_secs(60);
/// One that had too many calls, where the provider does not say when.
const CROWDED: Duration = Duration::from_secs(10);

/// What a provider has beside its first key.
#[derive(Default)]
pub(crate) struct Spares {
    others: Vec<Arc<ProviderState>>,
    turn: AtomicUsize,
    /// When this one's own key may be used again, in unix milliseconds.
    rests_until: AtomicI64,
}

impl Spares {
    /// These states, each with another key; those that cannot be used are left out.
    pub fn of(states: impl Iterator<Item = ProviderState>) -> Spares {
        let usable = states.filter(|state| !matches!(state.link, Link::Faulty(_)));
        Spares { others: usable.map(Arc::new).collect(), ..Spares::default() }
    }

    /// Lets all keys know what the models turned out to do, and what is paid for them. To be called before anybody has
    /// them.
    pub fn learn(&mut self, sheets: &HashMap<String, Sheet>, contracts: &HashMap<String, Agreement>) {
        for other in self.others.iter_mut().filter_map(Arc::get_mut) {
            other.sheets.clone_from(sheets);
            other.contracts.clone_from(contracts);
        }
    }
}

impl ProviderState {
    /// The provider with the key whose turn it is; where all rest, with any.
    pub fn in_turn(self: &Arc<ProviderState>, now: Time) -> Arc<ProviderState> {
        let others = &self.spares.others;
        if others.is_empty() {
            return self.clone();
        }
        let count = others.len() + 1;
        let first = self.spares.turn.fetch_add(1, Relaxed);
        let at = |turn: usize| match turn % count {
            0 => self,
            place => &others[place - 1],
        };
        let awake = |state: &&Arc<ProviderState>| state.spares.rests_until.load(Relaxed) <= now.millis();
        (0..count).map(|step| at(first.wrapping_add(step))).find(awake).unwrap_or_else(|| at(first)).clone()
    }

    /// Notes how the provider refused this key: another one is taken for a while.
    pub fn refused(&self, status: u16, retry_after: Option<Duration>, now: Time) {
        let span = match status {
            401 | 403 => REJECTED,
            429 => retry_after.unwrap_or(CROWDED).min(REJECTED),
            _ => return,
        };
        self.spares.rests_until.store(now.after(span).millis(), Relaxed);
    }
}
