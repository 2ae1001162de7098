//! What administrators and staff write with an idempotency key happens once, also when asked by two at once, and no
//! secret is kept with the answer.

use super::{
    http::{Laptop, PASSWORD, hire, serve},
    support::{CITY, Ground},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use blackbox::{
    Database,
    http::{Answer, Api},
    on_each_database,
};
use chrono::TimeDelta;
use huishou_domain::{price_book, staff::Role};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Writes without a key by design: each is harmless when repeated, nobody is signed in yet whose the key could be, and
/// all but the first hand out secrets.
const UNKEYED: [&str; 4] = [
    "post /staff/v1/devices",
    "post /staff/v1/devices/{id}/recovery",
    "post /staff/v1/sessions",
    "post /staff/v1/sessions/refresh",
];

/// A write, another one on the same route, and what counts its effect.
struct Write {
    method: Method,
    path: String,
    body: Value,
    other: Value,
    counted: String,
}

impl Write {
    fn new(method: Method, path: &str, (body, other): (Value, Value), counted: &str) -> Self {
        Self {
            method,
            path: path.to_owned(),
            body,
            other,
            counted: counted.to_owned(),
        }
    }

    async fn send(&self, api: &Api, key: &str, body: &Value) -> Answer {
        let request = api.request(self.method.clone(), &self.path);
        api.send(request.header("Idempotency-Key", key).json(body))
            .await
    }
}

fn key() -> String {
    Uuid::now_v7().simple().to_string()
}

/// The depot's day after tomorrow.
fn day(ground: &Ground) -> String {
    let date = (ground.app.now() + TimeDelta::hours(8) + TimeDelta::days(2)).date_naive();
    format!("/admin/v1/slots?station={}&date={date}", ground.west)
}

fn places(capacity: u32) -> Value {
    json!({"items": [{"start": "10:00", "end": "12:00", "capacity": capacity}]})
}

fn person(ground: &Ground, username: &str) -> Value {
    json!({"username": username, "name": "新来的", "role": "collector", "station_id": ground.west, "password": PASSWORD})
}

fn book(from: &str) -> Value {
    let rules = serde_json::to_value(price_book::demo().rules).unwrap();
    json!({"city": CITY, "effective_from": from, "rules": rules})
}

/// Every write of the desk that honours a key. The last one is the caller's own password.
async fn writes(ground: &Ground, boss: &Api) -> Vec<Write> {
    let mut phone = ground.device(ground.zhang).await;
    let booked = ground.booking(Some(ground.li)).await;
    for appointment in [booked.appointment.0, Uuid::now_v7()] {
        let args = json!({"appointment_id": appointment});
        phone.push("appointment.start", &args).await;
    }
    let first = async |list: &str| {
        let page = boss.get(&format!("/admin/v1/{list}")).await;
        page.expect(200)["items"][0]["id"]
            .to_string()
            .replace('"', "")
    };
    let (review, dispute) = (first("reviews").await, first("disputed").await);
    let depot = |code: &str, district: &str| json!({"code": code, "name": "滨江站", "city": CITY, "divisions": [district]});
    let resolution = |text: &str| json!({ "resolution": text });
    let passwords = |new: &str| json!({"old": PASSWORD, "new": new});
    let li = ground.li.0;
    vec![
        Write::new(
            Method::POST,
            "/admin/v1/pairing-codes",
            (json!({}), json!({"station_id": ground.west})),
            "SELECT COUNT(*) FROM pairing_codes",
        ),
        Write::new(
            Method::POST,
            "/admin/v1/staff",
            (person(ground, "zhou"), person(ground, "zhou2")),
            "SELECT COUNT(*) FROM staff",
        ),
        Write::new(
            Method::PATCH,
            &format!("/admin/v1/staff/{li}"),
            (json!({"name": "李"}), json!({"name": "李四"})),
            &format!(
                "SELECT version FROM staff WHERE id = UNHEX('{}')",
                li.simple()
            ),
        ),
        Write::new(
            Method::POST,
            "/admin/v1/price-books",
            (
                book("2026-12-01T00:00:00+08:00"),
                book("2026-12-02T00:00:00+08:00"),
            ),
            "SELECT COUNT(*) FROM price_books",
        ),
        Write::new(
            Method::POST,
            "/admin/v1/stations",
            (depot("binjiang", "330108"), depot("xiaoshan", "330109")),
            "SELECT COUNT(*) FROM stations",
        ),
        Write::new(
            Method::PUT,
            &day(ground),
            (places(2), places(3)),
            "SELECT COUNT(*) FROM slots",
        ),
        Write::new(
            Method::POST,
            &format!("/admin/v1/disputed/{dispute}/resolve"),
            (resolution("已电话核实"), resolution("再次")),
            "SELECT COUNT(*) FROM disputed_records WHERE resolved_at IS NOT NULL",
        ),
        Write::new(
            Method::POST,
            &format!("/admin/v1/reviews/{review}/resolve"),
            (Value::Null, Value::Null),
            "SELECT COUNT(*) FROM reviews WHERE closed = 1",
        ),
        Write::new(
            Method::POST,
            "/staff/v1/password",
            (passwords("另一个密码 2026"), passwords("第三个密码 2026")),
            "SELECT COUNT(*) FROM refresh_chains WHERE revoked_for = 'new_password'",
        ),
    ]
}

/// Four at once and one after all: one effect, one answer; then another request with the same key.
async fn happens_once(db: &Database, api: &Api, write: &Write) {
    let (before, key) = (db.count(&write.counted).await, key());
    let one = || write.send(api, &key, &write.body);
    let (a, b, c, d) = tokio::join!(one(), one(), one(), one());
    let again = one().await;
    assert!((200..300).contains(&a.status), "{}: {}", write.path, a.text);
    for answer in [&b, &c, &d, &again] {
        assert_eq!(
            (answer.status, &answer.body),
            (a.status, &a.body),
            "{} {}: the first answer again",
            write.method,
            write.path
        );
    }
    let after = db.count(&write.counted).await;
    assert_eq!(after, before + 1, "{}: one effect", write.path);
    if write.other != write.body {
        let other = write.send(api, &key, &write.other).await;
        assert_eq!(other.expect_problem(422), "idempotency_mismatch");
        assert_eq!(db.count(&write.counted).await, after, "{}", write.path);
    }
}

on_each_database! {
    async fn each_write_of_the_desk_with_a_key_happens_once_also_when_asked_at_once(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let laptop = Laptop::register(&ground, &api).await;
        let (boss, _) = laptop.sign_in("boss").await;
        laptop.sign_in("boss").await;
        for write in writes(&ground, &boss).await {
            happens_once(db, &boss, &write).await;
        }
    }

    async fn an_answer_given_again_changes_nothing_that_came_after_it(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let (boss, _) = Laptop::register(&ground, &api).await.sign_in("boss").await;
        let set = Write::new(Method::PUT, &day(&ground), (places(2), places(3)), "");
        let (first, later) = (key(), key());
        set.send(&boss, &first, &places(2)).await.expect(200);
        set.send(&boss, &later, &places(3)).await.expect(200);
        assert_eq!(set.send(&boss, &first, &places(2)).await.expect(200)["items"][0]["capacity"], 2, "as it was answered then");
        assert_eq!(boss.get(&day(&ground)).await.expect(200)["items"][0]["capacity"], 3, "as it is");
        let elsewhere = format!("{}&x=1", day(&ground));
        let elsewhere = Write::new(Method::PUT, &elsewhere, (places(2), places(2)), "");
        assert_eq!(elsewhere.send(&boss, &first, &places(2)).await.expect_problem(422), "idempotency_mismatch", "the query is part of what is asked");
    }

    async fn a_key_is_its_callers_own_and_a_refused_form_leaves_it_free(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        for name in ["boss", "chief"] {
            hire(&ground, name, Role::Admin).await;
        }
        let laptop = Laptop::register(&ground, &api).await;
        let ((boss, _), (chief, _)) = (laptop.sign_in("boss").await, laptop.sign_in("chief").await);
        let (once, new) = (key(), person(&ground, "zhou"));
        boss.post_once("/admin/v1/staff", &once, &json!({})).await.expect(422);
        boss.post_once("/admin/v1/staff", &once, &new).await.expect(201);
        assert_eq!(chief.post_once("/admin/v1/staff", &once, &new).await.expect(422)["errors"][0]["code"], "taken");
        assert_eq!(laptop.try_sign_in("zhou").await.status, 200, "a password goes through as it was given");
        let two = [boss.post("/admin/v1/price-books", &book("2026-12-01T00:00:00+08:00")).await, boss.post("/admin/v1/price-books", &book("2026-12-01T00:00:00+08:00")).await];
        assert_eq!((&two[0].expect(201)["version"], &two[1].expect(201)["version"]), (&json!(2), &json!(3)), "without a key each is a publication");
    }

    async fn no_secret_is_kept_with_the_key_and_a_pairing_code_comes_again_all_the_same(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let (boss, _) = Laptop::register(&ground, &api).await.sign_in("boss").await;
        let once = key();
        let made = boss.post_once("/admin/v1/pairing-codes", &once, &json!({})).await.expect(201).clone();
        let again = boss.post_once("/admin/v1/pairing-codes", &once, &json!({})).await.expect(201).clone();
        assert_eq!(made, again, "the answer was lost: the same code");
        boss.post_once("/admin/v1/staff", &key(), &person(&ground, "zhou")).await.expect(201);
        let code = made["code"].as_str().unwrap();
        let kept = db.texts("SELECT CONCAT(answer, ' ', HEX(fingerprint)) FROM idempotency_keys").await;
        assert_eq!(kept.len(), 2);
        assert!(kept.iter().all(|row| !row.contains(code) && !row.contains(PASSWORD)), "{kept:?}");
        assert!(kept.iter().any(|row| row.contains("seed")), "only what it is made from with the server's key: {kept:?}");
        let public_key = STANDARD.encode(ed25519_dalek::SigningKey::from_bytes(&[9; 32]).verifying_key().to_bytes());
        let device = json!({"pairing_code": code, "name": "平板", "platform": "linux", "public_key": public_key});
        api.post("/staff/v1/devices", &device).await.expect(201);
    }

    async fn guesses_at_a_password_under_a_known_key_are_counted(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let (boss, _) = Laptop::register(&ground, &api).await.sign_in("boss").await;
        let once = key();
        let new = |new: String| json!({"old": PASSWORD, "new": new});
        boss.post_once("/staff/v1/password", &once, &new("另一个密码 2026".to_owned())).await.expect(204);
        for guess in 0..8 {
            let answer = boss.post_once("/staff/v1/password", &once, &new(format!("再猜一个密码 no. {guess}"))).await;
            assert_eq!(answer.expect_problem(422), "idempotency_mismatch");
        }
        let answer = boss.post_once("/staff/v1/password", &once, &new("再猜一个密码 2026".to_owned())).await;
        assert_eq!(answer.expect_problem(429), "too_many_attempts");
    }

    async fn the_key_is_looked_at_wherever_it_is_described_and_described_on_every_write(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let (boss, _) = Laptop::register(&ground, &api).await.sign_in("boss").await;
        let token = ground.app.tokens.customer(Uuid::now_v7(), Uuid::now_v7(), ground.app.now()).unwrap();
        let customer = api.with_token(&token);
        let document = api.get("/openapi.json").await.expect(200).clone();
        let (mut unkeyed, mut keyed) = (Vec::new(), 0);
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let described = operation["parameters"].as_array().is_some_and(|all| all.iter().any(|p| p["name"] == "Idempotency-Key" && p["in"] == "header"));
                let of_the_desk = path.starts_with("/admin/") || path.starts_with("/staff/");
                // A partner is asked for a signature first.
                if path.starts_with("/open/") {
                    continue;
                }
                if !described {
                    if of_the_desk && ["post", "put", "patch"].contains(&method.as_str()) {
                        unkeyed.push(format!("{method} {path}"));
                    }
                    continue;
                }
                keyed += 1;
                let caller = if of_the_desk { &boss } else { &customer };
                let at = path.replace("{id}", &Uuid::now_v7().to_string());
                let request = caller.request(method.to_uppercase().parse().unwrap(), &at).header("Idempotency-Key", "short").json(&json!({}));
                assert_eq!(caller.send(request).await.expect_problem(400), "idempotency_key_invalid", "{method} {path}");
            }
        }
        unkeyed.retain(|write| !UNKEYED.contains(&write.as_str()));
        assert_eq!(unkeyed, Vec::<String>::new(), "writes that ignore the key");
        assert!(keyed >= 18, "{keyed} operations with a key");
    }
}
