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

pub(super) fn run_steps(db: &mut Connection, steps: &[&str]) -> Result<()> {
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
