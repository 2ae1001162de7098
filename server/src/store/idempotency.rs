//! Answers kept for 24 h under (caller, method, route, key), in the effect's own transaction (api.md). The key's row is
//! inserted first: a concurrent twin waits on it, until the lock wait time-out.

use super::{
    Db, StoreError, Tx,
    bulk::CHUNK,
    shapes::{pieces, size_for},
};
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{MySql, MySqlConnection, QueryBuilder, Row, mysql::MySqlRow};
use std::collections::HashMap;
use uuid::Uuid;

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Rows of one purge statement: small, so that it holds no locks for long.
const PURGED_AT_ONCE: u32 = 1000;
/// Keys of one look, a power of two.
const LOOKED_AT_ONCE: usize = 32;

/// A keyed request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

impl Keyed {
    /// Its place in the table's order.
    fn place(&self) -> (Uuid, &str, &str, &str) {
        (self.caller, &self.method, &self.route, &self.key)
    }
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
    row.map_or(Ok(Found::Nothing), |row| read(&row, keyed))
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

/// Claims keys and keeps their answers at once, in the order of the keys, so that no two transactions wait for each other.
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where a key has been used before.
pub async fn insert_answered(
    tx: &mut Tx,
    rows: &[(&Keyed, Kept)],
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let mut rows: Vec<&(&Keyed, Kept)> = rows.iter().collect();
    rows.sort_unstable_by_key(|(keyed, _)| keyed.place());
    for piece in pieces(&rows, CHUNK) {
        let mut insert = QueryBuilder::<MySql>::new(
            "INSERT INTO idempotency_keys (caller, method, route, idem_key, fingerprint, status, answer, created_at) ",
        );
        insert.push_values(piece, |mut row, (keyed, kept)| {
            row.push_bind(keyed.caller)
                .push_bind(keyed.method.as_str())
                .push_bind(keyed.route.as_str())
                .push_bind(keyed.key.as_str())
                .push_bind(&keyed.fingerprint[..])
                .push_bind(kept.status)
                .push_bind(kept.answer.as_str())
                .push_bind(now);
        });
        insert.build().execute(tx.conn()).await?;
    }
    Ok(())
}

/// As [`look`], of many keys; those that are new are left out.
///
/// # Errors
/// The database refused.
pub async fn look_many(
    conn: &mut MySqlConnection,
    keys: &[&Keyed],
    now: DateTime<Utc>,
) -> Result<HashMap<Keyed, Found>, StoreError> {
    let mut rows = HashMap::new();
    for piece in keys.chunks(LOOKED_AT_ONCE) {
        let filled = piece
            .iter()
            .chain(std::iter::repeat(&piece[piece.len() - 1]));
        let mut select = QueryBuilder::<MySql>::new(
            "SELECT caller, method, route, idem_key, fingerprint, status, answer FROM idempotency_keys WHERE created_at > ",
        );
        select.push_bind(now - KEPT).push(" AND (");
        let mut any = select.separated(" OR ");
        for keyed in filled.take(size_for(piece.len())) {
            any.push("(caller = ")
                .push_bind_unseparated(keyed.caller)
                .push_unseparated(" AND method = ")
                .push_bind_unseparated(keyed.method.as_str())
                .push_unseparated(" AND route = ")
                .push_bind_unseparated(keyed.route.as_str())
                .push_unseparated(" AND idem_key = ")
                .push_bind_unseparated(keyed.key.as_str())
                .push_unseparated(")");
        }
        select.push(")");
        for row in select.build().fetch_all(&mut *conn).await? {
            let place: (Uuid, String, String, String) = (
                row.try_get("caller")?,
                row.try_get("method")?,
                row.try_get("route")?,
                row.try_get("idem_key")?,
            );
            rows.insert(place, row);
        }
    }
    let mut found = HashMap::new();
    for keyed in keys {
        let (caller, method, route, key) = keyed.place();
        let place = (caller, method.to_owned(), route.to_owned(), key.to_owned());
        if let Some(row) = rows.get(&place) {
            found.insert((*keyed).clone(), read(row, keyed)?);
        }
    }
    Ok(found)
}

/// What a key's row says to a request with that key.
fn read(row: &MySqlRow, keyed: &Keyed) -> Result<Found, StoreError> {
    let fingerprint: Vec<u8> = row.try_get("fingerprint")?;
    if fingerprint != keyed.fingerprint {
        return Ok(Found::Mismatch);
    }
    Ok(Found::Answer(Kept {
        status: row.try_get("status")?,
        answer: row.try_get("answer")?,
    }))
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
