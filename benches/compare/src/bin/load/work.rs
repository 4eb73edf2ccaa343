//! Many clients at once, for a bounded time.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use tokio::task::{JoinHandle, spawn_local};
use tokio::time::sleep;

use crate::client::Client;
use crate::target::Target;

/// How long a program may take until it answers its first request.
const START: Duration = Duration::from_secs(30);
/// How long a warm-up is.
const WARM_UP_S: f64 = 0.3;
/// A client that failed waits so long, lest it spin.
const AFTER_FAILURE: Duration = Duration::from_millis(10);
/// Clients of streams arrive spread over this time.
const RAMP: Duration = Duration::from_secs(1);
/// At most so many new streams a second.
const RAMP_RATE: usize = 1_000;

/// What clients saw.
#[derive(Default)]
pub struct Tally {
    /// Requests that came to a good end.
    pub answered: u64,
    /// Requests that did not.
    pub failed: u64,
    /// Why the first of them did not.
    pub first_failure: Option<String>,
    /// Time of each whole answer, in nanoseconds.
    pub latency_ns: Vec<u64>,
    /// Time of each chunk from the mock to the client, in nanoseconds.
    pub transit_ns: Vec<u64>,
}

impl Tally {
    fn count(&mut self, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.answered += 1,
            Err(why) => {
                self.failed += 1;
                self.first_failure.get_or_insert(why);
            }
        }
    }

    fn add(&mut self, other: Self) {
        self.answered += other.answered;
        self.failed += other.failed;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.latency_ns.extend(other.latency_ns);
        self.transit_ns.extend(other.transit_ns);
    }
}

/// Waits until the target answers, then loads it a little, so that its connections and caches exist.
///
/// Panics where it does not answer in time.
pub async fn warm_up(target: &Rc<Target>, connections: usize) {
    first_answer(target, Instant::now() + START).await.unwrap_or_else(|why| panic!("no answer: {why}"));
    if target.chunks == 0 {
        requests(target, connections, WARM_UP_S).await;
    }
}

/// Asks until there is a good answer, at most until `deadline`.
pub async fn first_answer(target: &Rc<Target>, deadline: Instant) -> Result<(), String> {
    let (mut client, mut tally, open) = (Client::new(target), Tally::default(), AtomicUsize::new(0));
    loop {
        let asked = match target.chunks {
            0 => client.ask().await.map(drop),
            _ => client.stream(&mut tally, &open).await,
        };
        if asked.is_ok() || Instant::now() > deadline {
            return asked;
        }
        sleep(Duration::from_millis(1)).await;
    }
}

/// Whole answers over `connections`, each one after the other, for `seconds`.
pub async fn requests(target: &Rc<Target>, connections: usize, seconds: f64) -> Tally {
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let clients = (0..connections).map(|_| spawn_local(requests_of_one(Client::new(target), end))).collect();
    gather(clients).await
}

async fn requests_of_one(mut client: Client, end: Instant) -> Tally {
    let mut tally = Tally::default();
    while Instant::now() < end {
        let asked = client.ask().await;
        if let Ok(latency) = &asked {
            tally.latency_ns.push(latency.as_nanos() as u64);
        } else {
            sleep(AFTER_FAILURE).await;
        }
        tally.count(asked.map(drop));
    }
    tally
}

/// Streams over `connections`, each one after the other, begun within `seconds`, and at least one each.
pub async fn streams(target: &Rc<Target>, connections: usize, seconds: f64, open: &Arc<AtomicUsize>) -> Tally {
    let ramp = RAMP.max(Duration::from_secs_f64(connections as f64 / RAMP_RATE as f64));
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    let clients = (0..connections)
        .map(|n| {
            let wait = ramp.mul_f64(n as f64 / connections as f64);
            spawn_local(streams_of_one(Client::new(target), wait, end, Arc::clone(open)))
        })
        .collect();
    gather(clients).await
}

async fn streams_of_one(mut client: Client, wait: Duration, end: Instant, open: Arc<AtomicUsize>) -> Tally {
    let mut tally = Tally::default();
    sleep(wait).await;
    loop {
        let streamed = client.stream(&mut tally, &open).await;
        if streamed.is_err() {
            sleep(AFTER_FAILURE).await;
        }
        tally.count(streamed);
        if Instant::now() >= end {
            return tally;
        }
    }
}

async fn gather(clients: Vec<JoinHandle<Tally>>) -> Tally {
    let mut all = Tally::default();
    for client in clients {
        all.add(client.await.expect("a client does not panic"));
    }
    all
}
