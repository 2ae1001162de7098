//! Rows of `app_keys`: the partners of the open API. No secret lies in them.

use super::{StoreError, Tx};
use chrono::{DateTime, Utc};
use huishou_domain::{ids::StaffId, time};
use serde::{Deserialize, Serialize};
use sqlx::{AssertSqlSafe, MySqlConnection, Row, mysql::MySqlRow};
use uuid::Uuid;

const COLUMNS: &str = "id, app_key, name, generation, previous_until, daily_quota, rate, created_at, rotated_at, revoked_at";

/// A partner's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppKey {
    /// Identity.
    pub id: Uuid,
    /// What calls name in `App-Key`.
    pub app_key: String,
    /// The partner's name.
    pub name: String,
    /// Raised by each rotation.
    pub generation: u32,
    /// Until then the secret of the generation before is good too.
    #[serde(with = "time::millis_opt")]
    pub previous_until: Option<DateTime<Utc>>,
    /// Calls a day.
    pub daily_quota: u32,
    /// Calls a second.
    pub rate: u32,
    /// When it was made.
    #[serde(with = "time::millis")]
    pub created_at: DateTime<Utc>,
    /// When its secret was last changed.
    #[serde(with = "time::millis_opt")]
    pub rotated_at: Option<DateTime<Utc>>,
    /// When it ended.
    #[serde(with = "time::millis_opt")]
    pub revoked_at: Option<DateTime<Utc>>,
}

fn read(row: &MySqlRow) -> Result<AppKey, StoreError> {
    Ok(AppKey {
        id: row.try_get("id")?,
        app_key: row.try_get("app_key")?,
        name: row.try_get("name")?,
        generation: row.try_get("generation")?,
        previous_until: row.try_get("previous_until")?,
        daily_quota: row.try_get("daily_quota")?,
        rate: row.try_get("rate")?,
        created_at: row.try_get("created_at")?,
        rotated_at: row.try_get("rotated_at")?,
        revoked_at: row.try_get("revoked_at")?,
    })
}

/// The key that a call names.
///
/// # Errors
/// The database refused.
pub async fn find(conn: &mut MySqlConnection, app_key: &str) -> Result<Option<AppKey>, StoreError> {
    // A name that is no ASCII would not compare with the column.
    if app_key.len() > 40 || !app_key.is_ascii() {
        return Ok(None);
    }
    let sql = format!("SELECT {COLUMNS} FROM app_keys WHERE app_key = ?");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(app_key)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The key, locked.
///
/// # Errors
/// The database refused.
pub async fn lock(tx: &mut Tx, id: Uuid) -> Result<Option<AppKey>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM app_keys WHERE id = ? FOR UPDATE");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(id)
        .fetch_optional(tx.conn())
        .await?;
    row.as_ref().map(read).transpose()
}

/// All keys, newest first.
///
/// # Errors
/// The database refused.
pub async fn list(conn: &mut MySqlConnection) -> Result<Vec<AppKey>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM app_keys ORDER BY id DESC");
    let rows = sqlx::query(AssertSqlSafe(sql)).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// Adds a key.
///
/// # Errors
/// The database refused.
pub async fn insert(tx: &mut Tx, key: &AppKey, by: StaffId) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO app_keys (id, app_key, name, generation, daily_quota, rate, created_at, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(key.id)
        .bind(&key.app_key)
        .bind(&key.name)
        .bind(key.generation)
        .bind(key.daily_quota)
        .bind(key.rate)
        .bind(key.created_at)
        .bind(by.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Writes a rotation of a key that is locked.
///
/// # Errors
/// The database refused.
pub async fn rotate(tx: &mut Tx, key: &AppKey, by: StaffId) -> Result<(), StoreError> {
    sqlx::query("UPDATE app_keys SET generation = ?, previous_until = ?, rotated_at = ?, rotated_by = ? WHERE id = ?")
        .bind(key.generation)
        .bind(key.previous_until)
        .bind(key.rotated_at)
        .bind(by.0)
        .bind(key.id)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Ends a key; one that has ended stays as it was.
///
/// # Errors
/// The database refused.
pub async fn revoke(
    tx: &mut Tx,
    id: Uuid,
    by: StaffId,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE app_keys SET revoked_at = ?, revoked_by = ? WHERE id = ? AND revoked_at IS NULL",
    )
    .bind(now)
    .bind(by.0)
    .bind(id)
    .execute(tx.conn())
    .await?;
    Ok(())
}
