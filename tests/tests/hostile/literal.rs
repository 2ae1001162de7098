//! Texts that are somebody else's program are only text: stored and shown letter for letter, through every door, and
//! NUL, which no screen can show, is refused.

use blackbox::customer::{id, key, number, text};
use blackbox::goods::{CITY, at, booking, iron};
use blackbox::{Customer, Dispatch, Engine, Town};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::values::{TEXTS, books, calm, refused, with};

/// Trimmed, as forms are.
fn kept(text: &str) -> &str {
    text.trim()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_of_customers_come_back_letter_for_letter_on_both_engines() {
    for engine in Engine::ALL {
        let mut town = Town::start(engine).await;
        let customer = Customer::login(&town.world, "wang").await;
        for (n, hostile) in TEXTS.iter().enumerate() {
            let when = at(
                1 + u64::try_from(n / 6).unwrap(),
                [8, 10, 12, 14, 16, 18][n % 6],
            );
            let mut body = booking(&when);
            body["note"] = json!(hostile);
            body["contact"]["name"] = json!(hostile);
            body["address"]["detail"] = json!(format!("{hostile}，3 幢 501"));
            body["items"][0]["note"] = json!(hostile);
            body["items"][1]["attributes"] = json!({"grade": hostile});
            body["photos"] = json!([hostile]);
            let visit = customer.try_book(&body).await.expect(201).clone();
            let shown = customer.appointment(id(&visit)).await;
            assert_eq!(shown["note"], json!(kept(hostile)));
            assert_eq!(shown["contact"]["name"], json!(kept(hostile)));
            assert_eq!(
                shown["address"]["detail"],
                json!(kept(&format!("{hostile}，3 幢 501")))
            );
            assert_eq!(shown["items"], body["items"]);
            assert_eq!(shown["photos"], body["photos"]);
            let stored = format!(
                "SELECT note FROM appointments WHERE id = UNHEX('{}')",
                id(&visit).replace('-', "")
            );
            assert_eq!(
                town.world.database.texts(&stored).await,
                [kept(hostile)],
                "in MySQL, letter for letter"
            );
            let cancel = json!({"reason": "customer_request", "text": hostile, "expect_version": number(&visit, "version")});
            let answer = customer
                .api
                .post_once(
                    &format!("/api/v1/appointments/{}/cancel", id(&visit)),
                    &key(),
                    &cancel,
                )
                .await;
            assert_eq!(number(answer.expect(200), "status"), 3);
            customer
                .api
                .patch("/api/v1/me", &json!({"nickname": hostile}))
                .await
                .expect(200);
            assert_eq!(
                customer.api.get("/api/v1/me").await.expect(200)["nickname"],
                json!(kept(hostile))
            );
        }
        calm(&town.world.server.process().log());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_texts_of_staff_come_back_letter_for_letter_on_devices_and_in_the_books() {
    let mut town = Town::start(Engine::Mysql56).await;
    let customer = Customer::login(&town.world, "wang").await;
    let mut dispatch = Dispatch::open(&town).await;
    let station = town.device("station1").await;
    for (n, hostile) in TEXTS.iter().enumerate() {
        let order = Uuid::now_v7();
        let mut items = iron("2");
        items[0]["note"] = json!(hostile);
        let ticket = json!({"order_id": order, "items": items, "seller": {"name": hostile, "phone": "13900001111"}});
        let _ = station.exec("ticket.create", &ticket).await;
        let visit = customer
            .book(&at(
                1 + u64::try_from(n / 6).unwrap(),
                [8, 10, 12, 14, 16, 18][n % 6],
            ))
            .await;
        let cancel = json!({"appointment_id": visit["id"], "reason": "other", "text": hostile});
        let verdict = dispatch.push("appointment.cancel@1", &cancel).await;
        assert_eq!(verdict["outcome"], "applied", "{verdict}");
        let _ = station.sync().await;
        let shown = station.order(&order.to_string()).await.expect("the ticket");
        assert_eq!(shown["seller"]["name"], json!(hostile));
        assert_eq!(
            shown["quotes"][0]["quote"]["items"][0]["note"],
            json!(hostile)
        );
        let held = station
            .appointment(id(&visit))
            .await
            .expect("the station's");
        assert_eq!(held["cancellation"]["text"], json!(hostile));
        let row = town.ledger().order(&order.to_string()).await;
        let stored = format!(
            "SELECT seller_name FROM {} WHERE id = UNHEX('{}')",
            row.table,
            order.simple()
        );
        assert_eq!(
            town.world.database.texts(&stored).await,
            [*hostile],
            "in MySQL, letter for letter"
        );
    }
    station.agrees().await;
    calm(&town.world.server.process().log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nul_is_kept_in_prose_and_refused_wherever_text_means_something() {
    let mut town = Town::start(Engine::MariaDb).await;
    let customer = Customer::login(&town.world, "wang").await;
    let good = booking(&at(2, 10));
    for place in ["/note", "/contact/name", "/address/detail", "/items/0/note"] {
        let nul = json!("a\u{0}bcdef");
        let answer = customer.try_book(&with(&good, place, nul.clone())).await;
        if answer.status == 201 {
            let shown = customer.appointment(id(&answer.body)).await;
            assert_eq!(
                shown.pointer(place),
                Some(&nul),
                "taken, so kept letter for letter"
            );
        } else {
            refused(&answer, place);
        }
    }
    let before = books(&town).await;
    for place in [
        "/contact/phone",
        "/address/division",
        "/city",
        "/items/0/category",
        "/items/0/quantity",
        "/items/0/attributes/moisture",
        "/appointment_time",
    ] {
        let answer = customer
            .try_book(&with(&good, place, json!("a\u{0}bcdef")))
            .await;
        refused(&answer, place);
    }
    for (path, body) in [
        ("/api/v1/me/phone", json!({"code": "phone:\u{0}"})),
        (
            "/api/v1/sessions/refresh",
            json!({"refresh_token": "\u{0}"}),
        ),
    ] {
        refused(&customer.api.post(path, &body).await, path);
    }
    for path in [
        "/api/v1/price-book?city=%00",
        "/api/v1/price-book?city=%F0%A0%AE%B7",
        "/api/v1/slots?division=%00&date=x",
        "/api/v1/slots?division=%F0%A0%AE%B7&date=2026-13-45",
    ] {
        refused(&customer.api.get(path).await, path);
    }
    assert_eq!(books(&town).await, before);
    calm(&town.world.server.process().log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openids_that_only_a_collation_would_confuse_are_different_people() {
    for engine in Engine::ALL {
        let town = Town::start(engine).await;
        let mut seen: Vec<(String, String)> = Vec::new();
        for name in ["oAbC", "oabc", "OABC", "oAbC ", "óabc"] {
            let customer = Customer::login(&town.world, name).await;
            assert!(
                seen.iter().all(|(_, known)| known != customer.id()),
                "{name} is logged in as one of {seen:?}"
            );
            seen.push((name.to_owned(), customer.id().to_owned()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quote_is_only_asked_for_goods_of_a_served_city() {
    let town = Town::start(Engine::MariaDb).await;
    let before = books(&town).await;
    let cases: Vec<(Value, &str)> = vec![
        (json!({"city": CITY, "items": []}), "required"),
        (
            json!({"city": CITY, "items": [{"category": "x/y", "quantity": "1"}]}),
            "unknown_category",
        ),
        (
            json!({"city": CITY, "items": [{"category": "metal/iron", "quantity": "1", "weighing": {"gross": "1"}}]}),
            "quantity_conflict",
        ),
        (
            json!({"city": CITY, "items": [{"category": "metal/iron", "weighing": {"gross": "1", "tare": "2"}}]}),
            "invalid_weighing",
        ),
        (
            json!({"city": CITY, "items": [{"category": "electronic/tv", "weighing": {"gross": "1"}}]}),
            "unit_mismatch",
        ),
        (json!({"city": "320100", "items": iron("1")}), "not_served"),
    ];
    for (body, code) in cases {
        let answer = town.api().post("/api/v1/quotes", &body).await;
        refused(&answer, code);
        assert!(answer.text.contains(code), "{code}: {}", answer.text);
        assert!(text(&answer.body, "detail").chars().count() > 3);
    }
    assert_eq!(books(&town).await, before);
}
