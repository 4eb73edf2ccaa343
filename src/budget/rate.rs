//! Rate limits: requests and tokens in any minute, and calls at once.
//!
//! A minute is counted in seconds: what happened in one counts until that second is a minute past as a whole, so no 60
//! seconds have more than the limit. Of the tokens of a call its prompt is counted by a guess when it comes, and all of
//! them, as they are billed, when it is over; they stand in the second in which it came.

use super::account::AccountId;
use super::index::Index;
use crate::records::{Limit, Payer};
use crate::types::{LimitId, Time};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Seconds for which one counts: itself, and the minute after it.
const COUNTS_FOR: i64 = 61;

/// What is limited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Requests a minute.
    Requests,
    /// Tokens a minute.
    Tokens,
    /// Calls at once.
    Parallel,
}

impl Kind {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Kind::Requests => "requests a minute",
            Kind::Tokens => "tokens a minute",
            Kind::Parallel => "calls at once",
        }
    }
}

/// How one limit stands for a caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Left {
    /// The limit.
    pub limit: u64,
    /// How many are left.
    pub remaining: u64,
    /// When all of it is there again.
    pub reset: Duration,
}

/// The tightest limits of a call, for the headers of its answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Requests a minute.
    pub requests: Option<Left>,
    /// Tokens a minute.
    pub tokens: Option<Left>,
}

/// A call that may not be made now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Limited {
    /// Whose limit: `key:ci`.
    pub label: String,
    /// Of what.
    pub kind: Kind,
    /// The limit.
    pub limit: u64,
    /// After that it can be made, if nobody else calls.
    pub wait: Duration,
    /// How the limits stand.
    pub standing: Standing,
}

/// All limits, and what was done within them.
#[derive(Default)]
pub struct Gate {
    state: Mutex<State>,
    is_used: AtomicBool,
}

#[derive(Default)]
struct State {
    index: Index,
    meters: HashMap<AccountId, Meter>,
}

struct Meter {
    limit: Arc<Limit>,
    /// Second, requests and tokens, oldest first; only seconds in which there were any.
    seconds: VecDeque<(i64, u64, u64)>,
    requests: u64,
    tokens: u64,
    parallel: u64,
}

/// A call that was let in. Dropped, it is over.
pub struct Pass {
    gate: Arc<Gate>,
    meters: Vec<AccountId>,
    second: i64,
    guessed: u64,
    actual: Option<u64>,
    /// How the limits stand with it.
    pub standing: Standing,
}

impl Pass {
    /// What the call consumed.
    pub fn consumed(&mut self, tokens: u64) {
        self.actual = Some(tokens);
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.leave(self);
    }
}

impl Gate {
    /// A gate without limits.
    pub fn new() -> Gate {
        Gate::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes these limits over in place of all that it has. What was counted for those that stay goes on.
    pub fn reload(&self, limits: Vec<Limit>) {
        let mut state = self.lock();
        self.is_used.store(!limits.is_empty(), Relaxed);
        let mut old = std::mem::take(&mut state.meters);
        state.index = Index::default();
        for limit in limits {
            let id = number(limit.id);
            state.index.put_scope(limit.org, &limit.scope, id);
            let limit = Arc::new(limit);
            let meter = match old.remove(&id) {
                Some(meter) => Meter { limit, ..meter },
                None => Meter { limit, seconds: VecDeque::new(), requests: 0, tokens: 0, parallel: 0 },
            };
            state.meters.insert(id, meter);
        }
    }

    /// Whether there is any limit: if not, nothing needs to be asked.
    pub fn is_used(&self) -> bool {
        self.is_used.load(Relaxed)
    }

    /// Lets a call in, by all limits that apply to it; its prompt has about so many tokens.
    ///
    /// # Errors
    /// The limit that it would exceed for the longest time.
    pub fn enter(self: &Arc<Gate>, payer: &Payer, tokens: u64, now: Time) -> Result<Pass, Box<Limited>> {
        let mut guard = self.lock();
        let state = &mut *guard;
        let mut meters = Vec::new();
        // Limits have no sessions.
        state.index.find(payer, &mut meters);
        meters.retain(|id| state.meters.contains_key(id));
        let mut worst: Option<Limited> = None;
        for id in &meters {
            let Some(meter) = state.meters.get_mut(id) else { continue };
            meter.forget(now);
            for (kind, limit, wait) in meter.refusals(tokens, now) {
                if worst.as_ref().is_none_or(|other| wait > other.wait) {
                    let (label, standing) = (meter.limit.label.clone(), Standing::default());
                    worst = Some(Limited { label, kind, limit, wait, standing });
                }
            }
        }
        if let Some(limited) = worst {
            return Err(Box::new(Limited { standing: state.standing(&meters, now), ..limited }));
        }
        let second = second(now);
        for id in &meters {
            if let Some(meter) = state.meters.get_mut(id) {
                meter.count(second, 1, tokens);
                meter.parallel += 1;
            }
        }
        let standing = state.standing(&meters, now);
        drop(guard);
        Ok(Pass { gate: self.clone(), meters, second, guessed: tokens, actual: None, standing })
    }

    fn leave(&self, pass: &Pass) {
        let mut state = self.lock();
        for id in &pass.meters {
            if let Some(meter) = state.meters.get_mut(id) {
                meter.parallel = meter.parallel.saturating_sub(1);
                if let Some(actual) = pass.actual {
                    meter.correct(pass.second, pass.guessed, actual);
                }
            }
        }
    }
}

impl State {
    fn standing(&self, meters: &[AccountId], now: Time) -> Standing {
        let mut standing = Standing::default();
        for meter in meters.iter().filter_map(|id| self.meters.get(id)) {
            let reset = meter.seconds.back().map_or(Duration::ZERO, |(last, ..)| until(*last, now));
            let left = |limit: u64, used: u64| Left { limit, remaining: limit.saturating_sub(used), reset };
            let tighter = |one: Option<Left>, other: Left| match one {
                Some(one) if one.remaining <= other.remaining => Some(one),
                _ => Some(other),
            };
            let caps = &meter.limit.caps;
            if let Some(limit) = caps.requests {
                standing.requests = tighter(standing.requests, left(limit, meter.requests));
            }
            if let Some(limit) = caps.tokens {
                standing.tokens = tighter(standing.tokens, left(limit, meter.tokens));
            }
        }
        standing
    }
}

impl Meter {
    /// Leaves out what is past.
    fn forget(&mut self, now: Time) {
        let present = second(now);
        while let Some((at, requests, tokens)) = self.seconds.front().copied() {
            if at + COUNTS_FOR > present {
                return;
            }
            self.seconds.pop_front();
            (self.requests, self.tokens) = (self.requests - requests, self.tokens - tokens);
        }
    }

