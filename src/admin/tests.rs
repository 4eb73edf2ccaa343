//! Tests of administrative acts, in a home of their own.

use super::keys::{CreateKey, EditKey, Keep};
use super::providers::{AddProvider, EditProvider};
use super::*;
use crate::config::Home;
use crate::records::UserRole;
use crate::secrets::{Sealer, SecretsError, Slot, VirtualKey};
use crate::store::{Store, StoreError};
use crate::types::{OrgId, Protocol, Secret, Time};
use std::collections::BTreeMap;
use std::time::Duration;
use tempfile::TempDir;

struct Desk {
    store: Store,
    sealer: Sealer,
    org: OrgId,
    home: Home,
    _dir: TempDir,
}

fn wanted(org: &str) -> Init {
    Init { org: Some(org.to_owned()), owner: Some("ana".to_owned()), ..Init::default() }
}

fn desk() -> Desk {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("home"));
    let Initialised { store, sealer, org, .. } = init(&home, &wanted("acme")).unwrap();
    Desk { store, sealer, org: org.id, home, _dir: dir }
}

impl Desk {
    fn add_provider(&self, kind: &str, name: &str) {
        let secret = Some(Secret::new(" sk-provider-key\n"));
        let wanted = AddProvider { kind: kind.into(), name: Some(name.into()), secret, ..AddProvider::default() };
        providers::add(&self.store, &self.sealer, self.org, &wanted).unwrap();
    }

    fn create_key(&self, wanted: &CreateKey) -> Result<keys::KeyWithText, AdminError> {
        keys::create(&self.store, &self.sealer, self.org, wanted)
    }

    fn edit_provider(&self, name: &str, edit: &EditProvider) -> Result<crate::store::ProviderRow, AdminError> {
        providers::edit(&self.store, &self.sealer, self.org, name, edit)
    }

    fn version(&self) -> i64 {
        self.store.config_version().unwrap()
    }
}

fn named(name: &str) -> CreateKey {
    CreateKey { name: name.to_owned(), ..CreateKey::default() }
}

#[test]
fn init_makes_everything_once() {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("home"));
    let first = init(&home, &wanted("acme")).unwrap();
    assert_eq!(first.made, [Made::Home, Made::Database, Made::MasterKey, Made::Org, Made::Owner]);
    assert_eq!((first.owner.name.as_str(), first.owner.role), ("ana", UserRole::Owner));
    assert_eq!(first.org.public_id.len(), 36);
    let version = first.store.config_version().unwrap();
    for org in [wanted("acme"), Init::default()] {
        let again = init(&home, &org).unwrap();
        assert_eq!((again.made, again.org, again.owner), (Vec::new(), first.org.clone(), first.owner.clone()));
        assert_eq!(again.store.config_version().unwrap(), version);
    }
    let other = init(&home, &wanted("umbrella")).unwrap();
    assert_eq!(other.made, [Made::Org, Made::Owner]);
    assert_eq!(orgs::selected(&other.store).unwrap(), Some(other.org));
}

#[test]
fn a_database_is_opened_only_with_its_own_master_key() {
    let desk = desk();
    open(&desk.home).unwrap();
    let kept = std::fs::read(desk.home.master_key()).unwrap();
    std::fs::remove_file(desk.home.master_key()).unwrap();
    assert!(matches!(open(&desk.home), Err(AdminError::Secrets(SecretsError::Missing(_)))));
    let refused = init(&desk.home, &Init::default());
    assert!(matches!(refused, Err(AdminError::Secrets(SecretsError::Missing(_)))));
    assert!(!desk.home.master_key().exists());
    crate::secrets::MasterKey::create(&desk.home.master_key(), Default::default()).unwrap();
    let refused = open(&desk.home).unwrap_err();
    assert!(matches!(refused, AdminError::Secrets(SecretsError::Sealed(_))));
    assert!(refused.to_string().contains("master key"));
    std::fs::write(desk.home.master_key(), kept).unwrap();
    open(&desk.home).unwrap();
}

#[test]
fn a_home_that_was_never_made_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = open(&Home::at(dir.path().join("none"))).unwrap_err();
    let empty = open(&Home::at(dir.path())).unwrap_err();
    assert!(matches!(nowhere, AdminError::Home(_)) && nowhere.to_string().contains("optscale-ai init"));
    assert!(matches!(empty, AdminError::Store(StoreError::Missing(_))));
}

