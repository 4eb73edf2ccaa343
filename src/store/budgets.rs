//! Budgets, and what was charged to them.

use super::column::Json;
use super::{Change, Store, StoreError};
use crate::records::{Budget, Charge, DefaultPrice, OnExceed, Payer, Period, Raise, Scope, Status};
use crate::types::{BudgetId, KeyId, Money, OrgId, ProviderId, Task, TeamId, Time, TraceId, UserId};
use rusqlite::{Row, params};
use std::collections::BTreeMap;

/// A budget to be set.
#[derive(Clone, Debug)]
pub struct NewBudget<'a> {
    /// Its organisation.
    pub org: OrgId,
    /// What it applies to.
    pub scope: &'a Scope,
    /// How much may be spent in a period.
    pub limit: Money,
    /// How long a period is.
    pub period: Period,
    /// Where its periods begin.
    pub timezone: &'a str,
    /// Whether it only warns.
    pub is_soft: bool,
    /// What becomes of a call that does not fit.
    pub on_exceed: OnExceed,
    /// What models without a known price are taken to cost.
    pub default_price: Option<DefaultPrice>,
    /// When it is set.
    pub created: Time,
}

macro_rules! select_budgets {
    ($rest:literal) => {
        concat!(
            "SELECT b.id, b.org_id, b.scope, b.subject_id, b.subject, b.limit_pico, b.period, b.timezone, b.is_soft, ",
            "b.on_exceed, b.default_input_pico, b.default_output_pico, b.raised_pico, b.raised_until, b.created_at, ",
            "coalesce(g.name, u.name, k.name, p.name) FROM budgets AS b ",
            "LEFT JOIN teams AS g ON b.scope = 'team' AND g.id = b.subject_id ",
            "LEFT JOIN users AS u ON b.scope = 'user' AND u.id = b.subject_id ",
            "LEFT JOIN keys AS k ON b.scope = 'key' AND k.id = b.subject_id ",
            "LEFT JOIN providers AS p ON b.scope IN ('provider', 'model') AND p.id = b.subject_id ",
            "WHERE b.removed_at IS NULL ",
            $rest
        )
    };
}

const CHARGES: &str = "SELECT t.id, t.org_id, t.user_id, t.key_id, t.provider_id, t.model, t.tags, t.session, \
    t.cost_pico, t.task, m.team_id FROM traces AS t \
    LEFT JOIN memberships AS m ON m.user_id = t.user_id AND m.since_trace_id <= t.id \
        AND (m.until_trace_id IS NULL OR m.until_trace_id > t.id) \
    WHERE t.id >= ?1 AND t.cost_pico <> 0 AND (t.status = ?2) = ?3 AND t.org_id IS NOT NULL";

impl Store {
    /// The budgets of an organisation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn budgets(&self, org: OrgId) -> Result<Vec<Budget>, StoreError> {
        self.all(select_budgets!("AND b.org_id = ?1 ORDER BY b.id"), [org], read)
    }

    pub(super) fn all_budgets(&self) -> Result<Vec<Budget>, StoreError> {
        self.all(select_budgets!("ORDER BY b.id"), [], read)
    }

    /// Gives what calls came to that arrived at `since` or later and are over, in portions.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn charges(&self, since: Time, take: &mut dyn FnMut(&[Charge])) -> Result<(), StoreError> {
        const PORTION: usize = 1000;
        let mut portion = Vec::with_capacity(PORTION);
        let mut give = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(CHARGES)?;
            let mut rows = statement.query(params![TraceId::first_at(since), Status::Running, false])?;
            while let Some(row) = rows.next()? {
                portion.push(charge(row)?);
                if portion.len() == PORTION {
                    take(&portion);
                    portion.clear();
                }
            }
            Ok(())
        };
        give().map_err(|error| self.explain(error))?;
        take(&portion);
        Ok(())
    }

    /// What is held for calls that are under way.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn held_charges(&self) -> Result<Vec<Charge>, StoreError> {
        let since = TraceId(self.swept_trace_id()?);
        self.all(CHARGES, params![since, Status::Running, true], charge)
    }

    fn swept_trace_id(&self) -> Result<i64, StoreError> {
        Ok(self.one("SELECT swept_trace_id FROM meta WHERE id = 1", [], |row| row.get(0))?.unwrap_or(0))
    }
}

