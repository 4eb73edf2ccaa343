//! Points in time: whole milliseconds since 1970 in UTC, as the store keeps them.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Serialize, Serializer};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A point in time, in unix milliseconds UTC. Shown and serialised as RFC 3339.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time(i64);

impl Time {
    /// The present.
    pub fn now() -> Time {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    /// A point from unix milliseconds.
    pub const fn from_millis(millis: i64) -> Time {
        Time(millis)
    }

    /// Unix milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Hour, weekday from 1 for Monday, month and day, in UTC.
    pub fn clock(self) -> [i64; 4] {
        let zoned = Timestamp::from_millisecond(self.0).unwrap_or_default().to_zoned(TimeZone::UTC);
        [
            i64::from(zoned.hour()),
            i64::from(zoned.weekday().to_monday_one_offset()),
            i64::from(zoned.month()),
            i64::from(zoned.day()),
        ]
    }

    /// This point `span` later.
    pub fn after(self, span: Duration) -> Time {
        Time(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// This point `span` earlier.
    pub fn before(self, span: Duration) -> Time {
        Time(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The calendar day in UTC, `2026-01-31`.
    pub fn day(self) -> String {
        self.to_string().chars().take(10).collect()
    }

    /// Midnight UTC of a calendar day written `2026-01-31`, or the point written as RFC 3339.
    pub fn parse(text: &str) -> Option<Time> {
        let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
        whole.parse::<Timestamp>().ok().map(|t| Time(t.as_millisecond()))
    }
}

impl Time {
    /// The point written as HTTP headers have it (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn parse_http(text: &str) -> Option<Time> {
        jiff::fmt::rfc2822::parse(text).ok().map(|zoned| Time(zoned.timestamp().as_millisecond()))
    }

    /// How long it is from here until a later point; none where that is no later.
    pub fn until(self, later: Time) -> Option<Duration> {
        let millis = u64::try_from(later.0.saturating_sub(self.0)).ok()?;
        (millis > 0).then(|| Duration::from_millis(millis))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(t) => f.pad(&format!("{t:.3}")),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_days_and_instants() {
        let time = Time::parse("2026-01-31").map(|t| t.to_string());
        assert_eq!(time.as_deref(), Some("2026-01-31T00:00:00.000Z"));
        assert_eq!(Time::parse("2026-01-31T10:00:00+02:00").map(|t| t.day()), Some("2026-01-31".into()));
        assert_eq!(Time::parse("yesterday"), None);
    }

    #[test]
    fn reads_what_http_writes() {
        let time = Time::parse_http("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(time, Time::parse("1994-11-06T08:49:37Z"));
        assert_eq!(Time::parse_http("120"), None);
        let later = Time::from_millis(5_000);
        assert_eq!(Time::from_millis(2_000).until(later), Some(Duration::from_secs(3)));
        assert_eq!((later.until(later), later.until(Time::from_millis(0))), (None, None));
    }
}
