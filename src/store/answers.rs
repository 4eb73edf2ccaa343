//! Answers that are kept: who made them, and what was said where nobody else keeps it.

use super::{Store, StoreError};
use crate::records::{KeptAnswer, KeptWords};
use crate::types::{OrgId, Time};
use bytes::Bytes;
use rusqlite::{Connection, Row, params};

/// Text compresses well at once; more effort gains little.
const LEVEL: i32 = 3;
/// No answer is larger: what claims to be is damaged.
const MOST: usize = 1024 * 1024 * 1024;

/// Writes an answer, in place of one with the same id.
///
/// # Errors
/// What SQLite says.
pub(super) fn write(connection: &Connection, kept: &KeptAnswer) -> rusqlite::Result<()> {
    let sql = "INSERT OR REPLACE INTO answers \
               (org_id, id, user_id, provider_id, model, created_at, previous_id, input, answer) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let words = kept.words.as_ref();
    let (input, answer) = (words.map(|words| packed(&words.input)), words.map(|words| packed(&words.answer)));
    connection.prepare_cached(sql)?.execute(params![
        kept.org,
        kept.id,
        kept.user,
        kept.provider,
        kept.model,
        kept.created,
        words.and_then(|words| words.previous.as_deref()),
        input,
        answer,
    ])?;
    Ok(())
}

/// Forgets an answer.
///
/// # Errors
/// What SQLite says.
pub(super) fn forget(connection: &Connection, org: OrgId, id: &str) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM answers WHERE org_id = ?1 AND id = ?2")?.execute(params![org, id])?;
    Ok(())
}

impl Store {
    /// The answer that an organisation knows by that id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answer(&self, org: OrgId, id: &str) -> Result<Option<KeptAnswer>, StoreError> {
        let sql = "SELECT id, org_id, user_id, provider_id, model, created_at, previous_id, input, answer \
                   FROM answers WHERE org_id = ?1 AND id = ?2";
        self.one(sql, params![org, id], read)
    }
}

impl Store {
    /// The answers of an organisation since a point in time, oldest first, with the words that are kept of them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn answers_since(&self, org: OrgId, since: Time) -> Result<Vec<KeptAnswer>, StoreError> {
        let sql = "SELECT id, org_id, user_id, provider_id, model, created_at, previous_id, input, answer \
                   FROM answers WHERE org_id = ?1 AND created_at >= ?2 ORDER BY created_at, id";
        self.all(sql, params![org, since], read)
    }
}

fn read(row: &Row<'_>) -> rusqlite::Result<KeptAnswer> {
    let (input, answer): (Option<Vec<u8>>, Option<Vec<u8>>) = (row.get(7)?, row.get(8)?);
    let words = match (input, answer) {
        (Some(input), Some(answer)) => {
            Some(KeptWords { previous: row.get(6)?, input: unpacked(&input, 7)?, answer: unpacked(&answer, 8)? })
        }
        _ => None,
    };
    Ok(KeptAnswer {
        id: row.get(0)?,
        org: row.get(1)?,
        user: row.get(2)?,
        provider: row.get(3)?,
        model: row.get(4)?,
        created: row.get(5)?,
        words,
    })
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    // Compressing memory into memory fails only without memory.
    zstd::bulk::compress(bytes, LEVEL).unwrap_or_default()
}

fn unpacked(bytes: &[u8], column: usize) -> rusqlite::Result<Bytes> {
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().unwrap_or(0);
    let size = usize::try_from(size).unwrap_or(MOST).min(MOST);
    zstd::bulk::decompress(bytes, size).map(Bytes::from).map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Blob, Box::new(error))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{ProviderId, Time, UserId};

    fn answer(id: &str, words: Option<KeptWords>) -> KeptAnswer {
        KeptAnswer {
            id: id.to_owned(),
            org: OrgId(1),
            user: UserId(2),
            provider: ProviderId(3),
            model: "m".to_owned(),
            created: Time::from_millis(4),
            words,
        }
    }

    #[test]
    fn answers_are_found_by_their_organisation_until_they_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let words = KeptWords {
            previous: Some("resp_0".to_owned()),
            input: Bytes::from(format!("[{:?}]", "x".repeat(100_000))),
            answer: Bytes::from_static(b"{}"),
        };
        let (here, there) = (answer("resp_1", Some(words)), answer("resp_2", None));
        for kept in [&here, &there] {
            write(&store.connection, kept).unwrap();
        }
        assert_eq!(store.answer(OrgId(1), "resp_1").unwrap(), Some(here));
        assert_eq!(store.answer(OrgId(1), "resp_2").unwrap(), Some(there));
        assert_eq!(store.answer(OrgId(2), "resp_1").unwrap(), None);
        let size = "SELECT length(input) FROM answers WHERE id = 'resp_1'";
        let size: i64 = store.connection.query_row(size, [], |row| row.get(0)).unwrap();
        assert!(size < 1000, "{size}");
        forget(&store.connection, OrgId(1), "resp_1").unwrap();
        assert_eq!(store.answer(OrgId(1), "resp_1").unwrap(), None);
    }

    #[test]
    fn an_answer_is_found_by_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("a.db")).unwrap();
        let sql = "EXPLAIN QUERY PLAN SELECT id FROM answers WHERE org_id = 1 AND id = 'x'";
        let plan: String = store.connection.query_row(sql, [], |row| row.get(3)).unwrap();
        assert!(plan.contains("SEARCH answers USING PRIMARY KEY"), "{plan}");
    }
}