#[test]
fn organisations_come_and_go() {
    let Desk { store, org, .. } = &desk();
    let second = orgs::create(store, "umbrella", "bob").unwrap();
    assert_eq!(orgs::selected(store).unwrap().map(|org| org.name).as_deref(), Some("acme"));
    assert!(matches!(orgs::create(store, "umbrella", "bob"), Err(AdminError::AlreadyExists { what: "org", .. })));
    assert!(matches!(orgs::create(store, "a/b", "bob"), Err(AdminError::Invalid { field: "name", .. })));
    orgs::select(store, "umbrella").unwrap();
    assert_eq!(orgs::resolve(store, None).unwrap().id, second.id);
    assert_eq!(orgs::resolve(store, Some(&second.public_id)).unwrap().id, second.id);
    assert_eq!(users::owner(store, second.id).unwrap().name, "bob");
    let renamed = orgs::rename(store, "umbrella", "parasol").unwrap();
    assert_eq!((renamed.id, renamed.public_id.as_str()), (second.id, second.public_id.as_str()));
    assert!(matches!(orgs::rename(store, "parasol", "acme"), Err(AdminError::AlreadyExists { .. })));
    orgs::remove(store, "parasol", "ana").unwrap();
    assert_eq!(orgs::selected(store).unwrap().map(|org| org.id), Some(*org));
    assert!(matches!(orgs::remove(store, "acme", "ana"), Err(AdminError::Refused(_))));
}

#[test]
fn unknown_names_offer_the_nearest() {
    let desk = desk();
    desk.add_provider("openai", "openai");
    desk.add_provider("anthropic", "anthropic");
    let near = |error: AdminError| match error {
        AdminError::NotFound { near, .. } => near,
        other => panic!("{other:?}"),
    };
    assert_eq!(near(providers::find(&desk.store, desk.org, "opnai").unwrap_err()), ["openai"]);
    assert_eq!(near(providers::find(&desk.store, desk.org, "zzz").unwrap_err()), Vec::<String>::new());
    assert_eq!(near(orgs::find(&desk.store, "acmee").unwrap_err()), ["acme"]);
    assert_eq!(near(users::find(&desk.store, desk.org, "anna").unwrap_err()), ["ana"]);
    let wanted = AddProvider { kind: "antropic".into(), ..AddProvider::default() };
    let refused = providers::add(&desk.store, &desk.sealer, desk.org, &wanted).unwrap_err();
    assert!(refused.to_string().contains("did you mean `anthropic`"), "{refused}");
}

#[test]
fn a_provider_keeps_its_secrets_sealed() {
    let desk = desk();
    let headers = vec![("X-Team".to_owned(), Secret::new("core"))];
    let wanted = AddProvider {
        kind: "custom".into(),
        name: Some("local".into()),
        protocol: Some(Protocol::Anthropic),
        base_url: Some("http://127.0.0.1:9/".into()),
        secret: Some(Secret::new(" sk-x\n")),
        headers,
        models: vec!["org/model:1".into()],
        ..AddProvider::default()
    };
    let row = providers::add(&desk.store, &desk.sealer, desk.org, &wanted).unwrap();
    assert_eq!((row.base_url.as_deref(), row.protocol), (Some("http://127.0.0.1:9"), Some(Protocol::Anthropic)));
    let sealed = row.sealed_secret.unwrap();
    assert_eq!(desk.sealer.open(Slot::ProviderSecret(row.id), &sealed).unwrap().reveal(), "sk-x");
    let (name, sealed) = &row.sealed_headers[0];
    assert_eq!(name, "x-team");
    assert_eq!(desk.sealer.open(Slot::ProviderHeader(row.id, name), sealed).unwrap().reveal(), "core");
}

