//! Lists of what users and teams may call: a provider's name for all of it, or `provider/model`.

use super::{AdminError, names};
use crate::store::{Change, Store};
use crate::types::OrgId;

/// Checks that each entry is a registered provider or a model of one.
pub(super) fn check(store: &Store, org: OrgId, entries: &[String]) -> Result<(), AdminError> {
    let providers = store.providers(org)?;
    let routes = store.routes(org)?;
    entries.iter().try_for_each(|entry| match entry.contains('/') {
        true => names::check_model(entry, &providers),
        false => names::check_provider(entry, &providers).map_err(|error| {
            match routes.iter().find(|route| route.name == *entry) {
                Some(route) => AdminError::invalid(
                    "allow",
                    format!("`{entry}` is a routing rule; allow what it leads to, {}, or its provider", route.target),
                ),
                None => error,
            }
        }),
    })
}

/// The list with these entries as well, each once.
pub(super) fn with(list: &[String], entries: &[String]) -> Vec<String> {
    let mut longer = list.to_vec();
    for entry in entries {
        if !longer.contains(entry) {
            longer.push(entry.clone());
        }
    }
    longer
}

/// The list without these entries; a provider takes its models along. `whose` is who has the list, for a sentence, and
/// `command` what takes something from it.
///
/// # Errors
/// [`AdminError::Refused`] for a model of a provider that is allowed as a whole.
pub(super) fn without(
    list: &[String],
    entries: &[String],
    (whose, command): (&str, &str),
) -> Result<Vec<String>, AdminError> {
    for entry in entries.iter().filter(|entry| !list.contains(entry)) {
        let whole = entry.split_once('/').filter(|(provider, _)| list.iter().any(|allowed| allowed == provider));
        if let Some((provider, _)) = whole {
            let reason = format!(
                "{whose} may call all of `{provider}`, and a single model cannot be taken from that; take away all with \
                 `optscale-ai {command} {provider}`, then allow single models"
            );
            return Err(AdminError::Refused(reason));
        }
    }
    let goes = |allowed: &String| entries.iter().any(|entry| covers(entry, allowed));
    Ok(list.iter().filter(|allowed| !goes(allowed)).cloned().collect())
}

/// What is to be allowed and denied, in this order: first what goes, that may take more along, then all that stays.
pub(super) fn steps(before: &[String], after: &[String]) -> (Vec<String>, Vec<String>) {
    let gone = before.iter().filter(|entry| !after.contains(entry)).cloned().collect();
    (after.to_vec(), gone)
}

/// Takes a provider that goes out of all lists.
pub(super) fn forget_provider(change: &Change<'_>, org: OrgId, name: &str) -> Result<(), AdminError> {
    let rest = |list: &[String]| -> Vec<String> { list.iter().filter(|entry| !covers(name, entry)).cloned().collect() };
    for user in change.users(org)? {
        change.allow_user(user.id, &rest(&user.allowed))?;
    }
    for team in change.teams(org)? {
        change.edit_team(team.id, &team.name, &rest(&team.allowed))?;
    }
    Ok(())
}

/// Whether an entry says at least what the other one says.
pub(super) fn covers(entry: &str, other: &str) -> bool {
    entry == other || other.split_once('/').is_some_and(|(provider, _)| provider == entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn entries_come_once_and_go_with_their_provider() {
        assert_eq!(with(&list("a b/m"), &list("b/m c a")), list("a b/m c"));
        let take = |from: &str, what: &str| without(&list(from), &list(what), ("ana", "user deny ana"));
        assert_eq!(take("a a/m b/m b/n ab", "a b/n").unwrap(), list("b/m ab"));
        assert_eq!(take("a", "nothing").unwrap(), list("a"));
        assert!(matches!(take("a", "a/m"), Err(AdminError::Refused(why)) if why.contains("user deny ana a`")));
        assert_eq!(take("a a/m", "a/m").unwrap(), list("a"));
    }
}
