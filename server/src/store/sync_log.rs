//! The change feed (sync.md §1): dirty keys from the outbox get dense numbers in the log. How far it reaches is in
//! [`super::sync_head`].

use super::{StoreError, shapes::pieces};
use crate::sync::plan::{Key, LogEntry, Slice};
use huishou_domain::sync::scope::{Kind, Scope};
use sqlx::{AssertSqlSafe, MySqlConnection, QueryBuilder};
use uuid::Uuid;

/// Rows of one multi-row statement.
const CHUNK: usize = 512;

/// A row of the outbox.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Pending {
    /// Its own number.
    pub id: i64,
    /// Scope written in.
    pub scope: String,
    /// Kind of aggregate.
    pub kind: String,
    /// Which.
    pub entity_id: Uuid,
}

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

/// The oldest rows of the outbox.
///
/// # Errors
/// Of the database.
pub async fn pending(conn: &mut MySqlConnection, most: u32) -> Result<Vec<Pending>, StoreError> {
    Ok(
        sqlx::query_as("SELECT id, scope, kind, entity_id FROM sync_outbox ORDER BY id LIMIT ?")
            .bind(most)
            .fetch_all(conn)
            .await?,
    )
}

/// Gives the rows the numbers after `head`.
///
/// # Errors
/// Of the database.
pub async fn append(
    conn: &mut MySqlConnection,
    head: i64,
    rows: &[Pending],
) -> Result<(), StoreError> {
    let mut seq = head;
    for chunk in pieces(rows, CHUNK) {
        let mut sql =
            QueryBuilder::new("INSERT INTO sync_log (seq, outbox_id, scope, kind, entity_id) ");
        sql.push_values(chunk, |mut values, row| {
            seq += 1;
            values
                .push_bind(seq)
                .push_bind(row.id)
                .push_bind(&row.scope)
                .push_bind(&row.kind)
                .push_bind(row.entity_id);
        });
        sql.build().execute(&mut *conn).await?;
    }
    Ok(())
}

/// Takes what has numbers after `head` up to `through` out of the outbox; returns how many rows that were. The join is
/// ordered by hand: on stale statistics a plain `DELETE … IN (…)` was planned as a scan and cost seconds.
///
/// # Errors
/// Of the database.
pub async fn remove_sequenced(
    conn: &mut MySqlConnection,
    head: i64,
    through: i64,
) -> Result<u64, StoreError> {
    let sql = "DELETE o FROM sync_log l STRAIGHT_JOIN sync_outbox o ON o.id = l.outbox_id WHERE l.seq > ? AND l.seq <= ?";
    Ok(sqlx::query(sql)
        .bind(head)
        .bind(through)
        .execute(conn)
        .await?
        .rows_affected())
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
