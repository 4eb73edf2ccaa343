//! Tests of the configuration tables, and what the tests of traces and costs start from.

use super::*;
use crate::records::UserRole;
use crate::types::{KeyId, OrgId, ProviderId, RouteId, Time, UserId};
use std::collections::BTreeMap;
use tempfile::TempDir;

static NONE: BTreeMap<String, String> = BTreeMap::new();
pub(super) const NOW: Time = Time::from_millis(1_800_000_000_000);

/// A database with one organisation `acme`, its owner `ana`, provider `openai`, key `ci`, route `fast`.
pub(super) struct Small {
    pub(super) store: Store,
    pub(super) org: OrgId,
    pub(super) user: UserId,
    pub(super) provider: ProviderId,
    pub(super) key: KeyId,
    pub(super) route: RouteId,
    _dir: TempDir,
}

pub(super) fn new_key(org: OrgId, user: UserId, name: &str, seed: u8) -> NewKey<'_> {
    static TAGS: BTreeMap<String, String> = BTreeMap::new();
    let edit = KeyEdit { providers: &[], models: &[], tags: &TAGS, expires: None };
    NewKey { org, user, name, hash: [seed; 32], last_four: "abcd", local: false, edit, created: NOW }
}

pub(super) fn new_provider(org: OrgId, name: &str) -> NewProvider<'_> {
    let (protocol, base_url, models) = (None, None, &[]);
    NewProvider {
        org,
        name,
        kind: "openai",
        protocol,
        base_url,
        models,
        settings: &NONE,
        allow_http: false,
        created: NOW,
    }
}

pub(super) fn small() -> Small {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(&dir.path().join("optscale.db")).unwrap();
    let fill = |change: &Change<'_>| {
        let org = change.add_org(&NewOrg { public_id: "o-1", name: "acme", created: NOW })?;
        let owner = NewUser { org, name: "ana", role: UserRole::Owner, allowed: &[], created: NOW };
        let user = change.add_user(&owner)?;
        let provider = change.add_provider(&new_provider(org, "openai"))?;
        let key = change.add_key(&new_key(org, user, "ci", 1))?;
        let route = NewRoute { org, name: "fast", target: "openai/gpt-4o-mini", created: NOW };
        Ok((org, user, provider, key, change.add_route(&route)?))
    };
    let (org, user, provider, key, route) = store.change::<_, StoreError>(fill).unwrap();
    Small { store, org, user, provider, key, route, _dir: dir }
}

