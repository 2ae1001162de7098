//! Pairing codes: an administrator's permission for one device to register, within a time.

use super::StoreError;
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId, StationId};
use sqlx::MySqlConnection;
use uuid::Uuid;

/// A code as stored.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct PairingCode {
    /// The depot the device will belong to.
    pub station_id: Option<Uuid>,
    /// Not after this.
    pub expires_at: DateTime<Utc>,
    /// The device that used it.
    pub used_by: Option<Uuid>,
}

/// Stores a new code by its keyed hash; the same code again gets a new term, as long as it is unused.
///
/// # Errors
/// Of the database.
pub async fn insert(
    conn: &mut MySqlConnection,
    hash: [u8; 32],
    station: Option<StationId>,
    by: Option<StaffId>,
    (at, expires_at): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), StoreError> {
    let sql = "INSERT INTO pairing_codes (code_hash, station_id, created_by, created_at, expires_at) VALUES (?, ?, ?, ?, ?) \
               ON DUPLICATE KEY UPDATE expires_at = VALUES(expires_at)";
    sqlx::query(sql)
        .bind(&hash[..])
        .bind(station.map(|s| s.0))
        .bind(by.map(|s| s.0))
        .bind(at)
        .bind(expires_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// The code of that hash, locked against a second use.
///
/// # Errors
/// Of the database.
pub async fn lock(
    conn: &mut MySqlConnection,
    hash: [u8; 32],
) -> Result<Option<PairingCode>, StoreError> {
    let sql =
        "SELECT station_id, expires_at, used_by FROM pairing_codes WHERE code_hash = ? FOR UPDATE";
    Ok(sqlx::query_as(sql)
        .bind(&hash[..])
        .fetch_optional(conn)
        .await?)
}

/// Uses the code up.
///
/// # Errors
/// Of the database.
pub async fn mark_used(
    conn: &mut MySqlConnection,
    hash: [u8; 32],
    by: DeviceId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "UPDATE pairing_codes SET used_at = ?, used_by = ? WHERE code_hash = ?";
    sqlx::query(sql)
        .bind(at)
        .bind(by.0)
        .bind(&hash[..])
        .execute(conn)
        .await?;
    Ok(())
}

/// Who made a code.
///
/// # Errors
/// Of the database.
pub async fn made_by(
    conn: &mut MySqlConnection,
    hash: [u8; 32],
) -> Result<Option<Uuid>, StoreError> {
    let sql = "SELECT created_by FROM pairing_codes WHERE code_hash = ?";
    let found: Option<Option<Uuid>> = sqlx::query_scalar(sql)
        .bind(&hash[..])
        .fetch_optional(conn)
        .await?;
    Ok(found.flatten())
}
