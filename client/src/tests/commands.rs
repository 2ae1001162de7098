//! What the person in front of the screen is told before a command is recorded, and what is filled in.

use super::{
    device::{Device, booked},
    server::{LI, STATION, Server},
};
use crate::view::quote::{PreviewRequest, TicketRequest, WeighRequest};
use huishou_domain::{
    ids::{AppointmentId, OrderId},
    order::OrderStatus,
};
use serde_json::{Value, json};
use uuid::Uuid;

pub fn ready() -> (Server, Device, AppointmentId, OrderId) {
    let (server, device, appointment, order) = booked();
    (server, device, appointment, order)
}

#[track_caller]
pub fn refused(device: &Device, name: &str, args: Value) -> (String, Option<String>) {
    let before = device.pending();
    let error = crate::view::session::AppError::from(device.exec(name, args).expect_err("refused"));
    assert_eq!(device.pending(), before, "what is refused is not written");
    (error.code, error.field)
}

#[test]
fn unknown_things_are_not_found_and_malformed_ones_not_read() {
    let (_, device, appointment, order) = ready();
    let nobody = Uuid::from_u128(7);
    let field = |code: &str, field: &str| (code.to_owned(), Some(field.to_owned()));
    assert_eq!(
        refused(
            &device,
            "appointment.start",
            json!({"appointment_id": nobody})
        ),
        field("not_found", "appointment_id")
    );
    assert_eq!(
        refused(
            &device,
            "order.pay",
            json!({"order_id": nobody, "method": "cash", "amount": "1"})
        ),
        field("not_found", "order_id")
    );
    assert_eq!(
        refused(&device, "order.pay@2", json!({})),
        field("unknown_command", "name")
    );
    for bad in [
        json!({}),
        json!([]),
        json!({"appointment_id": 7}),
        json!({"appointment_id": "x"}),
    ] {
        assert_eq!(
            refused(&device, "appointment.start", bad).0,
            "invalid_arguments"
        );
    }
    assert_eq!(
        refused(
            &device,
            "order.refund",
            json!({"order_id": order, "payment_id": nobody, "amount": "1"})
        ),
        field("not_found", "payment_id")
    );
    assert_eq!(
        refused(
            &device,
            "appointment.assign",
            json!({"appointment_id": appointment, "assignee": LI})
        )
        .0,
        "forbidden"
    );
    assert_eq!(
        refused(
            &device,
            "appointment.cancel",
            json!({"appointment_id": appointment, "reason": " "})
        ),
        field("required", "reason")
    );
    let long = "长".repeat(501);
    assert_eq!(
        refused(
            &device,
            "appointment.cancel",
            json!({"appointment_id": appointment, "reason": "other", "text": long})
        ),
        field("too_long", "text")
    );
}

#[test]
fn money_is_above_zero_and_below_the_absurd() {
    let (_, device, _, order) = ready();
    for amount in ["0", "-1", "10000000000.00"] {
        let (code, field) = refused(
            &device,
            "order.pay",
            json!({"order_id": order, "method": "cash", "amount": amount}),
        );
        assert_eq!(
            (code.as_str(), field.as_deref()),
            ("invalid_amount", Some("amount")),
            "{amount}"
        );
    }
}

#[test]
fn a_difference_from_the_estimate_owes_a_reason_and_far_below_it_a_signature() {
    let (_, device, _, order) = ready();
    let weigh = |reasons: Value| json!({"order_id": order, "items": [{"category": "paper/cardboard", "quantity": "20"}], "gap_reasons": reasons});
    let (code, field) = refused(&device, "order.weigh", weigh(json!([])));
    assert_eq!(
        (code.as_str(), field.as_deref()),
        ("reasons_owed", Some("gap_reasons[0]"))
    );
    assert_eq!(
        refused(
            &device,
            "order.weigh",
            weigh(json!([{"line": 0, "code": "other"}]))
        )
        .0,
        "reasons_owed"
    );
    device
        .exec("order.weigh", weigh(json!([{"line": 0, "code": "weight"}])))
        .unwrap();
    assert_eq!(
        refused(
            &device,
            "order.accept",
            json!({"order_id": order, "by": "tap"})
        )
        .0,
        "explicit_acceptance_required"
    );
    assert_eq!(
        refused(
            &device,
            "order.accept",
            json!({"order_id": order, "by": "signature", "quote_id": Uuid::nil()})
        )
        .0,
        "unknown_quote"
    );
    device
        .exec(
            "order.accept",
            json!({"order_id": order, "by": "signature"}),
        )
        .unwrap();
}

