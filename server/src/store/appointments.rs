//! Rows of `appointments`. Written through [`super::visits`] only.

use super::{
    StoreError, Tx, blob_names, bulk,
    decode::{json, text, unreadable},
    orders::push_ids,
    reviews,
    scopes::VisitScopes,
};
use chrono::{DateTime, NaiveDate, Utc};
use huishou_domain::{
    appointment::{Address, Appointment, AppointmentStatus, Cancellation, Contact, Slot},
    conflict::WriteMark,
    ids::{AppointmentId, StationId, UserId},
    sync::scope::Kind,
};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder, Row, mysql::MySqlRow};
use std::collections::HashMap;
use uuid::Uuid;

/// An aggregate with what only the server keeps of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<T> {
    /// The aggregate.
    pub body: T,
    /// Who last wrote it significantly.
    pub mark: WriteMark,
    /// The scopes it is in.
    pub scopes: VisitScopes,
}

const COLUMNS: &str = "id, order_id, version, status, user_id, station_id, assignee, city, items, division, address_detail, lng, lat, \
     contact_name, contact_phone, appointment_time, slot_date, slot_start, slot_end, estimate, channel, note, photos, \
     rescheduled_version, started_at, completed_at, cancelled_at, cancelled_by, cancel_reason, cancel_text, \
     mark_version, mark_writer, mark_foreign, scope_station, scope_collector, scope_fact, created_at, updated_at";

/// The depot that serves an appointment.
///
/// # Errors
/// The database refused.
pub async fn station_of(
    conn: &mut MySqlConnection,
    id: AppointmentId,
) -> Result<Option<StationId>, StoreError> {
    let station: Option<Uuid> =
        sqlx::query_scalar("SELECT station_id FROM appointments WHERE id = ?")
            .bind(id.0)
            .fetch_optional(conn)
            .await?;
    Ok(station.map(Into::into))
}

/// The appointment, locked.
///
/// # Errors
/// The database refused, or the row cannot be read.
pub async fn lock(
    tx: &mut Tx,
    id: AppointmentId,
) -> Result<Option<Stored<Appointment>>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM appointments WHERE id = ? FOR UPDATE");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id.0)
        .fetch_optional(tx.conn())
        .await?;
    let mut found = row.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    add_reviews(tx.conn(), &mut found).await?;
    Ok(found.pop())
}

/// These appointments, in no particular order; unknown ids are left out. Two queries, however many.
///
/// # Errors
/// The database refused, or a row cannot be read.
pub async fn load_many(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
) -> Result<Vec<Stored<Appointment>>, StoreError> {
    let mut found = select_many(conn, ids, "").await?;
    add_reviews(conn, &mut found).await?;
    Ok(found)
}

/// The rows of these appointments, locked in the order of their ids, without their reviews; unknown ids are left out.
pub(super) async fn lock_many(
    tx: &mut Tx,
    ids: &[Uuid],
) -> Result<Vec<Stored<Appointment>>, StoreError> {
    select_many(tx.conn(), ids, " ORDER BY id FOR UPDATE").await
}

async fn select_many(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
    how: &str,
) -> Result<Vec<Stored<Appointment>>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select =
        QueryBuilder::<MySql>::new(format!("SELECT {COLUMNS} FROM appointments WHERE id IN ("));
    push_ids(&mut select, ids);
    select.push(how);
    let rows = select.build().fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// A customer's own appointment.
///
/// # Errors
/// The database refused, or the row cannot be read.
pub async fn of_user(
    conn: &mut MySqlConnection,
    user: UserId,
    id: AppointmentId,
) -> Result<Option<Stored<Appointment>>, StoreError> {
    let mut found = load_many(conn, &[id.0]).await?;
    Ok(found
        .pop()
        .filter(|stored| stored.body.user_id == Some(user)))
}

/// The SQL of a customer's list: newest first, by the index that ends in the id.
#[must_use]
pub fn list_sql(by_status: bool, after: bool) -> String {
    format!(
        "SELECT id, order_id FROM appointments WHERE user_id = ?{}{} ORDER BY id DESC LIMIT ?",
        if by_status { " AND status = ?" } else { "" },
        if after { " AND id < ?" } else { "" },
    )
}

/// A page of a customer's appointments: ids with their orders', newest first.
///
/// # Errors
/// The database refused.
pub async fn page(
    conn: &mut MySqlConnection,
    user: UserId,
    status: Option<AppointmentStatus>,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    let mut query =
        sqlx::query(AssertSqlSafe(list_sql(status.is_some(), after.is_some()))).bind(user.0);
    if let Some(status) = status {
        query = query.bind(status.code());
    }
    if let Some(after) = after {
        query = query.bind(after);
    }
    let rows = query.bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("id")?, row.try_get("order_id")?)))
        .collect()
}

/// The appointment of an order, if it has one.
///
/// # Errors
/// The database refused.
pub async fn id_of_order(
    conn: &mut MySqlConnection,
    order: Uuid,
) -> Result<Option<AppointmentId>, StoreError> {
    let id: Option<Uuid> = sqlx::query_scalar("SELECT id FROM appointments WHERE order_id = ?")
        .bind(order)
        .fetch_optional(conn)
        .await?;
    Ok(id.map(Into::into))
}

