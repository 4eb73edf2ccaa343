//! A thousand calls at once on a budget that covers a part of them: whole answers, streams, failures, answers that break off,
//! callers who hang up; and the same with `kill -9` in the midst of it.
//!
//! `OSAI_STORM_ROUNDS` says how often (1 unless said), `OSAI_STORM_SEED` with what to begin; every round has a seed of its own,
//! which is named where something is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "common/fake.rs"]
mod fake;
#[path = "common/gateway.rs"]
mod gateway;

use fake::{Fake, INPUT};
use futures_util::StreamExt;
use gateway::{Gateway, Home};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;

const CALLS: usize = 1000;
/// Taken for every model: a dollar for a million tokens in, and ten out.
const PRICE: &str = "1/10";
const IN: i128 = 1_000_000;
const OUT: i128 = 10_000_000;
/// What the gateway adds to a request and to its bound, in bytes.
const AROUND: usize = 200;

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end.max(1)
    }
}

/// A call, and what the fake provider bills for it.
#[derive(Clone, Debug)]
struct Planned {
    number: usize,
    model: String,
    stream: bool,
    limit: u64,
    hangs_up: bool,
    ends: Ends,
    /// Pieces of the whole answer.
    pieces: u64,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ends {
    Whole,
    /// With an error status: nothing is billed.
    Refused,
    /// In the midst, or nobody hears its end, or it does not say what it cost.
    Cut,
}

impl Planned {
    fn roll(number: usize, dice: &mut Dice) -> Planned {
        let (pieces, limit, stream) = (1 + dice.below(30), 1 + dice.below(45), dice.below(2) == 0);
        let pace = format!("w{}-d{}", dice.below(25), dice.below(3));
        let (word, ends) = match dice.below(20) {
            0 => ("-e500", Ends::Refused),
            1 => ("-e429", Ends::Refused),
            2 => ("-cut", Ends::Cut),
            3 => ("-rst", Ends::Cut),
            4 => ("-nousage", Ends::Cut),
            _ => ("", Ends::Whole),
        };
        let hangs_up = stream && ends == Ends::Whole && dice.below(8) == 0;
        let ends = if hangs_up { Ends::Cut } else { ends };
        let model = format!("oa/fake-s{pieces}-{pace}{word}");
        Planned { number, model, stream, limit, hangs_up, ends, pieces }
    }

    fn body(&self) -> String {
        let words = format!("call {}", self.number);
        json!({"model": self.model, "stream": self.stream, "max_tokens": self.limit,
            "messages": [{"role": "user", "content": words}]})
        .to_string()
    }

    /// The provider's bill for the whole answer.
    fn bill(&self) -> i128 {
        i128::from(INPUT) * IN + i128::from(self.pieces.min(self.limit)) * OUT
    }

    /// More than what can be held for it.
    fn most(&self) -> i128 {
        (self.body().len() + AROUND) as i128 * IN + i128::from(self.limit) * OUT
    }
}

fn plan(seed: u64) -> Vec<Planned> {
    let mut dice = Dice(seed | 1);
    (0..CALLS).map(|number| Planned::roll(number, &mut dice)).collect()
}

/// What a caller saw.
#[derive(Clone, Debug)]
enum Seen {
    Answered,
    Refused(Value),
    Other(String),
}

async fn call(client: reqwest::Client, (url, key): (String, String), planned: Planned) -> Seen {
    let request = client.post(url).bearer_auth(key).header("x-optscale-session", planned.number.to_string());
    let response = match request.body(planned.body()).send().await {
        Ok(response) => response,
        Err(error) => return Seen::Other(error.to_string()),
    };
    match response.status().as_u16() {
        402 => Seen::Refused(response.json().await.unwrap_or_default()),
        200 if planned.hangs_up => {
            let mut pieces = response.bytes_stream();
            drop(pieces.next().await);
            Seen::Answered
        }
        200 => match response.bytes().await {
            Ok(_) => Seen::Answered,
            Err(error) => Seen::Other(error.to_string()),
        },
        other => Seen::Other(other.to_string()),
    }
}

/// Lets all calls loose at once; `done` counts those that came back.
fn storm(gateway: &Gateway, key: &str, plan: &[Planned], done: &Arc<AtomicUsize>) -> JoinHandle<Vec<(usize, Seen)>> {
    let (url, key, plan) = (format!("{}/chat/completions", gateway.base_url()), key.to_owned(), plan.to_vec());
    let done = done.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let client = reqwest::Client::builder().timeout(Duration::from_secs(120)).build().unwrap();
            let mut calls = JoinSet::new();
            for planned in plan {
                let (client, to, done) = (client.clone(), (url.clone(), key.clone()), done.clone());
                calls.spawn(async move {
                    let number = planned.number;
                    let seen = call(client, to, planned).await;
                    done.fetch_add(1, SeqCst);
                    (number, seen)
                });
            }
            calls.join_all().await
        })
    })
}