#[test]
fn a_provider_that_cannot_work_is_refused_and_nothing_stays() {
    let desk = desk();
    let before = desk.version();
    let custom = || AddProvider {
        kind: "custom".into(),
        base_url: Some("https://host.example/v1".into()),
        ..AddProvider::default()
    };
    let header = |name: &str| vec![(name.to_owned(), Secret::new("x"))];
    let twice = [header("x-a"), header("X-A")].concat();
    let cases = [
        ("base-url", AddProvider { base_url: None, ..custom() }),
        ("base-url", AddProvider { base_url: Some("http://host.example/v1".into()), ..custom() }),
        (
            "protocol",
            AddProvider { kind: "openai".into(), protocol: Some(Protocol::Anthropic), ..AddProvider::default() },
        ),
        ("name", AddProvider { name: Some("a/b".into()), ..custom() }),
        ("name", AddProvider { name: Some("-x".into()), ..custom() }),
        ("api-key", AddProvider { secret: Some(Secret::new("a\nb")), ..custom() }),
        ("api-key", AddProvider { secret: Some(Secret::new(" ")), ..custom() }),
        ("header", AddProvider { headers: header("Host"), ..custom() }),
        ("header", AddProvider { headers: header("a b"), ..custom() }),
        ("header", AddProvider { headers: twice, ..custom() }),
        ("model", AddProvider { models: vec!["a b".into()], ..custom() }),
    ];
    for (expected, wanted) in cases {
        let refused = providers::add(&desk.store, &desk.sealer, desk.org, &wanted);
        assert!(
            matches!(&refused, Err(AdminError::Invalid { field, .. }) if *field == expected),
            "{wanted:?} {refused:?}"
        );
    }
    assert!(desk.store.providers(desk.org).unwrap().is_empty());
    assert_eq!(desk.version(), before);
    desk.add_provider("openai", "openai");
    let again = AddProvider { kind: "openai".into(), ..AddProvider::default() };
    let refused = providers::add(&desk.store, &desk.sealer, desk.org, &again);
    assert!(matches!(refused, Err(AdminError::AlreadyExists { what: "provider", .. })));
}

#[test]
fn a_provider_is_edited_in_parts() {
    let desk = desk();
    desk.add_provider("openai", "openai");
    let models = EditProvider { models: Some(vec!["gpt-4o".into()]), ..EditProvider::default() };
    let row = desk.edit_provider("openai", &models).unwrap();
    assert_eq!((row.models.len(), row.base_url, row.sealed_secret.is_some()), (1, None, true));
    let secret = EditProvider { secret: Some(Secret::new("sk-new")), ..EditProvider::default() };
    let row = desk.edit_provider("openai", &secret).unwrap();
    let opened = desk.sealer.open(Slot::ProviderSecret(row.id), &row.sealed_secret.unwrap()).unwrap();
    assert_eq!((opened.reveal(), row.models.len()), ("sk-new", 1));
    let plain = EditProvider { base_url: Some("http://host.example/v1".into()), ..EditProvider::default() };
    assert!(matches!(desk.edit_provider("openai", &plain), Err(AdminError::Invalid { field: "base-url", .. })));
    let plain = EditProvider { allow_http: Some(true), ..plain };
    assert_eq!(desk.edit_provider("openai", &plain).unwrap().base_url.as_deref(), Some("http://host.example/v1"));
    let back = EditProvider { allow_http: Some(false), ..EditProvider::default() };
    assert!(matches!(desk.edit_provider("openai", &back), Err(AdminError::Invalid { field: "base-url", .. })));
}

#[test]
fn whoever_names_a_provider_follows_when_it_is_renamed() {
    let desk = desk();
    let Desk { store, org, .. } = &desk;
    desk.add_provider("openai", "openai");
    desk.add_provider("openai", "openai-eu");
    routes::add(store, *org, "fast", "openai/gpt-4o-mini").unwrap();
    let models = vec!["openai/gpt-4o".to_owned(), "openai-eu/gpt-4o".to_owned()];
    desk.create_key(&CreateKey { providers: vec!["openai".into()], models, ..named("ci") }).unwrap();
    let rename = |name: &str| EditProvider { name: Some(name.into()), ..EditProvider::default() };
    assert!(matches!(desk.edit_provider("openai", &rename("openai-eu")), Err(AdminError::AlreadyExists { .. })));
    desk.edit_provider("openai", &rename("oai")).unwrap();
    let key = keys::find(store, *org, "ci").unwrap().key;
    assert_eq!(
        (key.providers, key.models),
        (vec!["oai".to_owned()], vec!["oai/gpt-4o".into(), "openai-eu/gpt-4o".into()])
    );
    assert_eq!(routes::find(store, *org, "fast").unwrap().target, "oai/gpt-4o-mini");
    assert!(
        matches!(providers::remove(store, *org, "oai"), Err(AdminError::Refused(reason)) if reason.contains("fast"))
    );
    routes::remove(store, *org, "fast").unwrap();
    providers::remove(store, *org, "oai").unwrap();
    assert!(matches!(providers::find(store, *org, "oai"), Err(AdminError::NotFound { .. })));
}