fn change<T>(store: &Store, act: impl FnOnce(&Change<'_>) -> Result<T, StoreError>) -> T {
    store.change(act).unwrap()
}

#[test]
fn the_version_moves_with_each_change_and_with_nothing_else() {
    let small = small();
    let version = || small.store.config_version().unwrap();
    let before = version();
    change(&small.store, |_| Ok(()));
    assert_eq!(version(), before);
    change(&small.store, |change| change.disable_provider(small.provider));
    assert_eq!(version(), before + 1);
    change(&small.store, |change| change.disable_provider(small.provider));
    assert_eq!(version(), before + 1);
    let undone = small.store.change::<(), String>(|change| {
        change.enable_provider(small.provider)?;
        Err("no".to_owned())
    });
    assert_eq!(undone, Err("no".to_owned()));
    assert_eq!(version(), before + 1);
    assert!(!small.store.providers(small.org).unwrap()[0].enabled);
}

impl From<StoreError> for String {
    fn from(error: StoreError) -> String {
        error.to_string()
    }
}

#[test]
fn a_snapshot_holds_everything_that_lives() {
    let small = small();
    let all = small.store.snapshot().unwrap();
    assert_eq!((all.orgs.len(), all.users.len(), all.providers.len()), (1, 1, 1));
    assert_eq!((all.keys.len(), all.routes.len()), (1, 1));
    assert_eq!(all.version, small.store.config_version().unwrap());
    change(&small.store, |change| change.remove_org(small.org, "ana", NOW));
    let rest = small.store.snapshot().unwrap();
    assert!(rest.orgs.is_empty() && rest.users.is_empty() && rest.providers.is_empty() && rest.routes.is_empty());
    assert_eq!((rest.keys[0].key.revoked, rest.keys[0].revoked_by.as_deref()), (Some(NOW), Some("ana")));
}

#[test]
fn names_are_unique_among_the_living() {
    let Small { store, org, user, provider, key, route, _dir } = small();
    let again =
        |act: &dyn Fn(&Change<'_>) -> Result<(), StoreError>| store.change::<_, StoreError>(|change| act(change));
    let add_provider = |change: &Change<'_>| change.add_provider(&new_provider(org, "openai")).map(drop);
    let add_key = |change: &Change<'_>| change.add_key(&new_key(org, user, "ci", 2)).map(drop);
    let fast = NewRoute { org, name: "fast", target: "openai/x", created: NOW };
    let add_route = |change: &Change<'_>| change.add_route(&fast).map(drop);
    assert!(again(&add_provider).is_err() && again(&add_key).is_err() && again(&add_route).is_err());
    change(&store, |change| {
        change.remove_provider(provider, NOW)?;
        change.revoke_key(key, "ana", NOW)?;
        change.remove_route(route, NOW)
    });
    assert!(again(&add_provider).is_ok() && again(&add_key).is_ok() && again(&add_route).is_ok());
    let keys = store.keys(org).unwrap();
    assert_eq!(keys.iter().map(|row| row.key.revoked.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn the_text_of_a_key_is_never_given_twice() {
    let Small { store, org, user, .. } = &small();
    let same_text = store.change::<_, StoreError>(|change| change.add_key(&new_key(*org, *user, "other", 1)));
    assert!(same_text.is_err());
}

#[test]
fn a_rotated_key_keeps_its_old_text_for_its_grace() {
    let Small { store, org, key, .. } = &small();
    let rotate = |seed: u8, grace_until| {
        let rotation = Rotation { hash: [seed; 32], last_four: "wxyz", sealed: None, grace_until };
        change(store, |change| change.rotate_key(*key, &rotation));
        store.keys(*org).unwrap().remove(0)
    };
    let end = NOW.after(std::time::Duration::from_secs(60));
    let row = rotate(2, Some(end));
    assert_eq!((row.hash, row.previous), ([2; 32], Some(([1; 32], end))));
    assert_eq!(store.key_by_hash(&[1; 32]).unwrap().map(|row| row.key.id), Some(*key));
    let row = rotate(3, None);
    assert_eq!((row.hash, row.previous, row.key.last_four.as_str()), ([3; 32], None, "wxyz"));
    assert_eq!(store.key_by_hash(&[1; 32]).unwrap(), None);
}

#[test]
fn removing_and_revoking_wipe_what_was_sealed() {
    let Small { store, org, provider, key, .. } = &small();
    change(store, |change| {
        change.set_provider_secret(*provider, Some(b"sealed"))?;
        change.set_provider_headers(*provider, &[("x-a".into(), b"1".to_vec()), ("x-b".into(), b"2".to_vec())])?;
        change.set_key_text(*key, b"sealed")
    });
    let row = store.providers(*org).unwrap().remove(0);
    assert_eq!((row.sealed_secret.as_deref(), row.sealed_headers.len()), (Some(b"sealed".as_slice()), 2));
    change(store, |change| {
        change.remove_provider(*provider, NOW)?;
        change.revoke_key(*key, "ana", NOW)
    });
    let left = "SELECT (SELECT count(*) FROM providers WHERE sealed_secret IS NOT NULL) \
                + (SELECT count(*) FROM provider_headers) + (SELECT count(*) FROM keys WHERE sealed IS NOT NULL)";
    assert_eq!(store.one(left, [], |row| row.get::<_, i64>(0)).unwrap(), Some(0));
}

#[test]
fn everything_that_is_edited_reads_back() {
    let Small { store, org, user, provider, key, .. } = &small();
    let tags = BTreeMap::from([("team".to_owned(), "core".to_owned())]);
    let (providers, models) = (["openai".to_owned()], ["openai/gpt-4o".to_owned()]);
    let edit = KeyEdit { providers: &providers, models: &models, tags: &tags, expires: Some(NOW) };
    let wanted = NewProvider {
        name: "azure-eu",
        protocol: Some(crate::types::Protocol::Anthropic),
        base_url: Some("http://h"),
        models: &["m".to_owned()],
        settings: &tags,
        allow_http: true,
        ..new_provider(*org, "")
    };
    change(store, |change| {
        change.edit_key(*key, &edit)?;
        change.edit_provider(*provider, &wanted)?;
        change.allow_user(*user, &models)?;
        change.rename_org(*org, "umbrella")
    });
    let row = store.keys(*org).unwrap().remove(0).key;
    assert_eq!(
        (row.providers.as_slice(), row.models.as_slice(), row.expires),
        (&providers[..], &models[..], Some(NOW))
    );
    assert_eq!(row.tags, tags);
    let row = store.providers(*org).unwrap().remove(0);
    assert_eq!((row.name.as_str(), row.base_url.as_deref(), row.allow_http), ("azure-eu", Some("http://h"), true));
    assert_eq!((row.protocol, row.kind.as_str(), &row.settings), (wanted.protocol, "openai", &tags));
    assert_eq!(store.users(*org).unwrap()[0].allowed, models);
    assert_eq!(store.orgs().unwrap()[0].name, "umbrella");
}

#[test]
fn a_key_row_shows_no_hash() {
    let row = small().store.snapshot().unwrap().keys.remove(0);
    assert!(!format!("{row:?}").contains("1, 1, 1"));
}
