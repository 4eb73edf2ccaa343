//! The models that a caller may call, as `models` lists them.

use super::authorise::may_call;
use super::call::Caller;
use super::cards::Cards;
use super::snapshot::ProviderState;
use crate::catalogue::{self, Lifecycle, Mode, Model};
use crate::dialect::ModelCard;
use crate::types::Time;
use std::sync::Arc;

/// Every model that the caller may call: those that a provider lists, else those that the catalogue
/// knows of its vendor; and the routing rules that lead to one.
pub(crate) fn callable(cards: &Cards, caller: &Caller) -> Vec<ModelCard> {
    let org = &caller.org;
    let mut listed: Vec<ModelCard> = org
        .providers
        .values()
        .filter(|provider| provider.record.enabled)
        .flat_map(|provider| {
            let models = names(provider).into_iter().filter(|model| may_call(caller, provider, model, None));
            models.map(|model| card(cards, provider, &model)).collect::<Vec<_>>()
        })
        .collect();
    listed.extend(org.routes.values().filter_map(|route| {
        let (provider, model) = route.target.split_once('/')?;
        let provider = org.providers.get(provider).filter(|provider| provider.record.enabled)?;
        let may = may_call(caller, provider, model, Some(route));
        may.then(|| ModelCard { id: route.name.clone(), ..card(cards, provider, model) })
    }));
    listed.sort_by(|a, b| a.id.cmp(&b.id));
    listed
}

fn names(provider: &ProviderState) -> Vec<String> {
    if !provider.record.models.is_empty() {
        return provider.record.models.clone();
    }
    let Some(vendor) = &provider.record.catalogue else { return Vec::new() };
    catalogue::models(vendor).filter(is_offered).map(|model| model.id.to_string()).collect()
}

/// Whether a model is listed: it can be called by the tasks that there are, and has not ended.
fn is_offered(model: &Model) -> bool {
    matches!(model.mode, Mode::Chat | Mode::Completion | Mode::Embedding)
        && matches!(model.lifecycle, Lifecycle::Active | Lifecycle::Beta | Lifecycle::Deprecated)
}

/// One model's entry.
pub(crate) fn card(cards: &Cards, provider: &Arc<ProviderState>, model: &str) -> ModelCard {
    let known = cards.find(provider, model);
    ModelCard {
        id: format!("{}/{model}", provider.record.name),
        owner: provider.record.name.clone(),
        created: known.and_then(|card| Time::parse(card.released?)).unwrap_or(Time::from_millis(0)),
        context_window: known.and_then(|card| card.context_window),
        max_output_tokens: known.and_then(|card| card.max_output_tokens),
    }
}
