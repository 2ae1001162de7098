//! Running servers of one database: each gives signs of life, and which of the database's connections are its own. One
//! that stops without ending (a stopped process, a host that lost its network) keeps its locks; another disconnects it.

use super::StoreError;
use sqlx::{AssertSqlSafe, Executor, MySqlConnection};
use std::time::Duration;
use uuid::Uuid;

/// An instance that has not been heard of for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silent {
    /// Which.
    pub instance: Uuid,
    /// For how long, by the database's clock.
    pub since: Duration,
}

/// Notes whose connection this is.
///
/// # Errors
/// Of the database; also where the schema is not that far yet.
pub async fn register(
    conn: &mut MySqlConnection,
    instance: Uuid,
    sequencer: bool,
) -> Result<(), StoreError> {
    let sql = "INSERT INTO server_connections (connection_id, instance, sequencer) VALUES (CONNECTION_ID(), ?, ?) \
               ON DUPLICATE KEY UPDATE instance = VALUES(instance), sequencer = VALUES(sequencer)";
    sqlx::query(sql)
        .bind(instance)
        .bind(sequencer)
        .execute(conn)
        .await?;
    Ok(())
}

/// Gives a sign of life.
///
/// # Errors
/// Of the database.
pub async fn beat(conn: &mut MySqlConnection, instance: Uuid) -> Result<(), StoreError> {
    let sql = "INSERT INTO server_instances (id, beat_at) VALUES (?, UTC_TIMESTAMP(3)) \
               ON DUPLICATE KEY UPDATE beat_at = VALUES(beat_at)";
    sqlx::query(sql).bind(instance).execute(conn).await?;
    Ok(())
}

/// The other instances that have given no sign of life for so long.
///
/// # Errors
/// Of the database.
pub async fn silent(
    conn: &mut MySqlConnection,
    instance: Uuid,
    least: Duration,
) -> Result<Vec<Silent>, StoreError> {
    let sql = "SELECT id, TIMESTAMPDIFF(MICROSECOND, beat_at, UTC_TIMESTAMP(3)) FROM server_instances \
               WHERE id <> ? AND beat_at < UTC_TIMESTAMP(3) - INTERVAL ? MICROSECOND";
    let rows: Vec<(Uuid, i64)> = sqlx::query_as(sql)
        .bind(instance)
        .bind(i64::try_from(least.as_micros()).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await?;
    let silent = rows.into_iter().map(|(instance, micros)| Silent {
        instance,
        since: Duration::from_micros(micros.unsigned_abs()),
    });
    Ok(silent.collect())
}

/// Ends an instance's connections, or only the one it sequences with; what they had not committed is undone. Returns
/// how many there were. A database user may always end its own.
///
/// # Errors
/// Of the database.
pub async fn disconnect(
    conn: &mut MySqlConnection,
    instance: Uuid,
    sequencer_only: bool,
) -> Result<usize, StoreError> {
    let sql = "SELECT c.connection_id FROM server_connections c \
               JOIN information_schema.PROCESSLIST p ON p.ID = c.connection_id \
               WHERE c.instance = ? AND c.sequencer >= ?";
    let ids: Vec<i64> = sqlx::query_scalar(sql)
        .bind(instance)
        .bind(sequencer_only)
        .fetch_all(&mut *conn)
        .await?;
    for id in &ids {
        // Not every server can prepare it. 1094: it has just gone by itself.
        match conn.execute(AssertSqlSafe(format!("KILL {id}"))).await {
            Err(error) if StoreError::number(&error) == Some(1094) => {}
            done => drop(done?.rows_affected()),
        }
    }
    Ok(ids.len())
}

/// Forgets connections that are no more.
///
/// # Errors
/// Of the database.
pub async fn tidy(conn: &mut MySqlConnection) -> Result<u64, StoreError> {
    let sql = "DELETE c FROM server_connections c LEFT JOIN information_schema.PROCESSLIST p ON p.ID = c.connection_id \
               WHERE p.ID IS NULL";
    Ok(sqlx::query(sql).execute(conn).await?.rows_affected())
}

/// Forgets an instance: it has ended, or been disconnected altogether.
///
/// # Errors
/// Of the database.
pub async fn forget(conn: &mut MySqlConnection, instance: Uuid) -> Result<(), StoreError> {
    for sql in [
        "DELETE FROM server_connections WHERE instance = ?",
        "DELETE FROM server_instances WHERE id = ?",
    ] {
        sqlx::query(sql).bind(instance).execute(&mut *conn).await?;
    }
    Ok(())
}
