//! Registered providers: added, edited, enabled, disabled, removed.

use super::{AdminError, access, names, vendor};
use crate::provider::{Kind, Settings};
use crate::records::SecretSource;
use crate::secrets::{Sealer, Slot};
use crate::store::{Change, NewProvider, ProviderRow, Store, StoredSecret};
use crate::types::{OrgId, Protocol, ProviderId, Secret, Time};

/// A provider to be added.
#[derive(Clone, Debug, Default)]
pub struct AddProvider {
    /// The vendor.
    pub kind: String,
    /// Its name; the kind's without one.
    pub name: Option<String>,
    /// What it speaks, where the kind leaves a choice.
    pub protocol: Option<Protocol>,
    /// Where it is; the kind's own without one.
    pub base_url: Option<String>,
    /// Its key.
    pub secret: Option<Secret>,
    /// Headers to send with every request.
    pub headers: Vec<(String, Secret)>,
    /// Models that are offered by name, as the provider names them.
    pub models: Vec<String>,
    /// What is said of the connection beside its key.
    pub settings: Vec<(String, String)>,
    /// Whether plain http is fine to any address.
    pub allow_http: bool,
}

/// What is to be changed of a provider; none leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct EditProvider {
    /// Its name. Routes, keys and users that name it follow.
    pub name: Option<String>,
    /// What it speaks.
    pub protocol: Option<Protocol>,
    /// Where it is.
    pub base_url: Option<String>,
    /// Its key.
    pub secret: Option<Secret>,
    /// Headers, in place of all that it has.
    pub headers: Option<Vec<(String, Secret)>>,
    /// Models that are offered by name, in place of all that it has.
    pub models: Option<Vec<String>>,
    /// Settings, beside those that it has; an empty value takes one away.
    pub settings: Vec<(String, String)>,
    /// Whether plain http is fine to any address.
    pub allow_http: Option<bool>,
    /// Whether a base URL and a protocol that are not given here are the kind's own again.
    pub kinds_own: bool,
}

/// The provider with this name.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find(store: &Store, org: OrgId, name: &str) -> Result<ProviderRow, AdminError> {
    names::find_provider(store, org, name)
}

/// The kind with this name.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn find_kind(name: &str) -> Result<&'static Kind, AdminError> {
    vendor::find_kind(name)
}

/// Registers a provider. Nobody is contacted.
///
/// # Errors
/// [`AdminError::NotFound`] for the kind, [`AdminError::Invalid`], [`AdminError::AlreadyExists`].
pub fn add(store: &Store, sealer: &Sealer, org: OrgId, wanted: &AddProvider) -> Result<ProviderRow, AdminError> {
    let kind = vendor::find_kind(&wanted.kind)?;
    let name = wanted.name.as_deref().unwrap_or(&kind.name);
    names::check_name(name)?;
    let mut settings = merged(&Settings::new(), &wanted.settings)?;
    settings.extend(vendor::settings_of_key(kind, wanted.secret.as_ref(), &settings)?);
    vendor::check_settings(kind, &settings, wanted.base_url.is_some())?;
    let given = (wanted.base_url.as_deref(), &settings);
    let base_url = vendor::check_base_url(kind, wanted.protocol, given, wanted.allow_http)?;
    check_models(&wanted.models)?;
    let protocol = wanted.protocol.filter(|protocol| *protocol != kind.protocol);
    let secret = wanted.secret.as_ref().map(|secret| vendor::check_secret(kind, secret)).transpose()?;
    store.change(|change| {
        check_free(change, org, name)?;
        let id = change.add_provider(&NewProvider {
            org,
            name,
            kind: &kind.name,
            protocol,
            base_url: base_url.as_deref(),
            models: &wanted.models,
            settings: &settings,
            allow_http: wanted.allow_http,
            created: Time::now(),
        })?;
        if let Some(secret) = &secret {
            keep_secret(change, sealer, id, secret)?;
        }
        if !wanted.headers.is_empty() {
            keep_headers(change, sealer, id, &wanted.headers)?;
        }
        names::find_provider(change, org, name)
    })
}

/// Changes a provider.
///
/// # Errors
/// As [`add`], and [`AdminError::NotFound`] for the provider.
pub fn edit(
    store: &Store,
    sealer: &Sealer,
    org: OrgId,
    name: &str,
    edit: &EditProvider,
) -> Result<ProviderRow, AdminError> {
    edit.name.as_deref().map_or(Ok(()), names::check_name)?;
    store.change(|change| {
        let row = names::find_provider(change, org, name)?;
        let kind = vendor::find_kind(&row.kind)?;
        let edited = settings(&row, edit)?;
        let secret = edit.secret.as_ref().map(|secret| vendor::check_secret(kind, secret)).transpose()?;
        if edited.name != row.name {
            check_free(change, org, &edited.name)?;
            rename_everywhere(change, &row, &edited.name)?;
        }
        if (&edited.base_url, edited.protocol, &edited.settings) != (&row.base_url, row.protocol, &row.settings) {
            // Another server may have other models under the same names.
            change.forget_sheets(row.id)?;
        }
        change.edit_provider(row.id, &as_new(&edited))?;
        if let Some(secret) = &secret {
            keep_secret(change, sealer, row.id, secret)?;
        }
        if let Some(headers) = &edit.headers {
            keep_headers(change, sealer, row.id, headers)?;
        }
        names::find_provider(change, org, &edited.name)
    })
}

