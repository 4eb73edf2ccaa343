//! Sums over traces: calls, tokens and money by what a reader wants to compare.
//!
//! SQLite adds up by ids; names, tags and sums beyond 63 bits are put together here, so that two rows of one name
//! (one removed, one made anew) are one line.

use super::column::{Json, uncount};
use super::traces::{Bound, TraceFilter, filter_sql};
use super::{Store, StoreError, column};
use crate::records::{Status, UsageSource};
use crate::types::TraceId;
use rusqlite::Row;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

/// What sums are taken by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dimension {
    /// The provider's name.
    Provider,
    /// `provider/model`.
    Model,
    /// The user's name.
    User,
    /// The name of the team that the user was in then.
    Team,
    /// The key's name.
    Key,
    /// The routing rule's name.
    Route,
    /// The day in UTC, `2026-01-31`.
    Day,
    /// The value of this tag; without a name, every `tag=value`, so that a call with two tags counts in two lines.
    Tag(Option<String>),
}

/// Which sums are wanted.
#[derive(Clone, Debug, Default)]
pub struct CostQuery {
    /// What they are taken by, in this order; none for one line.
    pub by: Vec<Dimension>,
    /// Over which traces; its limit plays no part.
    pub filter: TraceFilter,
}

/// US dollars, as pico-dollars that may be more than [`crate::types::Money`] holds. Shown as a decimal without exponent.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Total(pub i128);

/// What calls came to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Costs {
    /// How many.
    pub calls: u64,
    /// Of those, failed.
    pub errors: u64,
    /// Of those, not let through.
    pub refused: u64,
    /// All prompt tokens.
    pub input_tokens: u64,
    /// All answer tokens.
    pub output_tokens: u64,
    /// Prompt tokens from a provider's cache.
    pub cache_read_tokens: u64,
    /// Prompt tokens written to a cache.
    pub cache_write_tokens: u64,
    /// The sum of all known costs.
    pub cost_usd: Total,
    /// Calls whose cost is unknown: the sum lacks them.
    pub unknown_cost_calls: u64,
    /// Calls whose tokens the gateway counted itself.
    pub estimated_calls: u64,
}

/// One line: where it stands in each dimension, and its sums. Serialises as one flat object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRow {
    /// The dimensions' names and this line's values, in the order of the query; none where calls have no value.
    pub labels: Vec<(String, Option<String>)>,
    /// The sums.
    pub costs: Costs,
}

/// One pass over the range of time, added up by ids in a temporary table. Money is added up in two parts, because
/// SQLite refuses sums beyond 63 bits: millions of pico-dollars, and the rest.
const SUMS: &str = filter_sql!(
    "WITH sums AS (
SELECT CASE WHEN :by_provider THEN t.provider_id END AS provider_id,
       CASE WHEN :by_model THEN t.provider_id END AS model_provider_id,
       CASE WHEN :by_model THEN t.model END AS model,
       CASE WHEN :by_user THEN t.user_id END AS user_id,
       CASE WHEN :by_team THEN (SELECT m.team_id FROM memberships AS m
           WHERE m.user_id = t.user_id AND m.since_trace_id <= t.id
           AND (m.until_trace_id IS NULL OR m.until_trace_id > t.id)) END AS team_id,
       CASE WHEN :by_key THEN t.key_id END AS key_id,
       CASE WHEN :by_route THEN t.route_id END AS route_id,
       CASE WHEN :by_day THEN (t.id >> 20) / 86400000 END AS day,
       CASE WHEN :by_tag THEN t.tags END AS tags,
       count(*) AS calls,
       count(*) FILTER (WHERE t.status = :error) AS errors,
       count(*) FILTER (WHERE t.status = :refused) AS refused,
       sum(t.input) AS input,
       sum(t.output) AS output,
       sum(t.cache_read) AS cache_read,
       sum(t.cache_write_5m + t.cache_write_1h) AS cache_write,
       coalesce(sum(t.cost_pico / 1000000), 0) AS cost_millions,
       coalesce(sum(t.cost_pico % 1000000), 0) AS cost_rest,
       count(*) FILTER (WHERE t.cost_pico IS NULL AND
           (t.status IN (:ok, :interrupted) OR t.usage_source <> :no_usage)) AS unknown,
       count(*) FILTER (WHERE t.usage_source = :estimated) AS estimated
FROM traces AS t",
    "GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9)
SELECT s.*, p.name AS provider, m.name AS model_provider, u.name AS user, e.name AS team, k.name AS key, r.name AS route
FROM sums AS s
LEFT JOIN providers AS p ON p.id = s.provider_id
LEFT JOIN providers AS m ON m.id = s.model_provider_id
LEFT JOIN users AS u ON u.id = s.user_id
LEFT JOIN teams AS e ON e.id = s.team_id
LEFT JOIN keys AS k ON k.id = s.key_id
LEFT JOIN routes AS r ON r.id = s.route_id"
);

