//! The last file that was applied, row by row: what each row was before and is since, so that it can be taken back with
//! all that no file says, sealed keys and hashes among it.

use super::audit::capture;
use super::{Change, StoreError};
use crate::types::Time;
use rusqlite::params;
use rusqlite::types::Value as Sql;
use serde_json::Value;

/// What taking back came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// When the file had been applied.
    pub at: Time,
    /// By whom.
    pub actor: String,
    /// The rows that are as they were.
    pub restored: Vec<String>,
    /// The rows that were changed since; where there are any, nothing was taken back.
    pub changed_since: Vec<String>,
}

/// A row: its table, what tells it apart, its values before and since; none where it was or is not there.
struct Touched {
    table: String,
    identity: String,
    was: Option<String>,
    is: Option<String>,
}

impl Change<'_> {
    /// Keeps what this transaction changed so far, in place of what was kept before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn remember(&self, actor: &str, now: Time) -> Result<(), StoreError> {
        self.run("DELETE FROM applied_rows", [])?;
        self.run("DELETE FROM applied", [])?;
        self.run("INSERT INTO applied (id, at, actor) VALUES (1, ?1, ?2)", params![now, actor])?;
        // Which organisation is selected is no part of a file, and its row changes with everything.
        let sql = "INSERT INTO applied_rows (place, identity, was, since) \
                   SELECT s.place, s.identity, f.was, l.since FROM \
                   (SELECT place, identity, min(rowid) AS first, max(rowid) AS last FROM temp.seen_changes \
                    WHERE place <> 'meta' GROUP BY place, identity) AS s \
                   JOIN temp.seen_changes AS f ON f.rowid = s.first JOIN temp.seen_changes AS l ON l.rowid = s.last";
        self.run(sql, []).map(drop)
    }

    /// Puts back what the last file changed, if nothing of it was changed since; none where there is nothing to put back.
    ///
    /// # Errors
    /// [`StoreError`], also where something of the same name was made since.
    pub fn undo(&self) -> Result<Option<Undone>, StoreError> {
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Time>(0)?, row.get::<_, String>(1)?));
        let Some((at, actor)) = self.one("SELECT at, actor FROM applied", [], read)? else { return Ok(None) };
        let rows = self.all("SELECT place, identity, was, since FROM applied_rows ORDER BY rowid", [], |row| {
            Ok(Touched { table: row.get(0)?, identity: row.get(1)?, was: row.get(2)?, is: row.get(3)? })
        })?;
        let mut undone = Undone { at, actor, restored: Vec::new(), changed_since: Vec::new() };
        for row in &rows {
            if self.image(row)? != row.is {
                undone.changed_since.push(self.told(row)?);
            }
        }
        if undone.changed_since.is_empty() {
            self.put_back(&rows)?;
            undone.restored = rows.iter().map(|row| self.told(row)).collect::<Result<_, _>>()?;
        }
        Ok(Some(undone))
    }

    /// The row as it is now.
    fn image(&self, row: &Touched) -> Result<Option<String>, StoreError> {
        let columns = self.columns_of(&row.table)?;
        let sql = format!(
            "SELECT {} FROM main.{} AS t WHERE {}",
            capture::image("t", &columns),
            row.table,
            capture::is_row(&columns)
        );
        self.one(&sql, [&row.identity], |found| found.get(0))
    }

    fn put_back(&self, rows: &[Touched]) -> Result<(), StoreError> {
        self.run("PRAGMA defer_foreign_keys = ON", [])?;
        for row in rows {
            let sql =
                format!("DELETE FROM main.{} AS t WHERE {}", row.table, capture::is_row(&self.columns_of(&row.table)?));
            self.run(&sql, [&row.identity])?;
        }
        for row in rows {
            if let Some(was) = &row.was {
                let values = values(was);
                let places: Vec<String> = (1..=values.len()).map(|place| format!("?{place}")).collect();
                let sql = format!("INSERT INTO main.{} VALUES ({})", row.table, places.join(", "));
                self.run(&sql, rusqlite::params_from_iter(values))?;
            }
        }
        let gone = "UPDATE meta SET selected_org_id = NULL WHERE selected_org_id NOT IN (SELECT id FROM orgs)";
        self.run(gone, [])?;
        self.run("DELETE FROM applied_rows", [])?;
        self.run("DELETE FROM applied", []).map(drop)
    }

    /// A row in words.
    fn told(&self, row: &Touched) -> Result<String, StoreError> {
        let place = self.columns_of(&row.table)?.iter().position(|column| column.name == "name");
        let image = row.is.as_deref().or(row.was.as_deref()).map(values).unwrap_or_default();
        let noun = capture::noun(&row.table);
        Ok(match place.and_then(|place| image.get(place)) {
            Some(Sql::Text(name)) => format!("{noun} `{name}`"),
            _ => format!("{noun} {}", row.identity),
        })
    }

    fn columns_of(&self, table: &str) -> Result<Vec<capture::Column>, StoreError> {
        capture::columns(&self.connection, table).map_err(|error| self.explain(error))
    }
}

