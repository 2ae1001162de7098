//! A store whose key is gone makes room for a new one, loses nothing, and comes back with its key.

use super::at_rest::{at_work, config, image, spoil};
use crate::{
    aside,
    engine::{Config, Engine, bring_back, set_aside, ways_back},
    error::Result,
    folder,
    secrets::{KeySource, Recovery},
    wipe,
};
use huishou_domain::ids::DeviceId;
use std::{collections::BTreeSet, path::Path};
use tempfile::TempDir;
use uuid::Uuid;

const FIRST: &str = "set-aside-20261123T020000Z";

/// Whoever opens the folder with another key than the store's.
fn keyless(folder: &Path) -> Config {
    Config {
        key: KeySource::Given("7e".repeat(32)),
        ..config(folder)
    }
}

/// A folder in the middle of a day, as a power cut would leave it, and what waits in it.
fn left_behind() -> (TempDir, Vec<Uuid>) {
    let (_, device) = at_work();
    let waiting = uids(&device.engine);
    assert!(waiting.len() > 1, "{waiting:?}");
    device.engine.put_blob(PICTURE).unwrap();
    (image(&device), waiting)
}

/// The smallest that passes for a JPEG.
const PICTURE: &[u8] = &[0xff, 0xd8, 0xff, 0xe0, 0, 16];

fn uids(engine: &Engine) -> Vec<Uuid> {
    engine.pending().unwrap().iter().map(|m| m.uid).collect()
}

