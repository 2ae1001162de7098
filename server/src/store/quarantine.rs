//! Quarantined mutations: what was pending on a device whose person left. Kept byte for byte, each once, until an
//! administrator says what became of it.

use super::{
    StoreError,
    worklist::{self, AsItCame, Wanted},
};
use chrono::{DateTime, Utc};
use huishou_domain::ids::DeviceId;
use serde::Serialize;
use sqlx::MySqlConnection;
use uuid::Uuid;

/// A mutation to be kept.
#[derive(Debug, Clone)]
pub struct NewEntry<'a> {
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
    /// Its number on the device, where it can be read.
    pub mutation: Option<i64>,
    /// Its unique id, where it can be read.
    pub uid: Option<Uuid>,
    /// Who acted, where it can be read.
    pub actor: Option<Uuid>,
    /// The command.
    pub name: &'a str,
    /// The bytes as they came.
    pub raw: &'a str,
}

/// A quarantined mutation as the administrators' list shows it.
#[derive(Debug, Serialize, sqlx::FromRow)]
pub struct Entry {
    /// Identity.
    pub id: Uuid,
    /// The device that handed it in.
    pub device_id: Uuid,
    /// What people called the device.
    pub device_name: Option<String>,
    /// Its number on the device.
    pub mutation_id: Option<i64>,
    /// Its unique id.
    pub uid: Option<Uuid>,
    /// Who acted.
    pub actor: Option<Uuid>,
    /// The command.
    pub name: String,
    /// What had become of it already: it had been pushed, and only the answer was lost. Null: it never took effect.
    pub outcome: Option<String>,
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

/// How many mutations a device has handed in.
///
/// # Errors
/// Of the database.
pub async fn count(conn: &mut MySqlConnection, device: DeviceId) -> Result<i64, StoreError> {
    let sql = "SELECT COUNT(*) FROM quarantined_mutations WHERE device_id = ?";
    Ok(sqlx::query_scalar(sql)
        .bind(device.0)
        .fetch_one(conn)
        .await?)
}

/// Keeps a mutation; false if these very bytes of this device are kept already. The caller holds the device's row.
///
/// # Errors
/// Of the database.
pub async fn keep(
    conn: &mut MySqlConnection,
    device: DeviceId,
    new: &NewEntry<'_>,
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let sql = "SELECT 1 FROM quarantined_mutations WHERE device_id = ? AND digest = ?";
    let there: Option<i64> = sqlx::query_scalar(sql)
        .bind(device.0)
        .bind(&new.digest[..])
        .fetch_optional(&mut *conn)
        .await?;
    if there.is_some() {
        return Ok(false);
    }
    let sql = "INSERT INTO quarantined_mutations (id, device_id, digest, mutation_id, uid, actor, name, raw, at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(Uuid::now_v7())
        .bind(device.0)
        .bind(&new.digest[..])
        .bind(new.mutation)
        .bind(new.uid)
        .bind(new.actor)
        .bind(new.name.chars().take(64).collect::<String>())
        .bind(new.raw.as_bytes())
        .bind(at)
        .execute(conn)
        .await?;
    Ok(true)
}

const COLUMNS: &str = "q.id, q.device_id, d.name AS device_name, q.mutation_id, q.uid, q.actor, q.name, m.outcome, q.raw, q.at, q.resolved_at, q.resolution";
const JOINS: &str =
    "LEFT JOIN devices d ON d.id = q.device_id LEFT JOIN mutations m ON m.uid = q.uid";

/// A page of the open ones, or the closed. Open ones are few among many, so their index is named.
#[must_use]
pub fn page_sql(closed: bool) -> String {
    let (index, state) = if closed {
        ("", "IS NOT NULL")
    } else {
        ("FORCE INDEX (quarantined_open)", "IS NULL")
    };
    format!(
        "SELECT {COLUMNS} FROM quarantined_mutations q {index} {JOINS} \
         WHERE q.resolved_at {state} AND q.id < ? ORDER BY q.id DESC LIMIT ?"
    )
}

/// A page of quarantined mutations, newest first.
///
/// # Errors
/// Of the database.
pub async fn list(
    conn: &mut MySqlConnection,
    wanted: Wanted<Uuid>,
) -> Result<Vec<Entry>, StoreError> {
    worklist::page(conn, page_sql(wanted.closed), wanted).await
}
