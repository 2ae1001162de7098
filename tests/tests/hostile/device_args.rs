//! Every subcommand of `huishou-device` with arguments it cannot use: refused with a code and the field at fault,
//! nothing written, and the store opens and checks out afterwards.

use blackbox::customer::{id, number, text};
use blackbox::goods::{at, iron};
use blackbox::{Customer, Device, Engine, Town};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::device::said_no;
use crate::scene::Scene;
use crate::values::{TEXTS, places, with, without};

/// What says that the engine itself failed.
const FAULTS: &[&str] = &[
    "store_failed",
    "file_failed",
    "server_error",
    "no_keyring",
    "offline",
];

/// Refused for what was given: a code of that kind; answers code and field.
#[track_caller]
pub fn blamed(done: &blackbox::proc::Finished, what: &str) -> (String, Option<String>) {
    let answer = said_no(done, what);
    let code = text(&answer, "code").to_owned();
    let plain = code
        .chars()
        .all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
    assert!(plain && !code.is_empty(), "{what}: {answer}");
    assert!(
        !FAULTS.contains(&code.as_str()),
        "{what}: {answer}: {}",
        done.stderr
    );
    (code, answer["field"].as_str().map(str::to_owned))
}

/// Nothing waits that did not before, and the store is sound.
pub async fn unharmed(device: &Device, waiting: usize, what: &str) {
    assert_eq!(
        device.waiting().await,
        waiting,
        "{what}: refused, yet written"
    );
    let verified = device.call(&["verify-store"]).await;
    assert_eq!(verified["ok"], true, "{what}: {verified}");
}

/// Values that no argument takes, and such as some take.
pub fn absurd(others: &str) -> Vec<Value> {
    let mut all: Vec<Value> = TEXTS.iter().map(|text| json!(text)).collect();
    all.extend([
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(i64::MIN),
        json!("99999999999999999999"),
        json!("𠮷".repeat(20_000)),
        json!("a\u{0}b"),
        json!([]),
        json!({"x": [1]}),
        json!(others),
        json!(Uuid::nil()),
    ]);
    all
}

