//! The price that an attempt cannot exceed.
//!
//! A token has at least one byte, so a request has at most as many tokens as bytes; each is taken at the dearest kind of
//! input that the request can cause, and each token of the answer at the dearest kind of output.

use crate::price::{Meter, Rates};
use crate::types::{Money, Usage};

/// Kinds of tokens, beside plain ones, that a request can cause.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Kinds {
    /// It may be written to a cache.
    pub cached: bool,
    /// For an hour.
    pub cached_1h: bool,
    /// It brings, or asks for, sound.
    pub audio: bool,
    /// It brings pictures.
    pub images: bool,
}

/// How much a request can take and give at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Most {
    /// Tokens of the prompt.
    pub input: u64,
    /// How many answers.
    pub answers: u64,
    /// Tokens of one answer.
    pub output: u64,
    /// Of which kinds.
    pub kinds: Kinds,
}

/// What an attempt can cost at most.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bound {
    rates: Vec<Rates>,
    most: Most,
    /// For the dearest token of the prompt.
    input: Money,
    /// For the dearest token of the answer.
    output: Money,
}

impl Bound {
    /// The bound, by every list of rates that can apply. None without one, or where one has no price for what the
    /// request causes.
    pub fn new(rates: Vec<Rates>, most: Most) -> Option<Bound> {
        let dearest = |rates: &Rates, meters: &[Meter]| meters.iter().filter_map(|meter| rates.applied(*meter)).max();
        let (mut input, mut output) = (None, None);
        for rates in &rates {
            let plain = rates.applied(Meter::Input)?;
            input = input.max(dearest(rates, &input_meters(most.kinds)).or(Some(plain)));
            if most.output > 0 {
                rates.applied(Meter::Output)?;
                output = output.max(dearest(rates, &output_meters(rates, most.kinds)));
            }
        }
        Some(Bound { input: input?, output: output.unwrap_or_default(), rates, most })
    }

    /// The whole of it.
    pub fn total(&self) -> Money {
        self.prompt().saturating_add(self.answer(self.most.output))
    }

    /// What the prompt can cost.
    pub fn prompt(&self) -> Money {
        self.input.times(self.most.input)
    }

    /// The same for a prompt of so many tokens at most.
    pub fn with_input(self, input: u64) -> Bound {
        Bound { most: Most { input: input.min(self.most.input), ..self.most }, ..self }
    }

    fn answer(&self, output: u64) -> Money {
        self.output.times(output.saturating_mul(self.most.answers))
    }

    /// Tokens of the prompt and of one answer.
    pub fn tokens(&self) -> (u64, u64) {
        (self.most.input, self.most.output)
    }

    /// How long one answer may be so that all of it costs no more than `left`; none where not even the prompt does.
    pub fn output_within(&self, left: Money) -> Option<u64> {
        let rest = left.pico().checked_sub(self.prompt().pico()).filter(|rest| *rest >= 0)?;
        let one = i128::from(self.output.pico()) * i128::from(self.most.answers.max(1));
        if one <= 0 {
            return Some(self.most.output);
        }
        Some(u64::try_from(i128::from(rest) / one).unwrap_or(u64::MAX).min(self.most.output))
    }

    /// What a call that broke off can have cost, where its provider said what its prompt came to.
    pub fn narrowed(&self, reported: Option<&Usage>) -> Money {
        let prompt = reported.filter(|usage| usage.input > 0).and_then(|usage| {
            let prompt = Usage { output: 0, reasoning: 0, output_audio: 0, output_image: 0, ..*usage };
            self.rates.iter().map(|rates| rates.cost(&prompt)).collect::<Option<Vec<_>>>()?.into_iter().max()
        });
        prompt.unwrap_or(self.prompt()).saturating_add(self.answer(self.most.output)).min(self.total())
    }
}

fn input_meters(kinds: Kinds) -> Vec<Meter> {
    let mut meters = vec![Meter::Input, Meter::CacheRead];
    let more = [
        (kinds.cached, Meter::CacheWrite5m),
        (kinds.cached_1h, Meter::CacheWrite1h),
        (kinds.audio, Meter::InputAudio),
        (kinds.images, Meter::InputImage),
    ];
    meters.extend(more.into_iter().filter(|(caused, _)| *caused).map(|(_, meter)| meter));
    meters
}

