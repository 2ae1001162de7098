//! Writes as the product makes them, with and without their entry in the change feed, and what the feed made of them.

use anyhow::Result;
use blackbox::Database;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use uuid::Uuid;

/// A writer with a connection of its own, and the table its orders lie in.
pub struct Writer(MySqlConnection, String);

impl Writer {
    /// Connects.
    ///
    /// # Errors
    /// Of the database.
    pub async fn connect(db: &Database) -> Result<Self> {
        let mut connection = MySqlConnection::connect(&db.url()).await?;
        sqlx::query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
            .execute(&mut connection)
            .await?;
        let month: String =
            sqlx::query_scalar("SELECT DATE_FORMAT(UTC_TIMESTAMP(), 'orders_%Y%m')")
                .fetch_one(&mut connection)
                .await?;
        Ok(Self(connection, month))
    }

    /// One transaction: lock the visit's appointment, write it, and mark it dirty in its two scopes if `marked`.
    ///
    /// # Errors
    /// Of the database.
    pub async fn write(&mut self, id: Uuid, marked: bool) -> Result<()> {
        let mut tx = self.0.begin().await?;
        let lock =
            "SELECT scope_station, scope_collector FROM appointments WHERE id = ? FOR UPDATE";
        let (station, collector): (Uuid, Uuid) =
            sqlx::query_as(lock).bind(id).fetch_one(&mut *tx).await?;
        // What the product reads of a visit before it decides.
        let order = format!(
            "SELECT id FROM {} WHERE appointment_id IS NOT NULL AND id = (SELECT order_id FROM appointments WHERE id = ?) FOR UPDATE",
            self.1
        );
        let order: Uuid = sqlx::query_scalar(AssertSqlSafe(order))
            .bind(id)
            .fetch_one(&mut *tx)
            .await?;
        for child in [
            "SELECT body FROM quotes WHERE order_id = ? ORDER BY position",
            "SELECT method FROM payments WHERE order_id = ? ORDER BY position",
            "SELECT payment_id FROM refunds WHERE order_id = ? ORDER BY position",
            "SELECT code FROM reviews WHERE subject_kind = 'order' AND subject_id = ?",
            "SELECT code FROM reviews WHERE subject_kind = 'appointment' AND subject_id = ?",
        ] {
            sqlx::query(child).bind(order).fetch_all(&mut *tx).await?;
        }
        let write = "UPDATE appointments SET version = version + 1, note = CONCAT('第', version, '次'), updated_at = UTC_TIMESTAMP(3) WHERE id = ?";
        sqlx::query(write).bind(id).execute(&mut *tx).await?;
        if marked {
            let mark = "INSERT INTO sync_outbox (scope, kind, entity_id) VALUES (?, 'appointment', ?), (?, 'appointment', ?)";
            sqlx::query(mark)
                .bind(format!("station:{station}"))
                .bind(id)
                .bind(format!("collector:{collector}"))
                .bind(id)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Commits an entry of the change feed in a scope of its own.
    ///
    /// # Errors
    /// Of the database.
    pub async fn probe(&mut self, scope: &str) -> Result<()> {
        let mark = "INSERT INTO sync_outbox (scope, kind, entity_id) VALUES (?, 'appointment', ?)";
        sqlx::query(mark)
            .bind(scope)
            .bind(Uuid::now_v7())
            .execute(&mut self.0)
            .await?;
        Ok(())
    }

    /// Whether the scope's entry has its number.
    ///
    /// # Errors
    /// Of the database.
    pub async fn is_sequenced(&mut self, scope: &str) -> Result<bool> {
        let found: Option<i64> = sqlx::query_scalar("SELECT seq FROM sync_log WHERE scope = ?")
            .bind(scope)
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
