//! Connection: what listens where, and what the base URL should be.

use super::check::{Check, Report};
use super::fetch::{Fetcher, Listener};
use super::tls;
use crate::cli::target;
use crate::config::{Home, Serving};
use crate::http::Endpoint;

/// What SDKs append to a base URL themselves.
const ENDPOINTS: &[&str] =
    &["chat/completions", "completions", "embeddings", "responses", "messages/count_tokens", "messages", "models"];
/// What the gateway takes off a path, however often it stands there.
const SEGMENTS: [&str; 3] = ["v1", "anthropic", "cursor"];

/// Where a gateway answers.
#[derive(Clone, Debug, Default)]
pub struct Reached {
    /// The base URL that a client has, or should have.
    pub base_url: Option<String>,
    /// The base URL at which the gateway of this home listens itself.
    pub own: Option<String>,
}

/// What is looked at.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// The base URL that a client has.
    pub base_url: Option<&'a str>,
    /// Whether calls of a model follow, which can be made without a gateway.
    pub calls_follow: bool,
    /// Whether the home can be used.
    pub has_home: bool,
}

/// Looks for the gateway of this home, and at the base URL that was given.
pub fn examine(home: &Home, asked: Asked<'_>, fetcher: &Fetcher, report: &mut Report) -> Reached {
    let serving = home.serving();
    let own = match &serving {
        Some(serving) => of_this_home(serving, fetcher, report),
        None => {
            report.add(not_serving(asked, fetcher));
            None
        }
    };
    let base_url = match asked.base_url {
        None => own.clone(),
        Some(given) => at(given, own.as_deref(), fetcher, report),
    };
    Reached { base_url, own }
}

fn of_this_home(serving: &Serving, fetcher: &Fetcher, report: &mut Report) -> Option<String> {
    let base_url = target::base_url(Some(serving));
    let (pid, listen) = (serving.pid, &serving.listen);
    let check = match probe(&base_url, fetcher) {
        Ok(()) => {
            let detail = format!("pid {pid} listens on {listen} and takes calls; the base URL is {base_url}");
            report.add(Check::ok("gateway", detail));
            return Some(base_url);
        }
        Err(Trouble::NotReady(why)) => Check::fault("gateway", format!("pid {pid} on {listen} takes no calls: {why}")),
        Err(Trouble::Silent(why)) => {
            let detail = format!("pid {pid} serves this home and should listen on {listen}, but: {why}");
            Check::fail("gateway", detail).remedy(format!("start it anew: `kill {pid}`, then `optscale-ai serve`"))
        }
    };
    report.add(check);
    None
}

enum Trouble {
    Silent(String),
    NotReady(String),
}

fn probe(base_url: &str, fetcher: &Fetcher) -> Result<(), Trouble> {
    let base = Endpoint::parse(base_url).map_err(|error| Trouble::Silent(error.to_string()))?;
    let get = |path| fetcher.get(&base, path).map_err(|error| Trouble::Silent(error.to_string()));
    let health = get("/healthz")?;
    if health.status != 200 {
        return Err(Trouble::Silent(format!("/healthz answers HTTP {}", health.status)));
    }
    let ready = get("/readyz")?;
    if ready.status == 200 { Ok(()) } else { Err(Trouble::NotReady(ready.body.trim().to_owned())) }
}

fn not_serving(asked: Asked<'_>, fetcher: &Fetcher) -> Check {
    let nothing = "no gateway serves this home";
    if asked.base_url.is_some() {
        return Check::skip("gateway", nothing);
    }
    let judge = if asked.calls_follow { Check::warn } else { Check::fail };
    let check = |more: &str| judge("gateway".to_owned(), format!("{nothing}{more}"));
    let usual = Endpoint::parse(&target::base_url(None));
    match usual.map(|usual| fetcher.who(&usual)) {
        Ok(Listener::Gateway) => check(&format!("; one of another home listens on {}", target::DEFAULT_LISTEN))
            .remedy("look at that one's home: `optscale-ai doctor --home DIR`")
            .remedy("or serve this home too: `optscale-ai serve --listen 127.0.0.1:0`"),
        Ok(Listener::Other(what)) => {
            check(&format!("; another program listens on {} ({what})", target::DEFAULT_LISTEN))
                .remedy("serve on another port: `optscale-ai serve --listen 127.0.0.1:0`")
        }
        _ if asked.has_home => check("").remedy("start it: `optscale-ai serve`"),
        _ => check("").remedy("set up what is missing, and serve: `optscale-ai up`"),
    }
}

