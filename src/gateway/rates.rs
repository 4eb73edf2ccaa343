//! Rate limits at the door: a call gets in, or hears when to try again; and the headers that say how much is left.

use super::Gateway;
use super::call::Outcome;
use super::record::Trace;
use crate::budget::{Kind, Left, Limited, Standing};
use crate::canonical::{Code, Complaint};
use crate::types::{Protocol, Time};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// English text and JSON have about four bytes a token.
const BYTES_PER_TOKEN: u64 = 4;

/// Lets a call in by the limits of all that it belongs to; `bytes` is the length of its body.
///
/// # Errors
/// [`Code::RateLimitExceeded`].
pub(crate) fn enter(gateway: &Gateway, trace: &mut Option<Trace>, bytes: usize) -> Outcome<()> {
    let Some(trace) = trace.as_mut().filter(|_| gateway.gate.is_used()) else { return Ok(()) };
    let Some(payer) = trace.payer() else { return Ok(()) };
    match gateway.gate.enter(&payer, (bytes as u64).div_ceil(BYTES_PER_TOKEN), Time::now()) {
        Ok(pass) => {
            trace.entered(pass);
            Ok(())
        }
        Err(limited) => {
            trace.limited(limited.standing);
            Err(refusal(&limited))
        }
    }
}

fn refusal(limited: &Limited) -> Complaint {
    let Limited { label, kind, limit, wait, .. } = limited;
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let again = match kind {
        Kind::Parallel => "try again when one of the calls under way is over".to_owned(),
        _ => format!("try again in {seconds} s"),
    };
    let message = format!(
        "{label} is limited to {limit} {}; {again}. An administrator changes that with `optscale-ai limit set {label}`",
        kind.words()
    );
    let facts = vec![("scope", label.clone()), ("limit", limit.to_string()), ("limited", kind.words().to_owned())];
    Complaint::new(Code::RateLimitExceeded, message).with_retry_after(Some(*wait)).with_facts(facts)
}

/// Says in the words of the caller's protocol how much is left of its limits.
pub(crate) fn put(headers: &mut HeaderMap, protocol: Protocol, standing: Option<Standing>) {
    let Some(standing) = standing else { return };
    for (what, left) in [("requests", standing.requests), ("tokens", standing.tokens)] {
        let Some(left) = left else { continue };
        for (name, value) in named(protocol, what, left) {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
    }
}

fn named(protocol: Protocol, what: &str, left: Left) -> [(String, String); 3] {
    let (limit, remaining) = (left.limit.to_string(), left.remaining.to_string());
    match protocol {
        Protocol::Anthropic => {
            let name = |part: &str| format!("anthropic-ratelimit-{what}-{part}");
            let reset = Time::now().after(left.reset).to_string();
            [(name("limit"), limit), (name("remaining"), remaining), (name("reset"), reset)]
        }
        _ => {
            let name = |part: &str| format!("x-ratelimit-{part}-{what}");
            [(name("limit"), limit), (name("remaining"), remaining), (name("reset"), span(left.reset))]
        }
    }
}

/// As OpenAI writes it: `0s`, `340ms`, `12.5s`, `1m1s`.
fn span(span: Duration) -> String {
    match (span.as_secs(), span.subsec_millis()) {
        (0, 0) => "0s".to_owned(),
        (0, millis) => format!("{millis}ms"),
        (seconds, _) if seconds >= 60 => format!("{}m{}s", seconds / 60, seconds % 60),
        (seconds, 0) => format!("{seconds}s"),
        (seconds, millis) => format!("{seconds}.{millis:03}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_the_sdks_read_them() {
        let said = |millis| span(Duration::from_millis(millis));
        assert_eq!(
            [said(0), said(340), said(12_500), said(3000), said(61_000)],
            ["0s", "340ms", "12.500s", "3s", "1m1s"]
        );
    }

    #[test]
    fn each_protocol_has_its_headers() {
        let left = Left { limit: 5, remaining: 4, reset: Duration::from_secs(1) };
        let standing = Some(Standing { requests: Some(left), tokens: None });
        let mut headers = HeaderMap::new();
        put(&mut headers, Protocol::Openai, standing);
        assert_eq!(
            (&headers["x-ratelimit-remaining-requests"], &headers["x-ratelimit-reset-requests"]),
            (&HeaderValue::from_static("4"), &HeaderValue::from_static("1s"))
        );
        assert_eq!(headers.len(), 3);
        put(&mut headers, Protocol::Anthropic, standing);
        assert_eq!(headers["anthropic-ratelimit-requests-limit"], "5");
        assert!(headers["anthropic-ratelimit-requests-reset"].to_str().unwrap().ends_with('Z'));
    }
}
