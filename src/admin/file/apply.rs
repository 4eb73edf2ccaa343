//! Comparing a file with what is there, making the one into the other, and taking that back.

use super::difference::{Difference, Kind, Pair, Step, pairs};
use super::{Configuration, Desk, NewKey, Table, each_table};
use crate::admin::{AdminError, orgs};
use crate::records::Org;
use crate::secrets::Sealer;
use crate::store::{Change, Store, Undone};
use crate::types::{OrgId, Time};
use std::cell::RefCell;

/// What applying a file came to.
#[derive(Clone, Debug)]
pub struct Applied {
    /// The organisation that it was applied to.
    pub org: Org,
    /// What was changed, in order.
    pub differences: Vec<Difference>,
    /// Keys that were made or given another text.
    pub keys: Vec<NewKey>,
}

/// What applying a file would change. `org` is the one to compare with where the file names none.
///
/// # Errors
/// [`AdminError::Invalid`]; what cannot be known before is found by [`apply`] alone.
pub fn plan(store: &Store, org: Option<&Org>, file: &Configuration) -> Result<Vec<Difference>, AdminError> {
    let named = file.organization.as_ref().map(|wanted| wanted.find(store)).transpose()?;
    let org = named.unwrap_or_else(|| org.cloned());
    let mut differences: Vec<Difference> = match &file.organization {
        Some(wanted) => wanted.difference(org.as_ref()).into_iter().collect(),
        None => Vec::new(),
    };
    let steps = steps(store, org.as_ref().map(|org| org.id), file)?;
    differences.extend(in_order(steps.iter().map(|step| step.told()).collect()));
    Ok(differences)
}

/// Makes what is there into what a file says, all or nothing.
///
/// # Errors
/// Whatever an entry is refused for, with its name; nothing is changed then.
pub fn apply(
    store: &Store,
    sealer: &Sealer,
    org: Option<&Org>,
    file: &Configuration,
    by: &str,
) -> Result<Applied, AdminError> {
    store.change(|change| {
        let (org, first) = match &file.organization {
            Some(wanted) => wanted.apply(change, by)?,
            None => (org.cloned().map_or_else(|| orgs::resolve(change, None), Ok)?, None),
        };
        let desk = Desk { store: change, sealer, org: org.id, by, keys: RefCell::default() };
        let mut differences: Vec<Difference> = first.into_iter().collect();
        differences.extend(carry_out(&desk, file)?);
        if !differences.is_empty() {
            change.remember(by, Time::now())?;
        }
        let keys = desk.keys.into_inner();
        Ok(Applied { org, differences, keys })
    })
}

/// Takes back the last file that was applied. Secrets that it replaced and keys that it ended are as they were.
///
/// # Errors
/// [`AdminError::Refused`] where there is none, or where what it changed was changed since.
pub fn rollback(store: &Store) -> Result<Undone, AdminError> {
    store.change(|change: &Change<'_>| {
        let undone = change.undo()?;
        let undone = undone.ok_or_else(|| {
            let none = "no file was applied that could be taken back; the last one can be taken back once";
            AdminError::Refused(none.to_owned())
        })?;
        match undone.changed_since.as_slice() {
            [] => Ok(undone),
            some => {
                let reason = format!(
                    "what was applied on {} was changed since: {}; nothing was taken back. `optscale-ai audit list` shows \
                     by whom; change it by hand, or apply another file",
                    undone.at.day(),
                    some.join(", ")
                );
                Err(AdminError::Refused(reason))
            }
        }
    })
}

/// What differs, of all kinds, in the order in which they refer to one another.
fn steps(store: &Store, org: Option<OrgId>, file: &Configuration) -> Result<Vec<Box<dyn Step>>, AdminError> {
    let mut steps: Vec<Box<dyn Step>> = Vec::new();
    macro_rules! compare {
        ($kind:ident) => {
            for pair in of_kind(store, org, file.$kind.as_deref())? {
                steps.push(Box::new(pair));
            }
        };
    }
    each_table!(compare);
    Ok(steps)
}

fn of_kind<T: Table>(store: &Store, org: Option<OrgId>, wanted: Option<&[T]>) -> Result<Vec<Pair<T>>, AdminError> {
    let current = match (org, wanted) {
        (Some(org), Some(_)) => T::current(store, org)?,
        _ => Vec::new(),
    };
    pairs(wanted, current)
}

/// Adds and changes from providers to keys, then removes from keys to providers, so that nothing ever refers to what is
/// not there.
fn carry_out(desk: &Desk<'_>, file: &Configuration) -> Result<Vec<Difference>, AdminError> {
    let steps = steps(desk.store, Some(desk.org), file)?;
    steps.iter().try_for_each(|step| step.put(desk))?;
    steps.iter().rev().try_for_each(|step| step.take_away(desk))?;
    Ok(in_order(steps.iter().map(|step| step.told()).collect()))
}

/// As it happens: what goes stands last.
fn in_order(mut differences: Vec<Difference>) -> Vec<Difference> {
    differences.sort_by_key(|difference| difference.change == Kind::Remove);
    differences
}
