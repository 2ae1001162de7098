//! The device's own door: a store that opens only with its key, practice that is never pushed, and commands that are
//! refused with code and field before they are written.

use blackbox::customer::id;
use blackbox::goods::{iron, reasons, weighed};
use blackbox::proc::Finished;
use blackbox::{Device, Engine, Town};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::Scene;
use crate::values::{places, with, without};

/// A refusal: not success, a code that programs understand, no panic.
#[track_caller]
pub fn said_no(done: &Finished, what: &str) -> Value {
    assert!(!done.status.success(), "{what}: taken: {}", done.stdout);
    assert!(
        done.status.code().is_some(),
        "{what}: died by a signal: {}",
        done.stderr
    );
    let said = format!("{}{}", done.stdout, done.stderr);
    assert!(!said.contains("panicked"), "{what}: {said}");
    let answer = done
        .stdout
        .lines()
        .chain(done.stderr.lines())
        .find_map(|line| {
            serde_json::from_str::<Value>(line)
                .ok()
                .filter(|v| v["code"].is_string())
        });
    answer.unwrap_or_else(|| panic!("{what}: no code: {said}"))
}

/// What commands are spoilt with on the device.
fn spoilers() -> Vec<Value> {
    vec![
        json!(null),
        json!(-1),
        json!(true),
        json!("x"),
        json!("99999999999999999999"),
        json!([]),
        json!({"x": 1}),
        json!("a\u{0}b"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_commands_are_refused_with_a_code_or_taken_whole_and_never_break_the_store() {
    let Scene {
        mut town,
        visit,
        zhang,
        ..
    } = Scene::begin().await;
    let (appointment, order) = (
        json!({"appointment_id": visit["id"]}),
        visit["order_id"].clone(),
    );
    let commands = [
        ("appointment.start", appointment.clone()),
        (
            "order.weigh",
            json!({"order_id": order, "items": weighed(), "gap_reasons": reasons()}),
        ),
        (
            "order.accept",
            json!({"order_id": order, "quote_id": Uuid::now_v7(), "by": "signature", "blob": "0".repeat(64)}),
        ),
        (
            "order.pay",
            json!({"order_id": order, "method": "cash", "amount": "18.00"}),
        ),
        (
            "ticket.create",
            json!({"items": iron("10"), "seller": {"name": "钱先生", "phone": "13911112222"}}),
        ),
        (
            "appointment.cancel",
            json!({"appointment_id": visit["id"], "reason": "other", "text": "算了"}),
        ),
    ];
    let (mut refused, mut taken) = (0, 0);
    for (name, args) in &commands {
        for place in places(args) {
            let spoilt = spoilers()
                .into_iter()
                .map(|value| with(args, &place, value))
                .chain([without(args, &place)]);
            for bad in spoilt {
                let before = zhang.waiting().await;
                let done = zhang.run(&["exec", name, &bad.to_string()]).await;
                if done.status.success() {
                    taken += 1;
                } else {
                    let _ = said_no(&done, &format!("{name} {bad}"));
                    assert_eq!(
                        zhang.waiting().await,
                        before,
                        "{name} {bad}: refused, yet written"
                    );
                    refused += 1;
                }
            }
        }
    }
    for (name, args) in [
        ("nobody.knows", "{}"),
        ("order.pay", "{"),
        ("order.pay", ""),
        ("order.pay", "[]"),
        ("", "{}"),
        ("price_book.publish", "{}"),
    ] {
        let _ = said_no(
            &zhang.run(&["exec", name, args]).await,
            &format!("{name} {args}"),
        );
    }
    let _ = zhang.call(&["verify-store"]).await;
    let _ = zhang.sync().await;
    assert_eq!(zhang.waiting().await, 0, "what was taken has a verdict");
    zhang.agrees().await;
    assert_eq!(town.ledger().audit().await, [""; 0]);
    crate::values::calm(&town.world.server.process().log());
    println!("huishou-device: {refused} spoilt commands refused with a code, {taken} taken");
    assert!(refused > 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sign_in_needs_the_right_code_name_and_password() {
    let town = Town::start(Engine::MariaDb).await;
    let device = town.world.device();
    let login = |arguments: Vec<String>, password: &'static str| {
        let device = &device;
        async move { device.try_login(&arguments, password).await }
    };
    let code = town.pairing_code().await;
    let bad = login(
        vec![
            "--pairing".into(),
            "WRONG-00".into(),
            "--username".into(),
            "zhang".into(),
        ],
        "x",
    )
    .await;
    assert_eq!(
        said_no(&bad, "a wrong pairing code")["code"],
        "bad_pairing_code"
    );
    let paired = login(
        vec![
            "--pairing".into(),
            code.clone(),
            "--username".into(),
            "zhang".into(),
        ],
        "wrong password",
    )
    .await;
    assert_eq!(
        said_no(&paired, "a wrong password")["code"],
        "bad_credentials"
    );
    for name in ["nobody", "zhang'--", "ZHANG", "zhang\u{200b}", "𠮷"] {
        let done = login(vec!["--username".into(), name.into()], "wrong password").await;
        let _ = said_no(&done, name);
    }
    let again = town.world.device();
    let used = again
        .try_login(
            &[
                "--pairing".into(),
                code,
                "--username".into(),
                "zhang".into(),
            ],
            "x",
        )
        .await;
    assert_eq!(
        said_no(&used, "a used pairing code")["code"],
        "pairing_code_used"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_store_opens_only_with_its_key_and_is_never_plain() {
    let Scene {
        town,
        visit,
        mut zhang,
        ..
    } = Scene::begin().await;
    let verified = zhang.call(&["verify-store"]).await;
    println!("verify-store: {verified}");
    for path in std::fs::read_dir(zhang.folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
    {
        let bytes = std::fs::read(&path).unwrap();
        for secret in [
            "SQLite format 3",
            "13800002046",
            "文三路",
            "CREATE TABLE",
            id(&visit),
        ] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} shows {secret:?}", path.display());
        }
    }
    let copy = zhang.copy_store();
    zhang.set_env("HUISHOU_STORE_KEY", &"0".repeat(64));
    let code = said_no(&zhang.run(&["list", "appointment"]).await, "another key")["code"].clone();
    assert_eq!(code, "store_key_wrong");
    zhang.unset_env("HUISHOU_STORE_KEY");
    assert!(
        zhang.appointment(id(&visit)).await.is_some(),
        "a wrong key has done no harm"
    );
    let mut stranger = Device::on(copy, town.world.server.url());
    let _ = said_no(
        &stranger.run(&["list", "appointment"]).await,
        "a copied store with a key of one's own",
    );
    stranger.set_env("HUISHOU_STORE_KEY", "");
    let _ = said_no(
        &stranger.run(&["list", "appointment"]).await,
        "a copied store without a key",
    );
    stranger.set_env("HUISHOU_STORE_KEY", "not hex");
    let _ = said_no(
        &stranger.run(&["list", "appointment"]).await,
        "a malformed key",
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_or_damaged_file_in_the_stores_place_is_refused() {
    let town = Town::start(Engine::MariaDb).await;
    let zhang = town.device("zhang").await;
    let store = zhang.folder().join("huishou.db");
    let good = std::fs::read(&store).expect("the store's file");
    let mut plain = b"SQLite format 3\0".to_vec();
    plain.extend([0; 4096]);
    std::fs::write(&store, &plain).unwrap();
    assert_eq!(
        said_no(&zhang.run(&["list", "appointment"]).await, "a plain file")["code"],
        "store_not_encrypted"
    );
    std::fs::write(&store, vec![7; 8192]).unwrap();
    let _ = said_no(&zhang.run(&["list", "appointment"]).await, "noise");
    let mut damaged = good.clone();
    let middle = damaged.len() / 2;
    for byte in &mut damaged[middle..middle + 64] {
        *byte ^= 0xff;
    }
    std::fs::write(&store, &damaged).unwrap();
    let _ = said_no(&zhang.run(&["verify-store"]).await, "a damaged store");
    std::fs::write(&store, &good).unwrap();
    let _ = zhang.call(&["verify-store"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn practice_has_a_store_of_its_own_and_is_never_pushed() {
    let town = Town::start(Engine::MariaDb).await;
    let before = crate::values::books(&town).await;
    let device = town.world.device();
    let made = device
        .call(&[
            "--practice",
            "exec",
            "ticket.create",
            &json!({"items": iron("10")}).to_string(),
        ])
        .await;
    let order = made["order_id"]
        .as_str()
        .expect("a ticket in practice")
        .to_owned();
    let _ = said_no(
        &device.run(&["--practice", "sync"]).await,
        "practice is never synced",
    );
    let code = town.pairing_code().await;
    let _ = device.login(Some(&code), "station1", town.password()).await;
    let _ = device.sync().await;
    assert!(
        device.order(&order).await.is_none(),
        "what was practised is not in the real store"
    );
    assert_eq!(town.ledger().orders(&order).await, [], "nor in the books");
    assert_eq!(device.waiting().await, 0);
    let devices = |all: &[String]| {
        all.iter()
            .filter(|row| {
                !row.starts_with("device")
                    && !row.starts_with("pairing")
                    && !row.starts_with("refresh")
            })
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(
        devices(&crate::values::books(&town).await),
        devices(&before),
        "practice left nothing behind"
    );
}
