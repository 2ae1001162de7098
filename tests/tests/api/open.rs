//! The open API from outside: who signs is let in, once, within the quota; what came through one key is seen by that
//! key alone, and is a pick-up like any other.

use std::collections::BTreeMap;
use std::process::Command;

use blackbox::{
    Answer, Api, Desk, Engine, Server, Town,
    customer::{id, key, number, text},
    goods::{at, booking},
    paths::root,
};
use chrono::Utc;
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::signing::sign;

/// A partner with a key in hand.
#[derive(Clone)]
struct Partner {
    api: Api,
    id: String,
    app_key: String,
    secret: String,
}

impl Partner {
    async fn of(town: &Town, admin: &Desk, wish: &Value) -> Self {
        let made = admin
            .api()
            .post_once("/admin/v1/app-keys", &key(), wish)
            .await;
        let made = made.expect(201);
        Self {
            api: town.api(),
            id: id(made).to_owned(),
            app_key: text(made, "app_key").to_owned(),
            secret: text(made, "secret").to_owned(),
        }
    }

    /// The head of a call, signed now.
    fn head(&self, method: &str, target: &str, body: &str) -> BTreeMap<&'static str, String> {
        let (stamp, nonce) = (
            Utc::now().timestamp().to_string(),
            Uuid::now_v7().simple().to_string(),
        );
        let signature = sign(&self.secret, &[method, target, &stamp, &nonce], body);
        BTreeMap::from([
            ("App-Key", self.app_key.clone()),
            ("Timestamp", stamp),
            ("Nonce", nonce),
            ("Signature", signature),
        ])
    }

    async fn send(
        &self,
        method: Method,
        target: &str,
        head: &BTreeMap<&'static str, String>,
        body: &str,
    ) -> Answer {
        let mut request = self.api.request(method, target).body(body.to_owned());
        for (name, value) in head {
            request = request.header(*name, value);
        }
        self.api.send(request).await
    }

    async fn get(&self, target: &str) -> Answer {
        let head = self.head("GET", target, "");
        self.send(Method::GET, target, &head, "").await
    }

    async fn post(&self, target: &str, body: &Value, once: Option<&str>) -> Answer {
        let body = body.to_string();
        let mut head = self.head("POST", target, &body);
        if let Some(once) = once {
            head.insert("Idempotency-Key", once.to_owned());
        }
        self.send(Method::POST, target, &head, &body).await
    }
}

const QUOTES: &str = "/open/v1/quotes";
const BOOKINGS: &str = "/open/v1/appointments";

