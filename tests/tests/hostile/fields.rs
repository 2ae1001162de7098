//! The customer's forms, field by field: what is wrong is named by field and code, all at once.

use blackbox::customer::{id, key};
use blackbox::goods::{at, booking};
use blackbox::{Answer, Customer, Engine, Town};
use chrono::{SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::values::{books, not_text, refused, with, without};

fn faults(answer: &Answer) -> Vec<(String, String)> {
    let listed = answer.body["errors"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let text = |fault: &Value, key: &str| fault[key].as_str().unwrap_or_default().to_owned();
    listed
        .iter()
        .map(|fault| (text(fault, "field"), text(fault, "code")))
        .collect()
}

fn soon() -> String {
    (Utc::now() + TimeDelta::minutes(59)).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Place in the booking, value, field and code expected.
fn booking_table() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let mut table = vec![
        ("/city", json!(""), "city", "required"),
        ("/city", json!("999999"), "city", "unknown_division"),
        ("/city", json!("320100"), "city", "not_served"),
        ("/items", json!([]), "items", "required"),
        ("/items", json!("paper"), "items", "type"),
        ("/items/0", json!(3), "items[0]", "type"),
        (
            "/items/0/category",
            json!("paper/gold"),
            "items[0].category",
            "unknown_category",
        ),
        (
            "/items/0/category",
            json!(7),
            "items[0].category",
            "unknown_category",
        ),
        (
            "/items/0/quantity",
            json!("-1"),
            "items[0].quantity",
            "invalid_quantity",
        ),
        (
            "/items/0/quantity",
            json!("0"),
            "items[0].quantity",
            "invalid_quantity",
        ),
        (
            "/items/0/quantity",
            json!("1000000.001"),
            "items[0].quantity",
            "invalid_quantity",
        ),
        (
            "/items/0/quantity",
            json!("1e3"),
            "items[0].quantity",
            "invalid_quantity",
        ),
        (
            "/items/0/quantity",
            json!("NaN"),
            "items[0].quantity",
            "invalid_quantity",
        ),
        (
            "/items/0/quantity",
            json!(null),
            "items[0].quantity",
            "missing_quantity",
        ),
        (
            "/items/2/quantity",
            json!("1.5"),
            "items[2].quantity",
            "invalid_quantity",
        ),
        (
            "/items/0/attributes/moisture",
            json!("wet"),
            "items[0].moisture",
            "attribute_type",
        ),
        (
            "/items/0/note",
            json!("字".repeat(201)),
            "items[0].note",
            "too_long",
        ),
        ("/address", json!(null), "address", "required"),
        ("/address", json!("文三路"), "address", "type"),
        (
            "/address/division",
            json!("330100"),
            "address.division",
            "unknown_division",
        ),
        (
            "/address/division",
            json!("33010"),
            "address.division",
            "unknown_division",
        ),
        (
            "/address/detail",
            json!("四个字啊"),
            "address.detail",
            "too_short",
        ),
        (
            "/address/detail",
            json!("路".repeat(201)),
            "address.detail",
            "too_long",
        ),
        (
            "/address/detail",
            json!("     "),
            "address.detail",
            "required",
        ),
        ("/address/lng", json!("180.1"), "address.lng", "type"),
        ("/address/lat", json!("-91"), "address.lat", "type"),
        ("/contact", json!([]), "contact", "type"),
        ("/contact/name", json!(""), "contact.name", "required"),
        (
            "/contact/name",
            json!("名".repeat(51)),
            "contact.name",
            "too_long",
        ),
        (
            "/contact/phone",
            json!("1380000204"),
            "contact.phone",
            "mobile",
        ),
        (
            "/contact/phone",
            json!("12800002046"),
            "contact.phone",
            "mobile",
        ),
        (
            "/contact/phone",
            json!("+8613800002046'"),
            "contact.phone",
            "mobile",
        ),
        (
            "/contact/phone",
            json!("１３８００００２０４６"),
            "contact.phone",
            "mobile",
        ),
        (
            "/appointment_time",
            json!("tomorrow"),
            "appointment_time",
            "type",
        ),
        (
            "/appointment_time",
            json!("2026-02-30T10:00:00+08:00"),
            "appointment_time",
            "type",
        ),
        (
            "/appointment_time",
            json!(soon()),
            "appointment_time",
            "too_soon",
        ),
        (
            "/appointment_time",
            json!("1969-12-31T10:00:00Z"),
            "appointment_time",
            "too_soon",
        ),
        (
            "/appointment_time",
            json!(at(33, 10)),
            "appointment_time",
            "too_late",
        ),
        (
            "/appointment_time",
            json!("9999-12-31T10:00:00Z"),
            "appointment_time",
            "too_late",
        ),
        (
            "/appointment_time",
            json!(at(2, 3)),
            "appointment_time",
            "outside_slots",
        ),
        ("/note", json!("注".repeat(501)), "note", "too_long"),
        ("/photos", json!(vec!["a"; 10]), "photos", "too_long"),
        ("/photos", json!([7]), "photos[0]", "type"),
    ];
    for place in ["/address/detail", "/contact/name", "/note"] {
        let field = place[1..].replace('/', ".");
        let field: &'static str = Box::leak(field.into_boxed_str());
        table.extend(
            not_text()
                .into_iter()
                .map(|value| (place, value, field, "type")),
        );
    }
    table
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_bad_field_of_a_booking_is_named_with_its_code() {
    let town = Town::start(Engine::MariaDb).await;
    let customer = Customer::login(&town.world, "wang").await;
    let good = booking(&at(2, 10));
    let (before, table) = (books(&town).await, booking_table());
    for (place, value, field, code) in &table {
        let answer = customer.try_book(&with(&good, place, value.clone())).await;
        refused(&answer, place);
        assert_eq!(
            answer.expect_problem(422),
            "validation_failed",
            "{place} = {value}"
        );
        let named = faults(&answer);
        assert_eq!(
            named[0],
            ((*field).to_owned(), (*code).to_owned()),
            "{place} = {value}: {}",
            answer.text
        );
        // An address is not served where its city is not.
        assert!(named.len() == 1 || *code == "not_served", "{named:?}");
    }
    for place in [
        "/city",
        "/items",
        "/address",
        "/address/division",
        "/address/detail",
        "/contact",
        "/contact/name",
        "/contact/phone",
        "/appointment_time",
    ] {
        let answer = customer.try_book(&without(&good, place)).await;
        assert_eq!(
            faults(&answer),
            [(place[1..].replace('/', "."), "required".to_owned())],
            "{place}: {}",
            answer.text
        );
    }
    assert_eq!(books(&town).await, before, "nothing was written");
    println!(
        "{} bad bookings, each named by field and code",
        table.len() + 9
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_bad_fields_come_together_and_in_the_callers_language() {
    let town = Town::start(Engine::MariaDb).await;
    let customer = Customer::login(&town.world, "wang").await;
    let mut bad = booking(&soon());
    bad["contact"] = json!({"name": "", "phone": "110"});
    bad["address"]["detail"] = json!("短");
    let answer = customer.try_book(&bad).await;
    let mut named = faults(&answer);
    named.sort();
    let expected = [
        ("address.detail", "too_short"),
        ("appointment_time", "too_soon"),
        ("contact.name", "required"),
        ("contact.phone", "mobile"),
    ];
    assert_eq!(
        named,
        expected.map(|(field, code)| (field.to_owned(), code.to_owned()))
    );
    let has_han = |answer: &Answer| {
        answer.body["detail"]
            .as_str()
            .unwrap()
            .chars()
            .any(|c| ('一'..='鿿').contains(&c))
    };
    assert!(
        has_han(&answer),
        "Chinese unless asked otherwise: {}",
        answer.text
    );
    let request = customer
        .api
        .request(reqwest::Method::POST, "/api/v1/appointments");
    let english = customer
        .api
        .send(
            request
                .header("Idempotency-Key", key())
                .header("Accept-Language", "en")
                .json(&bad),
        )
        .await;
    assert_eq!(english.status, 422);
    assert!(!has_han(&english), "{}", english.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idempotency_keys_are_visible_ascii_of_8_to_64() {
    let town = Town::start(Engine::MariaDb).await;
    let customer = Customer::login(&town.world, "wang").await;
    let before = books(&town).await;
    for bad in ["short12", &"x".repeat(65), "with blank", "tab\tinside"] {
        let answer = customer
            .api
            .post_once("/api/v1/appointments", bad, &booking(&at(2, 10)))
            .await;
        refused(&answer, bad);
        assert!(
            matches!(answer.status, 400 | 422 | 428),
            "{bad:?}: {}",
            answer.text
        );
    }
    assert_eq!(books(&town).await, before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_another_customers_does_not_exist() {
    let town = Town::start(Engine::MariaDb).await;
    let (wang, zhao) = (
        Customer::login(&town.world, "wang").await,
        Customer::login(&town.world, "zhao").await,
    );
    let visit = wang.book(&at(2, 10)).await;
    let before = books(&town).await;
    let (appointment, order) = (
        format!("/api/v1/appointments/{}", id(&visit)),
        format!("/api/v1/orders/{}", visit["order_id"].as_str().unwrap()),
    );
    let time = json!({"appointment_time": at(3, 10), "expect_version": 1});
    let tries = [
        zhao.api.get(&appointment).await,
        zhao.api.get(&order).await,
        zhao.api
            .post_once(&format!("{appointment}/reschedule"), &key(), &time)
            .await,
        zhao.try_cancel(id(&visit), 1).await,
        zhao.try_accept(id(&visit), id(&visit["estimate"])).await,
        zhao.api
            .post_once(
                &format!("{appointment}/review"),
                &key(),
                &json!({"stars": 1}),
            )
            .await,
    ];
    for answer in tries {
        refused(&answer, "another's");
        assert_eq!(answer.expect_problem(404), "not_found");
    }
    for list in ["/api/v1/appointments", "/api/v1/orders", "/api/v1/messages"] {
        assert_eq!(
            zhao.api.get(list).await.expect(200)["items"],
            json!([]),
            "{list}"
        );
    }
    for page in [
        "limit=0",
        "limit=101",
        "limit=-1",
        "limit=x",
        "after=x",
        "after=%00",
        "status=9",
        "status=x",
    ] {
        let answer = wang.api.get(&format!("/api/v1/appointments?{page}")).await;
        refused(&answer, page);
    }
    assert_eq!(books(&town).await, before);
}
