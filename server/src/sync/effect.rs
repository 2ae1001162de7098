//! What a decoded mutation does: gather under locks, decide in `huishou_domain::visit`, save. Facts are always kept —
//! applied, or as a disputed record where there is nothing to apply them to; intents may be refused or conflict.

use super::catalogue;
use crate::{
    books::Compiled,
    problem::Problem,
    slots as days,
    store::{
        StoreError, Tx, disputed,
        disputed::{NewDispute, Reason},
        mutations,
        orders::Route,
        scopes::VisitScopes,
        slots, staff, stations, visits,
        visits::Locked,
    },
};
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{
    appointment::Slot,
    command::{Command, DecodeError, Subject, TicketCreate, check},
    ids::DeviceId,
    quote::bounds,
    review::{Review, ReviewCode},
    staff::{Actor, Role},
    sync::{message::Mutation, scope::Scope},
    visit::{self, Act, Party, Visit},
};
use serde_json::Value;
use uuid::Uuid;

/// A device's clock is believed for the moment of a weighing or payment if it is at most so far behind or ahead;
/// longer offline work than this goes by the server's time.
const BELIEVED_BEHIND: TimeDelta = TimeDelta::days(45);
const BELIEVED_AHEAD: TimeDelta = TimeDelta::minutes(10);

/// A mutation about to take effect.
pub struct Deed<'a> {
    /// The device that sent it.
    pub device: DeviceId,
    /// Who acted.
    pub actor: Actor,
    /// They are still with us.
    pub active: bool,
    /// The mutation.
    pub mutation: &'a Mutation,
    /// Its bytes.
    pub raw: &'a str,
    /// The price book that a weighing or ticket names, if the server has it.
    pub book: Option<&'a Compiled>,
    /// Where a new ticket's order goes.
    pub route: Option<Route>,
    /// Server time.
    pub at: DateTime<Utc>,
}

/// What it did.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Took effect.
    Applied {
        /// The subject's version now; none if there is no subject.
        version: Option<i64>,
        /// What an administrator should look at.
        reviews: Vec<ReviewCode>,
    },
    /// Refused.
    Rejected {
        /// Stable code.
        code: String,
        /// The argument at fault.
        field: Option<String>,
    },
    /// Someone else wrote first.
    Conflict {
        /// The subject as it is, where the actor may see it.
        current: Option<Value>,
    },
}

impl Effect {
    pub(super) fn rejected(code: &str) -> Self {
        Self::Rejected {
            code: code.to_owned(),
            field: None,
        }
    }

    pub(super) fn rejected_field(code: &str, field: &str) -> Self {
        Self::Rejected {
            code: code.to_owned(),
            field: Some(field.to_owned()),
        }
    }
}

impl Deed<'_> {
    /// The moment it happened by the device's clock, if that clock can be believed.
    pub(super) fn believed_time(&self) -> Option<DateTime<Utc>> {
        let told = self.mutation.client_time;
        (told >= self.at - BELIEVED_BEHIND && told <= self.at + BELIEVED_AHEAD).then_some(told)
    }

    fn act(&self, command: &Command) -> Act {
        let mut act = Act::new(Party::Staff(self.actor), self.at);
        act.client_time = self.believed_time();
        act.saw_version = self
            .mutation
            .expect_version
            .filter(|_| names_appointments_version(command));
        act
    }
}

/// Whether a command's `expect_version` is what was seen of the appointment. A weighing begins the visit, so it states
/// that too; the other commands on an order state the order's version, which says nothing about when its appointment
/// was moved.
fn names_appointments_version(command: &Command) -> bool {
    matches!(command, Command::Weigh(_)) || matches!(command.subject(), Subject::Appointment(_))
}

/// A command that nobody can read: a fact is kept as a disputed record, anything else is refused.
///
/// # Errors
/// Of the database.
pub async fn undecodable(
    tx: &mut Tx,
    deed: &Deed<'_>,
    error: &DecodeError,
) -> Result<Effect, Problem> {
    match error {
        DecodeError::BadArgs { name, .. } if Command::is_fact_name(name) == Some(true) => {
            dispute(tx, deed, Reason::Malformed, &error.to_string()).await
        }
        DecodeError::BadArgs { .. } | DecodeError::UnknownName(_) => {
            Ok(Effect::rejected("undecodable"))
        }
    }
}

