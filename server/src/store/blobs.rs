//! `blobs` and `blob_parts`: pictures and how far each device has brought them. An upload's row is locked while a part is
//! added, so that a device that asks twice at once never stores a part twice.

use super::{Db, StoreError, Tx};
use crate::write_tx;
use chrono::{DateTime, TimeDelta, Utc};
use huishou_domain::{blob::PART, ids::DeviceId};
use sqlx::MySqlConnection;
use uuid::Uuid;

/// How long an unfinished upload is kept after it was last touched.
pub const KEPT_DAYS: i64 = 45;
/// Uploads removed in one transaction.
const AT_ONCE: u32 = 20;
/// Transactions of one round of upkeep.
const ROUND: u32 = 50;

/// A picture's hash.
pub type Hash = [u8; 32];

/// A device's upload.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Upload {
    /// Bytes that there are to be.
    pub total: u32,
    /// Bytes that there are, from the first on.
    pub received: u32,
    /// Set once it is whole and checked.
    pub completed_at: Option<DateTime<Utc>>,
}

/// A whole picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    /// Its type.
    pub kind: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A device's upload as it stands.
///
/// # Errors
/// Of the database.
pub async fn upload(
    conn: &mut MySqlConnection,
    hash: &Hash,
    device: DeviceId,
) -> Result<Option<Upload>, StoreError> {
    let sql = "SELECT total, received, completed_at FROM blobs WHERE sha256 = ? AND device_id = ?";
    Ok(sqlx::query_as(sql)
        .bind(&hash[..])
        .bind(device.0)
        .fetch_optional(conn)
        .await?)
}

/// The size of a picture that is here, whoever brought it.
///
/// # Errors
/// Of the database.
pub async fn size(conn: &mut MySqlConnection, hash: &Hash) -> Result<Option<u32>, StoreError> {
    Ok(whole_of(conn, hash).await?.map(|(_, _, total)| total))
}

/// Whose upload of it is whole, its type and size.
async fn whole_of(
    conn: &mut MySqlConnection,
    hash: &Hash,
) -> Result<Option<(Uuid, String, u32)>, StoreError> {
    let sql = "SELECT device_id, type, total FROM blobs \
               WHERE sha256 = ? AND completed_at IS NOT NULL AND type IS NOT NULL ORDER BY completed_at, device_id LIMIT 1";
    Ok(sqlx::query_as(sql)
        .bind(&hash[..])
        .fetch_optional(conn)
        .await?)
}

/// A picture that is here.
///
/// # Errors
/// Of the database.
pub async fn load(conn: &mut MySqlConnection, hash: &Hash) -> Result<Option<Whole>, StoreError> {
    let Some((device, kind, total)) = whole_of(conn, hash).await? else {
        return Ok(None);
    };
    let bytes = bytes(conn, hash, DeviceId(device), total).await?;
    Ok(Some(Whole { kind, bytes }))
}

/// All bytes of an upload, read part by part.
///
/// # Errors
/// Of the database; a part is missing.
pub async fn bytes(
    conn: &mut MySqlConnection,
    hash: &Hash,
    device: DeviceId,
    total: u32,
) -> Result<Vec<u8>, StoreError> {
    let mut bytes: Vec<u8> = Vec::with_capacity(total as usize);
    let sql = "SELECT bytes FROM blob_parts WHERE sha256 = ? AND device_id = ? AND start = ?";
    while bytes.len() < total as usize {
        let part: Option<Vec<u8>> = sqlx::query_scalar(sql)
            .bind(&hash[..])
            .bind(device.0)
            .bind(place(bytes.len()))
            .fetch_optional(&mut *conn)
            .await?;
        match part {
            Some(part) if !part.is_empty() => bytes.extend(part),
            _ => {
                return Err(StoreError::Unreadable(
                    "blob_parts: a part is missing".into(),
                ));
            }
        }
    }
    Ok(bytes)
}

/// Locks a device's upload, begun here if there is none.
///
/// # Errors
/// Of the database.
pub async fn lock(
    tx: &mut Tx,
    hash: &Hash,
    device: DeviceId,
    total: u32,
    now: DateTime<Utc>,
) -> Result<Upload, StoreError> {
    let sql = "INSERT INTO blobs (sha256, device_id, total, received, touched_at) VALUES (?, ?, ?, 0, ?) \
               ON DUPLICATE KEY UPDATE touched_at = VALUES(touched_at)";
    sqlx::query(sql)
        .bind(&hash[..])
        .bind(device.0)
        .bind(total)
        .bind(now)
        .execute(tx.conn())
        .await?;
    let found = upload(tx.conn(), hash, device).await?;
    found.ok_or_else(|| StoreError::Unreadable("blobs: a locked row is gone".into()))
}

/// Adds bytes to a locked upload, in parts that every server takes.
///
/// # Errors
/// Of the database.
pub async fn add(
    tx: &mut Tx,
    hash: &Hash,
    device: DeviceId,
    start: u32,
    bytes: &[u8],
) -> Result<(), StoreError> {
    let mut at = start as usize;
    for part in bytes.chunks(PART) {
        sqlx::query("INSERT INTO blob_parts (sha256, device_id, start, bytes) VALUES (?, ?, ?, ?)")
            .bind(&hash[..])
            .bind(device.0)
            .bind(place(at))
            .bind(part)
            .execute(tx.conn())
            .await?;
        at += part.len();
    }
    sqlx::query("UPDATE blobs SET received = ? WHERE sha256 = ? AND device_id = ?")
        .bind(place(at))
        .bind(&hash[..])
        .bind(device.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// A locked upload is whole and checked.
///
/// # Errors
/// Of the database.
pub async fn complete(
    tx: &mut Tx,
    hash: &Hash,
    device: DeviceId,
    kind: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE blobs SET type = ?, completed_at = ? WHERE sha256 = ? AND device_id = ?")
        .bind(kind)
        .bind(now)
        .bind(&hash[..])
        .bind(device.0)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets a device's upload with all its parts.
///
/// # Errors
/// Of the database.
pub async fn forget(tx: &mut Tx, hash: &Hash, device: DeviceId) -> Result<(), StoreError> {
    for table in ["blob_parts", "blobs"] {
        let sql = format!("DELETE FROM {table} WHERE sha256 = ? AND device_id = ?");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&hash[..])
            .bind(device.0)
            .execute(tx.conn())
            .await?;
    }
    Ok(())
}

/// Removes uploads that nobody has gone on with for 45 days; returns how many.
///
/// # Errors
/// The database refused; what was done until then stays done.
pub async fn purge(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut gone = 0;
    for _ in 0..ROUND {
        let some = write_tx!(db, |tx| sweep(tx, now).await)?;
        gone += some;
        if some == 0 {
            break;
        }
    }
    Ok(gone)
}

async fn sweep(tx: &mut Tx, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let sql = "SELECT sha256, device_id FROM blobs WHERE completed_at IS NULL AND touched_at < ? \
               ORDER BY touched_at LIMIT ? FOR UPDATE";
    let old: Vec<(Vec<u8>, Uuid)> = sqlx::query_as(sql)
        .bind(now - TimeDelta::days(KEPT_DAYS))
        .bind(AT_ONCE)
        .fetch_all(tx.conn())
        .await?;
    for (hash, device) in &old {
        let hash: Hash = hash
            .as_slice()
            .try_into()
            .map_err(|_| StoreError::Unreadable("blobs.sha256: not 32 bytes".into()))?;
        forget(tx, &hash, DeviceId(*device)).await?;
    }
    Ok(old.len() as u64)
}

/// A place in a picture; none lies beyond 10 MiB.
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
