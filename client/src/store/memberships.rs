//! For which scopes of this device an aggregate is held. It goes only with its last. A set of scopes is named once, in
//! `scope_sets`, and rows of `base` bear its number: thousands of rows share a few sets.

use super::{Db, edition::Edition};
use crate::error::Result;
use huishou_domain::sync::scope::{Kind, Scope};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;

/// The number of a set of scopes; none of the empty one.
///
/// # Errors
/// Of the store.
pub fn set_of(db: &Db, scopes: &[Scope]) -> Result<Option<i64>> {
    number(db, scopes.iter().map(ToString::to_string).collect())
}

fn number(db: &Db, mut names: Vec<String>) -> Result<Option<i64>> {
    if names.is_empty() {
        return Ok(None);
    }
    names.sort_unstable();
    names.dedup();
    let text = names.join(" ");
    let there: Option<i64> = db
        .prepare_cached("SELECT id FROM scope_sets WHERE scopes = ?1")?
        .query_row([&text], |row| row.get(0))
        .optional()?;
    if there.is_some() {
        return Ok(there);
    }
    db.prepare_cached("INSERT INTO scope_sets (scopes) VALUES (?1)")?
        .execute([&text])?;
    Ok(Some(db.last_insert_rowid()))
}

/// All sets: number and names.
fn sets(db: &Db) -> Result<Vec<(i64, Vec<String>)>> {
    let mut statement = db.prepare_cached("SELECT id, scopes FROM scope_sets")?;
    let rows = statement.query_map([], |row| {
        let names: String = row.get(1)?;
        Ok((row.get(0)?, names.split(' ').map(str::to_owned).collect()))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Numbers of the sets that a scope is in.
///
/// # Errors
/// Of the store.
pub fn sets_with(db: &Db, scope: &Scope) -> Result<Vec<i64>> {
    let name = scope.to_string();
    let with = |(id, names): (i64, Vec<String>)| names.contains(&name).then_some(id);
    Ok(sets(db)?.into_iter().filter_map(with).collect())
}

/// The aggregate is in exactly these scopes.
///
/// # Errors
/// Of the store.
pub fn set(db: &Db, kind: Kind, id: Uuid, scopes: &[Scope]) -> Result<()> {
    let set = set_of(db, scopes)?;
    db.prepare_cached("UPDATE base SET scopes = ?3 WHERE kind = ?1 AND id = ?2")?
        .execute(params![kind.as_str(), id, set])?;
    Ok(())
}

/// The aggregate is in no scope any more.
///
/// # Errors
/// Of the store.
pub fn clear_row(db: &Db, edition: Edition, kind: Kind, id: Uuid) -> Result<()> {
    let of = edition.prefix();
    db.prepare_cached(&format!(
        "UPDATE {of}base SET scopes = NULL WHERE kind = ?1 AND id = ?2"
    ))?
    .execute(params![kind.as_str(), id])?;
    Ok(())
}

/// The scope holds nothing.
///
/// # Errors
/// Of the store.
pub fn clear_scope(db: &Db, edition: Edition, scope: &Scope) -> Result<()> {
    let (of, name) = (edition.prefix(), scope.to_string());
    for (set, mut names) in sets(db)? {
        if !names.contains(&name) {
            continue;
        }
        names.retain(|other| *other != name);
        let left = number(db, names)?;
        db.prepare_cached(&format!(
            "UPDATE {of}base SET scopes = ?2 WHERE scopes = ?1"
        ))?
        .execute(params![set, left])?;
        if edition == Edition::Shown {
            db.prepare_cached("DELETE FROM scope_sets WHERE id = ?1")?
                .execute([set])?;
        }
    }
    Ok(())
}

/// No scope holds anything: everything comes anew.
///
/// # Errors
/// Of the store.
pub fn clear(db: &Db) -> Result<()> {
    db.execute("UPDATE base SET scopes = NULL WHERE scopes IS NOT NULL", [])?;
    db.execute("DELETE FROM scope_sets", [])?;
    Ok(())
}

/// The scopes anything is, or was lately, held for.
///
/// # Errors
/// Of the store.
pub fn scopes(db: &Db) -> Result<Vec<String>> {
    let mut names: Vec<String> = sets(db)?.into_iter().flat_map(|(_, names)| names).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
