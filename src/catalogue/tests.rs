//! The file keeps to its format, and well-known calls cost what a person works out on paper.

use super::card::{self, LETTERS, PIECES, Section};
use super::*;
use crate::price::{Meter, Rates};
use crate::types::{Money, Time, Usage};
use std::collections::BTreeSet;

const EXTRA: &str = include_str!("extra.tsv");

fn at(text: &str) -> Time {
    Time::parse(text).unwrap()
}

fn model(vendor: &str, id: &str) -> Model {
    find(vendor, id).unwrap_or_else(|| panic!("{vendor}/{id}"))
}

fn rates_of(vendor: &str, id: &str, usage: &Usage, variant: Option<&str>) -> Option<Rates> {
    model(vendor, id).rates(at("2026-11-25"), usage, variant)
}

/// What a call costs, in US dollars, and the label of its rates.
fn cost(vendor: &str, id: &str, usage: Usage, variant: Option<&str>) -> (String, String) {
    let rates = rates_of(vendor, id, &usage, variant).unwrap_or_else(|| panic!("{vendor}/{id}"));
    (rates.cost(&usage).unwrap().to_string(), rates.label)
}

fn costs(vendor: &str, id: &str, usage: Usage, variant: Option<&str>) -> String {
    cost(vendor, id, usage, variant).0
}

/// A section as the file has it.
fn write(section: &Section) -> String {
    let mut words = Vec::new();
    words.extend(section.from.map(|day| format!("!{day}")));
    words.extend(section.hours.map(|hours| format!("~{}={}", hours.name, hours.spans)));
    words.extend(section.variant.map(|name| format!("@{name}")));
    words.extend(section.over.map(|bound| format!(">{bound}")));
    let rate = |meter| section.rates.iter().find(|(other, _)| *other == meter).map(|(_, money)| *money);
    for (letter, meter) in LETTERS {
        words.extend(rate(meter).map(|money| format!("{letter}{}", money.times(1_000_000))));
    }
    for (letter, meter, per) in PIECES {
        words.extend(rate(meter).map(|money| format!("{letter}{}", money.times(per as u64))));
    }
    words.extend(section.searched_prompt.map(|money| format!("q{}", money.times(1_000))));
    words.join(" ")
}

/// A model as the file has it.
fn write_model(model: &Model) -> String {
    let number = |n: Option<u64>| n.map(|n| n.to_string()).unwrap_or_default();
    let digit = |said| match said {
        Some(true) => '1',
        Some(false) => '0',
        None => '-',
    };
    let sections = card::parse(model.prices()).unwrap_or_default();
    let columns = [
        model.vendor.to_owned(),
        model.id.to_owned(),
        model.mode.as_str().to_owned(),
        number(model.context_window),
        number(model.max_output_tokens),
        model.capabilities.iter().map(|(_, said)| digit(said)).collect(),
        model.lifecycle.as_str().to_owned(),
        model.released.unwrap_or_default().to_owned(),
        model.deprecated.unwrap_or_default().to_owned(),
        model.knowledge_cutoff.unwrap_or_default().to_owned(),
        sections.iter().map(write).collect::<Vec<_>>().join(";"),
    ];
    columns.join("\t")
}

#[test]
fn every_line_is_read_whole() {
    for line in table::text().lines().skip(1).filter(|line| table::alias_target(line).is_none()) {
        let model = Model::parse(line).unwrap_or_else(|| panic!("{line}"));
        assert_eq!(write_model(&model), line);
    }
}

#[test]
fn lines_are_sorted_and_names_are_unique() {
    let lines: Vec<&str> = table::text().lines().collect();
    assert!(lines.is_sorted());
    let names: BTreeSet<Vec<&str>> = lines.iter().map(|line| line.split('\t').take(2).collect()).collect();
    assert_eq!(names.len(), lines.len());
}

#[test]
fn every_name_is_found_and_every_alias_leads_to_a_model() {
    for line in table::text().lines().skip(1) {
        let mut columns = line.split('\t');
        let (vendor, name) = (columns.next().unwrap(), columns.next().unwrap());
        let found = model(vendor, name);
        match table::alias_target(line) {
            Some(id) => assert_eq!((found.id, found.matched), (id, Match::Alias)),
            None if name == "*" => assert_eq!(found.matched, Match::Wildcard),
            None => assert_eq!((found.id, found.matched), (name, Match::Id)),
        }
    }
}

