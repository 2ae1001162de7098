//! Commits through the real SQLCipher on a disk whose power goes at any moment.
#![allow(clippy::unwrap_used)]
use super::plug_in;
use crate::{chance::Chance, disk::Disk};
use rusqlite::Connection;

#[test]
fn what_was_committed_survives_a_power_cut_at_any_moment() {
    for seed in 0..30 {
        let disk = Disk::default();
        let plug = plug_in(&disk).unwrap();
        let path = plug.folder().join("a.db");
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "key", format!("x'{}'", "07".repeat(32)))
            .unwrap();
        db.pragma_update(None, "journal_mode", "WAL").unwrap();
        db.pragma_update(None, "synchronous", "FULL").unwrap();
        db.execute_batch("create table t (n)").unwrap();
        for n in 0..(5 + i64::try_from(seed).unwrap()) {
            db.execute("insert into t values (?1)", [n]).unwrap();
        }
        db.execute_batch("begin; insert into t values (1000)")
            .unwrap();
        disk.cut_power();
        drop(db);
        disk.restore_power(&Chance::of(seed));
        let db = Connection::open(&path).unwrap();
        db.pragma_update(None, "key", format!("x'{}'", "07".repeat(32)))
            .unwrap();
        let count: i64 = db
            .query_row("select count(*) from t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, i64::try_from(5 + seed).unwrap());
    }
}

/// Opens a store as the app does.
fn opened(path: &std::path::Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "key", format!("x'{}'", "07".repeat(32)))
        .unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db
}

#[test]
fn a_second_connection_comes_and_goes_and_the_first_goes_on() {
    let disk = Disk::default();
    let plug = plug_in(&disk).unwrap();
    let path = plug.folder().join("a.db");
    let first = opened(&path);
    first.execute_batch("create table t (n)").unwrap();
    for n in 0..5 {
        first.execute("insert into t values (?1)", [n]).unwrap();
        let second = opened(&path);
        let seen: i64 = second
            .query_row("select count(*) from t", [], |row| row.get(0))
            .unwrap();
        assert_eq!(seen, n + 1);
        second.busy_timeout(std::time::Duration::ZERO).unwrap();
        first.execute_batch("begin immediate").unwrap();
        let refused = second.execute("insert into t values (9)", []);
        assert!(refused.is_err(), "one writes at a time");
        first.execute_batch("rollback").unwrap();
    }
}
