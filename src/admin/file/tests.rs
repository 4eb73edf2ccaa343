//! Tests of configuration files, in a home of their own.

use super::*;
use crate::admin::{Init, Initialised, init, keys};
use crate::config::Home;
use crate::records::Org;
use tempfile::TempDir;

struct Place {
    store: Store,
    sealer: Sealer,
    org: Org,
    dir: TempDir,
}

fn place() -> Place {
    let dir = tempfile::tempdir().unwrap();
    let wanted = Init { org: Some("acme".into()), owner: Some("ana".into()), ..Init::default() };
    let Initialised { store, sealer, org, .. } = init(&Home::at(dir.path().join("home")), &wanted).unwrap();
    Place { store, sealer, org, dir }
}

impl Place {
    fn apply(&self, text: &str) -> Result<Applied, AdminError> {
        apply(&self.store, &self.sealer, Some(&self.org), &read(text)?, "ana")
    }

    fn plan(&self, text: &str) -> Vec<String> {
        let differences = plan(&self.store, Some(&self.org), &read(text).unwrap()).unwrap();
        differences.iter().map(|d| format!("{:?} {} {}", d.change, d.what, d.name).to_lowercase()).collect()
    }

    fn org(&self) -> Org {
        self.store.orgs().unwrap().remove(0)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

const WHOLE: &str = r#"
[organization]
name = "acme"
bodies = "full"

[[provider]]
name = "openai"
kind = "openai"
api_key = { env = "OPTSCALE_AI_TEST_KEY" }

[[provider]]
name = "local"
kind = "custom"
base_url = "http://127.0.0.1:9000"
models = ["a", "b"]

[[route]]
name = "fast"
target = "openai/gpt-4o-mini"

[[team]]
name = "core"
allowed_providers = ["local"]

[[user]]
email = "bob@x.org"
team = "core"
allowed_providers = ["openai"]
allowed_models = ["local/a"]

[[key]]
name = "ci"
user = "bob@x.org"
models = ["openai/gpt-4o-mini", "fast"]
expires = "90d"
tags = { env = "ci" }
"#;

#[test]
fn a_file_makes_everything_once() {
    let place = place();
    let all = [
        "change organization acme",
        "add provider openai",
        "add provider local",
        "add route fast",
        "add team core",
        "add user bob@x.org",
        "add key ci",
    ];
    assert_eq!(place.plan(WHOLE), all);
    assert!(place.store.users(place.org.id).unwrap().len() == 1, "a plan changes nothing");
    let applied = place.apply(WHOLE).unwrap();
    assert_eq!((applied.differences.len(), applied.keys.len()), (7, 1));
    let row = place.store.key_by_hash(&applied.keys[0].text.hash().0).unwrap().unwrap();
    assert_eq!((row.key.name.as_str(), row.key.tags["env"].as_str()), ("ci", "ci"));
    assert_eq!(place.plan(WHOLE), Vec::<String>::new());
    let version = place.store.config_version().unwrap();
    assert!(place.apply(WHOLE).unwrap().differences.is_empty());
    assert_eq!(place.store.config_version().unwrap(), version, "applied again it changes nothing");
}

#[test]
fn what_the_file_does_not_name_goes_and_what_it_does_not_speak_of_stays() {
    let place = place();
    place.apply(WHOLE).unwrap();
    keys::local(&place.store, &place.sealer, place.org.id, "local").unwrap();
    // The owner, who is not named, and the key of this machine stay.
    let fewer = "[[user]]\nemail = \"eva\"\n[[key]]\nname = \"other\"\n";
    assert_eq!(place.plan(fewer), ["add user eva", "add key other", "remove user bob@x.org", "remove key ci"]);
    place.apply(fewer).unwrap();
    let names =
        |store: &Store| -> Vec<String> { store.users(place.org.id).unwrap().into_iter().map(|u| u.name).collect() };
    assert_eq!(names(&place.store), ["ana", "eva"]);
    assert_eq!(place.store.providers(place.org.id).unwrap().len(), 2);
    assert_eq!(
        place.plan("route = []\nprovider = []\n"),
        ["remove provider local", "remove provider openai", "remove route fast"]
    );
    place.apply("route = []\nprovider = []\n").unwrap();
    assert!(place.store.providers(place.org.id).unwrap().is_empty());
}

#[test]
fn changes_are_told_field_by_field() {
    let place = place();
    place.apply(WHOLE).unwrap();
    let other = WHOLE
        .replace("models = [\"a\", \"b\"]\n", "enabled = false\n")
        .replace("gpt-4o-mini\"\n", "gpt-4o\"\n")
        .replace("team = \"core\"\n", "role = \"manager\"\n")
        .replace("\"90d\"", "\"180d\"")
        .replace("allowed_models = [\"local/a\"]\n", "");
    let differences = plan(&place.store, Some(&place.org), &read(&other).unwrap()).unwrap();
    let told: Vec<String> = differences
        .iter()
        .map(|d| format!("{} {}", d.name, d.fields.keys().cloned().collect::<Vec<_>>().join(" ")))
        .collect();
    assert_eq!(told, ["local enabled models", "fast target", "bob@x.org allowed_models role team", "ci expires"]);
    place.apply(&other).unwrap();
    assert!(place.plan(&other).is_empty());
    let bob = place.store.user_by_name(place.org.id, "bob@x.org").unwrap().unwrap();
    assert_eq!((bob.team, bob.allowed.as_slice()), (None, ["openai".to_owned()].as_slice()));
    let key = place.store.living_key(place.org.id, "ci").unwrap().unwrap().key;
    assert_eq!(key.expires, Some(key.created.after(std::time::Duration::from_secs(180 * 86_400))));
}

#[test]
fn all_or_nothing() {
    let place = place();
    let before = place.store.config_version().unwrap();
    let wrong = WHOLE.replace("allowed_models = [\"local/a\"]", "allowed_models = [\"nobody/a\"]");
    let refused = place.apply(&wrong).unwrap_err();
    assert!(refused.to_string().starts_with("user `bob@x.org`: there is no provider `nobody`"), "{refused}");
    assert_eq!(place.store.config_version().unwrap(), before);
    assert!(place.store.providers(place.org.id).unwrap().is_empty());
    let other_kind = WHOLE.replace("kind = \"custom\"", "kind = \"ollama\"");
    place.apply(WHOLE).unwrap();
    assert!(place.apply(&other_kind).unwrap_err().to_string().contains("cannot become `ollama`"));
}

#[test]
fn what_nobody_knows_is_refused_with_its_place() {
    let refused = |text: &str| read(text).unwrap_err().to_string();
    let unknown = refused("[organization]\nname = \"acme\"\ncolour = \"red\"\n");
    assert!(unknown.contains("line 3, column 1") && unknown.contains("unknown field `colour`"), "{unknown}");
    let unknown = refused("[[kei]]\nname = \"x\"\n");
    assert!(unknown.contains("line 1, column 3") && unknown.contains("kei"), "{unknown}");
    let kind = refused("[[key]]\nname = 7\n");
    assert!(kind.contains("line 2, column 8"), "{kind}");
    let place = refused("[[provider]]\nname = \"a\"\nkind = \"openai\"\napi_key = \"sk-plain\"\n");
    assert!(place.contains("line 4, column 11"), "{place}");
    let twice = refused("[[route]]\nname = \"a\"\ntarget = \"b/c\"\n[[route]]\nname = \"a\"\ntarget = \"b/d\"\n");
    assert!(twice.contains("the route `a` stands in it twice"), "{twice}");
    assert!(refused("[[key]\n").contains("line 1"));
}

#[test]
fn an_export_is_the_file_again() {
    let place = place();
    place.apply(WHOLE).unwrap();
    let text = export(&place.store, &place.org()).unwrap();
    let org = place.org();
    assert_eq!(plan(&place.store, Some(&org), &read(&text).unwrap()).unwrap(), Vec::new(), "{text}");
    let second = self::place();
    second.apply(&text.replace("email = \"ana\"", "email = \"eva\"")).unwrap();
    let again = export(&second.store, &org).unwrap();
    let without = |text: &str, name: &str| {
        text.lines()
            .filter(|line| !line.contains(name) && !line.contains("expires"))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert!(without(&again, "ana").iter().any(|line| line.contains("openai")), "{again}");
    assert!(text.contains("api_key = { env = \"OPTSCALE_AI_TEST_KEY\" }"), "{text}");
}

#[test]
fn comments_and_order_stay_where_a_file_is_put_right() {
    let place = place();
    let text = format!(
        "# Reviewed by ana.\n{}\n# the last line\n",
        WHOLE
            .replace("expires = \"90d\"", "expires = \"90d\"   # until the audit")
            .replace("[[route]]", "# short names\n[[route]]")
    );
    place.apply(&text).unwrap();
    assert_eq!(update(&place.store, &place.org(), &text).unwrap(), text, "what says the same is not touched");
    crate::admin::routes::retarget(&place.store, place.org.id, "fast", "local/b").unwrap();
    crate::admin::routes::add(&place.store, place.org.id, "slow", "local/a").unwrap();
    keys::revoke(&place.store, place.org.id, "ci", "ana").unwrap();
    let new = update(&place.store, &place.org(), &text).unwrap();
    assert!(
        new.starts_with("# Reviewed by ana.\n") && new.contains("# short names\n[[route]]\nname = \"fast\""),
        "{new}"
    );
    assert!(
        new.contains("target = \"local/b\"") && new.contains("name = \"slow\"") && !new.contains("[[key]]"),
        "{new}"
    );
    let org = place.org();
    assert!(plan(&place.store, Some(&org), &read(&new).unwrap()).unwrap().is_empty(), "{new}");
}

#[test]
fn a_keys_text_comes_from_where_the_file_says() {
    let place = place();
    let (one, two) = (VirtualKey::generate().unwrap(), VirtualKey::generate().unwrap());
    let path = place.file("key", one.secret().reveal());
    let text = format!("[[key]]\nname = \"ci\"\nkey = {{ file = {path:?} }}\n");
    let made = place.apply(&text).unwrap();
    assert!(made.keys[0].given && made.keys[0].text.hash() == one.hash());
    assert!(place.plan(&text).is_empty());
    place.file("key", two.secret().reveal());
    assert_eq!(place.plan(&text), ["change key ci"]);
    place.apply(&text).unwrap();
    assert!(place.store.key_by_hash(&two.hash().0).unwrap().is_some());
    assert!(place.store.key_by_hash(&one.hash().0).unwrap().is_none());
    std::fs::remove_file(&path).unwrap();
    assert!(place.plan(&text).is_empty(), "a key that is there needs no text");
    let missing = text.replace("\"ci\"", "\"other\"");
    assert!(place.apply(&missing).unwrap_err().to_string().contains("gives no key"));
}

#[test]
fn the_last_file_is_taken_back() {
    let place = place();
    place.apply(WHOLE).unwrap();
    let before = place.store.snapshot().unwrap();
    place.apply("key = []\nuser = []\nteam = []\nroute = []\nprovider = []\n").unwrap();
    assert!(place.store.providers(place.org.id).unwrap().is_empty());
    let undone = rollback(&place.store).unwrap();
    assert!(undone.restored.contains(&"key `ci`".to_owned()) && undone.changed_since.is_empty(), "{undone:?}");
    let after = place.store.snapshot().unwrap();
    assert_eq!((after.keys, after.users, after.teams), (before.keys, before.users, before.teams));
    assert_eq!((after.providers, after.routes), (before.providers, before.routes));
    assert!(matches!(rollback(&place.store), Err(AdminError::Refused(why)) if why.contains("taken back once")));
    place.apply(&WHOLE.replace("team = \"core\"\n", "role = \"manager\"\n")).unwrap();
    crate::admin::users::allow(&place.store, place.org.id, "bob@x.org", &["local".into()]).unwrap();
    assert!(matches!(rollback(&place.store), Err(AdminError::Refused(why)) if why.contains("user `bob@x.org`")));
}

#[test]
fn a_provider_of_a_file_forgets_the_key_that_was_stored() {
    use crate::admin::providers::{self, AddProvider, EditProvider};
    let place = place();
    let secret = Some(crate::types::Secret::new("sk-stored"));
    let wanted = AddProvider { kind: "openai".into(), secret: secret.clone(), ..AddProvider::default() };
    providers::add(&place.store, &place.sealer, place.org.id, &wanted).unwrap();
    let plain = "[[provider]]\nname = \"openai\"\nkind = \"openai\"\n";
    assert!(place.plan(plain).is_empty(), "a file that says nothing leaves the key that is stored");
    let named = format!("{plain}api_key = {{ env = \"SOME_KEY\" }}\n");
    place.apply(&named).unwrap();
    let row = providers::find(&place.store, place.org.id, "openai").unwrap();
    assert_eq!((row.sealed_secret.is_some(), row.has_secret()), (false, true));
    let edit = EditProvider { secret, ..EditProvider::default() };
    let row = providers::edit(&place.store, &place.sealer, place.org.id, "openai", &edit).unwrap();
    assert_eq!((row.sealed_secret.is_some(), row.secret_source()), (true, None));
    let relative = format!("{plain}api_key = {{ file = \"key.txt\" }}\n");
    assert!(place.apply(&relative).unwrap_err().to_string().contains("not absolute"));
}

#[test]
fn guardrails_policies_and_budgets_are_in_the_file_too() {
    let place = place();
    let text = WHOLE.replace("expires = \"90d\"", "budget = { limit_usd = \"20.00\" }")
        + r#"
[[guardrail]]
name = "pii"
type = "pii"
action = "redact"
restore = true

[[policy]]
name = "mask"
guardrails = ["pii"]
stage = "input"

[[budget]]
scope = "team:core"
limit_usd = "100"
period = "month"
timezone = "Europe/Berlin"
soft = true
"#;
    place.apply(&text).unwrap();
    assert_eq!(place.plan(&text), Vec::<String>::new());
    let budgets = place.store.budgets(place.org.id).unwrap();
    let labels: Vec<_> = budgets.iter().map(|budget| (budget.label.as_str(), budget.limit.to_string())).collect();
    assert!(
        labels.contains(&("key:ci", "20".to_owned())) && labels.contains(&("team:core", "100".to_owned())),
        "{labels:?}"
    );
    let exported = export(&place.store, &place.org()).unwrap();
    assert!(exported.contains("budget = { limit_usd = \"20\", period = \"month\" }"), "{exported}");
    assert!(plan(&place.store, Some(&place.org()), &read(&exported).unwrap()).unwrap().is_empty(), "{exported}");
    let other = text
        .replace("\"100\"", "\"50\"")
        .replace("\"20.00\"", "\"5\", period = \"day\"")
        .replace("stage = \"input\"", "enabled = false");
    assert_eq!(place.plan(&other), ["change policy mask", "change key ci", "change budget team:core a month"]);
    place.apply(&other).unwrap();
    assert!(place.plan(&other).is_empty());
    assert_eq!(place.plan("policy = []\nbudget = []\n"), ["remove policy mask", "remove budget team:core a month"]);
    let twice = "[[budget]]\nscope = \"key:ci\"\nlimit_usd = \"1\"\nperiod = \"day\"\n";
    assert!(place.apply(twice).unwrap_err().to_string().contains("stands at the key"));
}
