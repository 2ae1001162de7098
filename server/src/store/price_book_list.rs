//! A city's price books as a list, without their rules.

use super::StoreError;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::MySqlConnection;
use uuid::Uuid;

/// A published version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct PriceBookRow {
    /// Identity.
    pub id: Uuid,
    /// City division code.
    pub city: String,
    /// Counts up from 1 within the city.
    pub version: u32,
    /// When it comes into force.
    #[serde(with = "huishou_domain::time::millis")]
    pub effective_from: DateTime<Utc>,
    /// SHA-256 of its canonical text.
    pub hash: String,
    /// When it was published.
    #[serde(with = "huishou_domain::time::millis")]
    pub created_at: DateTime<Utc>,
}

/// The versions of a city, newest first.
pub const OF_CITY_SQL: &str = "SELECT id, city, version, effective_from, hash, created_at FROM price_books WHERE city = ? ORDER BY version DESC LIMIT 1000";

/// The versions of a city, newest first.
///
/// # Errors
/// Of the database.
pub async fn of_city(
    conn: &mut MySqlConnection,
    city: &str,
) -> Result<Vec<PriceBookRow>, StoreError> {
    // The column is ASCII; other text cannot be compared with it.
    if !city.is_ascii() {
        return Ok(Vec::new());
    }
    Ok(sqlx::query_as(OF_CITY_SQL)
        .bind(city)
        .fetch_all(conn)
        .await?)
}
