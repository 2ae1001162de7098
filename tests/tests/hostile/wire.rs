//! What a real server says, held against the golden texts of every message: no field more, none less, and each header
//! that devices go by.

use std::collections::BTreeSet;

use blackbox::goods::iron;
use blackbox::{Answer, Desk, Engine, Town};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The domain's golden texts: what both ends were built for.
const TEXTS: &str = include_str!("../../../domain/tests/wire.ndjson");

/// Fields that a message may have.
fn golden(message: &str) -> BTreeSet<String> {
    let lines = TEXTS
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let newest = lines
        .into_iter()
        .find(|line| line["message"] == message && line["form"] == "newest");
    let newest = newest.unwrap_or_else(|| panic!("{message} has a golden text"));
    fields(&serde_json::from_str(newest["text"].as_str().unwrap()).unwrap())
}

fn fields(object: &Value) -> BTreeSet<String> {
    let object = object
        .as_object()
        .unwrap_or_else(|| panic!("an object: {object}"));
    object.keys().cloned().collect()
}

/// Nothing that no golden text has, and all of these.
#[track_caller]
fn is_a(message: &str, said: &Value, always: &[&str]) {
    let (known, there) = (golden(message), fields(said));
    assert!(there.is_subset(&known), "{message}: {there:?} of {known:?}");
    for field in always {
        assert!(there.contains(*field), "{message} has {field}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_server_speaks_as_the_golden_texts_do() {
    let town = Town::start(Engine::MariaDb).await;
    let desk = town.desk("station1").await;
    pulls(&desk).await;
    pushes(&town, &desk).await;
    checks(&desk).await;
    refusals(&desk).await;
    pictures(&desk).await;
    revocation(&town, &desk).await;
}

async fn pulls(desk: &Desk) {
    let ask = json!({"cursor": null, "schema": 1, "confirmed": 0, "check": true});
    let page = desk.api().post("/sync/v1/pull", &ask).await;
    let page = page.expect(200);
    let always = [
        "puts",
        "drops",
        "last_mutation",
        "verdicts",
        "cursor",
        "complete",
        "incarnation",
        "epoch",
        "server_time",
    ];
    is_a("PullAnswer", page, &always);
    let puts = page["puts"].as_array().unwrap();
    assert!(!puts.is_empty());
    for put in puts {
        is_a("Put", put, &["kind", "id", "version", "scopes", "body"]);
    }
}

async fn pushes(town: &Town, desk: &Desk) {
    let (order, quote) = (Uuid::now_v7(), Uuid::now_v7());
    let quote = json!({"id": quote, "kind": "final", "book": {"city": "330100", "version": 1, "hash": ""}, "items": iron("10"),
        "lines": [{"category": "metal/iron", "quantity": "10", "unit_price": "1.8", "applied": [], "amount": "18.00"}],
        "total": "18.00", "adjustments": [], "due": "18.00", "created_at": "2026-11-23T02:00:00.125Z"});
    let ticket =
        json!({"order_id": order, "station_id": town.desk_station().await, "quote": quote});
    let gap = desk
        .try_push(&[desk.mutation(5, "ticket.create@1", &ticket)])
        .await;
    is_a(
        "PushAnswer",
        gap.expect(200),
        &[
            "last_mutation",
            "verdicts",
            "gap",
            "incarnation",
            "server_time",
        ],
    );
    is_a("Gap", &gap.body["gap"], &["expected"]);
    let pushed = desk
        .try_push(&[
            desk.mutation(1, "ticket.create@1", &ticket),
            desk.mutation(2, "nobody.knows@1", &json!({})),
        ])
        .await;
    is_a(
        "PushAnswer",
        pushed.expect(200),
        &[
            "last_mutation",
            "verdicts",
            "incarnation",
            "epoch",
            "server_time",
        ],
    );
    let verdicts = pushed.body["verdicts"].as_array().unwrap();
    is_a(
        "Verdict",
        &verdicts[0],
        &["id", "outcome", "version", "review"],
    );
    is_a("Verdict", &verdicts[1], &["id", "outcome", "code"]);
}

async fn checks(desk: &Desk) {
    let checked = desk.api().post("/sync/v1/check", &json!({})).await;
    let said = checked.expect(200);
    assert_eq!(
        fields(said),
        BTreeSet::from(["checks".to_owned(), "server_time".to_owned()])
    );
    for check in said["checks"].as_object().unwrap().values() {
        is_a("Check", check, &["count", "hash"]);
        assert_eq!(check["hash"].as_str().unwrap().len(), 16);
    }
}

async fn refusals(desk: &Desk) {
    let old = json!({"cursor": null, "schema": 99, "confirmed": 0});
    let upgrade = desk.api().post("/sync/v1/pull", &old).await;
    assert_eq!(upgrade.expect_problem(426), "upgrade_required");
    assert_eq!(
        upgrade.body.get("download"),
        None,
        "no address is set: people ask the depot"
    );
    assert_eq!(
        (&upgrade.body["oldest"], &upgrade.body["newest"]),
        (&json!(1), &json!(1))
    );
    let many: Vec<Value> = (1..=201)
        .map(|id| desk.mutation(id, "order.pay@1", &json!({})))
        .collect();
    assert_eq!(
        desk.try_push(&many).await.expect_problem(413),
        "push_too_large"
    );
    let elsewhere = json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": [], "device": Uuid::now_v7()});
    let wrong = desk.api().post("/sync/v1/push", &elsewhere).await;
    assert_eq!(wrong.expect_problem(403), "wrong_device");
    let mut another = desk.mutation(1, "order.pay@1", &json!({}));
    another["uid"] = json!(Uuid::now_v7());
    let stale = desk.try_push(&[another]).await;
    assert_eq!(stale.expect_problem(409), "stale_incarnation");
    assert_eq!(stale.body["incarnation"], 1);
}

/// `Upload-Offset` and `Upload-Length`, and where to go on after a mistake.
async fn pictures(desk: &Desk) {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(std::iter::repeat_n(7, 2_000));
    let name: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let path = format!("/sync/v1/blobs/{name}");
    let send = async |from: usize, to: usize| -> Answer {
        let range = format!("bytes {from}-{}/{}", to - 1, bytes.len());
        let request = desk
            .api()
            .request(Method::PUT, &path)
            .header("Content-Range", range);
        desk.api()
            .send(request.body(bytes[from..to].to_vec()))
            .await
    };
    let ask = async || {
        desk.api()
            .send(desk.api().request(Method::HEAD, &path))
            .await
    };
    assert_eq!(ask().await.status, 404);
    let part = send(0, 800).await;
    assert_eq!((part.status, part.header("upload-offset")), (308, "800"));
    let known = ask().await;
    assert_eq!(known.status, 200);
    assert_eq!(
        (known.header("upload-offset"), known.header("upload-length")),
        ("800", "2016")
    );
    let ahead = send(900, 1_000).await;
    assert_eq!(ahead.expect_problem(409), "offset_mismatch");
    assert_eq!(ahead.body["expected"], 800);
    let whole = send(800, bytes.len()).await;
    assert_eq!((whole.status, whole.header("upload-offset")), (201, "2016"));
}

/// The signed statement of a device that is shut out.
async fn revocation(town: &Town, desk: &Desk) {
    let admin = town.desk("admin").await;
    let path = format!("/staff/v1/devices/{}?mode=stolen", desk.device_id());
    let gone = admin.api().delete(&path).await;
    assert!(gone.status < 300, "{}", gone.text);
    let shut = desk.try_push(&[]).await;
    assert_eq!(shut.expect_problem(403), "device_revoked");
    is_a(
        "Statement",
        &shut.body["statement"],
        &["device", "mode", "at", "signature"],
    );
}