impl Store {
    /// What calls came to, a line for each combination of values, dearest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn costs(&self, query: &CostQuery) -> Result<Vec<CostRow>, StoreError> {
        let rows = self.with_cost_values(query, |values| self.all(SUMS, values, |row| read(row, &query.by)))?;
        let mut lines: BTreeMap<Vec<Option<String>>, Costs> = BTreeMap::new();
        for (places, costs) in rows {
            for place in combinations(places) {
                lines.entry(place).or_default().add(&costs);
            }
        }
        let names: Vec<String> = query.by.iter().map(Dimension::to_string).collect();
        let line = |(place, costs)| CostRow { labels: names.iter().cloned().zip(place).collect(), costs };
        let mut rows: Vec<CostRow> = lines.into_iter().map(line).collect();
        rows.sort_by_key(|row| (std::cmp::Reverse(row.costs.cost_usd), std::cmp::Reverse(row.costs.calls)));
        Ok(rows)
    }

    fn with_cost_values<T>(&self, query: &CostQuery, act: impl FnOnce(&[(&str, &dyn rusqlite::ToSql)]) -> T) -> T {
        let by = |dimension: Dimension| query.by.contains(&dimension);
        let by_tag = query.by.iter().any(|dimension| matches!(dimension, Dimension::Tag(_)));
        let more: &[(&str, &dyn rusqlite::ToSql)] = rusqlite::named_params! {
            ":by_provider": by(Dimension::Provider),
            ":by_model": by(Dimension::Model),
            ":by_user": by(Dimension::User),
            ":by_team": by(Dimension::Team),
            ":by_key": by(Dimension::Key),
            ":by_route": by(Dimension::Route),
            ":by_day": by(Dimension::Day),
            ":by_tag": by_tag,
            ":ok": Status::Ok,
            ":error": Status::Error,
            ":refused": Status::Refused,
            ":interrupted": Status::Interrupted,
            ":no_usage": UsageSource::None,
            ":estimated": UsageSource::Estimated,
        };
        Bound::new(&query.filter).with(more, act)
    }
}

/// The values of a group in each dimension (several only for tags), and its sums.
type Group = (Vec<Vec<Option<String>>>, Costs);

fn read(row: &Row<'_>, by: &[Dimension]) -> rusqlite::Result<Group> {
    let places = by.iter().map(|dimension| values(row, dimension)).collect::<rusqlite::Result<_>>()?;
    let number = |column: &str| row.get(column).map(uncount);
    let (millions, rest): (i64, i64) = (row.get("cost_millions")?, row.get("cost_rest")?);
    let costs = Costs {
        calls: number("calls")?,
        errors: number("errors")?,
        refused: number("refused")?,
        input_tokens: number("input")?,
        output_tokens: number("output")?,
        cache_read_tokens: number("cache_read")?,
        cache_write_tokens: number("cache_write")?,
        cost_usd: Total(i128::from(millions) * 1_000_000 + i128::from(rest)),
        unknown_cost_calls: number("unknown")?,
        estimated_calls: number("estimated")?,
    };
    Ok((places, costs))
}

