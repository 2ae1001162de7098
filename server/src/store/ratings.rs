//! Rows of `ratings`: customers' stars, one an appointment.

use super::{StoreError, Tx};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{AppointmentId, UserId};
use sqlx::{FromRow, MySqlConnection};

/// A customer's opinion.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct Rating {
    /// 1 to 5.
    pub stars: u8,
    /// In words; may be empty.
    pub text: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// The rating of an appointment.
///
/// # Errors
/// The database refused.
pub async fn of(
    conn: &mut MySqlConnection,
    appointment: AppointmentId,
) -> Result<Option<Rating>, StoreError> {
    let sql = "SELECT stars, text, created_at FROM ratings WHERE appointment_id = ?";
    Ok(sqlx::query_as(sql)
        .bind(appointment.0)
        .fetch_optional(conn)
        .await?)
}

/// Writes a rating.
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where there is one.
pub async fn insert(
    tx: &mut Tx,
    appointment: AppointmentId,
    user: UserId,
    rating: &Rating,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO ratings (appointment_id, user_id, stars, text, created_at) VALUES (?, ?, ?, ?, ?)")
        .bind(appointment.0)
        .bind(user.0)
        .bind(rating.stars)
        .bind(&rating.text)
        .bind(rating.created_at)
        .execute(tx.conn())
        .await?;
    Ok(())
}
