//! When a period begins and ends in a time zone. Days have 23 to 25 hours where clocks are changed.

use crate::records::Period;
use crate::types::Time;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// A span of time: from `start` to just before `end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    /// Its first moment.
    pub start: Time,
    /// The first moment after it.
    pub end: Time,
}

impl Span {
    /// All of time that a call can come in at.
    pub const EVER: Span = Span { start: Time::from_millis(0), end: Time::from_millis(i64::MAX) };

    /// Whether `time` lies in it.
    pub fn contains(self, time: Time) -> bool {
        self.start <= time && time < self.end
    }
}

/// Whether there is a time zone of that name.
pub fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

/// The zone of that name; UTC where the system no longer knows it.
pub(super) fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// The period around `at` in the zone of that name.
pub fn span(period: Period, timezone: &str, at: Time) -> Span {
    around(period, &zone(timezone), at)
}

/// The period around `at`. Of a time that no calendar has, all of time.
pub(super) fn around(period: Period, zone: &TimeZone, at: Time) -> Span {
    bounds(period, zone, at).unwrap_or(Span::EVER)
}

fn bounds(period: Period, zone: &TimeZone, at: Time) -> Option<Span> {
    let day = Timestamp::from_millisecond(at.millis()).ok()?.to_zoned(zone.clone()).date();
    let (first, next) = match period {
        Period::Total => return None,
        Period::Day => (day, day.checked_add(1.day()).ok()?),
        Period::Week => {
            let monday = day.checked_sub(i64::from(day.weekday().to_monday_zero_offset()).days()).ok()?;
            (monday, monday.checked_add(7.days()).ok()?)
        }
        Period::Month => (day.first_of_month(), day.first_of_month().checked_add(1.month()).ok()?),
    };
    Some(Span { start: begins(first, zone)?, end: begins(next, zone)? })
}

/// The first moment of a day: where midnight is left out, the moment after it; where there are two, the first.
fn begins(day: Date, zone: &TimeZone) -> Option<Time> {
    let zoned = day.to_zoned(zone.clone()).ok()?;
    Some(Time::from_millis(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hours(period: Period, zone: &str, at: &str) -> (String, i64) {
        let span = span(period, zone, Time::parse(at).unwrap());
        (span.start.to_string(), (span.end.millis() - span.start.millis()) / 3_600_000)
    }

    #[test]
    fn days_follow_the_clocks_of_their_place() {
        let berlin = |at| hours(Period::Day, "Europe/Berlin", at);
        assert_eq!(berlin("2026-03-29T12:00:00Z"), ("2026-03-28T23:00:00.000Z".into(), 23));
        assert_eq!(berlin("2026-10-25T12:00:00Z"), ("2026-10-24T22:00:00.000Z".into(), 25));
        assert_eq!(berlin("2026-07-01T22:30:00Z"), ("2026-07-01T22:00:00.000Z".into(), 24));
        // There midnight was left out, and the day began at one.
        let jumped = hours(Period::Day, "America/Sao_Paulo", "2018-11-04T12:00:00Z");
        assert_eq!(jumped, ("2018-11-04T03:00:00.000Z".into(), 23));
        assert_eq!(hours(Period::Day, "Pacific/Apia", "2011-12-30T09:00:00Z").1, 24, "a day that had no date");
    }

    #[test]
    fn weeks_begin_on_monday_and_months_on_the_first() {
        let week = hours(Period::Week, "UTC", "2026-11-29T23:59:59Z");
        assert_eq!(week, ("2026-11-23T00:00:00.000Z".into(), 7 * 24));
        let month = hours(Period::Month, "America/New_York", "2026-11-01T02:00:00Z");
        assert_eq!(month, ("2026-10-01T04:00:00.000Z".into(), 31 * 24));
        let month = hours(Period::Month, "America/New_York", "2026-11-15T00:00:00Z");
        assert_eq!(month, ("2026-11-01T04:00:00.000Z".into(), 30 * 24 + 1));
        assert_eq!(span(Period::Total, "UTC", Time::now()), Span::EVER);
    }

    #[test]
    fn zones_are_known_by_name() {
        assert!(is_zone("Asia/Kolkata") && is_zone("UTC"));
        assert!(!is_zone("Mars/Olympus") && !is_zone(""));
    }

    proptest! {
        #[test]
        fn periods_follow_one_another_without_a_gap(
            seconds in 1_500_000_000i64..2_000_000_000,
            zone in prop::sample::select(vec!["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]),
            period in prop::sample::select(vec![Period::Day, Period::Week, Period::Month]),
        ) {
            let at = Time::from_millis(seconds * 1000);
            let this = span(period, zone, at);
            prop_assert!(this.contains(at));
            prop_assert_eq!(span(period, zone, this.start), this);
            prop_assert_eq!(span(period, zone, Time::from_millis(this.end.millis() - 1)), this);
            prop_assert_eq!(span(period, zone, this.end).start, this.end);
        }
    }
}