#[test]
fn bargaining_past_the_limit_and_rounding_off_a_yuan_are_sent_back() {
    let (_, device, _, order) = ready();
    let weigh = |kind: &str, amount: &str| json!({"order_id": order, "items": [{"category": "paper/cardboard", "quantity": "30"}], "adjustments": [{"kind": kind, "amount": amount}]});
    assert_eq!(
        refused(&device, "order.weigh", weigh("round_down", "-1.00")).0,
        "round_down_too_large"
    );
    assert_eq!(
        refused(&device, "order.weigh", weigh("bargain", "-3.31")).0,
        "bargain_too_large"
    );
    device
        .exec("order.weigh", weigh("bargain", "-3.30"))
        .unwrap();
    assert_eq!(
        device.engine.order(order).unwrap().order.due.to_string(),
        "29.70"
    );
}

#[test]
fn goods_that_cannot_be_priced_name_the_line_and_the_field() {
    let (_, device, _, order) = ready();
    let weigh = |item: Value| {
        refused(
            &device,
            "order.weigh",
            json!({"order_id": order, "items": [item]}),
        )
    };
    let field = |code: &str, field: &str| (code.to_owned(), Some(field.to_owned()));
    assert_eq!(
        weigh(json!({"category": "gold", "quantity": "1"})),
        field("unknown_category", "items[0].category")
    );
    assert_eq!(
        weigh(json!({"category": "paper/cardboard", "weighing": {"gross": "1", "tare": "2"}})).0,
        "invalid_weighing"
    );
    assert_eq!(
        refused(&device, "order.weigh", json!({"order_id": order})),
        field("required", "items")
    );
    assert_eq!(
        refused(
            &device,
            "order.weigh",
            json!({"order_id": order, "items": []})
        )
        .0,
        "empty"
    );
}

#[test]
fn what_is_not_given_is_filled_in_and_what_is_stated_stays() {
    let (_, device, appointment, order) = ready();
    let request = WeighRequest {
        order_id: order,
        items: vec![
            serde_json::from_value(json!({"category": "paper/cardboard", "quantity": "30"}))
                .unwrap(),
        ],
        adjustments: vec![],
        gap_reasons: vec![],
        photos: vec![],
    };
    let made = device.engine.weigh(&request).unwrap();
    assert_eq!(made.appointment_id, Some(appointment));
    let shown = device.engine.order(order).unwrap().order;
    assert_eq!(
        (shown.due.to_string().as_str(), shown.current_quote),
        ("33.00", made.quote_id)
    );
    assert_eq!(shown.current().unwrap().quote.book.version, 1);
    let paid = device
        .exec(
            "order.pay",
            json!({"appointment_id": appointment, "method": "cash"}),
        )
        .unwrap();
    assert_eq!(
        paid.order_id,
        Some(order),
        "the order may be named by its appointment"
    );
    assert_eq!(
        device.engine.order(order).unwrap().order.payments[0]
            .amount
            .to_string(),
        "33.00"
    );
    device
        .exec("order.refund", json!({"order_id": order}))
        .unwrap();
    assert_eq!(device.engine.order(order).unwrap().order.paid_fen(), 0);

    let stated = json!({"items": [{"category": "metal/iron", "quantity": "10"}], "quote": {
        "lines": [{"category": "metal/iron", "quantity": "10", "unit_price": "1.8", "amount": "99.00"}], "total": "99.00"}});
    let ticket = device.exec("ticket.create", stated).unwrap();
    assert_eq!(
        device
            .engine
            .order(ticket.order_id.unwrap())
            .unwrap()
            .order
            .due
            .to_string(),
        "99.00",
        "as stated; the server reviews it"
    );
    device.is_sound();
}

