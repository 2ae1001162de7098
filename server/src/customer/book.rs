//! Booking: appointment, order, slot, outbox rows and the kept answer in one transaction.

use super::{quote, view};
use crate::{
    app::App,
    books::Compiled,
    crash::crash_point,
    once,
    once::Reply,
    problem::{BadField, Problem},
    slots,
    store::{idempotency::Keyed, visits},
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
pub(crate) struct Checked {
    booking: Booking,
    station: Station,
    slot: Slot,
    estimate: Quote,
}

/// Books a pick-up at `now`.
///
/// # Errors
/// 422 with every bad field, 409 `slot_full`, and those of the idempotency key.
pub async fn book(
    app: &App,
    user: UserId,
    keyed: Option<&Keyed>,
    raw: &Value,
    lang: Lang,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    if let Some(reply) = once::replay(app, keyed).await? {
        return Ok(reply);
    }
    let checked = check(app, raw, now).await?;
    let visit = visit(Some(user), checked, now);
    let route = app.db.route_new_order(visit.order.id, now).await?;
    let body = view::appointment(app, &visit, None, lang).await?;
    let reply = once!(app, keyed, tx => {
        visits::insert(tx, route, &visit, user.0).await?;
        crash_point("booking.before_commit");
        Ok(Reply::created(body.clone()))
    })?;
    crash_point("booking.after_commit");
    Ok(reply)
}

/// Reads and checks the booking; all faults together, those that need the database included.
pub(crate) async fn check(app: &App, raw: &Value, now: DateTime<Utc>) -> Result<Checked, Problem> {
    let city = booking::city_of(raw).map(str::trim).unwrap_or_default();
    let book = app.books.in_force(&app.db, city, now).await?;
    let parsed = booking::parse(raw, now, book.as_deref().map(|b| &b.rules));
    let place = place(app, raw, city, now).await?;
    match (parsed, place, book) {
        (Ok(booking), Ok(Some((station, slot))), Some(book)) => {
            let estimate = estimate(&book, raw, &booking, now)?;
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
) -> Result<Result<Option<(Station, Slot)>, FieldError>, Problem> {
    let code = raw
        .pointer("/address/division")
        .and_then(Value::as_str)
        .map(str::trim)
        .filter(|code| division::is_district(code));
    let Some(code) = code else {
        return Ok(Ok(None));
    };
    let Some(station) = slots::station_of(&app.db, code).await? else {
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
    match slots::slot_at(&app.db, station.id, at).await? {
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
    now: DateTime<Utc>,
) -> Result<Quote, Problem> {
    let items = raw
        .get("items")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    quote::price(book, items, booking.items.clone(), None, now)
}

/// The appointment with its order, as they begin.
pub(crate) fn visit(user: Option<UserId>, checked: Checked, now: DateTime<Utc>) -> Visit {
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
