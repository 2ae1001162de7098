//! What devices pushed and the verdict on each: the memory that makes every mutation take effect exactly once.

use super::StoreError;
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::message::{Outcome, Verdict},
};
use sqlx::{AssertSqlSafe, MySqlConnection};
use uuid::Uuid;

/// A processed mutation to be remembered.
#[derive(Debug, Clone)]
pub struct Processed<'a> {
    /// Whose.
    pub device: DeviceId,
    /// Which life of the device's store.
    pub incarnation: i64,
    /// Its unique id; none if it has none, or if it is another number for one already known.
    pub uid: Option<Uuid>,
    /// Command with version, cut to 64 characters; empty if unreadable.
    pub name: &'a str,
    /// Who acted.
    pub actor: Option<StaffId>,
    /// What became of it.
    pub verdict: &'a Verdict,
    /// The bytes, of what could not be processed.
    pub raw: Option<&'a str>,
    /// When by the device's clock.
    pub client_time: Option<DateTime<Utc>>,
    /// When it was processed.
    pub at: DateTime<Utc>,
}

/// Remembers a mutation with its verdict.
///
/// # Errors
/// Of the database.
pub async fn insert(conn: &mut MySqlConnection, row: &Processed<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO mutations (device_id, incarnation, id, uid, name, actor, outcome, verdict, raw, client_time, processed_at) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    sqlx::query(sql)
        .bind(row.device.0)
        .bind(row.incarnation)
        .bind(row.verdict.id)
        .bind(row.uid)
        .bind(row.name.chars().take(64).collect::<String>())
        .bind(row.actor.map(|a| a.0))
        .bind(outcome(row.verdict.outcome))
        .bind(
            serde_json::to_string(row.verdict)
                .map_err(|e| StoreError::Unreadable(e.to_string()))?,
        )
        .bind(row.raw.map(str::as_bytes))
        .bind(row.client_time)
        .bind(row.at)
        .execute(conn)
        .await?;
    Ok(())
}

/// The stored verdict on a device's mutation, and the unique id it was given to; none where it was another number for
/// a mutation already known, or unreadable.
///
/// # Errors
/// Of the database.
pub async fn verdict(
    conn: &mut MySqlConnection,
    device: DeviceId,
    incarnation: i64,
    id: i64,
) -> Result<Option<(Option<Uuid>, Verdict)>, StoreError> {
    let sql =
        "SELECT uid, verdict FROM mutations WHERE device_id = ? AND incarnation = ? AND id = ?";
    let row: Option<(Option<Uuid>, String)> = sqlx::query_as(sql)
        .bind(device.0)
        .bind(incarnation)
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.map(|(uid, text)| Ok((uid, read(&text)?))).transpose()
}

/// The verdict on a mutation by its unique id, with the device it came from.
///
/// # Errors
/// Of the database.
pub async fn verdict_of_uid(
    conn: &mut MySqlConnection,
    uid: Uuid,
) -> Result<Option<(DeviceId, Verdict)>, StoreError> {
    let sql = "SELECT device_id, verdict FROM mutations WHERE uid = ?";
    let row: Option<(Uuid, String)> = sqlx::query_as(sql).bind(uid).fetch_optional(conn).await?;
    row.map(|(device, text)| Ok((DeviceId(device), read(&text)?)))
        .transpose()
}

/// A device's verdicts above `after`, in order.
///
/// # Errors
/// Of the database.
pub async fn verdicts_after(
    conn: &mut MySqlConnection,
    device: DeviceId,
    incarnation: i64,
    after: i64,
) -> Result<Vec<Verdict>, StoreError> {
    let sql = "SELECT verdict FROM mutations WHERE device_id = ? AND incarnation = ? AND id > ? ORDER BY id";
    let texts: Vec<String> = sqlx::query_scalar(sql)
        .bind(device.0)
        .bind(incarnation)
        .bind(after)
        .fetch_all(conn)
        .await?;
    texts.iter().map(|text| read(text)).collect()
}

/// Whether any of these mutations was refused.
///
/// # Errors
/// Of the database.
pub async fn any_refused(conn: &mut MySqlConnection, uids: &[Uuid]) -> Result<bool, StoreError> {
    if uids.is_empty() {
        return Ok(false);
    }
    let marks = vec!["?"; uids.len()].join(", ");
    let sql =
        format!("SELECT COUNT(*) FROM mutations WHERE uid IN ({marks}) AND outcome <> 'applied'");
    let mut query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql)).persistent(false);
    for uid in uids {
        query = query.bind(uid);
    }
    Ok(query.fetch_one(conn).await? > 0)
}

fn read(text: &str) -> Result<Verdict, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::Unreadable(e.to_string()))
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Rejected => "rejected",
        Outcome::Conflict => "conflict",
    }
}
