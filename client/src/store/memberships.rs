//! `memberships`: for which scopes of this device an aggregate is held. It goes only with its last.

use super::Db;
use crate::error::Result;
use huishou_domain::sync::scope::{Kind, Scope};
use rusqlite::params;
use uuid::Uuid;

/// The aggregate is in exactly these scopes.
///
/// # Errors
/// Of the store.
pub fn set(db: &Db, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<()> {
    clear_row(db, kind, id)?;
    add(db, kind, id, scopes)
}

/// The aggregate is in these scopes too.
///
/// # Errors
/// Of the store.
pub fn add(db: &Db, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<()> {
    let mut insert = db.prepare_cached(
        "INSERT OR IGNORE INTO memberships (kind, id, scope) VALUES (?1, ?2, ?3)",
    )?;
    for scope in scopes {
        insert.execute(params![kind.as_str(), id, scope.to_string()])?;
    }
    Ok(())
}

/// The aggregate is in no scope any more.
///
/// # Errors
/// Of the store.
pub fn clear_row(db: &Db, kind: Kind, id: Uuid) -> Result<()> {
    db.prepare_cached("DELETE FROM memberships WHERE kind = ?1 AND id = ?2")?
        .execute(params![kind.as_str(), id])?;
    Ok(())
}

/// The scope holds nothing.
///
/// # Errors
/// Of the store.
pub fn clear_scope(db: &Db, scope: &Scope) -> Result<()> {
    db.prepare_cached("DELETE FROM memberships WHERE scope = ?1")?
        .execute([scope.to_string()])?;
    Ok(())
}

/// No scope holds anything: everything comes anew.
///
/// # Errors
/// Of the store.
pub fn clear(db: &Db) -> Result<()> {
    db.execute("DELETE FROM memberships", [])?;
    Ok(())
}

/// The scopes anything is held for.
///
/// # Errors
/// Of the store.
pub fn scopes(db: &Db) -> Result<Vec<String>> {
    // From one scope to the next by the index: DISTINCT would read an entry of every aggregate.
    let mut next = db.prepare_cached("SELECT min(scope) FROM memberships WHERE scope > ?1")?;
    let (mut found, mut last) = (Vec::new(), String::new());
    while let Some(scope) = next.query_row([&last], |row| row.get::<_, Option<String>>(0))? {
        found.push(scope.clone());
        last = scope;
    }
    Ok(found)
}
