//! `doctor`: each fault is found, named, and comes with what to do; nothing secret is printed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;

use fake::{Answer, Fake, Step};
use gateway::{Home, PROVIDER_KEY};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What `doctor` said: its exit code, and its checks by name.
struct Said {
    code: i32,
    checks: Vec<Value>,
}

impl Said {
    fn check(&self, name: &str) -> &Value {
        let found = self.checks.iter().find(|check| check["check"] == name);
        found.unwrap_or_else(|| panic!("no check `{name}` in {:#?}", self.checks))
    }

    /// A check has this status, and its detail or remedy has these words.
    fn has(&self, name: &str, status: &str, words: &[&str]) {
        let check = self.check(name);
        assert_eq!(check["status"], status, "{check:#}");
        let text = format!("{} {}", check["detail"].as_str().unwrap(), check["remedy"].as_str().unwrap_or_default());
        for word in words {
            assert!(text.contains(word), "`{word}` is not in {check:#}");
        }
    }
}

fn doctor(home: &Home, arguments: &[&str]) -> Said {
    doctor_with(home, arguments, &[])
}

fn doctor_with(home: &Home, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = home.command(&[&["doctor", "-o", "json"], arguments].concat());
    let output = command.envs(variables.iter().copied()).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(!out.contains(PROVIDER_KEY) && !err.contains(PROVIDER_KEY), "{out}{err}");
    assert!(!out.contains("sk-osai-0") && !err.contains("sk-osai-0"), "{out}{err}");
    for (_, value) in variables.iter().filter(|(name, _)| name.contains("KEY")) {
        assert!(!out.contains(value) && !err.contains(value), "{out}{err}");
    }
    let checks = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out}{err}"));
    Said { code: output.status.code().unwrap(), checks }
}

/// Looks at a key.
fn with_key(home: &Home, key: &str) -> Said {
    doctor_with(home, &["--key-env", "THE_KEY"], &[("THE_KEY", key)])
}

/// A home with a provider that plays what the name of a model asks.
fn with_fake() -> (Home, Fake) {
    let (home, fake) = (Home::new(), Fake::start());
    home.add_provider("oa", "openai", &fake.openai_url());
    (home, fake)
}

fn whole() -> Answer {
    let message = json!({"role": "assistant", "content": "Hello"});
    let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    Answer::json(200, &json!({"id": "a", "object": "chat.completion", "model": "fake", "choices": [choice]}))
}

fn frame(content: &str, finish: Value) -> String {
    let choice = json!({"index": 0, "delta": {"content": content}, "finish_reason": finish});
    let chunk = json!({"id": "a", "object": "chat.completion.chunk", "model": "fake", "choices": [choice]});
    format!("data: {chunk}\n\n")
}

#[test]
fn all_is_well() {
    let (home, _fake) = with_fake();
    home.run(&["provider", "add", "sandbox"]);
    let key = home.key("app", &[]);
    let gateway = home.serve();
    let said = with_key(&home, &key);
    assert_eq!(said.code, 0, "{:#?}", said.checks);
    said.has("home", "ok", &[]);
    said.has("database", "ok", &["passes the quick check"]);
    said.has("master_key", "ok", &["master.key"]);
    said.has("gateway", "ok", &[&gateway.base_url(), "takes calls"]);
    said.has("key", "ok", &["`app`", "does not expire"]);
    said.has("key_at_gateway", "ok", &["lists"]);
    said.has("provider:oa", "ok", &["lists 3 models"]);
    said.has("provider:sandbox", "ok", &["built in"]);
    said.has("tls:oa", "skip", &["plain http"]);
    said.has("proxy", "ok", &["none"]);
}

#[test]
fn the_list_has_a_stable_shape() {
    let home = Home::new();
    let said = doctor(&home, &[]);
    for check in &said.checks {
        let fields: Vec<&str> = check.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, ["check", "status", "detail", "remedy"]);
        assert!(["ok", "warn", "fail", "skip"].contains(&check["status"].as_str().unwrap()));
    }
    let csv = home.command(&["doctor", "-o", "csv"]).output().unwrap();
    assert!(String::from_utf8(csv.stdout).unwrap().starts_with("check,status,detail,remedy\r\n"));
}

