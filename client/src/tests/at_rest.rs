//! What lies in the folder: copies of the outbox, a store that lost its end, repairs, a device that is shut out.

use super::{
    device::{Device, scopes},
    server::Server,
};
use crate::{
    copies::{self, Copies},
    engine::{Config, Engine, Repair, Round, plan_salvage, salvage},
    error::{Error, Result},
    folder,
    secrets::KeySource,
    store::{Commit, Db, Store, StoreKey, memberships, meta, mutations, order_list, overlay},
    sync::{push, transport::Transport},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use ed25519_dalek::{Signer, SigningKey};
use huishou_domain::{
    ids::DeviceId,
    sync::{
        message::{PullAnswer, PullRequest, PushAnswer, PushRequest},
        revocation::{Mode, Statement, statement_text},
    },
};
use serde_json::json;
use std::path::Path;
use tempfile::TempDir;
use uuid::Uuid;

const KEY: [u8; 32] = [0x1b; 32];

pub fn config(folder: &Path) -> Config {
    Config {
        key: KeySource::Given("1b".repeat(32)),
        ..Config::new(folder.to_owned())
    }
}

/// A device in the middle of its day: visits pulled, one served and not pushed yet.
pub fn at_work() -> (Server, Device) {
    let (server, device) = (Server::new(&scopes()), Device::new());
    let (appointment, order) = server.book(2);
    server.book(3);
    device.round(&server).unwrap();
    device.serve(appointment, order);
    (server, device)
}

/// A copy of the folder as a power cut would leave it, while the store is open.
pub fn image(device: &Device) -> TempDir {
    image_of(device.folder.path())
}

fn image_of(folder: &Path) -> TempDir {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    copy
}

pub fn spoil(path: &Path, from: usize, count: usize) {
    let mut bytes = std::fs::read(path).unwrap();
    let end = bytes.len().min(from + count);
    for byte in &mut bytes[from..end] {
        *byte ^= 0x5a;
    }
    std::fs::write(path, bytes).unwrap();
}

fn uids(engine: &Engine) -> Vec<Uuid> {
    engine.pending().unwrap().iter().map(|m| m.uid).collect()
}

fn copies_of(folder: &Path) -> Vec<std::path::PathBuf> {
    folder::beginning(folder, folder::COPY).unwrap()
}

#[test]
fn a_write_ahead_log_spoilt_anywhere_loses_no_confirmed_command() {
    let (_server, device) = at_work();
    let made = uids(&device.engine);
    assert_eq!(made.len(), 5);
    let length = std::fs::metadata(device.folder.path().join("huishou.db-wal"))
        .unwrap()
        .len();
    let length = usize::try_from(length).unwrap();
    let mut lost = 0;
    for part in 0..8 {
        let image = image(&device);
        spoil(
            &image.path().join("huishou.db-wal"),
            length * part / 8 + 40,
            16,
        );
        let alone = image_of(image.path());
        if let Ok(store) = Store::open(&alone.path().join(folder::STORE), &StoreKey::new(KEY)) {
            lost += 5 - mutations::unanswered(store.db()).map_or(0, |left| left.len());
        }
        let engine = match Engine::open(config(image.path())) {
            Ok(engine) => engine,
            Err(error) => {
                assert_eq!(error.stable_code(), "store_corrupt", "part {part}");
                salvage(&config(image.path())).unwrap();
                Engine::open(config(image.path())).unwrap()
            }
        };
        assert_eq!(uids(&engine), made, "part {part}");
        assert_eq!(
            engine.verify_store().unwrap().faults,
            [""; 0],
            "part {part}"
        );
    }
    assert!(lost > 0, "without the copies commands would have been lost");
}

#[test]
fn a_store_put_back_from_before_gets_its_newest_commands_from_the_copy_and_the_server_takes_each_once()
 {
    let (server, mut device) = at_work();
    let before = image(&device);
    let (appointment, order) = server.book(4);
    device.round(&server).unwrap();
    device.serve(appointment, order);
    let paid = server.order(order).payments.len();
    device.push(&server).unwrap();
    device.close();
    for path in folder::database(device.folder.path(), folder::STORE) {
        folder::remove(&path).unwrap();
        let old = before.path().join(path.file_name().unwrap());
        if old.exists() {
            std::fs::copy(old, path).unwrap();
        }
    }
    device.reopen();
    assert_eq!(
        device.pending(),
        10,
        "what the old store held and what only the copy held"
    );
    device.round(&server).unwrap();
    assert_eq!(device.pending(), 0);
    assert_eq!(
        (paid, server.order(order).payments.len()),
        (0, 1),
        "paid once"
    );
    device.equals(&server);
    device.is_sound();
}

#[test]
fn copies_that_are_damaged_fall_back_on_older_ones_and_name_the_damage() {
    let (_server, device) = at_work();
    let key = StoreKey::new(KEY);
    let made = uids(&device.engine);
    let copies = Copies::of(device.folder.path(), &key);
    device.store(|store| copies.begin(store.db(), 0)).unwrap();
    let all = copies_of(device.folder.path());
    assert!(all.len() >= 2, "{all:?}");
    let whole = copies::gather(device.folder.path(), &key).unwrap();
    assert_eq!(
        (whole.commands.len(), whole.damaged, whole.generations),
        (5, 0, 1)
    );
    spoil(all.last().unwrap(), 2_000, 50);
    let spoilt = copies::gather(device.folder.path(), &key).unwrap();
    assert!(spoilt.damaged >= 1 && spoilt.generations > 1);
    let mut found: Vec<Uuid> = spoilt.commands.keys().copied().collect();
    let mut wanted = made;
    found.sort();
    wanted.sort();
    assert_eq!(
        found, wanted,
        "the older generations hold what the damaged line held"
    );
    let other = copies::gather(device.folder.path(), &StoreKey::new([9; 32])).unwrap();
    assert!(
        other.commands.is_empty() && other.head.is_none(),
        "another key reads nothing"
    );
    assert!(
        copies::fits(device.folder.path(), &key)
            && !copies::fits(device.folder.path(), &StoreKey::new([9; 32]))
    );
}

#[test]
fn copies_rotate_and_the_oldest_go() {
    let (_server, device) = at_work();
    let copies = Copies::of(device.folder.path(), &StoreKey::new(KEY));
    for at in 0..6 {
        device.store(|store| copies.begin(store.db(), at)).unwrap();
    }
    assert_eq!(copies_of(device.folder.path()).len(), 3);
    let due = |now| device.store(|store| copies.is_due(store.db(), now).unwrap());
    assert!(!due(60_000) && due(25 * 3_600 * 1_000), "after a day");
    let behind = || device.store(|store| copies.is_behind(store.db(), 60_000).unwrap());
    assert!(!behind());
    device
        .engine
        .draft_put("weigh", &json!({"gross": "1"}))
        .unwrap();
    assert!(behind(), "what is typed is kept with the next");
}

#[test]
fn a_store_that_lost_its_end_is_made_whole_by_a_copy_that_is_damaged_itself() {
    let (_server, device) = at_work();
    let made = uids(&device.engine);
    for line in [0, 3] {
        let image = image(&device);
        std::fs::remove_file(image.path().join("huishou.db-wal")).unwrap();
        let newest = copies_of(image.path()).pop().unwrap();
        let bytes = std::fs::read(&newest).unwrap();
        let at = bytes
            .split_inclusive(|b| *b == b'\n')
            .take(line)
            .map(<[u8]>::len)
            .sum::<usize>();
        spoil(&newest, at + 60, 8);
        let engine = Engine::open(config(image.path())).unwrap();
        let left = uids(&engine);
        let lost: Vec<&Uuid> = made.iter().filter(|uid| !left.contains(uid)).collect();
        assert!(
            lost.len() <= 1,
            "line {line}: at most what the damaged line alone held: {lost:?}"
        );
    }
}

/// Breaks one promise of the store.
type Break = fn(&Db) -> Result<()>;

#[test]
fn each_broken_promise_has_a_repair_that_mends_it_and_loses_nothing() {
    let breaks: [(&str, Break, Repair); 5] = [
        ("lists are gone", order_list::clear, Repair::Rebuild),
        ("overlays are gone", overlay::clear, Repair::Rebuild),
        (
            "nothing is held by a scope",
            memberships::clear,
            Repair::Refetch,
        ),
        (
            "the last number is forgotten",
            |db| meta::set(db, meta::Key::LastId, &1),
            Repair::Marks,
        ),
        (
            "a verdict is gone",
            crate::store::journal::clear,
            Repair::Marks,
        ),
    ];
    for (what, spoil, cure) in breaks {
        let (server, device) = at_work();
        device.push(&server).unwrap();
        let (appointment, order) = server.book(5);
        device.pull(&server).unwrap();
        device.serve(appointment, order);
        let made = uids(&device.engine);
        device
            .store(|store| store.write(Commit::Other, spoil))
            .unwrap();
        let found = device.engine.verify_store().unwrap();
        let offered: Vec<Repair> = found.offers.iter().map(|offer| offer.repair).collect();
        assert!(!found.ok && offered.contains(&cure), "{what}: {found:?}");
        for repair in Repair::ALL.into_iter().filter(|r| offered.contains(r)) {
            device.engine.repair(repair).unwrap();
        }
        device.round(&server).unwrap();
        device.is_sound();
        assert_eq!(
            (device.pending(), made.len()),
            (0, 5),
            "{what}: each was sent"
        );
        assert_eq!(server.order(order).payments.len(), 1, "{what}: once");
        device.equals(&server);
    }
}

#[test]
fn a_salvage_keeps_what_waits_what_is_refused_and_open_and_what_was_typed() {
    let (server, mut device) = at_work();
    server
        .state()
        .refuse
        .insert("appointment.cancel@1", "too_late");
    let (appointment, _) = server.book(6);
    device.round(&server).unwrap();
    device
        .exec(
            "appointment.cancel",
            json!({"appointment_id": appointment, "reason": "not_home"}),
        )
        .unwrap();
    device.push(&server).unwrap();
    let (other, order) = server.book(7);
    device.pull(&server).unwrap();
    device.serve(other, order);
    device
        .engine
        .draft_put("weigh", &json!({"gross": "12.5"}))
        .unwrap();
    let made = uids(&device.engine);
    let open = |engine: &Engine| {
        let all = engine.mutations().unwrap();
        all.iter()
            .filter(|m| m.open)
            .map(|m| (m.uid, m.code.clone()))
            .collect::<Vec<_>>()
    };
    let refused = open(&device.engine);
    assert_eq!(refused.len(), 1);
    device.close();
    // Only the middle is bad: most can be read from the file itself.
    let path = device.folder.path().join(folder::STORE);
    let size = usize::try_from(std::fs::metadata(&path).unwrap().len()).unwrap();
    spoil(&path, size / 2, 4096);
    let plan = plan_salvage(&config(device.folder.path())).unwrap();
    assert_eq!(
        (plan.pending, plan.open, plan.damaged),
        (5, 1, 0),
        "{plan:?}"
    );
    assert_eq!(salvage(&config(device.folder.path())).unwrap(), plan);
    device.reopen();
    assert_eq!(uids(&device.engine), made);
    assert_eq!(open(&device.engine), refused);
    assert_eq!(
        device.engine.draft_get("weigh").unwrap().is_some(),
        plan.drafts == 1
    );
    device.is_sound();
    let marked = device.store(|store| meta::get::<bool>(store.db(), meta::Key::OlderCopy).unwrap());
    assert_eq!(marked, Some(true), "what is pending gets new numbers");
    device.round(&server).unwrap();
    device.round(&server).unwrap();
    assert_eq!(device.pending(), 0);
    assert_eq!(server.order(order).payments.len(), 1, "paid once");
    assert_eq!(open(&device.engine), refused, "still to be dealt with");
    device.equals(&server);
    device.is_sound();
}

#[test]
fn whichever_page_goes_bad_it_is_said_so_and_nothing_is_lost() {
    let (_server, mut device) = at_work();
    let made = uids(&device.engine);
    device.close();
    let pages = std::fs::metadata(device.folder.path().join(folder::STORE))
        .unwrap()
        .len()
        / 8192;
    for page in 0..pages {
        let image = image(&device);
        spoil(
            &image.path().join(folder::STORE),
            usize::try_from(page).unwrap() * 8192 + 100,
            8,
        );
        match Engine::open(config(image.path())) {
            Ok(engine) => {
                let found = engine.verify_store().unwrap();
                let offered = found
                    .offers
                    .iter()
                    .any(|offer| offer.repair == Repair::Salvage);
                assert!(!found.ok && offered, "page {page}: {found:?}");
            }
            Err(error) => assert_eq!(error.stable_code(), "store_corrupt", "page {page}"),
        }
        let plan = plan_salvage(&config(image.path())).unwrap();
        assert_eq!(
            (plan.pending, plan.damaged),
            (5, 0),
            "page {page}: {plan:?}"
        );
        salvage(&config(image.path())).unwrap();
        let engine = Engine::open(config(image.path())).unwrap();
        assert_eq!(uids(&engine), made, "page {page}");
        assert_eq!(
            engine.verify_store().unwrap().faults,
            [""; 0],
            "page {page}"
        );
    }
    assert!(pages > 20);
}

#[test]
fn a_salvage_that_is_cut_off_goes_on_at_the_next_start() {
    let (_server, mut device) = at_work();
    let made = uids(&device.engine);
    device.close();
    let data = device.folder.path().to_owned();
    salvage(&config(&data)).unwrap();
    // As if it had died before the new file was in its place.
    std::fs::rename(data.join(folder::STORE), data.join(folder::SALVAGED)).unwrap();
    std::fs::write(data.join(folder::STORE), vec![7; 8192]).unwrap();
    std::fs::write(data.join("huishou.db-wal"), vec![7; 8192]).unwrap();
    device.reopen();
    assert_eq!(uids(&device.engine), made);
    assert!(!data.join(folder::SALVAGED).exists());
}

#[test]
fn a_practice_store_of_an_older_version_gets_a_key_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let passphrase = || Config {
        key: KeySource::Passphrase("秤砣".into()),
        ..Config::new(folder.path().to_owned())
    };
    let engine = Engine::open(passphrase()).unwrap();
    engine.practice_enter().unwrap();
    engine.draft_put("practised", &json!(1)).unwrap();
    drop(engine);
    // What older versions had: both stores under one key.
    let main = passphrase().key.store_key(folder.path(), true).unwrap();
    let own = passphrase().key.practice_key(folder.path()).unwrap();
    let path = folder.path().join(folder::PRACTICE);
    drop(Store::open(&path, &own).unwrap().rekeyed(&main).unwrap());
    let engine = Engine::open(passphrase()).unwrap();
    engine.practice_enter().unwrap();
    assert_eq!(
        engine.draft_get("practised").unwrap(),
        Some(json!(1)),
        "as it was"
    );
    drop(engine);
    assert!(Store::open(&path, &own).is_ok() && Store::open(&path, &main).is_err());
    std::fs::remove_file(folder.path().join(folder::PRACTICE_KEY)).unwrap();
    let engine = Engine::open(passphrase()).unwrap();
    engine.practice_enter().unwrap();
    assert_eq!(
        engine.draft_get("practised").unwrap(),
        None,
        "a lost key of practice begins it anew"
    );
}

