//! The exact wire forms. Devices in the field hold stored mutations and cursors of these forms: a change here breaks
//! them, so it is a new version of the message or command, never an edit.
#![allow(clippy::unwrap_used)]

use super::{
    check::{Check, row_hash},
    message::{
        DropReason, Dropped, Gap, Mutation, Outcome, PullAnswer, PullRequest, PushAnswer,
        PushRequest, Put, Verdict,
    },
    scope::{Kind, Scope},
};
use crate::{
    command::{AppointmentCreate, Command, Estimate},
    review::ReviewCode,
};
use chrono::{DateTime, Utc};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use uuid::{Uuid, uuid};

const ID: Uuid = uuid!("01936a00-0000-7000-8000-000000000001");
const OTHER: Uuid = uuid!("01936a00-0000-7000-8000-000000000002");
const EPOCH: Uuid = uuid!("7c1e7e5e-0b0a-4b5e-9d53-1f2a3b4c5d6e");

fn at() -> DateTime<Utc> {
    "2026-11-23T02:00:00.125Z".parse().unwrap()
}

/// Serialises to exactly this text, and back to the same value.
fn pinned<T: Serialize + DeserializeOwned>(value: &T, text: &str) {
    assert_eq!(
        serde_json::to_string(value).unwrap(),
        text,
        "the wire form is fixed"
    );
    let back: T = serde_json::from_str(text).unwrap();
    assert_eq!(
        serde_json::to_string(&back).unwrap(),
        text,
        "and read back unchanged"
    );
}

/// A text that older builds wrote means this.
fn older<T: DeserializeOwned + PartialEq + std::fmt::Debug>(text: &str, means: &T) {
    assert_eq!(&serde_json::from_str::<T>(text).unwrap(), means);
}

fn verdict(id: i64) -> Verdict {
    Verdict {
        id,
        outcome: Outcome::Applied,
        version: Some(5),
        review: None,
        reviews: vec![],
        code: None,
        field: None,
        current: None,
    }
}

#[test]
fn a_mutation_is_stored_and_sent_in_this_form() {
    let mutation = Mutation {
        id: 12,
        uid: ID,
        name: "order.pay@1".into(),
        actor: OTHER.into(),
        args: json!({"order_id": ID, "amount": "54.00"}),
        expect_version: Some(3),
        epoch: Some(EPOCH),
        client_time: at(),
        after: vec![OTHER],
    };
    pinned(
        &mutation,
        r#"{"id":12,"uid":"01936a00-0000-7000-8000-000000000001","name":"order.pay@1","actor":"01936a00-0000-7000-8000-000000000002","args":{"amount":"54.00","order_id":"01936a00-0000-7000-8000-000000000001"},"expect_version":3,"epoch":"7c1e7e5e-0b0a-4b5e-9d53-1f2a3b4c5d6e","client_time":"2026-11-23T02:00:00.125Z","after":["01936a00-0000-7000-8000-000000000002"]}"#,
    );
    let before_epochs = Mutation {
        epoch: None,
        ..mutation
    };
    pinned(
        &before_epochs,
        r#"{"id":12,"uid":"01936a00-0000-7000-8000-000000000001","name":"order.pay@1","actor":"01936a00-0000-7000-8000-000000000002","args":{"amount":"54.00","order_id":"01936a00-0000-7000-8000-000000000001"},"expect_version":3,"client_time":"2026-11-23T02:00:00.125Z","after":["01936a00-0000-7000-8000-000000000002"]}"#,
    );
}

