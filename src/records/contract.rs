//! Prices by contract.

use crate::price::Rates;
use crate::types::{ProviderId, Time};

/// What an organisation pays for a model by contract, from a day on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contract {
    /// Whose model.
    pub provider: ProviderId,
    /// The model, as the provider names it.
    pub model: String,
    /// The first moment at which it holds.
    pub from: Time,
    /// What is agreed; all else keeps the catalogue's price.
    pub rates: Rates,
    /// When it was written down.
    pub created: Time,
}
