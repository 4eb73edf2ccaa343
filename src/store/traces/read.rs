//! Reading traces: lists, one by its id, those that came since.

use super::filter::{Bound, filter_sql};
use super::row::{read_detail, read_row, trace_columns};
use super::{TraceDetail, TraceFilter, TraceRow};
use crate::records::Evaluation;
use crate::store::column::{Json, count};
use crate::store::{Store, StoreError};
use crate::types::{OrgId, Time, TraceId};
use rusqlite::params;

/// Newest first. The order is the table's own, so a limit ends the search early.
pub(super) const LIST: &str = filter_sql!(trace_columns!(), "ORDER BY t.id DESC LIMIT :limit");
/// Oldest first, from the one behind a given one.
pub(super) const AFTER: &str = filter_sql!(trace_columns!(), "AND t.id > :after ORDER BY t.id LIMIT :limit");
pub(super) const DETAIL: &str = concat!(
    "SELECT t.*, rates.body AS rates FROM (",
    trace_columns!(),
    " WHERE t.id = ?1) AS t LEFT JOIN rates ON rates.id = t.rates_id"
);
const LIKE: &str = "SELECT id FROM traces WHERE id BETWEEN ?1 AND ?2 ORDER BY id DESC LIMIT 10";

/// What the beginning of an id leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// One trace.
    One(Box<TraceDetail>),
    /// None.
    None,
    /// The newest of several.
    Several(Vec<TraceId>),
}

impl Store {
    /// The traces that a filter lets through, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn traces(&self, filter: &TraceFilter) -> Result<Vec<TraceRow>, StoreError> {
        let limit = limit(filter);
        Bound::new(filter).with(&[(":limit", &limit)], |values| self.all(LIST, values, read_row))
    }

    /// The traces that a filter lets through and that arrived after the one named, oldest first. Running ones are
    /// among them; who follows along asks again for those.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn traces_after(&self, after: TraceId, filter: &TraceFilter) -> Result<Vec<TraceRow>, StoreError> {
        let limit = limit(filter);
        let more: [(&str, &dyn rusqlite::ToSql); 2] = [(":limit", &limit), (":after", &after)];
        Bound::new(filter).with(&more, |values| self.all(AFTER, values, read_row))
    }

    /// One trace.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn trace(&self, id: TraceId) -> Result<Option<TraceDetail>, StoreError> {
        self.one(DETAIL, [id], read_detail)
    }

    /// The trace whose id is written so, or is the only one that begins so; `tr_` may be missing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn find_trace(&self, text: &str) -> Result<Found, StoreError> {
        let Some((low, high)) = range(text) else { return Ok(Found::None) };
        let ids = self.all(LIKE, params![low, high], |row| row.get::<_, TraceId>(0))?;
        match ids.as_slice() {
            [] => Ok(Found::None),
            [id] => Ok(self.trace(*id)?.map_or(Found::None, |detail| Found::One(Box::new(detail)))),
            _ => Ok(Found::Several(ids)),
        }
    }
}

impl Store {
    /// What policies came to in the calls of an organisation, from a point in time up to another.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn evaluations(&self, org: OrgId, since: Time, until: Option<Time>) -> Result<Vec<Evaluation>, StoreError> {
        let sql = "SELECT guards FROM traces WHERE id >= ?1 AND id < ?2 AND org_id = ?3 AND guards IS NOT NULL";
        let until = until.map_or(TraceId(i64::MAX), TraceId::first_at);
        let read = |row: &rusqlite::Row<'_>| row.get::<_, Json<Vec<Evaluation>>>(0);
        let all = self.all(sql, params![TraceId::first_at(since), until, org], read)?;
        Ok(all.into_iter().flat_map(|Json(evaluations)| evaluations).collect())
    }
}

/// SQLite takes a negative limit for none.
fn limit(filter: &TraceFilter) -> i64 {
    if filter.limit == 0 { -1 } else { count(filter.limit) }
}

/// The smallest and the largest id that begin so: the rest filled with the lowest and the highest digit.
fn range(text: &str) -> Option<(TraceId, TraceId)> {
    const DIGITS: usize = 13;
    let digits = text.strip_prefix("tr_").unwrap_or(text);
    if digits.is_empty() {
        return None;
    }
    let low = format!("{digits:0<DIGITS$}").parse::<TraceId>().ok()?;
    // Ids have 63 bits, thirteen digits have 65: what is too large for an id is above all of them.
    let high = format!("{digits:z<DIGITS$}").parse::<TraceId>().unwrap_or(TraceId(i64::MAX));
    Some((low, high))
}
