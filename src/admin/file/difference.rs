//! What differs between a file and what is there.

use super::{Desk, Table};
use crate::admin::AdminError;
use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};

/// What happens to one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// It is new.
    Add,
    /// It is there, and other.
    Change,
    /// It goes.
    Remove,
}

/// One thing that is not as the file says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Difference {
    /// What happens to it.
    pub change: Kind,
    /// `key`, `user` ...
    pub what: &'static str,
    /// Its name.
    pub name: String,
    /// What differs in it; of a new thing, all that it has.
    pub fields: BTreeMap<String, FieldChange>,
}

/// A field as it is and as it will be.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FieldChange {
    /// As it is; null where it is not said.
    pub before: Value,
    /// As it will be.
    pub after: Value,
}

/// An entry of the file beside what is there of it.
pub(super) struct Pair<T> {
    pub before: Option<T>,
    pub after: Option<T>,
}

/// Refuses names that stand twice.
pub(super) fn check_names<T: Table>(entries: &[T]) -> Result<(), AdminError> {
    let mut seen = std::collections::HashSet::new();
    match entries.iter().find(|entry| !seen.insert(entry.name())) {
        None => Ok(()),
        Some(twice) => {
            let reason = format!("the {} `{}` stands in it twice; take one out", T::WHAT, twice.name());
            Err(AdminError::invalid("file", reason))
        }
    }
}

/// What is not as the file says, in the order of the file, what goes last.
pub(super) fn pairs<T: Table>(wanted: Option<&[T]>, current: Vec<T>) -> Result<Vec<Pair<T>>, AdminError> {
    let Some(wanted) = wanted else { return Ok(Vec::new()) };
    let mut current: HashMap<String, T> = current.into_iter().map(|entry| (entry.name().into_owned(), entry)).collect();
    let mut pairs = Vec::new();
    for entry in wanted {
        let before = current.remove(entry.name().as_ref());
        let after = entry.completed(before.as_ref()).map_err(|error| at(entry, error))?;
        if before.as_ref() != Some(&after) {
            pairs.push(Pair { before, after: Some(after) });
        }
    }
    let mut gone: Vec<T> = current.into_values().filter(T::goes).collect();
    gone.sort_by(|one, other| one.name().cmp(&other.name()));
    pairs.extend(gone.into_iter().map(|entry| Pair { before: Some(entry), after: None }));
    Ok(pairs)
}

/// Says of which entry an error is.
pub(super) fn at<T: Table>(entry: &T, error: AdminError) -> AdminError {
    AdminError::Entry { what: T::WHAT, name: entry.name().into_owned(), source: Box::new(error) }
}

/// A pair of any kind.
pub(super) trait Step {
    /// It in words.
    fn told(&self) -> Difference;

    /// Adds or changes; what goes is left to [`Step::take_away`].
    fn put(&self, desk: &Desk<'_>) -> Result<(), AdminError>;

    /// Removes what goes.
    fn take_away(&self, desk: &Desk<'_>) -> Result<(), AdminError>;
}

impl<T: Table> Step for Pair<T> {
    fn told(&self) -> Difference {
        let fields = |entry: &Option<T>| entry.as_ref().map(fields).unwrap_or_default();
        let (before, after) = (fields(&self.before), fields(&self.after));
        let kind = match (&self.before, &self.after) {
            (None, _) => Kind::Add,
            (Some(_), Some(_)) => Kind::Change,
            (Some(_), None) => Kind::Remove,
        };
        let mut changed = BTreeMap::new();
        for name in before.keys().chain(after.keys()).filter(|_| kind != Kind::Remove) {
            let value = |side: &Map<String, Value>| side.get(name).cloned().unwrap_or(Value::Null);
            let change = FieldChange { before: value(&before), after: value(&after) };
            if change.before != change.after {
                changed.insert(name.clone(), change);
            }
        }
        let name = self.after.as_ref().or(self.before.as_ref()).map(|entry| entry.name().into_owned());
        Difference { change: kind, what: T::WHAT, name: name.unwrap_or_default(), fields: changed }
    }

    fn put(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        let Some(after) = &self.after else { return Ok(()) };
        let done = match &self.before {
            None => after.add(desk),
            Some(before) => after.change(before, desk),
        };
        done.map_err(|error| at(after, error))
    }

    fn take_away(&self, desk: &Desk<'_>) -> Result<(), AdminError> {
        match (&self.before, &self.after) {
            (Some(before), None) => before.remove(desk).map_err(|error| at(before, error)),
            _ => Ok(()),
        }
    }
}

/// What an entry says, without its name.
pub(super) fn fields<T: Table>(entry: &T) -> Map<String, Value> {
    let Ok(Value::Object(mut fields)) = serde_json::to_value(entry) else { return Map::new() };
    fields.retain(|name, value| name != "name" && name != "email" && !value.is_null());
    fields
}
