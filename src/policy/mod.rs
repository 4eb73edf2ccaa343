//! Which policies apply to a call, and what they come to. Pure: it is told what is known and looks nothing up.

mod stats;

pub use stats::{PolicyStats, add_up};

use crate::records::{GuardVerdict, Policy, Stage};
use crate::types::TraceId;

/// Whether a call is among those that a policy looks at. The same call always is, or is not: the id of its trace decides.
pub fn is_sampled(policy: &Policy, call: TraceId) -> bool {
    let rate = u64::from(policy.rule.sampling);
    rate >= 100 || spread(&policy.name, call) % 100 < rate
}

/// Whether a policy looks that way at all.
pub fn looks(policy: &Policy, way: Stage) -> bool {
    policy.enabled && policy.rule.stage.covers(way)
}

/// What a policy came to: the gravest of what its guardrails did.
pub fn gravest(verdicts: impl IntoIterator<Item = GuardVerdict>) -> GuardVerdict {
    verdicts.into_iter().max().unwrap_or(GuardVerdict::Passed)
}

/// A number that differs from call to call and from policy to policy (FNV-1a over both).
fn spread(policy: &str, call: TraceId) -> u64 {
    let bytes = policy.bytes().chain(call.0.to_le_bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    hash ^ (hash >> 29)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::PolicyRule;
    use crate::types::{OrgId, PolicyId, Time};

    fn policy(sampling: u8) -> Policy {
        let rule = PolicyRule { sampling, ..PolicyRule::default() };
        let created = Time::from_millis(0);
        Policy { id: PolicyId(1), org: OrgId(1), name: "p".into(), enabled: true, rule, created }
    }

    #[test]
    fn a_sample_is_as_large_as_it_says_and_always_the_same() {
        let sampled = |rate: u8| (0..10_000).filter(|id| is_sampled(&policy(rate), TraceId(*id << 20))).count();
        assert_eq!(sampled(100), 10_000);
        assert!((2_700..3_300).contains(&sampled(30)), "{}", sampled(30));
        assert_eq!(sampled(7), sampled(7));
    }

    #[test]
    fn the_gravest_counts() {
        use GuardVerdict::{Blocked, Flagged, Passed, Redacted};
        assert_eq!(gravest([Passed, Redacted, Flagged]), Redacted);
        assert_eq!(gravest([Blocked, Flagged]), Blocked);
        assert_eq!(gravest([]), Passed);
    }
}