/// Gives a provider a further key: calls take all of them in turn.
///
/// # Errors
/// [`AdminError::NotFound`], [`AdminError::Invalid`]; [`AdminError::Refused`] where it has none yet.
pub fn add_secret(
    store: &Store,
    sealer: &Sealer,
    org: OrgId,
    name: &str,
    secret: &Secret,
) -> Result<ProviderRow, AdminError> {
    store.change(|change| {
        let row = names::find_provider(change, org, name)?;
        if !row.has_secret() {
            let reason = format!("`{name}` has no key yet; leave --add-api-key out");
            return Err(AdminError::Refused(reason));
        }
        let secret = vendor::check_secret(vendor::find_kind(&row.kind)?, secret)?;
        let sealed = sealer.seal(Slot::ProviderSecret(row.id), &secret)?;
        let mut more = row.more_secrets;
        more.push(StoredSecret::Sealed(sealed));
        change.set_more_secrets(row.id, &more)?;
        names::find_provider(change, org, name)
    })
}

/// Lets a provider's key be read where it is, each time that a configuration is made ready for calls.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Invalid`] for a path that is not absolute.
pub fn set_secret_source(
    store: &Store,
    org: OrgId,
    name: &str,
    source: &SecretSource,
) -> Result<ProviderRow, AdminError> {
    if let SecretSource::File(path) = source
        && !path.is_absolute()
    {
        let reason = format!("{} is not absolute; a gateway may run anywhere", path.display());
        return Err(AdminError::invalid("api_key", reason));
    }
    store.change(|change| {
        let row = names::find_provider(change, org, name)?;
        if row.secret_source() != Some(source) {
            change.set_provider_secret(row.id, None)?;
            change.set_more_secrets(row.id, &[StoredSecret::Source(source.clone())])?;
        }
        names::find_provider(change, org, name)
    })
}

/// A base URL and a protocol as they are kept: put right, and none where they are the kind's own.
///
/// # Errors
/// [`AdminError::NotFound`] for the kind, [`AdminError::Invalid`].
pub fn settled(
    kind: &str,
    protocol: Option<Protocol>,
    (base_url, settings): (Option<&str>, &Settings),
    allow_http: bool,
) -> Result<(Option<String>, Option<Protocol>), AdminError> {
    let kind = vendor::find_kind(kind)?;
    let base_url = vendor::check_base_url(kind, protocol, (base_url, settings), allow_http)?;
    Ok((base_url, protocol.filter(|protocol| *protocol != kind.protocol)))
}

/// Lets calls go to a provider.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn enable(store: &Store, org: OrgId, name: &str) -> Result<ProviderRow, AdminError> {
    store.change(|change| {
        change.enable_provider(names::find_provider(change, org, name)?.id)?;
        names::find_provider(change, org, name)
    })
}

/// Lets no call go to a provider.
///
/// # Errors
/// [`AdminError::NotFound`].
pub fn disable(store: &Store, org: OrgId, name: &str) -> Result<ProviderRow, AdminError> {
    store.change(|change| {
        change.disable_provider(names::find_provider(change, org, name)?.id)?;
        names::find_provider(change, org, name)
    })
}

/// Removes a provider and wipes its key. Its traces stay; that users and teams might call it is forgotten, so that another
/// provider of this name is nobody's. What keys are limited to stays.
///
/// # Errors
/// [`AdminError::NotFound`]; [`AdminError::Refused`] while a route leads to it.
pub fn remove(store: &Store, org: OrgId, name: &str) -> Result<ProviderRow, AdminError> {
    store.change(|change| {
        let row = names::find_provider(change, org, name)?;
        let routes = change.routes(org)?;
        if let Some(route) = routes.iter().find(|route| renamed(&route.target, name, name).is_some()) {
            let reason = format!(
                "the route `{0}` leads to {1}; remove it first with `optscale-ai route remove {0}`",
                route.name, route.target
            );
            return Err(AdminError::Refused(reason));
        }
        change.forget_sheets(row.id)?;
        access::forget_provider(change, org, name)?;
        change.remove_provider(row.id, Time::now())?;
        Ok(row)
    })
}

