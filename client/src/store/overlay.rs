//! `overlay`: bodies with this device's own unconfirmed changes applied. Can be rebuilt from base and mutations at
//! any time.

use super::Db;
use crate::error::Result;
use huishou_domain::sync::scope::Kind;
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

/// Stores an aggregate as it looks with the changes made here.
///
/// # Errors
/// Of the store.
pub fn put(db: &Db, kind: Kind, id: Uuid, visit: Uuid, body: &str) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO overlay (kind, id, visit, body) VALUES (?1, ?2, ?3, ?4)",
    )?
    .execute(params![kind.as_str(), id, visit, body])?;
    Ok(())
}

/// Both bodies of a visit, with their kinds.
///
/// # Errors
/// Of the store.
pub fn of_visit(db: &Db, visit: Uuid) -> Result<Vec<(String, String)>> {
    let mut statement = db.prepare_cached("SELECT kind, body FROM overlay WHERE visit = ?1")?;
    let rows = statement.query_map([visit], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// The visit an overlaid aggregate belongs to.
///
/// # Errors
/// Of the store.
pub fn visit_of(db: &Db, kind: Kind, id: Uuid) -> Result<Option<Uuid>> {
    Ok(db
        .prepare_cached("SELECT visit FROM overlay WHERE kind = ?1 AND id = ?2")?
        .query_row(params![kind.as_str(), id], |row| row.get(0))
        .optional()?)
}

/// The visit shows the server's state again.
///
/// # Errors
/// Of the store.
pub fn remove(db: &Db, visit: Uuid) -> Result<()> {
    db.prepare_cached("DELETE FROM overlay WHERE visit = ?1")?
        .execute([visit])?;
    Ok(())
}

/// All visits with an overlay.
///
/// # Errors
/// Of the store.
pub fn visits(db: &Db) -> Result<Vec<Uuid>> {
    let mut statement = db.prepare_cached("SELECT DISTINCT visit FROM overlay")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Bodies of a kind as screens show them: overlaid where there are changes, the server's otherwise.
///
/// # Errors
/// Of the store.
pub fn effective(db: &Db, kind: Kind) -> Result<Vec<String>> {
    let mut statement = db.prepare_cached(
        "SELECT coalesce(o.body, t.body) FROM base b JOIN bodies t ON t.id = b.body LEFT JOIN overlay o ON o.kind = b.kind AND o.id = b.id WHERE b.kind = ?1
         UNION ALL
         SELECT o.body FROM overlay o WHERE o.kind = ?1 AND NOT EXISTS (SELECT 1 FROM base b WHERE b.kind = o.kind AND b.id = o.id)",
    )?;
    let rows = statement.query_map([kind.as_str()], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// One body as screens show it.
///
/// # Errors
/// Of the store.
pub fn effective_one(db: &Db, kind: Kind, id: Uuid) -> Result<Option<String>> {
    Ok(db
        .prepare_cached(
            "SELECT body FROM overlay WHERE kind = ?1 AND id = ?2 UNION ALL SELECT t.body FROM base b JOIN bodies t ON t.id = b.body WHERE b.kind = ?1 AND b.id = ?2 LIMIT 1",
        )?
        .query_row(params![kind.as_str(), id], |row| row.get(0))
        .optional()?)
}

/// Forgets all rows; they can be made anew.
///
/// # Errors
/// Of the store.
pub fn clear(db: &Db) -> Result<()> {
    db.execute("DELETE FROM overlay", [])?;
    Ok(())
}
