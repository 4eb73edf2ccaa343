//! The `response` object: whose answer it is, and what it repeats of the request.

use super::echo::Echo;
use super::usage;
use super::wire::to_vec;
use crate::canonical::UsageReport;
use crate::dialect::Answering;
use crate::types::Time;
use serde::Serialize;

/// What is known of an answer from its beginning.
pub(super) struct Head {
    /// Of letters, digits and underscores; all ids are made of it.
    stem: String,
    created: i64,
    model: String,
    pub(super) echo: Echo,
}

/// What becomes known of it on the way.
#[derive(Default)]
pub(super) struct State<'a> {
    pub(super) status: &'a str,
    /// The items that are whole, as JSON texts.
    pub(super) output: Vec<&'a str>,
    pub(super) usage: Option<&'a UsageReport>,
    /// Why it is incomplete.
    pub(super) reason: Option<&'a str>,
    /// Code and message.
    pub(super) error: Option<(&'a str, &'a str)>,
}

/// The JSON text of a value.
pub(super) fn json(value: &(impl Serialize + ?Sized)) -> String {
    String::from_utf8(to_vec(&value)).unwrap_or_default()
}

impl Head {
    /// The head of the answer to a call.
    pub(super) fn new(to: &Answering<'_>) -> Head {
        Head {
            stem: stem(to.id),
            created: Time::now().millis() / 1000,
            model: String::new(),
            echo: Echo::of(to.request, to.kept),
        }
    }

    /// Takes in what the provider says of itself. Its id serves where the gateway has none for the call.
    pub(super) fn begin(&mut self, id: &str, model: String) {
        if self.stem.is_empty() {
            self.stem = stem(id.strip_prefix("resp_").unwrap_or(id));
        }
        self.model = model;
    }

    /// The id of an item, by the prefix of its kind.
    pub(super) fn item_id(&self, prefix: &str, place: usize) -> String {
        format!("{prefix}_{}_{place}", self.stem)
    }

    /// The object.
    pub(super) fn object(&self, state: &State<'_>) -> String {
        let reason = state.reason.map(|reason| format!(r#"{{"reason":{}}}"#, json(reason)));
        let error =
            state.error.map(|(code, message)| format!(r#"{{"code":{},"message":{}}}"#, json(code), json(message)));
        let usage = state.usage.map(|report| json(&usage::written(&report.usage)));
        let tier = state.usage.and_then(|report| report.service_tier.as_deref()).map_or("default", usage::tier_word);
        let null = || "null".to_owned();
        format!(
            concat!(
                r#"{{"id":{},"object":"response","created_at":{},"status":{},"error":{},"incomplete_details":{},"#,
                r#""model":{},"output":[{}]{},"service_tier":{},"usage":{}}}"#
            ),
            json(&format!("resp_{}", self.stem)),
            self.created,
            json(state.status),
            error.unwrap_or_else(null),
            reason.unwrap_or_else(null),
            json(&self.model),
            state.output.join(","),
            self.echo.members(),
            json(tier),
            usage.unwrap_or_else(null),
        )
    }
}

fn stem(id: &str) -> String {
    id.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}
