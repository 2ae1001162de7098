//! `settings`: preferences of this device, one row.

use super::Db;
use crate::{error::Result, view::session::Settings};
use rusqlite::OptionalExtension;

/// The preferences, or the product's own.
///
/// # Errors
/// Of the store.
pub fn get(db: &Db) -> Result<Settings> {
    let body: Option<String> = db
        .prepare_cached("SELECT body FROM settings WHERE id = 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(body
        .map(|body| serde_json::from_str(&body))
        .transpose()?
        .unwrap_or_default())
}

/// Stores the preferences.
///
/// # Errors
/// Of the store.
pub fn put(db: &Db, settings: &Settings) -> Result<()> {
    let body = serde_json::to_string(settings)?;
    db.prepare_cached("INSERT OR REPLACE INTO settings (id, body) VALUES (1, ?1)")?
        .execute([body])?;
    Ok(())
}
