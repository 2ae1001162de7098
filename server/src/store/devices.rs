//! Registered devices, who signed in on them, and how far each one's mutations have been processed.

use super::{StoreError, script};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId, StationId};
use serde::Serialize;
use sqlx::MySqlConnection;
use uuid::Uuid;

/// A registered laptop or tablet.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Device {
    /// Identity.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// Operating system, as it says itself.
    pub platform: String,
    /// Ed25519 public key, 32 bytes.
    pub public_key: Vec<u8>,
    /// The depot it belongs to.
    pub station_id: Option<Uuid>,
    /// When it was registered.
    pub registered_at: DateTime<Utc>,
    /// When someone last signed in or refreshed on it.
    pub last_seen_at: DateTime<Utc>,
    /// Set once it may no longer talk to the server.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A device as lists show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeviceRow {
    /// Identity.
    pub id: DeviceId,
    /// What people call it.
    pub name: String,
    /// Operating system.
    pub platform: String,
    /// The depot it belongs to.
    pub station_id: Option<StationId>,
    /// When it was registered.
    #[serde(with = "huishou_domain::time::millis")]
    pub registered_at: DateTime<Utc>,
    /// When someone last signed in or refreshed on it.
    #[serde(with = "huishou_domain::time::millis")]
    pub last_seen_at: DateTime<Utc>,
    /// Set once it may no longer talk to the server.
    #[serde(with = "huishou_domain::time::millis_opt")]
    pub revoked_at: Option<DateTime<Utc>>,
}

impl From<Device> for DeviceRow {
    fn from(device: Device) -> Self {
        Self {
            id: DeviceId(device.id),
            name: device.name,
            platform: device.platform,
            station_id: device.station_id.map(StationId),
            registered_at: device.registered_at,
            last_seen_at: device.last_seen_at,
            revoked_at: device.revoked_at,
        }
    }
}

/// How far a device's mutations have been processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Progress {
    /// Which life of its store the numbers belong to.
    pub incarnation: i64,
    /// The highest mutation processed.
    pub last_mutation: i64,
    /// The highest verdict the device has stored.
    pub confirmed: i64,
}

const COLUMNS: &str = "SELECT id, name, platform, public_key, station_id, registered_at, last_seen_at, revoked_at FROM devices";

macro_rules! select {
    ($rest:literal) => {
        sqlx::query_as::<_, Device>(sqlx::AssertSqlSafe(format!("{COLUMNS} {}", $rest)))
    };
}

/// A device by its id.
///
/// # Errors
/// Of the database.
pub async fn find(conn: &mut MySqlConnection, id: DeviceId) -> Result<Option<Device>, StoreError> {
    Ok(select!("WHERE id = ?")
        .bind(id.0)
        .fetch_optional(conn)
        .await?)
}

/// A device by its key.
///
/// # Errors
/// Of the database.
pub async fn find_by_key(
    conn: &mut MySqlConnection,
    public_key: &[u8; 32],
) -> Result<Option<Device>, StoreError> {
    Ok(select!("WHERE public_key = ?")
        .bind(&public_key[..])
        .fetch_optional(conn)
        .await?)
}

/// All devices, of one station where given, newest first.
///
/// # Errors
/// Of the database.
pub async fn list(
    conn: &mut MySqlConnection,
    station: Option<StationId>,
) -> Result<Vec<Device>, StoreError> {
    Ok(match station {
        Some(station) => {
            select!("WHERE station_id = ? ORDER BY registered_at DESC LIMIT 1000")
                .bind(station.0)
                .fetch_all(conn)
                .await?
        }
        None => {
            select!("ORDER BY id DESC LIMIT 1000")
                .fetch_all(conn)
                .await?
        }
    })
}

