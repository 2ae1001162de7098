//! Connections that were of use a moment ago. The driver's pool asks each one that comes back whether it is still there,
//! a round trip of the database's for every request, on a task of its own; one whose work ended as it should is there.
//! What was given up in the midst of something goes back to the pool, which sets it right, or is closed.

use super::freshness::Freshness;
use sqlx::{MySql, MySqlConnection, MySqlPool, pool::PoolConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::Notify};

/// A connection that was of use so lately is there still.
pub(super) const SURELY_THERE: Duration = Duration::from_secs(1);
/// After so long the pool looks at it again: it knows how old a connection may become.
const LOOKED_AT: Duration = Duration::from_secs(60);

/// The connections of one pool that wait for their next use.
#[derive(Debug)]
pub(super) struct Resting {
    pool: MySqlPool,
    freshness: Arc<Freshness>,
    rested: Mutex<Vec<(Lent, Instant)>>,
    /// Most that may rest: one is left to those who ask the pool itself.
    most: usize,
    waiting: AtomicUsize,
    came_back: Notify,
}

impl Resting {
    pub(super) fn of(pool: MySqlPool, freshness: Arc<Freshness>, connections: u32) -> Self {
        Self {
            pool,
            freshness,
            rested: Mutex::default(),
            most: usize::try_from(connections.saturating_sub(1)).unwrap_or(usize::MAX),
            waiting: AtomicUsize::new(0),
            came_back: Notify::new(),
        }
    }

    /// A connection: the one that came back last, or one of the pool's, or whichever comes back first.
    pub(super) async fn lend(&self) -> Result<Lent, sqlx::Error> {
        // Before the look: whatever comes back after it is told.
        let _waiting = Waiting::on(&self.waiting);
        loop {
            if let Some(lent) = self.fresh() {
                return Ok(lent);
            }
            tokio::select! {
                lent = self.lend_asked() => return lent,
                () = self.came_back.notified() => {}
            }
        }
    }

    /// One of the pool's, which is asked whether it is there if it was of no use for long.
    pub(super) async fn lend_asked(&self) -> Result<Lent, sqlx::Error> {
        let settled = self.freshness.settled();
        Ok(Lent {
            connection: self.pool.acquire().await?,
            since: Instant::now(),
            settled,
            open: false,
        })
    }

    /// The newest, if it may be used; the others are then no better, and go back to the pool.
    fn fresh(&self) -> Option<Lent> {
        let (lent, since) = self.lock().pop()?;
        if since.elapsed() <= SURELY_THERE && lent.settled == self.freshness.settled() {
            return Some(lent);
        }
        let others = std::mem::take(&mut *self.lock());
        drop(others);
        None
    }

    /// Takes back a connection whose work is whole.
    pub(super) fn rest(&self, mut lent: Lent) {
        lent.open = false;
        if lent.since.elapsed() > LOOKED_AT {
            return;
        }
        let mut rested = self.lock();
        if rested.len() >= self.most {
            return;
        }
        rested.push((lent, Instant::now()));
        drop(rested);
        if self.waiting.load(Ordering::SeqCst) > 0 {
            self.came_back.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Lent, Instant)>> {
        self.rested.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Resting {
    /// Without a runtime they cannot go back: the process ends, and they with it.
    fn drop(&mut self) {
        if Handle::try_current().is_err() {
            std::mem::forget(std::mem::take(&mut *self.lock()));
        }
    }
}

/// Counts one who waits, until it is dropped.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn on(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A connection in use. Dropped, it goes back to the pool, which asks it how it is; in the midst of a transaction it is
/// closed, which undoes that.
#[derive(Debug)]
pub struct Lent {
    connection: PoolConnection<MySql>,
    since: Instant,
    settled: u64,
    open: bool,
}

impl Lent {
    /// A transaction begins, which ends with [`Resting::rest`].
    pub(super) const fn open(&mut self) {
        self.open = true;
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.open {
            self.connection.close_on_drop();
        }
    }
}

impl Deref for Lent {
    type Target = MySqlConnection;

    fn deref(&self) -> &MySqlConnection {
        &self.connection
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut MySqlConnection {
        &mut self.connection
    }
}
