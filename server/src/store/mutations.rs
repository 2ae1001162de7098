//! What devices pushed and the verdict on each: the memory that makes every mutation take effect exactly once. Long
//! after a verdict was confirmed only its outcome is left (`kept_verdicts`).

use super::{
    StoreError, bulk, script,
    shapes::{pieces, push_ids},
    stored::Query,
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    ids::{DeviceId, StaffId},
    sync::message::{Outcome, Verdict},
};
use sqlx::{AssertSqlSafe, FromRow, MySql, MySqlConnection, QueryBuilder, mysql::MySqlRow};
use std::collections::HashMap;
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

const COLUMNS: [&str; 11] = [
    "device_id",
    "incarnation",
    "id",
    "uid",
    "name",
    "actor",
    "outcome",
    "verdict",
    "raw",
    "client_time",
    "processed_at",
];

/// Remembers mutations with their verdicts.
///
/// # Errors
/// Of the database; a duplicate where a number or unique id is known.
pub async fn insert(conn: &mut MySqlConnection, rows: &[Processed<'_>]) -> Result<(), StoreError> {
    for chunk in pieces(rows, bulk::CHUNK) {
        let sql = bulk::insert_sql("mutations", COLUMNS.into_iter(), chunk.len());
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for row in chunk {
            query = bind(query, row)?;
        }
        query.execute(&mut *conn).await?;
    }
    Ok(())
}

/// The statement that remembers them, as text; none where it would be too long.
///
/// # Errors
/// A verdict that cannot be written.
pub(super) fn insert_text(rows: &[Processed<'_>]) -> Result<Option<String>, StoreError> {
    let mut sql = format!("INSERT INTO mutations ({}) VALUES ", COLUMNS.join(", "));
    for (n, row) in rows.iter().enumerate() {
        let verdict = serde_json::to_string(row.verdict);
        let verdict = verdict.map_err(|e| StoreError::Unreadable(e.to_string()))?;
        let name: String = row.name.chars().take(64).collect();
        let values = [
            script::id(row.device.0),
            row.incarnation.to_string(),
            row.verdict.id.to_string(),
            script::or_null(row.uid, script::id),
            script::text(&name),
            script::or_null(row.actor, |actor| script::id(actor.0)),
            format!("'{}'", outcome(row.verdict.outcome)),
            script::text(&verdict),
            script::or_null(row.raw, |raw| script::bytes(raw.as_bytes())),
            script::or_null(row.client_time, script::moment),
            script::moment(row.at),
        ];
        let comma = if n == 0 { "" } else { ", " };
        sql.push_str(&format!("{comma}({})", values.join(", ")));
        if sql.len() > script::LONGEST {
            return Ok(None);
        }
    }
    Ok((!rows.is_empty()).then_some(sql))
}

fn bind<'q>(query: Query<'q>, row: &Processed<'_>) -> Result<Query<'q>, StoreError> {
    let verdict = serde_json::to_string(row.verdict);
    Ok(query
        .bind(row.device.0)
        .bind(row.incarnation)
        .bind(row.verdict.id)
        .bind(row.uid)
        .bind(row.name.chars().take(64).collect::<String>())
        .bind(row.actor.map(|a| a.0))
        .bind(outcome(row.verdict.outcome))
        .bind(verdict.map_err(|e| StoreError::Unreadable(e.to_string()))?)
        .bind(row.raw.map(|raw| raw.as_bytes().to_vec()))
        .bind(row.client_time)
        .bind(row.at))
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
    let sql = "SELECT uid, id, outcome, verdict FROM mutations WHERE device_id = ? AND incarnation = ? AND id = ?";
    let row: Option<WithUid> = sqlx::query_as(sql)
        .bind(device.0)
        .bind(incarnation)
        .bind(id)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((row.uid, row.stored.read()?))).transpose()
}

/// The verdict on a mutation by its unique id, with the device it came from.
///
/// # Errors
/// Of the database.
pub async fn verdict_of_uid(
    conn: &mut MySqlConnection,
    uid: Uuid,
) -> Result<Option<(DeviceId, Verdict)>, StoreError> {
    let sql = "SELECT device_id, id, outcome, verdict FROM mutations WHERE uid = ?";
    let row: Option<WithDevice> = sqlx::query_as(sql).bind(uid).fetch_optional(conn).await?;
    row.map(|row| Ok((DeviceId(row.device_id), row.stored.read()?)))
        .transpose()
}

/// The statement of [`verdicts_of_uids`], as text.
pub(super) fn uids_text(uids: &[Uuid]) -> String {
    format!(
        "SELECT uid, device_id, id, outcome, verdict FROM mutations WHERE uid IN ({})",
        script::ids(uids)
    )
}

/// Reads its rows.
pub(super) fn of_uids(rows: &[MySqlRow]) -> Result<HashMap<Uuid, (DeviceId, Verdict)>, StoreError> {
    let read = |row: &MySqlRow| {
        let row = WithBoth::from_row(row)?;
        Ok((row.uid, (DeviceId(row.device_id), row.stored.read()?)))
    };
    rows.iter().map(read).collect()
}

/// The verdicts on those of these unique ids that are known, each with the device it came from.
///
/// # Errors
/// Of the database.
pub async fn verdicts_of_uids(
    conn: &mut MySqlConnection,
    uids: &[Uuid],
) -> Result<HashMap<Uuid, (DeviceId, Verdict)>, StoreError> {
    if uids.is_empty() {
        return Ok(HashMap::new());
    }
    let mut select = QueryBuilder::<MySql>::new(
        "SELECT uid, device_id, id, outcome, verdict FROM mutations WHERE uid IN (",
    );
    push_ids(&mut select, uids);
    let rows: Vec<WithBoth> = select.build_query_as().fetch_all(conn).await?;
    rows.into_iter()
        .map(|row| Ok((row.uid, (DeviceId(row.device_id), row.stored.read()?))))
        .collect()
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
    let sql = "SELECT id, outcome, verdict FROM mutations WHERE device_id = ? AND incarnation = ? AND id > ? ORDER BY id";
    let rows: Vec<Stored> = sqlx::query_as(sql)
        .bind(device.0)
        .bind(incarnation)
        .bind(after)
        .fetch_all(conn)
        .await?;
    rows.iter().map(Stored::read).collect()
}

/// Whether any of these mutations was refused.
///
/// # Errors
/// Of the database.
pub async fn any_refused(conn: &mut MySqlConnection, uids: &[Uuid]) -> Result<bool, StoreError> {
    if uids.is_empty() {
        return Ok(false);
    }
    let mut select = QueryBuilder::<MySql>::new(
        "SELECT COUNT(*) FROM mutations WHERE outcome <> 'applied' AND uid IN (",
    );
    push_ids(&mut select, uids);
    let refused: i64 = select.build_query_scalar().fetch_one(conn).await?;
    Ok(refused > 0)
}

/// A verdict's columns.
#[derive(sqlx::FromRow)]
struct Stored {
    id: i64,
    outcome: String,
    verdict: String,
}

#[derive(sqlx::FromRow)]
struct WithUid {
    uid: Option<Uuid>,
    #[sqlx(flatten)]
    stored: Stored,
}

#[derive(sqlx::FromRow)]
struct WithBoth {
    uid: Uuid,
    device_id: Uuid,
    #[sqlx(flatten)]
    stored: Stored,
}

#[derive(sqlx::FromRow)]
struct WithDevice {
    device_id: Uuid,
    #[sqlx(flatten)]
    stored: Stored,
}

impl Stored {
    /// The verdict as it was given; of one whose text is gone, its outcome. No device that confirmed it asks again.
    fn read(&self) -> Result<Verdict, StoreError> {
        if !self.verdict.is_empty() {
            return serde_json::from_str(&self.verdict)
                .map_err(|e| StoreError::Unreadable(e.to_string()));
        }
        let outcome = known(&self.outcome)
            .ok_or_else(|| StoreError::Unreadable("mutations.outcome".to_owned()))?;
        Ok(Verdict {
            id: self.id,
            outcome,
            version: None,
            review: None,
            reviews: Vec::new(),
            code: match outcome {
                Outcome::Applied => None,
                Outcome::Rejected => Some("verdict_expired".to_owned()),
                Outcome::Conflict => Some("version_conflict".to_owned()),
            },
            field: None,
            current: None,
        })
    }
}

fn known(name: &str) -> Option<Outcome> {
    [Outcome::Applied, Outcome::Rejected, Outcome::Conflict]
        .into_iter()
        .find(|known| outcome(*known) == name)
}

const fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Rejected => "rejected",
        Outcome::Conflict => "conflict",
    }
}
