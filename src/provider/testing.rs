//! A provider for tests of this module.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::find;
use crate::records::{Provider, Quirks};
use crate::types::{OrgId, ProviderId, Secret, Time};

/// One of that kind, with these settings and the kind's defaults.
pub fn provider(kind: &str, secret: Option<&str>, settings: &[(&str, &str)]) -> Provider {
    let kind = find(kind).unwrap();
    let said = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Provider {
        id: ProviderId(1),
        org: OrgId(1),
        name: kind.name.clone(),
        kind: kind.name.clone(),
        protocol: kind.protocol,
        sides: Vec::new(),
        base_url: "https://provider.example".to_owned(),
        auth: kind.auth.clone(),
        settings: kind.with_defaults(&said),
        wire_names: kind.wire_names(&said),
        secret: secret.map(Secret::new),
        headers: Vec::new(),
        models: Vec::new(),
        catalogue: None,
        quirks: Quirks::default(),
        enabled: true,
        created: Time::from_millis(0),
    }
}
