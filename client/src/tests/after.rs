//! What depends on a refused change: a plan goes with it and can be made again, what has happened stays.

use super::device::{Device, booked};
use huishou_domain::{order::OrderStatus, sync::message::Outcome};
use serde_json::json;

fn estimate(
    device: &Device,
    appointment: huishou_domain::ids::AppointmentId,
    kilograms: &str,
) -> uuid::Uuid {
    let args = json!({"appointment_id": appointment, "items": [{"category": "paper/cardboard", "quantity": kilograms}]});
    device.exec("appointment.estimate", args).unwrap().uid
}

#[test]
fn a_plan_goes_with_the_refused_one_it_was_made_on_and_both_can_be_made_again() {
    let (server, device, appointment, _) = booked();
    server
        .state()
        .refuse
        .insert("appointment.estimate@1", "price_stale");
    let first = estimate(&device, appointment, "45");
    let cancel = json!({"appointment_id": appointment, "reason": "refused_price"});
    let second = device
        .exec("appointment.cancel", cancel.clone())
        .unwrap()
        .uid;
    device.round(&server).unwrap();
    device.equals(&server);
    device.is_sound();
    let entries = device.engine.mutations().unwrap();
    let shown: Vec<_> = entries
        .iter()
        .map(|entry| {
            (
                entry.uid,
                entry.open,
                entry.outcome,
                entry.code.as_deref(),
                entry.subject.as_str(),
            )
        })
        .collect();
    let refused = Some(Outcome::Rejected);
    assert_eq!(
        shown,
        [
            (first, true, refused, Some("price_stale"), "王女士"),
            (second, true, refused, Some("dependency_refused"), "王女士"),
        ]
    );
    // The ways on: one is let go, the other made again, on its own this time.
    device.engine.mutation_discard(first).unwrap();
    device.engine.mutation_resend(second, cancel).unwrap();
    device.round(&server).unwrap();
    assert_eq!(device.engine.sync_status().unwrap().refused, 0);
    device.equals(&server);
    device.is_sound();
}

#[test]
fn what_has_happened_stays_whatever_became_of_the_plan_before_it() {
    let (server, device, appointment, order) = booked();
    server
        .state()
        .refuse
        .insert("appointment.estimate@1", "price_stale");
    let plan = estimate(&device, appointment, "30");
    device.serve(appointment, order);
    device.push(&server).unwrap();
    let seen = device.engine.order(order).unwrap().order;
    assert_eq!(seen.status, OrderStatus::Paid, "seen without a break");
    device.pull(&server).unwrap();
    assert_eq!(server.order(order).payments.len(), 1);
    let open: Vec<_> = device
        .engine
        .mutations()
        .unwrap()
        .into_iter()
        .filter(|entry| entry.open)
        .map(|entry| entry.uid)
        .collect();
    assert_eq!(open, [plan], "only the plan is refused");
    device.equals(&server);
    device.is_sound();
}
