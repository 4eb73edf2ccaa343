//! A protocol that a provider speaks, made ready for calls: headers signed, addresses taken apart.

use crate::dialect::sse::Framing;
use crate::dialect::{self, Delivery, ProviderDialect};
use crate::http::Endpoint;
use crate::provider::{self, Signer};
use crate::records::{Provider, Side};
use crate::types::{Protocol, Task};
use http::{HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;

/// What a model's name in a path is written with: the slash of a namespace stays one.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/').remove(b'@');
const MODEL: &str = "{model}";
/// The same as one segment: its slashes are no slashes of the path.
const SEGMENT: &str = "{model_segment}";

/// A protocol that a provider speaks.
pub(crate) struct SideState {
    pub dialect: &'static dyn ProviderDialect,
    models: Vec<String>,
    /// Where models are listed, below the base URL.
    listing: String,
    /// Below which, under the base URL, whatever else is carried stands; with a query of its own, perhaps.
    root: Option<String>,
    /// How streams are cut into frames.
    pub framing: Framing,
    /// Whether a cloud answers in the protocol, and refuses in words of its own.
    pub is_hosted: bool,
    /// For each task, whole and streamed.
    addresses: [[Option<Address>; Delivery::ALL.len()]; Task::ALL.len()],
    /// What is signed anew with each request.
    pub signer: Signer,
    /// The signature, where it is the same for every request, and configured headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Headers that are sent where the caller sent none of that name.
    pub defaults: Vec<(HeaderName, HeaderValue)>,
}

/// Where a task is done.
enum Address {
    Fixed(Endpoint),
    /// The path has the model in it.
    Of {
        base: Endpoint,
        path: String,
    },
}

impl SideState {
    /// Makes a protocol of a provider ready.
    ///
    /// # Errors
    /// What cannot be used, in words.
    pub fn new(side: &Side, record: &Provider) -> Result<SideState, String> {
        let mut state = SideState::unreachable(side);
        let hosted = record.quirks.hosted.as_ref().filter(|_| side.protocol == Protocol::Anthropic);
        state.is_hosted = hosted.is_some();
        if hosted.is_some_and(|hosted| hosted.binary) {
            state.framing = Framing::Wrapped;
        }
        let auth = side.auth.as_ref().unwrap_or(&record.auth);
        state.signer = Signer::new(auth, record).map_err(|error| error.to_string())?;
        state.headers = state.signer.fixed().to_vec();
        for (name, value) in &record.headers {
            state.headers.push(provider::header(name, value).map_err(|error| error.to_string())?);
        }
        for task in Task::ALL {
            for delivery in Delivery::ALL {
                state.addresses[task as usize][delivery as usize] = match state.path(side, task, delivery) {
                    Some(path) => Some(Address::parse(&record.base_url, &path)?),
                    None => None,
                };
            }
        }
        Ok(state)
    }

    /// One that has no address: it answers in this process, or cannot be reached.
    pub fn unreachable(side: &Side) -> SideState {
        let dialect = dialect::provider(side.protocol);
        SideState {
            dialect,
            listing: side.paths.get("models").map_or(dialect.models_path(), String::as_str).to_owned(),
            root: side.paths.get("root").cloned(),
            framing: dialect.framing(),
            is_hosted: false,
            models: side.models.clone(),
            addresses: [const { [const { None }; Delivery::ALL.len()] }; Task::ALL.len()],
            signer: Signer::Fixed(Vec::new()),
            headers: Vec::new(),
            defaults: provider::default_headers(side.protocol),
        }
    }

    fn path(&self, side: &Side, task: Task, delivery: Delivery) -> Option<String> {
        let streamed = (delivery == Delivery::Streamed).then(|| side.paths.get(&format!("{}_stream", task.as_str())));
        match streamed.flatten().or_else(|| side.paths.get(task.as_str())) {
            Some(path) => (!path.is_empty()).then(|| path.clone()),
            None => self.dialect.path(task, delivery).map(str::to_owned),
        }
    }

    /// Whether the protocol is there for this model above all.
    pub fn names(&self, model: &str) -> bool {
        self.models.iter().any(|begin| model.starts_with(begin.as_str()))
    }

    /// Whether the model is spoken to in this protocol.
    pub fn admits(&self, model: &str) -> bool {
        self.models.is_empty() || self.names(model)
    }

    /// Whether the task is done in this protocol. Where nothing has an address, what the protocol has counts.
    pub fn serves(&self, task: Task) -> bool {
        let placeless = self.addresses.iter().flatten().all(Option::is_none);
        if placeless {
            return self.dialect.path(task, Delivery::Whole).is_some();
        }
        self.addresses[task as usize].iter().any(Option::is_some)
    }

    /// Where the provider at that base URL lists its models.
    pub fn listing(&self, base_url: &str) -> String {
        if self.listing.contains("://") { self.listing.clone() } else { format!("{base_url}{}", self.listing) }
    }

    /// Where whatever else there is stands at the provider at that base URL: `path`, and `query` without its mark.
    pub fn elsewhere(&self, base_url: &str, (path, query): (&str, Option<&str>)) -> String {
        let usual = if self.dialect.protocol() == Protocol::Anthropic { "/v1" } else { "" };
        let root = self.root.as_deref().unwrap_or(usual);
        let (below, own) = root.split_once('?').unwrap_or((root, ""));
        let queries: Vec<&str> = [own, query.unwrap_or_default()].into_iter().filter(|part| !part.is_empty()).collect();
        let mark = if queries.is_empty() { "" } else { "?" };
        format!("{base_url}{below}/{path}{mark}{}", queries.join("&"))
    }

    /// Learns from the status of an answer whether the signature was accepted.
    pub fn answered(&self, status: u16) {
        if status == 401 {
            self.signer.refused();
        }
    }

    /// Where the task is done for a model.
    pub fn endpoint(&self, task: Task, delivery: Delivery, model: &str) -> Option<Cow<'_, Endpoint>> {
        match self.addresses[task as usize][delivery as usize].as_ref()? {
            Address::Fixed(endpoint) => Some(Cow::Borrowed(endpoint)),
            Address::Of { base, path } => {
                let model = utf8_percent_encode(model, IN_PATH).to_string();
                let path = path.replace(SEGMENT, &model.replace('/', "%2F")).replace(MODEL, &model);
                base.with_path(&path).ok().map(Cow::Owned)
            }
        }
    }
}

impl Address {
    fn parse(base_url: &str, path: &str) -> Result<Address, String> {
        let address = format!("{base_url}{path}");
        if !address.contains(MODEL) && !address.contains(SEGMENT) {
            return Endpoint::parse(&address).map(Address::Fixed).map_err(|error| error.to_string());
        }
        let base =
            Endpoint::parse(&address.replace(MODEL, "").replace(SEGMENT, "")).map_err(|error| error.to_string())?;
        let path = address.get(base.origin().len()..).unwrap_or_default().to_owned();
        Ok(Address::Of { base, path })
    }
}