#[test]
fn people_get_a_line_a_check_and_what_to_do_below() {
    let home = Home::new();
    let output = home.command(&["doctor"]).output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(1));
    assert!(out.starts_with("CHECK"), "{out}");
    let (table, remedies) = out.split_once("\nWhat to do:\n").unwrap();
    assert!(table.lines().any(|line| line.starts_with("gateway") && line.contains("fail")), "{out}");
    assert!(remedies.contains("  gateway: "), "{out}");
    assert!(err.contains("checks failed"), "{err}");
}

#[test]
fn there_is_no_home() {
    let said = doctor(&Home::empty(), &[]);
    assert_eq!(said.code, 1);
    said.has("home", "fail", &["optscale-ai init"]);
    said.has("gateway", "fail", &["no gateway serves this home"]);
}

#[test]
fn no_gateway_runs() {
    let (home, _fake) = with_fake();
    let said = doctor(&home, &[]);
    assert_eq!(said.code, 1);
    said.has("gateway", "fail", &["no gateway serves this home", "optscale-ai serve"]);
    said.has("key", "skip", &["optscale-ai connect"]);
    // A model can be called all the same.
    let said = doctor(&home, &["oa/fake-s30"]);
    assert_eq!(said.code, 0, "{:#?}", said.checks);
    said.has("gateway", "warn", &["optscale-ai serve"]);
    said.has("calls", "warn", &["to the provider itself"]);
    said.has("stream", "ok", &["30 pieces"]);
}

#[cfg(unix)]
#[test]
fn others_can_read_what_they_should_not() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    let database = home.database();
    let set = |path: &std::path::Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    set(&database, 0o644);
    set(&database.with_file_name("master.key"), 0o644);
    let said = doctor(&home, &[]);
    said.has("database", "warn", &["chmod 600"]);
    said.has("master_key", "fail", &["chmod 600"]);
}

#[test]
fn the_master_key_is_gone() {
    let home = Home::new();
    home.run(&["provider", "add", "sandbox"]);
    std::fs::remove_file(home.database().with_file_name("master.key")).unwrap();
    let said = doctor(&home, &[]);
    assert_eq!(said.code, 1);
    said.has("master_key", "fail", &["backup"]);
    said.has("providers", "skip", &["master key"]);
}

#[test]
fn keys_that_do_not_work_say_why() {
    let home = Home::new();
    home.run(&["provider", "add", "sandbox"]);
    let revoked = home.key("gone", &[]);
    home.run(&["key", "revoke", "gone", "--yes"]);
    with_key(&home, &revoked).has("key", "fail", &["`gone` was revoked at 20", " by owner", "key create"]);
    let expired = home.key("late", &["--expires", "500ms"]);
    let until = Instant::now() + Duration::from_secs(30);
    while with_key(&home, &expired).check("key")["status"] != "fail" {
        assert!(Instant::now() < until, "the key does not expire");
    }
    with_key(&home, &expired).has("key", "fail", &["`late` expired at 20", "key edit late --expires"]);
    let ending = home.key("ending", &["--expires", "1h"]);
    with_key(&home, &ending).has("key", "warn", &["expires soon"]);
    let stranger = Home::new().key("other", &[]);
    with_key(&home, &stranger).has("key", "fail", &["not known", "key list"]);
    let good = home.key("good", &[]);
    let last = if good.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &good[..good.len() - 1]);
    with_key(&home, &mistyped).has("key", "fail", &["check sum", "copy it again"]);
    with_key(&home, &good[..20]).has("key", "fail", &["not copied whole"]);
    let said = with_key(&home, "sk-proj-somebody-elses");
    assert_eq!(said.code, 1);
    said.has("key", "fail", &["another kind of key", "virtual key"]);
    home.run(&["key", "rotate", "good", "--grace", "24h"]);
    with_key(&home, &good).has("key", "warn", &["was replaced", "key rotate good"]);
}