/// Looks at a base URL that a client has; the one that it should have, where a gateway answers there.
fn at(given: &str, own: Option<&str>, fetcher: &Fetcher, report: &mut Report) -> Option<String> {
    let url = match put_right(given) {
        Ok(url) => url,
        Err(check) => {
            report.add(*check);
            return None;
        }
    };
    let base = Endpoint::parse(&url.right).ok()?;
    let answers = match fetcher.who(&base) {
        Listener::Gateway => {
            report.add(url.judge());
            true
        }
        Listener::Other(what) => {
            let check = Check::fail("base_url", format!("another program listens at {} ({what})", base.origin()));
            report.add(point_to(check, own).remote());
            false
        }
        Listener::Nobody(error) => {
            let detail = error.to_string();
            // What to do is known better here than where the connection failed.
            let detail = detail.split("; ").next().unwrap_or_default().to_owned();
            let check = match other_scheme(&url.right).filter(|other| is_gateway(other, fetcher)) {
                Some(other) => {
                    let detail = format!("a gateway listens there, but it speaks {}: {detail}", scheme(&other));
                    Check::fail("base_url", detail).remedy(format!("set the base URL to {other}"))
                }
                None => point_to(Check::fail("base_url", detail), own),
            };
            report.add(check.remote());
            false
        }
    };
    if base.is_secure() {
        report.add(tls::judge("base_url", base.host(), fetcher.certificate(&base)));
    }
    answers.then_some(url.right)
}

fn point_to(check: Check, own: Option<&str>) -> Check {
    match own {
        Some(own) => check.remedy(format!("set the base URL to {own}, where the gateway of this home listens")),
        None => check.remedy("start a gateway with `optscale-ai serve`, and use the base URL that it prints"),
    }
}

fn is_gateway(url: &str, fetcher: &Fetcher) -> bool {
    Endpoint::parse(url).is_ok_and(|base| matches!(fetcher.who(&base), Listener::Gateway))
}

fn scheme(url: &str) -> &str {
    url.split("://").next().unwrap_or_default()
}

fn other_scheme(url: &str) -> Option<String> {
    let other = |from, to| url.strip_prefix(from).map(|rest| format!("{to}{rest}"));
    other("https://", "http://").or_else(|| other("http://", "https://"))
}

/// A base URL as it should be, and what is odd about how it was given.
#[derive(PartialEq, Eq, Debug)]
struct Url {
    right: String,
    oddity: Option<String>,
}

impl Url {
    fn judge(&self) -> Check {
        match &self.oddity {
            None => Check::ok("base_url", format!("a gateway answers at {}", self.right)),
            Some(oddity) => Check::warn("base_url", format!("a gateway answers, although {oddity}"))
                .remedy(format!("set the base URL to {}", self.right)),
        }
    }
}

fn put_right(given: &str) -> Result<Url, Box<Check>> {
    if !given.contains("://") {
        let check = Check::fail("base_url", format!("`{given}` has no scheme"));
        return Err(Box::new(check.remedy(format!("write it as http://{given}, or https:// where there is TLS"))));
    }
    let base = Endpoint::parse(given).map_err(|error| Box::new(Check::fail("base_url", error)))?;
    let path: Vec<&str> = base.path().split('?').next().unwrap_or_default().split('/').collect();
    let path = path.into_iter().filter(|segment| !segment.is_empty()).collect::<Vec<_>>().join("/");
    let endpoint = ENDPOINTS.iter().find(|endpoint| ends_with(&path, endpoint));
    let mut rest = endpoint.map_or(path.as_str(), |endpoint| before(&path, endpoint));
    let mut segments = Vec::new();
    while let Some(segment) = SEGMENTS.iter().find(|segment| ends_with(rest, segment)) {
        segments.push(*segment);
        rest = before(rest, segment);
    }
    let oddity = match (endpoint, segments.as_slice()) {
        (Some(endpoint), _) => Some(format!("`/{endpoint}` stands at its end, which clients add themselves")),
        (None, []) => Some("`/v1` is missing at its end".to_owned()),
        (None, [_, _, ..]) => Some(format!("`/{}` is one too many at its end", segments[0])),
        (None, [_]) => None,
    };
    let prefix = if rest.is_empty() { String::new() } else { format!("/{rest}") };
    let form = if oddity.is_none() { segments[0] } else { "v1" };
    Ok(Url { right: format!("{}{prefix}/{form}", base.origin()), oddity })
}

/// Whether a path ends with these whole segments.
fn ends_with(path: &str, tail: &str) -> bool {
    path.strip_suffix(tail).is_some_and(|before| before.is_empty() || before.ends_with('/'))
}

fn before<'a>(path: &'a str, tail: &str) -> &'a str {
    path.strip_suffix(tail).unwrap_or(path).trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_put_right() {
        let right = |given| put_right(given).unwrap().right;
        for given in [
            "http://h:1",
            "http://h:1/",
            "http://h:1/v1",
            "http://h:1/v1/",
            "http://h:1/v1/v1",
            "http://h:1//v1/chat/completions",
            "http://h:1/messages",
        ] {
            assert_eq!(right(given), "http://h:1/v1", "{given}");
        }
        assert_eq!(right("https://h/llm_proxy/acme/v1"), "https://h/llm_proxy/acme/v1");
        assert_eq!(right("https://h/ai/anthropic"), "https://h/ai/anthropic");
        assert_eq!(put_right("http://h/v1").unwrap().oddity, None);
        assert!(put_right("http://h/v1/v1").unwrap().oddity.is_some());
        assert!(put_right("h:1/v1").is_err() && put_right("ftp://h").is_err());
    }

    #[test]
    fn the_other_scheme_is_tried() {
        assert_eq!(other_scheme("https://h/v1").as_deref(), Some("http://h/v1"));
        assert_eq!(other_scheme("http://h/v1").as_deref(), Some("https://h/v1"));
    }
}