blackbox::on_each_database! {
    async fn a_partner_books_looks_moves_and_calls_off_what_is_its_own_and_nobody_elses(db) {
        let town = Town::start(db.engine()).await;
        let admin = town.desk("admin").await;
        let one = Partner::of(&town, &admin, &json!({"name": "便民小程序"})).await;
        let two = Partner::of(&town, &admin, &json!({"name": "另一家"})).await;

        let body = booking(&at(1, 10));
        assert_eq!(one.post(BOOKINGS, &body, None).await.expect_problem(428), "idempotency_key_required");
        let once = key();
        let made = one.post(BOOKINGS, &body, Some(&once)).await.expect(201).clone();
        assert_eq!(made["user_id"], Value::Null);
        let again = one.post(BOOKINGS, &body, Some(&once)).await.expect(201).clone();
        assert_eq!(id(&again), id(&made), "the same request takes effect once");

        let (own, order) = (format!("{BOOKINGS}/{}", id(&made)), format!("/open/v1/orders/{}", text(&made, "order_id")));
        assert_eq!(one.get(&own).await.expect(200)["id"], made["id"]);
        assert_eq!(one.get(&order).await.expect(200)["appointment_id"], made["id"]);
        for strange in [&own, &order] {
            assert_eq!(two.get(strange).await.expect_problem(404), "not_found");
        }
        let cancel = json!({"reason": "customer_request", "expect_version": 1});
        assert_eq!(two.post(&format!("{own}/cancel"), &cancel, None).await.expect_problem(404), "not_found");
        let later = json!({"appointment_time": at(2, 14), "expect_version": 1});
        assert_eq!(two.post(&format!("{own}/reschedule"), &later, None).await.expect_problem(404), "not_found");

        let moved = one.post(&format!("{own}/reschedule"), &later, None).await.expect(200).clone();
        assert_eq!(moved["slot"]["start"], "14:00");
        let late = one.post(&format!("{own}/cancel"), &cancel, None).await;
        assert_eq!(late.expect_problem(409), "version_conflict");
        let cancel = json!({"reason": "customer_request", "expect_version": number(&moved, "version")});
        let ended = one.post(&format!("{own}/cancel"), &cancel, None).await.expect(200).clone();
        assert_eq!((&ended["status"], &ended["cancellation"]["by"]), (&json!(3), &json!("partner")));

        let outbox = "SELECT COUNT(*) FROM open_visits v JOIN appointments a ON a.id = v.appointment_id WHERE a.user_id IS NULL";
        assert_eq!(town.world.database.count(outbox).await, 1);
    }

    async fn a_list_is_a_partners_own_and_goes_on_where_its_page_ended(db) {
        let town = Town::start(db.engine()).await;
        let admin = town.desk("admin").await;
        let one = Partner::of(&town, &admin, &json!({"name": "便民小程序"})).await;
        let two = Partner::of(&town, &admin, &json!({"name": "另一家"})).await;
        let mut made = Vec::new();
        for hour in [8, 10, 12, 14, 16] {
            let who = if hour == 12 { &two } else { &one };
            let visit = who.post(BOOKINGS, &booking(&at(1, hour)), Some(&key())).await.expect(201).clone();
            if hour != 12 {
                made.push(id(&visit).to_owned());
            }
        }
        made.reverse();
        let first = one.get(&format!("{BOOKINGS}?limit=3")).await.expect(200).clone();
        let after = text(&first, "next");
        let second = one.get(&format!("{BOOKINGS}?limit=3&after={after}")).await.expect(200).clone();
        let seen: Vec<String> = [&first, &second].iter().flat_map(|page| page["items"].as_array().unwrap()).map(|v| id(v).to_owned()).collect();
        assert_eq!(seen, made);
        assert_eq!(second["next"], Value::Null);
        let foreign = two.get(&format!("{BOOKINGS}?after={after}")).await;
        assert_eq!(foreign.expect_problem(422), "validation_failed", "a cursor is of its caller");
    }

    async fn a_call_is_let_in_once_whatever_instance_it_comes_to(db) {
        let town = Town::start(db.engine()).await;
        let admin = town.desk("admin").await;
        let partner = Partner::of(&town, &admin, &json!({"name": "便民小程序"})).await;
        let second: Server = town.world.server.setup().start().await;
        let elsewhere = Partner { api: second.api(), ..partner.clone() };

        let target = "/open/v1/slots?division=330106&date=2026-01-01";
        let head = partner.head("GET", target, "");
        assert_eq!(partner.send(Method::GET, target, &head, "").await.status, 422, "let in; the day is past");
        assert_eq!(partner.send(Method::GET, target, &head, "").await.expect_problem(401), "nonce_used");
        assert_eq!(elsewhere.send(Method::GET, target, &head, "").await.expect_problem(401), "nonce_used");

        let (body, other) = (r#"{"city":"330100","items":[]}"#, r#"{"city":"330100","items":[1]}"#);
        let head = partner.head("POST", QUOTES, body);
        let changed = partner.send(Method::POST, QUOTES, &head, other).await;
        assert_eq!(changed.expect_problem(401), "signature_wrong");
        assert_eq!(changed.header("www-authenticate"), "HMAC-SHA256");
        assert_eq!(partner.send(Method::POST, "/open/v1/quotes?a=1", &head, body).await.expect_problem(401), "signature_wrong");
        assert_eq!(partner.send(Method::POST, QUOTES, &head, body).await.expect_problem(422), "validation_failed", "what failed used nothing up");
    }

    async fn a_key_is_rotated_with_both_secrets_good_and_ends_at_once(db) {
        let town = Town::start(db.engine()).await;
        let admin = town.desk("admin").await;
        let old = Partner::of(&town, &admin, &json!({"name": "便民小程序"})).await;
        let calls = "/open/v1/categories?city=330100";
        let rotate = format!("/admin/v1/app-keys/{}/rotate", old.id);
        let once = key();
        let rotated = admin.api().post_once(&rotate, &once, &json!({})).await.expect(200).clone();
        let again = admin.api().post_once(&rotate, &once, &json!({})).await.expect(200).clone();
        assert_eq!((&rotated["secret"], &rotated["generation"]), (&again["secret"], &json!(2)), "once, and shown again");
        let new = Partner { secret: text(&rotated, "secret").to_owned(), ..old.clone() };
        for partner in [&old, &new] {
            partner.get(calls).await.expect(200);
        }
        town.world.database.execute("UPDATE app_keys SET previous_until = UTC_TIMESTAMP()").await;
        assert_eq!(old.get(calls).await.expect_problem(401), "signature_wrong", "a day later");
        new.get(calls).await.expect(200);

        let stored = "SELECT COUNT(*) FROM idempotency_keys WHERE answer LIKE '%secret%'";
        assert_eq!(town.world.database.count(stored).await, 0, "no secret is kept");
        let listed = admin.api().get("/admin/v1/app-keys").await.expect(200).clone();
        assert_eq!(listed["items"][0]["secret"], Value::Null);

        assert_eq!(admin.api().delete(&format!("/admin/v1/app-keys/{}", old.id)).await.status, 204);
        assert_eq!(new.get(calls).await.expect_problem(401), "app_key_revoked");
        assert_eq!(admin.api().post_once(&rotate, &key(), &json!({})).await.expect_problem(409), "app_key_revoked");
        let station = town.desk("station1").await;
        assert_eq!(station.api().get("/admin/v1/app-keys").await.expect_problem(403), "forbidden");
    }

    async fn a_day_has_so_many_calls_and_says_how_many_are_left(db) {
        let town = Town::start(db.engine()).await;
        let admin = town.desk("admin").await;
        let partner = Partner::of(&town, &admin, &json!({"name": "便民小程序", "daily_quota": 3})).await;
        let calls = "/open/v1/categories?city=330100";
        for left in ["2", "1", "0"] {
            let answer = partner.get(calls).await;
            answer.expect(200);
            assert_eq!((answer.header("quota-limit"), answer.header("quota-remaining")), ("3", left));
        }
        let over = partner.get(calls).await;
        assert_eq!(over.expect_problem(429), "quota_exceeded");
        let wait: u32 = over.header("retry-after").parse().unwrap();
        assert!((1..=86_401).contains(&wait));
        let counted = "SELECT CAST(SUM(calls) AS SIGNED) FROM open_calls";
        assert_eq!(town.world.database.count(counted).await, 3, "what is refused is not counted");
    }
}

#[tokio::test]
async fn who_does_not_sign_or_signs_at_another_time_learns_nothing() {
    let town = Town::start(Engine::MariaDb).await;
    let admin = town.desk("admin").await;
    let partner = Partner::of(&town, &admin, &json!({"name": "便民小程序"})).await;
    let target = "/open/v1/categories?city=330100";
    assert_eq!(
        town.api().get(target).await.expect_problem(401),
        "signature_incomplete"
    );
    for left_out in ["App-Key", "Nonce", "Signature"] {
        let mut head = partner.head("GET", target, "");
        head.remove(left_out);
        let answer = partner.send(Method::GET, target, &head, "").await;
        assert_eq!(
            answer.expect_problem(401),
            "signature_incomplete",
            "{left_out}"
        );
    }
    let mut early = partner.head("GET", target, "");
    early.insert("Timestamp", (Utc::now().timestamp() - 301).to_string());
    let answer = partner.send(Method::GET, target, &early, "").await;
    assert_eq!(answer.expect_problem(401), "timestamp_off");
    assert!(answer.body["server_time"].is_string());
    let stranger = Partner {
        app_key: "hs00000000000000000000000000000000".to_owned(),
        ..partner.clone()
    };
    let forger = Partner {
        secret: "0".repeat(64),
        ..partner
    };
    let (unknown, forged) = (stranger.get(target).await, forger.get(target).await);
    assert_eq!(unknown.expect_problem(401), forged.expect_problem(401));
}

#[tokio::test]
async fn the_manual_is_a_page_that_runs_nothing_of_its_own() {
    let town = Town::start(Engine::MariaDb).await;
    for path in ["/docs", "/docs/open"] {
        let page = town.api().get(path).await;
        assert_eq!(page.status, 200);
        let policy = page.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("unsafe"),
            "{path}: {policy}"
        );
        let inline = ["<style", "style=\"", "<script>", "onclick="];
        assert!(
            !inline.iter().any(|part| page.text.contains(part)),
            "{path}"
        );
    }
    for file in ["/docs/page.css", "/docs/page.js"] {
        assert_eq!(town.api().get(file).await.status, 200, "{file}");
    }
    let page = town.api().get("/docs/open").await.text;
    assert!(page.contains("HMAC-SHA256") && page.contains("<table>"));
}

#[test]
fn the_manuals_examples_compute_the_signature_it_shows() {
    let manual = std::fs::read_to_string(root().join("docs/open-api.md")).unwrap();
    let block = |language: &str| {
        let open = format!("```{language}\n");
        let rest = manual
            .split(&open)
            .nth(1)
            .unwrap_or_else(|| panic!("{language}"));
        rest.split("```").next().unwrap().to_owned()
    };
    let case: Value = serde_json::from_str(&block("json")).unwrap();
    let of = |name| text(&case, name);
    let parts = [of("method"), of("target"), of("timestamp"), of("nonce")];
    assert_eq!(sign(of("secret"), &parts, of("body")), of("signature"));
    for (language, program, flag) in [
        ("python", "python3", "-c"),
        ("javascript", "node", "-e"),
        ("bash", "bash", "-c"),
    ] {
        let code = block(language);
        let done = Command::new(program)
            .args([flag, &code])
            .output()
            .unwrap_or_else(|error| panic!("{program}: {error}"));
        let said = String::from_utf8_lossy(&done.stdout);
        assert_eq!(said.trim(), of("signature"), "{language}");
    }
}
