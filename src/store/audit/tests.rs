//! Tests of what is written down of changes, and of what is found where somebody changed that.

use super::super::tests::{NOW, Small, small};
use super::super::{Change, KeyEdit, Rotation, StoreError};
use super::*;
use crate::records::{Bodies, UserRole};
use std::collections::BTreeMap;

fn change(small: &Small, act: impl FnOnce(&Change<'_>) -> Result<(), StoreError>) {
    small.store.change(act).unwrap();
}

fn told(small: &Small) -> Vec<(i64, String, String, String)> {
    let words = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
    let rows = small.store.audit(&AuditFilter::default()).unwrap().into_iter().rev();
    rows.map(|row| (row.seq, row.act, row.object, format!("{} {}", words(&row.before), words(&row.after)))).collect()
}

fn last(small: &Small) -> (String, String, String) {
    let (_, act, object, words) = told(small).pop().unwrap();
    (act, object, words)
}

#[test]
fn each_change_says_what_was_and_what_is() {
    let small = small();
    let made: Vec<_> = told(&small).into_iter().map(|(seq, act, object, _)| format!("{seq} {act} {object}")).collect();
    assert_eq!(
        made,
        ["1 org.create acme", "2 user.add ana", "3 provider.add openai", "4 key.create ci", "5 route.add fast"]
    );
    change(&small, |c| c.set_bodies(small.org, Bodies::Full));
    let words = r#"{"bodies":"metadata"} {"bodies":"full"}"#;
    assert_eq!(last(&small), ("org.edit".into(), "acme".into(), words.into()));
    change(&small, |c| c.set_role(small.user, UserRole::Member));
    assert_eq!(last(&small), ("user.edit".into(), "ana".into(), r#"{"role":"owner"} {"role":"member"}"#.into()));
    change(&small, |c| c.disable_provider(small.provider));
    assert_eq!(last(&small), ("provider.disable".into(), "openai".into(), r#"{"enabled":1} {"enabled":0}"#.into()));
    let (tags, models) = (BTreeMap::new(), ["openai/gpt-4o".to_owned()]);
    let edit = KeyEdit { providers: &[], models: &models, tags: &tags, expires: Some(NOW) };
    change(&small, |c| c.edit_key(small.key, &edit));
    let words = format!(r#"{{"models":[]}} {{"models":["openai/gpt-4o"],"expires_at":"{NOW}"}}"#);
    assert_eq!(last(&small), ("key.edit".into(), "ci".into(), words));
    change(&small, |c| c.revoke_key(small.key, "ana", NOW));
    assert_eq!(last(&small).0, "key.revoke");
    change(&small, |c| c.remove_route(small.route, NOW));
    let words = format!(r#"{{}} {{"removed_at":"{NOW}"}}"#);
    assert_eq!(last(&small), ("route.remove".into(), "fast".into(), words));
    change(&small, |c| c.select_org(Some(small.org)));
    assert_eq!(last(&small).0, "home.select");
    let rows = small.store.audit(&AuditFilter { org: Some(small.org), limit: 2, ..AuditFilter::default() }).unwrap();
    assert_eq!((rows.len(), rows[1].org.as_deref(), rows[1].actor.as_str()), (2, Some("acme"), "system"));
}

#[test]
fn secrets_are_words_and_a_change_of_them_is_seen() {
    let small = small();
    let provider = small.provider;
    change(&small, |c| c.set_provider_secret(provider, Some(b"sealed-one")));
    assert_eq!(last(&small).2, r#"{} {"sealed_secret":"[secret]"}"#);
    change(&small, |c| c.set_provider_secret(provider, Some(b"sealed-two")));
    assert_eq!(last(&small).2, r#"{"sealed_secret":"[secret]"} {"sealed_secret":"[another secret]"}"#);
    let rotation = Rotation { hash: [9; 32], last_four: "wxyz", sealed: None, grace_until: None };
    change(&small, |c| c.rotate_key(small.key, &rotation));
    assert_eq!(last(&small).0, "key.rotate");
    change(&small, |c| c.set_provider_headers(provider, &[("x-a".into(), b"sealed-three".to_vec())]));
    let all = format!("{:?}", told(&small));
    assert!(!all.contains("sealed-"), "{all}");
    assert!(all.contains("provider_header.add"), "{all}");
}

#[test]
fn what_changes_nothing_and_what_is_undone_leaves_no_row() {
    let small = small();
    let before = told(&small).len();
    change(&small, |c| c.enable_provider(small.provider));
    change(&small, |c| c.rename_org(small.org, "acme"));
    let undone = small.store.change::<(), StoreError>(|c| {
        c.rename_org(small.org, "umbrella")?;
        Err(StoreError::Missing("x".into()))
    });
    assert!(undone.is_err());
    assert_eq!(told(&small).len(), before);
    // A row that is touched twice is one change.
    change(&small, |c| c.rename_org(small.org, "a").and_then(|()| c.rename_org(small.org, "b")));
    assert_eq!(last(&small).2, r#"{"name":"acme"} {"name":"b"}"#);
    assert_eq!(told(&small).len(), before + 1);
}

#[test]
fn rows_are_found_by_who_what_and_when() {
    let small = small();
    small.store.set_actor("eva");
    change(&small, |c| c.rename_org(small.org, "umbrella"));
    let found = |filter| small.store.audit(&filter).unwrap().into_iter().map(|row| row.act).collect::<Vec<_>>();
    let all = AuditFilter::default;
    assert_eq!(found(AuditFilter { actor: Some("eva".into()), ..all() }), ["org.edit"]);
    assert_eq!(found(AuditFilter { act: Some("org".into()), ..all() }), ["org.edit", "org.create"]);
    assert_eq!(found(AuditFilter { act: Some("org.create".into()), ..all() }), ["org.create"]);
    assert_eq!(found(AuditFilter { object: Some("ci".into()), ..all() }), ["key.create"]);
    assert!(found(AuditFilter { until: Some(NOW), since: Some(NOW), ..all() }).is_empty());
}

/// Every table is watched, or is named as one that is no configuration.
#[test]
fn no_table_is_forgotten() {
    let small = small();
    let watched = capture::tables(&small.store.connection).unwrap();
    let sql = "SELECT count(*) FROM temp.sqlite_schema WHERE type = 'trigger' AND tbl_name = ?1";
    for table in &watched {
        let triggers: Option<i64> = small.store.one(sql, [table], |row| row.get(0)).unwrap();
        assert_eq!(triggers, Some(3), "{table}");
    }
    let all = "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for table in small.store.all(all, [], |row| row.get::<_, String>(0)).unwrap() {
        assert!(watched.contains(&table) != EXEMPT.contains(&table.as_str()), "{table}");
    }
    assert!(watched.len() >= 9, "{watched:?}");
}

fn faults(small: &Small) -> Vec<AuditFault> {
    small.store.verify_audit(None).unwrap().faults
}

fn tamper(small: &Small, sql: &str) -> Vec<AuditFault> {
    small.store.connection.execute_batch(sql).unwrap();
    faults(small)
}

#[test]
fn a_whole_chain_is_whole() {
    let small = small();
    let report = small.store.verify_audit(None).unwrap();
    assert_eq!((report.rows, report.end_checked, report.faults.as_slice()), (5, true, [].as_slice()));
    let head = report.head.unwrap();
    change(&small, |c| c.rename_org(small.org, "b"));
    assert!(small.store.verify_audit(Some(&head)).unwrap().faults.is_empty(), "it is still in the chain");
    assert_eq!(small.store.verify_audit(Some("00")).unwrap().faults, [AuditFault::OtherChain { seq: 6 }]);
}

#[test]
fn a_row_that_says_something_else_is_named() {
    for set in
        ["at = at + 1", "actor = 'x'", "org_id = NULL", "act = 'x'", "object = 'x'", "before = '{}'", "after = NULL"]
    {
        let found = tamper(&small(), &format!("UPDATE audit SET {set} WHERE seq = 3"));
        assert_eq!(found, [AuditFault::Altered { seq: 3 }], "{set}");
    }
}

#[test]
fn a_row_that_was_hashed_anew_is_named_by_the_one_behind_it() {
    let small = small();
    let hash = |seq: i64| -> [u8; 32] {
        small.store.one("SELECT hash FROM audit WHERE seq = ?1", [seq], |row| row.get(0)).unwrap().unwrap()
    };
    let (before, at): (Time, _) = (small.store.audit(&AuditFilter::default()).unwrap()[2].time, hash(2));
    let link = chain::Link { seq: 3, at: before, actor: "mallory", org: None, act: "x", object: "x" };
    let forged = chain::hash(&at, &link, None, None);
    let sql = "UPDATE audit SET actor = 'mallory', org_id = NULL, act = 'x', object = 'x', before = NULL, after = NULL, \
               hash = ?1 WHERE seq = 3";
    small.store.run(sql, [forged]).unwrap();
    assert_eq!(faults(&small), [AuditFault::Altered { seq: 3 }]);
}

#[test]
fn missing_and_moved_rows_are_named() {
    let missing = |seq, until| vec![AuditFault::Missing { seq, until }];
    assert_eq!(tamper(&small(), "DELETE FROM audit WHERE seq = 1"), missing(1, 1));
    assert_eq!(tamper(&small(), "DELETE FROM audit WHERE seq IN (2, 3)"), missing(2, 3));
    let swap = "UPDATE audit SET seq = 99 WHERE seq = 2; UPDATE audit SET seq = 2 WHERE seq = 3; \
                UPDATE audit SET seq = 3 WHERE seq = 99";
    assert_eq!(tamper(&small(), swap), [AuditFault::Altered { seq: 2 }, AuditFault::Altered { seq: 3 }]);
}

#[test]
fn rows_that_are_taken_from_the_end_are_missed() {
    let missing = |seq, until| vec![AuditFault::Missing { seq, until }];
    assert_eq!(tamper(&small(), "DELETE FROM audit WHERE seq >= 4"), missing(4, 5));
    assert_eq!(tamper(&small(), "DELETE FROM audit"), missing(1, 5));
    // The file beside the database knows it also where SQLite's own count was put back.
    let covered = "DELETE FROM audit WHERE seq = 5; UPDATE sqlite_sequence SET seq = 4 WHERE name = 'audit'";
    assert_eq!(tamper(&small(), covered), missing(5, 5));
}

#[test]
fn a_chain_that_was_made_anew_is_not_the_one_that_was_kept() {
    let (small, other) = (small(), small());
    change(&other, |c| c.rename_org(other.org, "b"));
    std::fs::copy(other.store.audit_head(), small.store.audit_head()).unwrap();
    assert_eq!(faults(&small), [AuditFault::Missing { seq: 6, until: 6 }]);
    change(&small, |_| Ok(()));
    small.store.set_actor("somebody else");
    change(&small, |c| c.rename_org(small.org, "b"));
    std::fs::copy(other.store.audit_head(), small.store.audit_head()).unwrap();
    assert_eq!(faults(&small), [AuditFault::OtherChain { seq: 6 }]);
    std::fs::remove_file(small.store.audit_head()).unwrap();
    assert!(!small.store.verify_audit(None).unwrap().end_checked);
}
