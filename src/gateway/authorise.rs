//! The third stage: may this caller call that model. The only maker of [`Grant`].

use super::call::{Call, Caller, Outcome, Target};
use super::cards::Cards;
use super::snapshot::ProviderState;
use crate::canonical::{Code, Complaint};
use crate::catalogue::Match;
use crate::dialect::ModelCard;
use crate::records::{Route, UserRole};
use std::sync::Arc;

/// The permission to make one call: where it may go. Nothing outside this file can make one.
pub(crate) struct Grant {
    target: Target,
    route: Option<Arc<Route>>,
}

impl Grant {
    /// The model that the caller's name means, and the routing rule that gave the name its meaning.
    pub fn into_parts(self) -> (Target, Option<Arc<Route>>) {
        (self.target, self.route)
    }
}

/// Finds out what the caller's model name means, and whether the caller may call it.
///
/// # Errors
/// [`Code::ModelNotFound`], [`Code::ModelAmbiguous`], [`Code::ModelNotAllowed`], [`Code::ProviderDisabled`].
pub(crate) fn authorise(cards: &Cards, caller: &Caller, call: &Call) -> Outcome<Grant> {
    let (target, route) = find(cards, caller, &call.peek.model.value)?;
    Ok(Grant { target, route })
}

/// The entry of a model in the list of models, by any name that a call may use.
///
/// # Errors
/// As [`authorise`].
pub(crate) fn look_up(cards: &Cards, caller: &Caller, name: &str) -> Outcome<ModelCard> {
    let (target, route) = find(cards, caller, name)?;
    let card = super::models::card(cards, &target.provider, &target.model);
    Ok(ModelCard { id: route.map_or(card.id, |route| route.name.clone()), ..card })
}

/// The target that a name means, and the routing rule that gave the name its meaning.
pub(super) fn find(cards: &Cards, caller: &Caller, asked: &str) -> Outcome<(Target, Option<Arc<Route>>)> {
    let route = caller.org.routes.get(asked).cloned();
    let named = route.as_ref().map_or(asked, |route| route.target.as_str());
    let (provider, model) = resolve(cards, caller, named)?;
    admit(caller, &provider, model, route.as_deref())?;
    if !provider.record.enabled {
        return Err(disabled(&provider));
    }
    let model = model.to_owned();
    let card = cards.find(&provider, &model);
    Ok((Target { provider, model, card }, route))
}

/// The provider and its own name of the model.
fn resolve<'a>(cards: &Cards, caller: &Caller, name: &'a str) -> Outcome<(Arc<ProviderState>, &'a str)> {
    if let Some((provider, model)) = name.split_once('/')
        && let Some(found) = caller.org.providers.get(provider)
    {
        return Ok((found.clone(), model));
    }
    let mut having = caller.org.providers.values().filter(|provider| offers(cards, provider, name));
    let reachable: Vec<_> =
        having.by_ref().filter(|provider| provider.record.enabled && may_call(caller, provider, name, None)).collect();
    match reachable.as_slice() {
        [] => {
            let hidden = caller.org.providers.values().find(|provider| offers(cards, provider, name));
            // A name that somebody has, but not for this caller: say that, and not "not found".
            hidden.map(|provider| (provider.clone(), name)).ok_or_else(|| not_found(cards, caller, name))
        }
        [one] => Ok(((*one).clone(), name)),
        several => Err(ambiguous(name, several)),
    }
}

fn offers(cards: &Cards, provider: &Arc<ProviderState>, model: &str) -> bool {
    let listed = &provider.record.models;
    if listed.is_empty() {
        cards.find(provider, model).is_some_and(|card| matches!(card.matched, Match::Id | Match::Alias))
    } else {
        listed.iter().any(|name| name == model)
    }
}

