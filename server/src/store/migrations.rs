//! The schema, step by step: numbered files of `migrations/mysql`, embedded. DDL commits implicitly, so each statement
//! is a step of its own, recorded when done and harmless when run again.

use super::{Db, StoreError};
use sqlx::{AssertSqlSafe, Executor, MySqlConnection, Row};
use std::collections::HashSet;

/// A numbered file.
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    /// `0001`.
    pub number: u32,
    /// `users`.
    pub name: &'static str,
    /// Statements ended by `;` at a line's end.
    pub sql: &'static str,
}

macro_rules! migrations {
    ($($number:literal $name:literal;)*) => {
        /// Every migration, in order. Never edited once released.
        pub const ALL: &[Migration] = &[$(Migration {
            number: $number,
            name: $name,
            sql: include_str!(concat!("../../../migrations/mysql/", $name, ".sql")),
        }),*];
    };
}

migrations! {
    1 "0001_users";
    3 "0003_stations";
    4 "0004_price_books";
    5 "0005_slots";
    6 "0006_appointments";
    7 "0007_orders";
    8 "0008_order_parts";
    9 "0009_reviews";
    10 "0010_idempotency";
    11 "0011_customer_service";
    12 "0012_appointments_without_user";
    20 "0020_staff";
    21 "0021_devices";
    22 "0022_device_sessions";
    23 "0023_pairing_codes";
    24 "0024_refresh_chains";
    25 "0025_refresh_tokens";
    26 "0026_sync_outbox";
    27 "0027_sync_log";
    28 "0028_sync_head";
    29 "0029_sync_head_row";
    30 "0030_sync_batch";
    31 "0031_mutations";
    32 "0032_disputed_records";
    33 "0033_verdict_marks";
    40 "0040_device_revocations";
    41 "0041_quarantined_mutations";
    42 "0042_device_recoveries";
    50 "0050_sync_batch_at";
    51 "0051_sync_log_entity";
    52 "0052_sync_compaction";
    53 "0053_server_instances";
    60 "0060_blobs";
    61 "0061_blob_parts";
    62 "0062_blob_names";
    63 "0063_quarantined_pictures";
    70 "0070_refresh_chains_revoked";
    80 "0080_app_keys";
    81 "0081_open_nonces";
    82 "0082_open_calls";
    83 "0083_open_visits";
    90 "0090_archived_months";
    91 "0091_archived_months_checked";
    100 "0100_cache_clocks";
    101 "0101_cache_clock_rows";
    102 "0102_cache_changes";
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
  number INT NOT NULL,
  step INT NOT NULL,
  name VARCHAR(100) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  applied_at DATETIME(3) NOT NULL,
  PRIMARY KEY (number, step)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci ROW_FORMAT=DYNAMIC";

/// Brings the schema up to date; answers how many steps were run.
///
/// # Errors
/// The database refused a step; those before it stay recorded.
pub async fn migrate(db: &Db) -> Result<usize, StoreError> {
    let mut connection = db.read().await?;
    connection.execute(LEDGER).await?;
    let done = applied(db).await?;
    let mut count = 0;
    for migration in ALL {
        for (step, sql) in (1_i32..).zip(statements(migration.sql)) {
            let number = i32::try_from(migration.number).unwrap_or(i32::MAX);
            if done.contains(&(number, step)) {
                continue;
            }
            run(&mut connection, sql).await?;
            sqlx::query("INSERT IGNORE INTO schema_migrations (number, step, name, applied_at) VALUES (?, ?, ?, UTC_TIMESTAMP(3))")
                .bind(number)
                .bind(step)
                .bind(migration.name)
                .execute(&mut *connection)
                .await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Runs one step. A column or key that is there already was added by a run that ended before it was recorded.
async fn run(connection: &mut MySqlConnection, sql: String) -> Result<(), StoreError> {
    match connection.execute(AssertSqlSafe(sql)).await {
        Err(error) if matches!(StoreError::number(&error), Some(1060 | 1061)) => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

/// Steps still to run; the server does not start with any.
///
/// # Errors
/// The database cannot be reached.
pub async fn pending(db: &Db) -> Result<usize, StoreError> {
    let all: usize = ALL.iter().map(|m| statements(m.sql).len()).sum();
    match applied(db).await {
        Ok(done) => Ok(all.saturating_sub(done.len())),
        Err(StoreError::Sql(error)) if StoreError::number(&error) == Some(1146) => Ok(all),
        Err(error) => Err(error),
    }
}

async fn applied(db: &Db) -> Result<HashSet<(i32, i32)>, StoreError> {
    let rows = sqlx::query("SELECT number, step FROM schema_migrations")
        .fetch_all(&mut *db.pulse().await?)
        .await?;
    rows.iter()
        .map(|row| Ok((row.try_get("number")?, row.try_get("step")?)))
        .collect()
}

/// The statements of a file, without comment lines.
fn statements(sql: &str) -> Vec<String> {
    let code: Vec<&str> = sql
        .lines()
        .filter(|line| !line.trim_start().starts_with("--"))
        .collect();
    let text = code.join("\n") + "\n";
    text.split(";\n")
        .map(str::trim)
        .filter(|statement| !statement.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_as_they_are_named_and_hold_one_statement_a_step() {
        for migration in ALL {
            assert!(
                migration
                    .name
                    .starts_with(&format!("{:04}_", migration.number)),
                "{}",
                migration.name
            );
            for statement in statements(migration.sql) {
                assert!(!statement.contains(';'), "{}: {statement}", migration.name);
            }
        }
    }
}
