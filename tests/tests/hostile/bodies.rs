//! Every body the interface publishes an example of, spoilt in every place with every kind of value: never a 5xx,
//! never a panic, and what is refused leaves no trace.

use std::collections::BTreeMap;

use blackbox::customer::text;
use blackbox::desk::{credentials, device_key, registration, renewal};
use blackbox::goods::at;
use blackbox::{Answer, Customer, Desk, Engine, Town};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::tokens::{Operation, call, published};
use crate::values::{books, calm, refused, spoilt};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_published_body_may_be_spoilt_anywhere_and_nothing_breaks() {
    let mut town = Town::start(Engine::MariaDb).await;
    let (document, operations) = published(&town.api()).await;
    let customer = Customer::login(&town.world, "wang").await;
    let visit = customer.book(&blackbox::goods::at(2, 10)).await;
    let admin = town.desk("admin").await;
    let (mut count, mut unexplained) = (BTreeMap::new(), Vec::new());
    for operation in operations.iter().filter(|operation| operation.has_body()) {
        let published = example(&document, operation);
        if published.is_none() {
            unexplained.push(operation.name());
        }
        let Some(example) = alive(&town, &admin, operation).await.or(published) else {
            continue;
        };
        let mut limited = match is_limited(operation) {
            true => Some(Limited::begin(&town).await),
            false => None,
        };
        let id = if operation.path.contains("/appointments/") {
            visit["id"].as_str().unwrap().to_owned()
        } else {
            Uuid::now_v7().to_string()
        };
        let path = operation.path_with(&id);
        let mut before = books(&town).await;
        for (what, body) in spoilt(&example) {
            let what = format!("{}: {what}", operation.name());
            if limited
                .as_ref()
                .is_some_and(|limited| limited.failures == 4)
            {
                limited = Some(Limited::begin(&town).await);
                before = books(&town).await;
            }
            let api = match &limited {
                Some(limited) => limited.desk.api(),
                None if operation.path.starts_with("/api/") => &customer.api,
                None => admin.api(),
            };
            let answer = call(api, operation, &path, Some(&body.to_string())).await;
            if let Some(limited) = &mut limited {
                limited.note(&town, &body, &answer).await;
            }
            if answer.status < 300 {
                before = books(&town).await;
                *count.entry("taken").or_insert(0) += 1;
                continue;
            }
            refused(&answer, &what);
            assert_eq!(
                books(&town).await,
                before,
                "{what}: refused, yet something was written: {}",
                answer.text
            );
            *count.entry("refused").or_insert(0) += 1;
        }
    }
    calm(&town.world.server.process().log());
    println!("spoilt bodies: {count:?}");
    assert_eq!(
        unexplained, [""; 0],
        "every operation publishes an example of its body"
    );
    assert!(count["refused"] > 1_000);
}

/// A body that this town would take, where the published example names devices and codes of nobody.
async fn alive(town: &Town, admin: &Desk, operation: &Operation) -> Option<Value> {
    let key = device_key();
    let device = admin.device_id();
    let station = town.desk_station().await;
    Some(match operation.name().as_str() {
        "POST /staff/v1/devices" => registration(&town.pairing_code().await, &key),
        "POST /staff/v1/sessions" => credentials(device, "admin", town.password(), admin.key()),
        "POST /staff/v1/password" => json!({"old": town.password(), "new": "一个新的好密码 2026"}),
        "POST /staff/v1/sessions/refresh" => {
            renewal(device, text(&admin.session, "refresh_token"), admin.key())
        }
        "POST /admin/v1/pairing-codes" => json!({"station_id": station}),
        "POST /admin/v1/staff" => json!({
            "username": "newcomer", "name": "新来的", "role": "collector", "station_id": station, "password": "a good password",
        }),
        "POST /admin/v1/price-books" => {
            let rules = json!([{
                "category": "metal/iron", "name": "废铁", "unit": "kg", "base_price": "1.80",
                "factors": [{"field": "grade", "condition": "in", "operand": ["light", "thin"], "operation": "multiply", "value": "0.75"}],
            }]);
            json!({"city": "330100", "effective_from": at(20, 0), "rules": rules})
        }
        "POST /sync/v1/push" => {
            let start = json!({"appointment_id": Uuid::now_v7()});
            json!({
                "schema": 1, "incarnation": 1, "confirmed": 0, "device": device,
                "mutations": [admin.mutation(1, "appointment.start@1", &start)],
            })
        }
        "POST /sync/v1/pull" => {
            json!({"cursor": null, "schema": 1, "limit": 10, "confirmed": 0, "check": true})
        }
        _ => return None,
    })
}

/// Failures count against a person on a device, and a success changes the password: it is changed on a person and
/// devices of its own.
fn is_limited(operation: &Operation) -> bool {
    operation.path.ends_with("/staff/v1/password")
}

/// A person who changes the password, on another device after a few wrong ones.
struct Limited {
    desk: Desk,
    failures: usize,
}

impl Limited {
    async fn begin(town: &Town) -> Self {
        Self {
            desk: town.desk("station1").await,
            failures: 0,
        }
    }

    /// Counts a wrong password, and takes a new one back.
    async fn note(&mut self, town: &Town, body: &Value, answer: &Answer) {
        assert_ne!(
            answer.status, 429,
            "{body}: too many attempts hide the answer"
        );
        if answer.body["code"] == "bad_credentials" {
            self.failures += 1;
        }
        if answer.status < 300 {
            let back = json!({"old": body["new"], "new": town.password()});
            let restored = self.desk.api().post("/staff/v1/password", &back).await;
            assert_eq!(
                restored.status, 204,
                "{body}: taken as it was sent: {}",
                restored.text
            );
        }
    }
}

/// The body's published example.
fn example(document: &Value, operation: &Operation) -> Option<Value> {
    let content = &operation.described["requestBody"]["content"]["application/json"];
    let schema = resolve(document, &content["schema"]);
    let first = content["examples"]
        .as_object()
        .and_then(|all| all.values().next());
    [
        &content["example"],
        &first.map_or(Value::Null, |e| e["value"].clone()),
        &schema["example"],
        &schema["examples"][0],
    ]
    .into_iter()
    .find(|example| example.is_object())
    .cloned()
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(name) => document
            .pointer(name.trim_start_matches('#'))
            .unwrap_or_else(|| panic!("{name} is published")),
        None => schema,
    }
}
