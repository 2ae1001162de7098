//! Rows of `open_visits`: which visits came through which key. Every read of a partner's starts here.

use super::{StoreError, Tx, appointments, stored::Stored};
use crate::open::Partner;
use huishou_domain::{
    appointment::Appointment,
    ids::{AppointmentId, OrderId},
    visit::Visit,
};
use sqlx::{AssertSqlSafe, MySqlConnection, Row};
use uuid::Uuid;

/// Notes that a visit came through a partner's key.
///
/// # Errors
/// The database refused.
pub async fn insert(tx: &mut Tx, partner: Partner, visit: &Visit) -> Result<(), StoreError> {
    let Some(appointment) = &visit.appointment else {
        return Ok(());
    };
    sqlx::query("INSERT INTO open_visits (app_key, appointment_id, order_id) VALUES (?, ?, ?)")
        .bind(partner.id())
        .bind(appointment.id.0)
        .bind(visit.order.id.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A partner's own appointment.
///
/// # Errors
/// The database refused, or the row cannot be read.
pub async fn appointment(
    conn: &mut MySqlConnection,
    partner: Partner,
    id: AppointmentId,
) -> Result<Option<Stored<Appointment>>, StoreError> {
    let own: Option<Uuid> = sqlx::query_scalar(
        "SELECT appointment_id FROM open_visits WHERE app_key = ? AND appointment_id = ?",
    )
    .bind(partner.id())
    .bind(id.0)
    .fetch_optional(&mut *conn)
    .await?;
    match own {
        Some(id) => Ok(appointments::load_many(conn, &[id]).await?.pop()),
        None => Ok(None),
    }
}

/// Whether an order is of a partner's own visit.
///
/// # Errors
/// The database refused.
pub async fn has_order(
    conn: &mut MySqlConnection,
    partner: Partner,
    id: OrderId,
) -> Result<bool, StoreError> {
    let own: Option<Uuid> =
        sqlx::query_scalar("SELECT order_id FROM open_visits WHERE order_id = ? AND app_key = ?")
            .bind(id.0)
            .bind(partner.id())
            .fetch_optional(conn)
            .await?;
    Ok(own.is_some())
}

/// The SQL of a partner's list: newest first, by the primary key.
#[must_use]
pub fn list_sql(after: bool) -> String {
    let older = if after { " AND appointment_id < ?" } else { "" };
    format!(
        "SELECT appointment_id, order_id FROM open_visits WHERE app_key = ?{older} ORDER BY appointment_id DESC LIMIT ?"
    )
}

/// A page of a partner's appointments: ids with their orders', newest first.
///
/// # Errors
/// The database refused.
pub async fn page(
    conn: &mut MySqlConnection,
    partner: Partner,
    after: Option<Uuid>,
    limit: u32,
) -> Result<Vec<(Uuid, Uuid)>, StoreError> {
    let mut query = sqlx::query(AssertSqlSafe(list_sql(after.is_some()))).bind(partner.id());
    if let Some(after) = after {
        query = query.bind(after);
    }
    let rows = query.bind(limit).fetch_all(conn).await?;
    rows.iter()
        .map(|row| Ok((row.try_get("appointment_id")?, row.try_get("order_id")?)))
        .collect()
}
