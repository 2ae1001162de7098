//! Bodies of push and pull changed at random, sent to a real server: each is answered, none with a 5xx, what is taken
//! gets one verdict under its own number, and nothing spoilt reaches the books. `FUZZ_REQUESTS` says how many.

use blackbox::goods::iron;
use blackbox::{Answer, Desk, Engine, Town};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use uuid::Uuid;

/// So few in a usual run.
const FEW: u32 = 250;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn spoilt_bodies_of_push_and_pull_are_answered_and_harm_nothing() {
    let seed = number("FUZZ_SEED").unwrap_or_else(rand::random);
    println!("replay with FUZZ_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let mut town = Town::start(Engine::MariaDb).await;
    let desk = town.desk("station1").await;
    let station = town.desk_station().await;
    let cursor = first_cursor(&desk).await;
    let mut last = 0;
    for _ in 0..number("FUZZ_REQUESTS").unwrap_or(u64::from(FEW)) {
        if random.random_bool(0.5) {
            let pull = json!({"cursor": cursor, "schema": 1, "limit": 5, "confirmed": last, "check": true, "again": ["admin"]});
            let body = spoilt(&pull, &mut random);
            answered(&body, &send(&desk, "/sync/v1/pull", &body).await);
        } else {
            let push = json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": mutations(&desk, &station, last + 1)});
            let body = spoilt(&push, &mut random);
            let answer = send(&desk, "/sync/v1/push", &body).await;
            answered(&body, &answer);
            if answer.status == 200 && answer.body["incarnation"] != 1 {
                // It said so itself: a later life of the store begins to count anew.
                return finish(&mut town).await;
            }
            last = verdicts_are_dense(&body, &answer, last);
        }
    }
    finish(&mut town).await;
}

async fn first_cursor(desk: &Desk) -> String {
    let first = json!({"cursor": null, "schema": 1, "confirmed": 0});
    let page = desk.api().post("/sync/v1/pull", &first).await;
    page.expect(200)["cursor"]
        .as_str()
        .expect("a cursor")
        .to_owned()
}

/// A ticket and its payment.
fn mutations(desk: &Desk, station: &str, first: i64) -> [Value; 2] {
    let (order, quote) = (Uuid::now_v7(), Uuid::now_v7());
    let now = chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let quote = json!({"id": quote, "kind": "final", "book": {"city": "330100", "version": 1, "hash": ""}, "items": iron("10"),
        "lines": [{"category": "metal/iron", "quantity": "10", "unit_price": "1.8", "applied": [], "amount": "18.00"}],
        "total": "18.00", "adjustments": [], "due": "18.00", "created_at": now});
    let ticket = json!({"order_id": order, "station_id": station, "quote": quote});
    let pay = json!({"order_id": order, "payment_id": Uuid::now_v7(), "method": "cash", "amount": "18.00"});
    [
        desk.mutation(first, "ticket.create@1", &ticket),
        desk.mutation(first + 1, "order.pay@1", &pay),
    ]
}

async fn send(desk: &Desk, path: &str, body: &[u8]) -> Answer {
    let request = desk.api().request(reqwest::Method::POST, path);
    desk.api()
        .send(
            request
                .header("Content-Type", "application/json")
                .body(body.to_vec()),
        )
        .await
}

fn answered(body: &[u8], answer: &Answer) {
    let known = matches!(answer.status, 200 | 400 | 403 | 409 | 413 | 415 | 422 | 426);
    let coded = answer.status == 200 || answer.body["code"].is_string();
    assert!(
        known && coded,
        "{}: {} to {}",
        answer.status,
        answer.text,
        String::from_utf8_lossy(body)
    );
}

/// Numbers go on without a gap, and only as far as the request's own.
fn verdicts_are_dense(body: &[u8], answer: &Answer, last: i64) -> i64 {
    if answer.status != 200 {
        return last;
    }
    let now = answer.body["last_mutation"].as_i64().expect("a number");
    let verdicts = answer.body["verdicts"].as_array().expect("verdicts");
    let fresh: Vec<i64> = verdicts
        .iter()
        .filter_map(|verdict| verdict["id"].as_i64())
        .filter(|id| *id > last)
        .collect();
    let expected: Vec<i64> = (last + 1..=now).collect();
    assert_eq!(
        fresh,
        expected,
        "{} to {}",
        answer.text,
        String::from_utf8_lossy(body)
    );
    now
}

async fn finish(town: &mut Town) {
    town.api().get("/readyz").await.expect(200);
    assert_eq!(town.ledger().audit().await, [""; 0]);
    let log = town.world.server.process().log();
    assert!(!log.contains("panicked"), "{log}");
}

/// One of many ways to spoil a body.
fn spoilt(sound: &Value, random: &mut StdRng) -> Vec<u8> {
    let text = sound.to_string();
    let mut bytes = text.clone().into_bytes();
    let (a, b) = (
        random.random_range(0..bytes.len()),
        random.random_range(0..bytes.len()),
    );
    let (from, to) = (a.min(b), a.max(b));
    match random.random_range(0..8) {
        0 => drop(bytes.drain(from..to)),
        1 => bytes[from] = random.random(),
        2 => drop(bytes.splice(from..from, b"[".repeat(from * 20))),
        3 => {
            let again = format!(",\"schema\":{}}}", odd(random));
            bytes.pop();
            bytes.extend(again.into_bytes());
        }
        4 => {}
        _ => {
            let mut value = sound.clone();
            let with = serde_json::from_str(odd(random)).unwrap_or(Value::Null);
            exchange(&mut value, &mut random.random_range(0..60), &with);
            bytes = value.to_string().into_bytes();
        }
    }
    bytes
}

fn odd(random: &mut StdRng) -> &'static str {
    const ODD: [&str; 16] = [
        "99999999999999999999",
        "-1",
        "0",
        "1e300",
        "0.5",
        "null",
        "true",
        "\"\"",
        "[]",
        "{}",
        "\"\\u0000\"",
        "\"9999999999.99\"",
        "9223372036854775807",
        "\"01936a00-0000-7000-8000-000000000001\"",
        "\"-0.01\"",
        "[[[[[[[[1]]]]]]]]",
    ];
    ODD[random.random_range(0..ODD.len())]
}

/// Puts another value at the `nth` place of a walk.
fn exchange(value: &mut Value, nth: &mut i64, with: &Value) {
    *nth -= 1;
    if *nth == 0 {
        *value = with.clone();
        return;
    }
    match value {
        Value::Array(list) => list.iter_mut().for_each(|value| exchange(value, nth, with)),
        Value::Object(map) => map
            .values_mut()
            .for_each(|value| exchange(value, nth, with)),
        _ => {}
    }
}
