//! Rows of `price_books`: published price books, immutable.

use super::{
    StoreError, Tx, changes,
    decode::{json, text, unreadable},
    dirty,
    orders::push_ids,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    price_book::{EffectiveFrom, PriceBook},
    sync::scope::{Kind, Scope},
};
use sqlx::{AssertSqlSafe, MySql, MySqlConnection, QueryBuilder, Row, mysql::MySqlRow};
use uuid::Uuid;

// The column is ASCII, and a text that is not cannot even be compared with it ("Illegal mix of collations"): such a
// city has no book, and is answered so without asking.
const SELECT: &str = "SELECT id, city, version, effective_text, hash, rules FROM price_books";

/// The book in force in a city: the latest that has begun; of two that began together, the later version.
///
/// # Errors
/// The database refused, or the row cannot be read.
pub async fn in_force(
    conn: &mut MySqlConnection,
    city: &str,
    at: DateTime<Utc>,
) -> Result<Option<PriceBook>, StoreError> {
    if !city.is_ascii() {
        return Ok(None);
    }
    let sql = format!(
        "{SELECT} WHERE city = ? AND effective_from <= ? ORDER BY effective_from DESC, version DESC LIMIT 1"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(city)
        .bind(at)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The id of the book in force in a city, and when the next one begins, if one is published.
///
/// # Errors
/// The database refused.
pub async fn id_in_force(
    conn: &mut MySqlConnection,
    city: &str,
    at: DateTime<Utc>,
) -> Result<Option<Uuid>, StoreError> {
    if !city.is_ascii() {
        return Ok(None);
    }
    let sql = "SELECT id FROM price_books WHERE city = ? AND effective_from <= ? ORDER BY effective_from DESC, version DESC LIMIT 1";
    Ok(sqlx::query_scalar(sql)
        .bind(city)
        .bind(at)
        .fetch_optional(conn)
        .await?)
}

/// A city's books with when they begin, those that take precedence first; at most `most`.
///
/// # Errors
/// The database refused.
pub async fn schedule(
    conn: &mut MySqlConnection,
    city: &str,
    most: u32,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, StoreError> {
    if !city.is_ascii() {
        return Ok(Vec::new());
    }
    let sql = "SELECT id, effective_from FROM price_books WHERE city = ? ORDER BY effective_from DESC, version DESC LIMIT ?";
    Ok(sqlx::query_as(sql)
        .bind(city)
        .bind(most)
        .fetch_all(conn)
        .await?)
}

/// One version of a city's book.
///
/// # Errors
/// The database refused, or the row cannot be read.
pub async fn version(
    conn: &mut MySqlConnection,
    city: &str,
    version: i64,
) -> Result<Option<PriceBook>, StoreError> {
    if !city.is_ascii() {
        return Ok(None);
    }
    let sql = format!("{SELECT} WHERE city = ? AND version = ?");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(city)
        .bind(version)
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(read).transpose()
}

/// The id of one version of a city's book.
///
/// # Errors
/// The database refused.
pub async fn id_of_version(
    conn: &mut MySqlConnection,
    city: &str,
    version: i64,
) -> Result<Option<Uuid>, StoreError> {
    if !city.is_ascii() {
        return Ok(None);
    }
    let sql = "SELECT id FROM price_books WHERE city = ? AND version = ?";
    Ok(sqlx::query_scalar(sql)
        .bind(city)
        .bind(version)
        .fetch_optional(conn)
        .await?)
}

/// When a version was superseded: when the first book that takes precedence had both begun and been published, for
/// nobody could know of it earlier; `None` while it is in force or ahead.
///
/// # Errors
/// The database refused.
pub async fn superseded_at(
    conn: &mut MySqlConnection,
    city: &str,
    version: i64,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    if !city.is_ascii() {
        return Ok(None);
    }
    let sql = "SELECT later.effective_from, later.created_at FROM price_books own JOIN price_books later ON later.city = own.city \
         AND (later.effective_from > own.effective_from OR (later.effective_from = own.effective_from AND later.version > own.version)) \
         AND later.effective_from <= ? WHERE own.city = ? AND own.version = ?";
    let later: Vec<(DateTime<Utc>, DateTime<Utc>)> = sqlx::query_as(sql)
        .bind(now)
        .bind(city)
        .bind(version)
        .fetch_all(conn)
        .await?;
    Ok(later
        .into_iter()
        .map(|(begun, published)| begun.max(published))
        .min())
}

/// These books, in no particular order.
///
/// # Errors
/// The database refused, or a row cannot be read.
pub async fn load_many(
    conn: &mut MySqlConnection,
    ids: &[Uuid],
) -> Result<Vec<PriceBook>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut select = QueryBuilder::<MySql>::new(format!("{SELECT} WHERE id IN ("));
    push_ids(&mut select, ids);
    select
        .build()
        .fetch_all(conn)
        .await?
        .iter()
        .map(read)
        .collect()
}

/// The newest published version of a city's book.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, sqlx::FromRow)]
pub struct Newest {
    /// Its number, 0 where there is none.
    pub version: u32,
    /// When it begins.
    pub effective_from: Option<DateTime<Utc>>,
}

impl Newest {
    /// Whether a next version that begins at `at` would begin before this one.
    #[must_use]
    pub fn begins_after(&self, at: DateTime<Utc>) -> bool {
        let at = huishou_domain::time::to_millis(at);
        self.effective_from.is_some_and(|newest| at < newest)
    }
}

/// The newest version of a city's book.
///
/// # Errors
/// The database refused.
pub async fn newest(conn: &mut MySqlConnection, city: &str) -> Result<Newest, StoreError> {
    if !city.is_ascii() {
        return Ok(Newest::default());
    }
    let sql = "SELECT version, effective_from FROM price_books WHERE city = ? ORDER BY version DESC LIMIT 1";
    let newest = sqlx::query_as(sql).bind(city).fetch_optional(conn).await?;
    Ok(newest.unwrap_or_default())
}

/// Publishes a book that has been verified, and marks it for the city's devices.
///
/// # Errors
/// The database refused; [`StoreError::Duplicate`] where the version is taken.
pub async fn insert(tx: &mut Tx, book: &PriceBook, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO price_books (id, city, version, effective_from, effective_text, hash, rules, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        .bind(book.id.0)
        .bind(&book.city)
        .bind(book.version)
        .bind(huishou_domain::time::to_millis(book.effective_from.at()))
        .bind(book.effective_from.as_str())
        .bind(&book.hash)
        .bind(text(&book.rules)?)
        .bind(now)
        .execute(tx.conn())
        .await?;
    changes::note(tx, changes::BOOKS, Uuid::nil(), now).await?;
    dirty::mark(
        tx,
        Kind::PriceBook,
        book.id.0,
        &[Scope::Catalog(book.city.clone())],
    )
}

fn read(row: &MySqlRow) -> Result<PriceBook, StoreError> {
    let effective: String = row.try_get("effective_text")?;
    Ok(PriceBook {
        id: row.try_get::<Uuid, _>("id")?.into(),
        city: row.try_get("city")?,
        version: row.try_get("version")?,
        effective_from: EffectiveFrom::parse(&effective)
            .map_err(|e| unreadable("price_books.effective_text", &e.to_string()))?,
        rules: json(row, "rules")?,
        hash: row.try_get("hash")?,
    })
}