/// A network on which the server says that this device is shut out.
struct ShutOut(Statement);

impl ShutOut {
    fn said<T>(&self) -> Result<T> {
        let body = json!({"code": "device_revoked", "statement": self.0});
        Err(Error::Problem {
            status: 403,
            code: "device_revoked".into(),
            field: None,
            body: Box::new(body),
        })
    }
}

impl Transport for ShutOut {
    async fn push(&self, _: &PushRequest) -> Result<PushAnswer> {
        self.said()
    }

    async fn pull(&self, _: &PullRequest) -> Result<PullAnswer> {
        self.said()
    }
}

/// Registers the device behind the engine's back; answers the server's word that it was stolen.
fn registered(device: &Device, id: DeviceId) -> Statement {
    let server = SigningKey::from_bytes(&[3; 32]);
    let at = "2026-11-23T02:00:00Z".parse().unwrap();
    let text = statement_text(id, Mode::Stolen, at);
    device
        .store(|store| {
            store.write(Commit::Other, |db| {
                let known = push::Device {
                    id,
                    name: "x".into(),
                };
                meta::set(db, meta::Key::Device, &known)?;
                let key = BASE64.encode(server.verifying_key().to_bytes());
                meta::set(db, meta::Key::ServerKey, &key)
            })
        })
        .unwrap();
    Statement {
        device: id,
        mode: Mode::Stolen,
        at,
        signature: BASE64.encode(server.sign(text.as_bytes()).to_bytes()),
    }
}