#[test]
fn a_ticket_at_the_counter_is_complete_when_it_is_paid() {
    let (server, device, ..) = ready();
    let request: TicketRequest = serde_json::from_value(json!({"items": [{"category": "metal/iron", "quantity": "10"}], "seller": {"name": "钱先生", "phone": "13911112222"}})).unwrap();
    let id = device.engine.ticket(&request).unwrap().order_id.unwrap();
    assert_eq!(
        device
            .engine
            .orders(&crate::view::visit::OrderFilter {
                tickets: Some(true),
                ..Default::default()
            })
            .unwrap()[0]
            .id,
        id
    );
    device
        .exec("order.pay", json!({"order_id": id, "method": "cash"}))
        .unwrap();
    assert_eq!(
        device.engine.order(id).unwrap().order.status,
        OrderStatus::Completed
    );
    assert_eq!(
        refused(
            &device,
            "ticket.create",
            json!({"order_id": id, "items": [{"category": "metal/iron", "quantity": "1"}]})
        )
        .0,
        "id_taken"
    );
    assert_eq!(refused(&device, "ticket.create", json!({"station_id": Uuid::nil(), "items": [{"category": "metal/iron", "quantity": "1"}]})).0, "forbidden");
    assert_eq!(refused(&device, "ticket.create", json!({"items": [{"category": "metal/iron", "quantity": "1"}], "seller": {"name": "钱", "phone": "1"}})).0, "mobile");
    device.round(&server).unwrap();
    device.equals(&server);
    assert_eq!(server.order(id).station_id, STATION);
}

#[test]
fn what_changes_nothing_is_not_sent() {
    let (_, device, appointment, _) = ready();
    device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    let again = device
        .exec("appointment.start", json!({"appointment_id": appointment}))
        .unwrap();
    assert_eq!((again.uid, again.id, device.pending()), (Uuid::nil(), 0, 1));
}

#[test]
fn a_preview_prices_what_is_complete_and_says_what_is_missing() {
    let (_, device, appointment, _) = ready();
    let preview = |items: Value| {
        let request: PreviewRequest =
            serde_json::from_value(json!({"items": items, "appointment_id": appointment})).unwrap();
        device.engine.preview(&request).unwrap()
    };
    let half = preview(
        json!([{"category": "paper/cardboard", "weighing": {"gross": "30"}}, {"category": "metal/iron"}, {"category": "metal/iron", "quantity": ""}]),
    );
    assert_eq!(
        (half.total.to_string().as_str(), half.ready),
        ("33.00", false)
    );
    assert_eq!(half.lines[1].error.as_deref(), Some("missing_quantity"));
    assert!(!half.lines[0].trace_zh.is_empty() && half.difference.is_none());
    let whole = preview(json!([{"category": "paper/cardboard", "quantity": "30"}]));
    assert!(whole.ready && whole.difference.unwrap().reasons_owed.is_empty());
    let other = preview(json!([{"category": "paper/cardboard", "quantity": "40"}]));
    assert_eq!(
        (other.ready, other.difference.unwrap().reasons_owed),
        (false, vec![0])
    );
}

#[test]
fn details_tell_the_history_and_what_comes_next() {
    let (server, device, appointment, order) = ready();
    let next = |device: &Device| device.engine.appointment(appointment).unwrap().actions;
    assert!(next(&device).contains(&"appointment.start".to_owned()));
    device.serve(appointment, order);
    let detail = device.engine.appointment(appointment).unwrap();
    let told: Vec<_> = detail
        .history
        .iter()
        .map(|h| (h.what.as_str(), h.pending))
        .collect();
    assert_eq!(
        told,
        [
            ("booked", false),
            ("started", true),
            ("weighed", true),
            ("accepted", true),
            ("paid", true),
            ("completed", true)
        ]
    );
    assert_eq!(detail.division_name, "浙江省杭州市西湖区");
    assert_eq!(detail.assignee_name.as_deref(), Some("张师傅"));
    assert!(!next(&device).contains(&"order.pay".to_owned()));
    device.round(&server).unwrap();
    assert!(
        device
            .engine
            .appointment(appointment)
            .unwrap()
            .history
            .iter()
            .all(|h| !h.pending)
    );
}

#[test]
fn a_list_row_sums_kilograms_and_leaves_pieces_out() {
    let (_, device, ..) = ready();
    let items = json!([
        {"category": "metal/iron", "quantity": "12"},
        {"category": "paper/cardboard", "weighing": {"gross": "3.5", "tare": "0.25"}},
        {"category": "electronic/tv", "quantity": "2", "attributes": {"size_inch": "40"}}
    ]);
    let id = device
        .exec("ticket.create", json!({"items": items}))
        .unwrap()
        .order_id
        .unwrap();
    device
        .exec(
            "order.pay",
            json!({"order_id": id, "method": "cash", "amount": "1.00"}),
        )
        .unwrap();
    let row = device
        .engine
        .orders(&crate::view::visit::OrderFilter::default())
        .unwrap()
        .into_iter()
        .find(|row| row.id == id)
        .unwrap();
    assert_eq!(
        (
            row.weight.as_str(),
            row.paid.to_string().as_str(),
            row.categories.len()
        ),
        ("15.25", "1.00", 3)
    );
}
