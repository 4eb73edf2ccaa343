//! `[[provider]]`: registered connections. Their keys are named by where they are, and never written.

use super::{Desk, Table};
use crate::admin::AdminError;
use crate::admin::providers::{self, AddProvider, EditProvider};
use crate::provider::Settings;
use crate::records::SecretSource;
use crate::store::Store;
use crate::types::{OrgId, Protocol};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A connection to a model provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderEntry {
    /// Its name, the part of a model's name before the slash.
    pub name: String,
    /// What it is; `optscale-ai provider kinds` lists them.
    pub kind: String,
    /// Where it is, as the vendor's own SDK takes it; the kind's own where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// What it speaks, where the kind leaves a choice: `openai`, `anthropic`, `gemini`, `ollama`, `cohere`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// What its kind needs beside a key, such as `resource` or `region`; `optscale-ai provider kinds KIND` lists it. What it has
    /// stays where nothing is said.
    #[serde(default, skip_serializing_if = "Settings::is_empty")]
    pub settings: Settings,
    /// Where its key is read when it is used; a key that was stored stays where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<SecretSource>,
    /// Models that it offers by name; empty where any may be asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<String>,
    /// Whether plain http is fine to an address that is not private.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub allow_http: bool,
    /// Whether calls may go to it.
    #[serde(default = "super::yes", skip_serializing_if = "Clone::clone")]
    pub enabled: bool,
}

impl Default for ProviderEntry {
    fn default() -> ProviderEntry {
        ProviderEntry {
            name: String::new(),
            kind: String::new(),
            base_url: None,
            protocol: None,
            settings: Settings::new(),
            api_key: None,
            models: Vec::new(),
            allow_http: false,
            enabled: true,
        }
    }
}

impl ProviderEntry {
    fn switch(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        match self.enabled {
            true => providers::enable(desk.store, desk.org, &self.name).map(drop),
            false => providers::disable(desk.store, desk.org, &self.name).map(drop),
        }
    }

    /// What is set anew, and what is taken away: that has no value.
    fn settings_after(&self, before: &ProviderEntry) -> Vec<(String, String)> {
        let gone = before.settings.keys().filter(|name| !self.settings.contains_key(*name));
        self.settings.clone().into_iter().chain(gone.map(|name| (name.clone(), String::new()))).collect()
    }

    fn keep_source(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        match &self.api_key {
            Some(source) => providers::set_secret_source(desk.store, desk.org, &self.name, source).map(drop),
            None => Ok(()),
        }
    }
}

impl Table for ProviderEntry {
    const WHAT: &'static str = "provider";

    fn name(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.name)
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<ProviderEntry>, AdminError> {
        let entry = |row: crate::store::ProviderRow| ProviderEntry {
            api_key: row.secret_source().cloned(),
            name: row.name,
            kind: row.kind,
            base_url: row.base_url,
            protocol: row.protocol,
            settings: row.settings,
            models: row.models,
            allow_http: row.allow_http,
            enabled: row.enabled,
        };
        Ok(store.providers(org)?.into_iter().map(entry).collect())
    }

    fn completed(&self, current: Option<&ProviderEntry>) -> Result<ProviderEntry, AdminError> {
        let mut entry = self.clone();
        entry.api_key = entry.api_key.or_else(|| current?.api_key.clone());
        if let Some(current) = current.filter(|_| entry.settings.is_empty()) {
            entry.settings.clone_from(&current.settings);
        }
        let place = (entry.base_url.as_deref(), &entry.settings);
        let (base_url, protocol) = providers::settled(&entry.kind, entry.protocol, place, entry.allow_http)?;
        (entry.base_url, entry.protocol) = (base_url, protocol);
        Ok(entry)
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        let wanted = AddProvider {
            kind: self.kind.clone(),
            name: Some(self.name.clone()),
            protocol: self.protocol,
            base_url: self.base_url.clone(),
            models: self.models.clone(),
            settings: self.settings.clone().into_iter().collect(),
            allow_http: self.allow_http,
            ..AddProvider::default()
        };
        providers::add(desk.store, desk.sealer, desk.org, &wanted)?;
        self.keep_source(desk)?;
        self.switch(desk)
    }

    fn change(&self, before: &ProviderEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        if self.kind != before.kind {
            let reason = format!(
                "it is `{}` and cannot become `{}`; give the new one another name, or remove this one first with \
                 `optscale-ai provider remove {}`",
                before.kind, self.kind, self.name
            );
            return Err(AdminError::Refused(reason));
        }
        let edit = EditProvider {
            protocol: self.protocol,
            base_url: self.base_url.clone(),
            models: Some(self.models.clone()),
            settings: self.settings_after(before),
            allow_http: Some(self.allow_http),
            kinds_own: true,
            ..EditProvider::default()
        };
        providers::edit(desk.store, desk.sealer, desk.org, &self.name, &edit)?;
        self.keep_source(desk)?;
        self.switch(desk)
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        providers::remove(desk.store, desk.org, &self.name).map(drop)
    }
}
