//! Where this machine's own gateway is, and a model to begin with.

use super::error::{CliError, Kind, Outcome};
use crate::config::Serving;
use crate::connect::Connection;
use crate::provider;
use crate::records::Org;
use crate::store::{ProviderRow, Store};
use crate::types::Secret;
use std::net::SocketAddr;

/// Where a gateway listens unless it is told otherwise.
pub const DEFAULT_LISTEN: &str = "127.0.0.1:8642";

/// The base URL of a gateway that runs, else of one that would run as it does by default.
pub fn base_url(serving: Option<&Serving>) -> String {
    url_of(serving.map_or(DEFAULT_LISTEN, |serving| serving.listen.as_str()))
}

/// The base URL for an address; one that means every interface is reached over loopback.
pub fn url_of(listen: &str) -> String {
    let reachable = match listen.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_unspecified() => format!("127.0.0.1:{}", address.port()),
        _ => listen.to_owned(),
    };
    format!("http://{reachable}/v1")
}

/// Everything that a client needs. Anthropic's SDKs add `/v1` themselves.
pub fn connection(base_url: &str, api_key: Secret, model: String) -> Connection {
    let base_url = base_url.trim_end_matches('/');
    Connection {
        anthropic_base_url: base_url.strip_suffix("/v1").unwrap_or(base_url).to_owned(),
        cursor_base_url: format!("{}/cursor", base_url.strip_suffix("/v1").unwrap_or(base_url)),
        base_url: base_url.to_owned(),
        api_key,
        model,
    }
}

/// A model to begin with: of the first active provider that names one, the sandbox last.
///
/// # Errors
/// No active provider names a model.
pub fn default_model(store: &Store, org: &Org) -> Outcome<String> {
    let mut rows: Vec<ProviderRow> = store.providers(org.id)?.into_iter().filter(|row| row.enabled).collect();
    rows.sort_by_key(|row| (row.kind == provider::sandbox::KIND, row.created));
    rows.iter().find_map(first_model).ok_or_else(|| {
        CliError::new(Kind::NotFound, "no active provider names a model to begin with")
            .hint("add one with `optscale-ai provider add KIND`, or name a model with --model provider/model")
    })
}

fn first_model(row: &ProviderRow) -> Option<String> {
    let example = || provider::find(&row.kind).and_then(|kind| kind.example_model.clone());
    let model = row.models.first().cloned().or_else(example)?;
    Some(format!("{}/{model}", row.name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_on_every_interface_is_reached_over_loopback() {
        assert_eq!(url_of("0.0.0.0:9000"), "http://127.0.0.1:9000/v1");
        assert_eq!(url_of("192.168.1.2:9000"), "http://192.168.1.2:9000/v1");
        assert_eq!(url_of("[::]:9000"), "http://127.0.0.1:9000/v1");
        assert_eq!(base_url(None), "http://127.0.0.1:8642/v1");
    }

    #[test]
    fn anthropic_sdks_add_the_version_themselves() {
        let connection = connection("https://gw.example.com/v1/", Secret::new("k"), "m".into());
        assert_eq!(connection.base_url, "https://gw.example.com/v1");
        assert_eq!(connection.anthropic_base_url, "https://gw.example.com");
    }
}
