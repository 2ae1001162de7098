//! The doors of staff and administrators: forms field by field, rights, lost and stolen refresh tokens, devices shut
//! out.

use blackbox::customer::text;
use blackbox::desk::{credentials, device_key, registration, renewal};
use blackbox::goods::{at, iron};
use blackbox::{Answer, Desk, Engine, Town};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::tokens::{call, published};
use crate::values::{TEXTS, books, calm, not_text, refused, with, without};

#[track_caller]
fn names(answer: &Answer, field: &str, code: &str) {
    refused(answer, field);
    let named = answer.body["errors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let hit = named
        .iter()
        .any(|fault| fault["field"] == field && fault["code"] == code);
    assert!(hit, "{field} is {code}: {}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_field_of_the_desks_forms_is_named_with_its_code() {
    let mut town = Town::start(Engine::MariaDb).await;
    let admin = town.desk("admin").await;
    let station = town.desk_station().await;
    let device = registration(&town.pairing_code().await, &device_key());
    let session = credentials(admin.device_id(), "admin", town.password(), admin.key());
    let person = json!({"username": "newcomer", "name": "新来的", "role": "collector", "station_id": station, "password": "a good password"});
    let book = json!({"city": "330100", "effective_from": at(20, 0), "rules": [{"category": "metal/iron", "unit": "kg", "base_price": "1.80", "factors": []}]});
    let before = books(&town).await;
    let mut count = 0;
    for (path, body, fields) in [
        (
            "/staff/v1/devices",
            &device,
            &["pairing_code", "name", "platform", "public_key"][..],
        ),
        (
            "/staff/v1/sessions",
            &session,
            &["username", "password", "device", "signature", "client_time"],
        ),
        (
            "/admin/v1/staff",
            &person,
            &["username", "name", "role", "password"],
        ),
        (
            "/admin/v1/price-books",
            &book,
            &["city", "effective_from", "rules"],
        ),
    ] {
        for field in fields {
            let place = format!("/{field}");
            names(
                &admin.api().post(path, &without(body, &place)).await,
                field,
                "required",
            );
            names(
                &admin
                    .api()
                    .post(path, &with(body, &place, json!(null)))
                    .await,
                field,
                "required",
            );
            for other in not_text()
                .into_iter()
                .filter(|other| *field != "rules" || !other.is_array())
            {
                names(
                    &admin.api().post(path, &with(body, &place, other)).await,
                    field,
                    "type",
                );
                count += 1;
            }
            if !["rules", "device"].contains(field) {
                names(
                    &admin
                        .api()
                        .post(path, &with(body, &place, json!("长".repeat(300))))
                        .await,
                    field,
                    "too_long",
                );
            }
            count += 3;
        }
    }
    for (path, body, place, value, field, code) in [
        (
            "/staff/v1/devices",
            &device,
            "/public_key",
            json!("AAAA"),
            "public_key",
            "type",
        ),
        (
            "/staff/v1/sessions",
            &session,
            "/device",
            json!("not-an-id"),
            "device",
            "type",
        ),
        (
            "/admin/v1/staff",
            &person,
            "/username",
            json!("admin"),
            "username",
            "taken",
        ),
        (
            "/admin/v1/staff",
            &person,
            "/role",
            json!("emperor"),
            "role",
            "type",
        ),
        (
            "/admin/v1/staff",
            &person,
            "/station_id",
            json!(Uuid::now_v7()),
            "station_id",
            "unknown_station",
        ),
        (
            "/admin/v1/staff",
            &person,
            "/station_id",
            json!(null),
            "station_id",
            "required",
        ),
        (
            "/admin/v1/staff",
            &person,
            "/password",
            json!("short"),
            "password",
            "too_short",
        ),
        (
            "/admin/v1/price-books",
            &book,
            "/effective_from",
            json!("tomorrow"),
            "effective_from",
            "type",
        ),
        (
            "/admin/v1/price-books",
            &book,
            "/rules/0/base_price",
            json!("-1"),
            "rules[0].base_price",
            "invalid_book",
        ),
        (
            "/admin/v1/price-books",
            &book,
            "/rules/0/unit",
            json!("斤"),
            "rules[0].unit",
            "invalid_book",
        ),
    ] {
        names(
            &admin.api().post(path, &with(body, place, value)).await,
            field,
            code,
        );
        count += 1;
    }
    assert_eq!(books(&town).await, before, "nothing was written");
    calm(&town.world.server.process().log());
    println!("{count} bad forms of the desk, each named by field and code");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administration_is_for_administrators_only() {
    let mut town = Town::start(Engine::MariaDb).await;
    let (_, operations) = published(&town.api()).await;
    let desks = [town.desk("zhang").await, town.desk("station1").await];
    let (before, mut calls) = (books(&town).await, 0);
    for operation in operations
        .iter()
        .filter(|operation| operation.path.starts_with("/admin/"))
    {
        for desk in &desks {
            let path = operation.path_with(&Uuid::now_v7().to_string());
            let answer = call(
                desk.api(),
                operation,
                &path,
                operation.has_body().then_some("{}"),
            )
            .await;
            refused(&answer, &operation.name());
            assert_eq!(
                answer.expect_problem(403),
                "forbidden",
                "{}",
                operation.name()
            );
            calls += 1;
        }
    }
    let other = format!("/staff/v1/devices/{}", desks[1].device_id());
    assert_eq!(
        desks[0].api().delete(&other).await.expect_problem(403),
        "forbidden"
    );
    let publish = json!({"book": {"id": Uuid::now_v7(), "city": "330100", "version": 2, "effective_from": at(1, 0), "rules": [], "hash": "0".repeat(64)}});
    let verdict = desks[1]
        .push(&[desks[1].mutation(1, "price_book.publish@1", &publish)])
        .await
        .remove(0);
    assert_eq!(verdict["outcome"], "rejected", "{verdict}");
    let unlike = |rows: Vec<String>| {
        rows.into_iter()
            .filter(|row| !row.starts_with("mutations"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        unlike(books(&town).await),
        unlike(before),
        "nothing was written but the refusal"
    );
    assert!(calls >= 10, "{calls} calls");
    calm(&town.world.server.process().log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_answer_is_no_theft_and_a_stolen_refresh_token_ends_the_session() {
    let town = Town::start(Engine::MariaDb).await;
    let zhang = town.desk("zhang").await;
    let refresh = async |token: &str, key: &ed25519_dalek::SigningKey| {
        let body = renewal(zhang.device_id(), token, key);
        town.api().post("/staff/v1/sessions/refresh", &body).await
    };
    let first = text(&zhang.session, "refresh_token").to_owned();
    let thief = refresh(&first, &device_key()).await;
    assert_eq!(
        thief.expect_problem(401),
        "bad_signature",
        "a token alone is worth nothing"
    );
    let second = text(
        refresh(&first, zhang.key()).await.expect(200),
        "refresh_token",
    )
    .to_owned();
    let again = text(
        refresh(&first, zhang.key()).await.expect(200),
        "refresh_token",
    )
    .to_owned();
    assert_eq!(
        second, again,
        "the answer was lost: the same successor once more"
    );
    let third = text(
        refresh(&second, zhang.key()).await.expect(200),
        "refresh_token",
    )
    .to_owned();
    let reused = refresh(&first, zhang.key()).await;
    assert_eq!(reused.expect_problem(401), "refresh_reused");
    for token in [&second, &third] {
        assert_eq!(
            refresh(token, zhang.key()).await.status,
            401,
            "the whole chain is over"
        );
    }
    for forged in ["", "x", &"A".repeat(43), "𠮷", &third.to_uppercase()] {
        refused(&refresh(forged, zhang.key()).await, forged);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_device_that_is_shut_out_is_refused_everywhere_and_what_was_done_on_it_is_kept() {
    let town = Town::start(Engine::MariaDb).await;
    let admin = town.desk("admin").await;
    let station = town.device("station1").await;
    let session = station.call(&["session"]).await;
    let made = station
        .exec("ticket.create", &json!({"items": iron("3")}))
        .await;
    admin
        .api()
        .delete(&format!(
            "/staff/v1/devices/{}",
            text(&session, "device_id")
        ))
        .await
        .expect(204);
    let done = station.run(&["sync"]).await;
    assert!(!done.status.success());
    assert!(done.stdout.contains("device_revoked"), "{}", done.stdout);
    assert_eq!(station.waiting().await, 0, "it has left");
    let kept = town
        .world
        .database
        .texts("SELECT CAST(raw AS CHAR) FROM quarantined_mutations WHERE resolved_at IS NULL")
        .await;
    assert_eq!(kept.len(), 1, "what was done waits for review");
    assert!(kept[0].contains(text(&made, "order_id")), "{kept:?}");
    let order = text(&made, "order_id");
    assert_eq!(
        town.ledger().orders(order).await,
        [],
        "and has not taken effect"
    );
    let again = station.run(&["sync"]).await;
    assert!(!again.status.success(), "it stays out: {}", again.stdout);
    let unknown = admin
        .api()
        .delete(&format!("/staff/v1/devices/{}", Uuid::now_v7()))
        .await;
    assert_eq!(unknown.expect_problem(404), "not_found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_names_of_people_and_devices_come_back_letter_for_letter() {
    for engine in Engine::ALL {
        let town = Town::start(engine).await;
        let admin = town.desk("admin").await;
        let station = town.desk_station().await;
        for (n, hostile) in TEXTS.iter().enumerate() {
            let hostile = hostile.trim();
            let username = format!("person-{n}");
            let body = json!({"username": username, "name": hostile, "role": "collector", "station_id": station, "password": "a good password"});
            let made = admin
                .api()
                .post("/admin/v1/staff", &body)
                .await
                .expect(201)
                .clone();
            assert_eq!(
                (&made["username"], &made["name"]),
                (&json!(username), &json!(hostile))
            );
            let listed = admin.api().get("/admin/v1/staff").await.expect(200).clone();
            assert!(
                list(&listed)
                    .any(|person| person["id"] == made["id"] && person["name"] == json!(hostile))
            );
            let mut device = registration(&town.pairing_code().await, &device_key());
            device["name"] = json!(hostile);
            let paired = town
                .api()
                .post("/staff/v1/devices", &device)
                .await
                .expect(201)
                .clone();
            assert_eq!(paired["device"]["name"], json!(hostile));
            let signed = Desk::open(
                &town.api(),
                &town.pairing_code().await,
                &username,
                "a good password",
            )
            .await;
            assert_eq!(
                signed.session["staff"]["name"],
                json!(hostile),
                "and can sign in"
            );
        }
        let body = |username: &str, name: &str| json!({"username": username, "name": name, "role": "admin", "password": "a good password"});
        for username in ["𠮷野", "oAbC", "a b", "wang'--", "x\u{0}y"] {
            let answer = admin
                .api()
                .post("/admin/v1/staff", &body(username, "x"))
                .await;
            names(&answer, "username", "type");
        }
        for name in ["两\n行", "x\u{0}y", "\u{1b}[31m"] {
            let answer = admin
                .api()
                .post("/admin/v1/staff", &body("newcomer", name))
                .await;
            names(&answer, "name", "type");
        }
    }
}

fn list(listed: &Value) -> impl Iterator<Item = &Value> {
    listed["items"].as_array().into_iter().flatten()
}