    fn count(&mut self, second: i64, requests: u64, tokens: u64) {
        match self.seconds.iter_mut().rev().find(|(at, ..)| *at == second) {
            Some(slot) => (slot.1, slot.2) = (slot.1 + requests, slot.2 + tokens),
            None => {
                let place = self.seconds.partition_point(|(at, ..)| *at < second);
                self.seconds.insert(place, (second, requests, tokens));
            }
        }
        (self.requests, self.tokens) = (self.requests + requests, self.tokens + tokens);
    }

    /// Puts the true number in the place of the guess, unless its second is past.
    fn correct(&mut self, second: i64, guessed: u64, actual: u64) {
        if let Some(slot) = self.seconds.iter_mut().find(|(at, ..)| *at == second) {
            let guessed = guessed.min(slot.2);
            slot.2 = slot.2 - guessed + actual;
            self.tokens = self.tokens - guessed + actual;
        }
    }

    /// What the next call would exceed, and after how long it would not.
    fn refusals(&self, tokens: u64, now: Time) -> Vec<(Kind, u64, Duration)> {
        let mut refusals = Vec::new();
        let caps = &self.limit.caps;
        if let Some(limit) = caps.requests.filter(|limit| self.requests + 1 > *limit) {
            let wait = self.wait(now, (self.requests + 1).saturating_sub(limit), |slot| slot.1);
            refusals.push((Kind::Requests, limit, wait));
        }
        if let Some(limit) = caps.tokens {
            // A call that is larger than the limit is let in where nothing else is counted.
            let wanted = tokens.min(limit).max(1);
            if self.tokens + wanted > limit {
                refusals.push((Kind::Tokens, limit, self.wait(now, self.tokens + wanted - limit, |slot| slot.2)));
            }
        }
        if let Some(limit) = caps.parallel.filter(|limit| self.parallel + 1 > *limit) {
            refusals.push((Kind::Parallel, limit, Duration::from_secs(1)));
        }
        refusals
    }

