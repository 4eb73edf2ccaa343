//! The clients: one kind of load for a bounded time, and what it cost the gateway under test.
//!
//! `load MODE --url ADDRESS --key KEY --model NAME --pid PID --mock-pid PID --subject NAME --round N [...]`
//!
//! | mode | load |
//! |---|---|
//! | `lat` | one connection, one request after the other |
//! | `rps` | `--connections` (64), each one request after the other |
//! | `big` | as `rps`, with prompts of `--prompt` (65,536) bytes |
//! | `stream` | `--connections` (200) streams at once, each followed by the next |
//! | `messages` | as `stream`, in Anthropic's protocol |
//! | `idle` | `--connections` (2,000) slow streams, once |
//! | `start` | starts the program after `--` `--times` (5) times, until it answers a request |
//!
//! Prints one JSON line. A request that fails is counted, never hidden.

mod client;
mod report;
mod start;
mod target;
mod watch;
mod work;

use std::rc::Rc;

use compare::args::Args;
use report::Report;
use target::Target;
use tokio::runtime::Builder;
use tokio::task::LocalSet;
use watch::Watch;

/// Bytes of the prompts of long contexts.
const BIG_PROMPT: usize = 65_536;
const SMALL_PROMPT: usize = 300;

fn main() {
    let mut words = std::env::args().skip(1);
    let mode = words.next().expect("the first word is the mode");
    let args = Args::read(words);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let mut report = LocalSet::new().block_on(&runtime, run(&mode, &args));
    report.describe("mode", &mode);
    report.describe("subject", args.text("subject"));
    report.describe("round", args.text("round"));
    println!("{}", report.line());
}

async fn run(mode: &str, args: &Args) -> Report {
    match mode {
        "lat" => plain(args, 1, SMALL_PROMPT).await,
        "rps" => plain(args, args.value("connections", 64), SMALL_PROMPT).await,
        "big" => plain(args, args.value("connections", 64), args.value("prompt", BIG_PROMPT)).await,
        "stream" => streams(target::Api::Chat, args).await,
        "messages" => streams(target::Api::Messages, args).await,
        "idle" => idle(args).await,
        "start" => start::run(args).await,
        other => panic!("no such mode: {other}"),
    }
}

async fn plain(args: &Args, connections: usize, prompt: usize) -> Report {
    let target = Rc::new(Target::plain(args, prompt));
    work::warm_up(&target, connections).await;
    let watch = Watch::start(args);
    let tally = work::requests(&target, connections, args.value("seconds", 10.0)).await;
    report::plain(tally, &watch.stop())
}

async fn streams(api: target::Api, args: &Args) -> Report {
    let target = Rc::new(Target::stream(args, api));
    work::warm_up(&target, 1).await;
    let watch = Watch::start(args);
    let tally = work::streams(&target, args.value("connections", 200), args.value("seconds", 10.0), &watch.open).await;
    report::streams(tally, &watch.stop())
}

async fn idle(args: &Args) -> Report {
    let target = Rc::new(Target::stream(args, target::Api::Chat));
    work::warm_up(&target, 1).await;
    let watch = Watch::start(args);
    let tally = work::streams(&target, args.value("connections", 2_000), 0.0, &watch.open).await;
    report::idle(tally, &watch.stop())
}
