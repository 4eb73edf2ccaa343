//! The prices of one model: a text of sections, and which of them a call is billed at.
//!
//! Sections stand between `;`, words between spaces. A word that begins with a sign says when the
//! section applies, a word that begins with a letter is a rate:
//!
//! | word | meaning |
//! |---|---|
//! | `!2027-01-01` | the price list from that day on |
//! | `~off_peak=12345/10:00-24:00\|67/00:00-24:00` | at these hours (UTC) of these days (1 is Monday) |
//! | `@batch` | for this variant |
//! | `>200000` | for prompts of more than so many tokens |
//! | `i2.5` | US dollars per 1,000,000 input tokens; the other letters are in [`LETTERS`] |
//! | `s10`, `q35` | US dollars per 1,000 web searches, per 1,000 prompts that searched |
//! | `h0.36`, `c15`, `n0.04`, `k2` | US dollars for an hour of sound, 1,000,000 characters, a picture, 1,000 searches of a rerank |

use super::table;
use crate::price::{Meter, Rates};
use crate::types::{Money, Time, Usage};

/// The letter of each meter that counts tokens.
pub(super) const LETTERS: [(char, Meter); 10] = [
    ('i', Meter::Input),
    ('r', Meter::CacheRead),
    ('w', Meter::CacheWrite5m),
    ('W', Meter::CacheWrite1h),
    ('a', Meter::InputAudio),
    ('v', Meter::InputImage),
    ('o', Meter::Output),
    ('t', Meter::Reasoning),
    ('A', Meter::OutputAudio),
    ('V', Meter::OutputImage),
];

/// The letter of each meter that counts pieces, and of how many the text is the price.
pub(super) const PIECES: [(char, Meter, i64); 5] = [
    ('s', Meter::WebSearch, 1_000),
    ('h', Meter::AudioSecond, 3_600),
    ('c', Meter::Character, 1_000_000),
    ('n', Meter::Picture, 1),
    ('k', Meter::RerankSearch, 1_000),
];

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// Prices, and when they apply.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Section<'a> {
    /// The first day of the price list it belongs to; none for the current one.
    pub(super) from: Option<&'a str>,
    pub(super) hours: Option<Hours<'a>>,
    pub(super) variant: Option<&'a str>,
    /// It applies to prompts of more than so many tokens.
    pub(super) over: Option<u64>,
    pub(super) rates: Vec<(Meter, Money)>,
    /// For a prompt that searched the web, however often.
    pub(super) searched_prompt: Option<Money>,
}

/// Hours of the week with prices of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hours<'a> {
    pub(super) name: &'a str,
    /// As `12345/00:00-01:00,10:00-24:00|67/00:00-24:00`.
    pub(super) spans: &'a str,
}

/// The rates of one call, as [`super::Model::rates`] documents.
pub(super) fn rates(card: &str, at: Time, usage: &Usage, variant: Option<&str>) -> Option<Rates> {
    let all = parse(card)?;
    let list = in_force(&all, at);
    let (sections, others): (Vec<&Section>, Vec<&Section>) = all.iter().partition(|section| section.from == list);
    let asked = variant.filter(|name| !is_standard(name));
    let priced = asked.and_then(|name| spelled(&sections, name));
    if priced.is_none() && asked.is_some_and(|name| spelled(&others, name).is_some()) {
        return None;
    }
    let layers = layers(&sections, priced, at, usage.input)?;
    let mut label = vec![since(list)];
    for reason in layers.iter().flat_map(|section| reasons(section)) {
        // A variant's tier has the bound of the standard one.
        if !label.contains(&reason) {
            label.push(reason);
        }
    }
    label.extend(asked.map(|name| priced.map_or_else(|| format!("{name} at standard price"), str::to_owned)));
    Some(merge(&layers, &label.join(", "), usage)).filter(counts_tokens)
}

/// Every section with its label, in the order of the file.
pub(super) fn list(card: &str) -> Vec<Rates> {
    let sections = parse(card).unwrap_or_default();
    let labelled = |section: &Section| {
        let mut label = vec![since(section.from)];
        label.extend(section.variant.map(str::to_owned));
        label.extend(reasons(section));
        merge(&[section], &label.join(", "), &Usage::default())
    };
    sections.iter().map(labelled).collect()
}

/// Reads a card; none where it is empty or of another form.
pub(super) fn parse(card: &str) -> Option<Vec<Section<'_>>> {
    if card.is_empty() {
        return None;
    }
    card.split(';').map(section).collect()
}

