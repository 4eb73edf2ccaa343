//! Rates and the arithmetic of a cost: each line is a count times a rate, their sum is the cost.
//!
//! It knows no model and no provider; the catalogue finds the rates, this adds up.

use crate::types::{Money, Usage};
use serde::{Deserialize, Serialize};

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Meter {
    /// Prompt tokens that nothing below counts.
    Input,
    /// Prompt tokens from the provider's cache.
    CacheRead,
    /// Prompt tokens written to a short-lived cache.
    #[serde(rename = "cache_write_5m")]
    CacheWrite5m,
    /// Prompt tokens written to a cache of one hour.
    #[serde(rename = "cache_write_1h")]
    CacheWrite1h,
    /// Prompt tokens that are audio.
    InputAudio,
    /// Prompt tokens that are images.
    InputImage,
    /// Answer tokens that nothing below counts.
    Output,
    /// Answer tokens spent on reasoning.
    Reasoning,
    /// Answer tokens that are audio.
    OutputAudio,
    /// Answer tokens that are images.
    OutputImage,
    /// Web searches run by the provider.
    WebSearch,
    /// Seconds of sound that were written down.
    AudioSecond,
    /// Characters that were read out.
    Character,
    /// Pictures that were made.
    Picture,
    /// Orders of documents that were found.
    RerankSearch,
}

impl Meter {
    /// Every meter, in the order of a bill.
    pub const ALL: [Meter; 15] = [
        Meter::Input,
        Meter::CacheRead,
        Meter::CacheWrite5m,
        Meter::CacheWrite1h,
        Meter::InputAudio,
        Meter::InputImage,
        Meter::Output,
        Meter::Reasoning,
        Meter::OutputAudio,
        Meter::OutputImage,
        Meter::WebSearch,
        Meter::AudioSecond,
        Meter::Character,
        Meter::Picture,
        Meter::RerankSearch,
    ];

    /// Those of which one piece is billed, and no tokens. A call has one kind of them at most.
    pub const PIECES: [Meter; 5] =
        [Meter::WebSearch, Meter::AudioSecond, Meter::Character, Meter::Picture, Meter::RerankSearch];

    /// The words on a bill.
    pub fn label(self) -> &'static str {
        match self {
            Meter::Input => "input",
            Meter::CacheRead => "cache read",
            Meter::CacheWrite5m => "cache write 5m",
            Meter::CacheWrite1h => "cache write 1h",
            Meter::InputAudio => "input audio",
            Meter::InputImage => "input image",
            Meter::Output => "output",
            Meter::Reasoning => "reasoning",
            Meter::OutputAudio => "output audio",
            Meter::OutputImage => "output image",
            Meter::WebSearch => "web search",
            Meter::AudioSecond => "audio second",
            Meter::Character => "character",
            Meter::Picture => "picture",
            Meter::RerankSearch => "rerank search",
        }
    }

    /// The meter whose rate applies where a model has no rate of its own for this one.
    ///
    /// Pieces have none: a provider that charges for them says so.
    fn stands_for(self) -> Option<Meter> {
        match self {
            Meter::Input | Meter::Output => None,
            Meter::WebSearch | Meter::AudioSecond | Meter::Character | Meter::Picture | Meter::RerankSearch => None,
            Meter::CacheRead | Meter::CacheWrite5m | Meter::InputAudio | Meter::InputImage => Some(Meter::Input),
            Meter::CacheWrite1h => Some(Meter::CacheWrite5m),
            Meter::Reasoning | Meter::OutputAudio | Meter::OutputImage => Some(Meter::Output),
        }
    }
}

/// The rates that one call is billed at: US dollars per unit (a token, a search, a second), by meter.
///
/// Serialises as pico-dollars by meter, so that the store keeps what was applied.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Rates {
    /// Since when, as a day, where the catalogue knows; and which variant or tier: `2026-01-01`, `over 200000 input tokens`.
    pub label: String,
    rates: Vec<(Meter, i64)>,
}

impl Rates {
    /// Rates without entries.
    pub fn new(label: impl Into<String>) -> Rates {
        Rates { label: label.into(), rates: Vec::new() }
    }

    /// Sets one rate, in place of an earlier one for the same meter.
    pub fn set(&mut self, meter: Meter, per_unit: Money) {
        self.rates.retain(|(other, _)| *other != meter);
        self.rates.push((meter, per_unit.pico()));
        self.rates.sort_unstable_by_key(|(meter, _)| *meter);
    }

    /// The rate given for exactly this meter.
    pub fn own(&self, meter: Meter) -> Option<Money> {
        self.rates.iter().find(|(other, _)| *other == meter).map(|(_, pico)| Money::from_pico(*pico))
    }

    /// The rate that applies to this meter, its own or the one that stands for it.
    pub fn applied(&self, meter: Meter) -> Option<Money> {
        self.own(meter).or_else(|| self.applied(meter.stands_for()?))
    }