/// A model that makes pictures does so unasked.
fn output_meters(rates: &Rates, kinds: Kinds) -> Vec<Meter> {
    let mut meters = vec![Meter::Output, Meter::Reasoning];
    if kinds.audio {
        meters.push(Meter::OutputAudio);
    }
    if rates.own(Meter::OutputImage).is_some() {
        meters.push(Meter::OutputImage);
    }
    meters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rates(entries: &[(Meter, i64)]) -> Rates {
        let mut rates = Rates::new("test");
        entries.iter().for_each(|(meter, pico)| rates.set(*meter, Money::from_pico(*pico)));
        rates
    }

    fn plain() -> Rates {
        rates(&[(Meter::Input, 2), (Meter::Output, 10), (Meter::CacheWrite5m, 3), (Meter::OutputAudio, 80)])
    }

    fn most(kinds: Kinds) -> Most {
        Most { input: 100, answers: 2, output: 50, kinds }
    }

    #[test]
    fn the_dearest_kind_counts_and_no_kind_that_cannot_be() {
        let total = |kinds| Bound::new(vec![plain()], most(kinds)).unwrap().total().pico();
        assert_eq!(total(Kinds::default()), 100 * 2 + 2 * 50 * 10);
        assert_eq!(total(Kinds { cached: true, ..Kinds::default() }), 100 * 3 + 2 * 50 * 10);
        assert_eq!(total(Kinds { audio: true, ..Kinds::default() }), 100 * 2 + 2 * 50 * 80);
        let both = Bound::new(vec![plain(), rates(&[(Meter::Input, 1), (Meter::Output, 11)])], most(Kinds::default()));
        assert_eq!(both.unwrap().total().pico(), 100 * 2 + 2 * 50 * 11);
    }

    #[test]
    fn without_a_price_there_is_no_bound() {
        assert_eq!(Bound::new(vec![], most(Kinds::default())), None);
        assert_eq!(Bound::new(vec![rates(&[(Meter::Input, 1)])], most(Kinds::default())), None);
        let vectors = Most { output: 0, ..most(Kinds::default()) };
        assert_eq!(Bound::new(vec![rates(&[(Meter::Input, 1)])], vectors).unwrap().total().pico(), 100);
    }

    #[test]
    fn an_answer_is_as_long_as_the_rest_allows() {
        let bound = Bound::new(vec![plain()], most(Kinds::default())).unwrap();
        let within = |pico| bound.output_within(Money::from_pico(pico));
        assert_eq!((within(199), within(200), within(219), within(220)), (None, Some(0), Some(0), Some(1)));
        assert_eq!((within(1200), within(i64::MAX)), (Some(50), Some(50)));
    }

    #[test]
    fn what_a_provider_said_of_the_prompt_narrows_the_bound() {
        let bound = Bound::new(vec![plain()], most(Kinds::default())).unwrap();
        let said = Usage { input: 10, output: 3, ..Usage::default() };
        assert_eq!(bound.narrowed(Some(&said)).pico(), 10 * 2 + 2 * 50 * 10);
        assert_eq!(bound.narrowed(None), bound.total());
        let beyond = Usage { input: 10_000, ..Usage::default() };
        assert_eq!(bound.narrowed(Some(&beyond)), bound.total());
    }

    proptest! {
        #[test]
        fn no_usage_within_the_limits_costs_more(
            prices in prop::array::uniform8(1i64..1000), input in 0u64..5000, output in 0u64..500,
            parts in prop::array::uniform5(0u64..6000), kinds in any::<[bool; 4]>(),
        ) {
            let meters = [Meter::Input, Meter::CacheRead, Meter::CacheWrite5m, Meter::CacheWrite1h, Meter::InputAudio,
                Meter::InputImage, Meter::Output, Meter::Reasoning];
            let rates = rates(&meters.into_iter().zip(prices).collect::<Vec<_>>());
            let [cached, cached_1h, audio, images] = kinds;
            let kinds = Kinds { cached, cached_1h, audio, images };
            let [cache_read, write, write_1h, sound, reasoning] = parts;
            let usage = Usage {
                input, output, cache_read, reasoning,
                cache_write_5m: if cached { write } else { 0 },
                cache_write_1h: if cached_1h { write_1h } else { 0 },
                input_audio: if audio { sound } else { 0 },
                input_image: if images { sound } else { 0 },
                ..Usage::default()
            };
            let bound = Bound::new(vec![rates.clone()], Most { input: 5000, answers: 1, output: 500, kinds }).unwrap();
            prop_assert!(rates.cost(&usage).unwrap() <= bound.total());
            prop_assert!(rates.cost(&usage).unwrap() <= bound.narrowed(Some(&usage)));
        }
    }
}
