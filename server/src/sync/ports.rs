//! What the sync core needs of a database and of the machine it runs on, and no more: the core knows no SQL and no
//! runtime. MySQL implements these in [`crate::store::ports`]; the simulation (`sim/`) implements them in memory, with
//! the same locks, snapshots and faults. Every call is a place where the caller may be stopped for good.
//!
//! Isolation, whoever implements it: a [`Ledger::Tx`] is READ COMMITTED, each call sees what is committed by then and
//! its own writes; `lock_…` waits for the row and holds it to the end; any [`StoreError`] means that the whole
//! transaction is given up. A [`Ledger::Snapshot`] shows one moment.

pub use super::{
    feed_ports::{Look, Place, Pulling, Sequencing},
    push_ports::{Company, Effecting, Opening, Pushing, VisitRows},
};
use crate::{
    books::Compiled,
    problem::Problem,
    store::{
        StoreError, WriteError,
        db::{ATTEMPTS, Tries},
        devices::Progress,
        orders::Route,
    },
};
use chrono::{DateTime, Utc};
use huishou_domain::{
    command::Command,
    ids::{DeviceId, StaffId},
    staff::Station,
};
use std::{future::Future, sync::Arc};
use uuid::Uuid;

/// A database that holds the change feed, the devices' progress and the aggregates.
pub trait Ledger: Clone + Send + Sync + 'static {
    /// A write.
    type Tx: Pushing + Sequencing;
    /// A read.
    type Snapshot: Pulling;

    /// Begins a transaction. Dropped without commit it is rolled back.
    fn begin(&self) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send;
    /// Commits; on an error nothing is written, or nobody can know.
    fn commit(&self, tx: Self::Tx) -> impl Future<Output = Result<(), StoreError>> + Send;
    /// Gives everything up.
    fn rollback(&self, tx: Self::Tx) -> impl Future<Output = ()> + Send;
    /// Leaves a busy database alone for a moment, longer after more tries.
    fn pause(&self, tries: u32) -> impl Future<Output = ()> + Send;
    /// One consistent moment, read-only.
    fn snapshot(&self) -> impl Future<Output = Result<Self::Snapshot, StoreError>> + Send;
    /// Whether anything waits for a number; cheap, asked often.
    fn anything_pending(&self) -> impl Future<Output = Result<bool, StoreError>> + Send;
    /// How far a device's mutations have come by now.
    fn progress(
        &self,
        device: DeviceId,
    ) -> impl Future<Output = Result<Progress, StoreError>> + Send;
    /// A batch's tag: 16 random bytes.
    fn tag(&self) -> [u8; 16];

    /// Begins the sequencer's transaction; apart from the others where somebody watches over who holds the head.
    fn begin_sequencing(&self) -> impl Future<Output = Result<Self::Tx, StoreError>> + Send {
        self.begin()
    }
    /// A snapshot that shows every commit there was when it was asked for, also on a replica or in a cluster.
    fn snapshot_of_now(&self) -> impl Future<Output = Result<Self::Snapshot, StoreError>> + Send {
        self.snapshot()
    }
    /// What one look shows, of one moment.
    fn look(
        &self,
        device: DeviceId,
        staff: StaffId,
        place: &Place,
    ) -> impl Future<Output = Result<Look, StoreError>> + Send {
        async move {
            let mut snapshot = self.snapshot().await?;
            let look = snapshot.look(device, staff, place).await?;
            snapshot.finish().await?;
            Ok(look)
        }
    }
    /// Which history this is by now.
    fn epoch(&self) -> impl Future<Output = Result<Uuid, StoreError>> + Send {
        async move {
            let mut snapshot = self.snapshot().await?;
            let head = snapshot.head().await?;
            snapshot.finish().await?;
            Ok(head.epoch)
        }
    }
    /// Begins another history if `old` is still the one; false where somebody else has begun one, or nobody can.
    fn rotate_epoch(
        &self,
        _old: Uuid,
        _new: Uuid,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send {
        async { Ok(false) }
    }

    /// What follows from an attempt of [`write_tx!`](crate::write_tx): commits a success, rolls an error back; `None`
    /// asks for another try.
    fn settle<T: Send, E: WriteError + Send>(
        &self,
        tx: Self::Tx,
        outcome: Result<T, E>,
        tries: &mut Tries,
    ) -> impl Future<Output = Option<Result<T, E>>> + Send {
        async move {
            let error = match outcome {
                Ok(value) => match self.commit(tx).await {
                    Ok(()) => return Some(Ok(value)),
                    Err(error) => E::from(error),
                },
                Err(error) => {
                    self.rollback(tx).await;
                    error
                }
            };
            let tried = tries.one_more();
            if !error.is_busy() || tried >= ATTEMPTS {
                return Some(Err(error));
            }
            self.pause(tried).await;
            None
        }
    }
}

/// What must be at hand before a command's transaction begins: DDL commits implicitly, and a transaction that waits
/// for a second connection could starve the pool.
#[derive(Debug, Clone, Default)]
pub struct Prepared {
    /// The price book its quote names, if the server has it; of a phone booking without a quote, the one in force.
    pub book: Option<Arc<Compiled>>,
    /// The depot that serves a phone booking, if one does.
    pub depot: Option<Station>,
    /// Where the order of a new ticket or phone booking goes.
    pub route: Option<Route>,
}

/// The machine that processes pushes.
pub trait Host: Clone + Send + Sync + 'static {
    /// Its database.
    type Ledger: Ledger;

    /// The database.
    fn ledger(&self) -> &Self::Ledger;
    /// Server time.
    fn now(&self) -> DateTime<Utc>;
    /// Looks up and makes what a command's transaction will need.
    fn prepare(&self, command: &Command) -> impl Future<Output = Result<Prepared, Problem>> + Send;
    /// Runs work to its end even if who waits for it goes away; a panic in it is an error, in words.
    fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> impl Future<Output = Result<T, String>> + Send;
}
