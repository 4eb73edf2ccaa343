//! Whether the chain is whole: each row as it was written, none missing, none moved, none taken from the end.

use super::chain::{Link, hash, hex, read_head};
use crate::store::{Store, StoreError};
use crate::types::{OrgId, Time};
use rusqlite::Row;
use serde::Serialize;

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "fault", rename_all = "snake_case")]
pub enum AuditFault {
    /// A row does not say what it said, or stands where another one stood.
    Altered {
        /// Its number.
        seq: i64,
    },
    /// Rows are gone.
    Missing {
        /// The first of them.
        seq: i64,
        /// The last of them.
        until: i64,
    },
    /// The rows up to here are not those whose end was kept.
    OtherChain {
        /// The number of the row whose hash was kept.
        seq: i64,
    },
}

/// What a look at the whole chain came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    /// How many rows there are.
    pub rows: u64,
    /// The hash of the last one, to be kept elsewhere; none where there is none.
    pub head: Option<String>,
    /// Whether the end was compared with the one that is kept beside the database.
    pub end_checked: bool,
    /// What is wrong; empty where all is well.
    pub faults: Vec<AuditFault>,
}

struct Stored {
    seq: i64,
    at: Time,
    actor: String,
    org: Option<OrgId>,
    act: String,
    object: String,
    before: Option<String>,
    after: Option<String>,
    previous: [u8; 32],
    hash: [u8; 32],
}

const ALL: &str = "SELECT seq, at, actor, org_id, act, object, before, after, previous, hash FROM audit ORDER BY seq";

impl Store {
    /// Looks over all that was written down of changes. `kept` is the hash of a last row that somebody kept elsewhere.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn verify_audit(&self, kept: Option<&str>) -> Result<AuditReport, StoreError> {
        let rows = self.all(ALL, [], read)?;
        let mut faults = Vec::new();
        let mut last: Option<&Stored> = None;
        for row in &rows {
            let expected = last.map_or(1, |last| last.seq + 1);
            if row.seq > expected {
                faults.push(AuditFault::Missing { seq: expected, until: row.seq - 1 });
            }
            let altered = !row.is_itself();
            // A row that was altered with its hash is told by the one behind it, which was chained to what it was.
            if let Some(last) = last
                && (row.seq == expected && !altered && row.previous != last.hash)
                && faults.last() != Some(&AuditFault::Altered { seq: last.seq })
            {
                faults.push(AuditFault::Altered { seq: last.seq });
            }
            if altered {
                faults.push(AuditFault::Altered { seq: row.seq });
            }
            last = Some(row);
        }
        let head = read_head(&self.audit_head());
        faults.extend(self.faults_at_the_end(&rows, head.as_ref())?);
        if kept.is_some_and(|kept| !rows.iter().any(|row| hex(&row.hash).eq_ignore_ascii_case(kept.trim()))) {
            faults.push(AuditFault::OtherChain { seq: last.map_or(0, |last| last.seq) });
        }
        Ok(AuditReport {
            rows: rows.len() as u64,
            head: last.map(|last| hex(&last.hash)),
            end_checked: head.is_some(),
            faults,
        })
    }

    fn faults_at_the_end(&self, rows: &[Stored], head: Option<&(i64, String)>) -> Result<Vec<AuditFault>, StoreError> {
        let end = rows.last().map_or(0, |row| row.seq);
        let given = self.last_audit_seq()?.max(head.map_or(0, |(seq, _)| *seq));
        if given > end {
            return Ok(vec![AuditFault::Missing { seq: end + 1, until: given }]);
        }
        let kept = head.and_then(|(seq, hash)| Some((rows.iter().find(|row| row.seq == *seq)?, hash)));
        let other = kept.filter(|(row, hash)| hex(&row.hash) != **hash);
        Ok(other.map(|(row, _)| AuditFault::OtherChain { seq: row.seq }).into_iter().collect())
    }
}

impl Stored {
    /// Whether it says what it said when it was written.
    fn is_itself(&self) -> bool {
        let Stored { seq, at, actor, org, act, object, before, after, previous, .. } = self;
        let link = Link { seq: *seq, at: *at, actor, org: *org, act, object };
        hash(previous, &link, before.as_deref(), after.as_deref()) == self.hash
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    Ok(Stored {
        seq: row.get(0)?,
        at: row.get(1)?,
        actor: row.get(2)?,
        org: row.get(3)?,
        act: row.get(4)?,
        object: row.get(5)?,
        before: row.get(6)?,
        after: row.get(7)?,
        previous: row.get(8)?,
        hash: row.get(9)?,
    })
}