#[test]
fn another_process_that_hears_late_does_not_wipe_what_was_begun_anew() {
    let id = DeviceId(Uuid::from_u128(0x019b_7523_3400_7000_8000_0000_0000_000a));
    let (_server, device) = at_work();
    let said = registered(&device, id);
    let late = Engine::open(Config {
        clock: std::sync::Arc::new(crate::clock::SystemClock::default()),
        ..config(device.folder.path())
    })
    .unwrap();
    let heard = |engine: &Engine| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let word = ShutOut(said.clone());
        runtime
            .block_on(engine.contact_by(&word, Round::Both))
            .err()
            .unwrap()
    };
    assert_eq!(heard(&device.engine).stable_code(), "device_revoked");
    assert_eq!(
        device.engine.sync_status().unwrap().last_error.as_deref(),
        Some("device_wiped")
    );
    assert_eq!(device.pending(), 0);
    let told = |engine: &Engine| engine.session_state().unwrap().wiped;
    let wiped = told(&device.engine).unwrap();
    assert_eq!(
        (wiped.stolen, wiped.handed_in, wiped.lost, wiped.server),
        (true, 0, 5, None),
        "what the wipe took is told afterwards, and no more of a stolen device"
    );
    // The folder is in use again, by a new registration, when the other process hears of the old one.
    registered(&device, DeviceId(Uuid::now_v7()));
    device.engine.draft_put("new", &json!(1)).unwrap();
    assert_eq!(heard(&late).stable_code(), "device_revoked");
    assert_eq!(
        late.draft_get("new").unwrap(),
        Some(json!(1)),
        "what was begun anew stays"
    );
    assert_eq!(device.engine.draft_get("new").unwrap(), Some(json!(1)));
}