#[test]
fn a_gateway_that_refuses_the_key_is_quoted() {
    let home = Home::new();
    let gateway = home.serve();
    let elsewhere = Home::empty();
    let stranger = Home::new().key("other", &[]);
    let arguments = ["--base-url", &gateway.base_url(), "--key-env", "THE_KEY"];
    let said = doctor_with(&elsewhere, &arguments, &[("THE_KEY", &stranger)]);
    assert_eq!(said.code, 1);
    said.has("home", "skip", &[]);
    said.has("base_url", "ok", &[]);
    said.has("key", "ok", &["only its gateway knows"]);
    said.has("key_at_gateway", "fail", &["not known here", "key list"]);
}

#[test]
fn a_gateway_elsewhere_is_looked_at_as_its_clients_do() {
    let home = Home::new();
    home.run(&["provider", "add", "sandbox"]);
    let key = home.key("app", &[]);
    let gateway = home.serve();
    let look = |model| {
        let arguments = [model, "--base-url", &gateway.base_url(), "--key-env", "THE_KEY"];
        doctor_with(&Home::empty(), &arguments, &[("THE_KEY", &key)])
    };
    let said = look("sandbox/tools");
    assert_eq!(said.code, 0, "{:#?}", said.checks);
    said.has("model", "ok", &[]);
    said.has("answer", "ok", &[]);
    said.has("tools", "ok", &["get_weather"]);
    look("sandbox/tolls").has("model", "warn", &["sandbox/tools"]);
}

#[test]
fn base_urls_are_put_right() {
    let (home, fake) = with_fake();
    let gateway = home.serve();
    let look = |url: &str| doctor(&home, &["--base-url", url]);
    let (root, right) = (gateway.root(), gateway.base_url());
    look(&right).has("base_url", "ok", &[&right]);
    look(root).has("base_url", "warn", &["`/v1` is missing", &format!("to {right}")]);
    look(&format!("{right}/v1")).has("base_url", "warn", &["one too many", &format!("to {right}")]);
    look(&format!("{right}/chat/completions")).has("base_url", "warn", &["`/chat/completions`"]);
    look(&right.replace("http:", "https:")).has("base_url", "fail", &[&format!("set the base URL to {right}")]);
    look(&root.replace("http://", "")).has("base_url", "fail", &["no scheme"]);
    let said = look(&fake.openai_url());
    said.has("base_url", "fail", &["another program listens", &right]);
    said.has("gateway", "ok", &[]);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let said = look(&format!("http://{closed}/v1"));
    assert_eq!(said.code, 5);
    said.has("base_url", "fail", &["cannot connect", &right]);
}

#[test]
fn a_provider_cannot_be_reached() {
    let home = Home::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    home.add_provider("down", "openai", &format!("http://{closed}/v1"));
    let _gateway = home.serve();
    let said = doctor(&home, &[]);
    assert_eq!(said.code, 5);
    said.has("provider:down", "fail", &["cannot connect", "provider edit down --base-url"]);
    home.run(&["provider", "disable", "down"]);
    doctor(&home, &[]).has("provider:down", "skip", &["provider enable down"]);
}

#[test]
fn a_provider_refuses_its_key() {
    let (home, fake) = with_fake();
    let _gateway = home.serve();
    let refusal = json!({"error": {"message": format!("bad key {PROVIDER_KEY}"), "type": "invalid_request_error"}});
    fake.answer(Answer::json(401, &refusal));
    let said = doctor(&home, &[]);
    assert_eq!(said.code, 5);
    said.has("provider:oa", "fail", &["its key is refused", "[the key]", "provider edit oa --api-key-env"]);
    fake.answer(Answer::json(200, &json!({"object": "list", "data": [{"id": "fake"}]})));
    fake.answer(Answer::json(401, &refusal));
    doctor(&home, &[]).has("provider:oa", "ok", &["its key is accepted"]);
}

