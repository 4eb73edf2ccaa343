//! Which traces: one condition for lists and for costs, always within a range of ids, which is a range of time.

use crate::records::Status;
use crate::store::column::{Json, count};
use crate::types::{Money, OrgId, Time, TraceId};
use rusqlite::named_params;
use std::collections::BTreeMap;
use std::time::Duration;

/// Which traces are wanted; the default is all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TraceFilter {
    /// Of this organisation, and calls whose key belongs to none.
    pub org: Option<OrgId>,
    /// Arrived then or later.
    pub since: Option<Time>,
    /// Arrived before.
    pub until: Option<Time>,
    /// The provider's name.
    pub provider: Option<String>,
    /// `provider/model`, the model's name alone, or what the caller asked for.
    pub model: Option<String>,
    /// The user's name.
    pub user: Option<String>,
    /// The name of the team that the user was in then.
    pub team: Option<String>,
    /// The key's name.
    pub key: Option<String>,
    /// The routing rule's name.
    pub route: Option<String>,
    /// How it ended.
    pub status: Option<Status>,
    /// Notes that it carries, all of them.
    pub tags: BTreeMap<String, String>,
    /// The caller's name for a group of calls.
    pub session: Option<String>,
    /// Cost that much or more.
    pub min_cost: Option<Money>,
    /// Took that long or longer.
    pub min_latency: Option<Duration>,
    /// At most so many; 0 means all.
    pub limit: u64,
}

/// A statement's text, with the condition that [`Bound::with`] gives its values to. Names are looked up once a
/// statement and not once a row.
macro_rules! filter_sql {
    ($before:expr, $after:expr) => {
        concat!(
            $before,
            "
WHERE t.id >= :since AND t.id < :until
  AND (:org IS NULL OR t.org_id = :org OR t.org_id IS NULL)
  AND (:status IS NULL OR t.status = :status)
  AND (:provider IS NULL OR t.provider_id IN (SELECT id FROM providers WHERE name = :provider))
  AND (:user IS NULL OR t.user_id IN (SELECT id FROM users WHERE name = :user))
  AND (:team IS NULL OR EXISTS (
       SELECT 1 FROM memberships AS was WHERE was.user_id = t.user_id AND was.since_trace_id <= t.id
       AND (was.until_trace_id IS NULL OR was.until_trace_id > t.id)
       AND was.team_id IN (SELECT id FROM teams WHERE name = :team)))
  AND (:key IS NULL OR t.key_id IN (SELECT id FROM keys WHERE name = :key))
  AND (:route IS NULL OR t.route_id IN (SELECT id FROM routes WHERE name = :route))
  AND (:model IS NULL OR t.model = :model OR t.requested_model = :model OR
       t.model = substr(:model, instr(:model, '/') + 1) AND t.provider_id IN
           (SELECT id FROM providers WHERE name = substr(:model, 1, instr(:model, '/') - 1)))
  AND (:session IS NULL OR t.session = :session)
  AND (:min_cost IS NULL OR t.cost_pico >= :min_cost)
  AND (:min_latency_us IS NULL OR t.latency_us >= :min_latency_us)
  AND (:tags IS NULL OR NOT EXISTS (
       SELECT 1 FROM json_each(:tags) AS wanted WHERE NOT EXISTS (
           SELECT 1 FROM json_each(t.tags) AS has WHERE has.key = wanted.key AND has.value = wanted.value)))
",
            $after
        )
    };
}
pub(crate) use filter_sql;

/// A filter's values in the store's own terms.
pub(in crate::store) struct Bound<'f> {
    filter: &'f TraceFilter,
    since: TraceId,
    until: TraceId,
    min_latency_us: Option<i64>,
    tags: Option<Json<&'f BTreeMap<String, String>>>,
}

impl<'f> Bound<'f> {
    pub(in crate::store) fn new(filter: &'f TraceFilter) -> Bound<'f> {
        let latency = |span: Duration| count(u64::try_from(span.as_micros()).unwrap_or(u64::MAX));
        Bound {
            filter,
            since: filter.since.map_or(TraceId(i64::MIN), TraceId::first_at),
            until: filter.until.map_or(TraceId(i64::MAX), TraceId::first_at),
            min_latency_us: filter.min_latency.map(latency),
            tags: Some(&filter.tags).filter(|tags| !tags.is_empty()).map(Json),
        }
    }

    /// Hands over the values by name, with those of the statement around the condition.
    pub(in crate::store) fn with<T>(
        &self,
        more: &[(&str, &dyn rusqlite::ToSql)],
        act: impl FnOnce(&[(&str, &dyn rusqlite::ToSql)]) -> T,
    ) -> T {
        let filter = self.filter;
        let own: &[(&str, &dyn rusqlite::ToSql)] = named_params! {
            ":since": self.since,
            ":until": self.until,
            ":org": filter.org,
            ":status": filter.status,
            ":provider": filter.provider,
            ":user": filter.user,
            ":team": filter.team,
            ":key": filter.key,
            ":route": filter.route,
            ":model": filter.model,
            ":session": filter.session,
            ":min_cost": filter.min_cost,
            ":min_latency_us": self.min_latency_us,
            ":tags": self.tags,
        };
        act(&[own, more].concat())
    }
}