/// Whether the caller's user and key both let it call the model; each list given must admit it. A key may also be
/// limited to a routing rule: then it calls the model by that name only.
pub(crate) fn may_call(caller: &Caller, provider: &ProviderState, model: &str, route: Option<&Route>) -> bool {
    let provider = &provider.record.name;
    let user = &caller.key.user;
    let key = &caller.key.key;
    (user.role == UserRole::Owner || user.allowed.iter().any(|allowed| admits(allowed, provider, model)))
        && (key.providers.is_empty() || key.providers.iter().any(|name| name == provider))
        && (key.models.is_empty()
            || key.models.iter().any(|name| is_model(name, provider, model) || is_route(name, route)))
}

fn is_route(entry: &str, route: Option<&Route>) -> bool {
    route.is_some_and(|route| route.name == entry)
}

/// Whether an entry of a user's list, a provider or a `provider/model`, covers the model.
fn admits(entry: &str, provider: &str, model: &str) -> bool {
    entry == provider || is_model(entry, provider, model)
}

fn is_model(entry: &str, provider: &str, model: &str) -> bool {
    entry.split_once('/').is_some_and(|(p, m)| p == provider && m == model)
}

fn admit(caller: &Caller, provider: &ProviderState, model: &str, route: Option<&Route>) -> Outcome<()> {
    if may_call(caller, provider, model, route) {
        return Ok(());
    }
    let (key, user) = (&caller.key.key, &caller.key.user);
    let name = format!("{}/{model}", provider.record.name);
    let message = if !key.providers.is_empty() || !key.models.is_empty() {
        format!(
            "the API key `{}` of {} may not call {name}; it may call: {}. An administrator changes that with \
             `optscale-ai key edit {} --model {name}`",
            key.name,
            user.name,
            key.providers.iter().chain(&key.models).map(String::as_str).collect::<Vec<_>>().join(", "),
            key.name
        )
    } else {
        format!(
            "{} may not call {name}; an administrator allows it with `optscale-ai user allow {} {}`",
            user.name, user.name, provider.record.name
        )
    };
    Err(Complaint { param: Some("model".into()), ..Complaint::new(Code::ModelNotAllowed, message) })
}

fn disabled(provider: &ProviderState) -> Complaint {
    let name = &provider.record.name;
    let message = format!(
        "the provider `{name}` is disabled; an administrator enables it with `optscale-ai provider enable {name}`"
    );
    Complaint::new(Code::ProviderDisabled, message)
}

fn ambiguous(name: &str, several: &[&Arc<ProviderState>]) -> Complaint {
    let names: Vec<_> = several.iter().map(|provider| format!("{}/{name}", provider.record.name)).collect();
    let message = format!("several providers have `{name}`; say which: {}", names.join(", "));
    Complaint { param: Some("model".into()), ..Complaint::new(Code::ModelAmbiguous, message) }
}

fn not_found(cards: &Cards, caller: &Caller, name: &str) -> Complaint {
    let near = near_names(cards, caller, name);
    let hint = match near.as_slice() {
        [] => "name it as provider/model; `optscale-ai model list` shows what there is".to_owned(),
        some => format!("did you mean {}?", some.join(", ")),
    };
    let message = format!("there is no model `{name}` here; {hint}");
    Complaint { param: Some("model".into()), ..Complaint::new(Code::ModelNotFound, message) }
}

/// The three nearest names that this caller may call.
fn near_names(cards: &Cards, caller: &Caller, name: &str) -> Vec<String> {
    let bare = name.rsplit('/').next().unwrap_or(name);
    let mut scored: Vec<(f64, String)> = super::models::callable(cards, caller)
        .into_iter()
        .map(|card| {
            let model = card.id.split_once('/').map_or(card.id.as_str(), |(_, model)| model);
            (strsim::jaro_winkler(bare, model).max(strsim::jaro_winkler(name, &card.id)), card.id)
        })
        .filter(|(score, _)| *score > 0.8)
        .collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    scored.into_iter().take(3).map(|(_, id)| id).collect()
}
