//! Writing traces: one statement a row, and the few that mend what a killed process left behind.

use crate::records::{Attempt, Status, TraceRecord};
use crate::store::column::{USAGE_SOURCES, count, place};
use crate::store::rates::RatesCache;
use crate::store::{Store, StoreError};
use crate::types::{Money, Protocol, Task, Time, TraceId};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, Statement, ToSql, params};
use serde::Serialize;

/// Both statements begin alike.
macro_rules! insert {
    () => {
        "
INSERT INTO traces (
    id, org_id, user_id, key_id, provider_id, route_id, task, protocol, status, http_status,
    stream, model, requested_model, error, message, attempt_count, attempts, input, output, cache_read,
    cache_write_5m, cache_write_1h, reasoning, input_audio, output_audio, input_image, output_image, web_searches,
    usage_source, usage_raw, cost_pico, rates_id, latency_us, first_token_us, overhead_us, finish, dropped, tags, session,
    guards
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
    ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28,
    ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39, ?40
)"
    };
}

/// A row that is surely the first of its id costs a third less than one that may take another's place.
/// A row is first written as running and then once more, whole: the second time it takes the first one's place.
const INSERT: &str = insert!();
const UPSERT: &str = concat!(
    insert!(),
    " ON CONFLICT (id) DO UPDATE SET
    org_id = excluded.org_id, user_id = excluded.user_id, key_id = excluded.key_id,
    provider_id = excluded.provider_id, route_id = excluded.route_id, task = excluded.task,
    protocol = excluded.protocol, status = excluded.status, http_status = excluded.http_status,
    stream = excluded.stream, model = excluded.model, requested_model = excluded.requested_model,
    error = excluded.error, message = excluded.message, attempt_count = excluded.attempt_count,
    attempts = excluded.attempts, input = excluded.input, output = excluded.output,
    cache_read = excluded.cache_read, cache_write_5m = excluded.cache_write_5m,
    cache_write_1h = excluded.cache_write_1h, reasoning = excluded.reasoning, input_audio = excluded.input_audio,
    output_audio = excluded.output_audio, input_image = excluded.input_image, output_image = excluded.output_image,
    web_searches = excluded.web_searches, usage_source = excluded.usage_source, usage_raw = excluded.usage_raw,
    cost_pico = excluded.cost_pico, rates_id = excluded.rates_id, latency_us = excluded.latency_us,
    first_token_us = excluded.first_token_us, overhead_us = excluded.overhead_us, finish = excluded.finish,
    dropped = excluded.dropped, tags = excluded.tags, session = excluded.session, guards = excluded.guards"
);

/// Writes rows; the caller owns the transactions around them. Made once and kept: what stands ready is most of the
/// work of a row.
pub struct Writer<'c> {
    connection: &'c Connection,
    insert: Ready<'c>,
    upsert: Ready<'c>,
    rates: RatesCache,
}

impl<'c> Writer<'c> {
    /// A writer on this connection.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn new(connection: &'c Connection) -> rusqlite::Result<Writer<'c>> {
        let (insert, upsert) = (Ready::new(connection, INSERT)?, Ready::new(connection, UPSERT)?);
        Ok(Writer { connection, insert, upsert, rates: RatesCache::default() })
    }

    /// To be called when a transaction was undone: row ids that were seen in it may be gone.
    pub fn undone(&mut self) {
        self.rates = RatesCache::default();
    }

    /// Writes one row, in place of an earlier one with the same id.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn write(&mut self, record: &TraceRecord) -> rusqlite::Result<()> {
        let rates = record.rates.as_ref().map(|rates| self.rates.id(self.connection, rates)).transpose()?;
        let texts = Texts::of(record)?;
        let values = values(record, rates, &texts);
        match self.insert.execute(&values) {
            // It was written before, as running or with an estimate.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                self.upsert.execute(&values)
            }
            written => written,
        }
    }
}

/// Whether a row was refused for what stands in it, and would be again.
pub fn is_of_the_row(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig))
        || matches!(error, rusqlite::Error::ToSqlConversionFailure(_))
}

const COLUMNS: usize = 40;

/// What is kept as JSON, where there is any of it.
struct Texts {
    attempts: Option<String>,
    dropped: Option<String>,
    tags: Option<String>,
    guards: Option<String>,
}