/// Lets a command take effect.
///
/// # Errors
/// Of the database; then nothing has happened.
pub async fn apply(tx: &mut Tx, deed: &Deed<'_>, command: &Command) -> Result<Effect, Problem> {
    if !command.is_fact() && !deed.active {
        return Ok(Effect::rejected("forbidden"));
    }
    if !command.is_fact() && mutations::any_refused(tx.conn(), &deed.mutation.after).await? {
        return Ok(Effect::rejected("dependency_refused"));
    }
    if let Some(fault) = absurd(command) {
        return dispute(tx, deed, Reason::Malformed, fault).await;
    }
    tx.savepoint("effect").await?;
    let done = match command.subject() {
        Subject::Catalogue => catalogue::publish(tx, deed, command).await,
        subject => on_visit(tx, deed, command, subject).await,
    };
    match done {
        Err(problem) => misfit(tx, deed, command, problem).await,
        done => done,
    }
}

/// What the types allow and the trade does not.
fn absurd(command: &Command) -> Option<&'static str> {
    if check::goods(command).iter().any(bounds::is_too_long) {
        return Some("goods described at too great a length");
    }
    match command {
        Command::Ticket(args) if args.seller.as_ref().is_some_and(|s| s.fault().is_some()) => {
            Some("no such seller: a name of at most 50 characters and a mobile number")
        }
        Command::Pay(args) if args.amount.fen() <= 0 => Some("a payment is above zero"),
        Command::Refund(args) if args.amount.fen() <= 0 => Some("a refund is above zero"),
        Command::Weigh(args) if args.due.is_negative() || args.total.is_negative() => {
            Some("nothing is due below zero")
        }
        Command::Ticket(args) if args.quote.due.is_negative() || args.quote.total.is_negative() => {
            Some("nothing is due below zero")
        }
        _ => None,
    }
}

/// Values that the tables cannot hold, or an id that is another record's: a fact is disputed, an intent refused.
async fn misfit(
    tx: &mut Tx,
    deed: &Deed<'_>,
    command: &Command,
    problem: Problem,
) -> Result<Effect, Problem> {
    let (reason, code) = match problem.cause.as_deref() {
        Some(StoreError::Duplicate(_)) => (Reason::IdTaken, "id_taken"),
        Some(StoreError::OutOfRange(_)) => (Reason::Malformed, "out_of_range"),
        _ => return Err(problem),
    };
    let detail = problem
        .cause
        .as_deref()
        .map(ToString::to_string)
        .unwrap_or_default();
    tx.rollback_to("effect").await?;
    if command.is_fact() {
        return dispute(tx, deed, reason, &detail).await;
    }
    Ok(Effect::rejected(code))
}

async fn dispute(
    tx: &mut Tx,
    deed: &Deed<'_>,
    reason: Reason,
    detail: &str,
) -> Result<Effect, Problem> {
    let record = NewDispute {
        id: Uuid::now_v7(),
        device: deed.device,
        actor: deed.actor.id,
        mutation: deed.mutation.id,
        name: &deed.mutation.name,
        reason,
        detail,
        raw: deed.raw,
        at: deed.at,
    };
    disputed::insert(tx.conn(), &record).await?;
    Ok(Effect::Applied {
        version: None,
        reviews: vec![ReviewCode::Disputed],
    })
}

async fn on_visit(
    tx: &mut Tx,
    deed: &Deed<'_>,
    command: &Command,
    subject: Subject,
) -> Result<Effect, Problem> {
    let Some(locked) = visits::lock(tx, subject).await? else {
        return match command {
            Command::Ticket(args) => new_ticket(tx, deed, args).await,
            fact if fact.is_fact() => {
                dispute(
                    tx,
                    deed,
                    Reason::UnknownEntity,
                    "no such order or appointment",
                )
                .await
            }
            _ => Ok(Effect::rejected("not_found")),
        };
    };
    if let Some(refusal) = refuse(deed, command, subject, &locked) {
        return Ok(refusal);
    }
    if let Some(refusal) = refuse_assignee(tx, deed, command, &locked.visit).await? {
        return Ok(refusal);
    }
    let mut act = deed.act(command);
    let city = city_of(tx, &locked.visit).await?;
    act.price = catalogue::price_findings(tx, deed, command, city.as_deref()).await?;
    act.slot = new_slot(tx, command, &locked.visit).await?;
    let mut visit = locked.visit.clone();
    let applied = match visit.apply(command, &act) {
        Ok(applied) => applied,
        Err(refusal) => return Ok(Effect::rejected(refusal.as_str())),
    };
    match visits::save(tx, &locked, &visit, deed.device.0).await {
        Err(StoreError::SlotFull) => {
            tx.rollback_to("effect").await?;
            return Ok(Effect::rejected("slot_full"));
        }
        saved => saved?,
    }
    Ok(Effect::Applied {
        version: Some(version_of(&visit, subject)),
        reviews: applied.reviews,
    })
}

