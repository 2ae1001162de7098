//! What begins with a mutation: a walk-in ticket, which is a fact and always made, and a phone booking, which is an
//! intent and keeps to the rules of any booking.

use super::{Deed, Effect, disputed::dispute};
use crate::{
    customer,
    problem::Problem,
    store::{StoreError, disputed::Reason, orders::Route, visits},
    sync::{catalogue, ports::Effecting},
};
use huishou_domain::{
    booking::{self, Booking},
    command::{AppointmentCreate, Command, Subject, TicketCreate, check},
    order::Order,
    quote::Quote,
    review::{Review, ReviewCode},
    staff::Station,
    visit::{self, Opening, Visit},
};
use serde_json::Value;

/// Makes a walk-in ticket.
///
/// # Errors
/// Of the database.
pub(super) async fn new_ticket(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    args: &TicketCreate,
) -> Result<Effect, Problem> {
    let (Some(station), Some(route)) = (tx.station(args.station_id).await?, deed.route) else {
        return dispute(tx, deed, Reason::UnknownEntity, "no such station").await;
    };
    let command = Command::Ticket(Box::new(args.clone()));
    let mut act = deed.act(&command);
    act.price = catalogue::price_findings(tx, deed, &command, Some(&station.city)).await?;
    let (mut order, mut applied) = visit::create_ticket(args, &act);
    applied
        .reviews
        .extend(implausible_time(deed, route, &mut order));
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

/// An order whose id cannot be of the time it says lies in the month of its arrival, and is looked at.
fn implausible_time(deed: &Deed<'_>, route: Route, order: &mut Order) -> Option<ReviewCode> {
    let code = ReviewCode::ImplausibleTime;
    if !route.is_detour() {
        return None;
    }
    order.reviews.push(Review {
        code,
        at: deed.at,
        by: Some(deed.actor.id),
    });
    Some(code)
}

/// Why a phone booking is not taken, or what the database said.
enum Stop {
    Refused(Effect),
    Failed(Problem),
}

impl<E: Into<Problem>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Stop {
    fn refused(code: &str, field: &str) -> Self {
        Self::Refused(Effect::rejected_field(code, field))
    }
}

/// Takes a phone booking: appointment, order, slot and outbox rows together, or nothing.
///
/// # Errors
/// Of the database.
pub(super) async fn phone_booking(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    args: &AppointmentCreate,
) -> Result<Effect, Problem> {
    match book(tx, deed, args).await {
        Ok(effect) | Err(Stop::Refused(effect)) => Ok(effect),
        Err(Stop::Failed(problem)) => Err(problem),
    }
}

async fn book(
    tx: &mut impl Effecting,
    deed: &Deed<'_>,
    args: &AppointmentCreate,
) -> Result<Effect, Stop> {
    visit::permit_booking(&deed.actor)
        .map_err(|refusal| Stop::Refused(Effect::rejected(refusal.as_str())))?;
    free_ids(tx, args).await?;
    let (depot, booking) = check(tx, deed, args).await?;
    let slot = tx
        .slot_at(depot.id, booking.appointment_time)
        .await?
        .ok_or_else(|| Stop::refused("outside_slots", "appointment_time"))?;
    let opening = Opening {
        id: args.appointment_id,
        order_id: args.order_id,
        user_id: tx.customer_by_phone(&booking.contact.phone).await?,
        station_id: depot.id,
        slot,
        estimate: estimate(deed, args, &booking)?,
        at: deed.at,
    };
    let route = deed
        .route
        .ok_or_else(|| Problem::internal("a booking without a place for its order"))?;
    let mut visit = opening.open(booking);
    let review = implausible_time(deed, route, &mut visit.order);
    match visits::insert(tx, route, &visit, deed.device.0).await {
        Err(StoreError::SlotFull) => {
            tx.rollback_to("effect").await?;
            return Err(Stop::refused("slot_full", "appointment_time"));
        }
        saved => saved?,
    }
    Ok(Effect::Applied {
        version: visit.appointment.map(|a| a.version),
        reviews: review.into_iter().collect(),
    })
}

/// Ids that stand for something already are not taken over.
async fn free_ids(tx: &mut impl Effecting, args: &AppointmentCreate) -> Result<(), Stop> {
    for (subject, field) in [
        (Subject::Appointment(args.appointment_id), "appointment_id"),
        (Subject::Order(args.order_id), "order_id"),
    ] {
        if visits::lock(tx, subject).await?.is_some() {
            return Err(Stop::refused("id_taken", field));
        }
    }
    Ok(())
}

/// The rules of any booking, and the price the customer was told.
async fn check<'a>(
    tx: &mut impl Effecting,
    deed: &Deed<'a>,
    args: &AppointmentCreate,
) -> Result<(&'a Station, Booking), Stop> {
    let command = Command::Create(Box::new(args.clone()));
    check::form(&command).map_err(|fault| Stop::refused(fault.code, &fault.field))?;
    let city = deed.depot.map(|depot| depot.city.as_str());
    if args.estimate.is_some() && city.is_some() {
        let findings = catalogue::price_findings(tx, deed, &command, city).await?;
        findings
            .refuse()
            .map_err(|refusal| Stop::refused(refusal.as_str(), "estimate"))?;
    }
    let rules = deed.book.map(|book| &book.rules);
    let booking = booking::by_phone(args, city, deed.at, rules).map_err(|faults| {
        let first = faults.into_iter().next();
        first.map_or_else(
            || Stop::Refused(Effect::rejected("undecodable")),
            |fault| Stop::refused(fault.code, &fault.field),
        )
    })?;
    let depot = deed
        .depot
        .ok_or_else(|| Stop::refused("not_served", "address.division"))?;
    Ok((depot, booking))
}

/// What the customer was told, or what the book in force says.
fn estimate(
    deed: &Deed<'_>,
    args: &AppointmentCreate,
    booking: &Booking,
) -> Result<Quote, Problem> {
    if let Some(told) = &args.estimate {
        return Ok(told.clone());
    }
    let book = deed
        .book
        .ok_or_else(|| Problem::internal("a booking checked without a price book"))?;
    let items = booking.items.iter().map(serde_json::to_value);
    let raw: Result<Vec<Value>, _> = items.collect();
    let raw = raw.map_err(|e| Problem::internal(e.to_string()))?;
    customer::quote::price(book, &raw, booking.items.clone(), None, deed.at)
}