#[test]
fn a_provider_without_a_list_may_still_work() {
    let (home, fake) = with_fake();
    fake.answer(Answer::json(404, &json!({"error": {"message": "no such path"}})));
    doctor(&home, &[]).has("provider:oa", "warn", &["no list of models", "provider test oa"]);
    fake.answer_with(200, &[("content-type", "text/html")], "<html></html>");
    doctor(&home, &[]).has("provider:oa", "fail", &["provider edit oa --base-url"]);
}

#[test]
fn an_unknown_model_has_near_names_and_who_may_call_them() {
    let (home, fake) = with_fake();
    home.run(&["provider", "edit", "oa", "--model", "fake", "--model", "fake-tools"]);
    home.key("app", &[]);
    let said = doctor(&home, &["fake-tolls"]);
    assert_eq!(said.code, 1);
    said.has(
        "model",
        "fail",
        &["there is no model `fake-tolls`", "did you mean oa/fake-tools? Keys that may call it: app"],
    );
    said.has("calls", "skip", &[]);
    assert!(fake.requests().is_empty());
    doctor(&home, &["oa/fake-json"]).has("model", "warn", &["not in the list", "--model fake-json"]);
    doctor(&home, &["oa/fake-e404"]).has("answer", "fail", &["HTTP 404", "provider models oa"]);
}

#[test]
fn a_model_that_the_key_may_not_call() {
    let (home, _fake) = with_fake();
    home.key("wide", &[]);
    let narrow = home.key("narrow", &["--model", "oa/fake"]);
    let said = doctor_with(&home, &["oa/fake-tools", "--key-env", "THE_KEY"], &[("THE_KEY", &narrow)]);
    assert_eq!(said.code, 1);
    said.has("model", "fail", &["may not call", "key edit narrow", "may call it: wide"]);
}

#[test]
fn a_model_is_called_through_the_gateway() {
    let (home, fake) = with_fake();
    home.run(&["route", "add", "fast", "--target", "oa/fake-s30"]);
    let key = home.key("app", &[]);
    let _gateway = home.serve();
    let said = doctor_with(&home, &["fast", "--key-env", "THE_KEY"], &[("THE_KEY", &key)]);
    assert_eq!(said.code, 0, "{:#?}", said.checks);
    said.has("model", "ok", &["the routing rule `fast` leads to oa/fake-s30"]);
    said.has("answer", "ok", &["\"w0 w1", "ended by: stop"]);
    said.has("stream", "ok", &["30 pieces"]);
    said.has("tools", "ok", &["get_weather({\"city\":\"Paris\""]);
    said.has("usage", "ok", &["plain 11 tokens in", "stream 11 tokens in"]);
    assert!(fake.requests().iter().all(|request| request.header("authorization") == Some("Bearer provider-secret")));
    assert!(home.json(&["traces"]).as_array().unwrap().len() > 3);
}

#[test]
fn a_model_that_calls_no_tools() {
    let (home, fake) = with_fake();
    home.run(&["provider", "add", "openai", "--name", "real", "--api-key-env", "FAKE_KEY"]);
    let stream = frame("Hello", Value::Null) + &frame("", json!("stop")) + "data: [DONE]\n\n";
    fake.answer(whole());
    fake.answer_chunks(&[stream]);
    fake.answer(whole());
    let said = doctor(&home, &["oa/fake"]);
    assert_eq!(said.code, 5);
    said.has("tools", "fail", &["in words in place of a call", "catalogue does not say", "may be called: real/"]);
    said.has("usage", "warn", &["not reported"]);
}

