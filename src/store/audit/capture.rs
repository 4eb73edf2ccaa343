//! What a transaction changes, seen by the database itself: temporary triggers on every table note rows as they were
//! and as they are. Bytes are secrets, hashes and sealed texts: of those only a word is noted.

use super::EXEMPT;
use crate::types::{OrgId, Time};
use rusqlite::Connection;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// In place of bytes.
const SECRET: &str = "[secret]";
/// In place of bytes that were replaced by others.
const ANOTHER: &str = "[another secret]";

/// One row that is not as it was.
pub(super) struct Changed {
    pub org: Option<OrgId>,
    pub act: String,
    pub object: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Puts triggers on all tables that are configuration. They live as long as the connection.
pub(super) fn install(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.execute_batch(
        "CREATE TEMP TABLE seen_changes \
         (place TEXT, identity TEXT, before TEXT, after TEXT, was TEXT, since TEXT)",
    )?;
    for table in tables(connection)? {
        connection.execute_batch(&triggers(&table, &columns(connection, &table)?))?;
    }
    Ok(())
}

/// Every table that is configuration.
pub(super) fn tables(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
    let mut names: Vec<String> = connection.prepare(sql)?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    names.retain(|name| !EXEMPT.contains(&name.as_str()));
    Ok(names)
}

/// A column, and whether it holds bytes, and whether it is part of what tells rows apart.
pub(in crate::store) struct Column {
    pub name: String,
    bytes: bool,
    identity: bool,
}

/// The columns of a table, in their order.
pub(in crate::store) fn columns(connection: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    let mut statement = connection.prepare("SELECT name, type = 'BLOB', pk > 0 FROM pragma_table_info(?1)")?;
    let read = |row: &rusqlite::Row<'_>| Ok(Column { name: row.get(0)?, bytes: row.get(1)?, identity: row.get(2)? });
    statement.query_map([table], read)?.collect()
}

/// Names are the schema's own, and so are no place for a stranger's words.
fn triggers(table: &str, columns: &[Column]) -> String {
    let object = |side: &str, other: Option<&str>| {
        let member = |column: &Column| format!("'{}', {}", column.name, value(column, side, other));
        format!("json_object({})", columns.iter().map(member).collect::<Vec<_>>().join(", "))
    };
    let identity = |side: &str| {
        let keys = columns.iter().filter(|column| column.identity && !column.bytes);
        format!("json_array({})", keys.map(|key| format!("{side}.{}", key.name)).collect::<Vec<_>>().join(", "))
    };
    let none = || "NULL".to_owned();
    let events = [
        ("INSERT", identity("NEW"), [none(), object("NEW", None), none(), image("NEW", columns)]),
        (
            "UPDATE",
            identity("OLD"),
            [object("OLD", None), object("NEW", Some("OLD")), image("OLD", columns), image("NEW", columns)],
        ),
        ("DELETE", identity("OLD"), [object("OLD", None), none(), image("OLD", columns), none()]),
    ];
    let trigger = |(event, identity, sides): (&str, String, [String; 4])| {
        format!(
            "CREATE TEMP TRIGGER see_{event}_{table} AFTER {event} ON main.{table} BEGIN \
             INSERT INTO seen_changes VALUES ('{table}', {identity}, {}); END;",
            sides.join(", ")
        )
    };
    events.into_iter().map(trigger).collect()
}

/// A whole row as one text, from which it can be made again: texts begin with `t`, bytes are digits behind an `x`.
pub(in crate::store) fn image(side: &str, columns: &[Column]) -> String {
    let value = |column: &Column| {
        let name = format!("{side}.{}", column.name);
        format!(
            "CASE typeof({name}) WHEN 'blob' THEN 'x' || hex({name}) WHEN 'text' THEN 't' || {name} ELSE {name} END"
        )
    };
    format!("json_array({})", columns.iter().map(value).collect::<Vec<_>>().join(", "))
}

/// The condition that a row `t` is the one that the first parameter tells apart.
pub(in crate::store) fn is_row(columns: &[Column]) -> String {
    let keys = columns.iter().filter(|column| column.identity && !column.bytes).enumerate();
    let same = keys.map(|(place, key)| format!("t.{} = json_extract(?1, '$[{place}]')", key.name));
    same.collect::<Vec<_>>().join(" AND ")
}

/// Bytes from hexadecimal digits.
pub(in crate::store) fn unhex(digits: &str) -> Vec<u8> {
    let pair = |at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..digits.len()).step_by(2).filter_map(pair).collect()
}

fn value(column: &Column, side: &str, other: Option<&str>) -> String {
    let name = format!("{side}.{}", column.name);
    match (column.bytes, other) {
        (false, _) => name,
        (true, None) => format!("CASE WHEN {name} IS NOT NULL THEN '{SECRET}' END"),
        (true, Some(other)) => format!(
            "CASE WHEN {name} IS NULL THEN NULL WHEN {name} IS {other}.{} OR {other}.{} IS NULL THEN '{SECRET}' \
             ELSE '{ANOTHER}' END",
            column.name, column.name
        ),
    }
}

