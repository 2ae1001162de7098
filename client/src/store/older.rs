//! Stores as older versions of the app left them, made of one that this version wrote: for tests and simulations of
//! upgrades.

use super::{Db, StoreKey, connect, migrate};
use crate::error::{Error, Result};
use std::path::Path;

/// The first version that anybody had.
pub const FIRST: usize = 4;
/// The last one that kept bodies and scopes with what is known of them.
const TOGETHER: usize = 7;
/// This one.
pub const LAST: usize = migrate::STEPS.len();

/// What the version after so many steps would have written of a store that this version wrote: its own tables and
/// columns, and no value it did not know. `old` is made; `now` stays as it is.
///
/// # Errors
/// Of the stores.
pub fn write(steps: usize, now: &Path, old: &Path, key: &StoreKey) -> Result<()> {
    let done = migrate::STEPS.get(..steps);
    let done = done.ok_or_else(|| Error::code("store_newer"))?;
    let mut db = connect(old, key)?;
    db.pragma_update(None, "foreign_keys", false)?;
    migrate::run_steps(&mut db, done)?;
    let attach = format!(
        "ATTACH DATABASE '{}' AS now KEY \"x'{}'\"",
        now.display(),
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
    db.execute_batch("DETACH DATABASE now")?;
    copied
}

fn copy(db: &Db, steps: usize) -> Result<()> {
    let tables =
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    for table in names(db, tables)? {
        if let (..=TOGETHER, Some(together)) = (steps, together(&table)) {
            db.execute_batch(together)?;
            continue;
        }
        let columns = names(
            db,
            &format!("SELECT name FROM pragma_table_info('{table}')"),
        )?;
        let there = names(
            db,
            &format!("SELECT name FROM now.pragma_table_info('{table}')"),
        )?;
        let both: Vec<String> = columns.into_iter().filter(|c| there.contains(c)).collect();
        let both = both.join(", ");
        db.execute_batch(&format!(
            "INSERT INTO main.{table} ({both}) SELECT {both} FROM now.{table}"
        ))?;
    }
    if steps >= TOGETHER {
        return Ok(());
    }
    let unknown = "DELETE FROM main.meta WHERE key IN ('server_incarnation', 'sent', 'counted_in', 'epoch', 'again', 'rebuild', 'outdated')";
    db.execute_batch(unknown)?;
    Ok(())
}

/// How an older version's table is made from what lies apart now.
fn together(table: &str) -> Option<&'static str> {
    match table {
        "base" => Some(
            "INSERT INTO main.base SELECT b.kind, b.id, b.version, b.visit, b.dropped, t.body FROM now.base b JOIN now.bodies t ON t.id = b.body",
        ),
        "memberships" => Some(
            "INSERT INTO main.memberships SELECT b.kind, b.id, j.value FROM now.base b JOIN now.scope_sets s ON s.id = b.scopes
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
