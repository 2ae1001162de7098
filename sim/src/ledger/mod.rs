//! The database of the simulation: row locks, READ COMMITTED transactions, consistent snapshots, numbers given at insert
//! and commits in another order; and what databases do to those who use them: deadlocks, lock waits, lost connections
//! (also after the commit took effect), and a fail-over that has never heard of the newest commits.

mod compaction;
mod desk;
mod failing;
mod faults;
pub mod leaving;
mod locks;
pub mod pictures;
pub mod pushing;
pub mod replica;
pub mod rows;
mod sequencing;
pub mod sessions;
mod snapshot;
mod tx;
mod visits;

pub use faults::{Counts, Faults, Sabotage};
pub use snapshot::SimSnapshot;
pub use tx::SimTx;

use crate::{
    chance::Chance,
    executor::{Executor, MILLI, Node},
};
use huishou_domain::{ids::DeviceId, sync::revocation::Mode};
use huishou_server::{
    store::{StoreError, devices::Progress, sync_head::Head},
    sync::ports::Ledger,
};
use locks::Locks;
use rows::{Key, Row, Tables};
use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use uuid::Uuid;

/// So many commits can be forgotten by a fail-over.
const HISTORY: usize = 64;

/// What one commit changed.
#[derive(Debug, Clone)]
pub struct Change {
    /// Which row.
    pub key: Key,
    /// Before.
    pub was: Option<Row>,
    /// After.
    pub is: Option<Row>,
}

/// A commit, for those who check.
#[derive(Debug, Clone)]
pub struct Commit {
    /// On which node it was made.
    pub by: Node,
    /// What it changed.
    pub changes: Vec<Change>,
}

struct Inner {
    tables: Arc<Tables>,
    undo: VecDeque<Vec<(Key, Option<Row>)>>,
    commits: Vec<Commit>,
    locks: Locks,
    next_tx: u64,
    next_outbox: i64,
    /// Raised by every fail-over: transactions of before are gone.
    reign: u64,
    up: bool,
    faults: Faults,
    counts: Counts,
    highest_moved: i64,
    sleepers: Vec<std::task::Waker>,
    /// Rows that were made, and that a fail-over forgot.
    forgotten: BTreeSet<Key>,
    /// Devices that were ever shut out, and how.
    shut: BTreeSet<(Uuid, Mode)>,
}

/// The database; clones are connections to the same one.
#[derive(Clone)]
pub struct SimLedger {
    inner: Arc<Mutex<Inner>>,
    executor: Executor,
    chance: Chance,
    sabotage: Sabotage,
    /// The newest snapshot that a pull of this handle has finished with.
    seen: Arc<Mutex<Option<Arc<Tables>>>>,
}

impl SimLedger {
    /// A database that holds these rows.
    #[must_use]
    pub fn new(executor: Executor, chance: Chance, tables: Tables, sabotage: Sabotage) -> Self {
        let inner = Inner {
            tables: Arc::new(tables),
            undo: VecDeque::new(),
            commits: Vec::new(),
            locks: Locks::default(),
            next_tx: 1,
            next_outbox: 1,
            reign: 0,
            up: true,
            faults: Faults::default(),
            counts: Counts::default(),
            highest_moved: 0,
            sleepers: Vec::new(),
            forgotten: BTreeSet::new(),
            shut: BTreeSet::new(),
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
            executor,
            chance,
            sabotage,
            seen: Arc::default(),
        }
    }

    /// The same database, through a handle that remembers what its own pulls saw.
    #[must_use]
    pub fn handle(&self) -> Self {
        Self {
            seen: Arc::default(),
            ..self.clone()
        }
    }

    /// What the newest finished snapshot of this handle showed.
    #[must_use]
    pub fn seen(&self) -> Option<Arc<Tables>> {
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is committed now.
    #[must_use]
    pub fn tables(&self) -> Arc<Tables> {
        Arc::clone(&self.inner().tables)
    }

    /// The commits since this was last asked.
    #[must_use]
    pub fn take_commits(&self) -> Vec<Commit> {
        std::mem::take(&mut self.inner().commits)
    }

    /// How often what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.inner().faults = faults;
    }

