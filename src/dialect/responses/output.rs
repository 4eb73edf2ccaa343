//! The wire shape of answers, whole or as events, borrowed from their bytes.
//!
//! Lenient: vendors leave members out or write null, and none of that breaks a call.

use super::finish::{self, Content};
use super::usage;
use super::wire::Str;
use crate::canonical::{Code, Complaint, UsageReport};
use serde::Deserialize;
use serde_json::value::RawValue;

/// A `response` object.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Response<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) model: Option<Str<'a>>,
    #[serde(borrow)]
    status: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) output: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    usage: Option<&'a RawValue>,
    #[serde(borrow)]
    service_tier: Option<Str<'a>>,
    #[serde(borrow)]
    incomplete_details: Option<Incomplete<'a>>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Incomplete<'a> {
    #[serde(borrow)]
    reason: Option<Str<'a>>,
}

impl<'a> Response<'a> {
    /// What it consumed.
    pub(super) fn usage(&self) -> Option<UsageReport> {
        let raw = self.usage.filter(|raw| raw.get() != "null")?;
        usage::read(raw, self.service_tier.as_ref().map(|tier| tier.0.clone().into_owned()))
    }

    /// Its status; a whole answer without one is complete.
    pub(super) fn status(&self) -> &str {
        self.status.as_ref().map_or("completed", |status| &status.0)
    }

    /// Why it is not whole.
    pub(super) fn reason(&self) -> Option<&str> {
        self.incomplete_details.as_ref()?.reason.as_ref().map(|reason| &*reason.0)
    }

    /// What went wrong.
    pub(super) fn error(&self) -> Option<&'a RawValue> {
        self.error.filter(|error| error.get() != "null")
    }

    /// What went wrong, where it failed or was stopped.
    pub(super) fn failure(&self) -> Option<Complaint> {
        match (self.status(), self.error()) {
            ("failed", Some(error)) => Some(failure(error)),
            ("failed", None) => Some(unexplained()),
            ("cancelled", _) => Some(Complaint::new(Code::ProviderError, "the answer was cancelled at the provider")),
            _ => None,
        }
    }

    /// What its items hold that its end is told by.
    pub(super) fn content(&self) -> Content {
        let mut content = Content::default();
        for item in self.output.iter().flatten().filter_map(|raw| Item::read(raw)) {
            content.calls |= item.is_call();
            content.refusal |= item.content.iter().flatten().any(|part| part.refusal.is_some());
        }
        content
    }

    /// The word that a trace stores for its end.
    pub(super) fn word(&self) -> std::borrow::Cow<'static, str> {
        finish::word(self.status(), self.reason(), self.content())
    }
}

/// The complaint of an `error` member. Codes of this protocol have the status that they have over HTTP.
pub(super) fn failure(error: &RawValue) -> Complaint {
    let complaint = super::complaint::reported(error);
    let status = match complaint.provider_code.as_deref() {
        Some("rate_limit_exceeded" | "insufficient_quota") => 429,
        Some("invalid_prompt" | "context_length_exceeded" | "invalid_request_error") => 400,
        Some("server_is_overloaded" | "slow_down") => 503,
        _ => complaint.status,
    };
    complaint.with_status(status)
}

/// A failure without words.
pub(super) fn unexplained() -> Complaint {
    Complaint::new(Code::ProviderError, "the provider reported an error without saying which")
}

/// An item of the output.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Item<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) call_id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) id: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) arguments: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) content: Option<Vec<Part<'a>>>,
    #[serde(borrow)]
    pub(super) summary: Option<Vec<Part<'a>>>,
    #[serde(borrow)]
    pub(super) encrypted_content: Option<Str<'a>>,
}

/// A part of an item.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) refusal: Option<Str<'a>>,
    #[serde(borrow)]
    pub(super) annotations: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs: Option<&'a RawValue>,
}

impl<'a> Item<'a> {
    /// Reads an item; none where it is of a shape that nobody knows.
    pub(super) fn read(raw: &'a RawValue) -> Option<Item<'a>> {
        serde_json::from_str(raw.get()).ok()
    }

    pub(super) fn kind(&self) -> &str {
        self.kind.as_ref().map_or("", |kind| &kind.0)
    }

    /// Whether it waits for a result of the caller's.
    pub(super) fn is_call(&self) -> bool {
        matches!(
            self.kind(),
            "function_call" | "custom_tool_call" | "local_shell_call" | "shell_call" | "computer_call"
        )
    }

    /// What ties a result to it.
    pub(super) fn call_id(&self) -> &str {
        let id = self.call_id.as_ref().or(self.id.as_ref());
        id.map_or("", |id| &id.0)
    }

    /// The words of a thought: of its summary, else its own.
    pub(super) fn thought(&self) -> Vec<&str> {
        let words = |parts: &'_ Option<Vec<Part<'a>>>| {
            parts.as_ref().is_some_and(|parts| parts.iter().any(|part| part.text.is_some()))
        };
        let parts = if words(&self.summary) { &self.summary } else { &self.content };
        parts.iter().flatten().filter_map(|part| part.text.as_ref()).map(|text| &*text.0).collect()
    }

    /// All its words, for an estimate.
    pub(super) fn say(&self, said: &mut String) {
        self.thought().into_iter().for_each(|text| said.push_str(text));
        for part in self.content.iter().flatten() {
            said.push_str(part.refusal.as_ref().map_or("", |text| &text.0));
        }
        for words in [&self.name, &self.arguments].into_iter().flatten() {
            said.push_str(&words.0);
        }
    }
}

/// Any event of a stream.
#[derive(Deserialize)]
pub(super) struct Seen<'a> {
    #[serde(rename = "type", borrow, default)]
    pub(super) kind: Option<Str<'a>>,
    #[serde(default)]
    pub(super) output_index: Option<u64>,
    #[serde(default)]
    pub(super) content_index: Option<u64>,
    #[serde(default)]
    pub(super) summary_index: Option<u64>,
    #[serde(borrow, default)]
    pub(super) delta: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) item: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) response: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(super) error: Option<&'a RawValue>,
}

impl<'a> Seen<'a> {
    /// The words of a delta; none where it is no text.
    pub(super) fn words(&self) -> Option<Str<'a>> {
        serde_json::from_str(self.delta?.get()).ok()
    }

    /// The response that it tells of.
    pub(super) fn response(&self) -> Option<Response<'a>> {
        serde_json::from_str(self.response?.get()).ok()
    }
}