/// The appointments that these orders belong to; orders without one are left out.
pub(super) async fn ids_of_orders(
    conn: &mut MySqlConnection,
    orders: &[Uuid],
) -> Result<HashMap<Uuid, AppointmentId>, StoreError> {
    if orders.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select =
        QueryBuilder::<MySql>::new("SELECT order_id, id FROM appointments WHERE order_id IN (");
    push_ids(&mut select, orders);
    let rows = select.build().fetch_all(conn).await?;
    rows.iter()
        .map(|row| {
            Ok((
                row.try_get("order_id")?,
                row.try_get::<Uuid, _>("id")?.into(),
            ))
        })
        .collect()
}

/// Whether a station has any appointment on a day.
///
/// # Errors
/// The database refused.
pub async fn any_on(
    conn: &mut MySqlConnection,
    station: Uuid,
    date: NaiveDate,
) -> Result<bool, StoreError> {
    let one: Option<i64> = sqlx::query_scalar(
        "SELECT 1 FROM appointments WHERE station_id = ? AND slot_date = ? LIMIT 1",
    )
    .bind(station)
    .bind(date)
    .fetch_optional(conn)
    .await?;
    Ok(one.is_some())
}

async fn add_reviews(
    conn: &mut MySqlConnection,
    found: &mut [Stored<Appointment>],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = found.iter().map(|stored| stored.body.id.0).collect();
    let mut reviews = reviews::of(conn, Kind::Appointment, &ids).await?;
    for stored in found {
        stored.body.reviews = reviews.remove(&stored.body.id.0).unwrap_or_default();
    }
    Ok(())
}

pub(super) fn read_mark(row: &MySqlRow) -> Result<WriteMark, StoreError> {
    Ok(WriteMark {
        version: row.try_get("mark_version")?,
        writer: row.try_get("mark_writer")?,
        foreign_version: row.try_get("mark_foreign")?,
    })
}

fn read(row: &MySqlRow) -> Result<Stored<Appointment>, StoreError> {
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
const CHANGEABLE: &[&str] = &[
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
    "mark_version",
    "mark_writer",
    "mark_foreign",
    "scope_station",
    "scope_collector",
    "scope_fact",
    "updated_at",
];

pub(super) type Query<'q> = sqlx::query::Query<'q, MySql, sqlx::mysql::MySqlArguments>;

fn bind_changeable<'q>(
    query: Query<'q>,
    stored: &Stored<Appointment>,
) -> Result<Query<'q>, StoreError> {
    let (a, mark, scopes) = (&stored.body, &stored.mark, &stored.scopes);
    let day: NaiveDate = a
        .slot
        .date
        .parse()
        .map_err(|_| StoreError::OutOfRange("slot.date".into()))?;
    let cancelled = a.cancellation.as_ref();
    Ok(query
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
        .bind(mark.version)
        .bind(mark.writer)
        .bind(mark.foreign_version)
        .bind(scopes.station.0)
        .bind(scopes.collector.map(|id| id.0))
        .bind(scopes.fact.map(|id| id.0))
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

pub(super) async fn insert(tx: &mut Tx, stored: &Stored<Appointment>) -> Result<(), StoreError> {
    let sql = bulk::insert_sql("appointments", row_columns(), 1);
    bind_row(sqlx::query(AssertSqlSafe(sql)), stored)?
        .execute(tx.conn())
        .await?;
    let a = &stored.body;
    // Photos of a booking never change.
    let photos = a.photos.iter().map(String::as_str);
    blob_names::insert(tx, a.order_id, photos).await?;
    reviews::append(tx, Kind::Appointment, a.id.0, a.station_id, &a.reviews, 0).await
}

/// Compare-and-swap on the version that was locked.
pub(super) async fn update(
    tx: &mut Tx,
    before: &Appointment,
    stored: &Stored<Appointment>,
) -> Result<(), StoreError> {
    let sql = update_sql("appointments", CHANGEABLE);
    let a = &stored.body;
    let query = bind_changeable(sqlx::query(AssertSqlSafe(sql)), stored)?;
    swap(tx, query, a.id.0, before.version).await?;
    reviews::append(
        tx,
        Kind::Appointment,
        a.id.0,
        a.station_id,
        &a.reviews,
        before.reviews.len(),
    )
    .await
}

/// The statement of a compare-and-swap: the row's id and the version that was locked are bound last, by [`swap`].
pub(super) fn update_sql(table: &str, changeable: &[&str]) -> String {
    format!(
        "UPDATE {table} SET {} = ? WHERE id = ? AND version = ?",
        changeable.join(" = ?, ")
    )
}

pub(super) async fn swap(
    tx: &mut Tx,
    query: Query<'_>,
    id: Uuid,
    version: i64,
) -> Result<(), StoreError> {
    let done = query.bind(id).bind(version).execute(tx.conn()).await?;
    if done.rows_affected() != 1 {
        return Err(unreadable("version", "changed under its lock"));
    }
    Ok(())
}
