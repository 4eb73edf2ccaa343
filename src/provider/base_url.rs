//! What a user gives as a base URL, checked and put right.
//!
//! The rules, in this order:
//! 0. Clouds: the path ends where the part begins that the settings make.
//! 1. An endpoint pasted with it (`/chat/completions`, `/messages` ...) is taken off.
//! 2. Anthropic: a version at the end is taken off, since its SDKs add `/v1` themselves.
//!    Gemini: likewise, and what its OpenAI-compatible endpoint adds (`/v1beta/openai`).
//!    Cohere: a version or the path of its OpenAI endpoint at the end is taken off.
//!    Ollama: `/api` or `/v1` at the end is taken off, since both stand below its address.
//! 3. OpenAI, on the vendor's own host: the beginning of the vendor's path is completed, so that
//!    `https://api.groq.com` means `https://api.groq.com/openai/v1`.
//! 4. OpenAI, elsewhere: `/v1` is added where there is no path at all. A path that is there is taken at
//!    its word: many servers have their API under one without a version.
//!
//! Plain http is for this machine and private networks. Addresses at which clouds hand out credentials
//! are refused always. Names are judged as written and never looked up.

use super::{Kind, Settings};
use crate::types::Protocol;
use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What stands behind a base URL in the URL of a call.
const OPENAI_ENDPOINTS: &[&str] = &["chat/completions", "completions", "embeddings", "models", "responses"];
const OLLAMA_ENDPOINTS: &[&str] =
    &["api/chat", "api/generate", "api/embed", "api/embeddings", "api/tags", "api/show", "api", "v1"];
const COHERE_ENDPOINTS: &[&str] =
    &["v2/chat", "v2/embed", "v2/rerank", "compatibility/v1", "compatibility", "v2", "v1"];
const ANTHROPIC_ENDPOINTS: &[&str] = &["messages/count_tokens", "messages", "models"];
const GEMINI_VERSIONS: &[&str] = &["v1beta", "v1alpha", "v1"];

/// Names under which clouds hand out credentials to what runs in them.
const METADATA_NAMES: &[&str] =
    &["metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"];

/// The same as addresses, beyond the link-local ones: AWS over IPv6, Alibaba, Oracle, Azure.
const METADATA_ADDRESSES: &[IpAddr] = &[
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254)),
    IpAddr::V4(Ipv4Addr::new(100, 100, 100, 200)),
    IpAddr::V4(Ipv4Addr::new(192, 0, 0, 192)),
    IpAddr::V4(Ipv4Addr::new(168, 63, 129, 16)),
];

/// Why a text is no base URL for a provider.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// None was given, and the vendor has none of its own.
    #[error("`{kind}` has no URL of its own; say where it is: --base-url https://HOST/v1")]
    Missing {
        /// The vendor.
        kind: String,
    },
    /// One was given for the built-in sandbox.
    #[error("`{kind}` answers inside the gateway and takes no base URL; leave --base-url out")]
    NotTaken {
        /// The vendor.
        kind: String,
    },
    /// The vendor does not speak that protocol.
    #[error("`{kind}` does not speak {protocol}; for another URL use the kind `custom` with --protocol {protocol}")]
    Protocol {
        /// The vendor.
        kind: String,
        /// What it was to speak.
        protocol: Protocol,
    },
    /// Neither `http://` nor `https://` stands before it.
    #[error("`{given}` does not begin with https:// or http://; write {hint}")]
    NoScheme {
        /// What was given.
        given: String,
        /// The same with a scheme.
        hint: String,
    },
    /// No URL at all. Says what is wrong with it.
    #[error("`{given}` is not a URL: {why}; one looks like https://api.example.com/v1")]
    Invalid {
        /// What was given.
        given: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A user name or password in it. It is not shown.
    #[error("the base URL has a user name or password in it; give the key with --api-key-env or --api-key-stdin")]
    Credentials,
    /// A query or fragment. It may hold a key and is not shown.
    #[error("the base URL has a `?` or `#` in it; leave it and all that follows out, and give headers with --header")]
    Query,
    /// Plain http to a host on the public network.
    #[error("http://{host} would send the key and all prompts unencrypted; write https://{host}, or add --allow-http")]
    PlainHttp {
        /// The host, with its port.
        host: String,
    },
    /// A link-local address, or one where a cloud hands out credentials.
    #[error("`{host}` is a link-local or cloud metadata address, where no model provider can be; check --base-url")]
    Forbidden {
        /// The host.
        host: String,
    },
}

