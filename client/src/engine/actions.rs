//! What this person can sensibly do now. Facts are possible whenever they happen; here only those that usually come
//! next are offered.

use huishou_domain::{
    appointment::{Appointment, AppointmentStatus as A},
    command::{Assign, Cancel, Command, Estimate, OfAppointment, Reschedule, Void},
    ids::AppointmentId,
    order::{Order, OrderStatus as O},
    staff::{Actor, Role},
    visit::{Act, Party, Visit, is_at_the_door, lacks_explicit_acceptance, permit},
};

/// Names of the commands on offer, without version.
pub fn of(visit: &Visit, actor: &Actor) -> Vec<String> {
    let mut names = visit
        .appointment
        .as_ref()
        .map(|a| of_appointment(visit, a, actor))
        .unwrap_or_default();
    names.extend(of_order(visit, actor));
    names.into_iter().map(str::to_owned).collect()
}

fn of_appointment(visit: &Visit, appointment: &Appointment, actor: &Actor) -> Vec<&'static str> {
    let id = appointment.id;
    let serves = actor.role != Role::Collector || appointment.assignee == Some(actor.id);
    let waits = matches!(appointment.status, A::Pending | A::Confirmed);
    let mut names = Vec::new();
    if appointment.status == A::Pending
        && may(
            visit,
            &Command::Confirm(Box::new(OfAppointment { appointment_id: id })),
            actor,
        )
    {
        names.push("appointment.confirm");
    }
    if waits && serves {
        names.push("appointment.start");
    }
    if appointment.status == A::InService && serves && visit.order.is_settled() {
        names.push("appointment.complete");
    }
    let intents = [
        (
            "appointment.assign",
            Command::Assign(Box::new(Assign {
                appointment_id: id,
                assignee: None,
            })),
        ),
        (
            "appointment.reschedule",
            Command::Reschedule(Box::new(Reschedule {
                appointment_id: id,
                appointment_time: appointment.appointment_time,
            })),
        ),
        (
            "appointment.estimate",
            Command::Estimate(Box::new(Estimate {
                appointment_id: id,
                quote: appointment.estimate.clone(),
            })),
        ),
        ("appointment.cancel", cancel(id)),
    ];
    let unweighed = visit.order.quotes.is_empty() && visit.order.status == O::Unpaid;
    let at_the_door = appointment.status == A::InService && is_at_the_door(&Party::Staff(*actor));
    let estimable = unweighed && !at_the_door;
    let open = !matches!(appointment.status, A::Completed | A::Cancelled);
    names.extend(
        intents
            .iter()
            .filter(|(name, command)| {
                open && (waits || *name != "appointment.reschedule")
                    && (estimable || *name != "appointment.estimate")
                    && may(visit, command, actor)
            })
            .map(|(name, _)| *name),
    );
    names
}

fn of_order(visit: &Visit, actor: &Actor) -> Vec<&'static str> {
    let order = &visit.order;
    let mut names = Vec::new();
    let under_way = visit
        .appointment
        .as_ref()
        .is_some_and(|a| matches!(a.status, A::Pending | A::Confirmed | A::InService));
    let serves = actor.role != Role::Collector
        || visit
            .appointment
            .as_ref()
            .is_none_or(|a| a.assignee == Some(actor.id));
    let unpaid = order.status == O::Unpaid && order.weighed_at.is_some() && serves;
    let accepted = order.accepted().is_some() && !lacks_explicit_acceptance(visit);
    if order.status == O::Unpaid && under_way && serves && order.paid_fen() == 0 {
        names.push("order.weigh");
    }
    if unpaid && !accepted && order.appointment_id.is_some() {
        names.push("order.accept");
    }
    if unpaid && (accepted || order.appointment_id.is_none()) && order.due.fen() > 0 {
        names.push("order.pay");
    }
    if order.paid_fen() > 0 && serves {
        names.push("order.refund");
    }
    if can_void(visit, order, actor) {
        names.push("order.void");
    }
    if order.status == O::Paid && actor.role != Role::Collector {
        names.push("order.receive");
    }
    names
}

/// Voiding is asked of the state machine itself: which states allow it is its affair.
fn can_void(visit: &Visit, order: &Order, actor: &Actor) -> bool {
    let command = Command::Void(Box::new(Void {
        order_id: order.id,
        reason: "-".into(),
    }));
    let act = Act::new(Party::Staff(*actor), order.updated_at);
    let goes = visit
        .clone()
        .apply(&command, &act)
        .is_ok_and(|done| done.order_changed);
    goes && may(visit, &command, actor) && order.weighed_at.is_some()
}

fn cancel(id: AppointmentId) -> Command {
    Command::Cancel(Box::new(Cancel {
        appointment_id: id,
        reason: "-".into(),
        text: None,
    }))
}

fn may(visit: &Visit, command: &Command, actor: &Actor) -> bool {
    permit(visit, command, &Party::Staff(*actor)).is_ok()
}