fn values(row: &Row<'_>, dimension: &Dimension) -> rusqlite::Result<Vec<Option<String>>> {
    let value = match dimension {
        Dimension::Provider => row.get("provider")?,
        Dimension::User => row.get("user")?,
        Dimension::Team => row.get("team")?,
        Dimension::Key => row.get("key")?,
        Dimension::Route => row.get("route")?,
        Dimension::Model => {
            let (provider, model): (Option<String>, Option<String>) = (row.get("model_provider")?, row.get("model")?);
            model.map(|model| column::full_name(provider.as_deref(), &model))
        }
        Dimension::Day => row.get::<_, Option<i64>>("day")?.map(day),
        Dimension::Tag(name) => return tag_values(row, name.as_deref()),
    };
    Ok(vec![value])
}

fn tag_values(row: &Row<'_>, name: Option<&str>) -> rusqlite::Result<Vec<Option<String>>> {
    let tags: Option<Json<BTreeMap<String, String>>> = row.get("tags")?;
    let tags = tags.map(|Json(tags)| tags).unwrap_or_default();
    Ok(match name {
        Some(name) => vec![tags.get(name).cloned()],
        None if tags.is_empty() => vec![None],
        None => tags.into_iter().map(|(name, value)| Some(format!("{name}={value}"))).collect(),
    })
}

/// The calendar day of a number of days since ids began to count.
fn day(days: i64) -> String {
    TraceId((days * 86_400_000) << 20).time().day()
}

/// Every way to take one value of each dimension.
fn combinations(places: Vec<Vec<Option<String>>>) -> Vec<Vec<Option<String>>> {
    places.into_iter().fold(vec![Vec::new()], |heads, values| {
        let longer = |head: &Vec<Option<String>>| {
            let grow = |value: &Option<String>| [head.as_slice(), std::slice::from_ref(value)].concat();
            values.iter().map(grow).collect::<Vec<_>>()
        };
        heads.iter().flat_map(longer).collect()
    })
}

impl Costs {
    /// Takes other calls in.
    pub fn add(&mut self, other: &Costs) {
        self.calls += other.calls;
        self.errors += other.errors;
        self.refused += other.refused;
        self.input_tokens += other.input_tokens;
        self.output_tokens += other.output_tokens;
        self.cache_read_tokens += other.cache_read_tokens;
        self.cache_write_tokens += other.cache_write_tokens;
        self.cost_usd.0 += other.cost_usd.0;
        self.unknown_cost_calls += other.unknown_cost_calls;
        self.estimated_calls += other.estimated_calls;
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dimension::Provider => f.write_str("provider"),
            Dimension::Model => f.write_str("model"),
            Dimension::User => f.write_str("user"),
            Dimension::Team => f.write_str("team"),
            Dimension::Key => f.write_str("key"),
            Dimension::Route => f.write_str("route"),
            Dimension::Day => f.write_str("day"),
            Dimension::Tag(None) => f.write_str("tag"),
            Dimension::Tag(Some(name)) => write!(f, "tag:{name}"),
        }
    }
}

impl std::str::FromStr for Dimension {
    type Err = String;

    fn from_str(text: &str) -> Result<Dimension, String> {
        match text {
            "provider" => Ok(Dimension::Provider),
            "model" => Ok(Dimension::Model),
            "user" => Ok(Dimension::User),
            "team" => Ok(Dimension::Team),
            "key" => Ok(Dimension::Key),
            "route" => Ok(Dimension::Route),
            "day" => Ok(Dimension::Day),
            "tag" => Ok(Dimension::Tag(None)),
            _ => match text.strip_prefix("tag:") {
                Some(name) if !name.is_empty() => Ok(Dimension::Tag(Some(name.to_owned()))),
                _ => Err(format!(
                    "`{text}` is no dimension; choose provider, model, user, team, key, route, day, tag or tag:NAME"
                )),
            },
        }
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PICO: u128 = 1_000_000_000_000;
        let (whole, rest) = (self.0.unsigned_abs() / PICO, self.0.unsigned_abs() % PICO);
        let sign = if self.0 < 0 { "-" } else { "" };
        if rest == 0 {
            return f.pad(&format!("{sign}{whole}"));
        }
        f.pad(format!("{sign}{whole}.{rest:012}").trim_end_matches('0'))
    }
}

