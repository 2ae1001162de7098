//! What administrators' work lists have in common: entries that are open until somebody says what became of them, read
//! newest first, each with the mutation as it came.

use super::StoreError;
use chrono::{DateTime, Utc};
use huishou_domain::ids::StaffId;
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, FromRow, MySql, MySqlConnection, mysql::MySqlRow};
use uuid::Uuid;

/// Which page of a work list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted<Key> {
    /// The closed entries; else the open ones.
    pub closed: bool,
    /// Only what is older than this entry.
    pub before: Option<Key>,
    /// So many at the most.
    pub most: u32,
}

/// A mutation as it came, byte for byte.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct AsItCame(Box<RawValue>);

impl AsItCame {
    /// Its text.
    #[must_use]
    pub fn get(&self) -> &str {
        self.0.get()
    }
}

impl TryFrom<Vec<u8>> for AsItCame {
    type Error = StoreError;

    fn try_from(bytes: Vec<u8>) -> Result<Self, StoreError> {
        let unreadable = |e: &dyn std::fmt::Display| StoreError::Unreadable(e.to_string());
        let text = String::from_utf8(bytes).map_err(|e| unreadable(&e))?;
        let raw = RawValue::from_string(text).map_err(|e| unreadable(&e))?;
        Ok(Self(raw))
    }
}

/// A page by its statement, which takes the entry before which it begins, and how many.
pub(super) async fn page<Row>(
    conn: &mut MySqlConnection,
    sql: String,
    wanted: Wanted<Uuid>,
) -> Result<Vec<Row>, StoreError>
where
    Row: for<'r> FromRow<'r, MySqlRow> + Send + Unpin,
{
    Ok(sqlx::query_as::<MySql, Row>(AssertSqlSafe(sql))
        .bind(wanted.before.unwrap_or(Uuid::max()))
        .bind(wanted.most)
        .fetch_all(conn)
        .await?)
}

/// A list that is closed with a word on what became of the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Facts that could not be attached to anything known.
    Disputed,
    /// What leavers' devices handed in.
    Quarantine,
}

impl List {
    const fn table(self) -> &'static str {
        match self {
            Self::Disputed => "disputed_records",
            Self::Quarantine => "quarantined_mutations",
        }
    }
}

/// Closes an entry; false if there is none that is open.
///
/// # Errors
/// Of the database.
pub async fn resolve(
    conn: &mut MySqlConnection,
    list: List,
    id: Uuid,
    (by, words): (StaffId, &str),
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = format!(
        "UPDATE {} SET resolved_at = ?, resolved_by = ?, resolution = ? WHERE id = ? AND resolved_at IS NULL",
        list.table()
    );
    let done = sqlx::query(AssertSqlSafe(sql))
        .bind(at)
        .bind(by.0)
        .bind(words)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}
