//! Phone bookings and new estimates, made offline: shown at once, worked on before any sync, and undone with everything
//! that hung on them when the server says no.

use super::{
    device::{Device, booked, desk_scopes, scopes},
    server::{Server, ZHANG},
};
use crate::{
    error::Error,
    view::{
        quote::{BookingRequest, EstimateRequest, Executed},
        session::AppError,
        visit::{AppointmentFilter, RowSync},
    },
};
use huishou_domain::{
    ids::AppointmentId,
    sync::{message::Mutation, scope::Kind},
};
use serde_json::{Value, json};

fn desk() -> (Server, Device) {
    let (server, device) = (Server::new(&desk_scopes()), Device::clerk());
    device.round(&server).unwrap();
    (server, device)
}

fn booking() -> Value {
    json!({"contact": {"name": " 王女士 ", "phone": "13800002046"}, "address": {"division": "330106", "detail": "文三路 90 号 3 幢"},
        "appointment_time": "2026-11-24T02:00:00Z", "items": [{"category": "paper/cardboard", "quantity": "30"}], "note": "有电梯"})
}

fn with(path: &str, value: Value) -> Value {
    let mut args = booking();
    *args.pointer_mut(path).unwrap() = value;
    args
}

fn told(error: Error) -> AppError {
    AppError::from(error)
}

fn taken(device: &Device) -> (Executed, AppointmentId) {
    let done = device.exec("appointment.create", booking()).unwrap();
    let id = done.appointment_id.unwrap();
    (done, id)
}

#[test]
fn a_phone_booking_is_shown_at_once_and_worked_on_before_any_sync() {
    let (server, device) = desk();
    let (done, id) = taken(&device);
    let shown = device.engine.appointment(id).unwrap();
    let appointment = &shown.appointment;
    assert_eq!(
        (appointment.status.code(), appointment.contact.name.as_str()),
        (0, "王女士")
    );
    assert_eq!(appointment.estimate.due.to_string(), "33.00");
    assert_eq!(Some(appointment.estimate.id), done.quote_id);
    let rows = device.engine.appointments(&AppointmentFilter::default());
    assert_eq!(rows.unwrap()[0].sync, RowSync::Pending);
    let of = json!({"appointment_id": id});
    for (name, args) in [
        ("appointment.confirm", of.clone()),
        (
            "appointment.assign",
            json!({"appointment_id": id, "assignee": ZHANG}),
        ),
        (
            "appointment.reschedule",
            json!({"appointment_id": id, "appointment_time": "2026-11-24T03:00:00Z"}),
        ),
        ("appointment.start", of.clone()),
    ] {
        device.exec(name, args).unwrap();
    }
    let started = device.engine.appointment(id).unwrap();
    assert_eq!(started.appointment.status.code(), 4);
    assert_eq!(started.appointment.assignee, Some(ZHANG));
    let first: Mutation = device.store(|store| {
        let stored = crate::store::mutations::by_uid(store.db(), done.uid).unwrap();
        serde_json::from_str(&stored.unwrap().bytes).unwrap()
    });
    assert_eq!(
        (first.name.as_str(), first.expect_version),
        ("appointment.create@1", None)
    );
    let last = device.exec("appointment.complete", of).unwrap();
    let last: Mutation = device.store(|store| {
        let stored = crate::store::mutations::by_uid(store.db(), last.uid).unwrap();
        serde_json::from_str(&stored.unwrap().bytes).unwrap()
    });
    assert!(last.after.contains(&done.uid), "it depends on the booking");
    device.is_sound();
    let mut device = device;
    device.reopen();
    assert_eq!(
        device
            .engine
            .appointment(id)
            .unwrap()
            .appointment
            .status
            .code(),
        2,
        "and survives a kill"
    );
    device.round(&server).unwrap();
    assert_eq!(device.pending(), 0);
    device.equals(&server);
}