#[test]
fn enabling_what_is_enabled_changes_nothing() {
    let desk = desk();
    desk.add_provider("openai", "openai");
    let before = desk.version();
    assert!(providers::enable(&desk.store, desk.org, "openai").unwrap().enabled);
    assert_eq!(desk.version(), before);
    assert!(!providers::disable(&desk.store, desk.org, "openai").unwrap().enabled);
    assert_eq!(desk.version(), before + 1);
}

#[test]
fn a_key_is_the_owners_unless_it_says_otherwise() {
    let desk = desk();
    desk.add_provider("openai", "openai");
    let tags = BTreeMap::from([("team".to_owned(), "core".to_owned())]);
    let made = desk.create_key(&CreateKey { tags: tags.clone(), ..named("ci") }).unwrap();
    assert_eq!(made.key.user, users::owner(&desk.store, desk.org).unwrap().id);
    assert_eq!((made.key.tags, made.key.local, made.key.last_four), (tags, false, made.text.last_four()));
    let row = desk.store.key_by_hash(&made.text.hash().0).unwrap().unwrap();
    assert_eq!((row.key.id, row.sealed), (made.key.id, None));
}

#[test]
fn a_key_that_cannot_work_is_refused() {
    let desk = desk();
    desk.add_provider("openai", "openai");
    let text = desk.create_key(&named("ci")).unwrap().text;
    let list = |text: &str| vec![text.to_owned()];
    let tag = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let refused = |wanted: CreateKey| desk.create_key(&wanted).err().unwrap_or_else(|| panic!("{wanted:?}"));
    assert!(matches!(refused(named("ci")), AdminError::AlreadyExists { what: "key", .. }));
    assert!(matches!(refused(named("a b")), AdminError::Invalid { field: "name", .. }));
    let bare = refused(CreateKey { models: list("gpt-4o"), ..named("x") });
    assert!(matches!(&bare, AdminError::Invalid { field: "model", reason } if reason.contains("openai/gpt-4o")));
    let unknown = refused(CreateKey { models: list("opnai/gpt-4o"), ..named("x") });
    assert!(matches!(unknown, AdminError::NotFound { what: "provider", near, .. } if near == ["openai"]));
    assert!(matches!(refused(CreateKey { providers: list("x"), ..named("x") }), AdminError::NotFound { .. }));
    let nobody = CreateKey { user: Some("bob".into()), ..named("x") };
    assert!(matches!(refused(nobody), AdminError::NotFound { what: "user", .. }));
    let past = CreateKey { expires: Some(Time::now()), ..named("x") };
    assert!(matches!(refused(past), AdminError::Invalid { field: "expires", .. }));
    assert!(matches!(
        refused(CreateKey { tags: tag("a b", "c"), ..named("x") }),
        AdminError::Invalid { field: "tag", .. }
    ));
    assert!(matches!(
        refused(CreateKey { tags: tag("a", "\n"), ..named("x") }),
        AdminError::Invalid { field: "tag", .. }
    ));
    let taken = CreateKey { text: Some(text), ..named("x") };
    assert!(matches!(refused(taken), AdminError::Refused(reason) if reason.contains("`ci`")));
}

#[test]
fn a_given_text_becomes_the_key() {
    let desk = desk();
    let text = VirtualKey::generate().unwrap();
    let made = desk.create_key(&CreateKey { text: Some(text.clone()), ..named("ci") }).unwrap();
    assert!(made.text.hash() == text.hash());
    assert!(desk.store.key_by_hash(&text.hash().0).unwrap().is_some());
}

#[test]
fn editing_a_key_replaces_what_is_given_and_no_more() {
    let desk = desk();
    desk.add_provider("openai", "openai");
    let end = Time::now().after(Duration::from_secs(60));
    desk.create_key(&CreateKey { providers: vec!["openai".into()], expires: Some(end), ..named("ci") }).unwrap();
    let edit = |edit| keys::edit(&desk.store, desk.org, "ci", &edit);
    let key = edit(EditKey { models: Some(vec!["openai/gpt-4o".into()]), ..EditKey::default() }).unwrap();
    assert_eq!((key.providers.len(), key.models.len(), key.expires), (1, 1, Some(end)));
    let key = edit(EditKey { providers: Some(Vec::new()), expires: Some(None), ..EditKey::default() }).unwrap();
    assert_eq!((key.providers.len(), key.models.len(), key.expires), (0, 1, None));
    let unknown = edit(EditKey { models: Some(vec!["nobody/x".into()]), ..EditKey::default() });
    assert!(matches!(unknown, Err(AdminError::NotFound { .. })));
}