/// Forgets what was seen before.
pub(super) fn forget(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM temp.seen_changes", []).map(drop)
}

/// What was seen since, a row of a table once, however often it was touched.
pub(super) fn seen(connection: &Connection) -> rusqlite::Result<Vec<Changed>> {
    let mut statement =
        connection.prepare("SELECT place, identity, before, after FROM temp.seen_changes ORDER BY rowid")?;
    let mut rows = statement.query([])?;
    let mut order: Vec<(String, Option<Object>, Option<Object>)> = Vec::new();
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let (table, identity): (String, String) = (row.get(0)?, row.get(1)?);
        let (before, after) = (object(row.get(2)?), object(row.get(3)?));
        match places.get(&(table.clone(), identity.clone())).and_then(|place| order.get_mut(*place)) {
            Some((_, _, last)) => *last = after,
            None => {
                places.insert((table.clone(), identity), order.len());
                order.push((table, before, after));
            }
        }
    }
    Ok(order.into_iter().filter_map(|(table, before, after)| changed(&table, before, after)).collect())
}

type Object = Map<String, Value>;

fn object(text: Option<String>) -> Option<Object> {
    text.and_then(|text| serde_json::from_str(&text).ok())
}

/// What differs; none where nothing does.
fn changed(table: &str, before: Option<Object>, after: Option<Object>) -> Option<Changed> {
    let known = after.as_ref().or(before.as_ref())?;
    // What is done to an organisation itself is of none, so that it can be seen when that is gone.
    let org = known.get("org_id").and_then(Value::as_i64).map(OrgId);
    let name = known.get("name").and_then(Value::as_str).map(str::to_owned);
    let object = name.unwrap_or_else(|| keys(known));
    let act = format!("{}.{}", noun(table), verb(table, before.as_ref(), after.as_ref()));
    let (before, after) = match (before, after) {
        (None, None) => return None,
        (Some(before), Some(after)) => {
            let (before, after) = differing(before, after);
            if before.is_empty() && after.is_empty() {
                return None;
            }
            (Some(before), Some(after))
        }
        one => one,
    };
    Some(Changed { org, act, object, before: before.map(told), after: after.map(told) })
}

fn differing(mut before: Object, mut after: Object) -> (Object, Object) {
    let same: Vec<String> =
        before.iter().filter(|(name, value)| after.get(*name) == Some(*value)).map(|(name, _)| name.clone()).collect();
    for name in same {
        before.shift_remove(&name);
        after.shift_remove(&name);
    }
    (before, after)
}

/// As people read it: times in words, lists as lists, and no members without a value.
fn told(object: Object) -> String {
    let readable = |(name, value): (String, Value)| {
        let value = match value {
            Value::Number(n) if name.ends_with("_at") => {
                n.as_i64().map_or(Value::Null, |millis| Value::String(Time::from_millis(millis).to_string()))
            }
            Value::String(text) if text.starts_with(['[', '{']) => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            other => other,
        };
        (name, value)
    };
    let known = object.into_iter().filter(|(name, value)| name != "org_id" && !value.is_null());
    Value::Object(known.map(readable).collect()).to_string()
}

/// What tells a row apart that has no name.
fn keys(object: &Object) -> String {
    let ids = object.iter().filter(|(name, _)| name.as_str() == "id" || name.ends_with("_id"));
    let words = ids.filter(|(name, _)| name.as_str() != "org_id").map(|(name, value)| format!("{name} {value}"));
    words.collect::<Vec<_>>().join(", ")
}

/// A table's word for one of its rows.
pub(in crate::store) fn noun(table: &str) -> String {
    match table {
        "meta" => "home".to_owned(),
        table => match (table.strip_suffix("ies"), table.strip_suffix('s')) {
            (Some(stem), _) => format!("{stem}y"),
            (None, Some(stem)) => stem.to_owned(),
            (None, None) => table.to_owned(),
        },
    }
}

/// The command's word for what happened.
fn verb(table: &str, before: Option<&Object>, after: Option<&Object>) -> &'static str {
    let (Some(before), Some(after)) = (before, after) else {
        return match (after.is_some(), table) {
            (true, "keys" | "orgs") => "create",
            (true, _) => "add",
            (false, _) => "remove",
        };
    };
    let became =
        |name: &str| before.get(name).is_none_or(Value::is_null) && after.get(name).is_some_and(|v| !v.is_null());
    let flag = |object: &Object| object.get("enabled").and_then(Value::as_i64);
    match (flag(before), flag(after)) {
        _ if became("removed_at") => "remove",
        _ if became("revoked_at") => "revoke",
        _ if table == "keys" && after.get("hash").and_then(Value::as_str) == Some(ANOTHER) => "rotate",
        (Some(0), Some(1)) => "enable",
        (Some(1), Some(0)) => "disable",
        _ if table == "meta" && before.get("selected_org_id") != after.get("selected_org_id") => "select",
        _ => "edit",
    }
}
