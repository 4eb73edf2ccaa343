//! The third stage: may this caller call that model. The only maker of [`Grant`].

use super::call::{Call, Caller, Outcome, Target};
use super::cards::Cards;
use super::snapshot::{Link, ProviderState};
use crate::canonical::{Code, Complaint};
use crate::catalogue::Match;
use crate::dialect::ModelCard;
use crate::records::{Route, UserRole};
use crate::types::{Protocol, Time};
use std::sync::Arc;

/// The permission to make one call: where it may go. Nothing outside this file can make one.
pub(crate) struct Grant {
    target: Target,
    route: Option<Arc<Route>>,
}

impl Grant {
    /// The model that the caller's name means.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The routing rule that gave the name its meaning.
    pub fn route(&self) -> Option<&Arc<Route>> {
        self.route.as_ref()
    }

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

/// The same for a call that is only carried, by the name of its model.
///
/// # Errors
/// As [`authorise`].
pub(crate) fn authorise_model(cards: &Cards, caller: &Caller, model: &str) -> Outcome<Grant> {
    let (target, route) = find(cards, caller, model)?;
    Ok(Grant { target, route })
}

/// The same for a call that names no model: to the provider that its headers name, or to the only one that there is
/// for the protocol. The caller must be allowed all of the provider, since nobody looks which models it leads to.
///
/// # Errors
/// As [`authorise`]; [`Code::InvalidRequest`] where it must say which provider.
pub(crate) fn authorise_provider(caller: &Caller, named: Option<&str>, protocol: Protocol) -> Outcome<Grant> {
    let provider = match named {
        Some(name) => caller.org.providers.get(name).ok_or_else(|| no_provider(name))?,
        None => {
            let fits = |provider: &&Arc<ProviderState>| {
                let network = matches!(provider.link, Link::Network);
                let speaks = provider.record.protocol == protocol;
                network && speaks && provider.record.enabled && may_call(caller, provider, "", None)
            };
            let mut fitting: Vec<_> = caller.org.providers.values().filter(fits).collect();
            match fitting.as_slice() {
                [only] => *only,
                _ => {
                    fitting.sort_by(|a, b| a.record.name.cmp(&b.record.name));
                    return Err(which_provider(&fitting, protocol));
                }
            }
        }
    };
    let name = &provider.record.name;
    if !may_call(caller, provider, "", None) {
        let message = format!(
            "the API key `{}` of {} may not use all of the provider `{name}`, which a call without a model needs; {} \
             with `optscale-ai user allow {} {name}`, and with a key that is not limited to models",
            caller.key.key.name,
            caller.key.user.name,
            who_allows(caller),
            caller.key.user.name
        );
        return Err(Complaint::new(Code::ModelNotAllowed, message));
    }
    if !provider.record.enabled {
        return Err(disabled(provider));
    }
    let target = Target { provider: provider.clone(), model: String::new(), card: None };
    Ok(Grant { target, route: None })
}

fn no_provider(name: &str) -> Complaint {
    let message = format!("there is no provider `{name}` here; `optscale-ai provider list` shows what there is");
    Complaint { param: Some("x-optscale-provider".into()), ..Complaint::new(Code::ModelNotFound, message) }
}

fn which_provider(fitting: &[&Arc<ProviderState>], protocol: Protocol) -> Complaint {
    let names: Vec<&str> = fitting.iter().map(|provider| provider.record.name.as_str()).collect();
    let message = match names.as_slice() {
        [] => format!("this call names no model, and you may use no provider that speaks the {protocol} protocol"),
        names => format!(
            "this call names no model; say in the header x-optscale-provider which provider it is for: {}",
            names.join(", ")
        ),
    };
    Complaint::invalid("x-optscale-provider", message)
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
    let provider = provider.in_turn(Time::now());
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
    user_may(caller, provider, model)
        && key_has_provider(caller, provider)
        && key_has_model(caller, provider, model, route)
}

/// Owners may call everything; others what is allowed to them, and to their team.
fn user_may(caller: &Caller, provider: &str, model: &str) -> bool {
    let user = &caller.key.user;
    let own = user.allowed.iter().chain(caller.key.team.iter().flat_map(|team| &team.allowed));
    user.role == UserRole::Owner || own.into_iter().any(|allowed| admits(allowed, provider, model))
}

fn key_has_provider(caller: &Caller, provider: &str) -> bool {
    let listed = &caller.key.key.providers;
    listed.is_empty() || listed.iter().any(|name| name == provider)
}

fn key_has_model(caller: &Caller, provider: &str, model: &str, route: Option<&Route>) -> bool {
    let listed = &caller.key.key.models;
    listed.is_empty() || listed.iter().any(|name| is_model(name, provider, model) || is_route(name, route))
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
    let message = not_allowed(caller, &provider.record.name, model, route);
    Err(Complaint { param: Some("model".into()), ..Complaint::new(Code::ModelNotAllowed, message) })
}

/// Whose bound it is that keeps the model out, who can move it, and how.
fn not_allowed(caller: &Caller, provider: &str, model: &str, route: Option<&Route>) -> String {
    let (key, user) = (&caller.key.key, &caller.key.user.name);
    let name = format!("{provider}/{model}");
    let mut commands = Vec::new();
    let whose = match user_may(caller, provider, model) {
        true => format!("the API key `{}` of {user}", key.name),
        false => {
            commands.push(format!("`optscale-ai user allow {user} {provider}`"));
            user.clone()
        }
    };
    let mut flags = Vec::new();
    if !key_has_provider(caller, provider) {
        flags.push(format!("--provider {}", with(&key.providers, provider)));
    }
    if !key_has_model(caller, provider, model, route) {
        flags.push(format!("--model {}", with(&key.models, &name)));
    }
    if !flags.is_empty() {
        commands.push(format!("`optscale-ai key edit {} {}`", key.name, flags.join(" ")));
    }
    let bounds: Vec<&str> = key.providers.iter().chain(&key.models).map(String::as_str).collect();
    let rather =
        if bounds.is_empty() { String::new() } else { format!("; the key is limited to {}", bounds.join(", ")) };
    format!("{whose} may not call {name}{rather}. {} with {}", who_allows(caller), commands.join(" and "))
}

/// A list as an option takes it, with one more entry: an option replaces the whole list.
fn with(list: &[String], entry: &str) -> String {
    list.iter().map(String::as_str).chain([entry]).collect::<Vec<_>>().join(",")
}

/// Who can let the caller do more.
fn who_allows(caller: &Caller) -> String {
    const MOST: usize = 3;
    match caller.org.administrators.as_slice() {
        [] => "an administrator allows it".to_owned(),
        [one] => format!("{one} can allow it"),
        several => format!("one of {} can allow it", several[..several.len().min(MOST)].join(", ")),
    }
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