/// Where a provider is, in the form that its own SDK takes, without a slash at the end: OpenAI's with
/// the version, Anthropic's without. `given` is what the user typed, none for the vendor's own URL with `said` in it.
///
/// # Errors
/// It is missing, no http URL, holds what must not be there, or names a host that is not allowed.
pub fn base_url(
    kind: &Kind,
    protocol: Protocol,
    (given, said): (Option<&str>, &Settings),
    allow_http: bool,
) -> Result<String, BaseUrlError> {
    if !kind.speaks(protocol) {
        return Err(BaseUrlError::Protocol { kind: kind.name.clone(), protocol });
    }
    let given = match (given, kind.own_address(said)) {
        (Some(_), _) if kind.is_sandbox() => return Err(BaseUrlError::NotTaken { kind: kind.name.clone() }),
        (Some(given), _) => given.trim(),
        (None, Some(own)) => return Ok(own),
        (None, None) => return Err(BaseUrlError::Missing { kind: kind.name.clone() }),
    };
    let url = Url::parse(given)?;
    url.check_host(allow_http)?;
    let path = put_right(&url, protocol, kind);
    Ok(url.with_path(&path))
}

/// An address where no secret goes unencrypted to the public network.
///
/// # Errors
/// It is no http URL, or names a host that is not allowed.
pub(super) fn check_address(given: &str) -> Result<(), BaseUrlError> {
    Url::parse(given)?.check_host(false)
}

/// The parts of a base URL, host in lower case, path without empty segments.
struct Url {
    https: bool,
    host: String,
    port: Option<u16>,
    path: Vec<String>,
}

impl Url {
    fn parse(given: &str) -> Result<Url, BaseUrlError> {
        let invalid = |why| BaseUrlError::Invalid { given: given.to_owned(), why };
        let (scheme, rest) = given.split_once("://").unwrap_or(("", given));
        if rest.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@')) {
            return Err(BaseUrlError::Credentials);
        }
        if given.contains(['?', '#']) {
            return Err(BaseUrlError::Query);
        }
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(no_scheme(rest)),
        };
        let uri: Uri = given.parse().map_err(|_| invalid("it has a character that URLs do not allow"))?;
        let host = uri.host().map(|host| host.trim_end_matches('.').to_ascii_lowercase()).unwrap_or_default();
        if !is_host(&host) {
            return Err(invalid("its host is neither a name nor an address"));
        }
        let port = port(&uri).map_err(|()| invalid("its port is not a number from 1 to 65535"))?;
        let path: Vec<String> = uri.path().split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        if path.iter().any(|part| part == "." || part == "..") {
            return Err(invalid("its path has a `.` or `..` in it"));
        }
        Ok(Url { https, host, port: port.filter(|port| *port != if https { 443 } else { 80 }), path })
    }

    fn address(&self) -> Option<IpAddr> {
        let bare = self.host.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>().ok().map(|address| address.to_canonical())
    }

    fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        }
    }

    fn check_host(&self, allow_http: bool) -> Result<(), BaseUrlError> {
        let address = self.address();
        let forbidden = match address {
            Some(address) => is_link_local(address) || METADATA_ADDRESSES.contains(&address),
            None => METADATA_NAMES.contains(&self.host.as_str()),
        };
        if forbidden {
            return Err(BaseUrlError::Forbidden { host: self.host.clone() });
        }
        let near = address.map_or_else(|| is_near_name(&self.host), is_near_address);
        if self.https || near || allow_http {
            return Ok(());
        }
        Err(BaseUrlError::PlainHttp { host: self.authority() })
    }

    fn with_path(&self, path: &[String]) -> String {
        let scheme = if self.https { "https" } else { "http" };
        let path: String = path.iter().flat_map(|part| ["/", part]).collect();
        format!("{scheme}://{}{path}", self.authority())
    }
}