impl Change<'_> {
    /// Sets a budget, in place of one that the scope has for that period.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_budget(&self, budget: &NewBudget<'_>) -> Result<BudgetId, StoreError> {
        let sql = "INSERT INTO budgets (org_id, scope, subject_id, subject, limit_pico, period, timezone, is_soft, \
                   on_exceed, default_input_pico, default_output_pico, created_at) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
                   ON CONFLICT (org_id, scope, subject_id, subject, period) WHERE removed_at IS NULL DO UPDATE SET \
                   limit_pico = excluded.limit_pico, timezone = excluded.timezone, is_soft = excluded.is_soft, \
                   on_exceed = excluded.on_exceed, default_input_pico = excluded.default_input_pico, \
                   default_output_pico = excluded.default_output_pico, raised_pico = NULL, raised_until = NULL \
                   RETURNING id";
        let (scope, id, text) = columns(budget.scope);
        let price = budget.default_price;
        let values = params![
            budget.org,
            scope,
            id,
            text,
            budget.limit,
            budget.period.as_str(),
            budget.timezone,
            budget.is_soft,
            budget.on_exceed.as_str(),
            price.map(|price| price.input),
            price.map(|price| price.output),
            budget.created
        ];
        let id = self.one(sql, values, |row| row.get(0))?;
        Ok(BudgetId(id.unwrap_or_default()))
    }

    /// Gives a budget another limit for a while, or takes that back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn raise_budget(&self, id: BudgetId, raise: Option<Raise>) -> Result<(), StoreError> {
        let sql = "UPDATE budgets SET raised_pico = ?2, raised_until = ?3 WHERE id = ?1";
        self.run(sql, params![id, raise.map(|raise| raise.limit), raise.map(|raise| raise.until)]).map(drop)
    }

    /// Removes a budget.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remove_budget(&self, id: BudgetId, now: Time) -> Result<(), StoreError> {
        let sql = "UPDATE budgets SET removed_at = ?2 WHERE id = ?1 AND removed_at IS NULL";
        self.run(sql, params![id, now]).map(drop)
    }
}

/// The word of a scope, the id of what it names, and its text.
pub(super) fn columns(scope: &Scope) -> (&'static str, i64, String) {
    match scope {
        Scope::Org => ("org", 0, String::new()),
        Scope::Team(team) => ("team", team.0, String::new()),
        Scope::User(user) => ("user", user.0, String::new()),
        Scope::Key(key) => ("key", key.0, String::new()),
        Scope::Provider(provider) => ("provider", provider.0, String::new()),
        Scope::Model(provider, model) => ("model", provider.0, model.clone()),
        Scope::Tag(name, value) => ("tag", 0, format!("{name}={value}")),
        Scope::Session => ("session", 0, String::new()),
    }
}

/// A scope as it stands in three columns from `first` on, with its words; `name` is of what its id names.
pub(super) fn scope(row: &Row<'_>, first: usize, name: Option<String>) -> rusqlite::Result<(Scope, String)> {
    let (word, id): (String, i64) = (row.get(first)?, row.get(first + 1)?);
    let text: String = row.get(first + 2)?;
    let name = name.unwrap_or_else(|| id.to_string());
    Ok(match word.as_str() {
        "team" => (Scope::Team(TeamId(id)), format!("team:{name}")),
        "user" => (Scope::User(UserId(id)), format!("user:{name}")),
        "key" => (Scope::Key(KeyId(id)), format!("key:{name}")),
        "provider" => (Scope::Provider(ProviderId(id)), format!("provider:{name}")),
        "model" => (Scope::Model(ProviderId(id), text.clone()), format!("model:{name}/{text}")),
        "tag" => {
            let (tag, value) = text.split_once('=').unwrap_or((text.as_str(), ""));
            (Scope::Tag(tag.to_owned(), value.to_owned()), format!("tag:{text}"))
        }
        "session" => (Scope::Session, word),
        _ => (Scope::Org, word),
    })
}

fn read(row: &Row<'_>) -> rusqlite::Result<Budget> {
    let (scope, label) = scope(row, 2, row.get(15)?)?;
    let (period, on_exceed): (String, String) = (row.get(6)?, row.get(9)?);
    let price: (Option<Money>, Option<Money>) = (row.get(10)?, row.get(11)?);
    let raise: (Option<Money>, Option<Time>) = (row.get(12)?, row.get(13)?);
    Ok(Budget {
        id: BudgetId(row.get(0)?),
        org: row.get(1)?,
        scope,
        label,
        limit: row.get(5)?,
        period: Period::parse(&period).unwrap_or(Period::Total),
        timezone: row.get(7)?,
        is_soft: row.get(8)?,
        on_exceed: OnExceed::parse(&on_exceed).unwrap_or_default(),
        default_price: price.0.zip(price.1).map(|(input, output)| DefaultPrice { input, output }),
        raised: raise.0.zip(raise.1).map(|(limit, until)| Raise { limit, until }),
        created: row.get(14)?,
    })
}

fn charge(row: &Row<'_>) -> rusqlite::Result<Charge> {
    let tags: Option<Json<BTreeMap<String, String>>> = row.get(6)?;
    let task: Option<Task> = row.get(9)?;
    let payer = Payer {
        org: row.get(1)?,
        team: row.get(10)?,
        user: row.get(2)?,
        key: row.get(3)?,
        provider: row.get(4)?,
        model: row.get(5)?,
        tags: tags.map(|Json(tags)| tags).unwrap_or_default(),
        session: row.get(7)?,
    };
    Ok(Charge { call: row.get(0)?, payer, cost: row.get(8)?, is_batch: task == Some(Task::Batch) })
}