/// Permission, form and conflict; a fact passes all three.
fn refuse(deed: &Deed<'_>, command: &Command, subject: Subject, locked: &Locked) -> Option<Effect> {
    if let Err(refusal) = visit::permit(&locked.visit, command, &Party::Staff(deed.actor)) {
        return Some(Effect::rejected(refusal.as_str()));
    }
    if let Err(fault) = check::texts(command).and_then(|()| check::moved_to(command, deed.at)) {
        return Some(Effect::rejected_field(fault.code, fault.field));
    }
    let saw = deed
        .mutation
        .expect_version
        .filter(|_| !command.is_fact())?;
    // A version that is still to come was seen nowhere: a restored copy, or made up.
    let unseen = saw > version_of(&locked.visit, subject);
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

fn version_of(visit: &Visit, subject: Subject) -> i64 {
    match (subject, &visit.appointment) {
        (Subject::Appointment(_), Some(appointment)) => appointment.version,
        _ => visit.order.version,
    }
}

/// Work can be given to a collector who is still with us, and to nobody else; from another station only by those who
/// plan everywhere.
async fn refuse_assignee(
    tx: &mut Tx,
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
    let person = staff::find(tx.conn(), id).await?;
    let Some(person) = person.filter(|p| p.staff.active && p.staff.role == Role::Collector) else {
        return Ok(Some(Effect::rejected_field("unknown_staff", "assignee")));
    };
    let home = person.staff.station_id == Some(visit.order.station_id);
    let may = home || deed.actor.role.plans_everywhere();
    Ok((!may).then(|| Effect::rejected_field("forbidden", "assignee")))
}

/// The city whose prices count: the appointment's, or the ticket's station's.
async fn city_of(tx: &mut Tx, visit: &Visit) -> Result<Option<String>, Problem> {
    if let Some(appointment) = &visit.appointment {
        return Ok(Some(appointment.city.clone()));
    }
    Ok(stations::load(tx.conn(), visit.order.station_id)
        .await?
        .map(|s| s.city))
}

async fn new_ticket(tx: &mut Tx, deed: &Deed<'_>, args: &TicketCreate) -> Result<Effect, Problem> {
    let (Some(station), Some(route)) = (
        stations::load(tx.conn(), args.station_id).await?,
        deed.route,
    ) else {
        return dispute(tx, deed, Reason::UnknownEntity, "no such station").await;
    };
    let command = Command::Ticket(Box::new(args.clone()));
    let mut act = deed.act(&command);
    act.price = catalogue::price_findings(tx, deed, &command, Some(&station.city)).await?;
    let (mut order, mut applied) = visit::create_ticket(args, &act);
    if route.is_detour() {
        order.reviews.push(Review {
            code: ReviewCode::ImplausibleTime,
            at: deed.at,
            by: Some(deed.actor.id),
        });
        applied.reviews.push(ReviewCode::ImplausibleTime);
    }
    let version = order.version;
    visits::insert(
        tx,
        route,
        &Visit {
            appointment: None,
            order,
        },
        deed.device.0,
    )
    .await?;
    Ok(Effect::Applied {
        version: Some(version),
        reviews: applied.reviews,
    })
}

/// The slot of a new time, at the visit's station; none outside its slots. The day's rows were made when the mutation
/// arrived ([`super::arrival::Arrived::read`]).
async fn new_slot(tx: &mut Tx, command: &Command, visit: &Visit) -> Result<Option<Slot>, Problem> {
    let (Command::Reschedule(args), Some(appointment)) = (command, &visit.appointment) else {
        return Ok(None);
    };
    let local = days::local(args.appointment_time);
    let (date, time) = (local.date(), local.format("%H:%M").to_string());
    let day = slots::made_of_day(tx.conn(), appointment.station_id, date).await?;
    let slot = day
        .into_iter()
        .find(|slot| slot.capacity > 0 && slot.start <= time && time < slot.end);
    Ok(slot.map(|slot| Slot {
        date: date.to_string(),
        start: slot.start,
        end: slot.end,
    }))
}
