//! What a call pays at the door: whose key it is, whether it may call the model, the limits on rates, the hold in its budgets and
//! its settling. With 10,000 keys and 1,000 budgets and limits.
//!
//! `cargo bench --bench admission` prints microseconds of CPU per call, the time in which the configuration is read anew, and the
//! memory that it takes; it fails where one of them is beyond its bound (5 us, 50 ms, 20 MB). Built without optimisation it says so
//! and holds to no bound.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for one purpose"
)]

use optscale_ai::admin::{self, Init};
use optscale_ai::budget::{Asked, Book, Gate, Question};
use optscale_ai::config::Home;
use optscale_ai::gateway::Directory;
use optscale_ai::records::{Caps, Charge, OnExceed, Payer, Period, Scope};
use optscale_ai::secrets::{Sealer, VirtualKey};
use optscale_ai::store::{KeyEdit, NewBudget, NewKey, NewProvider, Store};
use optscale_ai::types::{KeyId, Money, OrgId, ProviderId, Time, TraceId, UserId};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

const KEYS: usize = 10_000;
const BUDGETS: usize = 1000;
const CALLS: usize = 200_000;
const ROUNDS: usize = 5;
const MODEL: &str = "openai/gpt-4o-mini";

struct Prepared {
    org: OrgId,
    user: UserId,
    provider: ProviderId,
    keys: Vec<(KeyId, VirtualKey)>,
}

/// A home with many keys, each tenth of which has a budget and a limit of its own; and budgets for all that a call can have.
fn prepare(store: &Store, org: OrgId, user: UserId) -> Prepared {
    let now = Time::now();
    let tags = BTreeMap::from([("env".to_owned(), "ci".to_owned())]);
    let fill = |change: &optscale_ai::store::Change<'_>| {
        let (protocol, base_url, models) = (None, None, &[][..]);
        let provider = NewProvider {
            org,
            name: "openai",
            kind: "openai",
            protocol,
            base_url,
            models,
            settings: &Default::default(),
            allow_http: false,
            created: now,
        };
        let provider = change.add_provider(&provider)?;
        let mut keys = Vec::with_capacity(KEYS);
        for number in 0..KEYS {
            let text = VirtualKey::generate().unwrap();
            let edit = KeyEdit { providers: &[], models: &[], tags: &tags, expires: None };
            let (name, hash, last_four) = (&format!("key-{number}"), text.hash().0, &text.last_four());
            let key = NewKey { org, user, name, hash, last_four, local: false, edit, created: now };
            keys.push((change.add_key(&key)?, text));
        }
        let common = [
            Scope::Org,
            Scope::User(user),
            Scope::Provider(provider),
            Scope::Model(provider, "gpt-4o-mini".to_owned()),
            Scope::Tag("env".to_owned(), "ci".to_owned()),
        ];
        let own = keys.iter().step_by(KEYS / (BUDGETS - 5)).map(|(key, _)| Scope::Key(*key));
        for scope in common.into_iter().chain(own).take(BUDGETS) {
            let limit = Money::from_pico(1_000_000_000_000_000_000);
            let (period, timezone, is_soft, on_exceed) = (Period::Month, "Europe/Berlin", false, OnExceed::Block);
            let (scope, default_price) = (&scope, None);
            change.set_budget(&NewBudget {
                org,
                scope,
                limit,
                period,
                timezone,
                is_soft,
                on_exceed,
                default_price,
                created: now,
            })?;
            if !matches!(scope, Scope::Tag(..)) {
                let caps = Caps { requests: Some(1_000_000_000), tokens: Some(u64::MAX / 4), parallel: Some(1000) };
                change.set_limit(org, scope, &caps, now)?;
            }
        }
        Ok::<_, optscale_ai::store::StoreError>((provider, keys))
    };
    let (provider, keys) = store.change(fill).unwrap();
    Prepared { org, user, provider, keys }
}

/// Everything that a running gateway keeps ready, and how long it took to read it.
fn load(store: &Store, sealer: &Sealer, org: OrgId) -> (Directory, Book, Arc<Gate>, Duration) {
    let begun = Instant::now();
    let stored = store.snapshot().unwrap();
    let (book, gate) = (Book::new(), Arc::new(Gate::new()));
    book.reload(stored.budgets.clone(), Time::now());
    book.loaded(Time::now());
    gate.reload(stored.limits.clone());
    let directory = Directory::new(stored, sealer, org);
    (directory, book, gate, begun.elapsed())
}

fn call(prepared: &Prepared, (directory, book, gate): (&Directory, &Book, &Arc<Gate>), number: usize) {
    let (key, text) = &prepared.keys[number * 7919 % KEYS];
    let now = Time::now();
    let text = VirtualKey::parse(text.secret().reveal()).unwrap();
    let place = directory.resolve(Some(&text.hash()), MODEL).unwrap();
    let payer = Payer {
        org: prepared.org,
        team: None,
        user: Some(prepared.user),
        key: Some(*key),
        provider: Some(prepared.provider),
        model: Some(place.model),
        tags: BTreeMap::from([("env".to_owned(), "ci".to_owned())]),
        session: None,
    };
    let call = TraceId(TraceId::first_at(now).0 + number as i64 % TraceId::WITHIN_A_MILLISECOND);
    let Ok(mut pass) = gate.enter(&payer, 100, now) else { panic!("the limits are wide") };
    black_box(book.find(&payer, call, now));
    let payer = Arc::new(payer);
    let question = Question { payer: payer.clone(), call, amount: Money::from_pico(1000), now };
    let Asked::Held(hold) = book.ask(question) else { panic!("the budgets are wide") };
    let charge = Charge { call, payer: (*payer).clone(), cost: Money::from_pico(10), is_batch: false };
    black_box(book.close(&[hold], &charge, now));
    pass.consumed(120);
}

/// Resident memory of this process, in bytes.
fn memory() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<usize>().ok()).unwrap_or(0) * 4096
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let home = Home::locate(Some(&folder.path().join("home"))).unwrap();
    let made = admin::init(&home, &Init::default()).unwrap();
    let prepared = prepare(&made.store, made.org.id, made.owner.id);
    let before = memory();
    let (directory, book, gate, first) = load(&made.store, &made.sealer, prepared.org);
    let taken = memory().saturating_sub(before);
    let reload = (0..ROUNDS).map(|_| load(&made.store, &made.sealer, prepared.org).3).min().unwrap().min(first);
    let round = || {
        let begun = Instant::now();
        (0..CALLS).for_each(|number| call(&prepared, (&directory, &book, &gate), number));
        begun.elapsed()
    };
    let best = (0..ROUNDS).map(|_| round()).min().unwrap();
    let each = best.as_secs_f64() * 1e6 / CALLS as f64;
    let megabytes = taken as f64 / 1e6;
    println!(
        "{KEYS} keys, {BUDGETS} budgets, {} limits; one thread, best of {ROUNDS} rounds of {CALLS} calls",
        BUDGETS - 1
    );
    println!("access, limits, hold and settling   {each:.2} us a call       (at most 5)");
    println!("configuration read anew             {:.1} ms           (at most 50)", reload.as_secs_f64() * 1e3);
    println!("memory of it                        {megabytes:.1} MB            (at most 20)");
    if cfg!(debug_assertions) {
        println!("built without optimisation: no bound is held to");
        return;
    }
    assert!(each <= 5.0 && reload <= Duration::from_millis(50) && megabytes <= 20.0, "a bound is exceeded");
}
