//! Transitions of the appointment, one function a row of sync.md's first table.

use super::{Act, Applied, Party, RESCHEDULED_NOW, Refusal, Visit};
use crate::{
    appointment::{Appointment, AppointmentStatus as S, Cancellation},
    command::Cancel,
    ids::StaffId,
    order::OrderStatus,
    quote::{Quote, QuoteKind},
    review::ReviewCode,
    staff::Role,
};
use chrono::{DateTime, Utc};

pub(super) fn confirm(appointment: &mut Appointment, done: &mut Applied) -> Result<(), Refusal> {
    match appointment.status {
        S::Pending => {
            appointment.status = S::Confirmed;
            done.appointment_changed = true;
            Ok(())
        }
        S::Confirmed => Ok(()),
        S::InService => Err(Refusal::InService),
        S::Completed => Err(Refusal::Completed),
        S::Cancelled => Err(Refusal::Cancelled),
    }
}

pub(super) fn assign(
    visit: &mut Visit,
    assignee: Option<StaffId>,
    done: &mut Applied,
) -> Result<(), Refusal> {
    let order = &mut visit.order;
    let appointment = visit.appointment.as_mut().ok_or(Refusal::NoAppointment)?;
    match appointment.status {
        S::Pending | S::Confirmed | S::InService => {
            if appointment.assignee != assignee {
                appointment.assignee = assignee;
                order.collector = assignee;
                done.appointment_changed = true;
                done.order_changed = true;
            }
            Ok(())
        }
        S::Completed => Err(Refusal::Completed),
        S::Cancelled => Err(Refusal::Cancelled),
    }
}

pub(super) fn reschedule(
    appointment: &mut Appointment,
    to: DateTime<Utc>,
    act: &Act,
    done: &mut Applied,
) -> Result<(), Refusal> {
    let by_customer = act.party.is_for_customer();
    let next = match appointment.status {
        S::Pending => S::Pending,
        S::Confirmed if by_customer => S::Pending,
        S::Confirmed => S::Confirmed,
        S::InService => return Err(Refusal::InService),
        S::Completed => return Err(Refusal::Completed),
        S::Cancelled => return Err(Refusal::Cancelled),
    };
    let slot = act.slot.clone().ok_or(Refusal::OutsideSlots)?;
    appointment.status = next;
    appointment.appointment_time = to;
    appointment.slot = slot;
    if by_customer {
        appointment.rescheduled_version = Some(RESCHEDULED_NOW);
    }
    done.appointment_changed = true;
    Ok(())
}

/// Another estimate, until the goods have been weighed: it takes the place of the one before, goods included.
pub(super) fn estimate(
    visit: &mut Visit,
    quote: &Quote,
    act: &Act,
    done: &mut Applied,
) -> Result<(), Refusal> {
    let appointment = visit.appointment.as_mut().ok_or(Refusal::NoAppointment)?;
    match (appointment.status, visit.order.status) {
        (S::Completed, _) => return Err(Refusal::Completed),
        (S::Cancelled, _) | (_, OrderStatus::Cancelled) => return Err(Refusal::Cancelled),
        (S::InService, _) if is_at_the_door(&act.party) => return Err(Refusal::InService),
        (S::Pending | S::Confirmed | S::InService, _) => {}
    }
    if !visit.order.quotes.is_empty() {
        return Err(Refusal::AlreadyWeighed);
    }
    if appointment.estimate.id == quote.id {
        let told = &appointment.estimate;
        let same = told.due == quote.due && told.items == quote.items;
        return if same { Ok(()) } else { Err(Refusal::IdTaken) };
    }
    act.price.refuse()?;
    appointment.items.clone_from(&quote.items);
    appointment.estimate = Quote {
        kind: QuoteKind::Estimate,
        gap_reasons: Vec::new(),
        trace: Vec::new(),
        created_at: act.happened_at(),
        ..quote.clone()
    };
    done.appointment_changed = true;
    Ok(())
}