#[test]
fn a_rotated_key_has_a_new_text_and_the_old_one_for_its_grace() {
    let desk = desk();
    let first = desk.create_key(&named("ci")).unwrap();
    let rotate = |grace| keys::rotate(&desk.store, &desk.sealer, desk.org, "ci", grace).unwrap();
    let second = rotate(Duration::from_secs(3600));
    assert_eq!(second.key.id, first.key.id);
    let row = keys::find(&desk.store, desk.org, "ci").unwrap();
    let (old, end) = row.previous.unwrap();
    assert!(old == first.text.hash().0 && row.hash == second.text.hash().0 && end > Time::now());
    rotate(Duration::ZERO);
    let row = keys::find(&desk.store, desk.org, "ci").unwrap();
    assert_eq!(row.previous, None);
    assert!(desk.store.key_by_hash(&second.text.hash().0).unwrap().is_none());
}

#[test]
fn a_revoked_key_stays_revoked_and_frees_its_name() {
    let desk = desk();
    desk.create_key(&named("ci")).unwrap();
    let revoke = || keys::revoke(&desk.store, desk.org, "ci", "ana").unwrap();
    let row = revoke();
    assert_eq!((row.key.revoked.is_some(), row.revoked_by.as_deref()), (true, Some("ana")));
    let before = desk.version();
    assert_eq!(revoke(), row);
    assert_eq!(desk.version(), before);
    let rotated = keys::rotate(&desk.store, &desk.sealer, desk.org, "ci", Duration::ZERO);
    assert!(matches!(rotated, Err(AdminError::Refused(reason)) if reason.contains("revoked by ana")));
    let anew = desk.create_key(&named("ci")).unwrap();
    assert_eq!(keys::find(&desk.store, desk.org, "ci").unwrap().key.id, anew.key.id);
}

#[test]
fn the_key_of_this_machine_is_made_once_and_shown_again() {
    let desk = desk();
    let local = || keys::local(&desk.store, &desk.sealer, desk.org, "local").unwrap();
    let first = local();
    assert!(first.key.local);
    assert!(local().text.hash() == first.text.hash());
    let rotated = keys::rotate(&desk.store, &desk.sealer, desk.org, "local", Duration::ZERO).unwrap();
    assert!(local().text.hash() == rotated.text.hash());
    keys::revoke(&desk.store, desk.org, "local", "ana").unwrap();
    let second = local();
    assert!(second.key.id != first.key.id && second.key.name == "local");
}

#[test]
fn a_name_that_another_kind_of_key_has_is_numbered() {
    let desk = desk();
    desk.create_key(&named("local")).unwrap();
    let made = keys::local(&desk.store, &desk.sealer, desk.org, "local").unwrap();
    assert_eq!(made.key.name, "local-2");
    let again = keys::local(&desk.store, &desk.sealer, desk.org, "local").unwrap();
    assert_eq!(again.key.id, made.key.id);
    let kept = CreateKey { keep: Keep::Sealed, ..named("other") };
    assert!(desk.create_key(&kept).unwrap().key.local);
}

#[test]
fn routes_lead_to_registered_providers() {
    let desk = desk();
    let Desk { store, org, .. } = &desk;
    desk.add_provider("openai", "openai");
    routes::add(store, *org, "fast", "openai/gpt-4o-mini").unwrap();
    assert!(matches!(
        routes::add(store, *org, "fast", "openai/x"),
        Err(AdminError::AlreadyExists { what: "route", .. })
    ));
    assert!(matches!(routes::add(store, *org, "a/b", "openai/x"), Err(AdminError::Invalid { field: "name", .. })));
    assert!(matches!(routes::add(store, *org, "slow", "x"), Err(AdminError::Invalid { field: "model", .. })));
    assert!(matches!(routes::add(store, *org, "slow", "y/x"), Err(AdminError::NotFound { what: "provider", .. })));
    assert!(matches!(routes::remove(store, *org, "fats"), Err(AdminError::NotFound { near, .. }) if near == ["fast"]));
    assert_eq!(routes::remove(store, *org, "fast").unwrap().name, "fast");
}