#[test]
fn every_section_names_moments_that_exist() {
    for model in vendors().flat_map(models) {
        for section in card::parse(model.prices()).unwrap_or_default() {
            assert!(section.from.is_none_or(|day| Time::parse(day).is_some()), "{model:?}");
        }
    }
}

#[test]
fn lines_written_by_hand_are_in_the_file() {
    for line in EXTRA.lines() {
        let found = table::named(line.split('\t').next().unwrap(), line.split('\t').nth(1).unwrap());
        assert_eq!(found, Some(line));
    }
}

#[test]
fn vendors_and_their_models_are_listed() {
    let all: Vec<&str> = vendors().collect();
    assert!(all.is_sorted() && all.contains(&"openai") && all.contains(&"sandbox"), "{all:?}");
    assert_eq!(models("sandbox").map(|model| model.id).collect::<Vec<_>>(), ["echo", "fixed", "slow", "tools"]);
    assert!(models("openai").all(|model| model.vendor == "openai"));
    assert!(models("ollama").all(|model| model.id != "*"));
    assert_eq!(models("nobody").count(), 0);
    let listed: usize = vendors().map(|vendor| models(vendor).count()).sum();
    let lines = table::text().lines().skip(1).filter(|line| table::alias_target(line).is_none()).count();
    assert_eq!(listed, lines - 4, "all but the wildcards");
    assert!(Time::parse(as_of()).is_some());
}

#[test]
fn a_model_says_what_it_can_do() {
    let found = model("openai", "gpt-4o");
    assert_eq!((found.mode, found.lifecycle), (Mode::Chat, Lifecycle::Active));
    assert_eq!((found.context_window, found.max_output_tokens), (Some(128_000), Some(16_384)));
    assert_eq!(found.capabilities.tools, Some(true));
    assert_eq!(found.capabilities.audio_in, Some(false));
    assert_eq!(model("anthropic", "claude-sonnet-4-5").capabilities.parallel_tools, None);
    assert_eq!(model("sandbox", "tools").capabilities.tools, Some(true));
}

#[test]
fn names_lead_to_models() {
    let named = |vendor, name| find(vendor, name).map(|found| (found.id, found.matched));
    assert_eq!(named("openai", "gpt-4o"), Some(("gpt-4o", Match::Id)));
    assert_eq!(named("openai", "gpt-5-4"), Some(("gpt-5.4", Match::Alias)));
    assert_eq!(named("openai", "gpt-4o-2024-08-06"), Some(("gpt-4o-2024-08-06", Match::Id)));
    assert_eq!(named("openai", "gpt-4o-2031-01-31"), Some(("gpt-4o", Match::WithoutDate)));
    assert_eq!(named("openai", "gpt-5-4-2031-01-31"), Some(("gpt-5.4", Match::WithoutDate)));
    assert_eq!(named("anthropic", "claude-sonnet-4-5-20310131"), Some(("claude-sonnet-4-5", Match::WithoutDate)));
    assert_eq!(named("vertex", "claude-sonnet-4-5@20310131"), Some(("claude-sonnet-4-5", Match::WithoutDate)));
    let tuned = "ft:gpt-4.1-nano-2025-04-14:acme::Ab1";
    assert_eq!(named("openai", tuned), Some(("ft:gpt-4.1-nano-2025-04-14", Match::Base)));
    assert_eq!(named("ollama", "anything:7b"), Some(("*", Match::Wildcard)));
    assert_eq!(named("ollama", "*"), Some(("*", Match::Wildcard)));
}

#[test]
fn unknown_names_lead_nowhere() {
    for name in ["", "*", "gpt-4o ", "gpt", "GPT-4o", "gpt-4o-", "-2024-08-06", "gpt-4o-2024-8-6", "gpt-4o20240806"] {
        assert_eq!(find("openai", name), None, "{name:?}");
    }
    for name in ["gpt-4o\tchat", "gpt-4o\n", "é-2024-08-06", "ft:", "ft:x:y", "字20240806"] {
        assert_eq!(find("openai", name), None, "{name:?}");
    }
    assert_eq!(find("", "gpt-4o"), None);
    assert_eq!(find("#", as_of()), None);
}

#[test]
fn cached_tokens_have_their_own_rate() {
    // 600 x 2.50 + 400 x 1.25 + 100 x 10 = 1500 + 500 + 1000 = 3000 millionths.
    let usage = Usage { input: 1_000, cache_read: 400, output: 100, reasoning: 30, ..Usage::default() };
    assert_eq!(cost("openai", "gpt-4o", usage, None), ("0.003".into(), format!("as of {}", as_of())));
}