/// The row as it will be, its URL and protocol checked together.
fn settings(row: &ProviderRow, edit: &EditProvider) -> Result<ProviderRow, AdminError> {
    let kind = vendor::find_kind(&row.kind)?;
    let mut edited = row.clone();
    edited.name = edit.name.clone().unwrap_or(edited.name);
    edited.models = edit.models.clone().unwrap_or(edited.models);
    check_models(&edited.models)?;
    edited.allow_http = edit.allow_http.unwrap_or(edited.allow_http);
    let (old_protocol, old_url) = if edit.kinds_own { (None, None) } else { (row.protocol, row.base_url.as_deref()) };
    edited.protocol = edit.protocol.or(old_protocol).filter(|protocol| *protocol != kind.protocol);
    let given = edit.base_url.as_deref().or(old_url);
    edited.settings = merged(&row.settings, &edit.settings)?;
    vendor::check_settings(kind, &edited.settings, given.is_some())?;
    edited.base_url = vendor::check_base_url(kind, edited.protocol, (given, &edited.settings), edited.allow_http)?;
    Ok(edited)
}

/// Settings with others in their place; an empty value takes one away.
fn merged(old: &Settings, new: &[(String, String)]) -> Result<Settings, AdminError> {
    let mut settings = old.clone();
    for (place, (name, value)) in new.iter().enumerate() {
        if new[..place].iter().any(|(other, _)| other == name) {
            return Err(AdminError::invalid("set", format!("`{name}` is given twice")));
        }
        match value.is_empty() {
            true => drop(settings.remove(name)),
            false => drop(settings.insert(name.clone(), value.clone())),
        }
    }
    Ok(settings)
}

fn as_new(row: &ProviderRow) -> NewProvider<'_> {
    NewProvider {
        org: row.org,
        name: &row.name,
        kind: &row.kind,
        protocol: row.protocol,
        base_url: row.base_url.as_deref(),
        models: &row.models,
        settings: &row.settings,
        allow_http: row.allow_http,
        created: row.created,
    }
}

fn check_models(models: &[String]) -> Result<(), AdminError> {
    models.iter().try_for_each(|model| names::check_model_name(model))
}

fn check_free(change: &Change<'_>, org: OrgId, name: &str) -> Result<(), AdminError> {
    if change.providers(org)?.iter().any(|provider| provider.name == name) {
        return Err(AdminError::AlreadyExists { what: "provider", name: name.to_owned() });
    }
    Ok(())
}

fn keep_secret(change: &Change<'_>, sealer: &Sealer, id: ProviderId, secret: &Secret) -> Result<(), AdminError> {
    let sealed = sealer.seal(Slot::ProviderSecret(id), secret)?;
    change.set_more_secrets(id, &[])?;
    Ok(change.set_provider_secret(id, Some(&sealed))?)
}

fn keep_headers(
    change: &Change<'_>,
    sealer: &Sealer,
    id: ProviderId,
    headers: &[(String, Secret)],
) -> Result<(), AdminError> {
    let mut sealed: Vec<(String, Vec<u8>)> = Vec::with_capacity(headers.len());
    for (name, value) in headers {
        let name = vendor::check_header(name, value)?;
        if sealed.iter().any(|(other, _)| *other == name) {
            return Err(AdminError::invalid("header", format!("`{name}` is given twice")));
        }
        let value = sealer.seal(Slot::ProviderHeader(id, &name), value)?;
        sealed.push((name, value));
    }
    Ok(change.set_provider_headers(id, &sealed)?)
}

/// Puts the new name wherever users, keys and routes have the old one.
fn rename_everywhere(change: &Change<'_>, row: &ProviderRow, to: &str) -> Result<(), AdminError> {
    let rename = |list: &[String]| -> Vec<String> {
        list.iter().map(|entry| renamed(entry, &row.name, to).unwrap_or_else(|| entry.clone())).collect()
    };
    for user in change.users(row.org)? {
        change.allow_user(user.id, &rename(&user.allowed))?;
    }
    for team in change.teams(row.org)? {
        change.edit_team(team.id, &team.name, &rename(&team.allowed))?;
    }
    for key in change.keys(row.org)?.into_iter().map(|row| row.key).filter(|key| key.revoked.is_none()) {
        let providers = rename(&key.providers);
        // A name without a slash is a routing rule's.
        let model = |name: &String| renamed(name, &row.name, to).filter(|_| name.contains('/'));
        let models: Vec<String> = key.models.iter().map(|name| model(name).unwrap_or_else(|| name.clone())).collect();
        super::keys::write_lists(change, &key, &providers, &models)?;
    }
    for route in change.routes(row.org)? {
        if let Some(target) = renamed(&route.target, &row.name, to) {
            change.retarget_route(route.id, &target)?;
        }
    }
    Ok(())
}

/// `entry` with another provider's name, if it is that provider or a model of it.
fn renamed(entry: &str, from: &str, to: &str) -> Option<String> {
    let rest = entry.strip_prefix(from)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| format!("{to}{rest}"))
}
