//! Disputed records: facts that could not be attached to anything known, or are malformed. Nothing that was weighed
//! or paid is thrown away; an administrator decides what it was.

use super::StoreError;
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId};
use serde::Serialize;
use serde_json::value::RawValue;
use sqlx::MySqlConnection;
use uuid::Uuid;

/// Why a fact is disputed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// It names an order, appointment or station that nobody knows.
    UnknownEntity,
    /// Its arguments are not of the command's form, or absurd.
    Malformed,
    /// A payment, quote or ticket it makes has the id of another one.
    IdTaken,
}

impl Reason {
    const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownEntity => "unknown_entity",
            Self::Malformed => "malformed",
            Self::IdTaken => "id_taken",
        }
    }
}

/// A disputed fact to be kept.
#[derive(Debug, Clone)]
pub struct NewDispute<'a> {
    /// Identity, a UUIDv7.
    pub id: Uuid,
    /// The device that sent it.
    pub device: DeviceId,
    /// Who acted.
    pub actor: StaffId,
    /// The mutation's number.
    pub mutation: i64,
    /// The command.
    pub name: &'a str,
    /// Why.
    pub reason: Reason,
    /// The decoder's or our own words, for support.
    pub detail: &'a str,
    /// The bytes as they came.
    pub raw: &'a str,
    /// When.
    pub at: DateTime<Utc>,
}

/// A disputed fact as the administrators' list shows it.
#[derive(Debug, Serialize)]
pub struct Dispute {
    /// Identity.
    pub id: Uuid,
    /// The device that sent it.
    pub device_id: Uuid,
    /// Who acted.
    pub actor: Uuid,
    /// The mutation's number.
    pub mutation_id: i64,
    /// The command.
    pub name: String,
    /// `unknown_entity`, `malformed` or `id_taken`.
    pub reason: String,
    /// For support.
    pub detail: String,
    /// The mutation as it came.
    pub raw: Box<RawValue>,
    /// When it came.
    #[serde(with = "huishou_domain::time::millis")]
    pub at: DateTime<Utc>,
    /// When an administrator closed it.
    #[serde(with = "huishou_domain::time::millis_opt")]
    pub resolved_at: Option<DateTime<Utc>>,
    /// What they made of it.
    pub resolution: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    device_id: Uuid,
    actor: Uuid,
    mutation_id: i64,
    name: String,
    reason: String,
    detail: String,
    raw: Vec<u8>,
    at: DateTime<Utc>,
    resolved_at: Option<DateTime<Utc>>,
    resolution: Option<String>,
}

/// Keeps a disputed fact.
///
/// # Errors
/// Of the database.
pub async fn insert(conn: &mut MySqlConnection, new: &NewDispute<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO disputed_records (id, device_id, actor, mutation_id, name, reason, detail, raw, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(new.id)
        .bind(new.device.0)
        .bind(new.actor.0)
        .bind(new.mutation)
        .bind(new.name.chars().take(64).collect::<String>())
        .bind(new.reason.as_str())
        .bind(new.detail.chars().take(500).collect::<String>())
        .bind(new.raw.as_bytes())
        .bind(new.at)
        .execute(conn)
        .await?;
    Ok(())
}

/// A page of the open ones, or the closed. Open ones are few among many, so their index is named.
#[must_use]
pub const fn page_sql(closed: bool) -> &'static str {
    if closed {
        "SELECT id, device_id, actor, mutation_id, name, reason, detail, raw, at, resolved_at, resolution FROM disputed_records \
         WHERE resolved_at IS NOT NULL AND id < ? ORDER BY id DESC LIMIT ?"
    } else {
        "SELECT id, device_id, actor, mutation_id, name, reason, detail, raw, at, resolved_at, resolution FROM disputed_records FORCE INDEX (disputed_open) \
         WHERE resolved_at IS NULL AND id < ? ORDER BY id DESC LIMIT ?"
    }
}

/// Disputed facts before `before`, newest first: the open ones, or the closed.
///
/// # Errors
/// Of the database.
pub async fn list(
    conn: &mut MySqlConnection,
    closed: bool,
    before: Option<Uuid>,
    most: u32,
) -> Result<Vec<Dispute>, StoreError> {
    let before = before.unwrap_or(Uuid::max());
    let rows: Vec<Row> = sqlx::query_as(page_sql(closed))
        .bind(before)
        .bind(most)
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(dispute).collect()
}

/// Closes a disputed fact; false if there is none that is open.
///
/// # Errors
/// Of the database.
pub async fn resolve(
    conn: &mut MySqlConnection,
    id: Uuid,
    by: StaffId,
    words: &str,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE disputed_records SET resolved_at = ?, resolved_by = ?, resolution = ? WHERE id = ? AND resolved_at IS NULL";
    Ok(sqlx::query(sql)
        .bind(at)
        .bind(by.0)
        .bind(words)
        .bind(id)
        .execute(conn)
        .await?
        .rows_affected()
        > 0)
}

fn dispute(row: Row) -> Result<Dispute, StoreError> {
    let text = String::from_utf8(row.raw).map_err(|e| StoreError::Unreadable(e.to_string()))?;
    Ok(Dispute {
        id: row.id,
        device_id: row.device_id,
        actor: row.actor,
        mutation_id: row.mutation_id,
        name: row.name,
        reason: row.reason,
        detail: row.detail,
        raw: RawValue::from_string(text).map_err(|e| StoreError::Unreadable(e.to_string()))?,
        at: row.at,
        resolved_at: row.resolved_at,
        resolution: row.resolution,
    })
}
