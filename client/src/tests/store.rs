//! The file itself: encrypted, keyed, never plain.

use super::device::{Device, scopes};
use super::server::Server;
use crate::{
    engine::{Config, Engine},
    error::{Error, Result},
    secrets::KeySource,
    store::{Commit, Db, Store, StoreKey, at_once, meta, verify},
};
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_plain_file_and_another_key_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huishou.db");
    let key = StoreKey::new([7; 32]);
    drop(Store::open(&path, &key).unwrap());
    let other = Store::open(&path, &StoreKey::new([8; 32]))
        .err()
        .expect("refused");
    assert_eq!(other.stable_code(), "store_key_wrong");
    drop(Store::open(&path, &key).unwrap());
    std::fs::write(
        &path,
        b"SQLite format 3\0and more of it, as a plain database begins",
    )
    .unwrap();
    let plain = Store::open(&path, &key).err().expect("refused");
    assert_eq!(plain.stable_code(), "store_not_encrypted");
}

/// How each page is proved, and how long it is.
fn cipher_of(db: &Db) -> (String, String) {
    let word = |pragma: &str| {
        db.query_row(&format!("PRAGMA {pragma}"), [], |row| {
            row.get::<_, String>(0)
        })
        .unwrap()
    };
    (word("cipher_hmac_algorithm"), word("cipher_page_size"))
}

/// A file as the first versions ciphered it, with a table of its own.
fn first_format(path: &std::path::Path, key: &StoreKey) -> Db {
    let db = Db::open(path).unwrap();
    db.pragma_update(None, "key", format!("x'{}'", *key.hex()))
        .unwrap();
    db.execute_batch("CREATE TABLE IF NOT EXISTS of_old (x TEXT)")
        .unwrap();
    db
}

#[test]
fn a_new_store_has_long_pages_proved_by_sha_256_and_one_of_the_first_format_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let (new, old) = (folder.path().join("new.db"), folder.path().join("old.db"));
    let key = StoreKey::new([7; 32]);
    drop(first_format(&old, &key));
    for (path, words) in [
        (&new, ("HMAC_SHA256", "8192")),
        (&old, ("HMAC_SHA512", "4096")),
    ] {
        for round in 1..4_i64 {
            let mut store = Store::open(path, &key).unwrap();
            let (hmac, page) = cipher_of(store.db());
            assert_eq!((hmac.as_str(), page.as_str()), words, "{round}");
            let before: Option<i64> = meta::get(store.db(), meta::Key::LastId).unwrap();
            assert_eq!(before.unwrap_or(1), round, "as it was left");
            for _ in 0..64 {
                store
                    .write(Commit::Other, |db| {
                        meta::set(db, meta::Key::LastId, &(round + 1))
                    })
                    .unwrap();
            }
            // By a connection of its own.
            store.due_settling().unwrap().run().unwrap();
            let log = std::fs::metadata(path.with_extension("db-wal")).unwrap();
            assert!(log.len() > 0);
            assert_eq!(verify::file_faults(store.db()).unwrap(), [""; 0]);
            let wrong = Store::open(path, &StoreKey::new([8; 32]));
            assert_eq!(wrong.err().unwrap().stable_code(), "store_key_wrong");
        }
        let other = StoreKey::new([9; 32]);
        let store = Store::open(path, &key).unwrap();
        drop(store.rekeyed(&other).unwrap());
        let wrong = Store::open(path, &key);
        assert_eq!(wrong.err().unwrap().stable_code(), "store_key_wrong");
        let store = Store::open(path, &other).unwrap();
        let last: Option<i64> = meta::get(store.db(), meta::Key::LastId).unwrap();
        assert_eq!((last, cipher_of(store.db()).0.as_str()), (Some(4), words.0));
    }
}

#[test]
fn a_killed_store_of_either_format_is_read_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let key = StoreKey::new([7; 32]);
    for is_old in [false, true] {
        let path = folder.path().join(format!("{is_old}.db"));
        if is_old {
            drop(first_format(&path, &key));
        }
        let mut store = Store::open(&path, &key).unwrap();
        store
            .write(Commit::Other, |db| meta::set(db, meta::Key::LastId, &7))
            .unwrap();
        // As a kill leaves it: the file and the log beside it.
        let copy = folder.path().join(format!("{is_old}-copy.db"));
        std::fs::copy(&path, &copy).unwrap();
        std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
        drop(store);
        let wrong = Store::open(&copy, &StoreKey::new([8; 32]));
        assert_eq!(wrong.err().unwrap().stable_code(), "store_key_wrong");
        let store = Store::open(&copy, &key).unwrap();
        let last: Option<i64> = meta::get(store.db(), meta::Key::LastId).unwrap();
        assert_eq!(last, Some(7));
        assert_eq!(verify::file_faults(store.db()).unwrap(), [""; 0]);
    }
}

#[test]
fn nothing_readable_lies_in_the_folder() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    server.book(2);
    device.round(&server).unwrap();
    for entry in std::fs::read_dir(device.folder.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for secret in [
            "王女士",
            "13800002046",
            "SQLite format 3",
            "zhang",
            "CREATE TABLE",
        ] {
            assert!(
                !bytes
                    .windows(secret.len())
                    .any(|window| window == secret.as_bytes()),
                "{secret}"
            );
        }
    }
}

#[test]
fn a_passphrase_stands_in_for_the_keyring() {
    let folder = tempfile::tempdir().unwrap();
    let config = |passphrase: &str| Config {
        key: KeySource::Passphrase(passphrase.into()),
        ..Config::new(folder.path().to_owned())
    };
    drop(Engine::open(config("秤砣")).unwrap());
    assert!(
        !Engine::open(config("秤砣"))
            .unwrap()
            .session_state()
            .unwrap()
            .keyring
    );
    assert_eq!(
        Engine::open(config("秤杆"))
            .err()
            .expect("refused")
            .stable_code(),
        "passphrase_wrong"
    );
}

#[test]
fn a_newer_apps_store_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huishou.db");
    let key = StoreKey::new([7; 32]);
    let store = Store::open(&path, &key).unwrap();
    store.db().pragma_update(None, "user_version", 99).unwrap();
    drop(store);
    assert_eq!(
        Store::open(&path, &key)
            .err()
            .expect("refused")
            .stable_code(),
        "store_newer"
    );
}

#[test]
fn reads_as_of_one_moment_tell_why_they_failed_and_leave_nothing_open() {
    let folder = tempfile::tempdir().unwrap();
    let key = StoreKey::new([7; 32]);
    let mut store = Store::open(&folder.path().join("huishou.db"), &key).unwrap();
    // As SQLite does where a page cannot be read.
    let failing = |db: &Db| {
        db.execute_batch("ROLLBACK")?;
        Err::<(), _>(Error::code("store_corrupt"))
    };
    let told = at_once(store.db(), failing).unwrap_err();
    assert_eq!(told.stable_code(), "store_corrupt");
    let dying = AssertUnwindSafe(|| at_once(store.db(), |_| -> Result<()> { panic!("a fault") }));
    assert!(catch_unwind(dying).is_err());
    let written = store.write(Commit::Other, |db| meta::set(db, meta::Key::LastId, &1));
    written.expect("what is done next is kept");
}
