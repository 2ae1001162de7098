//! An appointment as a row of `appointments`: read from one, and bound to one.

use super::{
    StoreError,
    decode::{json, text, unreadable},
    scopes::VisitScopes,
    stored::{Query, Stored, bind_kept, read_mark},
};
use chrono::{DateTime, NaiveDate, Utc};
use huishou_domain::appointment::{
    Address, Appointment, AppointmentStatus, Cancellation, Contact, Slot,
};
use sqlx::{Row, mysql::MySqlRow};
use uuid::Uuid;

/// What [`read`] needs of a row.
pub(super) const COLUMNS: &str = "id, order_id, version, status, user_id, station_id, assignee, city, items, division, address_detail, lng, lat, \
     contact_name, contact_phone, appointment_time, slot_date, slot_start, slot_end, estimate, channel, note, photos, \
     rescheduled_version, started_at, completed_at, cancelled_at, cancelled_by, cancel_reason, cancel_text, \
     mark_version, mark_writer, mark_foreign, scope_station, scope_collector, scope_fact, created_at, updated_at";

pub(super) fn read(row: &MySqlRow) -> Result<Stored<Appointment>, StoreError> {
    Ok(Stored {
        body: read_body(row)?,
        mark: read_mark(row)?,
        scopes: VisitScopes::read(row)?,
    })
}

fn read_body(row: &MySqlRow) -> Result<Appointment, StoreError> {
    let status: u8 = row.try_get("status")?;
    Ok(Appointment {
        id: row.try_get::<Uuid, _>("id")?.into(),
        order_id: row.try_get::<Uuid, _>("order_id")?.into(),
        version: row.try_get("version")?,
        status: AppointmentStatus::from_code(status)
            .ok_or_else(|| unreadable("appointments.status", "no such state"))?,
        user_id: row.try_get::<Option<Uuid>, _>("user_id")?.map(Into::into),
        station_id: row.try_get::<Uuid, _>("station_id")?.into(),
        assignee: row.try_get::<Option<Uuid>, _>("assignee")?.map(Into::into),
        city: row.try_get("city")?,
        items: json(row, "items")?,
        address: Address {
            division: row.try_get("division")?,
            detail: row.try_get("address_detail")?,
            lng: row.try_get("lng")?,
            lat: row.try_get("lat")?,
        },
        contact: Contact {
            name: row.try_get("contact_name")?,
            phone: row.try_get("contact_phone")?,
        },
        appointment_time: row.try_get("appointment_time")?,
        slot: Slot {
            date: row.try_get::<NaiveDate, _>("slot_date")?.to_string(),
            start: row.try_get("slot_start")?,
            end: row.try_get("slot_end")?,
        },
        estimate: json(row, "estimate")?,
        channel: row.try_get("channel")?,
        note: row.try_get("note")?,
        photos: json(row, "photos")?,
        rescheduled_version: row.try_get("rescheduled_version")?,
        started_at: row.try_get("started_at")?,
        completed_at: row.try_get("completed_at")?,
        cancellation: read_cancellation(row)?,
        reviews: Vec::new(),
        created_at: row.try_get("created_at")?,
        updated_at: row.try_get("updated_at")?,
    })
}

fn read_cancellation(row: &MySqlRow) -> Result<Option<Cancellation>, StoreError> {
    let Some(at) = row.try_get::<Option<DateTime<Utc>>, _>("cancelled_at")? else {
        return Ok(None);
    };
    Ok(Some(Cancellation {
        by: row
            .try_get::<Option<String>, _>("cancelled_by")?
            .unwrap_or_default(),
        reason: row
            .try_get::<Option<String>, _>("cancel_reason")?
            .unwrap_or_default(),
        text: row.try_get("cancel_text")?,
        at,
    }))
}

/// The columns that a write may change, in the order of [`bind_changeable`].
pub(super) const CHANGEABLE: &[&str] = &[
    "mark_version",
    "mark_writer",
    "mark_foreign",
    "scope_station",
    "scope_collector",
    "scope_fact",
    "version",
    "status",
    "station_id",
    "assignee",
    "items",
    "division",
    "address_detail",
    "lng",
    "lat",
    "contact_name",
    "contact_phone",
    "appointment_time",
    "slot_date",
    "slot_start",
    "slot_end",
    "estimate",
    "channel",
    "note",
    "photos",
    "rescheduled_version",
    "started_at",
    "completed_at",
    "cancelled_at",
    "cancelled_by",
    "cancel_reason",
    "cancel_text",
    "updated_at",
];

pub(super) fn bind_changeable<'q>(
    query: Query<'q>,
    stored: &Stored<Appointment>,
) -> Result<Query<'q>, StoreError> {
    let a = &stored.body;
    let day: NaiveDate = a
        .slot
        .date
        .parse()
        .map_err(|_| StoreError::OutOfRange("slot.date".into()))?;
    let cancelled = a.cancellation.as_ref();
    Ok(bind_kept(query, stored)
        .bind(a.version)
        .bind(a.status.code())
        .bind(a.station_id.0)
        .bind(a.assignee.map(|id| id.0))
        .bind(text(&a.items)?)
        .bind(a.address.division.clone())
        .bind(a.address.detail.clone())
        .bind(a.address.lng.clone())
        .bind(a.address.lat.clone())
        .bind(a.contact.name.clone())
        .bind(a.contact.phone.clone())
        .bind(a.appointment_time)
        .bind(day)
        .bind(a.slot.start.clone())
        .bind(a.slot.end.clone())
        .bind(text(&a.estimate)?)
        .bind(a.channel.clone())
        .bind(a.note.clone())
        .bind(text(&a.photos)?)
        .bind(a.rescheduled_version)
        .bind(a.started_at)
        .bind(a.completed_at)
        .bind(cancelled.map(|c| c.at))
        .bind(cancelled.map(|c| c.by.clone()))
        .bind(cancelled.map(|c| c.reason.clone()))
        .bind(cancelled.and_then(|c| c.text.clone()))
        .bind(a.updated_at))
}

/// Columns that never change, after [`CHANGEABLE`] in a new row.
const FIXED: &[&str] = &["id", "order_id", "user_id", "city", "created_at"];

/// A row's columns, in the order of [`bind_row`].
pub(super) fn row_columns() -> impl Iterator<Item = &'static str> + Clone {
    CHANGEABLE.iter().chain(FIXED).copied()
}

pub(super) fn bind_row<'q>(
    query: Query<'q>,
    stored: &Stored<Appointment>,
) -> Result<Query<'q>, StoreError> {
    let a = &stored.body;
    Ok(bind_changeable(query, stored)?
        .bind(a.id.0)
        .bind(a.order_id.0)
        .bind(a.user_id.map(|id| id.0))
        .bind(a.city.clone())
        .bind(a.created_at))
}
