//! `base` and `bodies`: what the server last said of each aggregate this device may see, and what is known of it without
//! reading it.

use super::{Db, edition::Edition, memberships};
use crate::error::Result;
use huishou_domain::sync::{
    check::Check,
    scope::{Kind, Scope},
};
use rusqlite::{CachedStatement, OptionalExtension, Row, params};
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

/// A state to be stored.
pub struct New<'a> {
    /// Kind.
    pub kind: Kind,
    /// Identity.
    pub id: Uuid,
    /// Version.
    pub version: i64,
    /// The visit it belongs to.
    pub visit: Option<Uuid>,
    /// The scopes it is held for, as [`memberships::set_of`] numbers them.
    pub scopes: Option<i64>,
    /// The state as JSON.
    pub body: &'a str,
}

/// Stores what the server said; a shadow becomes a row again. Its scopes stay as they are.
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
    let scopes = db
        .prepare_cached("SELECT scopes FROM base WHERE kind = ?1 AND id = ?2")?
        .query_row(params![kind.as_str(), id], |row| row.get(0))
        .optional()?
        .flatten();
    let new = New {
        kind,
        id,
        version,
        visit,
        scopes,
        body,
    };
    put_held(db, Edition::Shown, &new).map(drop)
}

/// Stores what the server said, held for these scopes; whether it was not there before.
///
/// # Errors
/// Of the store.
pub fn put_held(db: &Db, edition: Edition, new: &New<'_>) -> Result<bool> {
    let of = edition.prefix();
    let there: Option<(i64, Option<Uuid>)> = db
        .prepare_cached(&format!(
            "SELECT body, visit FROM {of}base WHERE kind = ?1 AND id = ?2"
        ))?
        .query_row(params![new.kind.as_str(), new.id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((body, visit)) = there else {
        insert(db, edition, new)?;
        return Ok(true);
    };
    db.prepare_cached(&format!(
        "INSERT INTO {of}bodies (id, body) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body"
    ))?
    .execute(params![body, new.body])?;
    db.prepare_cached(&format!(
        "UPDATE {of}base SET version = ?3, dropped = 0, scopes = ?4 WHERE kind = ?1 AND id = ?2"
    ))?
    .execute(params![new.kind.as_str(), new.id, new.version, new.scopes])?;
    // It never moves, and what is not set leaves its index alone.
    if visit != new.visit {
        db.prepare_cached(&format!(
            "UPDATE {of}base SET visit = ?3 WHERE kind = ?1 AND id = ?2"
        ))?
        .execute(params![new.kind.as_str(), new.id, new.visit])?;
    }
    Ok(false)
}

/// Stores what is known not to be there.
///
/// # Errors
/// Of the store.
pub fn insert(db: &Db, edition: Edition, new: &New<'_>) -> Result<()> {
    Writing::into(db, edition)?.insert(new)
}

/// Statements that store what is known not to be there, for as many as come.
pub struct Writing<'db> {
    db: &'db Db,
    bodies: CachedStatement<'db>,
    base: CachedStatement<'db>,
}

impl<'db> Writing<'db> {
    /// Into this edition.
    ///
    /// # Errors
    /// Of the store.
    pub fn into(db: &'db Db, edition: Edition) -> Result<Self> {
        let of = edition.prefix();
        Ok(Self {
            db,
            bodies: db.prepare_cached(&format!("INSERT INTO {of}bodies (body) VALUES (?1)"))?,
            base: db.prepare_cached(&format!(
                "INSERT INTO {of}base (kind, id, version, visit, dropped, scopes, body) VALUES (?1, ?2, ?3, ?4, 0, ?5, ?6)"
            ))?,
        })
    }

    /// Stores an aggregate.
    ///
    /// # Errors
    /// Of the store.
    pub fn insert(&mut self, new: &New<'_>) -> Result<()> {
        self.bodies.execute([new.body])?;
        let body = self.db.last_insert_rowid();
        self.base.execute(params![
            new.kind.as_str(),
            new.id,
            new.version,
            new.visit,
            new.scopes,
            body
        ])?;
        Ok(())
    }
}

/// One aggregate, shadow or not.
///
/// # Errors
/// Of the store.
pub fn get(db: &Db, kind: Kind, id: Uuid) -> Result<Option<BaseRow>> {
    Ok(db
        .prepare_cached(
            "SELECT b.version, b.dropped, t.body, b.visit FROM base b JOIN bodies t ON t.id = b.body WHERE b.kind = ?1 AND b.id = ?2",
        )?
        .query_row(params![kind.as_str(), id], BaseRow::read)
        .optional()?)
}

/// The appointment's and the order's row of a visit, whichever is here.
///
/// # Errors
/// Of the store.
pub fn of_visit(db: &Db, visit: Uuid) -> Result<Vec<(String, BaseRow)>> {
    let mut statement = db.prepare_cached(
        "SELECT b.version, b.dropped, t.body, b.visit, b.kind FROM base b JOIN bodies t ON t.id = b.body WHERE b.visit = ?1",
    )?;
    let rows = statement.query_map([visit], |row| Ok((row.get(4)?, BaseRow::read(row)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// All bodies of a kind that has few rows (price books, staff, stations).
///
/// # Errors
/// Of the store, or a body of another shape.
pub fn all<T: DeserializeOwned>(db: &Db, kind: Kind) -> Result<Vec<T>> {
    let mut statement = db.prepare_cached(
        "SELECT t.body FROM base b JOIN bodies t ON t.id = b.body WHERE b.kind = ?1 AND b.dropped = 0 ORDER BY b.id",
    )?;
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

/// Forgets an aggregate.
///
/// # Errors
/// Of the store.
pub fn remove(db: &Db, kind: &str, id: Uuid) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM bodies WHERE id = (SELECT body FROM base WHERE kind = ?1 AND id = ?2)",
    )?
    .execute(params![kind, id])?;
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

/// Rows without any scope, shadows included.
///
/// # Errors
/// Of the store.
pub fn loose(db: &Db) -> Result<Vec<Loose>> {
    let mut statement =
        db.prepare_cached("SELECT kind, id, visit, dropped FROM base WHERE scopes IS NULL")?;
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
        // Counting all rows looks at no row: ten times as fast as counting those of a kind.
        .prepare_cached(
            "SELECT (SELECT count(*) FROM base) - (SELECT count(*) FROM base WHERE dropped = 1)",
        )?
        .query_row([], |row| row.get(0))?)
}

/// Count and hash of what a scope holds here, to compare with the server's.
///
/// # Errors
/// Of the store.
pub fn check(db: &Db, scope: &Scope) -> Result<Check> {
    let sets = memberships::sets_with(db, scope)?;
    let mut statement =
        db.prepare_cached("SELECT kind, id, version, scopes FROM base WHERE dropped = 0")?;
    let mut rows = statement.query([])?;
    let mut check = Check::default();
    while let Some(row) = rows.next()? {
        let is_in = row
            .get::<_, Option<i64>>(3)?
            .is_some_and(|set| sets.contains(&set));
        if let (true, Some(kind)) = (is_in, Kind::parse(row.get_ref(0)?.as_str().unwrap_or(""))) {
            check.add(kind, row.get(1)?, row.get(2)?);
        }
    }
    Ok(check)
}

/// Visits of which nothing is listed: a first sync that was broken off forgot to list them.
///
/// # Errors
/// Of the store.
pub fn unlisted(db: &Db) -> Result<Vec<Uuid>> {
    let mut statement = db.prepare_cached(
        "SELECT DISTINCT visit FROM base WHERE visit IS NOT NULL AND NOT EXISTS (SELECT 1 FROM order_list o WHERE o.id = visit)",
    )?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Hands the appointments of the next edition to `work` whose visits are not listed there.
///
/// # Errors
/// Of the store.
pub fn next_unlisted(db: &Db, mut work: impl FnMut(Uuid, String)) -> Result<()> {
    let mut statement = db.prepare_cached(
        "SELECT b.visit, t.body FROM next_base b JOIN next_bodies t ON t.id = b.body
         WHERE b.kind = 'appointment' AND b.visit IS NOT NULL AND NOT EXISTS (SELECT 1 FROM next_order_list o WHERE o.id = b.visit)",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        work(row.get(0)?, row.get(1)?);
    }
    Ok(())
}

/// Forgets everything.
///
/// # Errors
/// Of the store.
pub fn clear(db: &Db) -> Result<()> {
    db.execute_batch("DELETE FROM base; DELETE FROM bodies; DELETE FROM scope_sets")?;
    Ok(())
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