#[test]
fn cache_writes_are_priced_by_their_lifetime() {
    // 100 x 3 + 2000 x 0.30 + 400 x 3.75 + 500 x 6 + 10 x 15 = 300 + 600 + 1500 + 3000 + 150 millionths.
    let usage = Usage {
        input: 3_000,
        cache_read: 2_000,
        cache_write_5m: 400,
        cache_write_1h: 500,
        output: 10,
        ..Usage::default()
    };
    assert_eq!(costs("anthropic", "claude-sonnet-4-5", usage, None), "0.00555");
}

#[test]
fn a_larger_prompt_is_billed_at_its_tier_as_a_whole() {
    let usage = |input| Usage { input, cache_read: 100_000, output: 1_000, ..Usage::default() };
    // 100000 x 3 + 100000 x 0.30 + 1000 x 15 = 345000 millionths.
    assert_eq!(costs("anthropic", "claude-sonnet-4-5", usage(200_000), None), "0.345");
    // 100001 x 6 + 100000 x 0.60 + 1000 x 22.50 = 600006 + 60000 + 22500 = 682506 millionths.
    let (amount, label) = cost("anthropic", "claude-sonnet-4-5", usage(200_001), None);
    assert_eq!((amount.as_str(), label), ("0.682506", format!("as of {}, over 200000 input tokens", as_of())));
}

#[test]
fn a_variant_keeps_the_standard_price_of_what_it_does_not_list() {
    let usage = Usage { input: 1_000, cache_read: 400, output: 100, ..Usage::default() };
    // batch: 600 x 1.25 + 400 x 1.25 (the standard rate of cached tokens) + 100 x 5 = 1750 millionths.
    let (amount, label) = cost("openai", "gpt-4o", usage, Some("batch"));
    assert_eq!((amount.as_str(), label), ("0.00175", format!("as of {}, batch", as_of())));
    // priority: 600 x 4.25 + 400 x 2.125 + 100 x 17 = 2550 + 850 + 1700 = 5100 millionths.
    assert_eq!(costs("openai", "gpt-4o", usage, Some("priority")), "0.0051");
    assert_eq!(cost("openai", "gpt-4o", usage, Some("fast")), cost("openai", "gpt-4o", usage, Some("priority")));
    // flex of gpt-5.4: 600 x 1.25 + 400 x 0.13 + 100 x 7.50 = 750 + 52 + 750 = 1552 millionths.
    assert_eq!(costs("openai", "gpt-5.4", usage, Some("flex")), "0.001552");
    for none in ["", "standard", "default", "auto", "on_demand"] {
        assert_eq!(cost("openai", "gpt-4o", usage, Some(none)), cost("openai", "gpt-4o", usage, None));
    }
}

#[test]
fn a_variant_has_tiers_of_its_own_or_no_price_there() {
    let usage = Usage { input: 272_001, output: 1_000, ..Usage::default() };
    // flex: 272001 x 2.50 + 1000 x 11.25 = 680002.5 + 11250 millionths.
    let (amount, label) = cost("openai", "gpt-5.4", usage, Some("flex"));
    assert_eq!(amount, "0.6912525");
    assert_eq!(label, format!("as of {}, over 272000 input tokens, flex", as_of()));
    assert_eq!(rates_of("openai", "gpt-5.4", &usage, Some("priority")), None);
    assert!(rates_of("openai", "gpt-5.4", &Usage { input: 272_000, ..usage }, Some("priority")).is_some());
}

#[test]
fn a_variant_without_any_price_is_billed_as_standard_and_says_so() {
    let usage = Usage { input: 1_000, ..Usage::default() };
    let (amount, label) = cost("anthropic", "claude-sonnet-4-5", usage, Some("priority"));
    assert_eq!((amount.as_str(), label), ("0.003", format!("as of {}, priority at standard price", as_of())));
}

#[test]
fn audio_is_billed_as_audio() {
    // 100 x 2.50 + 900 x 40 + 50 x 10 + 450 x 80 = 250 + 36000 + 500 + 36000 millionths.
    let usage = Usage { input: 1_000, input_audio: 900, output: 500, output_audio: 450, ..Usage::default() };
    assert_eq!(costs("openai", "gpt-4o-audio-preview-2024-12-17", usage, None), "0.07275");
}

