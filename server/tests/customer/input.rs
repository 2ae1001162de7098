//! Bad input at every door of the customer's API: tokens, bodies, fields, queries. Each is a problem with a code.

use super::support::{Town, faults, ids, key};
use blackbox::{Api, goods, on_each_database};
use chrono::TimeDelta;
use huishou_server::auth::{Audience, Claims};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

/// Method, path, body, and the faults expected.
type Case = (
    &'static str,
    String,
    Value,
    Vec<(&'static str, &'static str)>,
);

/// Doors behind a login.
const DOORS: &[(&str, &str)] = &[
    ("GET", "/api/v1/me"),
    ("PATCH", "/api/v1/me"),
    ("DELETE", "/api/v1/me"),
    ("POST", "/api/v1/me/phone"),
    ("GET", "/api/v1/messages"),
    ("POST", "/api/v1/subscriptions"),
    ("GET", "/api/v1/slots?division=330106&date=2026-11-24"),
    ("POST", "/api/v1/appointments"),
    ("GET", "/api/v1/appointments"),
    (
        "GET",
        "/api/v1/appointments/019b7523-3400-7000-8000-330100000001",
    ),
    (
        "POST",
        "/api/v1/appointments/019b7523-3400-7000-8000-330100000001/reschedule",
    ),
    (
        "POST",
        "/api/v1/appointments/019b7523-3400-7000-8000-330100000001/cancel",
    ),
    (
        "POST",
        "/api/v1/appointments/019b7523-3400-7000-8000-330100000001/accept",
    ),
    (
        "POST",
        "/api/v1/appointments/019b7523-3400-7000-8000-330100000001/review",
    ),
    ("GET", "/api/v1/orders"),
    ("GET", "/api/v1/orders/019b7523-3400-7000-8000-330100000001"),
    ("DELETE", "/api/v1/sessions"),
];

async fn knock(api: &Api, method: &str, path: &str, body: Option<&str>) -> blackbox::Answer {
    let request = api
        .request(method.parse::<Method>().unwrap(), path)
        .header("Idempotency-Key", key());
    let request = match body {
        Some(body) => request
            .header("Content-Type", "application/json")
            .body(body.to_owned()),
        None => request,
    };
    api.send(request).await
}

