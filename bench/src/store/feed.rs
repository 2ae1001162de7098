//! The change feed as the benchmark looks at it, and writes in bulk that it is to cope with.

use anyhow::Result;
use blackbox::Database;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use uuid::Uuid;

/// A connection of its own that looks for numbers.
pub struct Probe(MySqlConnection);

impl Probe {
    /// Connects.
    ///
    /// # Errors
    /// Of the database.
    pub async fn connect(db: &Database) -> Result<Self> {
        Ok(Self(MySqlConnection::connect(&db.url()).await?))
    }

    /// Whether an aggregate has a number in the log.
    ///
    /// # Errors
    /// Of the database.
    pub async fn has_number(&mut self, id: Uuid) -> Result<bool> {
        let found: Option<i64> =
            sqlx::query_scalar("SELECT seq FROM sync_log WHERE entity_id = ? LIMIT 1")
                .bind(id)
                .fetch_optional(&mut self.0)
                .await?;
        Ok(found.is_some())
    }
}

/// Whether nothing waits for a number.
pub async fn is_quiet(db: &Database) -> bool {
    db.count("SELECT COUNT(*) FROM sync_outbox").await == 0
}

/// Changes a station's appointments from `skip` on, as one transaction, marked in the station's scope.
pub async fn change(db: &Database, station: &str, skip: u32, count: u32) {
    let some = format!(
        "(SELECT id FROM (SELECT id FROM appointments WHERE scope_station = UNHEX('{station}') ORDER BY id LIMIT {skip}, {count}) some)"
    );
    let scope = uuid::Uuid::parse_str(station).unwrap_or_default();
    // One text, so that it runs on one connection.
    db.execute(&format!(
        "BEGIN; \
         UPDATE appointments SET version = version + 1, updated_at = UTC_TIMESTAMP(3) WHERE id IN {some}; \
         INSERT INTO sync_outbox (scope, kind, entity_id) SELECT 'station:{scope}', 'appointment', id FROM appointments WHERE id IN {some}; \
         COMMIT"
    ))
    .await;
}

/// As many older entries of the log as `count`, of other scopes, as one batch under the sequencer's lock.
///
/// # Errors
/// Of the database.
pub async fn fill_log(db: &Database, count: u32) -> Result<()> {
    let mut connection = MySqlConnection::connect(&db.url()).await?;
    let chunk = 100_000_u32;
    for from in (0..count).step_by(chunk as usize) {
        let to = count.min(from + chunk);
        let mut tx = connection.begin().await?;
        let head: i64 = sqlx::query_scalar("SELECT seq FROM sync_head WHERE id = 1 FOR UPDATE")
            .fetch_one(&mut *tx)
            .await?;
        let insert = format!(
            "INSERT INTO sync_log (seq, outbox_id, scope, kind, entity_id) SELECT {head} + n.seq, 0, CONCAT('station:', n.seq MOD 50), 'order', UNHEX(MD5(n.seq)) FROM seq_1_to_{} n",
            to - from
        );
        sqlx::query(AssertSqlSafe(insert)).execute(&mut *tx).await?;
        let through = head + i64::from(to - from);
        sqlx::query("INSERT INTO sync_batch (last_seq, tag) VALUES (?, UNHEX(MD5(?)))")
            .bind(through)
            .bind(through)
            .execute(&mut *tx)
            .await?;
        sqlx::query("UPDATE sync_head SET seq = ? WHERE id = 1")
            .bind(through)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
    }
    Ok(())
}
