//! Row ids as distinct types, and the ids of traces.

use super::Time;
use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};

macro_rules! row_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub struct $name(pub i64);
    )*};
}

row_id! {
    /// An organisation.
    OrgId;
    /// A user of one organisation.
    UserId;
    /// A registered provider of one organisation.
    ProviderId;
    /// A virtual key of one organisation.
    KeyId;
    /// A routing rule of one organisation.
    RouteId;
    /// A budget of one organisation.
    BudgetId;
    /// A limit of one organisation.
    LimitId;
    /// A team of one organisation.
    TeamId;
    /// A guardrail of one organisation.
    GuardrailId;
    /// A policy of one organisation.
    PolicyId;
}

/// Ids count from this moment (2020-01-01), so that they stay short.
const EPOCH_MS: i64 = 1_577_836_800_000;
const SEQUENCE_BITS: u32 = 20;
const PREFIX: &str = "tr_";
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const DIGITS: usize = 13;

/// The id of one trace: milliseconds and a counter in 63 bits, so that ids sort by time and the
/// table needs no other index for it. Written as `tr_` and 13 characters of Crockford's base 32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TraceId(pub i64);

impl TraceId {
    /// How many ids one millisecond has.
    pub const WITHIN_A_MILLISECOND: i64 = 1 << SEQUENCE_BITS;

    /// The smallest id that a call arriving at `time` can have.
    pub fn first_at(time: Time) -> TraceId {
        TraceId((time.millis() - EPOCH_MS).max(0) << SEQUENCE_BITS)
    }

    /// When the call arrived.
    pub fn time(self) -> Time {
        Time::from_millis((self.0 >> SEQUENCE_BITS) + EPOCH_MS)
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0u8; DIGITS];
        for (place, byte) in text.iter_mut().enumerate() {
            let shift = 5 * (DIGITS - 1 - place);
            *byte = ALPHABET[((self.0 as u64 >> shift) & 31) as usize];
        }
        f.pad(&format!("{PREFIX}{}", String::from_utf8_lossy(&text)))
    }
}

impl Serialize for TraceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for TraceId {
    type Err = String;

    fn from_str(text: &str) -> Result<TraceId, String> {
        let wrong = || format!("`{text}` is not a trace id; one looks like tr_01hv3mm8k2e4q");
        let digits = text.strip_prefix(PREFIX).unwrap_or(text).to_ascii_lowercase();
        if digits.len() != DIGITS {
            return Err(wrong());
        }
        digits
            .bytes()
            .try_fold(0u64, |value, byte| {
                let digit = ALPHABET.iter().position(|&letter| letter == byte).ok_or_else(wrong)?;
                Ok(value << 5 | digit as u64)
            })
            .and_then(|value| i64::try_from(value).map(TraceId).map_err(|_| wrong()))
    }
}

/// Makes trace ids: each larger than all before it, also when the clock steps back.
pub struct TraceIds(AtomicI64);

impl TraceIds {
    /// Ids larger than `last`, the largest one that the store holds.
    pub fn after(last: Option<TraceId>) -> TraceIds {
        TraceIds(AtomicI64::new(last.map_or(0, |id| id.0)))
    }

    /// The id of a call that arrives now.
    pub fn next(&self, now: Time) -> TraceId {
        let floor = TraceId::first_at(now).0;
        let raise = |last: i64| Some(floor.max(last + 1));
        let last = self.0.fetch_update(Relaxed, Relaxed, raise).unwrap_or_else(|last| last);
        TraceId(floor.max(last + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_when_the_clock_steps_back() {
        let ids = TraceIds::after(None);
        let late = ids.next(Time::from_millis(EPOCH_MS + 5_000));
        let early = ids.next(Time::from_millis(EPOCH_MS + 1_000));
        assert!(early > late);
        assert_eq!(late.time().millis(), EPOCH_MS + 5_000);
    }

    #[test]
    fn text_and_number_agree() {
        let id = TraceIds::after(None).next(Time::now());
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!("tr_1".parse::<TraceId>().is_err());
        assert!("tr_uuuuuuuuuuuuu".parse::<TraceId>().is_err());
    }
}
