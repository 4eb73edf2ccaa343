//! Tests of the book: holds in all budgets or in none, the line, periods, sessions, sums that are read later.

use super::*;
use crate::records::{Budget, Charge, EventKind, OnExceed, Payer, Period, Raise, Scope};
use crate::types::{BudgetId, KeyId, Money, OrgId, ProviderId, TeamId, Time, TraceId, UserId};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const NOW: Time = Time::from_millis(1_800_000_000_000);
const NO_TIME: Duration = Duration::ZERO;
const LONG: Duration = Duration::from_secs(30);

fn usd(pico: i64) -> Money {
    Money::from_pico(pico)
}

fn budget(id: i64, scope: Scope, limit: i64, period: Period) -> Budget {
    Budget {
        id: BudgetId(id),
        org: OrgId(1),
        scope,
        label: format!("budget-{id}"),
        limit: usd(limit),
        period,
        timezone: "UTC".to_owned(),
        is_soft: false,
        on_exceed: OnExceed::Block,
        default_price: None,
        raised: None,
        created: NOW,
    }
}

fn total(id: i64, scope: Scope, limit: i64) -> Budget {
    budget(id, scope, limit, Period::Total)
}

fn book(budgets: Vec<Budget>) -> Book {
    let book = Book::new();
    assert_eq!(book.reload(budgets.clone(), NOW).is_some(), !budgets.is_empty());
    book.loaded(NOW);
    book
}

fn payer(key: i64) -> Payer {
    Payer {
        org: OrgId(1),
        team: Some(TeamId(1)),
        user: Some(UserId(1)),
        key: Some(KeyId(key)),
        provider: Some(ProviderId(1)),
        model: Some("m".to_owned()),
        tags: [("env".to_owned(), "ci".to_owned())].into(),
        session: None,
    }
}

fn at(time: Time, number: i64) -> TraceId {
    TraceId(TraceId::first_at(time).0 + number)
}

fn question(key: i64, number: i64, amount: i64) -> Question {
    Question { payer: Arc::new(payer(key)), call: at(NOW, number), amount: usd(amount), now: NOW }
}

fn held(book: &Book, question: Question) -> HoldId {
    match book.ask(question) {
        Asked::Held(id) => id,
        Asked::Wait(_) => panic!("it waits"),
        Asked::Refused(refusal) => panic!("{refusal:?}"),
    }
}

fn charge(key: i64, number: i64, cost: i64) -> Charge {
    Charge { call: at(NOW, number), payer: payer(key), cost: usd(cost), is_batch: false }
}

