//! Running servers of one database: each gives signs of life, and which of the database's connections are its own. One
//! that stops without ending (a stopped process, a host that lost its network) keeps its locks; another disconnects it.

use super::StoreError;
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, Row, mysql::MySqlRow};
use std::time::Duration;
use uuid::Uuid;

/// Another instance, as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sign {
    /// Which.
    pub instance: Uuid,
    /// When it gave its last sign of life: microseconds by the database's clock, good for comparing.
    pub at: i64,
    /// How long ago that was, by the same clock.
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

/// Gives a sign of life, and reads the last ones of the other instances: one message, as whoever looks after the others
/// must be quick on a machine that is not.
///
/// # Errors
/// Of the database.
pub async fn beat(conn: &mut MySqlConnection, instance: Uuid) -> Result<Vec<Sign>, StoreError> {
    let id = instance.simple();
    let sql = format!(
        "INSERT INTO server_instances (id, beat_at) VALUES (X'{id}', UTC_TIMESTAMP(3)) \
         ON DUPLICATE KEY UPDATE beat_at = VALUES(beat_at); \
         SELECT id, TIMESTAMPDIFF(MICROSECOND, '2020-01-01', beat_at) AS at, \
         TIMESTAMPDIFF(MICROSECOND, beat_at, UTC_TIMESTAMP(3)) AS since FROM server_instances WHERE id <> X'{id}'"
    );
    let rows = conn.fetch_all(AssertSqlSafe(sql)).await?;
    let sign = |row: &MySqlRow| {
        let since: i64 = row.try_get("since")?;
        Ok(Sign {
            instance: row.try_get("id")?,
            at: row.try_get("at")?,
            since: Duration::from_micros(u64::try_from(since).unwrap_or(0)),
        })
    };
    rows.iter().map(sign).collect()
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
               JOIN information_schema.PROCESSLIST p ON p.ID = c.connection_id AND p.DB = DATABASE() \
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

/// Forgets connections that are no more. Those that are there are asked for after those that are known: in one
/// statement a connection that has just been made could be taken for one that is gone.
///
/// # Errors
/// Of the database.
pub async fn tidy(conn: &mut MySqlConnection) -> Result<(), StoreError> {
    let known = "SELECT connection_id, instance FROM server_connections";
    let known: Vec<(i64, Uuid)> = sqlx::query_as(known).fetch_all(&mut *conn).await?;
    let there = "SELECT CAST(ID AS SIGNED) FROM information_schema.PROCESSLIST";
    let there: Vec<i64> = sqlx::query_scalar(there).fetch_all(&mut *conn).await?;
    let gone = "DELETE FROM server_connections WHERE connection_id = ? AND instance = ?";
    for (id, instance) in known.into_iter().filter(|(id, _)| !there.contains(id)) {
        sqlx::query(gone)
            .bind(id)
            .bind(instance)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
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
