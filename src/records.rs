//! The records that modules share: what is configured, and what is written down of a call.
//!
//! Plain data. How a record is stored, checked or shown is said elsewhere.

mod budget;
mod contract;
mod guard;
mod limit;
mod sheet;
mod source;
mod vendor;

pub use budget::{Budget, Charge, DefaultPrice, Event, EventKind, OnExceed, Payer, Period, Raise, Scope};
pub use contract::Contract;
pub use guard::{
    Action, CheckOutcome, Effect, Evaluation, Guardrail, GuardrailRule, Policy, PolicyRule, Stage,
    Verdict as GuardVerdict,
};
pub use limit::{Caps, Limit};
pub use sheet::{Feature, Finding, Sheet, Verdict};
pub use source::SecretSource;
pub use vendor::{Auth, Hosted, LimitField, Quirks, Side, ThinkingField};

use crate::price::Rates;
use crate::types::{
    KeyId, Money, OrgId, Protocol, ProviderId, RouteId, Secret, Task, TeamId, Time, TraceId, Usage, UserId,
};
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

/// An organisation: everything else belongs to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Org {
    /// Row id.
    pub id: OrgId,
    /// The id in URLs: `/llm_proxy/PUBLIC_ID/v1`.
    pub public_id: String,
    /// Its name.
    pub name: String,
    /// What is kept of the words of its calls.
    pub bodies: Bodies,
    /// When it was made.
    pub created: Time,
}

/// What is kept of the words of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bodies {
    /// Nothing.
    None,
    /// Nothing but what is known about them: sizes, counts, finish reasons.
    #[default]
    Metadata,
    /// All, as guardrails left them; no words of calls in which nothing is redacted.
    Redacted,
    /// All.
    Full,
}

impl Bodies {
    /// Every choice, from the least to the most.
    pub const ALL: [Bodies; 4] = [Bodies::None, Bodies::Metadata, Bodies::Redacted, Bodies::Full];

    /// The word on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Bodies::None => "none",
            Bodies::Metadata => "metadata",
            Bodies::Redacted => "redacted",
            Bodies::Full => "full",
        }
    }

    /// The choice of that name.
    pub fn parse(name: &str) -> Option<Bodies> {
        Bodies::ALL.into_iter().find(|bodies| bodies.as_str() == name)
    }

    /// Whether the words themselves are kept, whatever guardrails did.
    pub fn has_words(self) -> bool {
        self == Bodies::Full
    }
}

/// An answer that can be asked for later, and gone on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The id that the caller knows it by.
    pub id: String,
    /// Whose call it was.
    pub org: OrgId,
    /// Whose call it was.
    pub user: UserId,
    /// Who answered.
    pub provider: ProviderId,
    /// The model, as the provider names it.
    pub model: String,
    /// When.
    pub created: Time,
    /// The words; none where the provider keeps them.
    pub words: Option<KeptWords>,
}

/// What was said in a call whose answer is kept here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptWords {
    /// The id of the answer that it went on from.
    pub previous: Option<String>,
    /// The items that the request brought, a JSON array.
    pub input: Bytes,
    /// The answer, a JSON object.
    pub answer: Bytes,
}

/// What a user may do beside calling models.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UserRole {
    /// Everything; may call every provider.
    Owner,
    /// Manages the organisation.
    Manager,
    /// Calls models.
    Member,
}

impl UserRole {
    /// Every role, from the most to the least.
    pub const ALL: [UserRole; 3] = [UserRole::Owner, UserRole::Manager, UserRole::Member];

    /// The word on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            UserRole::Owner => "owner",
            UserRole::Manager => "manager",
            UserRole::Member => "member",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<UserRole> {
        UserRole::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// A person in an organisation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Row id.
    pub id: UserId,
    /// Its organisation.
    pub org: OrgId,
    /// Mail address, or the login name of a laptop's owner.
    pub name: String,
    /// What it may do.
    pub role: UserRole,
    /// The team that it is in.
    pub team: Option<TeamId>,
    /// Names of providers, or `provider/model`s, that it may call beside what its team may. Owners may call all.
    pub allowed: Vec<String>,
    /// When it was added.
    pub created: Time,
}

/// People of an organisation who may call the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Row id.
    pub id: TeamId,
    /// Its organisation.
    pub org: OrgId,
    /// Its name, unique in the organisation.
    pub name: String,
    /// Names of providers, or `provider/model`s, that its members may call.
    pub allowed: Vec<String>,
    /// When it was made.
    pub created: Time,
}

/// What a registered provider is built from: the vendor's data with the administrator's settings in.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Row id.
    pub id: ProviderId,
    /// Its organisation.
    pub org: OrgId,
    /// Its name, unique in the organisation; the part of a model's name before the slash.
    pub name: String,
    /// The vendor: `openai`, `custom` ...
    pub kind: String,
    /// What it speaks first of all.
    pub protocol: Protocol,
    /// All that it speaks, [`Provider::protocol`] first.
    pub sides: Vec<Side>,
    /// Where it is, as the vendor's own SDK takes it, version segment put right, without a slash at the end.
    pub base_url: String,
    /// How requests are signed.
    pub auth: Auth,
    /// What was said of the connection beside its key, with the kind's defaults.
    pub settings: BTreeMap<String, String>,
    /// Models that the provider knows by another name: the name that callers use to the provider's.
    pub wire_names: BTreeMap<String, String>,
    /// The provider key, opened.
    pub secret: Option<Secret>,
    /// Headers sent with every request; values may be secret.
    pub headers: Vec<(String, Secret)>,
    /// Models that are offered by name; empty where any name may be asked.
    pub models: Vec<String>,
    /// Whose prices apply, in the catalogue's names; none where no price is known.
    pub catalogue: Option<String>,
    /// How the vendor departs from its dialect.
    pub quirks: Quirks,
    /// Whether calls may go to it.
    pub enabled: bool,
    /// When it was added.
    pub created: Time,
}