/// Registers a device.
///
/// # Errors
/// Of the database; the key is unique.
pub async fn insert(conn: &mut MySqlConnection, device: &Device) -> Result<(), StoreError> {
    let sql = "INSERT INTO devices (id, name, platform, public_key, station_id, registered_at, last_seen_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(device.id)
        .bind(&device.name)
        .bind(&device.platform)
        .bind(&device.public_key)
        .bind(device.station_id)
        .bind(device.registered_at)
        .bind(device.last_seen_at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Shuts a device out; false if there is none.
///
/// # Errors
/// Of the database.
pub async fn revoke(
    conn: &mut MySqlConnection,
    id: DeviceId,
    by: StaffId,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE devices SET revoked_at = COALESCE(revoked_at, ?), revoked_by = COALESCE(revoked_by, ?) WHERE id = ?";
    Ok(sqlx::query(sql)
        .bind(at)
        .bind(by.0)
        .bind(id.0)
        .execute(conn)
        .await?
        .rows_affected()
        > 0)
}

/// Notes that a person signed in on a device.
///
/// # Errors
/// Of the database.
pub async fn note_session(
    conn: &mut MySqlConnection,
    id: DeviceId,
    staff: StaffId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO device_sessions (device_id, staff_id, first_at, last_at) VALUES (?, ?, ?, ?) ON DUPLICATE KEY UPDATE last_at = VALUES(last_at)";
    sqlx::query(sql)
        .bind(id.0)
        .bind(staff.0)
        .bind(at)
        .bind(at)
        .execute(&mut *conn)
        .await?;
    seen(conn, id, at).await
}

/// Notes that a device was heard of.
///
/// # Errors
/// Of the database.
pub async fn seen(
    conn: &mut MySqlConnection,
    id: DeviceId,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE devices SET last_seen_at = ? WHERE id = ?")
        .bind(at)
        .bind(id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether a person ever had a session on a device.
///
/// # Errors
/// Of the database.
pub async fn had_session(
    conn: &mut MySqlConnection,
    id: DeviceId,
    staff: StaffId,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM device_sessions WHERE device_id = ? AND staff_id = ?";
    let found: Option<i64> = sqlx::query_scalar(sql)
        .bind(id.0)
        .bind(staff.0)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// How far the device's mutations have come; with the row locked when they are about to move.
///
/// # Errors
/// Of the database.
pub async fn lock_progress(
    conn: &mut MySqlConnection,
    id: DeviceId,
) -> Result<Progress, StoreError> {
    let sql = "SELECT CAST(incarnation AS SIGNED) AS incarnation, last_mutation, confirmed FROM devices WHERE id = ? FOR UPDATE";
    Ok(sqlx::query_as(sql).bind(id.0).fetch_one(conn).await?)
}

/// The statement of [`lock_progress`], as text.
pub(super) fn lock_progress_text(id: DeviceId) -> String {
    format!(
        "SELECT CAST(incarnation AS SIGNED) AS incarnation, last_mutation, confirmed FROM devices WHERE id = {} FOR UPDATE",
        script::id(id.0)
    )
}

/// The statement of [`advance`], as text.
pub(super) fn advance_text(id: DeviceId, progress: Progress) -> String {
    let Progress {
        incarnation,
        last_mutation,
        confirmed,
    } = progress;
    format!(
        "UPDATE devices SET incarnation = {incarnation}, last_mutation = {last_mutation}, confirmed = {confirmed} WHERE id = {}",
        script::id(id.0)
    )
}

/// How far the device's mutations have come, as the transaction's snapshot has it.
///
/// # Errors
/// Of the database.
pub async fn progress(conn: &mut MySqlConnection, id: DeviceId) -> Result<Progress, StoreError> {
    let sql = "SELECT CAST(incarnation AS SIGNED) AS incarnation, last_mutation, confirmed FROM devices WHERE id = ?";
    Ok(sqlx::query_as(sql).bind(id.0).fetch_one(conn).await?)
}

/// Notes that a device has stored its verdicts up to this one. Never moves back, nor past what was processed, nor into
/// another life of its store.
///
/// # Errors
/// Of the database.
pub async fn confirm(
    conn: &mut MySqlConnection,
    id: DeviceId,
    incarnation: i64,
    confirmed: i64,
) -> Result<(), StoreError> {
    let sql = "UPDATE devices SET confirmed = LEAST(?, last_mutation) WHERE id = ? AND incarnation = ? AND confirmed < LEAST(?, last_mutation)";
    sqlx::query(sql)
        .bind(confirmed)
        .bind(id.0)
        .bind(incarnation)
        .bind(confirmed)
        .execute(conn)
        .await?;
    Ok(())
}

/// Writes how far the device's mutations have come.
///
/// # Errors
/// Of the database.
pub async fn advance(
    conn: &mut MySqlConnection,
    id: DeviceId,
    progress: Progress,
) -> Result<(), StoreError> {
    let sql = "UPDATE devices SET incarnation = ?, last_mutation = ?, confirmed = ? WHERE id = ?";
    sqlx::query(sql)
        .bind(progress.incarnation)
        .bind(progress.last_mutation)
        .bind(progress.confirmed)
        .bind(id.0)
        .execute(conn)
        .await?;
    Ok(())
}
