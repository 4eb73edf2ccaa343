//! `[[budget]]`: how much may be spent. A plain budget of a key stands at the key: `budget = { limit_usd = "20" }`.

use super::{Desk, Table};
use crate::admin::AdminError;
use crate::admin::budgets::{self, SetBudget};
use crate::records::{Budget, DefaultPrice, OnExceed, Period, Scope};
use crate::store::Store;
use crate::types::{KeyId, Money, OrgId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetEntry {
    /// What it applies to: `org`, `team:T`, `user:EMAIL`, `provider:P`, `model:P/M`, `tag:K=V`, `session`.
    pub scope: String,
    /// How much may be spent in a period, in US dollars.
    pub limit_usd: String,
    /// How long a period is: `day`, `week`, `month`, `total`.
    pub period: Period,
    /// Where its periods begin, as `Europe/Berlin`.
    #[serde(default = "utc")]
    pub timezone: String,
    /// Whether it only warns.
    #[serde(default, skip_serializing_if = "super::is_false")]
    pub soft: bool,
    /// What becomes of a call that does not fit.
    #[serde(default)]
    pub on_exceed: OnExceed,
    /// What models without a known price are taken to cost; what was set stays.
    #[serde(skip)]
    #[schemars(skip)]
    kept: Kept,
}

/// What a file does not say of a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Kept(Option<DefaultPrice>);

/// What a key may spend: a hard budget in UTC that blocks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlainBudget {
    /// How much may be spent in a period, in US dollars.
    pub limit_usd: String,
    /// How long a period is: `day`, `week`, `month`, `total`.
    #[serde(default = "month")]
    pub period: Period,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn month() -> Period {
    Period::Month
}

impl PlainBudget {
    /// The amount and the period.
    pub(super) fn amount(&self) -> Result<(Money, Period), AdminError> {
        Ok((dollars(&self.limit_usd)?, self.period))
    }

    /// The same with the amount as it is written here.
    pub(super) fn completed(&self) -> Result<PlainBudget, AdminError> {
        Ok(PlainBudget { limit_usd: dollars(&self.limit_usd)?.to_string(), period: self.period })
    }

    /// The plain budget of a key, where it has just one.
    pub(super) fn of(key: KeyId, budgets: &[Budget]) -> Option<PlainBudget> {
        let mut own = budgets.iter().filter(|budget| is_plain(budget) && budget.scope == Scope::Key(key));
        let one = own.next().filter(|_| own.next().is_none())?;
        Some(PlainBudget { limit_usd: one.limit.to_string(), period: one.period })
    }
}

/// Whether a budget of a key says no more than a plain one.
fn is_plain(budget: &Budget) -> bool {
    let usual = budget.timezone == "UTC" && !budget.is_soft && budget.on_exceed == OnExceed::Block;
    matches!(budget.scope, Scope::Key(_)) && usual && budget.default_price.is_none()
}

fn dollars(text: &str) -> Result<Money, AdminError> {
    let amount = text.parse::<Money>();
    amount.map_err(|error| AdminError::invalid("limit_usd", error.to_string()))
}

impl BudgetEntry {
    fn wanted(&self) -> Result<SetBudget, AdminError> {
        Ok(SetBudget {
            scope: self.scope.clone(),
            limit: dollars(&self.limit_usd)?,
            period: self.period,
            timezone: self.timezone.clone(),
            is_soft: self.soft,
            on_exceed: self.on_exceed,
            default_price: self.kept.0,
        })
    }

    fn put(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        let plain = self.timezone == "UTC" && !self.soft && self.on_exceed == OnExceed::Block && self.kept.0.is_none();
        if plain && self.scope.starts_with("key:") {
            let reason =
                "a plain budget of a key stands at the key: budget = { limit_usd = \"20\", period = \"month\" }";
            return Err(AdminError::invalid("scope", reason));
        }
        budgets::set(desk.store, desk.org, &self.wanted()?).map(drop)
    }
}

impl Table for BudgetEntry {
    const WHAT: &'static str = "budget";

    fn name(&self) -> Cow<'_, str> {
        Cow::Owned(format!("{} a {}", self.scope, self.period.as_str()))
    }

    fn name_in(table: &toml_edit::Table) -> Option<String> {
        let text = |name: &str| table.get(name).and_then(toml_edit::Item::as_str);
        Some(format!("{} a {}", text("scope")?, text("period")?))
    }

    fn current(store: &Store, org: OrgId) -> Result<Vec<BudgetEntry>, AdminError> {
        let entry = |budget: Budget| BudgetEntry {
            scope: budget.label,
            limit_usd: budget.limit.to_string(),
            period: budget.period,
            timezone: budget.timezone,
            soft: budget.is_soft,
            on_exceed: budget.on_exceed,
            kept: Kept(budget.default_price),
        };
        let budgets = store.budgets(org)?.into_iter().filter(|budget| !is_plain(budget));
        Ok(budgets.map(entry).collect())
    }

    fn completed(&self, current: Option<&BudgetEntry>) -> Result<BudgetEntry, AdminError> {
        let kept = current.map(|current| current.kept).unwrap_or_default();
        Ok(BudgetEntry { limit_usd: dollars(&self.limit_usd)?.to_string(), kept, ..self.clone() })
    }

    fn add(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        self.put(desk)
    }

    fn change(&self, _: &BudgetEntry, desk: &Desk<'_>) -> Result<(), AdminError> {
        self.put(desk)
    }

    fn remove(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        budgets::remove(desk.store, desk.org, &self.scope, Some(self.period)).map(drop)
    }
}