impl Serialize for Total {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for CostRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Flat<'a> {
            #[serde(flatten)]
            labels: Labels<'a>,
            #[serde(flatten)]
            costs: &'a Costs,
        }
        Flat { labels: Labels(&self.labels), costs: &self.costs }.serialize(serializer)
    }
}

struct Labels<'a>(&'a [(String, Option<String>)]);

impl Serialize for Labels<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::TraceRecord;
    use crate::store::StoreError;
    use crate::store::tests::{NOW, Small, new_provider, small};
    use crate::store::traces::tests::{call, plan, put};
    use crate::types::Money;
    use std::time::Duration;

    fn costs(small: &Small, by: &[&str], filter: TraceFilter) -> Vec<(Vec<String>, u64, String)> {
        let by = by.iter().map(|text| text.parse().unwrap()).collect();
        let rows = small.store.costs(&CostQuery { by, filter }).unwrap();
        let label = |(_, value): (String, Option<String>)| value.unwrap_or_else(|| "-".into());
        let line = |row: CostRow| {
            (row.labels.into_iter().map(label).collect(), row.costs.calls, row.costs.cost_usd.to_string())
        };
        rows.into_iter().map(line).collect()
    }

    fn line(labels: &[&str], calls: u64, cost: &str) -> (Vec<String>, u64, String) {
        (labels.iter().map(|label| (*label).to_owned()).collect(), calls, cost.to_owned())
    }

    /// Two calls today and one tomorrow, 1 USD each; one of them without a tag, one refused without a key.
    fn three() -> Small {
        let small = small();
        let one = |seconds| TraceRecord { cost: Some(Money::from_pico(1_000_000_000_001)), ..call(&small, seconds) };
        let mut untagged = one(1);
        untagged.tags.clear();
        let refused = TraceRecord { status: Status::Refused, key: None, user: None, cost: None, ..call(&small, 2) };
        let refused = TraceRecord { usage_source: UsageSource::None, provider: None, model: None, ..refused };
        put(&small.store, &[one(0), untagged, one(86_400), refused]);
        small
    }

    #[test]
    fn adds_up_by_every_dimension() {
        let small = three();
        let all = TraceFilter::default;
        assert_eq!(costs(&small, &[], all()), [line(&[], 4, "3.000000000003")]);
        assert_eq!(costs(&small, &["provider"], all())[0], line(&["openai"], 3, "3.000000000003"));
        assert_eq!(costs(&small, &["model"], all())[0], line(&["openai/gpt-4o-mini"], 3, "3.000000000003"));
        assert_eq!(costs(&small, &["user", "key"], all())[0], line(&["ana", "ci"], 3, "3.000000000003"));
        assert_eq!(costs(&small, &["route"], all()), [line(&["fast"], 4, "3.000000000003")]);
        let (today, tomorrow) = (NOW.day(), NOW.after(Duration::from_secs(86_400)).day());
        let days = [line(&[&today], 3, "2.000000000002"), line(&[&tomorrow], 1, "1.000000000001")];
        assert_eq!(costs(&small, &["day"], all()), days);
        let teams = [line(&["core"], 3, "2.000000000002"), line(&["-"], 1, "1.000000000001")];
        assert_eq!(costs(&small, &["tag:team"], all()), teams);
        let tags = costs(&small, &["tag"], all());
        assert_eq!(tags[0], line(&["env=ci"], 3, "2.000000000002"));
        assert_eq!(tags[1], line(&["team=core"], 3, "2.000000000002"));
        let until = Some(NOW.after(Duration::from_secs(1)));
        assert_eq!(costs(&small, &["day"], TraceFilter { until, ..all() }), [line(&[&today], 1, "1.000000000001")]);
    }

    #[test]
    fn names_that_were_given_anew_are_one_line() {
        let small = three();
        let anew = |change: &crate::store::Change<'_>| {
            change.remove_provider(small.provider, NOW)?;
            change.add_provider(&new_provider(small.org, "openai"))
        };
        let provider = small.store.change::<_, StoreError>(anew).unwrap();
        put(&small.store, &[TraceRecord { provider: Some(provider), cost: Some(Money::ZERO), ..call(&small, 9) }]);
        assert_eq!(costs(&small, &["provider"], TraceFilter::default())[0], line(&["openai"], 4, "3.000000000003"));
        assert_eq!(costs(&small, &["model"], TraceFilter::default())[0].1, 4);
    }

    #[test]
    fn sums_go_beyond_what_one_amount_holds() {
        let small = small();
        let most = |seconds| TraceRecord { cost: Some(Money::MAX), ..call(&small, seconds) };
        put(&small.store, &[most(0), most(1), most(2)]);
        let expected = Total(3 * i128::from(i64::MAX)).to_string();
        assert_eq!(costs(&small, &["key"], TraceFilter::default()), [line(&["ci"], 3, &expected)]);
    }

    #[test]
    fn what_is_unknown_estimated_or_failed_is_counted() {
        let small = small();
        let unknown = TraceRecord { cost: None, ..call(&small, 0) };
        let guessed =
            TraceRecord { usage_source: UsageSource::Estimated, status: Status::Interrupted, ..call(&small, 1) };
        let nothing = TraceRecord { cost: None, usage_source: UsageSource::None, ..call(&small, 2) };
        let failed = TraceRecord { status: Status::Error, ..nothing.clone() };
        let refused = TraceRecord { status: Status::Refused, ..call(&small, 3) };
        put(
            &small.store,
            &[unknown, guessed, failed, TraceRecord { cost: None, usage_source: UsageSource::None, ..refused }],
        );
        let sum = small.store.costs(&CostQuery::default()).unwrap().remove(0).costs;
        assert_eq!((sum.calls, sum.errors, sum.refused), (4, 1, 1));
        assert_eq!((sum.unknown_cost_calls, sum.estimated_calls), (1, 1));
        assert_eq!((sum.input_tokens, sum.output_tokens, sum.cache_read_tokens), (4000, 200, 1600));
    }

    #[test]
    fn a_line_is_one_flat_object() {
        let small = three();
        let by = vec![Dimension::Provider, Dimension::Tag(Some("team".into()))];
        let rows = small.store.costs(&CostQuery { by, ..CostQuery::default() }).unwrap();
        let expected = concat!(
            r#"{"provider":"openai","tag:team":"core","calls":2,"errors":0,"refused":0,"input_tokens":2000,"#,
            r#""output_tokens":100,"cache_read_tokens":800,"cache_write_tokens":0,"cost_usd":"2.000000000002","#,
            r#""unknown_cost_calls":0,"estimated_calls":0}"#
        );
        assert_eq!(serde_json::to_string(&rows[0]).unwrap(), expected);
    }

    #[test]
    fn sums_read_only_their_range_of_time() {
        let plan = plan(&small().store, SUMS);
        assert!(plan.iter().any(|step| step.starts_with("SEARCH t USING INTEGER PRIMARY KEY (rowid")), "{plan:#?}");
        assert!(!plan.iter().any(|step| step.starts_with("SCAN t ") || step == "SCAN t"), "{plan:#?}");
    }

    #[test]
    fn totals_and_dimensions_read_well() {
        assert_eq!(Total(0).to_string(), "0");
        assert_eq!(Total(-1_500_000_000_000).to_string(), "-1.5");
        assert_eq!(Total(1).to_string(), "0.000000000001");
        for text in ["provider", "model", "user", "team", "key", "route", "day", "tag", "tag:team"] {
            assert_eq!(text.parse::<Dimension>().unwrap().to_string(), text);
        }
        assert!("tag:".parse::<Dimension>().is_err() && "teams".parse::<Dimension>().is_err());
    }
}