/// Who stands before the customer. From then on a lower price is a difference, with a reason and a signature, and not
/// another estimate that makes the difference look small (product.md, promise 3).
#[must_use]
pub const fn is_at_the_door(party: &Party) -> bool {
    matches!(party, Party::Staff(actor) if matches!(actor.role, Role::Collector))
}

pub(super) fn cancel(
    visit: &mut Visit,
    args: &Cancel,
    act: &Act,
    done: &mut Applied,
) -> Result<(), Refusal> {
    let by_customer = act.party.is_for_customer();
    let appointment = visit.appointment.as_mut().ok_or(Refusal::NoAppointment)?;
    match appointment.status {
        S::InService if by_customer => return Err(Refusal::InService),
        S::Completed => return Err(Refusal::Completed),
        S::Cancelled => return Ok(()),
        S::Pending | S::Confirmed | S::InService => {}
    }
    appointment.status = S::Cancelled;
    appointment.cancellation = Some(Cancellation {
        by: act.party.label().to_owned(),
        reason: args.reason.clone(),
        text: args.text.clone(),
        at: act.at,
    });
    done.appointment_changed = true;
    cancel_order(visit, done);
    Ok(())
}

/// A cancelled visit cancels its order, unless money lies on it: that stays, and is looked at.
fn cancel_order(visit: &mut Visit, done: &mut Applied) {
    if visit.order.paid_fen() != 0 {
        done.review(ReviewCode::CancelledAfterPayment);
    } else if visit.order.status == OrderStatus::Unpaid {
        visit.order.status = OrderStatus::Cancelled;
        done.order_changed = true;
    }
}

/// `start`, and the part of `weigh` that concerns the visit.
pub(super) fn begin(visit: &mut Visit, act: &Act, done: &mut Applied) {
    note_changed_plans(visit, act, done);
    let Some(appointment) = visit.appointment.as_mut() else {
        return;
    };
    match appointment.status {
        S::Pending | S::Confirmed => enter_service(appointment, act, done),
        S::InService => {}
        S::Completed => done.review(ReviewCode::AlreadyCompleted),
        S::Cancelled => {
            enter_service(appointment, act, done);
            done.review(ReviewCode::CancelledMeanwhile);
        }
    }
}

fn enter_service(appointment: &mut Appointment, act: &Act, done: &mut Applied) {
    appointment.status = S::InService;
    appointment.started_at.get_or_insert(act.happened_at());
    done.appointment_changed = true;
}

pub(super) fn complete(visit: &mut Visit, act: &Act, done: &mut Applied) {
    note_changed_plans(visit, act, done);
    let Some(appointment) = visit.appointment.as_mut() else {
        return;
    };
    match appointment.status {
        S::Completed => return,
        S::Pending | S::Confirmed | S::InService => {}
        S::Cancelled => done.review(ReviewCode::CancelledMeanwhile),
    }
    appointment.status = S::Completed;
    appointment.completed_at = Some(act.happened_at());
    done.appointment_changed = true;
}

/// A fact of someone who did not know that the visit was given to another, or moved by the customer. Each is
/// noted once a person.
pub(super) fn note_changed_plans(visit: &Visit, act: &Act, done: &mut Applied) {
    let (Some(appointment), Some(actor)) = (&visit.appointment, act.party.staff()) else {
        return;
    };
    let noted = |code| {
        appointment
            .reviews
            .iter()
            .any(|r| r.code == code && r.by == Some(actor.id))
    };
    if actor.role == Role::Collector
        && appointment.assignee != Some(actor.id)
        && !noted(ReviewCode::ReassignedMeanwhile)
    {
        done.review(ReviewCode::ReassignedMeanwhile);
    }
    let moved_since = matches!((appointment.rescheduled_version, act.saw_version), (Some(moved), Some(saw)) if saw < moved);
    if moved_since && !noted(ReviewCode::RescheduledMeanwhile) {
        done.review(ReviewCode::RescheduledMeanwhile);
    }
}
