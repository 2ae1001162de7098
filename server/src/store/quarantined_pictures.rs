//! Pictures that leavers' devices handed in: how many there are of a device, and that an administrator may see them.

use super::StoreError;
use crate::store::blobs::Hash;
use chrono::{DateTime, Utc};
use huishou_domain::ids::DeviceId;
use sqlx::{MySql, MySqlConnection, QueryBuilder};
use std::collections::HashSet;

/// What a device has handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sum {
    /// Pictures.
    pub pictures: i64,
    /// Their bytes, also those yet to come.
    pub bytes: u64,
}

/// What a device has handed in up to now.
///
/// # Errors
/// Of the database.
pub async fn sum(conn: &mut MySqlConnection, device: DeviceId) -> Result<Sum, StoreError> {
    let sql = "SELECT COUNT(*), CAST(COALESCE(SUM(total), 0) AS UNSIGNED) FROM quarantined_pictures WHERE device_id = ?";
    let (pictures, bytes) = sqlx::query_as(sql).bind(device.0).fetch_one(conn).await?;
    Ok(Sum { pictures, bytes })
}

/// Whether a device has begun to hand in this picture.
///
/// # Errors
/// Of the database.
pub async fn is_begun(
    conn: &mut MySqlConnection,
    device: DeviceId,
    hash: &Hash,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM quarantined_pictures WHERE device_id = ? AND sha256 = ?";
    let there: Option<i64> = sqlx::query_scalar(sql)
        .bind(device.0)
        .bind(&hash[..])
        .fetch_optional(conn)
        .await?;
    Ok(there.is_some())
}

/// Notes that a device begins to hand in a picture. The caller holds the device's row.
///
/// # Errors
/// Of the database.
pub async fn begin(
    conn: &mut MySqlConnection,
    device: DeviceId,
    hash: &Hash,
    total: u32,
    at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO quarantined_pictures (device_id, sha256, total, at) VALUES (?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(device.0)
        .bind(&hash[..])
        .bind(total)
        .bind(at)
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether any leaver's device has handed in this picture.
///
/// # Errors
/// Of the database.
pub async fn holds(conn: &mut MySqlConnection, hash: &Hash) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM quarantined_pictures WHERE sha256 = ? LIMIT 1";
    let there: Option<i64> = sqlx::query_scalar(sql)
        .bind(&hash[..])
        .fetch_optional(conn)
        .await?;
    Ok(there.is_some())
}

/// Which of these pictures are here, whoever brought them.
///
/// # Errors
/// Of the database.
pub async fn here(
    conn: &mut MySqlConnection,
    hashes: &[Hash],
) -> Result<HashSet<Vec<u8>>, StoreError> {
    if hashes.is_empty() {
        return Ok(HashSet::new());
    }
    let mut query = QueryBuilder::<MySql>::new(
        "SELECT DISTINCT sha256 FROM blobs WHERE completed_at IS NOT NULL AND type IS NOT NULL AND sha256 IN (",
    );
    let mut list = query.separated(", ");
    for hash in hashes {
        list.push_bind(hash.to_vec());
    }
    query.push(")");
    let found: Vec<Vec<u8>> = query
        .build_query_scalar()
        .persistent(false)
        .fetch_all(conn)
        .await?;
    Ok(found.into_iter().collect())
}
