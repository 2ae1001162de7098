//! The change feed does not grow for ever (sync.md 14). After 24 hours only the newest entry of each aggregate and
//! scope stays: whoever has read less than that entry still finds the aggregate, whoever has read more needs none of
//! them. After 45 days entries go for good and the floor rises: an older cursor is reset.
//!
//! Steps are small transactions, so that nobody waits for upkeep, and any instance may take the next one.

use super::{Db, StoreError, Tx};
use crate::write_tx;
use chrono::{DateTime, TimeDelta, Utc};
use sqlx::MySqlConnection;

/// How long every entry is kept.
pub const WHOLE: TimeDelta = TimeDelta::hours(24);
/// How long the newest entry of an aggregate is kept.
pub const KEPT: TimeDelta = TimeDelta::days(45);
/// Numbers of the log that one step goes through.
pub const STEP: i64 = 1_000;
/// Steps of one round; what is left waits for the next.
const ROUND: u32 = 400;

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Entries that a newer one made superfluous.
    pub superseded: u64,
    /// Entries that had their time.
    pub expired: u64,
}

/// Compacts what is due at `now`.
///
/// # Errors
/// The database refused; what was done until then stays done, and is right.
pub async fn compact(db: &Db, now: DateTime<Utc>) -> Result<Done, StoreError> {
    let mut done = Done::default();
    raise_floor(db, now - KEPT).await?;
    for _ in 0..ROUND {
        match write_tx!(db, |tx| expire(tx).await)? {
            0 => break,
            gone => done.expired += gone,
        }
    }
    let due = last_closed(&mut *db.read().await?, now - WHOLE).await?;
    for _ in 0..ROUND {
        match write_tx!(db, |tx| step(tx, due).await)? {
            Some(gone) => done.superseded += gone,
            None => break,
        }
    }
    metrics::counter!("sync_log_superseded_total").increment(done.superseded);
    metrics::counter!("sync_log_expired_total").increment(done.expired);
    Ok(done)
}

/// The number that the last batch closed by `at` ends with; 0 if there is none.
async fn last_closed(conn: &mut MySqlConnection, at: DateTime<Utc>) -> Result<i64, StoreError> {
    let last: Option<i64> = sqlx::query_scalar(LAST_CLOSED)
        .bind(at)
        .fetch_optional(conn)
        .await?;
    Ok(last.unwrap_or(0))
}

/// The newest batch that was closed by a moment.
pub const LAST_CLOSED: &str =
    "SELECT last_seq FROM sync_batch WHERE at <= ? ORDER BY at DESC, last_seq DESC LIMIT 1";

/// Cursors below the end of what was closed by `at` are reset from now on.
async fn raise_floor(db: &Db, at: DateTime<Utc>) -> Result<(), StoreError> {
    let mut conn = db.read().await?;
    let floor = last_closed(&mut conn, at).await?;
    let sql = "UPDATE sync_head SET floor = ? WHERE id = 1 AND floor < ?";
    sqlx::query(sql)
        .bind(floor)
        .bind(floor)
        .execute(&mut *conn)
        .await?;
    Ok(())
}

/// Takes the next entries up to the floor away, and batches before the one that ends there: its tag is still asked
/// for. Returns how many rows that were.
async fn expire(tx: &mut Tx) -> Result<u64, StoreError> {
    let floor: i64 = sqlx::query_scalar("SELECT floor FROM sync_head WHERE id = 1")
        .fetch_one(tx.conn())
        .await?;
    let mut gone = 0;
    for sql in [EXPIRE_ENTRIES, EXPIRE_BATCHES] {
        let ran = sqlx::query(sql)
            .bind(floor)
            .bind(STEP)
            .execute(tx.conn())
            .await?;
        gone += ran.rows_affected();
    }
    Ok(gone)
}

/// Entries up to the floor, a few at a time.
pub const EXPIRE_ENTRIES: &str = "DELETE FROM sync_log WHERE seq <= ? ORDER BY seq LIMIT ?";
/// Batches before the floor, a few at a time.
pub const EXPIRE_BATCHES: &str =
    "DELETE FROM sync_batch WHERE last_seq < ? ORDER BY last_seq LIMIT ?";

/// Goes on through the log, at most to `due`; `None` when it is there.
async fn step(tx: &mut Tx, due: i64) -> Result<Option<u64>, StoreError> {
    let lock = "SELECT through FROM sync_compaction WHERE id = 1 FOR UPDATE";
    let done: i64 = sqlx::query_scalar(lock).fetch_one(tx.conn()).await?;
    let floor: i64 = sqlx::query_scalar("SELECT floor FROM sync_head WHERE id = 1")
        .fetch_one(tx.conn())
        .await?;
    let from = done.max(floor);
    let through = due.min(from + STEP);
    if through <= from {
        return Ok(None);
    }
    let ran = sqlx::query(SUPERSEDE)
        .bind(from)
        .bind(through)
        .execute(tx.conn())
        .await?;
    sqlx::query("UPDATE sync_compaction SET through = ? WHERE id = 1")
        .bind(through)
        .execute(tx.conn())
        .await?;
    Ok(Some(ran.rows_affected()))
}

/// Takes every entry away that is older than one with a number in (a, b] of the same aggregate in the same scope. The
/// range drives the join, the other end is looked up: on stale statistics it might be planned the other way round.
pub const SUPERSEDE: &str = "DELETE older FROM sync_log newer FORCE INDEX (PRIMARY) \
     STRAIGHT_JOIN sync_log older FORCE INDEX (sync_log_entity) \
     ON older.entity_id = newer.entity_id AND older.scope = newer.scope AND older.kind = newer.kind AND older.seq < newer.seq \
     WHERE newer.seq > ? AND newer.seq <= ?";