#[test]
fn searches_are_billed_one_by_one() {
    // 3 x 10 / 1000 + 1000 x 3 / 1000000 = 0.03 + 0.003 dollars.
    let usage = Usage { input: 1_000, pieces: 3, ..Usage::default() };
    assert_eq!(costs("anthropic", "claude-sonnet-4-5", usage, None), "0.033");
    // The tier changes the price of tokens, not of a search: 200001 x 6 = 1200006 millionths.
    let large = Usage { input: 200_001, pieces: 1, ..Usage::default() };
    assert_eq!(costs("anthropic", "claude-sonnet-4-5", large, None), "1.210006");
}

#[test]
fn a_fee_for_a_prompt_that_searched_is_known_for_one_search_only() {
    let usage = |pieces| Usage { input: 1_000, pieces, ..Usage::default() };
    // 1000 x 1.25 millionths + 35 / 1000.
    assert_eq!(costs("google", "gemini-2.5-pro", usage(1), None), "0.03625");
    let rates = rates_of("google", "gemini-2.5-pro", &usage(2), None).unwrap();
    assert_eq!(rates.cost(&usage(2)), None);
}

#[test]
fn an_announced_price_applies_from_its_day() {
    let usage = Usage { input: 1_000, cache_read: 500, output: 10, ..Usage::default() };
    let price = |moment, variant| {
        let rates = model("google", "gemini-4-argon").rates(at(moment), &usage, variant)?;
        Some((rates.cost(&usage)?.to_string(), rates.label))
    };
    // 500 x 2 + 500 x 0.10 + 10 x 10 = 1150; from December on 500 x 4 + 500 x 0.20 + 10 x 20 = 2300 millionths.
    let before = Some(("0.00115".into(), format!("as of {}", as_of())));
    assert_eq!(price("2026-11-30T23:59:59Z", None), before);
    assert_eq!(price("2020-01-01", None), before, "the oldest list known is the best guess for the past");
    assert_eq!(price("2026-12-01", None), Some(("0.0023".into(), "since 2026-12-01".into())));
    assert!(price("2026-11-30", Some("batch")).is_some());
    assert_eq!(price("2026-12-01", Some("batch")), None, "nobody announced what becomes of the variant");
}

#[test]
fn hours_of_the_day_have_their_prices() {
    let usage = Usage { input: 1_000, cache_read: 500, output: 100, ..Usage::default() };
    let price = |moment: &str| {
        let rates = model("deepseek", "deepseek-flash").rates(at(moment), &usage, None).unwrap();
        (rates.cost(&usage).unwrap().to_string(), rates.label)
    };
    // 500 x 0.30 + 500 x 0.006 + 100 x 1.20 = 273 millionths; half of it off-peak.
    let peak = ("0.000273".to_owned(), format!("as of {}", as_of()));
    let off_peak = ("0.0001365".to_owned(), format!("as of {}, off-peak", as_of()));
    // The 25th of November 2026 is a Wednesday, the 28th a Saturday.
    for moment in ["01:00:00Z", "03:59:59Z", "06:00:00Z", "09:59:59Z"] {
        assert_eq!(price(&format!("2026-11-25T{moment}")), peak, "{moment}");
    }
    for moment in ["00:00:00Z", "00:59:59Z", "04:00:00Z", "10:00:00Z", "23:59:59Z"] {
        assert_eq!(price(&format!("2026-11-25T{moment}")), off_peak, "{moment}");
    }
    assert_eq!(price("2026-11-28T03:00:00Z"), off_peak);
    assert_eq!(price("2026-11-30T03:00:00Z"), peak);
}

#[test]
fn free_is_known_and_unknown_is_not_free() {
    let usage = Usage { input: 1_000, cache_read: 10, output: 1_000, ..Usage::default() };
    for local in ["ollama", "llamacpp", "lmstudio", "vllm"] {
        assert_eq!(costs(local, "whatever", usage, None), "0");
    }
    assert_eq!(rates_of("sandbox", "fixed", &usage, None), None);
    // Priced by the answer alone: what the prompt costs is not known.
    let half = card::rates("o5", at("2026-11-25"), &usage, None).unwrap();
    assert_eq!(half.cost(&usage), None);
    assert_eq!(card::rates("s10", at("2026-11-25"), &usage, None), None);
}

