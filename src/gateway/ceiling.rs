//! How much an attempt can take and give at most, as far as the request and the catalogue say.
//!
//! A token has at least one byte: a request of text has no more tokens than bytes. What brings more than its own bytes (a
//! picture, a file, an earlier answer that the provider keeps) is bounded by what the model can take in.

use super::call::{Ask, Call};
use super::translate::Translated;
use crate::budget::{Kinds, Most};
use crate::catalogue::{Match, Model};
use crate::price::{Meter, Rates};
use crate::records::Budget;
use crate::types::{Protocol, Task, Time, Usage};
use memchr::memmem;
use serde::Deserialize;
use std::sync::Arc;

/// What a vendor adds around a conversation, in tokens, and what it adds when tools are offered.
const AROUND: u64 = 64;
const AROUND_TOOLS: u64 = 2048;
/// Words that stand in every request that brings more than its own bytes.
const BEYOND: [&str; 16] = [
    "\"image",
    "image_url\"",
    "\"input_image",
    "\"images\"",
    "\"file",
    "\"input_file",
    "\"document",
    "\"video",
    "\"audio",
    "\"input_audio",
    "nline_data\"",
    "nlineData\"",
    "ile_data\"",
    "ileData\"",
    "achedContent\"",
    "ached_content\"",
];
const SOUND: [&str; 4] = ["audio\"", "\"AUDIO\"", "udio/", "\"input_audio"];
const PICTURES: [&str; 3] = ["image", "nlineData\"", "nline_data\""];
/// Classes of service that cost more than the usual one, and the fields that ask for them.
const DEARER: [&str; 2] = ["priority", "fast"];
const CLASSES: [&str; 3] = ["\"service_tier\"", "\"speed\"", "\"serviceTier\""];

/// How much the attempt can take and give.
///
/// # Errors
/// What is not known, in words.
pub(super) fn most(ask: &Ask<'_>, translated: &Translated) -> Result<Most, &'static str> {
    let (call, body) = (ask.call, translated.bytes.as_ref());
    let card = ask.target.card.as_ref();
    let has = |words: &[&str]| words.iter().any(|word| memmem::find(body, word.as_bytes()).is_some());
    let bytes = body.len() as u64 + AROUND + if call.peek.tools { AROUND_TOOLS } else { 0 };
    let window = card.and_then(|card| card.context_window);
    let input = if has(&BEYOND) || goes_on(call) {
        window.ok_or("the request brings more than its own text, and how much the model can take in is not known")?
    } else {
        match window.filter(|_| card.is_some_and(is_exact) && !is_widened(call)) {
            Some(window) => bytes.min(window),
            None => bytes,
        }
    };
    let kinds = Kinds {
        cached: has(&["cache_control", "cachePoint"]),
        cached_1h: has(&["\"1h\""]),
        audio: has(&SOUND),
        images: has(&PICTURES),
    };
    let output = output(call, card)?;
    Ok(Most { input, answers: answers(call), output, kinds })
}

/// Tokens of one answer: the caller's limit, else the model's.
fn output(call: &Call, card: Option<&Model>) -> Result<u64, &'static str> {
    if matches!(call.task, Task::Embedding | Task::EmbeddingBatch) {
        return Ok(0);
    }
    let model = card.and_then(|card| card.max_output_tokens.or(card.context_window));
    let own = call.peek.max_output_tokens.as_ref().map(|limit| limit.value);
    let strict = model.filter(|_| card.is_some_and(is_exact));
    let limit = match (own, strict) {
        (Some(own), Some(strict)) => Some(own.min(strict)),
        (own, _) => own.or(model),
    };
    limit.ok_or("the request has no limit on its answer, and the model's is not known; send one (`max_tokens`)")
}

/// How many answers; old completions have several for each of several prompts.
fn answers(call: &Call) -> u64 {
    #[derive(Deserialize)]
    struct Several {
        #[serde(default)]
        prompt: serde_json::Value,
        #[serde(default)]
        best_of: Option<u64>,
    }
    let n = call.peek.n.max(1);
    if call.task != Task::Completion || call.dialect.protocol() != Protocol::Openai {
        return n;
    }
    let Ok(Several { prompt, best_of }) = serde_json::from_slice::<Several>(&call.body) else { return n };
    let prompts = prompt.as_array().map_or(1, |all| if all.iter().all(|one| one.is_number()) { 1 } else { all.len() });
    n.max(best_of.unwrap_or(1)).saturating_mul(prompts.max(1) as u64)
}

/// Whether the provider adds what it keeps of earlier calls.
fn goes_on(call: &Call) -> bool {
    call.thread.previous.is_some() || call.thread.conversation
}

/// Whether the catalogue speaks of this very model.
fn is_exact(card: &Model) -> bool {
    matches!(card.matched, Match::Id | Match::Alias)
}

/// Whether the caller asks for a larger window than the usual one.
fn is_widened(call: &Call) -> bool {
    let beta = call.headers.get_all("anthropic-beta").iter();
    beta.filter_map(|value| value.to_str().ok()).any(|value| value.contains("context"))
}

/// Every list of rates that the attempt can be billed by; none where no price is known.
pub(super) fn rates(ask: &Ask<'_>, translated: &Translated, (at, most): (Time, &Most)) -> Vec<Rates> {
    let Some(card) = ask.target.card.as_ref() else { return Vec::new() };
    let large = Usage { input: most.input, ..Usage::default() };
    let small = Usage { input: 1, ..Usage::default() };
    let body = translated.bytes.as_ref();
    let is_classed = CLASSES.iter().any(|word| memmem::find(body, word.as_bytes()).is_some());
    let variants = DEARER.iter().filter(|_| is_classed).map(|name| Some(*name));
    let mut all: Vec<Rates> = Vec::new();
    for variant in std::iter::once(None).chain(variants) {
        for usage in [&large, &small] {
            match card.rates(at, usage, variant) {
                Some(rates) if !all.contains(&rates) => all.push(rates),
                Some(_) => {}
                None if variant.is_none() => return Vec::new(),
                None => {}
            }
        }
    }
    all
}

/// The price of a model that has none of its own: the dearest that the budgets say; none unless all of them say one.
pub(super) fn default_rates(budgets: &[Arc<Budget>]) -> Option<Rates> {
    let prices = budgets.iter().map(|budget| budget.default_price).collect::<Option<Vec<_>>>()?;
    let mut rates = Rates::new("default price of the budget");
    rates.set(Meter::Input, prices.iter().map(|price| price.input).max()?);
    rates.set(Meter::Output, prices.iter().map(|price| price.output).max()?);
    Some(rates)
}
