//! Stores that go bad, and what `verify-store` says, offers and does.

use blackbox::{Device, Engine, Town};
use serde_json::{Value, json};

use crate::support::{counter, files, last_error, names, refusal, ticket, waiting};

/// Noise over so many bytes from this place on.
fn spoil(device: &Device, name: &str, from: usize, count: usize) {
    let path = device.folder().join(name);
    let mut bytes = std::fs::read(&path).expect("the file");
    let end = bytes.len().min(from + count);
    for byte in &mut bytes[from..end] {
        *byte ^= 0xa5;
    }
    std::fs::write(&path, bytes).expect("the file");
}

fn size(device: &Device) -> usize {
    std::fs::read(device.folder().join("huishou.db"))
        .expect("the store")
        .len()
}

/// `verify-store` with these arguments: status and answer.
async fn verify(device: &Device, arguments: &[&str]) -> (Option<i32>, Value) {
    let mut all = vec!["verify-store"];
    all.extend(arguments);
    let done = device.run(&all).await;
    (done.status.code(), done.json())
}

fn offers(answer: &Value) -> Vec<&str> {
    let offers = answer["offers"].as_array().expect("offers");
    offers
        .iter()
        .map(|offer| offer["repair"].as_str().expect("a name"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sound_store_is_said_to_be_sound_and_every_repair_leaves_it_so() {
    let town = Town::start(Engine::MariaDb).await;
    let device = counter(&town).await;
    let made = [ticket(&device).await];
    let (status, answer) = verify(&device, &[]).await;
    assert_eq!(
        (status, &answer["ok"], offers(&answer).len()),
        (Some(0), &json!(true), 0),
        "{answer}"
    );
    for name in ["marks", "refetch", "rebuild", "salvage"] {
        let (status, answer) = verify(&device, &["--repair", name]).await;
        assert_eq!(status, Some(0), "{answer}");
        let plan = &answer["plan"][0];
        assert!(
            plan["does"].is_string() && plan["loses"].is_string(),
            "{answer}"
        );
        let (status, answer) = verify(&device, &["--repair", name, "--yes"]).await;
        assert_eq!(
            (status, &answer["repaired"]),
            (Some(0), &json!([name])),
            "{answer}"
        );
        assert_eq!(waiting(&device).await, made, "{name} loses no command");
    }
    assert_eq!(
        refusal(&device, &["verify-store", "--repair", "magic"]).await,
        "unknown_repair"
    );
    assert_eq!(refusal(&device, &["verify-store", "--yes"]).await, "usage");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_gone_bad_is_said_clearly_and_no_confirmed_command_is_lost() {
    let town = Town::start(Engine::MariaDb).await;
    let mut taken = 0;
    // The first page, one in the middle, and everything behind the first.
    for (what, from, count) in [
        ("the first page", 100, 64),
        ("the middle", usize::MAX, 64),
        ("all but the first page", 8192, usize::MAX >> 1),
    ] {
        let device = counter(&town).await;
        let mut made = Vec::new();
        for _ in 0..5 {
            made.push(ticket(&device).await);
        }
        let from = if from == usize::MAX {
            size(&device) / 2
        } else {
            from
        };
        spoil(&device, "huishou.db", from, count);
        let spoilt = files(device.folder());
        let (status, answer) = verify(&device, &[]).await;
        assert_eq!(
            (status, &answer["code"]),
            (Some(2), &json!("store_inconsistent")),
            "{what}: {answer}"
        );
        assert!(offers(&answer).contains(&"salvage"), "{what}: {answer}");
        assert_eq!(
            (&answer["salvage"]["pending"], &answer["salvage"]["damaged"]),
            (&json!(5), &json!(0)),
            "{what}: says what would be kept: {answer}"
        );
        let (status, answer) = verify(&device, &["--repair"]).await;
        assert_eq!(
            (status, &answer["plan"][0]["repair"]),
            (Some(2), &json!("salvage")),
            "{answer}"
        );
        if what != "the middle" {
            assert_eq!(
                refusal(&device, &["pending"]).await,
                "store_corrupt",
                "{what}"
            );
            let now = files(device.folder());
            let is_same = spoilt
                .iter()
                .all(|file| now.contains(file) || file.0.to_string_lossy().contains("db-"));
            assert!(is_same, "{what}: nothing is touched without --yes");
        }
        let (status, answer) = verify(&device, &["--repair", "salvage", "--yes"]).await;
        assert_eq!(
            (status, &answer["ok"]),
            (Some(0), &json!(true)),
            "{what}: {answer}"
        );
        assert_eq!(
            waiting(&device).await,
            made,
            "{what}: every confirmed command"
        );
        let kept = names(device.folder());
        assert!(
            kept.contains(&"huishou.broken-huishou.db".to_owned()),
            "{what}: {kept:?}"
        );
        let state = device.call(&["session"]).await;
        assert_eq!(
            (&state["mode"], state["device_id"].is_string()),
            (&json!("signed_in"), true),
            "{what}: {state}"
        );
        let _ = device.login(None, "station1", town.password()).await;
        let _ = device.sync().await;
        assert_eq!(
            waiting(&device).await,
            [""; 0],
            "{what}: sent under new numbers"
        );
        device.agrees().await;
        taken += made.len();
        let applied = "SELECT COUNT(*) FROM mutations WHERE outcome = 'applied'";
        let applied = town.world.database.count(applied).await;
        assert_eq!(
            usize::try_from(applied).unwrap(),
            taken,
            "{what}: each once"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_comes_back_from_the_copies() {
    let town = Town::start(Engine::MariaDb).await;
    let device = counter(&town).await;
    let made = [ticket(&device).await, ticket(&device).await];
    std::fs::remove_file(device.folder().join("huishou.db")).unwrap();
    assert_eq!(
        refusal(&device, &["pending"]).await,
        "store_corrupt",
        "no empty store in its place"
    );
    let (status, answer) = verify(&device, &["--repair", "all", "--yes"]).await;
    assert_eq!(status, Some(0), "{answer}");
    assert_eq!(waiting(&device).await, made);
    assert_ne!(last_error(&device).await, json!("device_wiped"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn copies_are_made_by_themselves_rotate_and_are_read_by_nobody_else() {
    let town = Town::start(Engine::MariaDb).await;
    let mut device = counter(&town).await;
    let copies = |device: &Device| {
        let all = names(device.folder());
        all.into_iter()
            .filter(|name| name.starts_with("outbox-"))
            .collect::<Vec<_>>()
    };
    let begun = copies(&device);
    assert!(
        !begun.is_empty() && begun.iter().all(|name| name.ends_with(".copy")),
        "{begun:?}"
    );
    let uid = ticket(&device).await;
    for (path, bytes) in files(device.folder()) {
        for secret in ["ticket.create", uid.as_str(), "station1"] {
            let shows = bytes.windows(secret.len()).any(|w| w == secret.as_bytes());
            assert!(!shows, "{} shows {secret}", path.display());
        }
    }
    // A copy that is lost, cut off or of noise is no reason to stop work; a new one is begun.
    for name in copies(&device) {
        spoil(&device, &name, 0, 10_000);
    }
    let more = ticket(&device).await;
    assert_eq!(waiting(&device).await, [uid.clone(), more.clone()]);
    for name in copies(&device) {
        std::fs::remove_file(device.folder().join(name)).unwrap();
    }
    let third = ticket(&device).await;
    assert!(!copies(&device).is_empty());
    device.set_env("HUISHOU_CRASH_AT", "copy.before_rename");
    for name in copies(&device) {
        std::fs::remove_file(device.folder().join(name)).unwrap();
    }
    let died = device.run(&["status"]).await;
    assert_eq!(
        died.status.code(),
        None,
        "dies while a copy is made: {}",
        died.stdout
    );
    device.unset_env("HUISHOU_CRASH_AT");
    assert_eq!(waiting(&device).await, [uid, more, third]);
    assert!(copies(&device).len() <= 4, "{:?}", copies(&device));
    let _ = device.sync().await;
    device.agrees().await;
}
