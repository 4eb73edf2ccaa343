//! `kill -9` under load: what a client has whole is in the ledger with its cost, and what was under
//! way is there as interrupted.
//!
//! `OSAI_CRASH_ROUNDS` says how often (1 unless said); every round goes on with the home that the
//! last one left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;

use fake::Fake;
use gateway::Home;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::io::Read;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

/// Clients that ask again and again; every second one for streams.
const BUSY: usize = 6;
/// Answers that do not end while the test runs: one goes on, one stalls half way.
const LONG: [&str; 2] = ["oa/fake-s2000-d50", "oa/fake-s20-stall"];

/// What a client has seen of a call.
enum Seen {
    /// All of the answer.
    Whole(String),
    /// The start of an answer that goes on.
    Begun(String),
}

/// Where calls go, and how.
#[derive(Clone)]
struct Calls {
    url: String,
    key: String,
    seen: Sender<Seen>,
}

impl Calls {
    fn ask(&self, client: &reqwest::blocking::Client, body: &Value) -> reqwest::Result<reqwest::blocking::Response> {
        client.post(&self.url).bearer_auth(&self.key).body(body.to_string()).send()
    }

    /// Asks until the gateway is gone.
    fn busy(self, stream: bool) {
        let client = client();
        let body = body("priced/gpt-4o-mini", stream);
        while let Ok(answer) = self.ask(&client, &body) {
            assert_eq!(answer.status(), 200);
            let id = trace_id(&answer);
            if is_whole(answer, stream) {
                self.seen.send(Seen::Whole(id)).unwrap();
            }
        }
    }

    /// Asks once, and listens until the gateway is gone.
    fn long(self, model: &str) {
        let answer = self.ask(&client(), &body(model, true)).unwrap();
        assert_eq!(answer.status(), 200);
        self.seen.send(Seen::Begun(trace_id(&answer))).unwrap();
        let whole = is_whole(answer, true);
        assert!(!whole, "a stream without an end was over");
    }
}

fn client() -> reqwest::blocking::Client {
    reqwest::blocking::Client::builder().timeout(Duration::from_secs(60)).build().unwrap()
}

fn body(model: &str, stream: bool) -> Value {
    json!({"model": model, "stream": stream, "messages": [{"role": "user", "content": "What is six times seven?"}]})
}

fn trace_id(answer: &reqwest::blocking::Response) -> String {
    answer.headers()["x-optscale-trace-id"].to_str().unwrap().to_owned()
}

/// Whether all that makes the answer whole has arrived, whatever became of the connection then.
fn is_whole(mut answer: reqwest::blocking::Response, stream: bool) -> bool {
    let mut bytes = Vec::new();
    let end = answer.read_to_end(&mut bytes);
    if stream { bytes.ends_with(b"data: [DONE]\n\n") } else { end.is_ok() }
}

/// What clients saw until the gateway was killed.
#[derive(Default)]
struct Witness {
    whole: HashSet<String>,
    begun: HashSet<String>,
}

impl Witness {
    fn hear(&mut self, seen: Seen) {
        let new = match seen {
            Seen::Whole(id) => self.whole.insert(id),
            Seen::Begun(id) => self.begun.insert(id),
        };
        assert!(new, "a trace id came twice");
    }

    /// Listens until that many answers were whole and every long stream has begun.
    fn listen(&mut self, seen: &Receiver<Seen>, answers: usize) {
        let (whole, begun) = (self.whole.len() + answers, self.begun.len() + LONG.len());
        while self.whole.len() < whole || self.begun.len() < begun {
            self.hear(seen.recv_timeout(Duration::from_secs(60)).expect("answers come"));
        }
    }

    /// Compares with the ledger.
    fn check(&self, ledger: &HashMap<String, Value>) {
        for id in &self.whole {
            let row = ledger.get(id).unwrap_or_else(|| panic!("{id} was delivered whole and is not in the ledger"));
            assert_eq!(row["status"], "ok", "{row}");
            assert_eq!((&row["input_tokens"], &row["output_tokens"]), (&json!(11), &json!(5)), "{row}");
            assert!(row["cost_usd"].as_str().is_some_and(|cost| !cost.trim_matches(['0', '.']).is_empty()), "{row}");
        }
        for id in &self.begun {
            let row = ledger.get(id).unwrap_or_else(|| panic!("{id} was under way and is not in the ledger"));
            assert_eq!(row["status"], "interrupted", "{row}");
        }
        let running = ledger.values().filter(|row| row["status"] == "running").count();
        assert_eq!(running, 0, "nothing is under way after a new start");
    }
}

fn load(calls: &Calls) -> Vec<JoinHandle<()>> {
    let busy = (0..BUSY).map(|number| {
        let calls = calls.clone();
        spawn(move || calls.busy(number % 2 == 0))
    });
    let long = LONG.map(|model| {
        let calls = calls.clone();
        spawn(move || calls.long(model))
    });
    busy.chain(long).collect()
}

fn ledger(home: &Home) -> HashMap<String, Value> {
    let rows = home.json(&["traces", "list", "--limit", "0"]);
    let rows = rows.as_array().expect("a list of traces").clone();
    let count = rows.len();
    let by_id: HashMap<String, Value> =
        rows.into_iter().map(|row| (row["id"].as_str().unwrap().to_owned(), row)).collect();
    assert_eq!(by_id.len(), count, "an id stands in the ledger twice");
    by_id
}

#[test]
fn nothing_that_was_delivered_is_lost() {
    let rounds = std::env::var("OSAI_CRASH_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let fake = Fake::start();
    let home = Home::new();
    let priced = ["--name", "priced", "--base-url", &fake.openai_url(), "--api-key-env", "FAKE_KEY"];
    home.run(&[&["provider", "add", "openai"], &priced[..]].concat());
    home.add_provider("oa", "openai", &fake.openai_url());
    let key = home.key("load", &[]);
    let mut witness = Witness::default();
    for round in 0..rounds {
        let gateway = home.serve();
        let (seen, hear) = channel();
        let calls = Calls { url: gateway.base_url() + "/chat/completions", key: key.clone(), seen };
        let clients = load(&calls);
        drop(calls);
        // A different moment in every round.
        witness.listen(&hear, 150 + 37 * round);
        gateway.kill();
        clients.into_iter().for_each(|client| client.join().unwrap());
        hear.iter().for_each(|seen| witness.hear(seen));
        fake.clear();
        let again = home.serve();
        witness.check(&ledger(&home));
        assert_eq!(again.stop(), Some(0), "an orderly end");
    }
}

#[test]
fn a_wish_to_end_right_after_the_start_is_heard() {
    let home = Home::new();
    for _ in 0..5 {
        assert_eq!(home.serve().stop(), Some(0), "an orderly end");
    }
}
