//! How fast guardrails look at clean text: `cargo bench --bench guardrail`.
//!
//! All local types with their own settings, together, on one core. The best of many rounds counts: others share the machine.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a measurement")]

use optscale_ai::guardrail::{self, Act, Check, Counter, Judge, KINDS, Prepared, Scanner};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Prose in which nothing is to be found, with the signs and numbers that prose has.
const PROSE: &str = "The committee met on Tuesday to look at the budget of the coming year. Most members agreed that the 14 \
    projects on the list were worth their money (about 3,500 euros each), but two asked for more time. \"We would rather read \
    it again,\" said one of them; the chair nodded. A vote was put off until the next meeting, on page 7 of the minutes. Later \
    that week the same people walked along the river, talked about gardens, trains and the price of bread, and forgot the \
    list. In the second half of the year things went better: a bridge was opened, 120 trees were planted, and the school \
    got a new roof. Nobody wrote about it in the paper, which is how they knew that it had gone well.\n";

fn built(kind: &guardrail::Kind) -> Option<Check> {
    let settings: &[(&str, &str)] = match kind.name {
        "keywords" => &[("words", "project titan,operation nightfall,blue harvest")],
        "regex" => &[("ORDER", "ORD-[0-9]{6}"), ("BADGE", "\\bB[0-9]{5}[A-Z]\\b")],
        "json-schema" => return None,
        _ => &[],
    };
    let settings: BTreeMap<String, String> = settings.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    guardrail::build(kind, &settings).ok()
}

fn best(rounds: u32, mut run: impl FnMut()) -> Duration {
    let once = |run: &mut dyn FnMut()| {
        let begun = Instant::now();
        run();
        begun.elapsed()
    };
    (0..rounds).map(|_| once(&mut run)).min().unwrap_or_default()
}

fn report(name: &str, bytes: usize, took: Duration) {
    let speed = bytes as f64 / took.as_secs_f64() / 1e6;
    println!("{name:<40} {bytes:>8} bytes {:>9.1} us {speed:>8.0} MB/s", took.as_secs_f64() * 1e6);
}

fn main() {
    let mut spans = Vec::new();
    let mut judges: Vec<(&str, Box<dyn Judge>)> = Vec::new();
    for kind in KINDS {
        match built(kind) {
            Some(Check::Span(span)) => spans.push(span),
            Some(Check::Whole(whole)) => judges.push((kind.name, whole.judge)),
            Some(Check::Count(_)) | None => {}
        }
    }
    let scanner = Scanner::new(spans).unwrap();
    let acts = vec![Some(Act::Redact); scanner.len()];
    for size in [4 * 1024, 64 * 1024, 1024 * 1024] {
        let text: String = PROSE.chars().cycle().take(size).collect();
        let rounds = if size > 100_000 { 30 } else { 2000 };
        let clean = |text: &str| {
            guardrail::whole((&scanner, &acts), black_box(text), &mut |piece| {
                black_box(&piece);
            });
        };
        report("places: all span types", size, best(rounds, || clean(&text)));
        report("made ready for whole types", size, best(rounds, || drop(black_box(Prepared::new(&text)))));
        let all = best(rounds, || {
            clean(&text);
            let prepared = Prepared::new(&text);
            judges.iter().for_each(|(_, judge)| drop(black_box(judge.judge(&prepared))));
            let mut counter = Counter::default();
            counter.add(&text);
            black_box(counter.tokens());
        });
        report("all together", size, all);
    }
    let text: String = PROSE.chars().cycle().take(4096).collect();
    let prepared = Prepared::new(&text);
    for (name, judge) in &judges {
        report(name, 4096, best(2000, || drop(black_box(judge.judge(&prepared)))));
    }
}
