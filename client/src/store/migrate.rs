//! Numbered steps from `migrations/sqlite`, each run once; `user_version` says how far this file has come. A step may
//! ask that what the server said be fetched anew, because its shape has changed: then base, staged pages and
//! what screens read are emptied with it, and outbox, journal, drafts and settings stay.

use super::{
    StoreKey, appointment_list, base, connect, edition, meta, order_list, overlay, staging,
};
use crate::error::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;

/// Begins a step after which what the server said is fetched anew.
const REBUILDS: &str = "-- rebuilds\n";

/// Every step, oldest first.
pub(crate) const STEPS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_base.sql"),
    include_str!("../../../migrations/sqlite/0002_outbox.sql"),
    include_str!("../../../migrations/sqlite/0003_screens.sql"),
    include_str!("../../../migrations/sqlite/0004_device.sql"),
    include_str!("../../../migrations/sqlite/0005_counting.sql"),
    include_str!("../../../migrations/sqlite/0020_lives.sql"),
    include_str!("../../../migrations/sqlite/0030_blobs.sql"),
    include_str!("../../../migrations/sqlite/0040_apart.sql"),
];

/// Brings the store to this build's tables, in one transaction.
///
/// # Errors
/// `store_newer` when a newer build has written the file.
pub fn run(db: &mut Connection) -> Result<()> {
    run_steps(db, STEPS)
}

fn run_steps(db: &mut Connection, steps: &[&str]) -> Result<()> {
    if version(db)? == steps.len() {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = version(&transaction)?;
    let Some(missing) = steps.get(done..) else {
        return Err(Error::code("store_newer"));
    };
    for step in missing {
        transaction.execute_batch(step)?;
    }
    if done > 0 && missing.iter().any(|step| step.starts_with(REBUILDS)) {
        begin_anew(&transaction)?;
    }
    transaction.pragma_update(
        None,
        "user_version",
        i64::try_from(steps.len()).unwrap_or(i64::MAX),
    )?;
    transaction.commit()?;
    Ok(())
}

/// What the server said comes anew; what was done here is laid over it again as soon as the tables are in use.
fn begin_anew(db: &Connection) -> Result<()> {
    base::clear(db)?;
    edition::discard(db)?;
    staging::clear(db)?;
    overlay::clear(db)?;
    appointment_list::clear(db)?;
    order_list::clear(db)?;
    for key in [
        meta::Key::Cursor,
        meta::Key::StagedCursor,
        meta::Key::StagedFresh,
        meta::Key::Again,
        meta::Key::PracticeDay,
    ] {
        meta::remove(db, key)?;
    }
    meta::set(db, meta::Key::Rebuild, &true)
}

/// What the first start of a version does whose newest step rebuilds, to a store of this one that nobody has open: for
/// simulations of upgrades.
///
/// # Errors
/// Of the store.
pub fn rebuild(path: &Path, key: &StoreKey) -> Result<()> {
    let mut db = connect(path, key)?;
    run(&mut db)?;
    let step = format!("{REBUILDS}CREATE TABLE later (x INTEGER); DROP TABLE later;");
    let mut steps = STEPS.to_vec();
    steps.push(&step);
    run_steps(&mut db, &steps)?;
    let this = i64::try_from(STEPS.len()).unwrap_or(i64::MAX);
    db.pragma_update(None, "user_version", this)?;
    Ok(())
}

/// Whether an older version of the app made this store; a new one is not older.
///
/// # Errors
/// Of the store.
pub fn is_older(db: &Connection) -> Result<bool> {
    Ok((1..STEPS.len()).contains(&version(db)?))
}

fn version(db: &Connection) -> Result<usize> {
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Stores as older versions of the app left them.
#[cfg(test)]
pub mod golden {
    #![allow(clippy::unwrap_used)]
    use super::{STEPS, run_steps};
    use crate::store::{StoreKey, connect};
    use rusqlite::Connection;
    use std::path::Path;

    /// The first version that anybody had.
    pub const FIRST: usize = 4;
    /// The last one that kept bodies and scopes with what is known of them.
    const TOGETHER: usize = 7;
    /// This one.
    pub const LAST: usize = STEPS.len();

    /// What the version after so many steps would have written of a store that this version wrote: its own tables and
    /// columns, and no value it did not know.
    pub fn write(steps: usize, now: &Path, old: &Path, key: &StoreKey) {
        let mut db = connect(old, key).unwrap();
        db.pragma_update(None, "foreign_keys", false).unwrap();
        run_steps(&mut db, &STEPS[..steps]).unwrap();
        let attach = format!(
            "ATTACH DATABASE '{}' AS now KEY \"x'{}'\"",
            now.display(),
            *key.hex()
        );
        db.execute_batch(&attach).unwrap();
        for table in names(
            &db,
            "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
        ) {
            if let (..=TOGETHER, Some(together)) = (steps, together(&table)) {
                db.execute_batch(together).unwrap();
                continue;
            }
            let columns = names(
                &db,
                &format!("SELECT name FROM pragma_table_info('{table}')"),
            );
            let there = names(
                &db,
                &format!("SELECT name FROM now.pragma_table_info('{table}')"),
            );
            let both: Vec<String> = columns.into_iter().filter(|c| there.contains(c)).collect();
            let both = both.join(", ");
            db.execute_batch(&format!(
                "INSERT INTO main.{table} ({both}) SELECT {both} FROM now.{table}"
            ))
            .unwrap();
        }
        let unknown = "DELETE FROM main.meta WHERE key IN ('server_incarnation', 'sent', 'counted_in', 'epoch', 'again', 'rebuild', 'outdated')";
        db.execute(unknown, []).unwrap();
        db.execute_batch("DETACH DATABASE now").unwrap();
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

    fn names(db: &Connection, query: &str) -> Vec<String> {
        let mut statement = db.prepare(query).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.collect::<rusqlite::Result<_>>().unwrap()
    }
}
