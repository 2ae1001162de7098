//! Numbered steps from `migrations/sqlite`, each run once; `user_version` says how far this file has come.

use crate::error::{Error, Result};
use rusqlite::{Connection, TransactionBehavior};

const STEPS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_base.sql"),
    include_str!("../../../migrations/sqlite/0002_outbox.sql"),
    include_str!("../../../migrations/sqlite/0003_screens.sql"),
    include_str!("../../../migrations/sqlite/0004_device.sql"),
    include_str!("../../../migrations/sqlite/0005_counting.sql"),
    include_str!("../../../migrations/sqlite/0020_lives.sql"),
    include_str!("../../../migrations/sqlite/0030_blobs.sql"),
];

/// Brings the store to this build's tables, in one transaction.
///
/// # Errors
/// `store_newer` when a newer build has written the file.
pub fn run(db: &mut Connection) -> Result<()> {
    if version(db)? == STEPS.len() {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = version(&transaction)?;
    let Some(steps) = STEPS.get(done..) else {
        return Err(Error::code("store_newer"));
    };
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(
        None,
        "user_version",
        i64::try_from(STEPS.len()).unwrap_or(i64::MAX),
    )?;
    transaction.commit()?;
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
