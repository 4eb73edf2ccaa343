//! Who may call what, on a running gateway: users, teams, keys, and how fast a change of that counts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use reqwest::blocking::Response;
use serde_json::{Value, json};
use stage::{Stage, chat, error};
use std::time::{Duration, Instant};

/// A gateway where `bob` has a key and may call nothing.
struct Scene {
    stage: Stage,
    key: String,
}

impl Scene {
    fn set() -> Scene {
        let stage = Stage::set(&[]);
        stage.home.run(&["user", "invite", "bob@x.org"]);
        let key = stage.home.key("bobs", &["--user", "bob@x.org"]);
        Scene { stage, key }
    }

    fn run(&self, line: &str) -> String {
        self.stage.home.run(&line.split(' ').collect::<Vec<_>>())
    }

    fn ask(&self, model: &str) -> Response {
        let url = format!("{}/chat/completions", self.stage.gateway.base_url());
        self.stage.client.post(url).bearer_auth(&self.key).body(chat(model, json!({})).to_string()).send().unwrap()
    }

    fn status(&self, model: &str) -> u16 {
        self.ask(model).status().as_u16()
    }

    fn listed(&self) -> Vec<String> {
        let url = format!("{}/models", self.stage.gateway.base_url());
        let list: Value = self.stage.client.get(url).bearer_auth(&self.key).send().unwrap().json().unwrap();
        list["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits until calls of the model get this status, which takes less than a second from the command on.
    fn soon(&self, model: &str, status: u16) {
        let until = Instant::now() + Duration::from_secs(1);
        while self.status(model) != status {
            assert!(Instant::now() < until, "{model} does not become {status}");
        }
    }
}

#[test]
fn a_provider_is_nobodys_until_it_is_allowed() {
    let scene = Scene::set();
    let (status, code, message) = error(scene.ask("oa/fake"));
    assert_eq!((status, code.as_str()), (403, "model_not_allowed"));
    assert!(message.starts_with("bob@x.org may not call oa/fake"), "{message}");
    assert!(message.contains("can allow it with `optscale-ai user allow bob@x.org oa`"), "{message}");
    assert!(scene.listed().is_empty());
    scene.run("user allow bob@x.org oa an/fake");
    assert_eq!((scene.status("oa/fake"), scene.status("oa/fake-s2"), scene.status("an/fake")), (200, 200, 200));
    assert_eq!((scene.status("an/fake-s2"), scene.status("sandbox/echo")), (403, 403));
    scene.run("user deny bob@x.org oa");
    scene.soon("oa/fake", 403);
    assert_eq!(scene.status("an/fake"), 200);
    scene.run("user role bob@x.org owner");
    assert_eq!(scene.status("sandbox/echo"), 200);
    scene.run("user role bob@x.org manager");
    scene.soon("sandbox/echo", 403);
}

#[test]
fn members_may_call_what_their_team_may() {
    let scene = Scene::set();
    scene.run("team add core --allow oa --member bob@x.org");
    assert_eq!((scene.status("oa/fake"), scene.status("an/fake")), (200, 403));
    assert_eq!(scene.stage.newest(|trace| trace["status"] == "refused")["team"], "core");
    assert_eq!(scene.stage.home.json(&["costs", "by", "team"])[0]["team"], "core");
    scene.run("user allow bob@x.org an");
    scene.run("team edit core --leave bob@x.org");
    scene.soon("oa/fake", 403);
    assert_eq!(scene.status("an/fake"), 200);
    scene.run("team edit core --join bob@x.org");
    assert_eq!(scene.status("oa/fake"), 200);
    scene.run("team remove core --yes");
    scene.soon("oa/fake", 403);
}

#[test]
fn a_key_only_narrows_what_its_user_may() {
    let mut scene = Scene::set();
    scene.run("user allow bob@x.org sandbox");
    scene.run("route add quick --target sandbox/echo");
    assert!(scene.listed().len() > 2 && scene.listed().iter().all(|id| id.starts_with("sandbox/") || id == "quick"));
    scene.key = scene.stage.home.key("narrow", &["--user", "bob@x.org", "--model", "sandbox/echo,oa/fake"]);
    assert_eq!(scene.listed(), ["quick", "sandbox/echo"], "the rule leads to the model");
    assert_eq!(scene.status("sandbox/echo"), 200);
    let (_, _, message) = error(scene.ask("sandbox/fixed"));
    let command = "`optscale-ai key edit narrow --model sandbox/echo,oa/fake,sandbox/fixed`";
    assert!(message.contains("the key is limited to sandbox/echo, oa/fake") && message.contains(command), "{message}");
    let (_, _, message) = error(scene.ask("oa/fake"));
    assert!(message.contains("user allow bob@x.org oa`") && !message.contains("key edit"), "{message}");
    let (_, _, message) = error(scene.ask("oa/fake-s2"));
    assert!(message.contains("user allow bob@x.org oa` and `optscale-ai key edit narrow"), "{message}");
}

#[test]
fn another_provider_of_a_removed_ones_name_is_nobodys() {
    let scene = Scene::set();
    scene.run("user allow bob@x.org oa");
    scene.run("team add core --allow oa/fake --member bob@x.org");
    assert_eq!(scene.status("oa/fake"), 200);
    scene.run("provider remove oa --yes");
    scene.stage.home.add_provider("oa", "openai", &scene.stage.fake.openai_url());
    scene.soon("oa/fake", 403);
    assert_eq!(scene.stage.home.json(&["user", "show", "bob@x.org"])["status"], "unassigned");
}

#[test]
fn the_keys_of_a_removed_user_end() {
    let scene = Scene::set();
    scene.run("user allow bob@x.org oa");
    assert_eq!(scene.status("oa/fake"), 200);
    scene.run("user remove bob@x.org --yes");
    scene.soon("oa/fake", 401);
    let (_, code, message) = error(scene.ask("oa/fake"));
    assert_eq!(code, "invalid_api_key");
    assert!(message.contains("`bobs` was revoked"), "{message}");
}

#[test]
fn a_keys_tags_cannot_be_overridden_by_its_caller() {
    let mut scene = Scene::set();
    scene.key = scene.stage.home.key("tagged", &["--tag", "env=ci", "--tag", "cost=core"]);
    let url = format!("{}/chat/completions", scene.stage.gateway.base_url());
    let call = scene.stage.client.post(url).bearer_auth(&scene.key);
    let call = call.header("x-optscale-tags", "env=prod, app=search").header("x-optscale-session", "s-7");
    let answer = call.body(chat("oa/fake", json!({})).to_string()).send().unwrap();
    assert_eq!(answer.status(), 200);
    let trace = scene.stage.trace_of(&answer);
    assert_eq!(trace["tags"], json!({"env": "ci", "cost": "core", "app": "search"}));
    assert_eq!(trace["session"], "s-7");
    for header in ["x-optscale-tags", "x-optscale-session"] {
        assert_eq!(scene.stage.fake.last().header(header), None);
    }
}

#[test]
fn a_key_is_rotated_and_revoked_under_a_running_gateway() {
    let mut scene = Scene::set();
    scene.run("user allow bob@x.org oa");
    let old = std::mem::take(&mut scene.key);
    let rotated = |grace: &str| {
        let made = scene.stage.home.json(&["key", "rotate", "bobs", "--grace", grace]);
        made["key"].as_str().unwrap().to_owned()
    };
    let middle = rotated("1h");
    let new = rotated("1h");
    scene.key = middle;
    assert_eq!(scene.status("oa/fake"), 200, "within its grace");
    let newest = new.clone();
    scene.key = old;
    scene.soon("oa/fake", 401);
    scene.key = newest;
    assert_eq!(scene.status("oa/fake"), 200);
    scene.run("key edit bobs --user bob@x.org --provider an");
    scene.soon("oa/fake", 403);
    scene.run("key edit bobs --any-provider");
    assert_eq!(scene.status("oa/fake"), 200);
    scene.run("key revoke bobs --yes");
    scene.soon("oa/fake", 401);
}

#[test]
fn a_key_that_is_given_to_somebody_else_calls_as_them() {
    let scene = Scene::set();
    scene.run("user invite eva --allow oa");
    assert_eq!(scene.status("oa/fake"), 403);
    scene.run("key edit bobs --user eva");
    assert_eq!(scene.status("oa/fake"), 200);
    assert_eq!(scene.stage.newest(|trace| trace["status"] == "ok")["user"], "eva");
}

#[test]
fn a_running_gateway_follows_a_file() {
    let scene = Scene::set();
    let file = scene.stage.home.database().with_file_name("o.toml");
    let apply = |allowed: &str| {
        let text = format!("[[user]]\nemail = \"bob@x.org\"\nallowed_providers = [{allowed}]\n");
        std::fs::write(&file, text).unwrap();
        scene.run(&format!("apply {}", file.display()));
    };
    apply("\"oa\"");
    assert_eq!((scene.status("oa/fake"), scene.status("an/fake")), (200, 403));
    apply("\"an\"");
    scene.soon("oa/fake", 403);
    assert_eq!(scene.status("an/fake"), 200);
    scene.run("rollback --yes");
    scene.soon("an/fake", 403);
    assert_eq!(scene.status("oa/fake"), 200);
}

#[test]
fn a_providers_key_is_read_where_it_is() {
    let scene = Scene::set();
    let folder = scene.stage.home.database();
    let (key, file) = (folder.with_file_name("provider.key"), folder.with_file_name("o.toml"));
    std::fs::write(&key, "from-a-file\n").unwrap();
    let text = format!(
        "[[provider]]\nname = \"oa\"\nkind = \"custom\"\nprotocol = \"openai\"\nbase_url = \"{}\"\napi_key = {{ file = {key:?} }}\n",
        scene.stage.fake.openai_url()
    );
    let others = "[[provider]]\nname = \"sandbox\"\nkind = \"sandbox\"\n";
    std::fs::write(&file, text + others).unwrap();
    scene.run(&format!("apply {}", file.display()));
    scene.run("user allow bob@x.org oa");
    assert_eq!(scene.status("oa/fake"), 200);
    assert_eq!(scene.stage.fake.last().header("authorization"), Some("Bearer from-a-file"));
    let database = std::fs::read(scene.stage.home.database()).unwrap();
    assert!(memchr::memmem::find(&database, b"from-a-file").is_none());
}

#[test]
fn keys_of_a_provider_take_turns_and_a_refused_one_rests() {
    let scene = Scene::set();
    scene.run("user allow bob@x.org oa");
    let add = ["provider", "edit", "oa", "--add-api-key", "--api-key-env", "SECOND"];
    let added = scene.stage.home.command(&add).env("SECOND", "second-secret").output().unwrap();
    assert!(added.status.success(), "{added:?}");
    let used = |model: &str| {
        scene.ask(model);
        scene.stage.fake.last().header("authorization").unwrap_or_default().to_owned()
    };
    let until = Instant::now() + Duration::from_secs(2);
    while used("oa/fake") != "Bearer second-secret" {
        assert!(Instant::now() < until, "the second key is never used");
    }
    let mut both: Vec<String> = (0..4).map(|_| used("oa/fake")).collect();
    both.sort();
    both.dedup();
    assert_eq!(both, ["Bearer provider-secret", "Bearer second-secret"]);
    let tired = used("oa/fake-e429");
    assert!((0..4).all(|_| used("oa/fake") != tired), "it rests as long as the provider said");
}