#[test]
fn a_stream_that_comes_in_one_piece() {
    let (home, fake) = with_fake();
    let key = home.key("app", &[]);
    let _gateway = home.serve();
    let held = || {
        let frames: String = (0..30).map(|i| frame(&format!("{i} "), Value::Null)).collect();
        let all = frames + &frame("", json!("stop")) + "data: [DONE]\n\n";
        Answer::stream(vec![Step::Wait(Duration::from_millis(250)), Step::Send(all.into_bytes())])
    };
    fake.answer(whole());
    fake.answer(held());
    fake.answer(held());
    let look = || doctor_with(&home, &["oa/fake", "--key-env", "THE_KEY"], &[("THE_KEY", &key)]);
    let said = look();
    assert_eq!(said.code, 5);
    said.has("stream", "fail", &["30 pieces came at once", "the provider, or something before it, buffers"]);
    let single = || {
        let text = "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20";
        fake.answer_chunks(&[frame(text, Value::Null) + &frame("", json!("stop")) + "data: [DONE]\n\n"]);
    };
    fake.answer(whole());
    single();
    single();
    look().has("stream", "fail", &["in one piece", "the model or its provider does not stream"]);
}

#[test]
fn a_provider_that_does_not_stream_at_all() {
    let (home, fake) = with_fake();
    for _ in 0..3 {
        fake.answer(whole());
    }
    doctor(&home, &["oa/fake"]).has("stream", "fail", &["does not stream", "the model or its provider is the cause"]);
}

#[test]
fn a_proxy_before_the_gateway_that_buffers() {
    let (home, _fake) = with_fake();
    let key = home.key("app", &[]);
    let gateway = home.serve();
    let front = Fake::start();
    let unauthorised = json!({"error": {"message": "send sk-osai-...", "code": "invalid_api_key"}});
    front.answer(Answer::json(401, &unauthorised));
    front.answer(Answer::json(200, &json!({"object": "list", "data": [{"id": "oa/fake-s30"}]})));
    front.answer(whole());
    let frames: String = (0..30).map(|i| frame(&format!("{i} "), Value::Null)).collect();
    let all = frames + &frame("", json!("stop")) + "data: [DONE]\n\n";
    front.answer(Answer::stream(vec![Step::Wait(Duration::from_millis(250)), Step::Send(all.into_bytes())]));
    let arguments = ["oa/fake-s30", "--base-url", &front.openai_url(), "--key-env", "THE_KEY"];
    let said = doctor_with(&home, &arguments, &[("THE_KEY", &key)]);
    said.has("gateway", "ok", &[&gateway.base_url()]);
    said.has("stream", "fail", &["a proxy before it buffers", "proxy_buffering off"]);
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let home = Home::new();
    let (address, certificate) = serve_tls();
    home.add_provider("secure", "openai", &format!("https://{address}/v1"));
    let said = doctor(&home, &[]);
    said.has("provider:secure", "fail", &["certificate"]);
    let words = ["CN=provider.test", "issued by itself", "127.0.0.1", "2020-01-01 to 2120-01-01", "--ca-file"];
    said.has("tls:secure", "fail", &words);
    let file = home.database().with_file_name("authority.pem");
    std::fs::write(&file, certificate).unwrap();
    doctor(&home, &["--ca-file", file.to_str().unwrap()]).has("tls:secure", "ok", &["trusted"]);
}

#[test]
fn proxies_of_the_environment_are_named_without_their_passwords() {
    let home = Home::new();
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    home.add_provider("far", "openai", "https://provider.test/v1");
    let proxy = format!("http://me:hidden-word@{closed}");
    let said = doctor_with(&home, &[], &[("HTTPS_PROXY", &proxy)]);
    said.has("proxy", "ok", &[&format!("far through http://{closed}")]);
    said.has("provider:far", "fail", &[]);
    assert!(!format!("{:?}", said.checks).contains("hidden-word"), "{:#?}", said.checks);
}

/// Shakes hands with a certificate of its own and hangs up, as often as somebody comes; gives that certificate too.
fn serve_tls() -> (std::net::SocketAddr, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "provider.test");
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2120, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let chain = vec![certificate.der().clone()];
    let config = Arc::new(builder.with_no_client_auth().with_single_cert(chain, key.into()).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut connection = rustls::ServerConnection::new(config.clone()).unwrap();
            // A client that does not trust the certificate breaks off.
            let _ = connection.complete_io(&mut stream);
        }
    });
    (address, certificate.pem())
}
