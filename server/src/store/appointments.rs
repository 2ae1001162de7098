//! Rows of `appointments`. Written through [`super::visits`] only.

pub(super) use super::appointment_rows::{bind_row, row_columns};
pub use super::stored::Stored;

use super::{
    StoreError, Tx,
    appointment_rows::{CHANGEABLE, COLUMNS, bind_changeable, read},
    blob_names, bulk,
    orders::push_ids,
    reviews,
    stored::{swap, update_sql},
};
use chrono::NaiveDate;
use huishou_domain::{
    appointment::{Appointment, AppointmentStatus},
    ids::{AppointmentId, StationId, UserId},
    sync::scope::Kind,
};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder, Row};
use std::collections::HashMap;
use uuid::Uuid;

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