fn section(text: &str) -> Option<Section<'_>> {
    let mut section = Section::default();
    for word in text.split(' ') {
        let sign = word.chars().next()?;
        let rest = &word[sign.len_utf8()..];
        match sign {
            '!' => section.from = Some(rest),
            '~' => section.hours = rest.split_once('=').map(|(name, spans)| Hours { name, spans }),
            '@' => section.variant = Some(rest),
            '>' => section.over = Some(rest.parse().ok()?),
            'q' => section.searched_prompt = Some(part(rest, 1_000)?),
            letter => {
                if let Some((_, meter, per)) = PIECES.into_iter().find(|(other, ..)| *other == letter) {
                    section.rates.push((meter, part(rest, per)?));
                    continue;
                }
                let (_, meter) = LETTERS.into_iter().find(|(other, _)| *other == letter)?;
                section.rates.push((meter, part(rest, 1_000_000)?));
            }
        }
    }
    Some(section)
}

/// The price of one, where the text is the price of `per`. None where that is no whole number of pico-dollars.
fn part(text: &str, per: i64) -> Option<Money> {
    let whole = text.parse::<Money>().ok()?.pico();
    (whole % per == 0).then(|| Money::from_pico(whole / per))
}

/// The first day of the price list in force; none for the one without a first day.
fn in_force<'a>(sections: &[Section<'a>], at: Time) -> Option<&'a str> {
    let begun = |day: &&str| Time::parse(day).is_some_and(|from| from <= at);
    sections.iter().filter_map(|section| section.from).filter(begun).max()
}

fn is_standard(variant: &str) -> bool {
    matches!(variant, "" | "standard" | "default" | "auto" | "on_demand")
}

/// The variant as the card spells it. OpenAI also reports its priority processing as `fast`.
fn spelled<'a>(sections: &[&Section<'a>], variant: &str) -> Option<&'a str> {
    let spelled = |name: &str| sections.iter().filter_map(|section| section.variant).find(|other| *other == name);
    let fast = || if variant == "fast" { spelled("priority") } else { None };
    // Some models have a price for each size of a picture, whatever its quality.
    let size = || spelled(variant.split_once('/')?.1);
    spelled(variant).or_else(fast).or_else(size)
}

/// The sections that apply, weakest first: what a later one lists replaces what an earlier one says.
///
/// None where the prompt is so large that the standard price changes, and the variant does not say
/// what becomes of its own.
fn layers<'s, 'a>(
    sections: &[&'s Section<'a>],
    variant: Option<&str>,
    at: Time,
    prompt: u64,
) -> Option<Vec<&'s Section<'a>>> {
    let of = |variant: Option<&'a str>| sections.iter().copied().filter(move |section| section.variant == variant);
    let tier = |variant| {
        let reached = of(variant).filter(|section| section.over.is_some_and(|bound| prompt > bound));
        reached.max_by_key(|section| section.over)
    };
    let flat = |variant| of(variant).filter(|section| section.over.is_none());
    let open = |section: &&Section| section.hours.is_none_or(|hours| hours.contain(at));

    let mut layers: Vec<&Section> = flat(None).filter(open).collect();
    layers.extend(tier(None));
    let Some(name) = sections.iter().filter_map(|section| section.variant).find(|name| Some(*name) == variant) else {
        return Some(layers);
    };
    if tier(None).is_some() && tier(Some(name)).is_none() {
        return None;
    }
    layers.extend(flat(Some(name)).filter(open));
    layers.extend(tier(Some(name)));
    Some(layers)
}

fn merge(layers: &[&Section], label: &str, usage: &Usage) -> Rates {
    let mut rates = Rates::new(label);
    for section in layers {
        section.rates.iter().for_each(|(meter, money)| rates.set(*meter, *money));
        // The fee of a prompt is the fee of its only search; a share of it has no exact value.
        if let Some(fee) = section.searched_prompt.filter(|_| usage.pieces <= 1) {
            rates.set(Meter::WebSearch, fee);
        }
    }
    rates
}

fn counts_tokens(rates: &Rates) -> bool {
    rates.iter().any(|(meter, _)| meter != Meter::WebSearch)
}

fn since(from: Option<&str>) -> String {
    from.map_or_else(|| format!("as of {}", table::as_of()), |day| format!("since {day}"))
}

/// Why a section applies, its price list and variant apart.
fn reasons(section: &Section) -> impl Iterator<Item = String> {
    let hours = section.hours.map(|hours| hours.name.replace('_', "-"));
    hours.into_iter().chain(section.over.map(|bound| format!("over {bound} input tokens")))
}

impl Hours<'_> {
    /// Whether a moment is in these hours. Nothing is where the text is of another form.
    fn contain(self, at: Time) -> bool {
        // The first of January 1970 was a Thursday.
        let weekday = (at.millis().div_euclid(DAY_MS) + 3).rem_euclid(7) + 1;
        let minute = at.millis().rem_euclid(DAY_MS) / MINUTE_MS;
        let covers = |span: &str| {
            let (start, end) = span.split_once('-')?;
            Some((minute_of_day(start)?..minute_of_day(end)?).contains(&minute))
        };
        self.spans.split('|').filter_map(|part| part.split_once('/')).any(|(days, spans)| {
            days.contains(&weekday.to_string()) && spans.split(',').any(|span| covers(span) == Some(true))
        })
    }
}

fn minute_of_day(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    Some(hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?)
}
