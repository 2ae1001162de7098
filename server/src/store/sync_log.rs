//! The change feed (sync.md §1): dirty keys from the outbox get dense numbers in the log. How far it reaches is in
//! [`super::sync_head`].

use super::StoreError;
use crate::sync::plan::{Key, LogEntry, Slice};
use futures_util::TryStreamExt;
use huishou_domain::sync::scope::{Kind, Scope};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use uuid::Uuid;

/// Whether anything waits for a number.
///
/// # Errors
/// Of the database.
pub async fn anything_pending(conn: &mut MySqlConnection) -> Result<bool, StoreError> {
    let first: Option<i64> = sqlx::query_scalar("SELECT id FROM sync_outbox LIMIT 1")
        .fetch_optional(conn)
        .await?;
    Ok(first.is_some())
}

/// The sequencer's work (sync.md 4), in one message: BEGIN, the locked head, the outbox's rows into the log under the
/// numbers after it, out of the outbox by the log's range, the batch's tag, the new head. Among busy writers each message
/// waits for the processor on both sides, so that their number is what an entry waits for. Each statement sees what is
/// committed by then (READ COMMITTED), thus after the lock; the read of the outbox takes no locks.
///
/// The join is ordered by hand: on stale statistics a plain `DELETE … IN (…)` was planned as a scan and cost seconds.
/// A row is taken out only if its number lies in the batch, so that the two counts are equal exactly if the numbers are
/// dense and each row was there once.
///
/// # Errors
/// Of the database; then the transaction is to be rolled back.
pub async fn number(
    conn: &mut MySqlConnection,
    most: u32,
    tag: [u8; 16],
) -> Result<usize, StoreError> {
    let tag = u128::from_be_bytes(tag);
    let sql = format!(
        "BEGIN; \
         SELECT @head := seq FROM sync_head WHERE id = 1 FOR UPDATE; \
         SET @through = @head; \
         INSERT INTO sync_log (seq, outbox_id, scope, kind, entity_id) \
         SELECT @through := @through + 1, o.id, o.scope, o.kind, o.entity_id \
         FROM (SELECT id, scope, kind, entity_id FROM sync_outbox ORDER BY id LIMIT {most}) o; \
         DELETE o FROM sync_log l STRAIGHT_JOIN sync_outbox o ON o.id = l.outbox_id WHERE l.seq > @head AND l.seq <= @through; \
         INSERT INTO sync_batch (last_seq, tag, at) \
         SELECT @through, X'{tag:032x}', UTC_TIMESTAMP(3) FROM sync_head WHERE id = 1 AND seq < @through; \
         UPDATE sync_head SET seq = @through WHERE id = 1 AND seq < @through"
    );
    let done = conn.fetch_many(AssertSqlSafe(sql));
    let affected: Vec<u64> = done
        .try_filter_map(async |step| Ok(step.left().map(|done| done.rows_affected())))
        .try_collect()
        .await?;
    let [_, _, _, logged, removed, closed, raised] = affected[..] else {
        return Err(StoreError::Unreadable(format!(
            "the sequencer's answers: {affected:?}"
        )));
    };
    let batch = u64::from(logged > 0);
    if removed != logged || closed != batch || raised != batch {
        return Err(StoreError::Unreadable(format!(
            "sync_outbox: of {logged} rows {removed} were there to remove, {closed} batches, {raised} heads"
        )));
    }
    Ok(usize::try_from(logged).unwrap_or(usize::MAX))
}

/// A scope's entries in (after, through], at most `most`.
///
/// # Errors
/// Of the database.
pub async fn slice(
    conn: &mut MySqlConnection,
    scope: &Scope,
    after: i64,
    through: i64,
    most: usize,
) -> Result<Slice, StoreError> {
    if after >= through {
        return Ok(Slice::default());
    }
    let sql = "SELECT seq, kind, entity_id FROM sync_log WHERE scope = ? AND seq > ? AND seq <= ? ORDER BY seq LIMIT ?";
    let rows: Vec<(i64, String, Uuid)> = sqlx::query_as(sql)
        .bind(scope.to_string())
        .bind(after)
        .bind(through)
        .bind(u32::try_from(most).unwrap_or(u32::MAX))
        .fetch_all(conn)
        .await?;
    let more = rows.len() >= most;
    let entries = rows.into_iter().map(|(seq, kind, id)| {
        Ok(LogEntry {
            seq,
            key: key(&kind, id)?,
        })
    });
    Ok(Slice {
        entries: entries.collect::<Result<_, StoreError>>()?,
        more,
    })
}

/// Aggregates of these scopes that were written but have no number yet, each once, at most `most`.
///
/// # Errors
/// Of the database.
pub async fn unsequenced(
    conn: &mut MySqlConnection,
    scopes: &[Scope],
    most: usize,
) -> Result<Vec<Key>, StoreError> {
    if scopes.is_empty() {
        return Ok(Vec::new());
    }
    let marks = vec!["?"; scopes.len()].join(", ");
    let sql = format!(
        "SELECT DISTINCT kind, entity_id FROM sync_outbox WHERE scope IN ({marks}) LIMIT ?"
    );
    let mut query = sqlx::query_as::<_, (String, Uuid)>(AssertSqlSafe(sql));
    for scope in scopes {
        query = query.bind(scope.to_string());
    }
    let rows = query
        .bind(u32::try_from(most).unwrap_or(u32::MAX))
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(|(kind, id)| key(&kind, id)).collect()
}

/// The greatest number of each scope in (after, through].
///
/// # Errors
/// Of the database.
pub async fn heads_between(
    conn: &mut MySqlConnection,
    after: i64,
    through: i64,
) -> Result<Vec<(Scope, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(HEADS_BETWEEN)
        .bind(after)
        .bind(through)
        .fetch_all(conn)
        .await?;
    scopes(rows)
}

/// See [`heads_between`].
pub const HEADS_BETWEEN: &str = "SELECT scope, MAX(seq) FROM sync_log FORCE INDEX (PRIMARY) WHERE seq > ? AND seq <= ? GROUP BY scope ORDER BY NULL";

/// The greatest number of each of these scopes that has one above `after`.
///
/// # Errors
/// Of the database.
pub async fn heads_of(
    conn: &mut MySqlConnection,
    of: &[Scope],
    after: i64,
) -> Result<Vec<(Scope, i64)>, StoreError> {
    let mut rows = Vec::new();
    for scope in of {
        let head: Option<i64> = sqlx::query_scalar(HEAD_OF)
            .bind(scope.to_string())
            .bind(after)
            .fetch_optional(&mut *conn)
            .await?;
        rows.extend(head.map(|head| (scope.clone(), head)));
    }
    Ok(rows)
}

/// The greatest number of a scope above one.
pub const HEAD_OF: &str =
    "SELECT seq FROM sync_log WHERE scope = ? AND seq > ? ORDER BY seq DESC LIMIT 1";

fn scopes(rows: Vec<(String, i64)>) -> Result<Vec<(Scope, i64)>, StoreError> {
    let read = |(name, head): (String, i64)| {
        let unknown = || StoreError::Unreadable(format!("scope {name} in the change feed"));
        Ok((name.parse().map_err(|_| unknown())?, head))
    };
    rows.into_iter().map(read).collect()
}

fn key(kind: &str, id: Uuid) -> Result<Key, StoreError> {
    let unknown = || StoreError::Unreadable(format!("kind {kind} in the change feed"));
    Ok((Kind::parse(kind).ok_or_else(unknown)?, id))
}