/// The values of an image, as they stood in their columns.
fn values(image: &str) -> Vec<Sql> {
    let list: Vec<Value> = serde_json::from_str(image).unwrap_or_default();
    let value = |value: Value| match value {
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Sql::Integer(whole),
            None => Sql::Real(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => match text.split_at_checked(1) {
            Some(("x", hex)) => Sql::Blob(capture::unhex(hex)),
            Some((_, text)) => Sql::Text(text.to_owned()),
            None => Sql::Null,
        },
        _ => Sql::Null,
    };
    list.into_iter().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, Small, small};
    use super::super::{NewTeam, StoreError};
    use super::*;

    fn apply(small: &Small, act: impl FnOnce(&Change<'_>) -> Result<(), StoreError>) {
        let remembered = |change: &Change<'_>| {
            act(change)?;
            change.remember("ana", NOW)
        };
        small.store.change(remembered).unwrap();
    }

    fn undo(small: &Small) -> Option<Undone> {
        small.store.change::<_, StoreError>(|change| change.undo()).unwrap()
    }

    #[test]
    fn everything_is_as_it_was_bytes_included() {
        let small = small();
        let (provider, key, user) = (small.provider, small.key, small.user);
        small
            .store
            .change::<_, StoreError>(|c| {
                c.set_provider_secret(provider, Some(b"\0sealed"))?;
                c.set_provider_headers(provider, &[("x-a".into(), b"1".to_vec())])?;
                c.set_key_text(key, b"text")
            })
            .unwrap();
        let before = small.store.snapshot().unwrap();
        apply(&small, |c| {
            c.remove_provider(provider, NOW)?;
            c.revoke_key(key, "ana", NOW)?;
            c.rename_org(small.org, "umbrella")?;
            let team = c.add_team(&NewTeam { org: small.org, name: "core", allowed: &[], created: NOW })?;
            c.set_team(user, Some(team), NOW)
        });
        assert_ne!(small.store.snapshot().unwrap().keys, before.keys);
        let undone = undo(&small).unwrap();
        assert!(undone.restored.contains(&"key `ci`".to_owned()), "{undone:?}");
        let after = small.store.snapshot().unwrap();
        assert_eq!((after.keys, after.providers, after.users), (before.keys, before.providers, before.users));
        assert_eq!((after.orgs, after.teams), (before.orgs, before.teams));
        assert_eq!(undo(&small), None, "once");
        assert!(small.store.verify_audit(None).unwrap().faults.is_empty());
    }

    #[test]
    fn what_was_changed_since_keeps_everything_as_it_is() {
        let small = small();
        apply(&small, |c| c.rename_org(small.org, "umbrella").and_then(|()| c.disable_provider(small.provider)));
        small.store.change::<_, StoreError>(|c| c.rename_org(small.org, "third")).unwrap();
        let undone = undo(&small).unwrap();
        assert_eq!((undone.restored.len(), undone.changed_since.len()), (0, 1));
        assert!(!small.store.providers(small.org).unwrap()[0].enabled);
    }

    #[test]
    fn only_the_last_one_is_remembered() {
        let small = small();
        apply(&small, |c| c.disable_provider(small.provider));
        apply(&small, |c| c.rename_org(small.org, "umbrella"));
        undo(&small).unwrap();
        assert_eq!(small.store.orgs().unwrap()[0].name, "acme");
        assert!(!small.store.providers(small.org).unwrap()[0].enabled);
    }
}
