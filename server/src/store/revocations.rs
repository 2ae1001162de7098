//! How devices were shut out, and when a device got its store's key back.

use super::StoreError;
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::revocation::Mode,
};
use sqlx::MySqlConnection;
use uuid::Uuid;

#[derive(sqlx::FromRow)]
struct Row {
    mode: String,
    at: DateTime<Utc>,
}

/// How a device was shut out and since when; none where nothing was noted.
///
/// # Errors
/// Of the database.
pub async fn find(
    conn: &mut MySqlConnection,
    device: DeviceId,
) -> Result<Option<(Mode, DateTime<Utc>)>, StoreError> {
    let sql = "SELECT mode, at FROM device_revocations WHERE device_id = ?";
    let row: Option<Row> = sqlx::query_as(sql)
        .bind(device.0)
        .fetch_optional(conn)
        .await?;
    row.map(|row| {
        let mode = Mode::parse(&row.mode).ok_or_else(|| {
            StoreError::Unreadable(format!("device_revocations.mode {}", row.mode))
        })?;
        Ok((mode, row.at))
    })
    .transpose()
}

/// Notes how a device is shut out, in the place of what was noted before; its row is locked.
///
/// # Errors
/// Of the database.
pub async fn note(
    conn: &mut MySqlConnection,
    device: DeviceId,
    mode: Mode,
    by: StaffId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO device_revocations (device_id, mode, at, revoked_by) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE \
               at = VALUES(at), revoked_by = VALUES(revoked_by), mode = VALUES(mode)";
    sqlx::query(sql)
        .bind(device.0)
        .bind(mode.as_str())
        .bind(at)
        .bind(by.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// A device that got its store's key back.
#[derive(Debug, Clone, Copy)]
pub struct Recovered<'a> {
    /// Which.
    pub device: DeviceId,
    /// Keyed hash of the pairing code that permitted it.
    pub code: [u8; 32],
    /// Who made the code.
    pub permitted_by: Option<Uuid>,
    /// The device's public key until then.
    pub old_key: &'a [u8],
    /// And from then on.
    pub new_key: &'a [u8],
    /// The caller's address.
    pub from: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// Notes a recovery and puts the device's new key in force.
///
/// # Errors
/// Of the database; a key is one device's.
pub async fn replace_key(
    conn: &mut MySqlConnection,
    done: Recovered<'_>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO device_recoveries (id, device_id, code_hash, permitted_by, old_key, new_key, from_address, at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(Uuid::now_v7())
        .bind(done.device.0)
        .bind(&done.code[..])
        .bind(done.permitted_by)
        .bind(done.old_key)
        .bind(done.new_key)
        .bind(done.from.chars().take(64).collect::<String>())
        .bind(done.at)
        .execute(&mut *conn)
        .await?;
    sqlx::query("UPDATE devices SET public_key = ? WHERE id = ?")
        .bind(done.new_key)
        .bind(done.device.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// The device's row, locked: a recovery and a revocation take turns.
///
/// # Errors
/// Of the database.
pub async fn lock_device(conn: &mut MySqlConnection, device: DeviceId) -> Result<bool, StoreError> {
    let found: Option<i64> = sqlx::query_scalar("SELECT 1 FROM devices WHERE id = ? FOR UPDATE")
        .bind(device.0)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}
