//! Disputed records: facts that could not be attached to anything known, or are malformed. Nothing that was weighed
//! or paid is thrown away; an administrator decides what it was.

use super::{
    StoreError,
    worklist::{self, AsItCame, Wanted},
};
use chrono::{DateTime, Utc};
use huishou_domain::ids::{DeviceId, StaffId};
use serde::Serialize;
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
#[derive(Debug, Serialize, sqlx::FromRow)]
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
    #[sqlx(try_from = "Vec<u8>")]
    pub raw: AsItCame,
    /// When it came.
    #[serde(with = "huishou_domain::time::millis")]
    pub at: DateTime<Utc>,
    /// When an administrator closed it.
    #[serde(with = "huishou_domain::time::millis_opt")]
    pub resolved_at: Option<DateTime<Utc>>,
    /// What they made of it.
    pub resolution: Option<String>,
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

const COLUMNS: &str =
    "id, device_id, actor, mutation_id, name, reason, detail, raw, at, resolved_at, resolution";

/// A page of the open ones, or the closed. Open ones are few among many, so their index is named.
#[must_use]
pub fn page_sql(closed: bool) -> String {
    let (index, state) = if closed {
        ("", "IS NOT NULL")
    } else {
        ("FORCE INDEX (disputed_open)", "IS NULL")
    };
    format!(
        "SELECT {COLUMNS} FROM disputed_records {index} \
         WHERE resolved_at {state} AND id < ? ORDER BY id DESC LIMIT ?"
    )
}

/// A page of disputed facts, newest first.
///
/// # Errors
/// Of the database.
pub async fn list(
    conn: &mut MySqlConnection,
    wanted: Wanted<Uuid>,
) -> Result<Vec<Dispute>, StoreError> {
    worklist::page(conn, page_sql(wanted.closed), wanted).await
}