impl Provider {
    /// A model's name as the provider takes it.
    pub fn wire_name<'a>(&'a self, model: &'a str) -> &'a str {
        self.wire_names.get(model).map_or(model, String::as_str)
    }

    /// Whether a text holds one of the secrets that are sent to the provider.
    pub fn reveals(&self, text: &[u8]) -> bool {
        let secrets = self.secret.iter().chain(self.headers.iter().map(|(_, value)| value));
        // A secret of a few characters is found in anything.
        let mut telling = secrets.filter(|secret| secret.reveal().len() >= 8);
        telling.any(|secret| memchr::memmem::find(text, secret.reveal().as_bytes()).is_some())
    }
}

/// A virtual key, as the store knows it: its text is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Row id.
    pub id: KeyId,
    /// Its organisation.
    pub org: OrgId,
    /// Whose it is.
    pub user: UserId,
    /// Its name, unique in the organisation.
    pub name: String,
    /// The last four characters of its text.
    pub last_four: String,
    /// Providers that it may call; none given means all that its user may.
    pub providers: Vec<String>,
    /// `provider/model`s and names of routing rules that it may call; none given means all that its user may.
    pub models: Vec<String>,
    /// Notes that each of its calls carries.
    pub tags: BTreeMap<String, String>,
    /// Whether its text is kept sealed for use on this machine.
    pub local: bool,
    /// When it was made.
    pub created: Time,
    /// When it ends.
    pub expires: Option<Time>,
    /// When it was revoked.
    pub revoked: Option<Time>,
}

/// A routing rule with one target: another name for a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Row id.
    pub id: RouteId,
    /// Its organisation.
    pub org: OrgId,
    /// The name that callers use.
    pub name: String,
    /// `provider/model`.
    pub target: String,
    /// When it was made.
    pub created: Time,
}

/// How a call ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Under way.
    Running,
    /// Answered.
    Ok,
    /// The provider or the gateway failed.
    Error,
    /// The gateway did not let it through.
    Refused,
    /// Broken off by the caller, or by the end of the gateway.
    Interrupted,
}

impl Status {
    /// Every status; the place is the number in the store.
    pub const ALL: [Status; 5] = [Status::Running, Status::Ok, Status::Error, Status::Refused, Status::Interrupted];

    /// The word in tables and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Running => "running",
            Status::Ok => "ok",
            Status::Error => "error",
            Status::Refused => "refused",
            Status::Interrupted => "interrupted",
        }
    }
}

/// One try at one provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    /// `provider/model`.
    pub model: String,
    /// The provider's HTTP status; none where it did not answer.
    pub http_status: Option<u16>,
    /// The code of what went wrong.
    pub error: Option<String>,
    /// Until it answered or failed, in microseconds.
    pub latency_us: u64,
}

/// Where the numbers of a usage come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum UsageSource {
    /// Nothing was consumed, or nobody knows.
    #[default]
    None,
    /// The provider reported them.
    Reported,
    /// The gateway counted them with a tokenizer.
    Estimated,
}

/// What is written down of one call.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceRecord {
    /// Its id; says when it arrived.
    pub id: TraceId,
    /// Whose call.
    pub org: Option<OrgId>,
    /// Whose call.
    pub user: Option<UserId>,
    /// Whose call.
    pub key: Option<KeyId>,
    /// Where it went, or would have gone.
    pub provider: Option<ProviderId>,
    /// What was wanted; none where the URL names nothing.
    pub task: Option<Task>,
    /// In which protocol.
    pub protocol: Protocol,
    /// The model as the provider names it.
    pub model: Option<String>,
    /// The model as the caller named it.
    pub requested_model: Option<String>,
    /// The routing rule that applied.
    pub route: Option<RouteId>,
    /// How it ended.
    pub status: Status,
    /// The HTTP status that the caller got.
    pub http_status: u16,
    /// The code of what went wrong.
    pub error: Option<Cow<'static, str>>,
    /// What went wrong, in words, without secrets.
    pub message: Option<String>,
    /// Whether the answer came piece by piece.
    pub stream: bool,
    /// Every try.
    pub attempts: Vec<Attempt>,
    /// What was consumed.
    pub usage: Usage,
    /// How that is known.
    pub usage_source: UsageSource,
    /// The provider's own block.
    pub usage_raw: Option<String>,
    /// What it cost; none where no price is known.
    pub cost: Option<Money>,
    /// The rates that were applied.
    pub rates: Option<Arc<Rates>>,
    /// From arrival to the end of the answer, in microseconds.
    pub latency_us: u64,
    /// From arrival to the first byte of the answer, in microseconds.
    pub first_token_us: Option<u64>,
    /// Of the latency, what the gateway itself took before the provider was asked, in microseconds.
    pub overhead_us: u64,
    /// Why the answer ended.
    pub finish: Option<Cow<'static, str>>,
    /// What could not be translated, by path.
    pub dropped: Vec<String>,
    /// The key's notes and the caller's.
    pub tags: BTreeMap<String, String>,
    /// The caller's name for a group of calls.
    pub session: Option<String>,
    /// What policies came to.
    pub guards: Vec<Evaluation>,
}