on_each_database! {
    async fn no_door_opens_without_a_good_token(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let now = town.app.now();
        let claims = Claims { sub: wang.user.0, aud: Audience::Customer, dev: None, role: None, st: None, jti: Uuid::now_v7(), iat: 0, exp: 0 };
        let good = town.app.tokens.sign(&claims, now).unwrap();
        let expired = town.app.tokens.sign(&claims, now - TimeDelta::seconds(931)).unwrap();
        let staffs = town.app.tokens.sign(&Claims { aud: Audience::Staff, ..claims.clone() }, now).unwrap();
        let theirs = huishou_server::auth::Tokens::new("another secret of thirty-two bytes and more", None, 900).sign(&claims, now).unwrap();
        let tampered = format!("{good}x");
        for (method, path) in DOORS {
            assert_eq!(knock(&town.api, method, path, Some("{}")).await.expect_problem(401), "missing_token", "{method} {path}");
            for (token, code) in [(&expired, "token_expired"), (&staffs, "invalid_token"), (&theirs, "invalid_token"), (&tampered, "invalid_token"), (&"x".to_owned(), "invalid_token")] {
                let answer = knock(&town.api.with_token(token), method, path, Some("{}")).await;
                assert_eq!(answer.expect_problem(401), code, "{method} {path}");
                assert_eq!(answer.header("www-authenticate"), "Bearer");
            }
        }
        assert_eq!(knock(&town.api.with_token("x"), "POST", "/api/v1/quotes", Some("{}")).await.expect_problem(401), "invalid_token", "a token that is sent must be good");
    }

    async fn bodies_that_are_no_json_or_too_large_are_refused(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let huge = format!("{{\"x\":\"{}\"}}", "x".repeat(1 << 20));
        let bodied = DOORS.iter().filter(|(m, p)| matches!(*m, "POST" | "PATCH") && !p.is_empty());
        for (method, path) in bodied.chain(&[("POST", "/api/v1/quotes"), ("POST", "/api/v1/sessions"), ("POST", "/api/v1/sessions/refresh")]) {
            for body in ["", "{", "\u{feff}{}", "{\"a\":\"\\ud800\"}", "{\"a\":1}}"] {
                assert_eq!(knock(&wang.api, method, path, Some(body)).await.expect_problem(400), "malformed_json", "{path} {body:?}");
            }
            assert_eq!(knock(&wang.api, method, path, Some(&huge)).await.expect_problem(413), "body_too_large", "{path}");
            let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
            assert!(knock(&wang.api, method, path, Some(&deep)).await.status < 500, "{path}");
            let form = wang.api.request(method.parse().unwrap(), path).header("Content-Type", "text/html").body("{}");
            assert_eq!(wang.api.send(form).await.expect_problem(415), "unsupported_media_type");
        }
    }

    async fn odd_roads_are_problems_too(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        assert_eq!(wang.api.get("/api/v2/me").await.expect_problem(404), "route_not_found");
        assert_eq!(wang.api.delete("/api/v1/quotes").await.expect_problem(405), "method_not_allowed");
        for id in ["0", "%00", "%F0%A0%AE%B7", "..%2F..%2Fetc", "'%20OR%201=1", "%FF", "{019b7523-3400-7000-8000-330100000001}"] {
            assert_eq!(wang.api.get(&format!("/api/v1/orders/{id}")).await.expect_problem(404), "not_found", "{id}");
        }
        let given = wang.api.send(wang.api.request(Method::GET, "/api/v1/me").header("X-Request-Id", "mine-1")).await;
        assert_eq!(given.header("x-request-id"), "mine-1");
        let odd = wang.api.send(wang.api.request(Method::GET, "/nowhere").header("X-Request-Id", "{\"evil\": true}")).await;
        assert_ne!(odd.header("x-request-id"), "{\"evil\": true}");
        assert_eq!(odd.body["request_id"], odd.header("x-request-id"));
    }

    async fn fields_of_small_forms_are_checked(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        let visit = wang.book().await;
        let id = ids(&visit).0;
        let on = |what: &str| format!("/api/v1/appointments/{id}/{what}");
        let cases: Vec<Case> = vec![
            ("PATCH", "/api/v1/me".into(), json!({"nickname": 1, "avatar": []}), vec![("nickname", "type"), ("avatar", "type")]),
            ("PATCH", "/api/v1/me".into(), json!({"avatar": "javascript:alert(1)"}), vec![("avatar", "type")]),
            ("PATCH", "/api/v1/me".into(), json!([]), vec![("body", "type")]),
            ("PATCH", "/api/v1/me".into(), json!({"nickname": "x".repeat(65)}), vec![("nickname", "too_long")]),
            ("POST", "/api/v1/me/phone".into(), json!({"code": ""}), vec![("code", "required")]),
            ("POST", "/api/v1/subscriptions".into(), json!({"template": "模板", "accepted": "yes"}), vec![("accepted", "type"), ("template", "type")]),
            ("POST", "/api/v1/subscriptions".into(), json!([]), vec![("body", "type")]),
            ("POST", on("cancel"), json!({"reason": "", "expect_version": -1}), vec![("reason", "required"), ("expect_version", "out_of_range")]),
            ("POST", on("cancel"), json!({"reason": "x", "expect_version": 1.5}), vec![("expect_version", "type")]),
            ("POST", on("cancel"), json!({"reason": "x".repeat(201)}), vec![("reason", "too_long"), ("expect_version", "required")]),
            ("POST", on("reschedule"), json!({}), vec![("appointment_time", "required"), ("expect_version", "required")]),
            ("POST", on("accept"), json!({"quote_id": "x"}), vec![("quote_id", "type")]),
            ("POST", on("accept"), json!({}), vec![("quote_id", "required")]),
            ("POST", on("review"), json!({"stars": 0, "text": "x".repeat(501)}), vec![("stars", "out_of_range"), ("text", "too_long")]),
            ("POST", "/api/v1/quotes".into(), json!({"city": 330100, "items": {}}), vec![("city", "type"), ("items", "type")]),
            ("POST", "/api/v1/quotes".into(), json!({"city": "330100", "items": []}), vec![("items", "required")]),
            ("POST", "/api/v1/quotes".into(), json!(["330100"]), vec![("body", "type")]),
            ("POST", "/api/v1/quotes".into(), json!({"city": "330100", "items": [{"category": "metal/iron", "quantity": "1", "attributes": {"brand": "x".repeat(65)}}]}), vec![("items[0].attributes.brand", "too_long")]),
            ("POST", "/api/v1/quotes".into(), json!({"city": "330100", "items": [{"category": "metal/iron", "quantity": "1", "note": "好".repeat(201)}]}), vec![("items[0].note", "too_long")]),
            ("POST", "/api/v1/quotes".into(), json!({"city": "330100", "items": [7, {"category": "metal/iron", "quantity": "1e9"}]}), vec![("items[0]", "type"), ("items[1].quantity", "invalid_quantity")]),
            ("POST", "/api/v1/quotes".into(), json!({"city": "999999", "items": [{"category": "metal/iron", "quantity": 1}]}), vec![("city", "unknown_division")]),
            ("GET", "/api/v1/slots?division=330100&date=24.11.2026".into(), Value::Null, vec![("division", "unknown_division"), ("date", "type")]),
            ("GET", "/api/v1/slots?division=310104&date=2020-01-01".into(), Value::Null, vec![("date", "too_soon")]),
            ("GET", format!("/api/v1/slots?division=310104&date={}", goods::tomorrow()), Value::Null, vec![("division", "not_served")]),
        ];
        for (method, path, body, expected) in cases {
            let body = (!body.is_null()).then(|| body.to_string());
            let named = faults(&knock(&wang.api, method, &path, body.as_deref()).await);
            let named: Vec<_> = named.iter().map(|(f, c)| (f.as_str(), c.as_str())).collect();
            assert_eq!(named, expected, "{method} {path} {body:?}");
        }
    }

    async fn the_profile_holds_any_text_and_a_wish_to_be_forgotten_is_recorded_once(db) {
        let town = Town::on(db, 8).await;
        let wang = town.customer("wang").await;
        for text in ["𠮷 😀", "a\u{0}b", "'; DROP TABLE users; --", "<b>x</b>"] {
            assert_eq!(wang.api.patch("/api/v1/me", &json!({"nickname": text})).await.expect(200)["nickname"], text);
            assert_eq!(wang.api.get("/api/v1/me").await.expect(200)["nickname"], text);
        }
        let asked = wang.api.delete("/api/v1/me").await.expect(202)["deletion_requested_at"].clone();
        assert_eq!(wang.api.delete("/api/v1/me").await.expect(202)["deletion_requested_at"], asked);
        for n in 1..=2 {
            assert_eq!(wang.api.post("/api/v1/subscriptions", &json!({"template": "tpl", "accepted": true})).await.expect(200)["credits"], n);
        }
    }

    async fn estimates_without_a_login_are_limited_by_address(db) {
        let town = Town::with(db, 8, &[("HUISHOU_QUOTE_RATE", "1"), ("HUISHOU_QUOTE_BURST", "3")]).await;
        let body = json!({"city": goods::CITY, "items": goods::iron("1")});
        for _ in 0..3 { town.api.post("/api/v1/quotes", &body).await.expect(200); }
        let answer = town.api.post("/api/v1/quotes", &body).await;
        assert_eq!(answer.expect_problem(429), "rate_limited");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() >= 1);
    }
}
