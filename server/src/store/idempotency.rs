//! Answers kept for 24 h under (caller, method, route, key), in the effect's own transaction (api.md). The key's row is
//! inserted first: a concurrent twin waits on it, until the lock wait time-out.

use super::{Db, StoreError, Tx};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{MySqlConnection, Row};
use uuid::Uuid;

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Rows of one purge statement: small, so that it holds no locks for long.
const PURGED_AT_ONCE: u32 = 1000;

/// A keyed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyed {
    /// Who asks.
    pub caller: Uuid,
    /// HTTP method.
    pub method: String,
    /// The route's pattern.
    pub route: String,
    /// The key, 8–64 visible ASCII.
    pub key: String,
    /// A hash of what was asked, keyed with a secret of the server.
    pub fingerprint: [u8; 32],
}

/// The first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// Body as JSON.
    pub answer: String,
}

/// What the key's row says.
#[derive(Debug)]
pub enum Found {
    /// Nothing: the request is new.
    Nothing,
    /// The first answer.
    Answer(Kept),
    /// Another request used the key.
    Mismatch,
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claim {
    /// The key is this request's: do the work, then [`keep`].
    Ours,
    /// The row is there already.
    Taken(Found),
    /// A twin is still at work.
    InProgress,
}

/// Looks without claiming.
///
/// # Errors
/// The database refused.
pub async fn look(
    conn: &mut MySqlConnection,
    keyed: &Keyed,
    now: DateTime<Utc>,
) -> Result<Found, StoreError> {
    let row = sqlx::query(
        "SELECT fingerprint, status, answer FROM idempotency_keys WHERE caller = ? AND method = ? AND route = ? AND idem_key = ? AND created_at > ?",
    )
    .bind(keyed.caller)
    .bind(&keyed.method)
    .bind(&keyed.route)
    .bind(&keyed.key)
    .bind(now - KEPT)
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else {
        return Ok(Found::Nothing);
    };
    let fingerprint: Vec<u8> = row.try_get("fingerprint")?;
    if fingerprint != keyed.fingerprint {
        return Ok(Found::Mismatch);
    }
    Ok(Found::Answer(Kept {
        status: row.try_get("status")?,
        answer: row.try_get("answer")?,
    }))
}

/// Claims the key for this transaction; waits for a twin as long as the session's lock wait time-out.
///
/// # Errors
/// The database refused.
pub async fn claim(tx: &mut Tx, keyed: &Keyed, now: DateTime<Utc>) -> Result<Claim, StoreError> {
    match insert(tx, keyed, now).await {
        Ok(()) => return Ok(Claim::Ours),
        Err(StoreError::Duplicate(_)) => {}
        Err(StoreError::Busy(error)) if StoreError::number(&error) == Some(1205) => {
            return Ok(Claim::InProgress);
        }
        Err(error) => return Err(error),
    }
    match look(tx.conn(), keyed, now).await? {
        Found::Nothing => {
            // The row is older than a day: its key is free again.
            delete_old(tx, keyed, now).await?;
            insert(tx, keyed, now).await?;
            Ok(Claim::Ours)
        }
        found => Ok(Claim::Taken(found)),
    }
}

async fn insert(tx: &mut Tx, keyed: &Keyed, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO idempotency_keys (caller, method, route, idem_key, fingerprint, status, answer, created_at) VALUES (?, ?, ?, ?, ?, 0, '', ?)")
        .bind(keyed.caller)
        .bind(&keyed.method)
        .bind(&keyed.route)
        .bind(&keyed.key)
        .bind(&keyed.fingerprint[..])
        .bind(now)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn delete_old(tx: &mut Tx, keyed: &Keyed, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM idempotency_keys WHERE caller = ? AND method = ? AND route = ? AND idem_key = ? AND created_at <= ?")
        .bind(keyed.caller)
        .bind(&keyed.method)
        .bind(&keyed.route)
        .bind(&keyed.key)
        .bind(now - KEPT)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Keeps the answer under a claimed key.
///
/// # Errors
/// The database refused.
pub async fn keep(tx: &mut Tx, keyed: &Keyed, kept: &Kept) -> Result<(), StoreError> {
    sqlx::query("UPDATE idempotency_keys SET status = ?, answer = ? WHERE caller = ? AND method = ? AND route = ? AND idem_key = ?")
        .bind(kept.status)
        .bind(&kept.answer)
        .bind(keyed.caller)
        .bind(&keyed.method)
        .bind(&keyed.route)
        .bind(&keyed.key)
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// Forgets answers older than a day; answers how many.
///
/// # Errors
/// The database refused.
pub async fn purge(db: &Db, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut total = 0;
    loop {
        let done = sqlx::query(
            "DELETE FROM idempotency_keys WHERE created_at <= ? ORDER BY created_at LIMIT ?",
        )
        .bind(now - KEPT)
        .bind(PURGED_AT_ONCE)
        .execute(db.pool())
        .await?
        .rows_affected();
        total += done;
        if done < u64::from(PURGED_AT_ONCE) {
            return Ok(total);
        }
    }
}
