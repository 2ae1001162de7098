//! The change feed does not grow for ever (sync.md 14). After 24 hours only the newest entry of each aggregate and
//! scope stays: whoever has read less than that entry still finds the aggregate, whoever has read more needs none of
//! them. After 45 days entries go for good and the floor rises: an older cursor is reset.
//!
//! Steps are small transactions, so that nobody waits for upkeep, and any instance may take the next one. What decides
//! is here; a database only does what [`Compacting`] asks of it.

use super::ports::Ledger;
use crate::{store::StoreError, write_tx};
use chrono::{DateTime, TimeDelta, Utc};
use std::future::Future;

/// How long every entry is kept.
pub const WHOLE: TimeDelta = TimeDelta::hours(24);
/// How long the newest entry of an aggregate is kept.
pub const KEPT: TimeDelta = TimeDelta::days(45);
/// Numbers of the log that one step goes through.
pub const STEP: i64 = 1_000;
/// Steps of one round; what is left waits for the next.
const ROUND: u32 = 400;

/// What a round did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done {
    /// Entries that a newer one made superfluous.
    pub superseded: u64,
    /// Entries that had their time.
    pub expired: u64,
}

/// What upkeep of the log needs inside a transaction.
pub trait Compacting: Send {
    /// The number that the last batch closed by `at` ends with; 0 if there is none.
    fn last_closed(
        &mut self,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<i64, StoreError>> + Send;
    /// Cursors below it are reset.
    fn floor(&mut self) -> impl Future<Output = Result<i64, StoreError>> + Send;
    /// Raises the floor; it never sinks.
    fn raise_floor(&mut self, to: i64) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Takes the oldest entries up to a number away, at most `most`; returns how many those were.
    fn expire_entries(
        &mut self,
        through: i64,
        most: i64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// Takes the oldest batches that end before a number away, at most `most`; returns how many those were.
    fn expire_batches(
        &mut self,
        before: i64,
        most: i64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// How far the log has been gone through, locked.
    fn lock_through(&mut self) -> impl Future<Output = Result<i64, StoreError>> + Send;
    /// Takes every entry away that is older than one with a number in (after, through] of the same aggregate in the
    /// same scope; returns how many those were.
    fn supersede(
        &mut self,
        after: i64,
        through: i64,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;
    /// The log has been gone through up to there.
    fn set_through(&mut self, through: i64) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Compacts what is due at `now`.
///
/// # Errors
/// The database refused; what was done until then stays done, and is right.
pub async fn compact<L: Ledger<Tx: Compacting>>(
    db: &L,
    now: DateTime<Utc>,
) -> Result<Done, StoreError> {
    let mut done = Done::default();
    raise_floor(db, now).await?;
    for _ in 0..ROUND {
        match expire(db).await? {
            0 => break,
            gone => done.expired += gone,
        }
    }
    for _ in 0..ROUND {
        match supersede(db, now).await? {
            Some(gone) => done.superseded += gone,
            None => break,
        }
    }
    metrics::counter!("sync_log_superseded_total").increment(done.superseded);
    metrics::counter!("sync_log_expired_total").increment(done.expired);
    Ok(done)
}

/// Cursors below the end of what was closed 45 days ago are reset from now on.
async fn raise_floor<L: Ledger<Tx: Compacting>>(
    db: &L,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    write_tx!(db, |tx| {
        let due = tx.last_closed(now - KEPT).await?;
        if due > tx.floor().await? {
            tx.raise_floor(due).await?;
        }
        Ok(())
    })
}

/// Takes the next entries up to the floor away, and batches before the one that ends there: its tag is still asked
/// for. Returns how many rows that were.
async fn expire<L: Ledger<Tx: Compacting>>(db: &L) -> Result<u64, StoreError> {
    write_tx!(db, |tx| {
        let floor = tx.floor().await?;
        let entries = tx.expire_entries(floor, STEP).await?;
        Ok(entries + tx.expire_batches(floor, STEP).await?)
    })
}

/// Goes on through the log, at most to what is a day old; `None` when it is there.
async fn supersede<L: Ledger<Tx: Compacting>>(
    db: &L,
    now: DateTime<Utc>,
) -> Result<Option<u64>, StoreError> {
    write_tx!(db, |tx| {
        let due = tx.last_closed(now - WHOLE).await?;
        let done = tx.lock_through().await?;
        let from = done.max(tx.floor().await?);
        let through = due.min(from + STEP);
        if through <= from {
            return Ok(None);
        }
        let gone = tx.supersede(from, through).await?;
        tx.set_through(through).await?;
        Ok(Some(gone))
    })
}
