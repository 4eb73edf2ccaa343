//! Points and spans of time as people type them: `1h`, `30d`, `2026-11-01`, RFC 3339.

use crate::types::Time;
use std::time::Duration;

/// A point in time, typed as how long ago (`1h`, `30d`), as a day, or as RFC 3339.
///
/// # Errors
/// A sentence that says what can be typed.
pub fn past(text: &str) -> Result<Time, String> {
    let point = match duration(text) {
        Ok(ago) => Some(Time::now().before(ago)),
        Err(_) => Time::parse(text),
    };
    point.ok_or_else(|| format!("`{text}` is no time; write 1h, 30d, 2026-11-01 or 2026-11-01T12:00:00Z"))
}

/// Whether something is shown again and again.
#[derive(clap::Args, Clone, Copy, Debug, Default)]
pub struct Watch {
    /// Show it again every so many seconds [default: 2], until Ctrl-C
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, require_equals = true, default_missing_value = "2",
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    watch: Option<u64>,
}

impl Watch {
    /// The time between two showings; none where it is shown once.
    pub fn every(self) -> Option<Duration> {
        self.watch.map(Duration::from_secs)
    }
}

/// When something ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Expiry {
    /// It does not.
    Never,
    /// Then.
    At(Time),
}

impl Expiry {
    /// The point, if there is one.
    pub fn time(self) -> Option<Time> {
        match self {
            Expiry::Never => None,
            Expiry::At(time) => Some(time),
        }
    }
}

/// An end, typed as how long from now (`30d`), as a day, as RFC 3339, or as `never`.
///
/// # Errors
/// A sentence that says what can be typed.
pub fn expiry(text: &str) -> Result<Expiry, String> {
    if text == "never" {
        return Ok(Expiry::Never);
    }
    let point = match duration(text) {
        Ok(from_now) => Some(Time::now().after(from_now)),
        Err(_) => Time::parse(text),
    };
    point
        .map(Expiry::At)
        .ok_or_else(|| format!("`{text}` is no time; write 24h, 30d, 2027-01-31, 2027-01-31T12:00:00Z or never"))
}

/// A span of time: `200ms`, `30s`, `24h`, `30d`, `1h30m`.
///
/// # Errors
/// A sentence that says what can be typed.
pub fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text)
        .map_err(|_| format!("`{text}` is no duration; write a number and a unit: 200ms, 30s, 24h, 30d"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_spellings_are_read() {
        assert_eq!(duration("30d"), Ok(Duration::from_secs(30 * 86_400)));
        assert_eq!(past("2026-11-01").map(|time| time.to_string()), Ok("2026-11-01T00:00:00.000Z".into()));
        assert!(past("1h").is_ok_and(|time| time < Time::now()));
        assert!(expiry("1h").is_ok_and(|end| end.time() > Some(Time::now())));
        assert_eq!(expiry("never"), Ok(Expiry::Never));
        for wrong in ["", "30", "yesterday", "-1h", "2026-13-01"] {
            assert!(past(wrong).is_err() && expiry(wrong).is_err() && duration(wrong).is_err(), "{wrong}");
        }
    }
}
