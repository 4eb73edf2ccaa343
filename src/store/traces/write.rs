//! Writing traces: one statement a row, and the few that mend what a killed process left behind.

use crate::records::{Attempt, Status, TraceRecord};
use crate::store::column::{Json, ProtocolPlace, count};
use crate::store::{RatesCache, Store, StoreError};
use crate::types::{Time, TraceId};
use rusqlite::{CachedStatement, Connection, ErrorCode, params};

/// Both statements begin alike.
macro_rules! insert {
    () => {
        "
INSERT INTO traces (
    id, org_id, user_id, key_id, provider_id, route_id, task, protocol, status, http_status,
    stream, model, requested_model, error, message, attempt_count, attempts, input, output, cache_read,
    cache_write_5m, cache_write_1h, reasoning, input_audio, output_audio, input_image, output_image, web_searches,
    usage_source, usage_raw, cost_pico, rates_id, latency_us, first_token_us, overhead_us, finish, dropped, tags, session
) VALUES (
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,
    ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28,
    ?29, ?30, ?31, ?32, ?33, ?34, ?35, ?36, ?37, ?38, ?39
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
    dropped = excluded.dropped, tags = excluded.tags, session = excluded.session"
);

/// Writes the rows of one batch; the caller owns the transaction around it.
pub struct Writer<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
    upsert: CachedStatement<'c>,
    rates: &'c mut RatesCache,
}

impl<'c> Writer<'c> {
    /// A writer for one batch.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn new(connection: &'c Connection, rates: &'c mut RatesCache) -> rusqlite::Result<Writer<'c>> {
        let (insert, upsert) = (connection.prepare_cached(INSERT)?, connection.prepare_cached(UPSERT)?);
        Ok(Writer { connection, insert, upsert, rates })
    }

    /// Writes one row, in place of an earlier one with the same id.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn write(&mut self, record: &TraceRecord) -> rusqlite::Result<()> {
        let rates = record.rates.as_ref().map(|rates| self.rates.id(self.connection, rates)).transpose()?;
        let usage = &record.usage;
        let (protocol, attempts) = (ProtocolPlace(record.protocol), telling(&record.attempts).map(Json));
        let dropped = Some(&record.dropped).filter(|dropped| !dropped.is_empty()).map(Json);
        let tags = Some(&record.tags).filter(|tags| !tags.is_empty()).map(Json);
        let values = params![
            record.id,
            record.org,
            record.user,
            record.key,
            record.provider,
            record.route,
            record.task,
            protocol,
            record.status,
            record.http_status,
            record.stream,
            record.model,
            record.requested_model,
            record.error.as_deref(),
            record.message,
            count(record.attempts.len() as u64),
            attempts,
            count(usage.input),
            count(usage.output),
            count(usage.cache_read),
            count(usage.cache_write_5m),
            count(usage.cache_write_1h),
            count(usage.reasoning),
            count(usage.input_audio),
            count(usage.output_audio),
            count(usage.input_image),
            count(usage.output_image),
            count(usage.web_searches),
            record.usage_source,
            record.usage_raw,
            record.cost,
            rates,
            count(record.latency_us),
            record.first_token_us.map(count),
            count(record.overhead_us),
            record.finish.as_deref(),
            dropped,
            tags,
            record.session,
        ];
        match self.insert.execute(values) {
            // It was written before, as running or with an estimate.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                self.upsert.execute(values).map(drop)
            }
            written => written.map(drop),
        }
    }
}

/// Writes one row, in place of an earlier one with the same id. For many rows, keep a [`Writer`].
///
/// # Errors
/// What SQLite says.
pub fn write(connection: &Connection, record: &TraceRecord, rates: &mut RatesCache) -> rusqlite::Result<()> {
    Writer::new(connection, rates)?.write(record)
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