fn files(folder: &Path) -> BTreeSet<String> {
    let paths = folder::beginning(folder, "").unwrap();
    let names = paths.iter().map(|path| path.file_name().unwrap());
    names
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

fn refusal<T>(answer: Result<T>) -> String {
    answer.err().expect("refused").stable_code()
}

#[test]
fn it_makes_room_for_a_new_one_says_where_it_lies_and_comes_back_whole() {
    let (folder, waiting) = left_behind();
    let lost = keyless(folder.path());
    assert_eq!(refusal(Engine::open(lost.clone())), "store_key_wrong");
    let before = files(folder.path());
    let put = set_aside(&lost).unwrap();
    assert_eq!(files(Path::new(&put.place)), before, "nothing is deleted");
    assert_eq!(files(folder.path()), BTreeSet::from([put.name.clone()]));

    let engine = Engine::open(lost.clone()).unwrap();
    assert!(engine.is_blank().unwrap() && engine.may_make_way().is_ok());
    drop(engine);
    assert_eq!(ways_back(&lost).aside, vec![put.clone()]);

    bring_back(&config(folder.path()), &put.name, true).unwrap();
    assert_eq!(ways_back(&lost).aside, vec![], "the blank one is gone");
    let engine = Engine::open(config(folder.path())).unwrap();
    assert_eq!(uids(&engine), waiting);
    assert_eq!(engine.sync_status().unwrap().pictures, 1);
    assert_eq!(
        refusal(engine.may_make_way()),
        "unsent_here",
        "and does not go again before that is sent"
    );
}

#[test]
fn one_that_has_been_used_meanwhile_changes_places_with_it() {
    let (folder, waiting) = left_behind();
    let put = set_aside(&keyless(folder.path())).unwrap();
    let engine = Engine::open(keyless(folder.path())).unwrap();
    let meanwhile = engine.draft_put("counter", &serde_json::json!({"goods": []}));
    meanwhile.unwrap();
    assert!(!engine.is_blank().unwrap());
    drop(engine);
    bring_back(&config(folder.path()), &put.name, false).unwrap();
    assert_eq!(uids(&Engine::open(config(folder.path())).unwrap()), waiting);
    let [other] = ways_back(&config(folder.path())).aside.try_into().unwrap();
    bring_back(&keyless(folder.path()), &other.name, false).unwrap();
    let engine = Engine::open(keyless(folder.path())).unwrap();
    assert_eq!(engine.drafts().unwrap().len(), 1);
}

#[test]
fn a_blank_one_beside_which_a_corrupt_store_or_practice_lies_is_kept() {
    for beside in ["huishou.broken-20261123T020000Z", folder::PRACTICE] {
        let (folder, waiting) = left_behind();
        let put = set_aside(&keyless(folder.path())).unwrap();
        let engine = Engine::open(keyless(folder.path())).unwrap();
        assert!(engine.is_blank().unwrap());
        drop(engine);
        std::fs::write(folder.path().join(beside), "not to be lost").unwrap();
        bring_back(&config(folder.path()), &put.name, true).unwrap();
        let [kept] = ways_back(&config(folder.path())).aside.try_into().unwrap();
        assert!(files(Path::new(&kept.place)).contains(beside));
        assert_eq!(uids(&Engine::open(config(folder.path())).unwrap()), waiting);
    }
}

#[test]
fn only_one_that_nothing_opens_is_set_aside() {
    let (folder, _) = left_behind();
    assert_eq!(refusal(set_aside(&config(folder.path()))), "store_opens");
    spoil(&folder.path().join(folder::STORE), 0, 4096);
    assert_eq!(
        refusal(set_aside(&config(folder.path()))),
        "store_corrupt",
        "its key is here: it is made anew instead"
    );
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(refusal(set_aside(&config(empty.path()))), "not_found");
    let nowhere = empty.path().join("nowhere");
    assert_eq!(refusal(set_aside(&config(&nowhere))), "not_found");
    assert_eq!(
        refusal(bring_back(&config(empty.path()), "../elsewhere", false)),
        "not_found"
    );
}

#[test]
fn cut_off_after_any_file_it_goes_on_at_the_next_start_there_and_back() {
    let (folder, waiting) = left_behind();
    let all: Vec<String> = files(folder.path()).into_iter().collect();
    for moved in 0..=all.len() {
        let copy = copy_of(folder.path());
        let (data, place) = (copy.path(), copy.path().join(FIRST));
        begun(
            data,
            r#"{"aside":"set-aside-20261123T020000Z","back":null}"#,
        );
        folder::make(&place).unwrap();
        carry(data, &place, &all[..moved]);
        drop(Engine::open(keyless(data)).unwrap());
        assert_eq!(
            files(&place).into_iter().collect::<Vec<_>>(),
            all,
            "{moved}"
        );

        for path in folder::database(data, folder::STORE) {
            folder::remove(&path).unwrap();
        }
        for path in folder::beginning(data, folder::COPY).unwrap() {
            folder::remove(&path).unwrap();
        }
        begun(
            data,
            r#"{"aside":null,"back":"set-aside-20261123T020000Z"}"#,
        );
        carry(&place, data, &all[..moved]);
        let engine = Engine::open(config(data)).unwrap();
        assert_eq!(uids(&engine), waiting, "{moved}");
        assert!(!place.exists() && !data.join(folder::MOVING).exists());
    }
}

fn begun(data: &Path, text: &str) {
    std::fs::write(data.join(folder::MOVING), text).unwrap();
}

fn carry(from: &Path, to: &Path, names: &[String]) {
    for name in names {
        std::fs::rename(from.join(name), to.join(name)).unwrap();
    }
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for name in files(folder) {
        std::fs::copy(folder.join(&name), copy.path().join(&name)).unwrap();
    }
    copy
}

#[test]
fn while_its_key_is_not_back_all_stays_as_it_is_unless_the_server_can_give_it() {
    let (folder, _) = left_behind();
    let put = set_aside(&keyless(folder.path())).unwrap();
    let passphrase = Config {
        key: KeySource::Passphrase("一把好钥匙".into()),
        ..config(folder.path())
    };
    drop(Engine::open(passphrase.clone()).unwrap());
    let before = files(folder.path());
    assert_eq!(
        refusal(bring_back(&passphrase, &put.name, false)),
        "store_key_missing"
    );
    assert_eq!(files(folder.path()), before);
    let recovery = Recovery {
        device: DeviceId(Uuid::now_v7()),
        server: "http://127.0.0.1:1".into(),
        server_key: "a".into(),
        wrapped: "b".into(),
    };
    recovery.keep(Path::new(&put.place)).unwrap();
    bring_back(&passphrase, &put.name, false).unwrap();
    assert_eq!(
        ways_back(&passphrase).server.as_deref(),
        Some("http://127.0.0.1:1")
    );
}

#[test]
fn a_wipe_takes_what_was_set_aside_with_it() {
    let (folder, _) = left_behind();
    set_aside(&keyless(folder.path())).unwrap();
    set_aside_again(folder.path());
    assert_eq!(aside::all(folder.path()).unwrap().len(), 2);
    wipe::begin(folder.path(), &Default::default()).unwrap();
    wipe::finish(folder.path(), &config(folder.path()).key).unwrap();
    assert_eq!(files(folder.path()), BTreeSet::new());
}

/// A second one within the same second has a name of its own.
fn set_aside_again(folder: &Path) {
    drop(Engine::open(keyless(folder)).unwrap());
    set_aside(&config(folder)).unwrap();
}
