//! Booking: checked and priced here; appointment, order, slot, outbox rows and the kept answer are written in one
//! transaction, by [`crate::bookings`].

use super::{quote, view};
use crate::{
    app::App,
    bookings::{self, NewBooking},
    books::Compiled,
    once,
    once::Reply,
    open::Partner,
    problem::{BadField, Problem},
    store::idempotency::Keyed,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    appointment::Slot,
    booking::{self, Booking, FieldError},
    division,
    ids::{AppointmentId, OrderId, UserId, uuid_v7},
    pricing::Lang,
    quote::Quote,
    staff::Station,
    visit::{Opening, Visit},
};
use serde_json::Value;
use std::sync::Arc;

/// Everything a booking needs, found and checked.
struct Checked {
    booking: Booking,
    station: Arc<Station>,
    slot: Slot,
    estimate: Quote,
}

/// Who books.
#[derive(Debug, Clone, Copy)]
pub enum Booker {
    /// A customer with the mini-program.
    Customer(UserId),
    /// A partner, for a customer of theirs.
    Partner(Partner),
}

/// Books a pick-up at `now`.
///
/// # Errors
/// 422 with every bad field, 409 `slot_full`, and those of the idempotency key.
pub async fn book(
    app: &App,
    booker: Booker,
    keyed: Option<&Keyed>,
    raw: &Value,
    lang: Lang,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    let checked = match check(app, raw, lang, now).await {
        Ok(checked) => checked,
        // What was in time then may be too late now: the first answer comes before every fault.
        Err(problem) => {
            let first = once::replay(app, keyed).await?;
            return first.ok_or(problem);
        }
    };
    let booking = booking(app, booker, keyed, checked, now).await?;
    bookings::write(app, booking).await
}

async fn booking(
    app: &App,
    booker: Booker,
    keyed: Option<&Keyed>,
    mut checked: Checked,
    now: DateTime<Utc>,
) -> Result<NewBooking, Problem> {
    let (user, partner, writer) = match booker {
        Booker::Customer(user) => (Some(user), None, user.0),
        Booker::Partner(partner) => (None, Some(partner), partner.id()),
    };
    // The working in words is answered and not stored: whoever asks later gets it in their own language.
    let trace = std::mem::take(&mut checked.estimate.trace);
    let visit = visit(user, checked, now);
    let route = app.db.route_new_order(visit.order.id, now).await?;
    let reply = Reply::created(view::new_appointment(&visit, &trace)?);
    Ok(NewBooking {
        keyed: keyed.cloned(),
        answer: reply.body.to_string(),
        visit,
        route,
        writer,
        partner,
        reply,
    })
}

/// Reads and checks the booking; all faults together, those that need the database included.
async fn check(app: &App, raw: &Value, lang: Lang, now: DateTime<Utc>) -> Result<Checked, Problem> {
    let city = booking::city_of(raw).map(str::trim).unwrap_or_default();
    let book = app.books.in_force(&app.db, city, now).await?;
    let parsed = booking::parse(raw, now, book.as_deref().map(|b| &b.rules));
    let place = place(app, raw, city, now).await?;
    match (parsed, place, book) {
        (Ok(booking), Ok(Some((station, slot))), Some(book)) => {
            let estimate = estimate(&book, raw, &booking, lang, now)?;
            Ok(Checked {
                booking,
                station,
                slot,
                estimate,
            })
        }
        (parsed, place, _) => Err(all_faults(parsed.err(), place.err())),
    }
}

/// The station that serves the address and the slot the time lies in, as far as the form names them well enough.
async fn place(
    app: &App,
    raw: &Value,
    city: &str,
    now: DateTime<Utc>,
) -> Result<Result<Option<(Arc<Station>, Slot)>, FieldError>, Problem> {
    let code = raw
        .pointer("/address/division")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|code| division::is_district(code));
    let Some(code) = code else {
        return Ok(Ok(None));
    };
    let Some(station) = app.places.station_of(&app.db, code).await? else {
        return Ok(Err(FieldError::new("address.division", "not_served")));
    };
    if division::lookup(city).is_some() && station.city != city {
        // Another city's depot would come with this city's prices.
        return Ok(Err(FieldError::new("address.division", "not_served")));
    }
    let at = raw
        .get("appointment_time")
        .and_then(Value::as_str)
        .and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    let Some(at) = at
        .map(|at| at.to_utc())
        .filter(|at| booking::check_time(*at, now).is_ok())
    else {
        return Ok(Ok(None));
    };
    match app.places.slot_at(&app.db, station.id, at).await? {
        Some(slot) => Ok(Ok(Some((station, slot)))),
        None => Ok(Err(FieldError::new("appointment_time", "outside_slots"))),
    }
}

fn all_faults(form: Option<Vec<FieldError>>, place: Option<FieldError>) -> Problem {
    let faults = form.unwrap_or_default().into_iter().chain(place);
    let list: Vec<BadField> = faults
        .map(|f| BadField {
            field: f.field,
            code: f.code.to_owned(),
        })
        .collect();
    if list.is_empty() {
        Problem::internal("a booking refused without a fault")
    } else {
        Problem::fields(list)
    }
}

fn estimate(
    book: &Arc<Compiled>,
    raw: &Value,
    booking: &Booking,
    lang: Lang,
    now: DateTime<Utc>,
) -> Result<Quote, Problem> {
    let items = raw
        .get("items")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    quote::price(book, items, booking.items.clone(), Some(lang), now)
}

/// The appointment with its order, as they begin.
fn visit(user: Option<UserId>, checked: Checked, now: DateTime<Utc>) -> Visit {
    let Checked {
        booking,
        station,
        slot,
        estimate,
    } = checked;
    let opening = Opening {
        id: AppointmentId(uuid_v7(now, rand::random())),
        order_id: OrderId(uuid_v7(now, rand::random())),
        user_id: user,
        station_id: station.id,
        slot,
        estimate,
        at: now,
    };
    opening.open(booking)
}