    /// Until so many no longer count.
    fn wait(&self, now: Time, excess: u64, of: impl Fn(&(i64, u64, u64)) -> u64) -> Duration {
        let mut gone = 0;
        for slot in &self.seconds {
            gone += of(slot);
            if gone >= excess {
                return until(slot.0, now);
            }
        }
        // A limit of nothing lets nobody in.
        Duration::from_secs(60)
    }
}

fn number(id: LimitId) -> AccountId {
    u64::try_from(id.0).unwrap_or_default()
}

fn second(time: Time) -> i64 {
    time.millis().div_euclid(1000)
}

/// Until a second no longer counts.
fn until(counted: i64, now: Time) -> Duration {
    let millis = (counted + COUNTS_FOR) * 1000 - now.millis();
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::{Caps, Scope};
    use crate::types::{KeyId, OrgId};
    use proptest::prelude::*;

    const NOW: Time = Time::from_millis(1_800_000_000_400);

    fn gate(limits: &[(Scope, Caps)]) -> Arc<Gate> {
        let gate = Arc::new(Gate::new());
        let limit = |(id, (scope, caps)): (usize, &(Scope, Caps))| Limit {
            id: LimitId(id as i64 + 1),
            org: OrgId(1),
            scope: scope.clone(),
            label: format!("limit-{id}"),
            caps: *caps,
            created: NOW,
        };
        gate.reload(limits.iter().enumerate().map(limit).collect());
        gate
    }

    fn payer(key: i64) -> Payer {
        let (tags, session) = (Default::default(), None);
        let (team, user, provider, model) = (None, None, None, None);
        Payer { org: OrgId(1), team, user, key: Some(KeyId(key)), provider, model, tags, session }
    }

    fn requests(limit: u64) -> Caps {
        Caps { requests: Some(limit), ..Caps::default() }
    }

    fn after(millis: u64) -> Time {
        NOW.after(Duration::from_millis(millis))
    }

    #[test]
    fn requests_come_back_after_the_wait_and_not_before() {
        let gate = gate(&[(Scope::Key(KeyId(7)), requests(2))]);
        let first = gate.enter(&payer(7), 0, NOW).ok().unwrap();
        let left = first.standing.requests.unwrap();
        assert_eq!((left.limit, left.remaining), (2, 1));
        gate.enter(&payer(7), 0, after(1000)).ok().unwrap();
        let refused = gate.enter(&payer(7), 0, after(5000)).err().unwrap();
        assert_eq!((refused.kind, refused.limit, refused.standing.requests.unwrap().remaining), (Kind::Requests, 2, 0));
        let wait = u64::try_from(refused.wait.as_millis()).unwrap();
        assert!((55_000..=56_000).contains(&wait), "{wait}");
        assert!(gate.enter(&payer(7), 0, after(5000 + wait - 1)).is_err());
        assert!(gate.enter(&payer(7), 0, after(5000 + wait)).is_ok());
        assert!(gate.enter(&payer(8), 0, after(5000)).is_ok(), "another key");
    }

    #[test]
    fn tokens_count_as_they_were_billed() {
        let gate = gate(&[(Scope::Org, Caps { tokens: Some(100), ..Caps::default() })]);
        let mut pass = gate.enter(&payer(7), 10, NOW).ok().unwrap();
        pass.consumed(95);
        drop(pass);
        assert!(gate.enter(&payer(7), 5, NOW).is_ok());
        assert_eq!(gate.enter(&payer(7), 1, NOW).err().unwrap().kind, Kind::Tokens);
        assert!(gate.enter(&payer(7), 5000, after(61_000)).is_ok(), "nothing else is counted");
        assert!(gate.enter(&payer(7), 1, after(62_000)).is_err());
    }

    #[test]
    fn calls_at_once_are_let_in_as_others_end() {
        let gate = gate(&[(Scope::Org, Caps { parallel: Some(1), ..Caps::default() })]);
        let pass = gate.enter(&payer(7), 0, NOW).ok().unwrap();
        let refused = gate.enter(&payer(8), 0, NOW).err().unwrap();
        assert_eq!((refused.kind, refused.wait), (Kind::Parallel, Duration::from_secs(1)));
        drop(pass);
        assert!(gate.enter(&payer(8), 0, NOW).is_ok());
    }

    #[test]
    fn a_call_counts_in_all_limits_or_in_none() {
        let gate = gate(&[(Scope::Org, requests(1)), (Scope::Key(KeyId(7)), requests(5))]);
        assert!(gate.enter(&payer(7), 0, NOW).is_ok());
        for _ in 0..9 {
            assert_eq!(gate.enter(&payer(7), 0, NOW).err().unwrap().label, "limit-0");
        }
        let key = Limit { ..(*gate.lock().meters[&2].limit).clone() };
        gate.reload(vec![key]);
        let left = gate.enter(&payer(7), 0, NOW).ok().unwrap().standing.requests.unwrap();
        assert_eq!(left.remaining, 3, "what was counted goes on");
    }

    proptest! {
        #[test]
        fn no_minute_has_more_than_the_limit(gaps in prop::collection::vec(0u64..9000, 1..200), limit in 1u64..12) {
            let gate = gate(&[(Scope::Org, requests(limit))]);
            let mut now = 0;
            let mut entered: Vec<u64> = Vec::new();
            for gap in gaps {
                now += gap;
                match gate.enter(&payer(7), 0, after(now)) {
                    Ok(_) => entered.push(now),
                    Err(limited) => {
                        let recent = entered.iter().filter(|at| **at + 61_000 > now).count() as u64;
                        prop_assert!(recent >= limit, "refused falsely");
                        let wait = u64::try_from(limited.wait.as_millis()).unwrap();
                        prop_assert!(wait > 0 && wait <= 61_000);
                    }
                }
                let minute = entered.iter().filter(|at| **at + 60_000 > now).count() as u64;
                prop_assert!(minute <= limit);
            }
        }
    }
}
