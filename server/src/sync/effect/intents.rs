//! Why an intent is refused or conflicts, before the state machines are asked.

use super::{Deed, Effect, version_of};
use crate::{
    problem::Problem,
    store::{scopes::VisitScopes, visits::Locked},
    sync::ports::Effecting,
};
use huishou_domain::{
    appointment::Slot,
    command::{Command, Subject, check},
    staff::{Actor, Role},
    sync::scope::Scope,
    visit::{self, Party, Visit},
};
use serde_json::Value;

/// Permission, form and conflict; a fact passes all three.
pub(super) fn refuse(
    deed: &Deed<'_>,
    command: &Command,
    subject: Subject,
    locked: &Locked,
) -> Option<Effect> {
    if let Err(refusal) = visit::permit(&locked.visit, command, &Party::Staff(deed.actor)) {
        return Some(Effect::rejected(refusal.as_str()));
    }
    if let Err(fault) = check::form(command).and_then(|()| check::moved_to(command, deed.at)) {
        return Some(Effect::rejected_field(fault.code, &fault.field));
    }
    let saw = deed
        .mutation
        .expect_version
        .filter(|_| !command.is_fact())?;
    // A version of another history, or one that is still to come, was not seen in this one.
    let unseen = !deed.same_history || saw > version_of(&locked.visit, subject);
    let conflicts = unseen || locked.mark(subject).conflicts(deed.device.0, saw);
    conflicts.then(|| Effect::Conflict {
        current: current(&locked.visit, subject, &deed.actor),
    })
}

/// The subject as it is, for those who may see it.
fn current(visit: &Visit, subject: Subject, actor: &Actor) -> Option<Value> {
    let scopes = VisitScopes::of(visit).list();
    let sees = match actor.role {
        Role::Collector => scopes.contains(&Scope::Collector(actor.id)),
        Role::Station => actor
            .station
            .is_some_and(|station| scopes.contains(&Scope::Station(station))),
        Role::Dispatcher | Role::Admin => true,
    };
    let body = match (subject, &visit.appointment) {
        (Subject::Appointment(_), Some(appointment)) => serde_json::to_value(appointment),
        _ => serde_json::to_value(&visit.order),
    };
    body.ok().filter(|_| sees)
}

/// Work can be given to a collector who is still with us, and to nobody else; from another station only by those who
/// plan everywhere.
pub(super) async fn refuse_assignee(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    command: &Command,
    visit: &Visit,
) -> Result<Option<Effect>, Problem> {
    let Command::Assign(args) = command else {
        return Ok(None);
    };
    let Some(id) = args.assignee else {
        return Ok(None);
    };
    let person = tx.person(id).await?;
    let Some(person) = person.filter(|p| p.staff.active && p.staff.role == Role::Collector) else {
        return Ok(Some(Effect::rejected_field("unknown_staff", "assignee")));
    };
    let home = person.staff.station_id == Some(visit.order.station_id);
    let may = home || deed.actor.role.plans_everywhere();
    Ok((!may).then(|| Effect::rejected_field("forbidden", "assignee")))
}

/// The slot of a new time, at the visit's station; none outside its slots. The day's rows were made when the mutation
/// arrived (`ports::Host::prepare`).
pub(super) async fn new_slot(
    tx: &mut impl Effecting,
    command: &Command,
    visit: &Visit,
) -> Result<Option<Slot>, Problem> {
    let (Command::Reschedule(args), Some(appointment)) = (command, &visit.appointment) else {
        return Ok(None);
    };
    Ok(tx
        .slot_at(appointment.station_id, args.appointment_time)
        .await?)
}
