//! What is refused before it is written, with the field to blame, and what is offered instead.

use super::{
    commands::{ready, refused},
    device::{Device, scopes},
    server::Server,
};
use crate::view::quote::PreviewRequest;
use huishou_domain::{
    ids::{AppointmentId, OrderId},
    order::{Acceptance, AcceptedBy},
    sync::scope::Kind,
};
use serde_json::{Value, json};
use uuid::Uuid;

fn field(code: &str, field: &str) -> (String, Option<String>) {
    (code.to_owned(), Some(field.to_owned()))
}

fn actions(device: &Device, appointment: AppointmentId) -> Vec<String> {
    device.engine.appointment(appointment).unwrap().actions
}

fn weigh(device: &Device, order: OrderId, kilograms: &str) -> Uuid {
    let args = json!({"order_id": order, "items": [{"category": "paper/cardboard", "quantity": kilograms}],
        "gap_reasons": [{"line": 0, "code": "weight"}]});
    let made = device.exec("order.weigh", args).unwrap();
    made.quote_id.unwrap().uuid()
}

/// The server's order as something else made it.
fn put(server: &Server, order: OrderId, change: impl FnOnce(&mut huishou_domain::order::Order)) {
    let mut held = server.order(order);
    change(&mut held);
    let body = serde_json::to_value(held).unwrap();
    server.put(Kind::Order, order.uuid(), &body, &scopes()[..1]);
}

#[test]
fn what_cannot_be_read_is_named() {
    let (_, device, appointment, order) = ready();
    let bad = |name: &str, args: Value| refused(&device, name, args);
    for name in [
        "order.pay",
        "order.weigh",
        "order.accept",
        "order.refund",
        "order.void",
    ] {
        let said = bad(name, json!({}));
        assert_eq!(said, field("invalid_arguments", "order_id"), "{name}");
    }
    assert_eq!(
        bad("appointment.start", json!({})),
        field("invalid_arguments", "appointment_id")
    );
    assert_eq!(
        bad(
            "order.pay",
            json!({"order_id": order, "method": "gold", "amount": "1"})
        ),
        field("invalid_arguments", "method")
    );
    assert_eq!(
        bad(
            "order.pay",
            json!({"appointment_id": "x", "method": "cash"})
        ),
        field("invalid_arguments", "appointment_id")
    );
    assert_eq!(
        bad("appointment.cancel", json!({"appointment_id": appointment})),
        field("invalid_arguments", "reason")
    );
    let reasons = json!([{"line": 0, "code": "mood"}]);
    let items = json!([{"category": "paper/cardboard", "quantity": "30"}]);
    assert_eq!(
        bad(
            "order.weigh",
            json!({"order_id": order, "items": items, "gap_reasons": reasons})
        ),
        field("invalid_arguments", "gap_reasons[0].code")
    );
    let note = json!([{"category": "paper/cardboard", "quantity": "30", "note": 7}]);
    assert_eq!(
        bad("ticket.create", json!({"items": note})),
        field("invalid_arguments", "items[0].note"),
        "as it was stated, not as it lies in the quote"
    );
}

#[test]
fn what_nobody_asked_for_is_named_and_not_passed_over() {
    let (_, device, appointment, order) = ready();
    let item = json!({"category": "paper/cardboard", "quantity": "30"});
    let with = |key: &str, value: Value| {
        let mut item = item.clone();
        item[key] = value;
        item
    };
    let told = |args: Value| refused(&device, "order.weigh", args);
    assert_eq!(
        told(json!({"order_id": order, "items": [item], "reasons": [{"line": 0}]})),
        field("unknown_argument", "reasons")
    );
    assert_eq!(
        told(json!({"order_id": order, "items": [item, with("remark", json!("wet"))]})),
        field("unknown_argument", "items[1].remark")
    );
    assert_eq!(
        refused(
            &device,
            "ticket.create",
            json!({"items": [item], "customer": "钱先生"})
        ),
        field("unknown_argument", "customer")
    );
    assert_eq!(
        refused(
            &device,
            "appointment.cancel",
            json!({"appointment_id": appointment, "reason": "other", "note": "算了"})
        ),
        field("unknown_argument", "note")
    );
    assert_eq!(
        refused(
            &device,
            "order.pay",
            json!({"order_id": Uuid::nil(), "appointment_id": appointment, "method": "cash"})
        ),
        field("invalid", "appointment_id"),
        "two names of different orders"
    );
    for empty in [json!(null), json!([]), json!({})] {
        assert_eq!(
            told(json!({"order_id": order, "items": [item], "adjustment": empty})),
            field("unknown_argument", "adjustment"),
            "a misspelt name is one whatever it holds"
        );
    }
    let typo = json!([{"line": 0, "code": "moisture", "txt": null}]);
    assert_eq!(
        told(json!({"order_id": order, "items": [item], "gap_reasons": typo})),
        field("unknown_argument", "gap_reasons[0].txt")
    );
    // Empty and optional ones, answers to a category's questions, and both names of one order are no strangers.
    let full = json!({"order_id": order, "appointment_id": appointment, "adjustments": [], "gap_reasons": [{"line": 0, "code": "moisture", "text": null}],
        "items": [with("attributes", json!({"moisture": 5}))]});
    device.exec("order.weigh", full).unwrap();
}