/// Looks again and again how the budget stands.
fn watch(home: &Arc<Home>, over: &Arc<AtomicBool>) -> JoinHandle<usize> {
    let (home, over) = (home.clone(), over.clone());
    std::thread::spawn(move || {
        let mut looks = 0;
        while !over.load(SeqCst) {
            let now = home.json(&["budget", "explain", "key:app"]);
            let (spent, held, limit) = (pico(&now["spent_usd"]), pico(&now["held_usd"]), pico(&now["limit_usd"]));
            assert!(spent + held <= limit, "{spent} spent and {held} held of {limit}");
            looks += 1;
        }
        looks
    })
}

/// A decimal of US dollars as whole pico-dollars.
fn pico(amount: &Value) -> i128 {
    let text = amount.as_str().unwrap_or_else(|| panic!("{amount} is no amount"));
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    format!("{whole}{rest:0<12}").parse().unwrap()
}

fn usd(pico: i128) -> String {
    format!("{}.{:012}", pico / 1_000_000_000_000, pico % 1_000_000_000_000)
}

/// The rows of the calls by their numbers.
fn rows(home: &Home) -> HashMap<usize, Value> {
    let rows = home.json(&["traces", "--limit", "0"]);
    let number = |row: &Value| row["session"].as_str()?.parse().ok();
    rows.as_array().unwrap().iter().filter_map(|row| Some((number(row)?, row.clone()))).collect()
}

/// The numbers of the calls that reached the provider.
fn reached(fake: &Fake) -> Vec<usize> {
    let number = |body: &[u8]| -> Option<usize> {
        let body: Value = serde_json::from_slice(body).ok()?;
        body["messages"][0]["content"].as_str()?.strip_prefix("call ")?.parse().ok()
    };
    fake.requests().iter().filter_map(|request| number(&request.body)).collect()
}

struct Round {
    seed: u64,
    fake: Fake,
    home: Arc<Home>,
    key: String,
    plan: Vec<Planned>,
    limit: i128,
}

impl Round {
    fn new(seed: u64) -> Round {
        let (fake, home) = (Fake::start(), Home::new());
        home.add_provider("oa", "openai", &fake.openai_url());
        let key = home.key("app", &[]);
        let plan = plan(seed);
        let all: i128 = plan.iter().filter(|planned| planned.ends == Ends::Whole).map(Planned::bill).sum();
        // From a twentieth of all to more than all.
        let limit = all * i128::from(5 + Dice(seed.rotate_left(17) | 1).below(120)) / 100;
        home.run(&["budget", "set", "key:app", &format!("{}/total", usd(limit)), "--default-price", PRICE]);
        Round { seed, fake, home: Arc::new(home), key, plan, limit }
    }

    /// Compares each row with the provider's bill; gives the sum.
    fn check_rows(&self, rows: &HashMap<usize, Value>) -> i128 {
        let mut sum = 0;
        let reached = reached(&self.fake);
        for planned in &self.plan {
            let Some(row) = rows.get(&planned.number) else {
                assert!(!reached.contains(&planned.number), "{planned:?} left no trace; seed {}", self.seed);
                continue;
            };
            let cost = row["cost_usd"].as_str().map_or(0, |_| pico(&row["cost_usd"]));
            let about = format!("{planned:?}\n{row}\nseed {}", self.seed);
            if !reached.contains(&planned.number) {
                assert!(cost == 0 || row["status"] == "interrupted", "the provider was not asked: {about}");
            } else if row["status"] == "ok" && planned.ends == Ends::Whole {
                assert_eq!(cost, planned.bill(), "{about}");
            } else if planned.ends == Ends::Refused && row["status"] == "error" {
                assert_eq!(cost, 0, "{about}");
            } else if planned.ends != Ends::Refused {
                assert!(cost >= planned.bill(), "less than the bill: {about}");
            }
            assert!(cost <= planned.most(), "more than can be held: {about}");
            sum += cost;
        }
        sum
    }

    fn check_sums(&self, sum: i128) {
        let now = self.home.json(&["budget", "explain", "key:app"]);
        assert_eq!((pico(&now["spent_usd"]), &now["held_usd"]), (sum, &json!("0")), "seed {}: {now}", self.seed);
        assert!(sum <= self.limit, "{sum} of {}; seed {}", self.limit, self.seed);
    }