/// Every subcommand that takes nothing, and what it is called with all the same.
const BARE: &[&str] = &[
    "logout",
    "session",
    "push",
    "pull",
    "sync",
    "check",
    "status",
    "pending",
    "mutations",
    "journal",
    "verify-store",
    "diagnostics",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_are_no_command_kind_or_id_are_refused_by_name() {
    let town = Town::start(Engine::MariaDb).await;
    let device = town.device("zhang").await;
    for bare in BARE {
        for extra in ["x", "--nothing", "𠮷", "'; DROP TABLE mutations; --"] {
            let (code, _) = blamed(
                &device.run(&[bare, extra]).await,
                &format!("{bare} {extra}"),
            );
            assert_eq!(code, "usage", "{bare} {extra}");
        }
    }
    for (words, field) in [
        (vec![], None),
        (vec!["nobody"], None),
        (vec!["recover"], None),
        (vec!["list"], Some("kind")),
        (vec!["show", "order"], Some("id")),
        (vec!["exec", "order.pay"], Some("json")),
        (vec!["quote"], Some("json")),
        (vec!["discard"], Some("uid")),
        (vec!["blob", "put"], Some("file")),
        (vec!["blob", "get"], Some("hash")),
        (vec!["resend", "x"], Some("json")),
        (vec!["login", "--username"], Some("username")),
    ] {
        let (code, named) = blamed(&device.run(&words).await, &format!("{words:?}"));
        assert_eq!(code, "usage", "{words:?}");
        if field.is_some() {
            assert_eq!(named.as_deref(), field, "{words:?}");
        }
    }
    let long = "x".repeat(70_000);
    let odd: Vec<&str> = TEXTS
        .iter()
        .copied()
        .chain(["", "-0", "0", "𠮷😀", &long])
        .collect();
    for word in odd {
        for (words, code, field) in [
            (vec!["list", "--", word], "unknown_kind", "kind"),
            (vec!["show", "--", word, "x"], "unknown_kind", "kind"),
            (vec!["show", "--", "order", word], "not_found", "id"),
            (vec!["discard", "--", word], "not_found", "uid"),
            (vec!["resend", "--", word, "{}"], "not_found", "uid"),
            (
                vec!["resend", "--", "018f0000-0000-7000-8000-000000000000", word],
                "",
                "",
            ),
            (vec!["exec", "--", word, "{}"], "unknown_command", "name"),
            (
                vec!["exec", "--", "order.pay", word],
                "invalid_arguments",
                "",
            ),
            (vec!["quote", "--", word], "invalid_arguments", ""),
        ] {
            let what = format!(
                "{:?}",
                words
                    .iter()
                    .map(|w| w.chars().take(60).collect::<String>())
                    .collect::<Vec<_>>()
            );
            let (told, named) = blamed(&device.run(&words).await, &what);
            assert!(code.is_empty() || told == code, "{what}: {told}");
            assert!(
                field.is_empty() || named.as_deref() == Some(field),
                "{what}: {named:?}"
            );
        }
    }
    let nobodys = Uuid::now_v7().to_string();
    for (words, field) in [
        (["show", "order", &nobodys], "id"),
        (
            [
                "show",
                "appointment",
                "00000000-0000-0000-0000-000000000000",
            ],
            "id",
        ),
        (["discard", &nobodys, ""], "uid"),
    ] {
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        let told = blamed(&device.run(&words).await, &format!("{words:?}"));
        assert_eq!(
            told,
            ("not_found".to_owned(), Some(field.to_owned())),
            "{words:?}"
        );
    }
    unharmed(&device, 0, "all of them").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_command_stays_until_it_is_sent_again_as_it_should_be() {
    let Scene {
        town,
        customer,
        visit,
        zhang,
        ..
    } = Scene::begin().await;
    let stranger = town.device("station1").await;
    let version = number(&customer.appointment(id(&visit)).await, "version");
    let _ = customer
        .try_reschedule(id(&visit), &at(3, 10), version)
        .await
        .expect(200);
    let good = json!({"appointment_id": visit["id"], "appointment_time": at(4, 10)});
    let applied = zhang
        .exec(
            "appointment.confirm",
            &json!({"appointment_id": visit["id"]}),
        )
        .await;
    let refused = zhang.exec("appointment.reschedule", &good).await;
    let uid = text(&refused, "uid").to_owned();
    for waiting in [&applied, &refused] {
        let told = blamed(
            &zhang.run(&["discard", text(waiting, "uid")]).await,
            "one that waits",
        );
        assert_eq!(told.0, "not_refused");
    }
    let _ = zhang.sync().await;
    let listed = zhang.call(&["mutations"]).await;
    let open: Vec<&Value> = listed
        .as_array()
        .unwrap()
        .iter()
        .filter(|m| m["open"] == true)
        .collect();
    assert!(
        open.iter().any(|m| m["uid"] == *uid),
        "the customer moved it first: {listed}"
    );

    for (device, uid) in [
        (&stranger, uid.as_str()),
        (&zhang, &Uuid::now_v7().to_string()),
    ] {
        for words in [vec!["discard", uid], vec!["resend", uid, "{}"]] {
            let told = blamed(
                &device.run(&words).await,
                &format!("somebody else's: {words:?}"),
            );
            assert_eq!(
                told,
                ("not_found".to_owned(), Some("uid".to_owned())),
                "{words:?}"
            );
        }
    }
    let mut tries = 0;
    for place in places(&good) {
        let key = place.trim_start_matches('/');
        let spoilt = absurd(id(&stranger_visit(&town).await));
        let spoilt = spoilt.into_iter().map(|value| with(&good, &place, value));
        for bad in spoilt.chain([without(&good, &place)]) {
            let what = format!(
                "resend {}",
                bad.to_string().chars().take(200).collect::<String>()
            );
            let (code, field) =
                blamed(&zhang.run(&["resend", &uid, &bad.to_string()]).await, &what);
            assert!(
                ["invalid_arguments", "not_found", "required"].contains(&code.as_str()),
                "{what}: {code}"
            );
            assert_eq!(field.as_deref(), Some(key), "{what}: {code}");
            tries += 1;
        }
    }
    for (extra, value) in [
        ("note", json!("x")),
        ("note", json!(null)),
        ("𠮷", json!([])),
        ("__proto__", json!({})),
    ] {
        let told = blamed(
            &zhang
                .run(&["resend", &uid, &with_key(&good, extra, value).to_string()])
                .await,
            extra,
        );
        assert_eq!(
            told,
            ("unknown_argument".to_owned(), Some(extra.to_owned()))
        );
    }
    for whole in ["", "{", "[]", "null", "7", "\"x\""] {
        let _ = blamed(&zhang.run(&["resend", &uid, whole]).await, whole);
    }
    unharmed(&zhang, 0, "resend").await;
    let still = zhang.call(&["mutations"]).await;
    assert!(
        still
            .as_array()
            .unwrap()
            .iter()
            .any(|m| m["uid"] == *uid && m["open"] == true),
        "still to be dealt with: {still}"
    );
    let _ = zhang.call(&["resend", &uid, &good.to_string()]).await;
    for words in [vec!["resend", &uid, "{}"], vec!["discard", &uid]] {
        assert_eq!(
            blamed(&zhang.run(&words).await, "dealt with").0,
            "not_refused"
        );
    }
    let _ = zhang.sync().await;
    zhang.agrees().await;
    let confirmed =
        "SELECT COUNT(*) FROM devices WHERE last_mutation > 0 AND confirmed = last_mutation";
    let devices = town.world.database.count(confirmed).await;
    assert_eq!(devices, 1, "its pulls tell that every verdict has arrived");
    let seen = customer.appointment(id(&visit)).await;
    assert_eq!(
        seen["appointment_time"],
        json!(blackbox::goods::answered(&at(4, 10))),
        "{seen}"
    );
    println!("{tries} spoilt ways to send a refused command again, each refused with its field");
}

/// An appointment that is not on the collector's device.
async fn stranger_visit(town: &Town) -> Value {
    let customer =
        Customer::login(&town.world, &format!("stranger{}", Uuid::now_v7().simple())).await;
    let _ = customer.give_phone("13900001111").await;
    customer.book(&at(5, 14)).await
}

pub fn with_key(value: &Value, key: &str, other: Value) -> Value {
    let mut changed = value.clone();
    changed[key] = other;
    changed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_in_texts_other_peoples_ids_and_unknown_arguments_do_nothing_to_a_command() {
    let Scene {
        mut town,
        customer,
        visit,
        zhang,
        ..
    } = Scene::begin().await;
    let others = customer.book(&at(3, 10)).await;
    let appointment = json!({"appointment_id": visit["id"]});
    let commands = [
        ("appointment.start", appointment.clone()),
        (
            "order.weigh",
            json!({"order_id": visit["order_id"], "items": iron("10"), "gap_reasons": []}),
        ),
        (
            "order.accept",
            json!({"order_id": visit["order_id"], "by": "tap"}),
        ),
        (
            "order.pay",
            json!({"order_id": visit["order_id"], "method": "cash"}),
        ),
        (
            "order.void",
            json!({"order_id": visit["order_id"], "reason": "x"}),
        ),
        ("appointment.complete", appointment),
        ("ticket.create", json!({"items": iron("10")})),
    ];
    for (name, args) in &commands {
        for (extra, value) in [
            ("extra", json!("x")),
            ("extra", json!(null)),
            ("𠮷", json!([])),
            ("order.id", json!({})),
        ] {
            let bad = with_key(args, extra, value);
            let (code, field) = blamed(
                &zhang.run(&["exec", name, &bad.to_string()]).await,
                &format!("{name} {bad}"),
            );
            // What is wrong with the state may be said first; what is unknown is never taken.
            assert!(
                code != "unknown_argument" || field.as_deref() == Some(extra),
                "{name} {bad}: {field:?}"
            );
        }
        if let Some(key) = ["appointment_id", "order_id"]
            .into_iter()
            .find(|key| args[*key].is_string())
        {
            let theirs = if key == "order_id" {
                &others["order_id"]
            } else {
                &others["id"]
            };
            let bad = with_key(args, key, theirs.clone());
            let told = blamed(
                &zhang.run(&["exec", name, &bad.to_string()]).await,
                &format!("{name} {bad}"),
            );
            assert_eq!(
                told,
                ("not_found".to_owned(), Some(key.to_owned())),
                "{name}: a visit that is not here"
            );
        }
    }
    unharmed(&zhang, 0, "exec").await;
    for told in TEXTS {
        let seller = json!({"name": told.trim(), "phone": "13911112222"});
        let done = zhang
            .run(&[
                "exec",
                "ticket.create",
                &json!({"items": iron("1"), "seller": seller}).to_string(),
            ])
            .await;
        if done.status.success() {
            let made = done.json();
            let shown = zhang.show("order", text(&made, "order_id")).await;
            assert_eq!(
                shown["seller"]["name"],
                told.trim(),
                "kept letter for letter"
            );
        } else {
            let (code, field) = blamed(&done, told);
            assert!(
                field.is_some_and(|field| field.starts_with("seller")),
                "{told}: {code}"
            );
        }
    }
    let _ = zhang.sync().await;
    zhang.agrees().await;
    unharmed(&zhang, 0, "tickets").await;
    assert_eq!(town.ledger().audit().await, [""; 0]);
    crate::values::calm(&town.world.server.process().log());
}