#[test]
fn what_a_script_wants_priced_is_read_with_the_same_care() {
    let (_, device, _, _) = ready();
    let told = |stated: Value| {
        let error = device.engine.preview_stated(&stated).unwrap_err();
        let error = crate::view::session::AppError::from(error);
        (error.code, error.field)
    };
    let items = json!([{"category": "metal/iron", "quantity": "1"}]);
    for (stated, code, at) in [
        (json!({}), "required", "items"),
        (json!({"items": null}), "required", "items"),
        (json!({"items": "x"}), "invalid_arguments", "items"),
        (
            json!({"items": items, "adjustments": 7}),
            "invalid_arguments",
            "adjustments",
        ),
        (
            json!({"items": items, "gap_reasons": {}}),
            "invalid_arguments",
            "gap_reasons",
        ),
        (
            json!({"items": items, "appointment_id": "x"}),
            "invalid_arguments",
            "appointment_id",
        ),
        (
            json!({"items": items, "appointment_id": Uuid::nil()}),
            "not_found",
            "appointment_id",
        ),
        (
            json!({"items": items, "adjust": null}),
            "unknown_argument",
            "adjust",
        ),
        (
            json!({"items": items, "note": "x"}),
            "unknown_argument",
            "note",
        ),
    ] {
        assert_eq!(told(stated.clone()), field(code, at), "{stated}");
    }
    let same =
        json!({"items": items, "adjustments": null, "gap_reasons": [], "appointment_id": null});
    assert!(device.engine.preview_stated(&same).unwrap().ready);
}

#[test]
fn only_the_current_quote_is_accepted() {
    let (server, device, appointment, order) = ready();
    let accept =
        |quote: Option<Uuid>| json!({"order_id": order, "by": "signature", "quote_id": quote});
    assert_eq!(
        refused(&device, "order.accept", accept(None)),
        field("not_weighed", "order_id")
    );
    assert_eq!(
        refused(&device, "order.accept", accept(Some(Uuid::nil()))),
        field("not_weighed", "order_id")
    );
    let first = weigh(&device, order, "30");
    device.exec("order.accept", accept(None)).unwrap();
    assert!(actions(&device, appointment).contains(&"order.pay".to_owned()));

    let second = weigh(&device, order, "31");
    let offered = actions(&device, appointment);
    assert!(
        offered.contains(&"order.accept".to_owned()) && !offered.contains(&"order.pay".to_owned()),
        "what was weighed later has to be accepted anew: {offered:?}"
    );
    assert_eq!(
        refused(&device, "order.accept", accept(Some(first))),
        field("quote_superseded", "quote_id")
    );
    device.exec("order.accept", accept(Some(second))).unwrap();
    let history = device.engine.order(order).unwrap().history;
    let accepted: Vec<_> = history
        .iter()
        .filter(|h| h.what == "accepted")
        .map(|h| h.amount.unwrap().to_string())
        .collect();
    assert_eq!(accepted, ["33.00", "34.10"], "each with what was accepted");
    device.round(&server).unwrap();
    device.equals(&server);
}

#[test]
fn a_tap_does_not_do_far_below_the_estimate() {
    let (server, device, appointment, order) = ready();
    let quote = weigh(&device, order, "20");
    device.round(&server).unwrap();
    put(&server, order, |held| {
        held.acceptances.push(Acceptance {
            quote_id: quote.into(),
            by: AcceptedBy::Tap,
            at: held.updated_at,
            blob: None,
        });
    });
    device.round(&server).unwrap();
    let offered = actions(&device, appointment);
    assert!(
        offered.contains(&"order.accept".to_owned()) && !offered.contains(&"order.pay".to_owned()),
        "{offered:?}"
    );
    let pay = json!({"order_id": order, "method": "cash"});
    assert_eq!(
        refused(&device, "order.pay", pay.clone()).0,
        "explicit_acceptance_required"
    );
    let sign = json!({"order_id": order, "by": "signature"});
    device.exec("order.accept", sign).unwrap();
    device.exec("order.pay", pay).unwrap();
}