    /// Whoever was refused did not fit, or waited for others as long as one waits.
    fn check_refusals(&self, seen: &[(usize, Seen)]) {
        for (number, seen) in seen {
            if let Seen::Refused(body) = seen {
                let said = &body["error"];
                let [spent, held, needed] = ["spent_usd", "held_usd", "needed_usd"].map(|name| pico(&said[name]));
                let fits = spent + needed <= self.limit;
                let waited = fits && spent + held + needed > self.limit;
                assert!(!fits || waited, "call {number} was refused falsely: {said}; seed {}", self.seed);
            }
        }
    }

    /// What the provider answers whole, callers get whole.
    fn check_answers(&self, seen: &[(usize, Seen)]) {
        for (number, seen) in seen {
            if let Seen::Other(what) = seen {
                let planned = &self.plan[*number];
                assert!(planned.ends != Ends::Whole, "{planned:?}: {what}; seed {}", self.seed);
            }
        }
    }

    /// One call after the other is let in until the next does not fit.
    fn check_end(&self, gateway: &Gateway) {
        let client = reqwest::blocking::Client::new();
        let body = json!({"model": "oa/fake-s3", "max_tokens": 20, "messages": []}).to_string();
        for _ in 0..100_000 {
            let url = format!("{}/chat/completions", gateway.base_url());
            let answer = client.post(url).bearer_auth(&self.key).body(body.clone()).send().unwrap();
            if answer.status() == 402 {
                let said: Value = answer.json().unwrap();
                let (spent, needed) = (pico(&said["error"]["spent_usd"]), pico(&said["error"]["needed_usd"]));
                assert!(spent + needed > self.limit, "refused falsely: {said}; seed {}", self.seed);
                return;
            }
            assert_eq!(answer.status(), 200, "seed {}", self.seed);
            answer.bytes().unwrap();
        }
        panic!("nobody was refused; seed {}", self.seed);
    }
}

fn seeds() -> impl Iterator<Item = u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let rounds = number("OSAI_STORM_ROUNDS").unwrap_or(1);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let first = number("OSAI_STORM_SEED").unwrap_or(now);
    (0..rounds).map(move |round| first.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
}

#[test]
fn a_thousand_calls_share_a_budget() {
    for seed in seeds() {
        println!("OSAI_STORM_SEED={seed}");
        let round = Round::new(seed);
        let gateway = round.home.serve();
        let over = Arc::new(AtomicBool::new(false));
        let watching = watch(&round.home, &over);
        let seen = storm(&gateway, &round.key, &round.plan, &Arc::default()).join().unwrap();
        over.store(true, SeqCst);
        assert!(watching.join().unwrap() > 0);
        assert_eq!(seen.len(), CALLS);
        round.check_refusals(&seen);
        round.check_answers(&seen);
        let count = |wanted: fn(&Seen) -> bool| seen.iter().filter(|(_, seen)| wanted(seen)).count();
        let answered = count(|seen| matches!(seen, Seen::Answered));
        println!("{answered} answered, {} refused", count(|seen| matches!(seen, Seen::Refused(_))));
        let rows = rows(&round.home);
        assert_eq!(rows.len(), CALLS, "every call has a row");
        let sum = round.check_rows(&rows);
        round.check_sums(sum);
        round.check_end(&gateway);
    }
}

#[test]
fn a_kill_in_the_midst_of_a_storm_loses_nothing() {
    for seed in seeds() {
        println!("OSAI_STORM_SEED={seed}");
        let round = Round::new(seed.rotate_left(32));
        let done = Arc::new(AtomicUsize::new(0));
        let gateway = round.home.serve();
        let storm = storm(&gateway, &round.key, &round.plan, &done);
        let moment = Dice(seed | 1).below(CALLS as u64 * 3 / 4) as usize;
        while done.load(SeqCst) < moment {
            std::thread::yield_now();
        }
        gateway.kill();
        let seen = storm.join().unwrap();
        round.check_refusals(&seen);
        let again = round.home.serve();
        let rows = rows(&round.home);
        let answered = seen.iter().filter(|(_, seen)| matches!(seen, Seen::Answered)).map(|(number, _)| number);
        let lost: Vec<&usize> = answered.filter(|number| !rows.contains_key(number)).collect();
        assert!(lost.is_empty(), "{lost:?} were answered and have no row; seed {}", round.seed);
        assert!(rows.values().all(|row| row["status"] != "running"));
        let sum = round.check_rows(&rows);
        round.check_sums(sum);
        round.check_end(&again);
    }
}
