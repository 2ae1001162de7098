//! Bookings, good and bad.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::{command::AppointmentCreate, price_book};
use proptest::prelude::*;
use serde_json::json;

fn now() -> DateTime<Utc> {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

fn book() -> Book {
    price_book::demo().compile().unwrap()
}

fn good() -> Value {
    json!({"city": "330100",
        "items": [{"category": "paper/cardboard", "quantity": "12.5", "attributes": {"moisture": "8"}, "note": "旧纸箱"}],
        "address": {"division": "330106", "detail": "文三路 90 号 3 幢 2 单元 501", "lng": "120.12", "lat": "30.27"},
        "contact": {"name": "王女士", "phone": "13800002046"},
        "appointment_time": "2026-11-24T10:00:00+08:00", "note": "有电梯", "photos": []})
}

fn faults(change: impl FnOnce(&mut Value)) -> Vec<(String, &'static str)> {
    let mut raw = good();
    change(&mut raw);
    match parse(&raw, now(), Some(&book())) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|e| (e.field, e.code)).collect(),
    }
}

fn one(field: &str, code: &'static str) -> Vec<(String, &'static str)> {
    vec![(field.to_owned(), code)]
}

#[test]
fn a_good_booking_is_read_into_its_types() {
    let booking = parse(&good(), now(), Some(&book())).unwrap();
    assert_eq!(booking.contact.phone, "13800002046");
    assert_eq!(
        crate::time::wire(booking.appointment_time),
        "2026-11-24T02:00:00.000Z"
    );
    assert_eq!(booking.items.len(), 1);
}

#[test]
fn every_bad_field_is_named_at_once() {
    let errors = faults(|raw| {
        raw["contact"]["phone"] = json!("12345");
        raw["appointment_time"] = json!("2026-11-23T10:30:00+08:00");
        raw["address"]["detail"] = json!("短");
        raw["items"][0]["quantity"] = json!("-3");
    });
    let expected = [
        ("items[0].quantity", "invalid_quantity"),
        ("address.detail", "too_short"),
        ("contact.phone", "mobile"),
        ("appointment_time", "too_soon"),
    ];
    assert_eq!(errors, expected.map(|(f, c)| (f.to_owned(), c)));
}

#[test]
fn an_hour_ahead_to_the_second_and_a_month_ahead_to_the_second() {
    for (time, code) in [
        ("2026-11-23T11:00:00+08:00", None),
        ("2026-11-23T10:59:59.999+08:00", Some("too_soon")),
        ("2026-12-23T10:00:00+08:00", None),
        ("2026-12-23T10:00:00.001+08:00", Some("too_late")),
    ] {
        let expected = code.map_or_else(Vec::new, |c| one("appointment_time", c));
        assert_eq!(
            faults(|raw| raw["appointment_time"] = json!(time)),
            expected,
            "{time}"
        );
    }
}

#[test]
fn an_address_has_five_to_two_hundred_characters_and_a_real_district() {
    for (length, code) in [
        (4, Some("too_short")),
        (5, None),
        (200, None),
        (201, Some("too_long")),
    ] {
        let expected = code.map_or_else(Vec::new, |c| one("address.detail", c));
        assert_eq!(
            faults(|raw| raw["address"]["detail"] = json!("𠮷".repeat(length))),
            expected,
            "{length} characters"
        );
    }
    for code in ["330100", "330101", "999999", "33010", "西湖区"] {
        assert_eq!(
            faults(|raw| raw["address"]["division"] = json!(code)),
            one("address.division", "unknown_division"),
            "{code}"
        );
    }
}

#[test]
fn wrong_types_and_missing_fields_are_told_apart() {
    for field in ["city", "items", "address", "contact", "appointment_time"] {
        assert_eq!(
            faults(|raw| raw[field] = Value::Null)[0],
            (field.to_owned(), "required"),
            "{field}"
        );
        assert_eq!(
            faults(|raw| raw[field] = json!(true))[0],
            (field.to_owned(), "type"),
            "{field}"
        );
    }
    assert_eq!(
        faults(|raw| raw["items"] = json!([])),
        one("items", "required")
    );
    assert_eq!(
        faults(|raw| raw["items"] = json!([7])),
        one("items[0]", "type")
    );
    assert_eq!(
        faults(|raw| raw["items"][0]["category"] = json!("paper/gold")),
        one("items[0].category", "unknown_category")
    );
    assert_eq!(
        faults(|raw| raw["address"]["lng"] = json!("180.1")),
        one("address.lng", "type")
    );
    assert_eq!(
        faults(|raw| raw["photos"] = json!([1])),
        one("photos[0]", "type")
    );
    assert_eq!(
        faults(|raw| raw["note"] = json!("长".repeat(501))),
        one("note", "too_long")
    );
}

fn taken(change: impl FnOnce(&mut Value)) -> AppointmentCreate {
    let mut args = good();
    for key in ["appointment_id", "order_id"] {
        args[key] = json!("01936a00-0000-7000-8000-000000000001");
    }
    change(&mut args);
    serde_json::from_value(args).unwrap()
}

#[test]
fn a_phone_booking_keeps_to_the_rules_of_any_other() {
    let check = |args: &AppointmentCreate, city| {
        by_phone(args, city, now(), Some(&book()).filter(|_| city.is_some())).map_err(|faults| {
            let faults = faults.into_iter().map(|f| (f.field, f.code));
            faults.collect::<Vec<_>>()
        })
    };
    let city = Some("330100");
    assert_eq!(
        check(&taken(|_| {}), city),
        Ok(parse(&good(), now(), Some(&book())).unwrap())
    );
    let spoilt = taken(|args| {
        args["items"][0]["category"] = json!("paper/gold");
        args["address"]["detail"] = json!("短");
        args["contact"]["phone"] = json!("12345");
        args["appointment_time"] = json!("2026-11-23T02:59:59Z");
    });
    let expected = [
        ("items[0].category", "unknown_category"),
        ("address.detail", "too_short"),
        ("contact.phone", "mobile"),
        ("appointment_time", "too_soon"),
    ];
    assert_eq!(
        check(&spoilt, city),
        Err(expected.map(|(f, c)| (f.to_owned(), c)).to_vec())
    );
    assert_eq!(
        check(&taken(|_| {}), None),
        Err(one("address.division", "not_served"))
    );
    let nowhere = taken(|args| args["address"]["division"] = json!("999999"));
    assert_eq!(
        check(&nowhere, None),
        Err(one("address.division", "unknown_division")),
        "one fault a field"
    );
}

proptest! {
    #[test]
    fn no_text_anywhere_makes_it_panic(text in "\\PC{0,60}", field in 0_usize..8) {
        let paths = ["/city", "/items/0/category", "/items/0/quantity", "/address/division", "/address/detail", "/address/lng", "/contact/phone", "/appointment_time"];
        let mut raw = good();
        *raw.pointer_mut(paths[field]).unwrap() = json!(text);
        let _ = parse(&raw, now(), Some(&book()));
    }
}