#[test]
fn a_visit_neither_weighed_nor_paid_is_not_offered_for_completion() {
    let (_, device, appointment, order) = ready();
    let visit = json!({"appointment_id": appointment});
    let complete = "appointment.complete".to_owned();
    device.exec("appointment.start", visit).unwrap();
    assert!(!actions(&device, appointment).contains(&complete));
    weigh(&device, order, "30");
    assert!(!actions(&device, appointment).contains(&complete));
    let pay = json!({"order_id": order, "method": "cash"});
    device.exec("order.pay", pay).unwrap();
    assert!(actions(&device, appointment).contains(&complete));
}

#[test]
fn an_identity_stands_for_one_thing() {
    let (_, device, _, order) = ready();
    let id = Uuid::from_u128(0x0193_6a00_0000_7000_8000_0000_0000_0001);
    let weigh = |kilograms: &str| {
        json!({"order_id": order, "quote_id": id, "gap_reasons": [{"line": 0, "code": "weight"}],
        "items": [{"category": "paper/cardboard", "quantity": kilograms}]})
    };
    let pay = |method: &str, amount: &str| json!({"order_id": order, "payment_id": id, "method": method, "amount": amount});
    device.exec("order.weigh", weigh("30")).unwrap();
    device.exec("order.pay", pay("cash", "33.00")).unwrap();
    let refund = |amount: &str| json!({"order_id": order, "refund_id": id, "payment_id": id, "amount": amount});
    device.exec("order.refund", refund("1.00")).unwrap();

    let told = |name: &str, args: Value| refused(&device, name, args);
    assert_eq!(
        told("order.weigh", weigh("31")),
        field("id_taken", "quote_id")
    );
    assert_eq!(
        told("order.pay", pay("cash", "30.00")),
        field("id_taken", "payment_id")
    );
    assert_eq!(
        told("order.pay", pay("manual_transfer", "33.00")),
        field("id_taken", "payment_id")
    );
    assert_eq!(
        told("order.refund", refund("2.00")),
        field("id_taken", "refund_id")
    );

    let waiting = device.pending();
    for (name, args) in [
        ("order.weigh", weigh("30")),
        ("order.pay", pay("cash", "33.00")),
        ("order.refund", refund("1.00")),
    ] {
        assert_eq!(
            device.exec(name, args).unwrap().id,
            0,
            "{name} again changes nothing"
        );
    }
    assert_eq!(device.pending(), waiting);
}

#[test]
fn adjustments_of_no_line_and_bonuses_that_take_away_are_faults() {
    let (_, device, appointment, order) = ready();
    let items = json!([{"category": "paper/cardboard", "quantity": "30"}]);
    for (adjustment, code) in [
        (
            json!({"kind": "bonus", "amount": "-1.00", "approved_by": "admin"}),
            "bonus_negative",
        ),
        (
            json!({"kind": "round_down", "amount": "-0.50", "line": 1}),
            "unknown_line",
        ),
    ] {
        let request: PreviewRequest = serde_json::from_value(
            json!({"items": items, "adjustments": [adjustment], "appointment_id": appointment}),
        )
        .unwrap();
        let preview = device.engine.preview(&request).unwrap();
        assert_eq!(
            (preview.adjustment_fault.as_deref(), preview.ready),
            (Some(code), false)
        );
        assert_eq!(preview.due, preview.total, "as if it were not there");
        let args = json!({"order_id": order, "items": items, "adjustments": [adjustment]});
        assert_eq!(
            refused(&device, "order.weigh", args),
            field(code, "adjustments")
        );
    }
}

#[test]
fn a_disputed_fact_says_so_in_the_sync_centre() {
    let (server, device, _, order) = ready();
    let id = Uuid::from_u128(0x0193_6a00_0000_7000_8000_0000_0000_0002);
    weigh(&device, order, "30");
    let pay = json!({"order_id": order, "payment_id": id, "method": "cash", "amount": "33.00"});
    device.exec("order.pay", pay).unwrap();
    device.round(&server).unwrap();
    put(&server, order, |held| held.payments.clear());
    device.round(&server).unwrap();
    let again = json!({"order_id": order, "payment_id": id, "method": "manual_transfer", "amount": "33.00"});
    let paid = device.exec("order.pay", again).unwrap();
    put(&server, order, |held| {
        held.payments.push(huishou_domain::order::Payment {
            payment_id: id.into(),
            method: huishou_domain::order::PaymentMethod::Cash,
            amount: held.due,
            at: held.updated_at,
            by: super::server::ZHANG,
        });
    });
    device.round(&server).unwrap();
    let entries = device.engine.mutations().unwrap();
    let entry = entries.iter().find(|e| e.uid == paid.uid).unwrap();
    assert_eq!(
        (entry.code.as_deref(), entry.open),
        (Some("disputed"), false),
        "kept, and looked at"
    );
    device.equals(&server);
}
