//! Histories (sync.md 11): a database restored or failed over to an older state goes on under a new epoch, so that no
//! device takes the numbers of the one for those of the other.

use super::ports::Ledger;
use crate::store::StoreError;
use uuid::{Builder, Uuid};

/// Begins another history in place of `old`, whatever number of callers noticed at once; returns the one in force.
///
/// # Errors
/// Of the database.
pub async fn rotate<L: Ledger>(db: &L, old: Uuid) -> Result<Uuid, StoreError> {
    let new = Builder::from_random_bytes(db.tag()).into_uuid();
    if db.rotate_epoch(old, new).await? {
        metrics::counter!("sync_epoch_rotations_total").increment(1);
        tracing::error!(%old, %new, "the history of changes was cut: the database is older than what devices have read of it; another epoch has begun");
        return Ok(new);
    }
    db.epoch().await
}