fn no_scheme(given: &str) -> BaseUrlError {
    let host = given.split(['/', ':']).next().unwrap_or_default();
    let near = host.parse::<IpAddr>().map_or_else(|_| is_near_name(host), is_near_address);
    let scheme = if near { "http" } else { "https" };
    BaseUrlError::NoScheme { given: given.to_owned(), hint: format!("{scheme}://{given}") }
}

/// A host's name or address. A last label of digits (`1.2.3`, `0x7f.1`) is an address in a spelling that
/// only some readers understand, so it could mean one host to a check and another to a connection.
fn is_host(host: &str) -> bool {
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    if let Some(address) = bracketed {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    let numeric = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    let letters = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    !host.is_empty() && letters && !host.split('.').any(str::is_empty) && !numeric || host.parse::<Ipv4Addr>().is_ok()
}

fn port(uri: &Uri) -> Result<Option<u16>, ()> {
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    let after_host = authority.rsplit(']').next().unwrap_or_default();
    match after_host.rsplit_once(':') {
        None => Ok(None),
        Some((_, digits)) => digits.parse().ok().filter(|port| *port != 0).map(Some).ok_or(()),
    }
}

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

fn is_near_address(address: IpAddr) -> bool {
    let private = match address {
        IpAddr::V4(v4) => v4.is_private(),
        IpAddr::V6(v6) => v6.is_unique_local(),
    };
    private || address.is_loopback() || address.is_unspecified()
}

/// Names that only a local resolver can answer: one label (containers, hosts files), `.local`, `.localhost`.
fn is_near_name(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    !host.contains('.') || matches!(last, "local" | "localhost") || host == "host.docker.internal"
}

/// The path by the rules at the top.
fn put_right(url: &Url, protocol: Protocol, kind: &Kind) -> Vec<String> {
    let mut path = url.path.clone();
    if !kind.cut_at.is_empty() {
        path.truncate(path.iter().position(|part| kind.cut_at.contains(part)).unwrap_or(path.len()));
        return path;
    }
    match protocol {
        Protocol::Anthropic => {
            take_off(&mut path, ANTHROPIC_ENDPOINTS);
            take_off(&mut path, &["v1"]);
            path
        }
        Protocol::Gemini => {
            take_off_call(&mut path);
            take_off(&mut path, OPENAI_ENDPOINTS);
            take_off(&mut path, &["openai"]);
            take_off(&mut path, GEMINI_VERSIONS);
            path
        }
        Protocol::Ollama => {
            take_off(&mut path, OLLAMA_ENDPOINTS);
            path
        }
        Protocol::Cohere => {
            take_off(&mut path, COHERE_ENDPOINTS);
            path
        }
        Protocol::Bedrock => {
            path.truncate(path.iter().position(|part| part == "model").unwrap_or(path.len()));
            path
        }
        Protocol::Openai | Protocol::Responses => {
            take_off(&mut path, OPENAI_ENDPOINTS);
            match own_path(kind, url).filter(|_| kind.protocol == protocol) {
                Some(own) if own.starts_with(&path) => own,
                Some(_) => path,
                None if path.is_empty() => vec!["v1".to_owned()],
                None => path,
            }
        }
    }
}

/// The path of the vendor's own URL, if `url` is on its host.
fn own_path(kind: &Kind, url: &Url) -> Option<Vec<String>> {
    let own = Url::parse(kind.base_url.as_deref()?).ok()?;
    (own.host == url.host).then_some(own.path)
}

/// Takes `models/MODEL:verb` off.
fn take_off_call(path: &mut Vec<String>) {
    if path.last().is_some_and(|last| last.contains(':'))
        && let Some(at) = path.iter().rposition(|part| part == "models")
    {
        path.truncate(at);
    }
}

fn take_off(path: &mut Vec<String>, endings: &[&str]) {
    let fits = |ending: &&&str| {
        let parts: Vec<&str> = ending.split('/').collect();
        path.len() >= parts.len() && path[path.len() - parts.len()..] == parts[..]
    };
    if let Some(ending) = endings.iter().find(fits) {
        path.truncate(path.len() - ending.split('/').count());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::{find, kinds};
    use Protocol::{Anthropic, Gemini, Openai};

    fn of(kind: &str, protocol: Protocol, given: &str) -> Result<String, BaseUrlError> {
        base_url(find(kind).unwrap(), protocol, (Some(given), &Settings::new()), false)
    }

    #[test]
    fn versions_are_put_right() {
        let table = [
            ("openai", Openai, "https://api.openai.com", "https://api.openai.com/v1"),
            ("openai", Openai, " https://api.openai.com/v1/ ", "https://api.openai.com/v1"),
            ("openai", Openai, "https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
            ("openai", Openai, "HTTPS://API.OpenAI.com:443/v1", "https://api.openai.com/v1"),
            ("openai", Openai, "https://eu.api.openai.com", "https://eu.api.openai.com/v1"),
            ("anthropic", Anthropic, "https://api.anthropic.com/v1/", "https://api.anthropic.com"),
            ("anthropic", Anthropic, "https://api.anthropic.com/v1/messages", "https://api.anthropic.com"),
            ("anthropic", Anthropic, "https://api.anthropic.com", "https://api.anthropic.com"),
            ("custom", Anthropic, "https://api.moonshot.ai/anthropic/v1", "https://api.moonshot.ai/anthropic"),
            ("groq", Openai, "https://api.groq.com", "https://api.groq.com/openai/v1"),
            ("groq", Openai, "https://api.groq.com/openai", "https://api.groq.com/openai/v1"),
            ("perplexity", Openai, "https://api.perplexity.ai/", "https://api.perplexity.ai"),
            ("perplexity", Openai, "https://api.perplexity.ai/chat/completions", "https://api.perplexity.ai"),
            (
                "google",
                Gemini,
                "https://generativelanguage.googleapis.com/v1beta/openai/",
                "https://generativelanguage.googleapis.com",
            ),
            (
                "google",
                Gemini,
                "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro:generateContent",
                "https://generativelanguage.googleapis.com",
            ),
            ("google", Gemini, "http://localhost:9/v1beta", "http://localhost:9"),
            ("custom", Gemini, "https://proxy.example.com/gemini/v1", "https://proxy.example.com/gemini"),
            ("zai", Openai, "https://api.z.ai/api/coding/paas/v4", "https://api.z.ai/api/coding/paas/v4"),
            ("ollama", Openai, "http://gpu:11434", "http://gpu:11434/v1"),
            ("ollama", Openai, "http://localhost:11434/v1", "http://localhost:11434/v1"),
            ("custom", Openai, "https://llm.example.com", "https://llm.example.com/v1"),
            ("custom", Openai, "https://llm.example.com/api//chat", "https://llm.example.com/api/chat"),
            ("custom", Openai, "http://[::1]:8000", "http://[::1]:8000/v1"),
            ("azure", Openai, "https://r.openai.azure.com/", "https://r.openai.azure.com"),
            ("azure", Openai, "https://r.openai.azure.com/openai/v1/", "https://r.openai.azure.com"),
            (
                "azure",
                Openai,
                "https://apim.example.com/ai/openai/deployments/d/chat/completions",
                "https://apim.example.com/ai",
            ),
        ];
        for (kind, protocol, given, expected) in table {
            assert_eq!(of(kind, protocol, given).as_deref(), Ok(expected), "{kind} {given}");
        }
    }

    #[test]
    fn the_vendors_own_urls_are_already_right() {
        for kind in kinds().iter().filter(|kind| !kind.is_sandbox()) {
            let said = kind.settings.iter().map(|setting| (setting.name.clone(), "one".to_owned())).collect();
            let Some(own) = kind.own_address(&said) else { continue };
            assert_eq!(base_url(kind, kind.protocol, (None, &said), false).as_ref(), Ok(&own));
            assert_eq!(base_url(kind, kind.protocol, (Some(&own), &said), false).as_ref(), Ok(&own));
        }
    }

    #[test]
    fn plain_http_stays_near() {
        for near in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.1",
            "192.168.0.9",
            "[::1]",
            "[fd12::1]",
            "0.0.0.0",
            "localhost",
            "gpu.local",
            "host.docker.internal",
            "ollama",
            "[::ffff:10.0.0.1]",
        ] {
            assert!(of("custom", Openai, &format!("http://{near}:80/v1")).is_ok(), "{near}");
        }
        for far in ["api.example.com", "8.8.8.8", "172.32.0.1", "[2001:db8::1]", "11.0.0.1", "local.example.com"] {
            let error = of("custom", Openai, &format!("http://{far}:8080")).unwrap_err();
            assert_eq!(error, BaseUrlError::PlainHttp { host: format!("{far}:8080") });
            assert!(of("custom", Openai, &format!("https://{far}")).is_ok(), "{far}");
        }
        let custom = find("custom").unwrap();
        assert!(base_url(custom, Openai, (Some("http://api.example.com"), &Settings::new()), true).is_ok());
    }

    #[test]
    fn where_credentials_are_handed_out_is_refused_always() {
        for host in [
            "169.254.169.254",
            "169.254.170.2",
            "[fe80::1]",
            "[::ffff:169.254.169.254]",
            "[fd00:ec2::254]",
            "100.100.100.200",
            "metadata.google.internal",
            "METADATA.google.internal.",
            "metadata",
        ] {
            let given = format!("http://{host}/v1");
            let result = base_url(find("custom").unwrap(), Openai, (Some(&given), &Settings::new()), true);
            assert!(matches!(result, Err(BaseUrlError::Forbidden { .. })), "{host}: {result:?}");
        }
    }

    #[test]
    fn addresses_in_odd_spellings_are_no_hosts() {
        for host in ["2852039166", "0xa9fea9fe", "127.1", "0x7f.1", "1.2.3.4.5", "a..b", "a%62c", "256.1.1.1"] {
            let result = of("custom", Openai, &format!("http://{host}/v1"));
            assert!(matches!(result, Err(BaseUrlError::Invalid { .. })), "{host}: {result:?}");
        }
        for given in ["https://", "https:///v1", "https://a:99999", "https://a:0", "https://a/../b", "https://a b"] {
            assert!(matches!(of("custom", Openai, given), Err(BaseUrlError::Invalid { .. })), "{given}");
        }
    }

    #[test]
    fn secrets_in_a_url_are_refused_and_not_shown() {
        for given in [
            "https://user:hunter2@h/v1",
            "https://h/v1?key=hunter2",
            "https://h/v1#hunter2",
            "u:hunter2@h",
            "h?k=hunter2",
        ] {
            let error = of("custom", Openai, given).unwrap_err();
            assert!(matches!(error, BaseUrlError::Credentials | BaseUrlError::Query));
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn errors_say_what_to_type() {
        let said = |kind, protocol, given: Option<&str>| {
            base_url(find(kind).unwrap(), protocol, (given, &Settings::new()), false).unwrap_err().to_string()
        };
        assert!(said("custom", Openai, None).contains("--base-url https://"));
        assert!(said("custom", Openai, Some("localhost:8000/v1")).contains("write http://localhost:8000/v1"));
        assert!(said("custom", Openai, Some("api.example.com")).contains("write https://api.example.com"));
        assert!(said("custom", Openai, Some("ftp://api.example.com")).contains("write https://api.example.com"));
        assert!(said("openai", Anthropic, None).contains("`custom` with --protocol anthropic"));
        assert!(said("sandbox", Openai, Some("http://localhost")).contains("leave --base-url out"));
    }
}
