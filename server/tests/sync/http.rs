//! The same by the front door: staff, administrators and sync over HTTP.

use super::support::{CITY, Ground, weigh};
use base64::{Engine, engine::general_purpose::STANDARD};
use blackbox::{
    http::{Answer, Api},
    on_each_database,
};
use chrono::TimeDelta;
use ed25519_dalek::{Signer, SigningKey};
use huishou_domain::staff::Role;
use huishou_server::{
    admin::people::{self, NewPerson},
    routes,
    staff::pairing,
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use uuid::Uuid;

pub const PASSWORD: &str = "一个好密码 2026";

/// The interface on a free port.
pub async fn serve(ground: &Ground) -> Api {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service =
        routes::router(ground.app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Api::new(&format!("http://{address}"))
}

/// A registered laptop with its key.
pub struct Laptop {
    pub api: Api,
    key: SigningKey,
    pub id: String,
}

impl Laptop {
    pub async fn register(ground: &Ground, api: &Api) -> Self {
        let code = pairing::new_code();
        let now = ground.app.now();
        let hash = pairing::hash(&ground.app.desk.pairing_key, &code);
        let mut connection = ground.app.db.read().await.unwrap();
        let term = (now, now + TimeDelta::hours(1));
        huishou_server::store::pairing::insert(
            &mut connection,
            hash,
            Some(ground.west),
            None,
            term,
        )
        .await
        .unwrap();
        let key =
            SigningKey::from_bytes(&std::array::from_fn(|i| Uuid::new_v4().as_bytes()[i % 16]));
        let public_key = STANDARD.encode(key.verifying_key().to_bytes());
        let body = json!({"pairing_code": code, "name": "平板 𠮷 <b>", "platform": "linux", "public_key": public_key});
        let made = api
            .post("/staff/v1/devices", &body)
            .await
            .expect(201)
            .clone();
        assert_eq!(
            made["device"]["name"], "平板 𠮷 <b>",
            "text comes back letter for letter"
        );
        Self {
            api: api.clone(),
            key,
            id: made["device"]["id"].as_str().unwrap().to_owned(),
        }
    }

    pub fn sign(&self, text: &str) -> String {
        STANDARD.encode(self.key.sign(text.as_bytes()).to_bytes())
    }

    pub async fn try_sign_in(&self, username: &str) -> Answer {
        let time = "2026-11-23T02:00:00.000Z";
        let signature = self.sign(&format!("huishou-session\n{}\n{username}\n{time}", self.id));
        let body = json!({"username": username, "password": PASSWORD, "device": self.id, "signature": signature, "client_time": time});
        self.api.post("/staff/v1/sessions", &body).await
    }

    pub async fn sign_in(&self, username: &str) -> (Api, Value) {
        let session = self.try_sign_in(username).await.expect(200).clone();
        (
            self.api
                .with_token(session["access_token"].as_str().unwrap()),
            session,
        )
    }
}

pub async fn hire(ground: &Ground, username: &str, role: Role) -> Uuid {
    let station = (!role.plans_everywhere()).then_some(ground.west);
    let new = NewPerson {
        username: username.to_owned(),
        name: username.to_owned(),
        role,
        station,
    };
    let made = people::add(&ground.app, &new, PASSWORD.to_owned(), None)
        .await
        .unwrap();
    made.body["id"].as_str().unwrap().parse().unwrap()
}

on_each_database! {
    async fn a_device_registers_signs_in_pulls_weighs_and_pulls_again(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        let wang = hire(&ground, "wang", Role::Collector).await;
        let booked = ground.booking(Some(huishou_domain::ids::StaffId(wang))).await;
        let laptop = Laptop::register(&ground, &api).await;
        let (api, session) = laptop.sign_in("wang").await;
        assert_eq!(session["scopes"].as_array().unwrap().len(), 2);
        assert_eq!(session["staff"]["station_name"], "west");
        let first = api.post("/sync/v1/pull", &json!({"schema": 1, "check": true})).await.expect(200).clone();
        assert_eq!((&first["complete"], first["checks"].as_object().unwrap().len()), (&json!(true), 2));
        let mutation = json!({"id": 1, "uid": Uuid::now_v7(), "name": "order.weigh@1", "actor": wang, "args": weigh(booked.order),
            "client_time": "2026-11-23T02:00:00.000Z"});
        let push = json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": [mutation]});
        let pushed = api.post("/sync/v1/push", &push).await.expect(200).clone();
        assert_eq!(pushed["verdicts"][0]["outcome"], "applied");
        assert_eq!(pushed["last_mutation"], 1);
        let second = api.post("/sync/v1/pull", &json!({"schema": 1, "cursor": first["cursor"]})).await.expect(200).clone();
        let order = second["puts"].as_array().unwrap().iter().find(|put| put["kind"] == "order").unwrap().clone();
        assert_eq!((&order["body"]["due"], &second["last_mutation"]), (&json!("11.00"), &json!(1)));
        let checks = api.post("/sync/v1/check", &json!({})).await.expect(200).clone();
        assert_eq!(checks["checks"].as_object().unwrap().len(), 2);
        assert_eq!(api.post("/sync/v1/pull", &json!({"schema": 1, "cursor": "AAAA"})).await.expect_problem(400), "bad_cursor");
        let refreshed = laptop.api.post("/staff/v1/sessions/refresh", &json!({"refresh_token": session["refresh_token"], "device": laptop.id,
            "signature": laptop.sign(&format!("huishou-refresh\n{}\n{}", laptop.id, session["refresh_token"].as_str().unwrap()))})).await.expect(200).clone();
        assert_ne!(refreshed["refresh_token"], session["refresh_token"]);
        assert_eq!(api.delete("/staff/v1/sessions").await.status, 204);
        assert_eq!(api.post("/sync/v1/check", &json!({})).await.expect_problem(401), "session_ended");
    }

    async fn administrators_do_what_only_they_may(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        hire(&ground, "wang", Role::Collector).await;
        let laptop = Laptop::register(&ground, &api).await;
        let (boss, _) = laptop.sign_in("boss").await;
        let (wang, _) = laptop.sign_in("wang").await;
        for path in ["staff", "stations", "devices", "price-books?city=330100", "reviews", "disputed"] {
            let path = format!("/admin/v1/{path}");
            assert_eq!(wang.get(&path).await.expect_problem(403), "forbidden", "{path}");
            assert_eq!(api.get(&path).await.expect_problem(401), "missing_token", "{path}");
            boss.get(&path).await.expect(200);
        }
        for path in ["pairing-codes", "staff", "price-books", "reviews/1/resolve"] {
            assert_eq!(wang.post(&format!("/admin/v1/{path}"), &json!({})).await.expect_problem(403), "forbidden", "{path}");
        }
        let code = boss.post("/admin/v1/pairing-codes", &json!({"station_id": ground.east})).await.expect(201).clone();
        assert_eq!(code["code"].as_str().unwrap().len(), 8);
        let wrong = boss.post("/admin/v1/pairing-codes", &json!({"station_id": Uuid::now_v7()})).await;
        assert_eq!(wrong.expect_problem(422), "validation_failed");
        let hired = json!({"username": "zhou.1", "name": "周师傅 '; DROP TABLE staff; --", "role": "collector", "station_id": ground.west, "password": "八个字符的密码呀"});
        let person = boss.post("/admin/v1/staff", &hired).await.expect(201).clone();
        assert_eq!(person["name"], hired["name"], "stored and shown literally");
        assert_eq!(boss.post("/admin/v1/staff", &hired).await.expect(422)["errors"][0]["code"], "taken");
        let all_wrong = boss.post("/admin/v1/staff", &json!({"username": 7, "name": "", "role": "king", "station_id": "x", "password": "short"})).await;
        let fields: Vec<_> = all_wrong.expect(422)["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect();
        assert_eq!(fields, ["username", "name", "role", "station_id", "password"], "every bad field at once");
        let rules = serde_json::to_value(huishou_domain::price_book::demo().rules).unwrap();
        let book = json!({"city": CITY, "effective_from": "2026-12-01T00:00:00+08:00", "rules": rules});
        let published = boss.post("/admin/v1/price-books", &book).await.expect(201).clone();
        assert_eq!(published["version"], 2);
        let bad = json!({"city": CITY, "effective_from": "2026-12-01T00:00:00+08:00", "rules": [{"category": "x"}]});
        assert_eq!(boss.post("/admin/v1/price-books", &bad).await.expect(422)["errors"][0]["code"], "invalid_book");
        assert_eq!(boss.get("/admin/v1/price-books?city=330100").await.expect(200)["items"].as_array().unwrap().len(), 2);
        assert_eq!(boss.delete(&format!("/admin/v1/devices/{}", laptop.id)).await.status, 204);
        assert_eq!(boss.get("/admin/v1/staff").await.expect_problem(403), "device_revoked", "its own device too");
    }

    async fn reviews_and_disputed_records_are_listed_in_pages_and_closed(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "boss", Role::Admin).await;
        let (boss, _) = Laptop::register(&ground, &api).await.sign_in("boss").await;
        let mut phone = ground.device(ground.zhang).await;
        for _ in 0..5 {
            let booked = ground.booking(Some(ground.li)).await;
            phone.push("appointment.start", &json!({"appointment_id": booked.appointment})).await;
            phone.push("appointment.start", &json!({"appointment_id": Uuid::now_v7()})).await;
        }
        for (path, id) in [("reviews", "id"), ("disputed", "id")] {
            let page = boss.get(&format!("/admin/v1/{path}?limit=3")).await.expect(200).clone();
            assert_eq!(page["items"].as_array().unwrap().len(), 3, "{path}");
            let next = page["next"].as_str().unwrap();
            let rest = boss.get(&format!("/admin/v1/{path}?limit=3&after={next}")).await.expect(200).clone();
            assert_eq!((rest["items"].as_array().unwrap().len(), &rest["next"]), (2, &Value::Null), "{path}");
            let first = page["items"][0][id].to_string().replace('"', "");
            let resolve = format!("/admin/v1/{path}/{first}/resolve");
            assert_eq!(boss.post(&resolve, &json!({"resolution": "已电话核实"})).await.status, 204, "{path}");
            assert_eq!(boss.post(&resolve, &json!({"resolution": "again"})).await.expect_problem(404), "not_found", "{path}");
            assert_eq!(boss.get(&format!("/admin/v1/{path}?closed=true")).await.expect(200)["items"].as_array().unwrap().len(), 1, "{path}");
        }
        let kept = boss.get("/admin/v1/disputed").await.expect(200).clone();
        assert_eq!(kept["items"][0]["raw"]["name"], "appointment.start@1", "the fact as it came");
        assert_eq!(boss.get("/admin/v1/reviews?after=x").await.expect_problem(422), "validation_failed");
    }

    async fn nobody_syncs_without_a_staff_token_and_bad_bodies_are_told(db) {
        let ground = Ground::on(db).await;
        let api = serve(&ground).await;
        hire(&ground, "wang", Role::Collector).await;
        let customer = ground.app.tokens.customer(Uuid::now_v7(), Uuid::now_v7(), ground.app.now()).unwrap();
        for path in ["/sync/v1/push", "/sync/v1/pull", "/sync/v1/check", "/staff/v1/password"] {
            assert_eq!(api.post(path, &json!({})).await.expect_problem(401), "missing_token", "{path}");
            assert_eq!(api.with_token(&customer).post(path, &json!({})).await.expect_problem(401), "invalid_token", "{path}");
        }
        let (wang, _) = Laptop::register(&ground, &api).await.sign_in("wang").await;
        for path in ["/sync/v1/push", "/sync/v1/pull"] {
            for body in [json!([]), json!({"schema": "one"}), json!({"schema": -1})] {
                assert_eq!(wang.post(path, &body).await.expect_problem(422), "validation_failed", "{path} {body}");
            }
            let broken = wang.request(reqwest::Method::POST, path).body("{\"schema\": 1,").header("content-type", "application/json");
            assert_eq!(wang.send(broken).await.expect_problem(400), "malformed_json", "{path}");
        }
        let empty = api.post("/staff/v1/sessions", &json!({"username": "\u{0}", "device": 5, "password": ["x"]})).await;
        let fields: Vec<_> = empty.expect(422)["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap().to_owned()).collect();
        assert_eq!(fields, ["password", "device", "signature", "client_time"]);
        assert_eq!(wang.get("/staff/v1/devices").await.expect(200)["items"].as_array().unwrap().len(), 1, "a collector sees the device in hand");
        assert_eq!(wang.post("/staff/v1/password", &json!({"old": "x", "new": "short"})).await.expect_problem(422), "validation_failed");
        assert_eq!(wang.get("/sync/v1/nothing").await.expect_problem(404), "route_not_found");
        // Last: an answer before the body was read ends the connection.
        let huge = json!({"schema": 1, "incarnation": 1, "confirmed": 0, "mutations": ["x".repeat(5 << 20)]});
        assert_eq!(wang.post("/sync/v1/push", &huge).await.expect_problem(413), "body_too_large");
    }

    async fn every_operation_is_described(db) {
        let ground = Ground::on(db).await;
        let document = serve(&ground).await.get("/openapi.json").await.expect(200).clone();
        for (method, path) in [
            ("post", "/staff/v1/devices"), ("get", "/staff/v1/devices"), ("delete", "/staff/v1/devices/{id}"), ("post", "/staff/v1/sessions"),
            ("post", "/staff/v1/sessions/refresh"), ("delete", "/staff/v1/sessions"), ("post", "/staff/v1/password"), ("post", "/sync/v1/push"),
            ("post", "/sync/v1/pull"), ("post", "/sync/v1/check"), ("post", "/admin/v1/pairing-codes"), ("get", "/admin/v1/staff"),
            ("post", "/admin/v1/staff"), ("patch", "/admin/v1/staff/{id}"), ("get", "/admin/v1/stations"), ("post", "/admin/v1/stations"),
            ("get", "/admin/v1/slots"), ("put", "/admin/v1/slots"), ("get", "/admin/v1/devices"), ("delete", "/admin/v1/devices/{id}"),
            ("get", "/admin/v1/price-books"), ("post", "/admin/v1/price-books"), ("get", "/admin/v1/reviews"),
            ("post", "/admin/v1/reviews/{id}/resolve"), ("get", "/admin/v1/disputed"), ("post", "/admin/v1/disputed/{id}/resolve"),
        ] {
            let operation = &document["paths"][path][method];
            assert!(operation["responses"].as_object().is_some_and(|all| all.len() > 1), "{method} {path} with its errors");
            let answer = ["200", "201"].iter().find_map(|status| operation["responses"].get(*status));
            assert!(answer.is_none_or(|a| a["content"]["application/json"]["schema"].is_object()), "{method} {path} with its schema");
        }
    }
}
