//! What happened to a visit, oldest first. What the server does not know yet is marked pending.

use crate::{store::mutations::Stored, view::visit::HistoryEntry};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::{Appointment, AppointmentStatus},
    ids::StaffId,
    money::Fen,
    order::Order,
    time::wire,
    visit::Visit,
};
use std::collections::HashMap;

type Names = HashMap<StaffId, String>;

/// Commands whose trace is the changed fields themselves and not an entry of their own.
const WITHOUT_TRACE: &[&str] = &[
    "appointment.confirm@1",
    "appointment.assign@1",
    "appointment.reschedule@1",
    "order.void@1",
];

/// The history of a visit as shown, against the server's state of it.
pub fn of(
    shown: &Visit,
    base: Option<&Visit>,
    unconfirmed: &[Stored],
    names: &Names,
) -> Vec<HistoryEntry> {
    let known = base.map(|visit| facts(visit, names)).unwrap_or_default();
    let mut entries = facts(shown, names);
    for entry in &mut entries {
        entry.pending = !known.iter().any(|told| is_same(told, entry));
    }
    entries.extend(
        unconfirmed
            .iter()
            .filter(|s| WITHOUT_TRACE.contains(&s.name.as_str()))
            .map(|stored| HistoryEntry {
                what: stored.name.trim_end_matches("@1").to_owned(),
                at: wire(DateTime::from_timestamp_millis(stored.made_at).unwrap_or_default()),
                by: names.get(&stored.actor).cloned(),
                amount: None,
                detail: None,
                pending: true,
            }),
    );
    // A visit is completed after everything else of the same moment.
    entries.sort_by_key(|entry| (entry.at.clone(), entry.what == "completed"));
    entries
}

/// Told by the server already. What was estimated at booking is no longer known once there is another estimate.
fn is_same(told: &HistoryEntry, shown: &HistoryEntry) -> bool {
    told == shown || (told.what == "booked" && shown.what == "booked")
}

fn facts(visit: &Visit, names: &Names) -> Vec<HistoryEntry> {
    let mut entries = Vec::new();
    if let Some(appointment) = &visit.appointment {
        of_appointment(appointment, names, &mut entries);
    }
    of_order(&visit.order, names, &mut entries);
    entries
}

fn entry(what: &str, at: DateTime<Utc>) -> HistoryEntry {
    HistoryEntry {
        what: what.to_owned(),
        at: wire(at),
        by: None,
        amount: None,
        detail: None,
        pending: false,
    }
}

fn of_appointment(appointment: &Appointment, names: &Names, entries: &mut Vec<HistoryEntry>) {
    let estimate = &appointment.estimate;
    let again = estimate.created_at != appointment.created_at;
    entries.push(HistoryEntry {
        amount: Some(estimate.due).filter(|_| !again),
        by: Some(appointment.contact.name.clone()),
        ..entry("booked", appointment.created_at)
    });
    entries.extend(again.then(|| HistoryEntry {
        amount: Some(estimate.due),
        ..entry("estimated", estimate.created_at)
    }));
    if let Some(at) = appointment.started_at {
        entries.push(HistoryEntry {
            by: appointment.assignee.and_then(|id| names.get(&id).cloned()),
            ..entry("started", at)
        });
    }
    if let Some(at) = appointment
        .completed_at
        .filter(|_| appointment.status == AppointmentStatus::Completed)
    {
        entries.push(entry("completed", at));
    }
    if let Some(cancellation) = &appointment.cancellation {
        entries.push(HistoryEntry {
            by: Some(cancellation.by.clone()),
            detail: Some(cancellation.reason.clone()),
            ..entry("cancelled", cancellation.at)
        });
    }
    entries.extend(appointment.reviews.iter().map(|r| review(r, names)));
}

fn of_order(order: &Order, names: &Names, entries: &mut Vec<HistoryEntry>) {
    let name = |id: StaffId| names.get(&id).cloned();
    let money = |what, at, by, amount: Fen| HistoryEntry {
        by: name(by),
        amount: Some(amount),
        ..entry(what, at)
    };
    entries.extend(
        order
            .quotes
            .iter()
            .map(|q| money("weighed", q.quote.created_at, q.by, q.quote.due)),
    );
    // What was accepted is told with its amount: a quote weighed later may be another.
    let quote = |id| order.quotes.iter().find(|q| q.quote.id == id);
    entries.extend(order.acceptances.iter().map(|a| HistoryEntry {
        amount: quote(a.quote_id).map(|q| q.quote.due),
        detail: Some(a.by.as_str().into()),
        ..entry("accepted", a.at)
    }));
    entries.extend(order.payments.iter().map(|p| HistoryEntry {
        detail: Some(p.method.as_str().into()),
        ..money("paid", p.at, p.by, p.amount)
    }));
    entries.extend(
        order
            .refunds
            .iter()
            .map(|r| money("refunded", r.at, r.by, r.amount)),
    );
    entries.extend(order.received_at.map(|at| entry("received", at)));
    entries.extend(order.reviews.iter().map(|r| review(r, names)));
}

fn review(review: &huishou_domain::review::Review, names: &Names) -> HistoryEntry {
    HistoryEntry {
        detail: Some(review.code.as_str().to_owned()),
        by: review.by.and_then(|id| names.get(&id).cloned()),
        ..entry("review", review.at)
    }
}
