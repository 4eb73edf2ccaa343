//! What the catalogue knows of the models of registered providers.

use super::snapshot::ProviderState;
use crate::catalogue::{self, Model};
use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

/// Cards by vendor and model. Each is looked up once, since that reads a line of text.
#[derive(Default)]
pub(crate) struct Cards(RwLock<HashMap<String, HashMap<String, Option<Model>>>>);

impl Cards {
    /// The card of a provider's model, with the prices that its organisation pays by contract.
    pub fn find(&self, provider: &ProviderState, model: &str) -> Option<Model> {
        let card = self.known(provider, model);
        match provider.contracts.get(model) {
            Some(agreement) => {
                Some(card.map_or_else(|| Model::of_contract(model, agreement), |card| card.agreed(agreement)))
            }
            None => card,
        }
    }

    fn known(&self, provider: &ProviderState, model: &str) -> Option<Model> {
        const MOST: usize = 10_000;
        let vendor = provider.record.catalogue.as_deref()?;
        {
            let cards = self.0.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(card) = cards.get(vendor).and_then(|models| models.get(model)) {
                return *card;
            }
        }
        let card = catalogue::find(vendor, model);
        let mut cards = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let models = cards.entry(vendor.to_owned()).or_default();
        if models.len() < MOST {
            models.insert(model.to_owned(), card);
        }
        card
    }
}
