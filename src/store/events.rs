//! Events: what people should know of.

use super::{Store, StoreError};
use crate::records::{Event, EventKind};
use crate::types::{OrgId, Time, TraceId};
use rusqlite::{Connection, Row, params};

impl Store {
    /// The events of an organisation since `since`, newest first; `limit` 0 for all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn events(&self, org: OrgId, since: Time, limit: u64) -> Result<Vec<(i64, Event)>, StoreError> {
        let sql = "SELECT id, org_id, at, kind, subject, message, trace_id, once FROM events \
                   WHERE org_id = ?1 AND at >= ?2 ORDER BY at DESC, id DESC LIMIT ?3";
        let limit = if limit == 0 { -1 } else { super::column::count(limit) };
        self.all(sql, params![org, since, limit], read)
    }
}

pub(super) fn write(connection: &Connection, event: &Event) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO events (org_id, at, kind, subject, message, trace_id, once) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let Event { org, time, kind, subject, message, call, once } = event;
    connection.prepare_cached(sql)?.execute(params![org, time, kind.as_str(), subject, message, call, once]).map(drop)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(i64, Event)> {
    let kind: String = row.get(3)?;
    let unknown = || rusqlite::Error::InvalidColumnType(3, kind.clone(), rusqlite::types::Type::Text);
    let event = Event {
        org: row.get(1)?,
        time: row.get(2)?,
        kind: EventKind::parse(&kind).ok_or_else(unknown)?,
        subject: row.get(4)?,
        message: row.get(5)?,
        call: row.get::<_, Option<TraceId>>(6)?,
        once: row.get(7)?,
    };
    Ok((row.get(0)?, event))
}
