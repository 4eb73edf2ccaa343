//! The configuration as the text of a file: new, or put into one that is there, whose comments and order stay.

use super::difference::fields;
use super::{Configuration, Table, each_table, organization::Organization};
use crate::admin::AdminError;
use crate::records::Org;
use crate::store::Store;
use serde_json::{Map, Value};
use toml_edit::{ArrayOfTables, DocumentMut, InlineTable, Item};

/// The text of a new file.
///
/// # Errors
/// [`AdminError::Store`].
pub fn export(store: &Store, org: &Org) -> Result<String, AdminError> {
    let text = update(store, org, "")?;
    let sealed: Vec<String> = store
        .providers(org.id)?
        .into_iter()
        .filter(|p| p.has_secret() && p.secret_source().is_none())
        .map(|p| p.name)
        .collect();
    let note = match sealed.as_slice() {
        [] => String::new(),
        names => format!(
            "# Keys that are stored sealed are not in here ({}); they stay where nothing is said.\n",
            names.join(", ")
        ),
    };
    Ok(format!(
        "# Configuration of the organisation `{}`. Compare it with `optscale-ai plan FILE`.\n{note}\n{text}",
        org.name
    ))
}

/// A configuration as the text of a file.
pub fn written(configuration: &Configuration) -> String {
    let mut document = DocumentMut::new();
    if let Some(organization) = &configuration.organization
        && let Ok(Value::Object(said)) = serde_json::to_value(organization)
    {
        let table = document.entry("organization").or_insert_with(toml_edit::table);
        said.iter().for_each(|(name, value)| set(table, name, value));
    }
    macro_rules! write {
        ($kind:ident) => {
            if let Some(entries) = &configuration.$kind {
                let tables: ArrayOfTables = entries.iter().map(new_entry).collect();
                document.insert(stringify!($kind), Item::ArrayOfTables(tables));
            }
        };
    }
    each_table!(write);
    document.to_string()
}

/// The text of a file that is there, with what differs put right. What says the same already is not touched.
///
/// # Errors
/// [`AdminError::Invalid`] where it is no configuration.
pub fn update(store: &Store, org: &Org, text: &str) -> Result<String, AdminError> {
    let file: Configuration = super::read(text)?;
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| AdminError::invalid("file", error.to_string()))?;
    put_organization(&mut document, org, file.organization.as_ref());
    macro_rules! put {
        ($kind:ident) => {
            put_kind(
                &mut document,
                stringify!($kind),
                file.$kind.as_deref().unwrap_or_default(),
                Table::current(store, org.id)?,
            )?;
        };
    }
    each_table!(put);
    Ok(document.to_string())
}

fn put_organization(document: &mut DocumentMut, org: &Org, said: Option<&Organization>) {
    let is = Organization::of(org);
    let bodies = |organization: &Organization| organization.bodies.map(|bodies| bodies.as_str());
    if said.is_some_and(|said| said.name == is.name && (said.bodies.is_none() || said.bodies == is.bodies)) {
        return;
    }
    let table = document.entry("organization").or_insert_with(toml_edit::table);
    set(table, "name", &Value::from(is.name.clone()));
    if said.is_none_or(|said| said.bodies != is.bodies) {
        set(table, "bodies", &Value::from(bodies(&is)));
    }
}

/// Puts the entries of one kind into a document.
fn put_kind<T: Table>(document: &mut DocumentMut, kind: &str, said: &[T], is: Vec<T>) -> Result<(), AdminError> {
    if said.is_empty() && is.is_empty() {
        return Ok(());
    }
    let item = document.entry(kind).or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let Some(tables) = tables(item) else {
        return Err(AdminError::invalid("file", format!("`{kind}` is written in a way that cannot be edited")));
    };
    tables.retain(|table| is.iter().any(|entry| T::name_in(table).as_deref() == Some(entry.name().as_ref())));
    for entry in is {
        let place = tables.iter().position(|table| T::name_in(table).as_deref() == Some(entry.name().as_ref()));
        match (place.and_then(|place| tables.get_mut(place)), said.iter().find(|said| said.name() == entry.name())) {
            (Some(table), Some(said)) => put_entry(table, &said.completed(Some(&entry))?, &entry),
            // Owners that a file leaves out are meant to be left out.
            _ if !said.is_empty() && !entry.goes() => {}
            _ => tables.push(new_entry(&entry)),
        }
    }
    Ok(())
}

/// `[[kind]]`s; an empty list in brackets becomes them.
fn tables(item: &mut Item) -> Option<&mut ArrayOfTables> {
    if item.as_array().is_some_and(|list| list.is_empty()) {
        *item = Item::ArrayOfTables(ArrayOfTables::new());
    }
    item.as_array_of_tables_mut()
}

fn put_entry<T: Table>(table: &mut toml_edit::Table, said: &T, is: &T) {
    let (said, is): (Map<String, Value>, Map<String, Value>) = (fields(said), fields(is));
    for name in said.keys().filter(|name| !is.contains_key(*name)) {
        table.remove(name);
    }
    for (name, value) in is.iter().filter(|(name, value)| said.get(*name) != Some(*value)) {
        match table.get_mut(name) {
            Some(item) => replace(item, value),
            None => drop(table.insert(name, Item::Value(as_toml(value)))),
        }
    }
}

fn new_entry<T: Table>(entry: &T) -> toml_edit::Table {
    let mut table = toml_edit::Table::new();
    let Ok(Value::Object(fields)) = serde_json::to_value(entry) else { return table };
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_null()) {
        table.insert(&name, Item::Value(as_toml(&value)));
    }
    table
}

fn set(item: &mut Item, name: &str, value: &Value) {
    match item.get_mut(name) {
        Some(old) => replace(old, value),
        None => item[name] = Item::Value(as_toml(value)),
    }
}

/// Another value in the same place, comments around it kept.
fn replace(item: &mut Item, value: &Value) {
    let mut new = as_toml(value);
    if let Some(old) = item.as_value() {
        *new.decor_mut() = old.decor().clone();
    }
    *item = Item::Value(new);
}

/// A value as TOML writes it; tables in one line.
fn as_toml(value: &Value) -> toml_edit::Value {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => toml_edit::Value::Array(items.iter().map(as_toml).collect()),
        Value::Object(members) => {
            let mut table = InlineTable::new();
            for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
                table.insert(name, as_toml(value));
            }
            toml_edit::Value::InlineTable(table)
        }
        Value::Null => "".into(),
    }
}
