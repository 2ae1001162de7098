//! What is booked, weighed and sold in the tests, and when: all relative to now, so that no test depends on
//! the day it runs on.

use chrono::{DateTime, Days, FixedOffset, NaiveTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// The demo city.
pub const CITY: &str = "330100";
/// A district that the demo city's first station serves.
pub const DISTRICT: &str = "330106";

/// China's time, in which slots are named.
#[must_use]
pub fn china() -> FixedOffset {
    FixedOffset::east_opt(8 * 3600).expect("a valid offset")
}

/// `days` after today in China at `hour` o'clock there, as the interfaces take it (`…T10:00:00+08:00`).
#[must_use]
pub fn at(days: u64, hour: u32) -> String {
    let day = Utc::now().with_timezone(&china()).date_naive() + Days::new(days);
    let time = NaiveTime::from_hms_opt(hour, 0, 0).expect("an hour");
    let local = day.and_time(time).and_local_timezone(china());
    local
        .single()
        .expect("no summer time")
        .to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The same instant as answers write it: UTC with milliseconds.
#[must_use]
pub fn answered(instant: &str) -> String {
    DateTime::parse_from_rfc3339(instant)
        .expect("RFC 3339")
        .to_utc()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Tomorrow's date in China (`2026-11-24`).
#[must_use]
pub fn tomorrow() -> String {
    at(1, 0)[..10].to_owned()
}

/// Estimated goods of three kinds.
#[must_use]
pub fn estimated() -> Value {
    json!([
        {"category": "paper/cardboard", "quantity": "12.5", "attributes": {"moisture": "8"}, "note": "旧纸箱"},
        {"category": "metal/iron", "quantity": "40"},
        {"category": "electronic/fridge", "quantity": "1", "attributes": {"volume_l": "220", "complete": true}},
    ])
}

/// The same goods as the scale saw them: tare and moisture taken off.
#[must_use]
pub fn weighed() -> Value {
    json!([
        {"category": "paper/cardboard", "attributes": {"moisture": "12"},
         "weighing": {"gross": "15.300", "tare": "0.650", "deductions": [{"kind": "moisture", "percent": "4"}]}},
        {"category": "metal/iron", "attributes": {"grade": "light"},
         "weighing": {"gross": "52.400", "tare": "1.200", "deductions": [{"kind": "moisture", "percent": "3"}, {"kind": "impurity", "weight": "0.5"}]}},
        {"category": "electronic/fridge", "quantity": "1", "attributes": {"volume_l": "220", "complete": false}},
    ])
}

/// Reasons for every line of [`weighed`] against [`estimated`].
#[must_use]
pub fn reasons() -> Value {
    json!([{"line": 0, "code": "moisture"}, {"line": 1, "code": "grade"}, {"line": 2, "code": "missing_part"}])
}

/// Little goods of one kind, for tests about something else.
#[must_use]
pub fn iron(kilograms: &str) -> Value {
    json!([{"category": "metal/iron", "quantity": kilograms}])
}

/// A booking of [`estimated`] goods at an instant of [`at`].
#[must_use]
pub fn booking(appointment_time: &str) -> Value {
    json!({
        "city": CITY,
        "items": estimated(),
        "address": {"division": DISTRICT, "detail": "文三路 90 号 3 幢 2 单元 501", "lng": "120.12", "lat": "30.27"},
        "contact": {"name": "王女士", "phone": "13800002046"},
        "appointment_time": appointment_time,
        "note": "有电梯",
        "photos": [],
    })
}

/// Fen of an amount on the wire (`"12.30"`).
#[must_use]
pub fn fen(amount: &Value) -> i64 {
    let text = amount
        .as_str()
        .unwrap_or_else(|| panic!("an amount is a string: {amount}"));
    let (yuan, fraction) = text
        .split_once('.')
        .unwrap_or_else(|| panic!("an amount has two decimals: {text}"));
    assert_eq!(fraction.len(), 2, "an amount has two decimals: {text}");
    let value: i64 = format!("{yuan}{fraction}")
        .parse()
        .unwrap_or_else(|_| panic!("an amount is a number: {text}"));
    value
}
