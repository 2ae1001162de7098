//! Sessions that ended lately (`refresh_chains.revoked_at`), for those who keep them in memory.

use super::StoreError;
use chrono::{DateTime, Utc};
use sqlx::MySqlConnection;
use uuid::Uuid;

/// Reads the newest end of the index alone.
pub const SINCE: &str = "SELECT id, revoked_at FROM refresh_chains WHERE revoked_at >= ?";

/// Those that ended at or after an instant.
///
/// # Errors
/// Of the database.
pub async fn since(
    conn: &mut MySqlConnection,
    at: DateTime<Utc>,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, StoreError> {
    Ok(sqlx::query_as(SINCE).bind(at).fetch_all(conn).await?)
}