impl Texts {
    fn of(record: &TraceRecord) -> rusqlite::Result<Texts> {
        Ok(Texts {
            attempts: telling(&record.attempts).map(json).transpose()?,
            dropped: Some(&record.dropped).filter(|dropped| !dropped.is_empty()).map(json).transpose()?,
            tags: Some(&record.tags).filter(|tags| !tags.is_empty()).map(json).transpose()?,
            guards: Some(&record.guards).filter(|guards| !guards.is_empty()).map(json).transpose()?,
        })
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

/// A column's value.
#[derive(Clone, Copy)]
enum Value<'r> {
    Null,
    Integer(i64),
    Text(&'r str),
}

/// The row, column by column as the statements name them.
fn values<'r>(record: &'r TraceRecord, rates: Option<i64>, texts: &'r Texts) -> [Value<'r>; COLUMNS] {
    let usage = &record.usage;
    let (task, protocol) = (record.task.map(|task| place(&Task::ALL, task)), place(&Protocol::ALL, record.protocol));
    [
        record.id.0.into(),
        record.org.map(|id| id.0).into(),
        record.user.map(|id| id.0).into(),
        record.key.map(|id| id.0).into(),
        record.provider.map(|id| id.0).into(),
        record.route.map(|id| id.0).into(),
        task.into(),
        protocol.into(),
        place(&Status::ALL, record.status).into(),
        i64::from(record.http_status).into(),
        i64::from(record.stream).into(),
        record.model.as_deref().into(),
        record.requested_model.as_deref().into(),
        record.error.as_deref().into(),
        record.message.as_deref().into(),
        count(record.attempts.len() as u64).into(),
        texts.attempts.as_deref().into(),
        count(usage.input).into(),
        count(usage.output).into(),
        count(usage.cache_read).into(),
        count(usage.cache_write_5m).into(),
        count(usage.cache_write_1h).into(),
        count(usage.reasoning).into(),
        count(usage.input_audio).into(),
        count(usage.output_audio).into(),
        count(usage.input_image).into(),
        count(usage.output_image).into(),
        count(usage.pieces).into(),
        place(&USAGE_SOURCES, record.usage_source).into(),
        record.usage_raw.as_deref().into(),
        record.cost.map(Money::pico).into(),
        rates.into(),
        count(record.latency_us).into(),
        record.first_token_us.map(count).into(),
        count(record.overhead_us).into(),
        record.finish.as_deref().into(),
        texts.dropped.as_deref().into(),
        texts.tags.as_deref().into(),
        record.session.as_deref().into(),
        texts.guards.as_deref().into(),
    ]
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Value::Integer(number)
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Value::Null, Value::Integer)
    }
}

impl<'r> From<Option<&'r str>> for Value<'r> {
    fn from(text: Option<&'r str>) -> Self {
        text.map_or(Value::Null, Value::Text)
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

/// A statement that keeps its values from row to row, so that only those that differ are bound anew: rows that
/// follow one another are of the same few keys and models.
struct Ready<'c> {
    statement: Statement<'c>,
    bound: Vec<Bound>,
}

/// What a parameter has: a new statement's have nothing, which is null.
#[derive(Clone)]
enum Bound {
    Null,
    Integer(i64),
    Text(String),
}

impl<'c> Ready<'c> {
    fn new(connection: &'c Connection, sql: &str) -> rusqlite::Result<Ready<'c>> {
        Ok(Ready { statement: connection.prepare(sql)?, bound: vec![Bound::Null; COLUMNS] })
    }

    fn execute(&mut self, values: &[Value<'_>; COLUMNS]) -> rusqlite::Result<()> {
        for (place, (bound, value)) in self.bound.iter_mut().zip(values).enumerate() {
            if !bound.is(value) {
                // Should binding fail, the parameter is null.
                *bound = Bound::Null;
                self.statement.raw_bind_parameter(place + 1, value)?;
                *bound = Bound::of(value);
            }
        }
        self.statement.raw_execute().map(drop)
    }
}

impl Bound {
    fn of(value: &Value<'_>) -> Bound {
        match value {
            Value::Null => Bound::Null,
            Value::Integer(number) => Bound::Integer(*number),
            Value::Text(text) => Bound::Text((*text).to_owned()),
        }
    }

    fn is(&self, value: &Value<'_>) -> bool {
        match (self, value) {
            (Bound::Null, Value::Null) => true,
            (Bound::Integer(bound), Value::Integer(number)) => bound == number,
            (Bound::Text(bound), Value::Text(text)) => bound == text,
            _ => false,
        }
    }
}

/// The attempts, where they tell more than the row itself: a second try, or a failure.
fn telling(attempts: &[Attempt]) -> Option<&[Attempt]> {
    match attempts {
        [] => None,
        [only] if only.error.is_none() && only.http_status == Some(200) => None,
        all => Some(all),
    }
}

impl Store {
    /// The largest trace id there is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn last_trace_id(&self) -> Result<Option<TraceId>, StoreError> {
        Ok(self.one("SELECT max(id) FROM traces", [], |row| row.get::<_, Option<TraceId>>(0))?.flatten())
    }

    /// Marks calls that a killed process left running as interrupted, with the error `gateway_stopped`, and says how
    /// many. To be called when no gateway serves this home: after its lock was taken, before the first call.
    ///
    /// Looks only at rows that came after the last time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(in crate::store) fn mark_interrupted(&self) -> Result<usize, StoreError> {
        let begun = self.connection.unchecked_transaction();
        let transaction = begun.map_err(|error| self.explain(error))?;
        let mark = "UPDATE traces SET status = ?1, error = 'gateway_stopped' \
                    WHERE id > (SELECT swept_trace_id FROM meta WHERE id = 1) AND status = ?2";
        let marked = self.run(mark, params![Status::Interrupted, Status::Running])?;
        let swept = "UPDATE meta SET swept_trace_id = coalesce((SELECT max(id) FROM traces), 0) WHERE id = 1";
        self.run(swept, [])?;
        transaction.commit().map_err(|error| self.explain(error))?;
        Ok(marked)
    }

    /// Deletes traces that arrived before `before`, oldest first, at most `at_most` of them, and says how many. To be
    /// repeated until it says fewer: short transactions do not hold up the calls that are being written.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn prune_traces(&self, before: Time, at_most: u64) -> Result<usize, StoreError> {
        let sql = "DELETE FROM traces WHERE id IN (SELECT id FROM traces WHERE id < ?1 ORDER BY id LIMIT ?2)";
        self.run(sql, params![TraceId::first_at(before), count(at_most)])
    }
}
