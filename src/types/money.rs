//! Exact money. An amount is a whole number of pico-dollars, so every list price per token is exact.

use serde::{Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

const PICO_PER_USD: i64 = 1_000_000_000_000;
const DECIMALS: usize = 12;

/// An amount of US dollars as whole pico-dollars (10^-12 USD); the range is ±9.2 million USD.
///
/// Shown and serialised as a decimal string without exponent or needless zeros: `0.000042`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

/// Why a text is no amount of money.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseMoneyError {
    /// Not digits with at most one point.
    #[error("`{0}` is not an amount of US dollars; write it like 10 or 0.25")]
    NotANumber(String),
    /// More than twelve digits after the point.
    #[error("`{0}` has more than 12 digits after the point")]
    TooFine(String),
    /// Beyond ±9.2 million USD.
    #[error("`{0}` is larger than 9,223,372 US dollars")]
    TooLarge(String),
}

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The largest amount.
    pub const MAX: Money = Money(i64::MAX);

    /// An amount from whole pico-dollars.
    pub const fn from_pico(pico: i64) -> Money {
        Money(pico)
    }

    /// Whole pico-dollars.
    pub const fn pico(self) -> i64 {
        self.0
    }

    /// The sum, or the largest amount where it does not fit.
    pub fn saturating_add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// `count` times this amount, or the largest amount where it does not fit.
    pub fn times(self, count: u64) -> Money {
        let product = i128::from(self.0) * i128::from(count);
        Money(i64::try_from(product).unwrap_or(if product < 0 { i64::MIN } else { i64::MAX }))
    }

    /// This amount times `numerator / denominator`, rounded half away from zero.
    ///
    /// A denominator of zero leaves the amount as it is.
    pub fn scaled(self, numerator: i64, denominator: i64) -> Money {
        if denominator == 0 {
            return self;
        }
        let product = i128::from(self.0) * i128::from(numerator);
        let divisor = i128::from(denominator);
        let half = (divisor.abs() / 2) * product.signum() * divisor.signum();
        let rounded = (product + half) / divisor;
        Money(i64::try_from(rounded).unwrap_or(i64::MAX))
    }
}

impl std::iter::Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        let total: i128 = amounts.map(|m| i128::from(m.0)).sum();
        Money(i64::try_from(total).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let magnitude = self.0.unsigned_abs();
        let (whole, rest) = (magnitude / PICO_PER_USD as u64, magnitude % PICO_PER_USD as u64);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            return f.pad(&format!("{sign}{whole}"));
        }
        let digits = format!("{rest:0width$}", width = DECIMALS);
        f.pad(&format!("{sign}{whole}.{}", digits.trim_end_matches('0')))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${self}")
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Money, ParseMoneyError> {
        let not_a_number = || ParseMoneyError::NotANumber(text.to_owned());
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() && fraction.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(not_a_number());
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DECIMALS {
            return Err(ParseMoneyError::TooFine(text.to_owned()));
        }
        let padded = format!("{whole}{fraction:0<width$}", width = DECIMALS);
        let pico: i64 = padded.parse().map_err(|_| ParseMoneyError::TooLarge(text.to_owned()))?;
        Ok(Money(if negative { -pico } else { pico }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_it_reads() {
        for text in ["0", "10", "0.25", "-3.5", "0.000000000001", "9223372.036854775807"] {
            assert_eq!(text.parse::<Money>().map(|m| m.to_string()), Ok(text.to_owned()));
        }
    }

    #[test]
    fn refuses_what_is_no_amount() {
        for text in ["", ".", "1e3", "1,000", "$1", "0.0000000000001", "99999999"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn scales_exactly_and_rounds_half_away_from_zero() {
        assert_eq!(Money::from_pico(3_000_000).scaled(11, 10), Money::from_pico(3_300_000));
        assert_eq!(Money::from_pico(5).scaled(1, 2), Money::from_pico(3));
        assert_eq!(Money::from_pico(-5).scaled(1, 2), Money::from_pico(-3));
    }
}