#[test]
fn a_store_without_a_pinned_key_takes_nobodys_word() {
    let id = DeviceId(Uuid::from_u128(0x019b_7523_3400_7000_8000_0000_0000_000a));
    let (_server, device) = at_work();
    let said = registered(&device, id);
    device
        .store(|store| store.write(Commit::Other, |db| meta::remove(db, meta::Key::ServerKey)))
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let told = runtime.block_on(device.engine.contact_by(&ShutOut(said), Round::Both));
    assert_eq!(told.err().unwrap().stable_code(), "device_revoked");
    assert_eq!(device.pending(), 5);
    assert_eq!(
        device.engine.sync_status().unwrap().last_error.as_deref(),
        Some("device_revoked")
    );
}

#[test]
#[cfg(target_os = "linux")]
fn a_running_engine_on_a_full_disk_loses_nothing_and_goes_on_after_making_room() {
    let at = tempfile::tempdir().unwrap();
    let mount = |arguments: &[&str]| {
        let done = std::process::Command::new("mount")
            .args(arguments)
            .arg(at.path())
            .output();
        done.is_ok_and(|done| done.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=4m", "tmpfs"]) {
        println!("no mounts here: tests/tests/at_rest/disks.rs has a limit on files instead");
        return;
    }
    struct Unmount<'a>(&'a Path);
    impl Drop for Unmount<'_> {
        fn drop(&mut self) {
            let _ = std::process::Command::new("umount")
                .arg("-l")
                .arg(self.0)
                .output();
        }
    }
    let _unmount = Unmount(at.path());
    let data = at.path().join("data");
    let engine = Engine::open(config(&data)).unwrap();
    let value = json!("x".repeat(2_000));
    let (mut kept, mut refused) = (0, 0);
    let film = at.path().join("film");
    for room in [4_096_usize, 65_536] {
        let mut bytes = vec![7; 8 << 20];
        while std::fs::write(&film, &bytes).is_err() {
            bytes.truncate(bytes.len().saturating_sub(room));
        }
        for _ in 0..60 {
            match engine.draft_put(&format!("draft {kept}"), &value) {
                Ok(()) => kept += 1,
                Err(error) => {
                    assert_eq!(error.stable_code(), "disk_full");
                    refused += 1;
                }
            }
        }
        assert!(engine.verify_store().unwrap().ok);
        assert_eq!(
            engine.drafts().unwrap().len(),
            kept,
            "what was confirmed, and nothing else"
        );
        std::fs::remove_file(&film).unwrap();
        engine.draft_put(&format!("draft {kept}"), &value).unwrap();
        kept += 1;
    }
    assert!(refused > 10, "the disk was full");
    drop(engine);
    assert_eq!(
        Engine::open(config(&data)).unwrap().drafts().unwrap().len(),
        kept
    );
}
