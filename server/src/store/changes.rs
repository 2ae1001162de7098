//! Changes of what instances keep at hand (`cache_clocks`, `cache_changes`): counted in the change's own transaction, so
//! that one small read tells an instance whether anything it keeps is old.

use super::{Db, StoreError, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;
use uuid::Uuid;

/// Shards of profiles, and one for the price books.
pub const SHARDS: usize = 17;
/// The price books' shard.
pub const BOOKS: usize = 16;
/// How long changes are told apart.
const TOLD_APART: TimeDelta = TimeDelta::days(2);
/// Rows of one purge.
const PURGED: u32 = 1_000;

/// The shard of a customer's profile.
#[must_use]
pub const fn shard_of(user: Uuid) -> usize {
    (user.as_bytes()[15] & 15) as usize
}

/// Counts a change of this thing with the transaction; the price books' is nil.
///
/// # Errors
/// The database refused.
pub async fn note(
    tx: &mut Tx,
    shard: usize,
    id: Uuid,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let shard = u16::try_from(shard).unwrap_or(u16::MAX);
    sqlx::query("UPDATE cache_clocks SET at = LAST_INSERT_ID(at + 1) WHERE shard = ?")
        .bind(shard)
        .execute(tx.conn())
        .await?;
    sqlx::query(
        "INSERT INTO cache_changes (shard, at, id, changed_at) VALUES (?, LAST_INSERT_ID(), ?, ?)",
    )
    .bind(shard)
    .bind(id)
    .bind(now)
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// How many changes there have been altogether, and in which history. Asked all the time: two rows' worth of work.
///
/// # Errors
/// Of the database.
pub async fn look(conn: &mut MySqlConnection) -> Result<(i64, Uuid), StoreError> {
    let sql = "SELECT (SELECT CAST(COALESCE(SUM(at), 0) AS SIGNED) FROM cache_clocks), epoch FROM sync_head WHERE id = 1";
    Ok(sqlx::query_as(sql).fetch_one(conn).await?)
}

/// How many changes there have been in each shard.
///
/// # Errors
/// Of the database.
pub async fn clocks(conn: &mut MySqlConnection) -> Result<[i64; SHARDS], StoreError> {
    let rows: Vec<(u16, i64)> = sqlx::query_as("SELECT shard, at FROM cache_clocks")
        .fetch_all(conn)
        .await?;
    let mut clocks = [0; SHARDS];
    for (shard, at) in rows {
        if let Some(clock) = clocks.get_mut(usize::from(shard)) {
            *clock = at;
        }
    }
    Ok(clocks)
}

/// The changes of a shard after one and up to another, with their numbers.
///
/// # Errors
/// Of the database.
pub async fn between(
    conn: &mut MySqlConnection,
    shard: usize,
    after: i64,
    upto: i64,
) -> Result<Vec<(i64, Uuid)>, StoreError> {
    let sql = "SELECT at, id FROM cache_changes WHERE shard = ? AND at > ? AND at <= ?";
    Ok(sqlx::query_as(sql)
        .bind(u16::try_from(shard).unwrap_or(u16::MAX))
        .bind(after)
        .bind(upto)
        .fetch_all(conn)
        .await?)
}

/// Forgets old changes; answers how many.
///
/// # Errors
/// Of the database.
pub async fn purge(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut purged = 0;
    loop {
        let done = sqlx::query("DELETE FROM cache_changes WHERE changed_at < ? LIMIT ?")
            .bind(now - TOLD_APART)
            .bind(PURGED)
            .execute(db.pool())
            .await?
            .rows_affected();
        purged += done;
        if done < u64::from(PURGED) {
            return Ok(purged);
        }
    }
}