#[test]
fn when_the_booking_is_refused_what_hung_on_it_is_too_and_facts_are_disputed() {
    let (server, device) = desk();
    server
        .state()
        .refuse
        .insert("appointment.create@1", "slot_full");
    let (done, id) = taken(&device);
    device
        .exec(
            "appointment.assign",
            json!({"appointment_id": id, "assignee": ZHANG}),
        )
        .unwrap();
    device
        .exec("appointment.start", json!({"appointment_id": id}))
        .unwrap();
    device.round(&server).unwrap();
    assert!(device.engine.appointment(id).is_err(), "it never was");
    device.equals(&server);
    let entries = device.engine.mutations().unwrap();
    let entry = |name: &str| entries.iter().find(|e| e.name == name).unwrap();
    let refused = entry("appointment.create@1");
    assert_eq!(
        (
            refused.code.as_deref(),
            refused.open,
            refused.subject.as_str()
        ),
        (Some("slot_full"), true, "王女士"),
        "the sync centre says whose it was"
    );
    let assign = entry("appointment.assign@1");
    assert_eq!(assign.code.as_deref(), Some("dependency_refused"));
    let start = entry("appointment.start@1");
    assert_eq!(
        (start.open, start.code.as_deref()),
        (false, Some("disputed")),
        "a fact is never refused"
    );
    server.state().refuse.clear();
    let mut again = refused.args.clone();
    again["appointment_time"] = json!("2026-11-24T05:00:00Z");
    let resent = device.engine.mutation_resend(done.uid, again).unwrap();
    assert_eq!(resent.appointment_id, Some(id), "the same booking, moved");
    device.engine.mutation_discard(assign.uid).unwrap();
    device.round(&server).unwrap();
    assert_eq!(device.engine.appointment(id).unwrap().appointment.id, id);
    assert!(device.engine.mutations().unwrap().iter().all(|e| !e.open));
    device.equals(&server);
    device.is_sound();
}

#[test]
fn a_phone_booking_keeps_to_the_rules_of_any_other_and_every_fault_is_named() {
    let (_, device) = desk();
    let refused = |args: Value| told(device.exec("appointment.create", args).unwrap_err());
    let mut spoilt = booking();
    spoilt["contact"]["phone"] = json!("12345");
    spoilt["address"]["detail"] = json!("短");
    spoilt["appointment_time"] = json!("2026-11-23T02:59:00Z");
    spoilt["items"][0]["quantity"] = json!("0");
    let faults = refused(spoilt);
    let listed: Vec<_> = faults
        .errors
        .iter()
        .map(|f| (f.field.as_str(), f.code.as_str()))
        .collect();
    assert_eq!(faults.code, "validation_failed");
    assert_eq!(
        listed,
        [
            ("items[0].quantity", "invalid_quantity"),
            ("address.detail", "too_short"),
            ("contact.phone", "mobile"),
            ("appointment_time", "too_soon")
        ]
    );
    for (args, field, code) in [
        (
            with("/address/division", json!("110101")),
            "address.division",
            "not_served",
        ),
        (
            with("/address/division", json!("999999")),
            "address.division",
            "unknown_division",
        ),
        (
            with("/items/0/category", json!("paper/gold")),
            "items[0].category",
            "unknown_category",
        ),
        (with("/items", json!([])), "items", "required"),
        (
            with("/appointment_time", json!("2026-12-24T02:00:00Z")),
            "appointment_time",
            "too_late",
        ),
    ] {
        let fault = refused(args);
        assert_eq!(fault.errors.len(), 1, "{fault:?}");
        let told = &fault.errors[0];
        assert_eq!((told.field.as_str(), told.code.as_str()), (field, code));
    }
    let mut strange = booking();
    strange["photos"] = json!(["a.jpg"]);
    assert_eq!(refused(strange).code, "unknown_argument");
    let (done, id) = taken(&device);
    let mut again = booking();
    again["appointment_id"] = json!(id);
    assert_eq!(refused(again).field.as_deref(), Some("appointment_id"));
    let mut again = booking();
    again["order_id"] = json!(done.order_id);
    let fault = refused(again);
    assert_eq!(
        (fault.code.as_str(), fault.field.as_deref()),
        ("id_taken", Some("order_id"))
    );
    assert_eq!(device.pending(), 1);
}

