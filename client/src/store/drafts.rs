//! `drafts`: what was being typed; survives a kill.

use super::Db;
use crate::error::Result;
use rusqlite::{OptionalExtension, params};
use serde_json::Value;

/// A draft's contents.
///
/// # Errors
/// Of the store.
pub fn get(db: &Db, key: &str) -> Result<Option<Value>> {
    let body: Option<String> = db
        .prepare_cached("SELECT body FROM drafts WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()?;
    body.map(|body| Ok(serde_json::from_str(&body)?))
        .transpose()
}

/// Stores a draft.
///
/// # Errors
/// Of the store.
pub fn put(db: &Db, key: &str, value: &Value, at: i64) -> Result<()> {
    db.prepare_cached("INSERT OR REPLACE INTO drafts (key, body, updated_at) VALUES (?1, ?2, ?3)")?
        .execute(params![key, value.to_string(), at])?;
    Ok(())
}

/// Forgets a draft.
///
/// # Errors
/// Of the store.
pub fn remove(db: &Db, key: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM drafts WHERE key = ?1")?
        .execute([key])?;
    Ok(())
}

/// Keys and times, newest first.
///
/// # Errors
/// Of the store.
pub fn all(db: &Db) -> Result<Vec<(String, i64)>> {
    let mut statement =
        db.prepare_cached("SELECT key, updated_at FROM drafts ORDER BY updated_at DESC, key")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
