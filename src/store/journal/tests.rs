//! Tests of the journal: what was written is folded in once, and damage costs no more than what it hit.

use super::*;
use crate::records::{Status, UsageSource};
use crate::store::tests::{Small, small};
use crate::store::traces::tests::call;
use crate::store::{Ledger, Store, TraceFilter};
use crate::types::Usage;
use std::fs;

/// A journal of one thread beside the database of `small`.
fn journal(small: &Small) -> Journal {
    Journal::start(small.store.path(), 1).unwrap()
}

fn append(journal: &Journal, stage: Stage, record: &TraceRecord) -> Place {
    journal.ring().append(stage, record).unwrap()
}

fn finished(journal: &Journal, small: &Small, seconds: std::ops::Range<u64>) -> Vec<Place> {
    seconds.map(|seconds| append(journal, Stage::Finished, &call(small, seconds))).collect()
}

/// Seconds at which the rows in the database arrived, oldest first.
fn rows(small: &Small) -> Vec<u64> {
    let rows = small.store.traces(&TraceFilter::default()).unwrap();
    let mut seconds: Vec<u64> =
        rows.iter().map(|row| (row.time.millis() - crate::store::tests::NOW.millis()) as u64 / 1000).collect();
    seconds.sort_unstable();
    seconds
}

fn file(small: &Small, name: &str) -> PathBuf {
    folder(small.store.path()).join(name)
}

#[test]
fn a_row_comes_back_as_it_was() {
    let small = small();
    let mut record = call(&small, 0);
    (record.message, record.dropped) = (Some("words".into()), vec!["logit_bias".into()]);
    record.error = Some("provider_error".into());
    let mut blank = call(&small, 1);
    (blank.rates, blank.cost, blank.session, blank.model, blank.task) = (None, None, None, None, None);
    blank.tags.clear();
    for record in [record, blank] {
        let mut space = vec![0; 4096];
        let length = entry::encode(Stage::Finished, &record, &mut space).unwrap();
        assert_eq!(entry::decode(&space[..length]), Some((Stage::Finished, record.clone())));
        assert!(entry::encode(Stage::Finished, &record, &mut space[..length - 1]).is_none());
        space[0] += 1;
        assert_eq!(entry::decode(&space[..length]), None, "another version is not guessed at");
    }
}

#[test]
fn what_a_killed_process_left_is_folded_in_once() {
    let small = small();
    let left = journal(&small);
    finished(&left, &small, 0..3);
    append(&left, Stage::Running, &TraceRecord { status: Status::Running, ..call(&small, 3) });
    drop(left);
    assert_eq!(small.store.recover().unwrap(), 1);
    assert_eq!(rows(&small), [0, 1, 2, 3]);
    assert_eq!(small.store.recover().unwrap(), 0);
    assert_eq!(fs::read_dir(folder(small.store.path())).unwrap().count(), 1, "nothing but the lock is left");
    small.store.prune_traces(crate::types::Time::now(), 100).unwrap();
    let all = small.store.prune_traces(crate::store::tests::NOW.after(Duration::from_secs(9)), 100).unwrap();
    assert_eq!((all, small.store.recover().unwrap(), rows(&small).len()), (4, 0, 0));
}

#[test]
fn what_the_database_has_is_not_folded_in_again() {
    let small = small();
    let left = journal(&small);
    let places = finished(&left, &small, 0..3);
    folded(places[..2].iter());
    drop(left);
    small.store.recover().unwrap();
    assert_eq!(rows(&small), [2]);
}

#[test]
fn a_later_stage_takes_the_place_of_an_earlier_one_and_never_the_other_way() {
    let small = small();
    let left = journal(&small);
    let record = |status, output| {
        let usage = Usage { output, ..Usage::default() };
        TraceRecord { status, usage, usage_source: UsageSource::Estimated, ..call(&small, 0) }
    };
    append(&left, Stage::Corrected, &record(Status::Ok, 3));
    append(&left, Stage::Finished, &record(Status::Ok, 2));
    append(&left, Stage::Running, &record(Status::Running, 1));
    drop(left);
    small.store.recover().unwrap();
    let row = |small: &Small| {
        let row = small.store.traces(&TraceFilter::default()).unwrap().remove(0);
        (row.status, row.output_tokens)
    };
    assert_eq!(row(&small), (Status::Ok, 3));
    let left = journal(&small);
    append(&left, Stage::Finished, &record(Status::Ok, 2));
    append(&left, Stage::Running, &record(Status::Running, 1));
    drop(left);
    assert_eq!(small.store.recover().unwrap(), 0);
    assert_eq!(row(&small), (Status::Ok, 3));
}

#[test]
fn damage_costs_no_more_than_what_it_hit() {
    for (name, damage) in damages() {
        let small = small();
        let left = journal(&small);
        let places = finished(&left, &small, 0..3);
        drop(left);
        let path = file(&small, "0-0.log");
        let mut bytes = fs::read(&path).unwrap();
        let kept = damage(&mut bytes, &places);
        fs::write(&path, bytes).unwrap();
        small.store.recover().unwrap();
        assert_eq!(rows(&small).len(), kept, "{name}");
        drop(journal(&small));
    }
}