#[test]
fn collectors_take_no_phone_bookings() {
    let (server, device) = (Server::new(&scopes()), Device::new());
    device.round(&server).unwrap();
    let error = device.exec("appointment.create", booking()).unwrap_err();
    assert_eq!(told(error).code, "forbidden");
}

#[test]
fn another_estimate_is_priced_here_and_shown_until_the_goods_are_weighed() {
    let (server, device, appointment, order) = booked();
    let offered = || device.engine.appointment(appointment).unwrap().actions;
    assert!(offered().contains(&"appointment.estimate".to_owned()));
    let iron = json!([{"category": "metal/iron", "quantity": "10"}]);
    let request: EstimateRequest =
        serde_json::from_value(json!({"appointment_id": appointment, "items": iron})).unwrap();
    let done = device.engine.estimate(&request).unwrap();
    let shown = device.engine.appointment(appointment).unwrap();
    let estimate = &shown.appointment.estimate;
    assert_eq!(
        (Some(estimate.id), estimate.due.to_string().as_str()),
        (done.quote_id, "18.00")
    );
    assert_eq!(shown.appointment.items, estimate.items);
    let history: Vec<_> = shown
        .history
        .iter()
        .map(|h| (h.what.as_str(), h.pending))
        .collect();
    assert_eq!(history, [("booked", false), ("estimated", true)]);
    let rows = device
        .engine
        .appointments(&AppointmentFilter::default())
        .unwrap();
    assert_eq!(rows[0].categories, ["metal/iron"]);
    let refused = |args: Value| told(device.exec("appointment.estimate", args).unwrap_err());
    for (args, code, field) in [
        (
            json!({"appointment_id": appointment, "items": [{"category": "metal/iron", "quantity": "-1"}]}),
            "invalid_quantity",
            "items[0].quantity",
        ),
        (
            json!({"appointment_id": appointment, "quote": {"kind": "final", "items": iron}}),
            "invalid",
            "quote.kind",
        ),
        (
            json!({"appointment_id": appointment, "quote": {"items": iron, "due": "20.00"}}),
            "due_wrong",
            "adjustments",
        ),
        (
            json!({"appointment_id": order, "items": iron}),
            "not_found",
            "appointment_id",
        ),
    ] {
        let fault = refused(args.clone());
        assert_eq!(
            (fault.code.as_str(), fault.field.as_deref()),
            (code, Some(field)),
            "{args}"
        );
    }
    device.round(&server).unwrap();
    device.equals(&server);
    let weigh = json!({"order_id": order, "items": iron});
    device.exec("order.weigh", weigh).unwrap();
    assert!(!offered().contains(&"appointment.estimate".to_owned()));
    let late = refused(json!({"appointment_id": appointment, "items": iron}));
    assert_eq!(late.code, "in_service");
    device.is_sound();
}

#[test]
fn an_estimate_that_is_refused_gives_way_to_the_one_before() {
    let (server, device, appointment, _) = booked();
    server
        .state()
        .refuse
        .insert("appointment.estimate@1", "price_stale");
    let iron = json!([{"category": "metal/iron", "quantity": "10"}]);
    device
        .exec(
            "appointment.estimate",
            json!({"appointment_id": appointment, "items": iron}),
        )
        .unwrap();
    device.round(&server).unwrap();
    let shown = device.engine.appointment(appointment).unwrap();
    assert_eq!(shown.appointment.estimate.due.to_string(), "33.00");
    assert!(
        device
            .held()
            .contains_key(&(Kind::Appointment, appointment.uuid()))
    );
    device.equals(&server);
}

#[test]
fn the_desk_books_with_what_its_form_knows() {
    let (_, device) = desk();
    let request: BookingRequest = serde_json::from_value(booking()).unwrap();
    let done = device.engine.book_visit(&request).unwrap();
    assert!(done.appointment_id.is_some() && done.order_id.is_some());
    assert_eq!(device.pending(), 1);
}