    /// What happened so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.inner().counts
    }

    /// What is committed, asked for over the wire.
    ///
    /// # Errors
    /// Of the database.
    pub async fn read(&self) -> Result<Arc<Tables>, StoreError> {
        self.call(self.reign()).await?;
        Ok(self.tables())
    }

    /// Bytes nobody can guess.
    #[must_use]
    pub fn secret(&self) -> [u8; 32] {
        self.chance.bytes()
    }

    /// What is sabotaged.
    #[must_use]
    pub const fn sabotage(&self) -> Sabotage {
        self.sabotage
    }

    /// Makes a row that is missing, at once and for good: what the server makes outside transactions.
    pub fn make(&self, key: Key, row: impl FnOnce() -> Row) {
        let mut inner = self.inner();
        if !inner.tables.contains_key(&key) {
            inner.commit(Node::WORLD, [(key, Some(row()))]);
        }
    }

    /// Waits until something waits for a number.
    pub async fn written(&self) {
        std::future::poll_fn(|context| {
            let mut inner = self.inner();
            let first = inner
                .tables
                .range(Key::Outbox(i64::MIN)..=Key::Outbox(i64::MAX))
                .next();
            if inner.up && first.is_some() {
                return std::task::Poll::Ready(());
            }
            inner.sleepers.push(context.waker().clone());
            std::task::Poll::Pending
        })
        .await;
    }

    /// A call on the wire: others come between, and it may fail.
    async fn call(&self, reign: u64) -> Result<(), StoreError> {
        tokio::task::yield_now().await;
        if self.chance.permille(200) {
            let slow = self.inner().faults.slow.max(2 * MILLI);
            self.executor.sleep(self.chance.below(slow)).await;
        }
        let mut inner = self.inner();
        if !inner.up || inner.reign != reign {
            return Err(StoreError::unavailable("the database went away"));
        }
        if self.chance.permille(inner.faults.busy) {
            inner.counts.busy += 1;
            return Err(StoreError::busy("deadlock found when trying to get lock"));
        }
        if self.chance.permille(inner.faults.lost) {
            inner.counts.lost += 1;
            return Err(StoreError::unavailable("connection reset"));
        }
        Ok(())
    }

    fn reign(&self) -> u64 {
        self.inner().reign
    }

    fn row(&self, key: &Key) -> Option<Row> {
        self.inner().tables.get(key).cloned()
    }
}

impl Inner {
    fn commit(&mut self, by: Node, writes: impl IntoIterator<Item = (Key, Option<Row>)>) {
        let tables = Arc::make_mut(&mut self.tables);
        let (mut undo, mut changes) = (Vec::new(), Vec::new());
        for (key, is) in writes {
            let was = match &is {
                Some(row) => tables.insert(key.clone(), row.clone()),
                None => tables.remove(&key),
            };
            if let (Key::Shut(device), Some(Row::Shut(mode, _))) = (&key, &is) {
                self.shut.insert((*device, *mode));
            }
            undo.push((key.clone(), was.clone()));
            changes.push(Change { key, was, is });
        }
        if changes.is_empty() {
            return;
        }
        self.undo.push_back(undo);
        if self.undo.len() > HISTORY {
            self.undo.pop_front();
        }
        self.commits.push(Commit { by, changes });
        for waker in self.sleepers.drain(..) {
            waker.wake();
        }
        self.counts.commits += 1;
    }
}

impl Ledger for SimLedger {
    type Tx = SimTx;
    type Snapshot = SimSnapshot;

    async fn begin(&self) -> Result<SimTx, StoreError> {
        let reign = self.reign();
        self.call(reign).await?;
        Ok(SimTx::new(self.clone()))
    }

    async fn commit(&self, tx: SimTx) -> Result<(), StoreError> {
        tx.commit().await
    }

    async fn rollback(&self, tx: SimTx) {
        tokio::task::yield_now().await;
        drop(tx);
    }

    async fn pause(&self, tries: u32) {
        let base = 5_u64 << tries.min(6);
        let jitter = self.chance.below(base + 1);
        self.executor.sleep((base + jitter) * MILLI).await;
    }

    async fn snapshot(&self) -> Result<SimSnapshot, StoreError> {
        let reign = self.reign();
        self.call(reign).await?;
        Ok(SimSnapshot::new(self.clone(), reign))
    }

    async fn anything_pending(&self) -> Result<bool, StoreError> {
        self.call(self.reign()).await?;
        Ok(self
            .tables()
            .range(Key::Outbox(i64::MIN)..=Key::Outbox(i64::MAX))
            .next()
            .is_some())
    }

    async fn progress(&self, device: DeviceId) -> Result<Progress, StoreError> {
        self.call(self.reign()).await?;
        progress_of(self.row(&Key::Device(device.0)), device.0)
    }

    fn tag(&self) -> [u8; 16] {
        self.chance.bytes()
    }

    async fn rotate_epoch(&self, old: Uuid, new: Uuid) -> Result<bool, StoreError> {
        let mut tx = self.begin().await?;
        let head = tx.lock_head().await?;
        if head.epoch != old {
            return Ok(false);
        }
        tx.put(Key::Head, Row::Head(Head { epoch: new, ..head }));
        tx.commit().await?;
        self.inner().counts.epochs += 1;
        Ok(true)
    }
}

fn progress_of(row: Option<Row>, device: Uuid) -> Result<Progress, StoreError> {
    match row {
        Some(Row::Device(progress)) => Ok(progress),
        _ => Err(StoreError::Unreadable(format!("no device {device}"))),
    }
}