/// Spoils a file with three rows, and says how many of them are still to be had.
type Damage = fn(&mut Vec<u8>, &[Place]) -> usize;

fn damages() -> [(&'static str, Damage); 7] {
    [
        ("nothing", |_, _| 3),
        ("cut in the last row", |bytes, places| {
            bytes.truncate(places[2].end as usize - 1);
            2
        }),
        ("a bit of the second row", |bytes, places| {
            bytes[places[0].end as usize + 40] ^= 1;
            1
        }),
        ("a length beyond all", |bytes, places| {
            let at = places[0].end as usize + 4;
            bytes[at..at + 4].fill(0xff);
            1
        }),
        ("no head", |bytes, _| {
            bytes[..START].fill(0x5a);
            3
        }),
        ("empty", |bytes, _| {
            bytes.clear();
            0
        }),
        ("noise", |bytes, _| {
            let mut seed = 1u32;
            bytes.iter_mut().for_each(|byte| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *byte = (seed >> 24) as u8;
            });
            0
        }),
    ]
}

#[test]
fn a_record_of_a_later_version_is_kept_aside() {
    let small = small();
    let left = journal(&small);
    finished(&left, &small, 0..1);
    let place = append(&left, Stage::Finished, &call(&small, 1));
    let unknown = &mut [[0; RECORD_HEAD].as_slice(), &[u8::MAX, 1, 2]].concat();
    segment::seal(unknown, place.generation);
    place.segment.write(unknown, place.end).unwrap();
    drop(left);
    small.store.recover().unwrap();
    assert_eq!(rows(&small), [0, 1]);
    let names = fs::read_dir(folder(small.store.path())).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    assert!(names.iter().any(|name| name.starts_with("0-0.log.") && name.ends_with(".unread")), "{names:?}");
}

#[test]
fn files_are_used_again_and_no_old_row_comes_back() {
    let small = small();
    let left = journal(&small);
    let first = finished(&left, &small, 0..5);
    folded(first.iter());
    left.ring().turn().unwrap();
    let second = append(&left, Stage::Finished, &call(&small, 9));
    assert!(Arc::ptr_eq(&first[0].segment, &second.segment) && second.generation > first[0].generation);
    drop((first, left));
    small.store.recover().unwrap();
    assert_eq!(rows(&small), [9], "what stands behind the new row is of an old generation");
}

#[test]
fn the_journal_does_not_grow_without_bound() {
    let small = small();
    let full = journal(&small);
    let long = TraceRecord { message: Some("m".repeat(SIZE / 3)), ..call(&small, 0) };
    let mut places = Vec::new();
    let refused = loop {
        match full.ring().append(Stage::Finished, &long) {
            Ok(place) => places.push(place),
            Err(refused) => break refused,
        }
    };
    assert_eq!((places.len(), refused.kind()), (2 * MOST_SEGMENTS, io::ErrorKind::StorageFull));
    folded(places.iter());
    append(&full, Stage::Finished, &long);
    let too_long = TraceRecord { message: Some("m".repeat(SIZE)), ..call(&small, 0) };
    assert_eq!(full.ring().append(Stage::Finished, &too_long).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
}

#[test]
#[cfg(unix)]
fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let small = small();
    let _journal = journal(&small);
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder(small.store.path())), 0o700);
    assert_eq!((mode(file(&small, "0-0.log")), mode(file(&small, "lock"))), (0o600, 0o600));
}

#[test]
fn the_ledger_commits_what_the_journal_holds() {
    let small = small();
    let ledger = Ledger::start(Store::open(small.store.path()).unwrap()).unwrap();
    for seconds in 0..20 {
        let running = TraceRecord { status: Status::Running, ..call(&small, seconds) };
        ledger.note(Box::new(running));
        assert!(ledger.write(Box::new(call(&small, seconds))).is_safe());
    }
    small.store.catch_up();
    assert_eq!(rows(&small).len(), 20);
    let rows = small.store.traces(&TraceFilter::default()).unwrap();
    assert!(rows.iter().all(|row| row.status == Status::Ok));
    ledger.stop(Duration::from_secs(5));
}

#[test]
fn without_a_journal_answers_wait_for_their_commit() {
    let small = small();
    fs::write(folder(small.store.path()), "in the way").unwrap();
    let ledger = Ledger::start(Store::open(small.store.path()).unwrap()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for seconds in 0..3 {
        let ticket = ledger.write(Box::new(call(&small, seconds)));
        assert!(!ticket.is_safe());
        runtime.block_on(ticket);
        assert_eq!(rows(&small).len(), seconds as usize + 1);
    }
    small.store.recover().unwrap();
    ledger.stop(Duration::from_secs(5));
}

#[test]
fn who_reads_folds_in_what_nobody_else_will() {
    let small = small();
    let left = journal(&small);
    finished(&left, &small, 0..2);
    drop(left);
    Store::read_only(small.store.path()).unwrap().catch_up();
    assert_eq!(rows(&small), [0, 1]);
}
