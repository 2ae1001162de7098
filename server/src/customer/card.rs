//! An appointment in short (`?fields=summary`): without its quotes. Written straight from the row.

use crate::{
    problem::Problem,
    store::{StoreError, cards::Card},
};
use chrono::{DateTime, Utc};
use huishou_domain::{appointment::AppointmentStatus, money::Fen, time};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;
use uuid::Uuid;

#[derive(Serialize)]
struct Shown<'r> {
    id: Uuid,
    order_id: Uuid,
    version: i64,
    status: AppointmentStatus,
    user_id: Uuid,
    station_id: Uuid,
    assignee: Option<Uuid>,
    city: &'r str,
    items: &'r RawValue,
    address: Address<'r>,
    contact: Contact<'r>,
    #[serde(serialize_with = "instant")]
    appointment_time: DateTime<Utc>,
    slot: Slot<'r>,
    amount: Fen,
    channel: Option<&'r str>,
    note: &'r str,
    photos: &'r RawValue,
    #[serde(
        serialize_with = "maybe_instant",
        skip_serializing_if = "Option::is_none"
    )]
    started_at: Option<DateTime<Utc>>,
    #[serde(
        serialize_with = "maybe_instant",
        skip_serializing_if = "Option::is_none"
    )]
    completed_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cancellation: Option<Cancellation<'r>>,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Address<'r> {
    division: &'r str,
    detail: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    lng: Option<&'r str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lat: Option<&'r str>,
}

#[derive(Serialize)]
struct Contact<'r> {
    name: &'r str,
    phone: &'r str,
}

#[derive(Serialize)]
struct Slot<'r> {
    date: chrono::NaiveDate,
    start: &'r str,
    end: &'r str,
}

#[derive(Serialize)]
struct Cancellation<'r> {
    by: &'r str,
    reason: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'r str>,
    #[serde(serialize_with = "instant")]
    at: DateTime<Utc>,
}

/// What an estimate comes to.
#[derive(Deserialize)]
struct Estimate {
    due: Fen,
}

/// Writes an appointment; `weighed` is what is due by its final quote, if it has one.
///
/// # Errors
/// A column that cannot be read.
pub(super) fn write(
    out: &mut Vec<u8>,
    card: &Card<'_>,
    user: Uuid,
    weighed: Option<Fen>,
) -> Result<(), Problem> {
    let amount = match weighed {
        Some(due) => due,
        None => read::<Estimate>("estimate", card.estimate)?.due,
    };
    let shown = Shown {
        id: card.id,
        order_id: card.order_id,
        version: card.version,
        status: card.status,
        user_id: user,
        station_id: card.station_id,
        assignee: card.assignee,
        city: card.city,
        items: read("items", card.items)?,
        address: Address {
            division: card.division,
            detail: card.detail,
            lng: card.lng,
            lat: card.lat,
        },
        contact: Contact {
            name: card.name,
            phone: card.phone,
        },
        appointment_time: card.appointment_time,
        slot: Slot {
            date: card.date,
            start: card.start,
            end: card.end,
        },
        amount,
        channel: card.channel,
        note: card.note,
        photos: read("photos", card.photos)?,
        started_at: card.started_at,
        completed_at: card.completed_at,
        cancellation: card.cancelled_at.map(|at| Cancellation {
            by: card.cancelled_by.unwrap_or_default(),
            reason: card.cancel_reason.unwrap_or_default(),
            text: card.cancel_text,
            at,
        }),
        created_at: card.created_at,
        updated_at: card.updated_at,
    };
    serde_json::to_writer(out, &shown).map_err(|e| Problem::internal(e.to_string()))
}

fn read<'r, T: Deserialize<'r>>(column: &str, text: &'r str) -> Result<T, Problem> {
    let unread = |e: serde_json::Error| StoreError::Unreadable(format!("{column}: {e}"));
    Ok(serde_json::from_str(text).map_err(unread)?)
}

fn instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::wire(*at))
}

fn maybe_instant<S: Serializer>(
    at: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, serializer),
        None => serializer.serialize_none(),
    }
}