#[test]
fn the_sandbox_has_a_price() {
    // 100 x 1 + 200 x 0.10 + 300 x 1.25 + 50 x 2 = 100 + 20 + 375 + 100 millionths.
    let usage = Usage { input: 600, cache_read: 200, cache_write_5m: 300, output: 50, ..Usage::default() };
    assert_eq!(costs("sandbox", "echo", usage, None), "0.000595");
}

#[test]
fn the_price_list_shows_every_section() {
    let list = model("openai", "gpt-4o").price_list();
    let labels: Vec<String> = list.iter().map(|rates| rates.label.clone()).collect();
    let day = format!("as of {}", as_of());
    assert_eq!(labels, [day.clone(), format!("{day}, batch"), format!("{day}, priority")]);
    assert_eq!(list[1].own(Meter::Input), Some(Money::from_pico(1_250_000)));
    assert_eq!(list[1].own(Meter::CacheRead), None);
    assert!(model("sandbox", "slow").price_list().is_empty());
}

#[test]
fn what_is_sold_by_the_piece_has_a_price() {
    let pieces = |pieces| Usage { pieces, ..Usage::default() };
    assert_eq!(costs("openai", "whisper-1", pieces(90), None), "0.009");
    assert_eq!(costs("openai", "tts-1", pieces(1_000), None), "0.015");
    assert_eq!(costs("openai", "tts-1-hd", pieces(1_000), None), "0.03");
    assert_eq!(costs("azure", "dall-e-3", pieces(2), Some("hd/1024x1792")), "0.264");
    assert_eq!(costs("cohere", "rerank-v3.5", pieces(3), None), "0.006");
    let unknown = rates_of("azure", "dall-e-3", &pieces(1), Some("hd/640x480"));
    assert_eq!(unknown.and_then(|rates| rates.cost(&pieces(1))), None, "a size without a price");
    // Where tokens make the bill, pieces are not counted besides.
    let tokens = Usage { input: 50, output: 1_000, output_image: 1_000, ..Usage::default() };
    assert_eq!(costs("openai", "gpt-image-1", tokens, Some("high/1024x1024")), "0.04025");
}

#[test]
fn a_list_of_facts_is_checked_whole() {
    let facts = check(table::text()).unwrap();
    assert_eq!((facts.as_of.as_str(), facts.models > 2_500), (as_of(), true));
    let line = "x\tm\tchat\t\t\t---------\tactive\t\t\t\ti1 o2";
    assert_eq!(check(&format!("#\t2027-01-01\n{line}\nx\tn\t=m\n")).map(|facts| facts.models), Ok(1));
    for (wrong, why) in [
        ("".to_owned(), "line 1 is not"),
        (format!("#\tsoon\n{line}"), "line 1 is not"),
        (format!("#\t2027-01-01\n{line}\n{line}"), "line 3 does not sort"),
        (format!("#\t2027-01-01\n{line}\nx\tn\t=o"), "line 3 is another name of `o`"),
        ("#\t2027-01-01\nx\tm\tchat\t\t\t---------\tactive\t\t\t\ti1 z2".to_owned(), "line 2 is no model"),
        ("#\t2027-01-01\nx\tm\tchat".to_owned(), "line 2 is no model"),
    ] {
        let said = check(&wrong).unwrap_err();
        assert!(said.starts_with(why), "{said}");
    }
}

#[test]
fn a_contract_stands_before_the_catalogue_from_its_day_on() {
    let mut rates = Rates::new("contract since 2026-11-24");
    rates.set(Meter::Input, Money::from_pico(1_000_000));
    let agreed = agreement(vec![Agreed { from: at("2026-11-24"), rates }]);
    let model = model("openai", "gpt-4o").agreed(agreed);
    let usage = Usage { input: 1_000_000, output: 1_000_000, ..Usage::default() };
    let cost = |day: &str| {
        let rates = model.rates(at(day), &usage, None).unwrap();
        (rates.cost(&usage).unwrap().to_string(), rates.label)
    };
    assert_eq!(cost("2026-11-23").0, "12.5");
    assert_eq!(cost("2026-11-25"), ("11".to_owned(), "contract since 2026-11-24".to_owned()));
    assert!(std::ptr::eq(agreed, agreement(agreed.to_vec())));
    let own = Model::of_contract("mine", agreed);
    assert_eq!(own.rates(at("2026-11-25"), &usage, None).unwrap().cost(&usage), None, "no price for the answer");
}
