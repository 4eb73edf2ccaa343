//! Canaries: secrets are planted wherever one can enter, and looked for in everything that the program writes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;
#[path = "common/stage.rs"]
mod stage;

use fake::Fake;
use gateway::Home;
use serde_json::json;
use stage::chat;
use std::fs;
use std::path::Path;

/// Each stands for one way in.
const CANARIES: [(&str, &str); 7] = [
    ("a provider's key from the environment", "canary-env-3f9c1a"),
    ("a provider's key from standard input", "canary-stdin-7b2e4d"),
    ("a provider's key from a file", "canary-file-51d8a0"),
    ("a provider's key that is read where it is", "canary-source-c4e716"),
    ("a header's value", "canary-header-98ab3c"),
    ("a provider's key that took another's place", "canary-second-60f2d9"),
    ("a caller's key that nobody knows", "canary-caller-e17b55"),
];

fn canary(way: &str) -> &'static str {
    CANARIES.iter().find(|(known, _)| known.contains(way)).map(|(_, text)| *text).expect("a known way")
}

/// Everything that was written so far: what commands and the gateway printed.
#[derive(Default)]
struct Seen(Vec<(String, Vec<u8>)>);

impl Seen {
    fn command(&mut self, home: &Home, line: &str) {
        let words: Vec<&str> = line.split(' ').collect();
        let output = home.command(&words).env("CANARY_ENV", canary("environment")).output().unwrap();
        self.0.push((format!("stdout of {line}"), output.stdout));
        self.0.push((format!("stderr of {line}"), output.stderr));
    }

    fn piped(&mut self, home: &Home, line: &str, input: &str) {
        use std::io::Write;
        let words: Vec<&str> = line.split(' ').collect();
        let pipe = std::process::Stdio::piped;
        let mut child = home.command(&words).stdin(pipe()).stdout(pipe()).stderr(pipe()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        self.0.push((format!("output of {line}"), [output.stdout, output.stderr].concat()));
    }

    fn files_below(&mut self, folder: &Path, except: &[&Path]) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.files_below(&path, except);
            } else if !except.contains(&path.as_path()) {
                self.0.push((path.display().to_string(), fs::read(&path).unwrap()));
            }
        }
    }

    fn holds_none(&self, secrets: &[(&str, &str)]) {
        assert!(self.0.len() > 40, "little was looked at: {}", self.0.len());
        for (place, bytes) in &self.0 {
            for (way, secret) in secrets {
                assert!(memchr::memmem::find(bytes, secret.as_bytes()).is_none(), "{way} stands in {place}");
            }
        }
    }
}

/// Providers by every way in; the gateway is not running yet.
fn plant(seen: &mut Seen, home: &Home, fake: &Fake) -> Vec<std::path::PathBuf> {
    let folder = home.database().parent().unwrap().parent().unwrap().to_owned();
    let (key, source, config) = (folder.join("key.txt"), folder.join("source.txt"), folder.join("o.toml"));
    fs::write(&key, canary("from a file")).unwrap();
    fs::write(&source, canary("where it is")).unwrap();
    let at = format!("--protocol openai --base-url {} --header x-team={}", fake.openai_url(), canary("header"));
    seen.command(home, &format!("provider add custom --name env {at} --api-key-env CANARY_ENV"));
    seen.piped(home, &format!("provider add custom --name stdin {at} --api-key-stdin"), canary("standard input"));
    seen.command(home, &format!("provider add custom --name file {at} --api-key-file {}", key.display()));
    seen.piped(home, "provider edit file --api-key-stdin", canary("another's place"));
    let text = format!(
        "[[provider]]\nname = \"source\"\nkind = \"custom\"\nprotocol = \"openai\"\nbase_url = \"{}\"\napi_key = {{ file = {source:?} }}\n",
        fake.openai_url()
    );
    let others = ["env", "stdin", "file"].map(|name| {
        format!(
            "[[provider]]\nname = \"{name}\"\nkind = \"custom\"\nprotocol = \"openai\"\nbase_url = \"{}\"\n",
            fake.openai_url()
        )
    });
    fs::write(&config, text + &others.concat()).unwrap();
    seen.command(home, &format!("apply {}", config.display()));
    vec![key, source]
}

#[test]
fn no_secret_is_written_anywhere() {
    let (fake, home, mut seen) = (Fake::start(), Home::new(), Seen::default());
    let mut held = plant(&mut seen, &home, &fake);
    let key = home.key("app", &["--tag", "a=b"]);
    let local = home.json(&["connect", "--model", "env/fake"])["api_key"].as_str().unwrap().to_owned();
    let gateway = home.serve_with(&["-v"]);
    let client = reqwest::blocking::Client::new();
    let mut ask = |key: &str, model: &str, more: serde_json::Value| {
        let url = format!("{}/chat/completions", gateway.base_url());
        let answer = client.post(url).bearer_auth(key).body(chat(model, more).to_string()).send().unwrap();
        let head = format!("{:?}", answer.headers()).into_bytes();
        seen.0.push((format!("answer of {model}"), [head, answer.bytes().unwrap_or_default().to_vec()].concat()));
    };
    for provider in ["env", "stdin", "file", "source"] {
        for script in ["fake", "fake-e401", "fake-e429", "fake-e500", "fake-html", "fake-malformed", "fake-rst"] {
            ask(&key, &format!("{provider}/{script}"), json!({}));
        }
        ask(&key, &format!("{provider}/fake-s3"), json!({"stream": true}));
    }
    ask(canary("nobody knows"), "env/fake", json!({}));
    ask(&format!("sk-osai-{}", canary("nobody knows")), "env/fake", json!({}));
    // What the provider got shows that the secrets were there to be seen.
    let sent = format!("{:?}", fake.last().headers);
    assert!(sent.contains(canary("where it is")), "{sent}");
    for line in [
        "providers -o json",
        "provider show env -o json",
        "keys -o json",
        "key show app",
        "export",
        "audit list --limit 0 -o json",
        "traces --limit 0 -o json",
        "traces -v",
        "costs -o json",
        "db stats",
        "db check",
        "secrets status",
        "users -o csv",
        "provider test env",
        "provider models env",
        "doctor",
        "doctor -v",
        "-v provider list",
        "provider add custom --name env",
        "provider edit env --base-url nonsense",
        "audit verify",
        "plan nowhere.toml",
        "key create x --key-env CANARY_ENV",
    ] {
        seen.command(&home, line);
    }
    seen.0.push(("the gateway's log".to_owned(), gateway.log().into_bytes()));
    assert_eq!(gateway.stop(), Some(0));
    let folder = home.database().parent().unwrap().parent().unwrap().to_owned();
    held.push(home.database().with_file_name("master.key"));
    seen.files_below(&folder, &held.iter().map(std::path::PathBuf::as_path).collect::<Vec<_>>());
    let texts = [("a virtual key's text", key.as_str()), ("a local key's text", local.as_str())];
    seen.holds_none(&[&CANARIES[..], &texts[..]].concat());
}

#[test]
fn a_secret_on_the_command_line_is_refused_without_being_said_again() {
    let home = Home::new();
    let secret = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789";
    for line in ["provider add openai --api-key-env", "key create app --key-env", "secrets rotate --new-key-env"] {
        let words: Vec<&str> = line.split(' ').chain([secret]).collect();
        let output = home.command(&words).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(!output.status.success() && !String::from_utf8_lossy(&said).contains(secret), "{line}");
    }
}