#[test]
fn a_push_carries_mutations_byte_for_byte() {
    let odd = r#"{ "id":1,  "unknown":"kept as it is" }"#;
    let push = PushRequest {
        schema: 1,
        incarnation: 1,
        confirmed: 11,
        mutations: vec![RawValue::from_string(odd.into()).unwrap()],
        device: None,
    };
    pinned(
        &push,
        &format!(r#"{{"schema":1,"incarnation":1,"confirmed":11,"mutations":[{odd}]}}"#),
    );
}

#[test]
fn verdicts_have_this_form() {
    pinned(
        &verdict(12),
        r#"{"id":12,"outcome":"applied","version":5,"review":null}"#,
    );
    let reviewed = Verdict {
        review: Some(ReviewCode::CancelledMeanwhile),
        reviews: vec![ReviewCode::CancelledMeanwhile],
        ..verdict(13)
    };
    pinned(
        &reviewed,
        r#"{"id":13,"outcome":"applied","version":5,"review":"cancelled_meanwhile","reviews":["cancelled_meanwhile"]}"#,
    );
    let refused = Verdict {
        outcome: Outcome::Rejected,
        version: None,
        code: Some("already_completed".into()),
        field: Some("appointment_id".into()),
        ..verdict(14)
    };
    pinned(
        &refused,
        r#"{"id":14,"outcome":"rejected","review":null,"code":"already_completed","field":"appointment_id"}"#,
    );
    let conflict = Verdict {
        outcome: Outcome::Conflict,
        version: None,
        current: Some(json!({"version": 9})),
        ..verdict(15)
    };
    pinned(
        &conflict,
        r#"{"id":15,"outcome":"conflict","review":null,"current":{"version":9}}"#,
    );
}

#[test]
fn answers_to_a_push_have_this_form() {
    let answer = PushAnswer {
        last_mutation: 12,
        verdicts: vec![verdict(12)],
        gap: None,
        incarnation: 2,
        epoch: EPOCH,
        server_time: at(),
    };
    pinned(
        &answer,
        r#"{"last_mutation":12,"verdicts":[{"id":12,"outcome":"applied","version":5,"review":null}],"incarnation":2,"epoch":"7c1e7e5e-0b0a-4b5e-9d53-1f2a3b4c5d6e","server_time":"2026-11-23T02:00:00.125Z"}"#,
    );
    older(
        r#"{"last_mutation":12,"verdicts":[{"id":12,"outcome":"applied","version":5,"review":null}],"server_time":"2026-11-23T02:00:00.125Z"}"#,
        &PushAnswer {
            incarnation: 1,
            epoch: Uuid::nil(),
            ..answer
        },
    );
    let gap = PushAnswer {
        last_mutation: 3,
        verdicts: vec![],
        gap: Some(Gap { expected: 4 }),
        incarnation: 1,
        epoch: Uuid::nil(),
        server_time: at(),
    };
    pinned(
        &gap,
        r#"{"last_mutation":3,"verdicts":[],"gap":{"expected":4},"incarnation":1,"server_time":"2026-11-23T02:00:00.125Z"}"#,
    );
    older(
        r#"{"last_mutation":3,"verdicts":[],"gap":{"expected":4},"server_time":"2026-11-23T02:00:00.125Z"}"#,
        &gap,
    );
}

#[test]
fn pulls_have_this_form() {
    pinned(
        &PullRequest {
            schema: 1,
            ..PullRequest::default()
        },
        r#"{"cursor":null,"schema":1,"confirmed":0}"#,
    );
    pinned(
        &PullRequest {
            schema: 1,
            check: true,
            again: vec![Scope::Admin],
            ..PullRequest::default()
        },
        r#"{"cursor":null,"schema":1,"confirmed":0,"check":true,"again":["admin"]}"#,
    );
    let scope = Scope::Collector(OTHER.into());
    let mut check = Check::default();
    check.add(Kind::Appointment, ID, 5);
    let answer = PullAnswer {
        puts: vec![Put {
            kind: Kind::Appointment,
            id: ID,
            version: 5,
            scopes: vec![scope.clone()],
            body: json!({"x": 1}).into(),
        }],
        drops: vec![Dropped {
            kind: Kind::Order,
            id: ID,
            reason: DropReason::Left,
        }],
        last_mutation: 12,
        verdicts: vec![],
        checks: Some([(scope, check)].into()),
        scopes: None,
        cursor: "abc".into(),
        complete: true,
        reset: vec![],
        incarnation: 2,
        epoch: EPOCH,
        server_time: at(),
    };
    let hash = format!("{:016x}", row_hash(Kind::Appointment, ID, 5));
    pinned(
        &answer,
        &format!(
            r#"{{"puts":[{{"kind":"appointment","id":"01936a00-0000-7000-8000-000000000001","version":5,"scopes":["collector:01936a00-0000-7000-8000-000000000002"],"body":{{"x":1}}}}],"drops":[{{"kind":"order","id":"01936a00-0000-7000-8000-000000000001","reason":"left"}}],"last_mutation":12,"verdicts":[],"checks":{{"collector:01936a00-0000-7000-8000-000000000002":{{"count":1,"hash":"{hash}"}}}},"cursor":"abc","complete":true,"incarnation":2,"epoch":"7c1e7e5e-0b0a-4b5e-9d53-1f2a3b4c5d6e","server_time":"2026-11-23T02:00:00.125Z"}}"#
        ),
    );
    older(
        &format!(
            r#"{{"puts":[{{"kind":"appointment","id":"01936a00-0000-7000-8000-000000000001","version":5,"scopes":["collector:01936a00-0000-7000-8000-000000000002"],"body":{{"x":1}}}}],"drops":[{{"kind":"order","id":"01936a00-0000-7000-8000-000000000001","reason":"left"}}],"last_mutation":12,"verdicts":[],"checks":{{"collector:01936a00-0000-7000-8000-000000000002":{{"count":1,"hash":"{hash}"}}}},"cursor":"abc","complete":true,"server_time":"2026-11-23T02:00:00.125Z"}}"#
        ),
        &PullAnswer {
            incarnation: 1,
            epoch: Uuid::nil(),
            ..answer
        },
    );
}

#[test]
fn the_row_hash_is_fixed() {
    assert_eq!(
        row_hash(Kind::Appointment, ID, 5),
        ROW_HASH,
        "both sides sum exactly this"
    );
}

#[test]
fn a_new_estimate_and_a_phone_booking_have_this_form() {
    let quote = r#"{"id":"01936a00-0000-7000-8000-000000000002","kind":"estimate","book":{"city":"330100","version":7,"hash":"6ee5"},"items":[{"category":"metal/iron","quantity":"10","attributes":{"moisture":"8"},"note":"旧"}],"lines":[{"category":"metal/iron","quantity":"10","unit_price":"1.8","applied":[],"amount":"18.00"}],"total":"18.00","adjustments":[],"due":"18.00","created_at":"2026-11-23T02:00:00.125Z"}"#;
    let id = "01936a00-0000-7000-8000-000000000001";
    let estimate = format!(r#"{{"appointment_id":"{id}","quote":{quote}}}"#);
    pinned::<Estimate>(&serde_json::from_str(&estimate).unwrap(), &estimate);
    let create = format!(
        r#"{{"appointment_id":"{id}","order_id":"01936a00-0000-7000-8000-000000000002","contact":{{"name":"王女士","phone":"13800002046"}},"address":{{"division":"330106","detail":"文三路 90 号 3 幢","lng":"120.12","lat":"30.27"}},"appointment_time":"2026-11-24T02:00:00.000Z","items":[{{"category":"metal/iron","quantity":"10"}}],"note":"有电梯","estimate":{quote}}}"#
    );
    pinned::<AppointmentCreate>(&serde_json::from_str(&create).unwrap(), &create);
    let least = format!(
        r#"{{"appointment_id":"{id}","order_id":"{id}","contact":{{"name":"王女士","phone":"13800002046"}},"address":{{"division":"330106","detail":"文三路 90 号"}},"appointment_time":"2026-11-24T02:00:00.000Z","items":[]}}"#
    );
    pinned::<AppointmentCreate>(&serde_json::from_str(&least).unwrap(), &least);
    for (name, text) in [
        ("appointment.estimate@1", &estimate),
        ("appointment.create@1", &create),
    ] {
        let args: Value = serde_json::from_str(text).unwrap();
        let command = Command::decode(name, &args).unwrap();
        assert_eq!((command.name(), command.is_fact()), (name, false));
        assert_eq!(command.args().unwrap(), args);
    }
}

/// SHA-256("appointment" 00 id 0000000000000005), first eight bytes; computed independently with Python's hashlib.
const ROW_HASH: u64 = 0x2c0c_7093_613f_3220;

#[test]
fn the_order_of_rows_is_irrelevant_to_a_check() {
    let (mut a, mut b) = (Check::default(), Check::default());
    a.add(Kind::Order, ID, 1);
    a.add(Kind::Appointment, OTHER, 2);
    b.add(Kind::Appointment, OTHER, 2);
    b.add(Kind::Order, ID, 1);
    assert_eq!(a, b);
}

#[test]
fn scopes_have_names() {
    for text in [
        "collector:01936a00-0000-7000-8000-000000000001",
        "station:01936a00-0000-7000-8000-000000000001",
        "catalog:330100",
        "admin",
    ] {
        assert_eq!(text.parse::<Scope>().unwrap().to_string(), text);
    }
    for text in [
        "",
        "collector:",
        "collector:x",
        "catalog:",
        "admin:",
        "everything",
    ] {
        assert!(text.parse::<Scope>().is_err(), "{text} names no scope");
    }
}

#[test]
fn commands_read_the_documented_arguments() {
    let id = ID.to_string();
    let cases: &[(&str, Value, bool)] = &[
        ("appointment.start", json!({"appointment_id": id}), true),
        (
            "appointment.cancel@1",
            json!({"appointment_id": id, "reason": "refused_price", "text": "太低"}),
            false,
        ),
        (
            "order.weigh",
            json!({"order_id": id, "quote_id": id, "book": {"city": "330100", "version": 7},
                "items": [{"category": "metal/iron", "weighing": {"gross": "52.400", "tare": "1.200", "deductions": [{"kind": "moisture", "percent": "3"}]}}],
                "lines": [{"category": "metal/iron", "quantity": "49.664", "unit_price": "1.1", "amount": "54.63"}],
                "total": "54.63", "adjustments": [{"kind": "round_down", "amount": "-0.63"}], "due": "54.00", "gap_reasons": [{"line": 0, "code": "weight"}]}),
            true,
        ),
        (
            "order.weigh",
            json!({"order_id": id, "quote_id": id, "book": {"city": "330100", "version": 7}, "items": [], "lines": [],
                "total": "0.00", "due": "0.00", "photos": ["ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"]}),
            true,
        ),
        (
            "order.accept",
            json!({"order_id": id, "quote_id": id, "by": "signature", "blob": "00"}),
            true,
        ),
        (
            "order.pay",
            json!({"order_id": id, "payment_id": id, "method": "cash", "amount": "54.00"}),
            true,
        ),
        ("appointment.complete", json!({"appointment_id": id}), true),
        (
            "appointment.assign",
            json!({"appointment_id": id, "assignee": null}),
            false,
        ),
    ];
    for (name, args, fact) in cases {
        let command = Command::decode(name, args).unwrap();
        assert_eq!(command.is_fact(), *fact, "{name}");
        let again = Command::decode(command.name(), &command.args().unwrap()).unwrap();
        assert_eq!(again, command, "{name} survives its own form");
    }
    assert!(
        Command::decode("order.pay@2", &json!({})).is_err(),
        "an unknown version is not guessed"
    );
}
