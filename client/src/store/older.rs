//! Stores as older versions of the app left them, made of one that this version wrote: for tests and simulations of
//! upgrades.

use super::{
    Db, StoreKey,
    cipher::{Format, connect, connect_as},
    migrate,
};
use crate::error::{Error, Result};
use rusqlite::OpenFlags;
use std::path::Path;

/// The first version that anybody had.
pub const FIRST: usize = 4;
/// The last one that kept bodies and scopes with what is known of them.
const TOGETHER: usize = 7;
/// This one.
pub const LAST: usize = migrate::STEPS.len();

/// What the version after so many steps would have written of a store that this version wrote: its own tables and
/// columns, no value it did not know, and a file ciphered as it did. `old` is made; `now` stays as it is.
///
/// # Errors
/// Of the stores.
pub fn write(steps: usize, now: &Path, old: &Path, key: &StoreKey) -> Result<()> {
    let done = migrate::STEPS.get(..steps);
    let done = done.ok_or_else(|| Error::code("store_newer"))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut made = connect_as(Format::First, old, key, flags)?;
    migrate::run_steps(&mut made, done)?;
    drop(made);
    let db = connect(now, key)?;
    db.pragma_update(None, "foreign_keys", false)?;
    // What is attached is taken for the first format.
    let attach = format!(
        "ATTACH DATABASE '{}' AS old KEY \"x'{}'\"",
        old.display(),
        *key.hex()
    );
    db.execute_batch(&attach)?;
    let copied = db
        .execute_batch("BEGIN")
        .map_err(Error::from)
        .and_then(|()| copy(&db, steps))
        .and_then(|()| Ok(db.execute_batch("COMMIT")?));
    if copied.is_err() && !db.is_autocommit() {
        db.execute_batch("ROLLBACK")?;
    }
    db.execute_batch("DETACH DATABASE old")?;
    copied
}

fn copy(db: &Db, steps: usize) -> Result<()> {
    let tables =
        "SELECT name FROM old.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for table in names(db, tables)? {
        if let (..=TOGETHER, Some(together)) = (steps, together(&table)) {
            db.execute_batch(together)?;
            continue;
        }
        let columns = names(
            db,
            &format!("SELECT name FROM pragma_table_info('{table}', 'old')"),
        )?;
        let there = names(
            db,
            &format!("SELECT name FROM pragma_table_info('{table}', 'main')"),
        )?;
        let both: Vec<String> = columns.into_iter().filter(|c| there.contains(c)).collect();
        let both = both.join(", ");
        db.execute_batch(&format!(
            "INSERT INTO old.{table} ({both}) SELECT {both} FROM main.{table}"
        ))?;
    }
    if steps >= TOGETHER {
        return Ok(());
    }
    let unknown = "DELETE FROM old.meta WHERE key IN ('server_incarnation', 'sent', 'counted_in', 'epoch', 'again', 'rebuild', 'outdated')";
    db.execute_batch(unknown)?;
    Ok(())
}

/// How an older version's table is made from what lies apart now.
fn together(table: &str) -> Option<&'static str> {
    match table {
        "base" => Some(
            "INSERT INTO old.base SELECT b.kind, b.id, b.version, b.visit, b.dropped, t.body FROM main.base b JOIN main.bodies t ON t.id = b.body",
        ),
        "memberships" => Some(
            "INSERT INTO old.memberships SELECT b.kind, b.id, j.value FROM main.base b JOIN main.scope_sets s ON s.id = b.scopes
             JOIN json_each('[\"' || replace(s.scopes, ' ', '\",\"') || '\"]') j",
        ),
        _ => None,
    }
}

fn names(db: &Db, query: &str) -> Result<Vec<String>> {
    let mut statement = db.prepare(query)?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
