//! Rows of `open_nonces` and `open_calls`: what keys of the open API have used up.

use super::{Db, StoreError, Tx};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use uuid::Uuid;

/// A timestamp may be 5 minutes ahead and is good for 5 minutes after: a nonce older than this cannot come again.
const KEPT: TimeDelta = TimeDelta::minutes(15);
/// Counts of days gone by, kept for a look.
const DAYS_KEPT: TimeDelta = TimeDelta::days(62);
/// Rows of one purge statement: small, so that it holds no locks for long.
const PURGED_AT_ONCE: u32 = 1000;

/// Uses a nonce up.
///
/// # Errors
/// [`StoreError::Duplicate`] where it has been used; the database refused.
pub async fn spend(
    tx: &mut Tx,
    key: Uuid,
    nonce: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO open_nonces (app_key, nonce, at) VALUES (?, ?, ?)")
        .bind(key)
        .bind(nonce)
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Counts a call of a key on a day; says how many that makes.
///
/// # Errors
/// The database refused.
pub async fn count(tx: &mut Tx, key: Uuid, day: NaiveDate) -> Result<u32, StoreError> {
    let done = sqlx::query("INSERT INTO open_calls (app_key, day, calls) VALUES (?, ?, LAST_INSERT_ID(1)) ON DUPLICATE KEY UPDATE calls = LAST_INSERT_ID(calls + 1)")
        .bind(key)
        .bind(day)
        .execute(tx.conn())
        .await?;
    Ok(u32::try_from(done.last_insert_id()).unwrap_or(u32::MAX))
}

/// Forgets nonces that cannot come again, and counts of long ago; answers how many.
///
/// # Errors
/// The database refused.
pub async fn purge(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut total = 0;
    loop {
        let done = sqlx::query("DELETE FROM open_nonces WHERE at < ? ORDER BY at LIMIT ?")
            .bind(now - KEPT)
            .bind(PURGED_AT_ONCE)
            .execute(db.pool())
            .await?
            .rows_affected();
        total += done;
        if done < u64::from(PURGED_AT_ONCE) {
            break;
        }
    }
    let old = sqlx::query("DELETE FROM open_calls WHERE day < ?")
        .bind((now - DAYS_KEPT).date_naive())
        .execute(db.pool())
        .await?;
    Ok(total + old.rows_affected())
}
