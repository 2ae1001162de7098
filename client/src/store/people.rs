//! `people`: members of staff who signed in on this device.

use super::Db;
use crate::{error::Result, view::session::Person};
use huishou_domain::ids::StaffId;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

/// A person with what their session grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Known {
    /// Who.
    pub person: Person,
    /// Scopes granted at the last sign-in.
    #[serde(default)]
    pub scopes: Vec<String>,
}

/// Notes a sign-in.
///
/// # Errors
/// Of the store.
pub fn put(db: &Db, known: &Known, at: i64) -> Result<()> {
    let body = serde_json::to_string(known)?;
    db.prepare_cached(
        "INSERT OR REPLACE INTO people (id, username, body, signed_in_at) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![
        known.person.id.uuid(),
        known.person.username,
        body,
        at
    ])?;
    Ok(())
}

/// A person who signed in here before.
///
/// # Errors
/// Of the store.
pub fn get(db: &Db, id: StaffId) -> Result<Option<Known>> {
    let body: Option<String> = db
        .prepare_cached("SELECT body FROM people WHERE id = ?1")?
        .query_row([id.uuid()], |row| row.get(0))
        .optional()?;
    body.map(|body| Ok(serde_json::from_str(&body)?))
        .transpose()
}

/// Everybody who signed in here, with when, oldest first.
///
/// # Errors
/// Of the store.
pub fn all(db: &Db) -> Result<Vec<(Known, i64)>> {
    let mut statement =
        db.prepare_cached("SELECT body, signed_in_at FROM people ORDER BY signed_in_at, id")?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?)))?;
    rows.map(|row| {
        let (body, at) = row?;
        Ok((serde_json::from_str(&body)?, at))
    })
    .collect()
}
