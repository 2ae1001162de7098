//! The file itself: encrypted, keyed, never plain.

use super::device::{Device, scopes};
use super::server::Server;
use crate::{
    engine::{Config, Engine},
    error::{Error, Result},
    secrets::KeySource,
    store::{Commit, Db, Store, StoreKey, at_once, meta},
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
