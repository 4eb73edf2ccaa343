//! Storage in trouble: no call is refused with a wrong reason, and no record is lost in silence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]
#![cfg(target_os = "linux")]

#[path = "common/gateway.rs"]
mod gateway;

use gateway::{Gateway, Home};
use reqwest::blocking::{Client, Response};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::process::Command;
use std::thread::{JoinHandle, spawn};
use std::time::{Duration, Instant};

struct Stage {
    home: Home,
    gateway: Gateway,
    key: String,
}

impl Stage {
    fn prepared() -> (Home, String) {
        let home = Home::new();
        home.run(&["provider", "add", "sandbox"]);
        let key = home.key("app", &[]);
        (home, key)
    }

    fn set() -> Stage {
        let (home, key) = Stage::prepared();
        let gateway = home.serve();
        Stage { home, gateway, key }
    }

    /// A call in a thread of its own: while storage is in trouble its answer waits.
    fn call(&self) -> JoinHandle<Response> {
        let (url, key) = (format!("{}/chat/completions", self.gateway.base_url()), self.key.clone());
        spawn(move || {
            let body = json!({"model": "sandbox/echo", "messages": [{"role": "user", "content": "Hello"}]});
            let client = Client::builder().timeout(Duration::from_secs(40)).build().unwrap();
            client.post(url).bearer_auth(key).body(body.to_string()).send().unwrap()
        })
    }

    /// Calls until one is turned away, and gives that answer and those that still wait.
    fn call_until_refused(&self) -> (Response, Vec<JoinHandle<Response>>) {
        let until = Instant::now() + Duration::from_secs(20);
        let mut waiting = vec![self.call()];
        loop {
            assert!(Instant::now() < until, "no call was turned away");
            if self.ready().status() == 503 {
                return (self.call().join().unwrap(), waiting);
            }
            if waiting.iter().all(JoinHandle::is_finished) {
                waiting.push(self.call());
            }
        }
    }

    fn ready(&self) -> Response {
        reqwest::blocking::get(format!("{}/readyz", self.gateway.root())).unwrap()
    }

    fn wait_ready(&self) {
        let until = Instant::now() + Duration::from_secs(20);
        while self.ready().status() != 200 {
            assert!(Instant::now() < until, "storage is well and the gateway is not ready");
        }
    }

    /// Every one of these answers is whole, and its trace is there, or it is a refusal; not all are.
    fn check(&self, answers: Vec<JoinHandle<Response>>) {
        let answers = answers.into_iter().map(|answer| answer.join().unwrap());
        // A call on its way while the gateway became unready was turned away as well.
        let (refused, answers): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status() == 503);
        refused.into_iter().for_each(check_refusal);
        assert!(!answers.is_empty(), "every call was turned away");
        check_ledger(&self.home, &answers);
    }
}

fn check_ledger(home: &Home, answers: &[Response]) {
    let rows = home.json(&["traces", "list", "--limit", "0"]);
    let rows: HashMap<&str, &Value> =
        rows.as_array().unwrap().iter().map(|row| (row["id"].as_str().unwrap(), row)).collect();
    for answer in answers {
        assert_eq!(answer.status(), 200);
        let trace = rows[answer.headers()["x-optscale-trace-id"].to_str().unwrap()];
        assert!(trace["status"] == "ok" && trace["cost_usd"].is_string(), "{trace}");
    }
}

fn check_refusal(answer: Response) {
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "2"));
    let body: Value = answer.json().unwrap();
    assert_eq!(body["error"]["code"], "storage_unavailable", "{body}");
}

#[test]
fn a_locked_database_turns_calls_away_and_loses_nothing() {
    let stage = Stage::set();
    stage.check(vec![stage.call()]);
    let other = Connection::open(stage.home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (refused, waiting) = stage.call_until_refused();
    check_refusal(refused);
    other.execute_batch("ROLLBACK").unwrap();
    stage.wait_ready();
    stage.check(waiting);
    stage.check(vec![stage.call()]);
}

#[test]
fn answers_do_not_wait_for_the_database_and_survive_the_process() {
    let stage = Stage::set();
    let other = Connection::open(stage.home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let answers: Vec<Response> = (0..5).map(|_| stage.call().join().unwrap()).collect();
    let Stage { home, gateway, .. } = stage;
    gateway.kill();
    other.execute_batch("ROLLBACK").unwrap();
    // Nobody serves: who reads folds the journal in.
    check_ledger(&home, &answers);
    let again = home.serve();
    check_ledger(&home, &answers);
    assert_eq!(again.stop(), Some(0));
}

#[test]
fn a_damaged_journal_stops_no_start() {
    let (mut home, key) = Stage::prepared();
    let journal = home.database().with_file_name("journal");
    for damage in [&b""[..], &[0x5a; 300], b"OSAI-jr1 and nothing that follows", &[0; 70]] {
        let stage = Stage { gateway: home.serve(), home, key: key.clone() };
        stage.check(vec![stage.call()]);
        let gateway;
        Stage { home, gateway, .. } = stage;
        gateway.kill();
        for entry in std::fs::read_dir(&journal).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|end| end == "log") {
                std::fs::write(path, damage).unwrap();
            }
        }
    }
    // Where the journal cannot be at all, answers wait for their commits.
    std::fs::remove_dir_all(&journal).unwrap();
    std::fs::write(&journal, "in the way").unwrap();
    let stage = Stage { gateway: home.serve(), home, key };
    stage.check(vec![stage.call()]);
}

#[test]
fn a_locked_database_without_a_journal_holds_answers_back_and_loses_nothing() {
    let (home, key) = Stage::prepared();
    std::fs::write(home.database().with_file_name("journal"), "in the way").unwrap();
    let stage = Stage { gateway: home.serve(), home, key };
    let other = Connection::open(stage.home.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (refused, waiting) = stage.call_until_refused();
    check_refusal(refused);
    assert!(waiting.iter().all(|answer| !answer.is_finished()), "an answer left although nothing of it was safe");
    other.execute_batch("ROLLBACK").unwrap();
    stage.wait_ready();
    stage.check(waiting);
}

#[test]
fn a_full_disk_turns_calls_away_and_loses_nothing() {
    let (home, key) = Stage::prepared();
    // A write beyond the limit fails, and the signal that would end the process is ignored.
    let gateway = home.serve_through(&["sh", "-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
    let stage = Stage { home, gateway, key };
    let pid = stage.gateway.pid().to_string();
    let limit = |bytes: &str| {
        let limited = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={bytes}:")]).status().unwrap();
        assert!(limited.success());
    };
    let grown = std::fs::metadata(stage.home.database().with_extension("db-wal")).unwrap().len();
    // The write-ahead log may grow by a few pages, and then every write fails.
    limit(&(grown + 20_000).max(40_000).to_string());
    let (refused, waiting) = stage.call_until_refused();
    check_refusal(refused);
    limit("unlimited");
    stage.wait_ready();
    stage.check(waiting);
    stage.check(vec![stage.call()]);
}
