//! The administrators' list of reviews, newest first. The entries are written with their appointments and orders
//! ([`super::reviews`]); here they are read across all of them, and closed.

use super::{StoreError, Tx, worklist::Wanted};
use chrono::{DateTime, Utc};
use huishou_domain::ids::StaffId;
use serde::Serialize;
use sqlx::MySqlConnection;
use uuid::Uuid;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct ReviewRow {
    /// Identity.
    pub id: i64,
    /// `appointment` or `order`.
    pub subject_kind: String,
    /// Which.
    pub subject_id: Uuid,
    /// What to look at.
    pub code: String,
    /// When it was recorded.
    #[serde(with = "huishou_domain::time::millis")]
    pub at: DateTime<Utc>,
    /// Whose fact.
    #[serde(rename = "by")]
    pub by_staff: Option<Uuid>,
    /// The depot concerned.
    pub station_id: Uuid,
    /// When an administrator closed it.
    #[serde(with = "huishou_domain::time::millis_opt")]
    pub closed_at: Option<DateTime<Utc>>,
    /// Who closed it.
    pub closed_by: Option<Uuid>,
}

/// A page of the list. The index is named because the planner would rather walk all reviews from the newest on, which
/// is long where the open ones are few and old.
pub const PAGE_SQL: &str = "SELECT id, subject_kind, subject_id, code, at, by_staff, station_id, closed_at, closed_by FROM reviews FORCE INDEX (ix_open) \
     WHERE closed = ? AND id < ? ORDER BY id DESC LIMIT ?";

/// A page of the list, newest first.
///
/// # Errors
/// Of the database.
pub async fn list(
    conn: &mut MySqlConnection,
    wanted: Wanted<i64>,
) -> Result<Vec<ReviewRow>, StoreError> {
    Ok(sqlx::query_as(PAGE_SQL)
        .bind(wanted.closed)
        .bind(wanted.before.unwrap_or(i64::MAX))
        .bind(wanted.most)
        .fetch_all(conn)
        .await?)
}

/// Closes an entry; false if there is none that is open.
///
/// # Errors
/// Of the database.
pub async fn close(
    tx: &mut Tx,
    id: i64,
    by: StaffId,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql =
        "UPDATE reviews SET closed = 1, closed_at = ?, closed_by = ? WHERE id = ? AND closed = 0";
    Ok(sqlx::query(sql)
        .bind(at)
        .bind(by.0)
        .bind(id)
        .execute(tx.conn())
        .await?
        .rows_affected()
        > 0)
}