    /// All rates given.
    pub fn iter(&self) -> impl Iterator<Item = (Meter, Money)> + '_ {
        self.rates.iter().map(|(meter, pico)| (*meter, Money::from_pico(*pico)))
    }

    /// The bill for `usage`: a line for each meter that counted something. None where a rate is missing.
    pub fn bill(&self, usage: &Usage) -> Option<Vec<Line>> {
        self.counted(usage)
            .map(|(meter, count)| {
                let rate = self.applied(meter)?;
                Some(Line { meter, count, rate, amount: rate.times(count) })
            })
            .collect()
    }

    /// What of a usage counts, and how much. Pieces are of the kind that there is a rate for.
    fn counted<'u>(&self, usage: &'u Usage) -> impl Iterator<Item = (Meter, u64)> + use<'u> {
        let piece = Meter::PIECES.into_iter().find(|meter| self.own(*meter).is_some()).unwrap_or(Meter::WebSearch);
        let of = move |meter: Meter| match Meter::PIECES.contains(&meter) {
            true if meter == piece => usage.pieces,
            true => 0,
            false => count(usage, meter),
        };
        Meter::ALL.into_iter().map(move |meter| (meter, of(meter))).filter(|(_, n)| *n > 0)
    }

    /// What `usage` costs. None where a rate is missing.
    pub fn cost(&self, usage: &Usage) -> Option<Money> {
        self.counted(usage).map(|(meter, n)| Some(self.applied(meter)?.times(n))).sum()
    }
}

/// One line of a bill.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Line {
    /// What was counted.
    pub meter: Meter,
    /// How many.
    pub count: u64,
    /// US dollars for one.
    pub rate: Money,
    /// Count times rate.
    pub amount: Money,
}

/// How many tokens of a meter a usage has. Parts never add up to more than their whole, whatever a
/// provider reports.
fn count(usage: &Usage, meter: Meter) -> u64 {
    let input_parts = [
        (Meter::CacheRead, usage.cache_read),
        (Meter::CacheWrite5m, usage.cache_write_5m),
        (Meter::CacheWrite1h, usage.cache_write_1h),
        (Meter::InputAudio, usage.input_audio),
        (Meter::InputImage, usage.input_image),
    ];
    let output_parts = [
        (Meter::Reasoning, usage.reasoning),
        (Meter::OutputAudio, usage.output_audio),
        (Meter::OutputImage, usage.output_image),
    ];
    match meter {
        Meter::Input => share(usage.input, &input_parts, None),
        Meter::Output => share(usage.output, &output_parts, None),
        Meter::Reasoning | Meter::OutputAudio | Meter::OutputImage => share(usage.output, &output_parts, Some(meter)),
        _ => share(usage.input, &input_parts, Some(meter)),
    }
}

/// The share of one part, or (for none) what the parts leave of the whole.
fn share(whole: u64, parts: &[(Meter, u64)], wanted: Option<Meter>) -> u64 {
    let mut left = whole;
    for (meter, count) in parts {
        let taken = left.min(*count);
        if wanted == Some(*meter) {
            return taken;
        }
        left -= taken;
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates() -> Rates {
        let mut rates = Rates::new("test");
        rates.set(Meter::Output, Money::from_pico(10));
        rates.set(Meter::Input, Money::from_pico(2));
        rates.set(Meter::CacheRead, Money::from_pico(1));
        rates
    }

    #[test]
    fn each_token_is_billed_once() {
        let usage = Usage { input: 100, cache_read: 40, output: 7, reasoning: 5, ..Usage::default() };
        let bill = rates().bill(&usage).unwrap_or_default();
        let said: Vec<_> = bill.iter().map(|line| (line.meter, line.count, line.amount.pico())).collect();
        let expected =
            [(Meter::Input, 60, 120), (Meter::CacheRead, 40, 40), (Meter::Output, 2, 20), (Meter::Reasoning, 5, 50)];
        assert_eq!(said, expected);
        assert_eq!(rates().cost(&usage), Some(Money::from_pico(230)));
    }

    #[test]
    fn parts_never_exceed_their_whole() {
        let usage = Usage { input: 10, cache_read: 40, ..Usage::default() };
        assert_eq!(rates().cost(&usage), Some(Money::from_pico(10)));
    }

    #[test]
    fn a_missing_rate_is_unknown_and_not_zero() {
        let usage = Usage { input: 1, pieces: 1, ..Usage::default() };
        assert_eq!(rates().cost(&usage), None);
        assert_eq!(Rates::default().cost(&Usage::default()), Some(Money::ZERO));
    }

    #[test]
    fn pieces_are_what_there_is_a_rate_for() {
        let mut rates = Rates::new("test");
        rates.set(Meter::AudioSecond, Money::from_pico(100));
        let usage = Usage { pieces: 9, ..Usage::default() };
        let bill = rates.bill(&usage).unwrap_or_default();
        assert_eq!((bill[0].meter, bill[0].count, bill[0].amount.pico(), bill.len()), (Meter::AudioSecond, 9, 900, 1));
        let tokens = Usage { input: 1, ..Usage::default() };
        assert_eq!((rates.cost(&tokens), self::rates().cost(&usage)), (None, None));
    }
}
