//! `journal`: every verdict ever stored here. It outlives the mutations themselves.

use super::{Db, meta};
use crate::error::Result;
use huishou_domain::sync::message::Verdict;
use rusqlite::params;
use uuid::Uuid;

/// One verdict.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Entry {
    /// The mutation's identity.
    pub uid: Uuid,
    /// Its command.
    pub name: String,
    /// When the verdict was stored, unix milliseconds.
    pub answered_at: i64,
    /// The server was set back to before it: the command waited again, and a later verdict counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub superseded: bool,
    /// The verdict.
    #[serde(flatten)]
    pub verdict: Verdict,
}

/// Notes a verdict; the same for ever, so the first stays, unless the server has forgotten it.
///
/// # Errors
/// Of the store.
pub fn record(db: &Db, uid: Uuid, name: &str, verdict: &Verdict, answered_at: i64) -> Result<()> {
    let incarnation: u32 = meta::get(db, meta::Key::Incarnation)?.unwrap_or(1);
    record_in(db, incarnation, uid, name, verdict, answered_at)
}

/// The same where the incarnation is known.
///
/// # Errors
/// Of the store.
pub fn record_in(
    db: &Db,
    incarnation: u32,
    uid: Uuid,
    name: &str,
    verdict: &Verdict,
    answered_at: i64,
) -> Result<()> {
    let body = serde_json::to_string(verdict)?;
    db.prepare_cached("INSERT OR IGNORE INTO journal (incarnation, id, uid, name, verdict, answered_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
        .execute(params![incarnation, verdict.id, uid, name, body, answered_at])?;
    Ok(())
}

/// The newest verdicts, oldest of them first.
///
/// # Errors
/// Of the store.
pub fn newest(db: &Db, limit: u32) -> Result<Vec<Entry>> {
    let mut statement = db.prepare_cached(
        "SELECT uid, name, verdict, answered_at, superseded FROM journal ORDER BY seq DESC LIMIT ?1",
    )?;
    let rows = statement.query_map([limit], |row| {
        Ok((
            row.get(0)?,
            row.get(1)?,
            row.get::<_, String>(2)?,
            row.get(3)?,
            row.get(4)?,
        ))
    })?;
    let mut entries = Vec::new();
    for row in rows {
        let (uid, name, verdict, answered_at, superseded) = row?;
        entries.push(Entry {
            uid,
            name,
            answered_at,
            superseded,
            verdict: serde_json::from_str(&verdict)?,
        });
    }
    entries.reverse();
    Ok(entries)
}

/// The verdict on one mutation, by its identity.
///
/// # Errors
/// Of the store.
pub fn of(db: &Db, uid: Uuid) -> Result<Option<Verdict>> {
    use rusqlite::OptionalExtension;
    let body: Option<String> = db
        .prepare_cached("SELECT verdict FROM journal WHERE uid = ?1 AND superseded = 0")?
        .query_row([uid], |row| row.get(0))
        .optional()?;
    body.map(|body| Ok(serde_json::from_str(&body)?))
        .transpose()
}

/// Forgets all verdicts; the server gives them again.
///
/// # Errors
/// Of the store.
#[cfg(test)]
pub fn clear(db: &Db) -> Result<()> {
    db.execute("DELETE FROM journal", [])?;
    Ok(())
}
