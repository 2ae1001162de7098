//! How far the change feed reaches, in which epoch, and the random tag of each batch (sync.md 3, 6).

use super::StoreError;
use sqlx::MySqlConnection;
use uuid::Uuid;

/// How far the log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct Head {
    /// The last number given.
    pub seq: i64,
    /// Numbers up to this one may have been compacted away.
    pub floor: i64,
    /// Which history this is.
    pub epoch: Uuid,
}

/// The head as the transaction's snapshot has it.
///
/// # Errors
/// Of the database.
pub async fn read(conn: &mut MySqlConnection) -> Result<Head, StoreError> {
    Ok(
        sqlx::query_as("SELECT seq, floor, epoch FROM sync_head WHERE id = 1")
            .fetch_one(conn)
            .await?,
    )
}

/// Begins another history if `old` is still the one; returns whether it was.
///
/// # Errors
/// Of the database.
pub async fn rotate(conn: &mut MySqlConnection, old: Uuid, new: Uuid) -> Result<bool, StoreError> {
    let sql = "UPDATE sync_head SET epoch = ? WHERE id = 1 AND epoch = ?";
    let done = sqlx::query(sql).bind(new).bind(old).execute(conn).await?;
    Ok(done.rows_affected() == 1)
}

/// The tag of the batch that `seq` lies in, as hex; none if the log does not reach so far.
///
/// # Errors
/// Of the database.
pub async fn tag_of(conn: &mut MySqlConnection, seq: i64) -> Result<Option<String>, StoreError> {
    let sql =
        "SELECT LOWER(HEX(tag)) FROM sync_batch WHERE last_seq >= ? ORDER BY last_seq LIMIT 1";
    Ok(sqlx::query_scalar(sql)
        .bind(seq)
        .fetch_optional(conn)
        .await?)
}
