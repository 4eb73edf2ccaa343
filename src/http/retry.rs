//! When a server wants to be asked again.

use crate::types::Time;
use http::HeaderMap;
use http::header::RETRY_AFTER;
use std::time::Duration;

/// Who is told to come back later than in a day is told to come back in a day.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long a server wants to be left alone, seen from `now`: it says seconds or a date (RFC 9110, 10.2.3). A date that is
/// past means at once.
pub fn retry_after(headers: &HeaderMap, now: Time) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok()?,
        Err(_) => now.until(Time::parse_http(text)?).unwrap_or_default(),
    };
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn read(value: &'static str) -> Option<Duration> {
        let now = Time::parse("1994-11-06T08:49:00Z").unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(value));
        retry_after(&headers, now)
    }

    #[test]
    fn seconds_and_dates_are_read() {
        assert_eq!(read("7"), Some(Duration::from_secs(7)));
        assert_eq!(read(" 0.5 "), Some(Duration::from_millis(500)));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::from_secs(37)));
        assert_eq!(read("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("Tue, 06 Nov 2001 08:00:00 GMT"), Some(LONGEST));
        for odd in ["soon", "-1", "1e300", "NaN", ""] {
            assert_eq!(read(odd), None, "{odd}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), Time::now()), None);
    }
}
