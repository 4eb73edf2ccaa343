//! Budgets: how much may be spent by whom in which time; and who a call is charged to.

use super::TraceRecord;
use crate::types::{BudgetId, KeyId, Money, OrgId, ProviderId, Task, TeamId, Time, TraceId, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a budget or a limit applies to.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// All calls of the organisation.
    Org,
    /// Those of a team's members.
    Team(TeamId),
    /// Those of a user's keys.
    User(UserId),
    /// Those of a key.
    Key(KeyId),
    /// Those to a provider.
    Provider(ProviderId),
    /// Those to a model, by the provider's own name for it.
    Model(ProviderId, String),
    /// Those with this tag.
    Tag(String, String),
    /// Those of one session; each session has a budget of its own.
    Session,
}

/// How long money lasts before a budget is full again.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From Monday to Monday.
    Week,
    /// From the first of a month to the next.
    Month,
    /// For ever.
    Total,
}

impl Period {
    /// Every period.
    pub const ALL: [Period; 4] = [Period::Day, Period::Week, Period::Month, Period::Total];

    /// The word on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Period::Day => "day",
            Period::Week => "week",
            Period::Month => "month",
            Period::Total => "total",
        }
    }

    /// The period of that name.
    pub fn parse(name: &str) -> Option<Period> {
        Period::ALL.into_iter().find(|period| period.as_str() == name)
    }
}

/// What becomes of a call that does not fit into a budget.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnExceed {
    /// It is refused.
    #[default]
    Block,
    /// It goes to a cheaper model that fits, if there is one.
    Cheaper,
    /// Its answer is limited to what fits.
    Shorten,
}

impl OnExceed {
    /// Every choice.
    pub const ALL: [OnExceed; 3] = [OnExceed::Block, OnExceed::Cheaper, OnExceed::Shorten];

    /// The word on the command line and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            OnExceed::Block => "block",
            OnExceed::Cheaper => "cheaper",
            OnExceed::Shorten => "shorten",
        }
    }

    /// The choice of that name.
    pub fn parse(name: &str) -> Option<OnExceed> {
        OnExceed::ALL.into_iter().find(|choice| choice.as_str() == name)
    }
}

/// What models without a known price are taken to cost: US dollars a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DefaultPrice {
    /// A token of the prompt.
    pub input: Money,
    /// A token of the answer.
    pub output: Money,
}

/// Another limit for a while.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Raise {
    /// The limit in that time.
    pub limit: Money,
    /// When the usual one applies again.
    pub until: Time,
}

/// A budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Row id.
    pub id: BudgetId,
    /// Its organisation.
    pub org: OrgId,
    /// What it applies to.
    pub scope: Scope,
    /// The scope in words, as on the command line: `key:ci`.
    pub label: String,
    /// How much may be spent in a period.
    pub limit: Money,
    /// How long a period is.
    pub period: Period,
    /// Where its periods begin, as an IANA name: `Europe/Berlin`.
    pub timezone: String,
    /// Whether it only warns.
    pub is_soft: bool,
    /// What becomes of a call that does not fit.
    pub on_exceed: OnExceed,
    /// What models without a known price are taken to cost; none where they are refused.
    pub default_price: Option<DefaultPrice>,
    /// Another limit for a while.
    pub raised: Option<Raise>,
    /// When it was set.
    pub created: Time,
}

impl Budget {
    /// The limit that applies now.
    pub fn limit_at(&self, now: Time) -> Money {
        self.raised.filter(|raise| now < raise.until).map_or(self.limit, |raise| raise.limit)
    }

    /// `$10 a month`, `$10 in total`.
    pub fn words(&self, now: Time) -> String {
        let limit = self.limit_at(now);
        match self.period {
            Period::Total => format!("${limit} in total"),
            period => format!("${limit} a {}", period.as_str()),
        }
    }
}

/// Whom a call is charged to: all that a budget can apply to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The organisation.
    pub org: OrgId,
    /// The team that the user was in.
    pub team: Option<TeamId>,
    /// The user.
    pub user: Option<UserId>,
    /// The key.
    pub key: Option<KeyId>,
    /// The provider.
    pub provider: Option<ProviderId>,
    /// The model as the provider names it.
    pub model: Option<String>,
    /// The key's notes and the caller's.
    pub tags: BTreeMap<String, String>,
    /// The caller's name for a group of calls.
    pub session: Option<String>,
}

/// What one call came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// The call; its id says when it arrived.
    pub call: TraceId,
    /// Whom it is charged to.
    pub payer: Payer,
    /// What it cost, or, of a call that is under way, what is held for it.
    pub cost: Money,
    /// Whether it is a batch, which is written down again whenever somebody looks at it.
    pub is_batch: bool,
}

impl TraceRecord {
    /// Whom its call is charged to, with the team that its user was in; none where nobody is known.
    pub fn payer(&self, team: Option<TeamId>) -> Option<Payer> {
        Some(Payer {
            org: self.org?,
            team,
            user: self.user,
            key: self.key,
            provider: self.provider,
            model: self.model.clone(),
            tags: self.tags.clone(),
            session: self.session.clone(),
        })
    }

    /// What its call came to, as far as that is known.
    pub fn charge(&self, team: Option<TeamId>) -> Option<Charge> {
        let is_batch = self.task == Some(Task::Batch);
        Some(Charge { call: self.id, payer: self.payer(team)?, cost: self.cost?, is_batch })
    }
}

/// What an event tells of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A soft budget is used up.
    BudgetSoft,
    /// A hard budget refused a call.
    BudgetHard,
    /// A call cost more than could be foreseen, or took a hard budget beyond its limit.
    BudgetOverrun,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 3] = [EventKind::BudgetSoft, EventKind::BudgetHard, EventKind::BudgetOverrun];

    /// The word in tables and in the store.
    pub fn as_str(self) -> &'static str {
        match self {
            EventKind::BudgetSoft => "budget_soft",
            EventKind::BudgetHard => "budget_hard",
            EventKind::BudgetOverrun => "budget_overrun",
        }
    }

    /// The kind of that name.
    pub fn parse(name: &str) -> Option<EventKind> {
        EventKind::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// Something that people should know of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// In which organisation.
    pub org: OrgId,
    /// When.
    pub time: Time,
    /// What.
    pub kind: EventKind,
    /// What it is about: `key:ci`.
    pub subject: String,
    /// In words.
    pub message: String,
    /// The call that brought it about.
    pub call: Option<TraceId>,
    /// Of several events with the same, the first is kept.
    pub once: String,
}
