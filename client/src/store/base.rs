//! `base`: what the server last said of each aggregate this device may see.

use super::Db;
use crate::error::Result;
use huishou_domain::sync::{
    check::Check,
    scope::{Kind, Scope},
};
use rusqlite::{OptionalExtension, Row, params};
use serde::de::DeserializeOwned;
use uuid::Uuid;

/// One aggregate.
#[derive(Debug, Clone)]
pub struct BaseRow {
    /// Its version on the server.
    pub version: i64,
    /// Left the device's scopes; kept while changes on it are open.
    pub dropped: bool,
    /// The state as JSON.
    pub body: String,
    /// The order's id shared by appointment and order.
    pub visit: Option<Uuid>,
}

impl BaseRow {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            version: row.get(0)?,
            dropped: row.get(1)?,
            body: row.get(2)?,
            visit: row.get(3)?,
        })
    }
}

/// Stores what the server said; a shadow becomes a row again.
///
/// # Errors
/// Of the store.
pub fn put(
    db: &Db,
    kind: Kind,
    id: Uuid,
    version: i64,
    visit: Option<Uuid>,
    body: &str,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO base (kind, id, version, visit, dropped, body) VALUES (?1, ?2, ?3, ?4, 0, ?5)
         ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, visit = excluded.visit, dropped = 0, body = excluded.body",
    )?
    .execute(params![kind.as_str(), id, version, visit, body])?;
    Ok(())
}

/// One aggregate, shadow or not.
///
/// # Errors
/// Of the store.
pub fn get(db: &Db, kind: Kind, id: Uuid) -> Result<Option<BaseRow>> {
    Ok(db
        .prepare_cached(
            "SELECT version, dropped, body, visit FROM base WHERE kind = ?1 AND id = ?2",
        )?
        .query_row(params![kind.as_str(), id], BaseRow::read)
        .optional()?)
}

/// The appointment's and the order's row of a visit, whichever is here.
///
/// # Errors
/// Of the store.
pub fn of_visit(db: &Db, visit: Uuid) -> Result<Vec<(String, BaseRow)>> {
    let mut statement =
        db.prepare_cached("SELECT version, dropped, body, visit, kind FROM base WHERE visit = ?1")?;
    let rows = statement.query_map([visit], |row| Ok((row.get(4)?, BaseRow::read(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All bodies of a kind that has few rows (price books, staff, stations).
///
/// # Errors
/// Of the store, or a body of another shape.
pub fn all<T: DeserializeOwned>(db: &Db, kind: Kind) -> Result<Vec<T>> {
    let mut statement =
        db.prepare_cached("SELECT body FROM base WHERE kind = ?1 AND dropped = 0 ORDER BY id")?;
    let bodies = statement.query_map([kind.as_str()], |row| row.get::<_, String>(0))?;
    bodies
        .map(|body| Ok(serde_json::from_str(&body?)?))
        .collect()
}

/// Whether nothing is held, shadows included.
///
/// # Errors
/// Of the store.
pub fn is_empty(db: &Db) -> Result<bool> {
    Ok(db
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM base)")?
        .query_row([], |row| row.get(0))?)
}

/// Whether any shadow is kept.
///
/// # Errors
/// Of the store.
pub fn any_shadow(db: &Db) -> Result<bool> {
    Ok(db
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM base WHERE dropped = 1)")?
        .query_row([], |row| row.get(0))?)
}

/// The visits whose appointment or order is here.
///
/// # Errors
/// Of the store.
pub fn visits(db: &Db) -> Result<Vec<Uuid>> {
    let mut statement =
        db.prepare_cached("SELECT DISTINCT visit FROM base WHERE visit IS NOT NULL")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets an aggregate and its memberships.
///
/// # Errors
/// Of the store.
pub fn remove(db: &Db, kind: &str, id: Uuid) -> Result<()> {
    db.prepare_cached("DELETE FROM base WHERE kind = ?1 AND id = ?2")?
        .execute(params![kind, id])?;
    Ok(())
}

/// Makes an aggregate a read-only shadow.
///
/// # Errors
/// Of the store.
pub fn shadow(db: &Db, kind: &str, id: Uuid) -> Result<()> {
    db.prepare_cached("UPDATE base SET dropped = 1 WHERE kind = ?1 AND id = ?2")?
        .execute(params![kind, id])?;
    Ok(())
}

/// A row that no scope of this device holds any more.
pub struct Loose {
    /// Its kind.
    pub kind: String,
    /// Its id.
    pub id: Uuid,
    /// Its visit.
    pub visit: Option<Uuid>,
    /// Already a shadow.
    pub dropped: bool,
}

/// Rows without any membership, shadows included.
///
/// # Errors
/// Of the store.
pub fn loose(db: &Db) -> Result<Vec<Loose>> {
    let mut statement = db.prepare_cached(
        "SELECT kind, id, visit, dropped FROM base b WHERE NOT EXISTS (SELECT 1 FROM memberships m WHERE m.kind = b.kind AND m.id = b.id)",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Loose {
            kind: row.get(0)?,
            id: row.get(1)?,
            visit: row.get(2)?,
            dropped: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// How many aggregates are held, shadows aside.
///
/// # Errors
/// Of the store.
pub fn count(db: &Db) -> Result<u32> {
    Ok(db
        .prepare_cached("SELECT count(*) FROM base WHERE dropped = 0")?
        .query_row([], |row| row.get(0))?)
}

/// Count and hash of what a scope holds here, to compare with the server's.
///
/// # Errors
/// Of the store.
pub fn check(db: &Db, scope: &Scope) -> Result<Check> {
    let mut statement = db.prepare_cached(
        "SELECT b.kind, b.id, b.version FROM memberships m JOIN base b ON b.kind = m.kind AND b.id = m.id WHERE m.scope = ?1 AND b.dropped = 0",
    )?;
    let rows = statement.query_map([scope.to_string()], |row| {
        Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
    })?;
    let mut check = Check::default();
    for row in rows {
        let (kind, id, version) = row?;
        if let Some(kind) = Kind::parse(&kind) {
            check.add(kind, id, version);
        }
    }
    Ok(check)
}

/// Ids and versions of a kind, to see whether anything changed.
///
/// # Errors
/// Of the store.
pub fn versions(db: &Db, kind: Kind) -> Result<Vec<(Uuid, i64)>> {
    let mut statement = db.prepare_cached(
        "SELECT id, version FROM base WHERE kind = ?1 AND dropped = 0 ORDER BY id",
    )?;
    let rows = statement.query_map([kind.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