/// Spent and held of a budget.
fn stands(book: &Book, id: i64) -> (i64, i64) {
    let balances = book.balances(NOW);
    let own = balances.iter().find(|balance| balance.budget.id.0 == id && balance.session.is_none()).unwrap();
    (own.spent.pico(), own.held.pico())
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

#[test]
fn a_call_holds_in_all_budgets_or_in_none() {
    let book =
        book(vec![total(1, Scope::Org, 100), total(2, Scope::Key(KeyId(7)), 50), total(3, Scope::Key(KeyId(8)), 50)]);
    let first = held(&book, question(7, 1, 40));
    assert_eq!((stands(&book, 1), stands(&book, 2), stands(&book, 3)), ((0, 40), (0, 40), (0, 0)));
    let Asked::Refused(refusal) = book.ask(question(7, 2, 60)) else { panic!("60 is more than 50") };
    assert_eq!((refusal.budget.id.0, refusal.held, refusal.left()), (2, usd(40), usd(50)));
    let Asked::Wait(waiting) = book.ask(question(7, 3, 20)) else { panic!("40 are held of 50") };
    assert_eq!(stands(&book, 1), (0, 40));
    let news = book.close(&[first], &charge(7, 1, 25), NOW);
    assert!(news.is_empty());
    let second = wait(waiting.wait(LONG)).unwrap();
    assert_eq!((stands(&book, 1), stands(&book, 2)), ((25, 20), (25, 20)));
    book.release(second);
    assert_eq!((stands(&book, 1), stands(&book, 2)), ((25, 0), (25, 0)));
}

#[test]
fn the_line_keeps_its_order() {
    let book = book(vec![total(1, Scope::Org, 100), total(2, Scope::Key(KeyId(9)), 1000)]);
    let first = held(&book, question(7, 1, 80));
    let Asked::Wait(large) = book.ask(question(7, 2, 90)) else { panic!() };
    let Asked::Wait(small) = book.ask(question(7, 3, 10)) else { panic!("it would overtake") };
    assert_eq!(stands(&book, 1), (0, 80));
    book.close(&[first], &charge(7, 1, 10), NOW);
    let large = wait(large.wait(LONG)).unwrap();
    assert_eq!(stands(&book, 1), (10, 90));
    book.close(&[large], &charge(7, 2, 90), NOW);
    let refusal = wait(small.wait(LONG)).unwrap_err();
    assert!(refusal.has_waited && refusal.left() == Money::ZERO, "{refusal:?}");
    assert_eq!(stands(&book, 1), (100, 0));
}

#[test]
fn who_gives_up_makes_room_for_those_behind() {
    let book = book(vec![total(1, Scope::Org, 100)]);
    let first = held(&book, question(7, 1, 50));
    let Asked::Wait(large) = book.ask(question(7, 2, 100)) else { panic!() };
    let Asked::Wait(small) = book.ask(question(7, 3, 50)) else { panic!() };
    let refusal = wait(large.wait(NO_TIME)).unwrap_err();
    assert_eq!((refusal.has_waited, refusal.held, refusal.left()), (true, usd(50), usd(100)));
    let small = wait(small.wait(LONG)).unwrap();
    assert_eq!(stands(&book, 1), (0, 100));
    let Asked::Wait(dropped) = book.ask(question(7, 4, 50)) else { panic!() };
    book.release(first);
    drop(dropped);
    book.release(small);
    assert_eq!(stands(&book, 1), (0, 0), "a hold that nobody took is given back");
}

#[test]
fn what_no_bound_covers_is_booked_and_told() {
    let book = book(vec![total(1, Scope::Org, 100)]);
    let hold = held(&book, question(7, 1, 100));
    let news = book.close(&[hold], &charge(7, 1, 130), NOW);
    assert_eq!(news.iter().map(|event| event.kind).collect::<Vec<_>>(), [EventKind::BudgetOverrun]);
    assert_eq!(stands(&book, 1), (130, 0));
    assert!(matches!(book.ask(question(7, 2, 1)), Asked::Refused(_)));
}

#[test]
fn a_soft_budget_warns_once_a_period() {
    let soft = Budget { is_soft: true, ..budget(1, Scope::Key(KeyId(7)), 100, Period::Day) };
    let book = book(vec![soft]);
    let found = || book.find(&payer(7), at(NOW, 9), NOW);
    assert_eq!(found(), Found::default());
    assert!(book.close(&[], &charge(7, 1, 99), NOW).is_empty());
    let news = book.close(&[], &charge(7, 2, 1), NOW);
    assert_eq!((news.len(), news[0].kind), (1, EventKind::BudgetSoft));
    assert!(book.close(&[], &charge(7, 3, 1), NOW).is_empty());
    assert_eq!(found().warnings.len(), 1);
    held(&book, question(7, 4, 1_000_000));
}

#[test]
fn a_call_is_charged_to_the_period_in_which_it_came() {
    let book = book(vec![budget(1, Scope::Org, 100, Period::Day)]);
    let evening = held(&book, question(7, 1, 60));
    let midnight = span(Period::Day, "UTC", NOW).end;
    let morning = Question { call: at(midnight, 1), now: midnight, ..question(7, 1, 100) };
    let hold = held(&book, morning);
    let spent = |time| book.balances(time)[0].clone();
    assert_eq!((spent(midnight).spent, spent(midnight).held), (Money::ZERO, usd(100)));
    book.close(&[evening], &charge(7, 1, 60), midnight);
    assert_eq!((spent(midnight).spent, spent(midnight).held), (Money::ZERO, usd(100)));
    book.release(hold);
    assert_eq!(spent(midnight).held, Money::ZERO);
}

#[test]
fn each_session_has_its_own() {
    let book = book(vec![total(1, Scope::Session, 100)]);
    let of = |session: &str, number| {
        let payer = Payer { session: Some(session.to_owned()), ..payer(7) };
        Question { payer: Arc::new(payer), ..question(7, number, 80) }
    };
    held(&book, of("a", 1));
    held(&book, of("b", 2));
    assert!(matches!(book.ask(of("a", 3)), Asked::Wait(_)));
    held(&book, question(7, 4, 1000));
    assert_eq!(book.balances(NOW).iter().filter(|balance| balance.held == usd(80)).count(), 2);
}

#[test]
fn tags_models_providers_and_users_are_found() {
    let scopes = [
        Scope::Team(TeamId(1)),
        Scope::User(UserId(1)),
        Scope::Provider(ProviderId(1)),
        Scope::Model(ProviderId(1), "m".to_owned()),
        Scope::Tag("env".to_owned(), "ci".to_owned()),
    ];
    let others = [
        Scope::Team(TeamId(2)),
        Scope::User(UserId(2)),
        Scope::Provider(ProviderId(2)),
        Scope::Model(ProviderId(1), "n".to_owned()),
        Scope::Tag("env".to_owned(), "live".to_owned()),
    ];
    let all = scopes.into_iter().chain(others).enumerate().map(|(id, scope)| total(id as i64, scope, 10));
    let book = book(all.collect());
    held(&book, question(7, 1, 4));
    let held: Vec<i64> = book.balances(NOW).iter().map(|balance| balance.held.pico()).collect();
    assert_eq!(held, [4, 4, 4, 4, 4, 0, 0, 0, 0, 0]);
}

#[test]
fn a_raise_lasts_for_its_while() {
    let raised = Some(Raise { limit: usd(200), until: NOW.after(LONG) });
    let book = book(vec![Budget { raised, ..total(1, Scope::Org, 100) }]);
    held(&book, question(7, 1, 150));
    let later = Question { now: NOW.after(LONG), ..question(7, 2, 20) };
    assert!(matches!(book.ask(later), Asked::Wait(_)));
}

#[test]
fn a_new_budget_knows_what_was_charged_and_what_is_held() {
    let book = book(vec![total(1, Scope::Org, 1000)]);
    let hold = held(&book, question(7, 1, 60));
    book.close(&[], &charge(7, 2, 30), NOW);
    let both = vec![total(1, Scope::Org, 1000), total(2, Scope::Key(KeyId(7)), 100)];
    assert!(book.reload(both.clone(), NOW).is_some());
    held(&book, question(7, 3, 5));
    let closing = book.closing(at(NOW, 1));
    book.close(&[hold], &charge(7, 1, 40), NOW);
    drop(closing);
    book.take_in(&[charge(7, 1, 40), charge(7, 2, 30), charge(8, 9, 500)]);
    book.loaded(NOW);
    assert_eq!((stands(&book, 1), stands(&book, 2)), ((70, 5), (70, 5)));
    assert_eq!(book.reload(both, NOW), None, "nothing new is to be read");
    assert_eq!((stands(&book, 1), stands(&book, 2)), ((70, 5), (70, 5)));
}

#[test]
fn a_budget_that_is_raised_lets_the_line_in() {
    let book = book(vec![total(1, Scope::Org, 100)]);
    held(&book, question(7, 1, 80));
    let Asked::Wait(waiting) = book.ask(question(7, 2, 80)) else { panic!() };
    assert_eq!(book.reload(vec![total(1, Scope::Org, 160)], NOW), None);
    wait(waiting.wait(LONG)).unwrap();
    assert_eq!(stands(&book, 1), (0, 160));
}

#[derive(Clone, Debug)]
enum Act {
    Ask { key: i64, amount: i64 },
    Close { which: usize, part: u8 },
    Release { which: usize },
    GiveUp { which: usize },
    Limit { limit: i64 },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1i64..4, 0i64..60).prop_map(|(key, amount)| Act::Ask { key, amount }),
        3 => (any::<usize>(), any::<u8>()).prop_map(|(which, part)| Act::Close { which, part }),
        1 => any::<usize>().prop_map(|which| Act::Release { which }),
        1 => any::<usize>().prop_map(|which| Act::GiveUp { which }),
        1 => (150i64..400).prop_map(|limit| Act::Limit { limit }),
    ];
    prop::collection::vec(act, 1..120)
}

