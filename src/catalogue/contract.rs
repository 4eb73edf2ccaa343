//! Prices by contract, which stand before the catalogue's.
//!
//! A [`super::Model`] is copied with each call, so it refers to them; they are few, and each list is kept once for as long
//! as the program runs.

use crate::price::Rates;
use crate::types::Time;
use std::sync::{Mutex, PoisonError};

/// A price from a moment on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agreed {
    /// The first moment at which it holds.
    pub from: Time,
    /// What is agreed.
    pub rates: Rates,
}

/// All prices of one model, the oldest first.
pub type Agreement = &'static [Agreed];

static KNOWN: Mutex<Vec<Agreement>> = Mutex::new(Vec::new());
static NAMES: Mutex<Vec<&'static str>> = Mutex::new(Vec::new());

/// Keeps a list of prices; the same one again costs nothing.
pub fn agreement(mut prices: Vec<Agreed>) -> Agreement {
    prices.sort_by_key(|agreed| agreed.from);
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = known.iter().find(|same| ***same == prices[..]) {
        return same;
    }
    let kept: Agreement = Box::leak(prices.into_boxed_slice());
    known.push(kept);
    kept
}

/// Keeps the name of a model that only a contract knows.
pub(super) fn name(name: &str) -> &'static str {
    let mut known = NAMES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = known.iter().find(|same| **same == name) {
        return same;
    }
    let kept: &'static str = Box::leak(name.to_owned().into_boxed_str());
    known.push(kept);
    kept
}

/// The price in force, put over what the catalogue says; all that it does not name stays.
pub(super) fn applied(agreement: Agreement, at: Time, catalogue: Option<Rates>) -> Option<Rates> {
    let Some(agreed) = agreement.iter().rfind(|agreed| agreed.from <= at) else { return catalogue };
    let mut rates = catalogue.unwrap_or_default();
    rates.label = agreed.rates.label.clone();
    agreed.rates.iter().for_each(|(meter, money)| rates.set(meter, money));
    Some(rates)
}