fn budgets(org: i64) -> Vec<Budget> {
    let keys = (1..4).map(|key| total(key + 1, Scope::Key(KeyId(key)), 90));
    std::iter::once(total(1, Scope::Org, org)).chain(keys).collect()
}

proptest! {
    /// Whatever happens: no hard budget is overshot (unless its limit was lowered below what it had), nobody is refused who
    /// fits, and in the end the sums are what calls cost.
    #[test]
    fn sums_stay_within_limits(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let book = book(budgets(400));
        let (mut limit, mut number, mut spent) = (400, 0, 0);
        let mut open: Vec<(HoldId, i64, i64, i64)> = Vec::new();
        let mut line: Vec<(Waiting<'_>, i64, i64, i64)> = Vec::new();
        for act in acts {
            match act {
                Act::Ask { key, amount } => {
                    number += 1;
                    let (org, own) = (stands(&book, 1), stands(&book, key + 1));
                    match book.ask(question(key, number, amount)) {
                        Asked::Held(id) => open.push((id, key, number, amount)),
                        Asked::Wait(waiting) => line.push((waiting, key, number, amount)),
                        Asked::Refused(_) => prop_assert!(org.0 + amount > limit || own.0 + amount > 90),
                    }
                }
                Act::Close { which, part } if !open.is_empty() => {
                    let (id, key, number, amount) = open.swap_remove(which % open.len());
                    let cost = amount * i64::from(part) / 255;
                    spent += cost;
                    book.close(&[id], &charge(key, number, cost), NOW);
                }
                Act::Release { which } if !open.is_empty() => {
                    let place = which % open.len();
                    book.release(open.swap_remove(place).0);
                }
                Act::GiveUp { which } if !line.is_empty() => {
                    let (waiting, key, number, amount) = line.remove(which % line.len());
                    if let Ok(id) = runtime.block_on(waiting.wait(NO_TIME)) {
                        open.push((id, key, number, amount));
                    }
                }
                Act::Limit { limit: other } => {
                    let (spent, held) = stands(&book, 1);
                    limit = other.max(spent + held);
                    book.reload(budgets(limit), NOW);
                }
                _ => {}
            }
            for balance in book.balances(NOW) {
                prop_assert!(balance.held >= Money::ZERO);
                prop_assert!(balance.spent.saturating_add(balance.held) <= balance.limit, "{balance:?}");
            }
        }
        for (id, key, number, _) in open.drain(..) {
            book.close(&[id], &charge(key, number, 0), NOW);
        }
        for (waiting, ..) in line.drain(..) {
            drop(waiting);
        }
        prop_assert_eq!(stands(&book, 1), (spent, 0));
    }
}
