//! Connections that were of use a moment ago. The driver's pool asks each one that comes back whether it is still there,
//! a round trip of the database's for every request, on a task of its own; one whose work ended as it should is there.
//! What was given up in the midst of something goes back to the pool, which sets it right, or is closed.
//!
//! All are counted: who holds one and who waits for one. Beyond a bound nobody waits: a queue that grows helps nobody.

use super::{StoreError, freshness::Freshness};
use sqlx::{MySql, MySqlConnection, MySqlPool, pool::PoolConnection};
use std::{
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{runtime::Handle, sync::Notify, time::timeout};

/// A connection that was of use so lately is there still.
pub(super) const SURELY_THERE: Duration = Duration::from_secs(1);
/// After so long the pool looks at it again: it knows how old a connection may become.
const LOOKED_AT: Duration = Duration::from_secs(60);

/// How many connections there may be, and how long and in what number one may wait for them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub open: usize,
    pub waiting: usize,
    pub patience: Duration,
}

/// What a pool's connections are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// Connections that are open.
    pub open: usize,
    /// Of them, those in use.
    pub in_use: usize,
    /// Who waits for one.
    pub waiting: usize,
}

/// The connections of one pool that wait for their next use.
#[derive(Debug)]
pub(super) struct Resting {
    name: Arc<str>,
    pool: MySqlPool,
    freshness: Arc<Freshness>,
    rested: Mutex<Vec<(Lent, Instant)>>,
    /// Most that may rest: one is left to those who ask the pool itself.
    most: usize,
    bounds: Bounds,
    /// Those who hold one and those who wait for one.
    demand: Arc<AtomicUsize>,
    waiting: AtomicUsize,
    came_back: Notify,
}

impl Resting {
    pub(super) fn of(
        name: &str,
        pool: MySqlPool,
        freshness: Arc<Freshness>,
        most: usize,
        bounds: Bounds,
    ) -> Self {
        Self {
            name: name.into(),
            pool,
            freshness,
            rested: Mutex::default(),
            most,
            bounds,
            demand: Arc::default(),
            waiting: AtomicUsize::new(0),
            came_back: Notify::new(),
        }
    }

    /// A connection: the one that came back last, or one of the pool's, or whichever comes back first.
    ///
    /// # Errors
    /// [`StoreError::Saturated`] where too many wait already, or where none became free in time; the database cannot be
    /// reached.
    pub(super) async fn lend(&self) -> Result<Lent, StoreError> {
        let place = self.place()?;
        if let Some(lent) = self.fresh() {
            return Ok(lent.held(place));
        }
        let started = Instant::now();
        let lent = timeout(self.bounds.patience, self.wait()).await;
        let waited = started.elapsed();
        metrics::histogram!("database_wait_seconds", "pool" => Arc::clone(&self.name))
            .record(waited);
        match lent {
            Ok(Ok(lent)) => Ok(lent.held(place)),
            Ok(Err(error)) if !matches!(error, sqlx::Error::PoolTimedOut) => Err(error.into()),
            _ if self.demand.load(Ordering::SeqCst) > self.bounds.open => Err(self.saturated()),
            _ => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    fn place(&self) -> Result<Place, StoreError> {
        let (place, before) = Place::of(&self.demand);
        if before >= self.bounds.open.saturating_add(self.bounds.waiting) {
            return Err(self.saturated());
        }
        Ok(place)
    }

    fn saturated(&self) -> StoreError {
        metrics::counter!("database_busy_total", "pool" => Arc::clone(&self.name)).increment(1);
        StoreError::Saturated
    }

    async fn wait(&self) -> Result<Lent, sqlx::Error> {
        // Before the look: whatever comes back after it is told.
        let _waiting = Waiting::on(&self.waiting);
        let lent = loop {
            if let Some(lent) = self.fresh() {
                break lent;
            }
            tokio::select! {
                lent = self.ask() => break lent?,
                () = self.came_back.notified() => {}
            }
        };
        // Two that came back at the same time may have been told once.
        if self.waiting.load(Ordering::SeqCst) > 1 && !self.lock().is_empty() {
            self.came_back.notify_one();
        }
        Ok(lent)
    }

    /// In the place of one that was of no use: one of the pool's, which is asked whether it is there if it was not used
    /// for long.
    pub(super) async fn instead_of(&self, mut lent: Lent) -> Result<Lent, sqlx::Error> {
        let place = lent.place.take();
        drop(lent);
        let mut lent = self.ask().await?;
        lent.place = place;
        Ok(lent)
    }

    async fn ask(&self) -> Result<Lent, sqlx::Error> {
        let settled = self.freshness.settled();
        Ok(Lent {
            connection: self.pool.acquire().await?,
            since: Instant::now(),
            settled,
            open: false,
            place: None,
        })
    }

    /// How its connections are used at the moment.
    pub(super) fn usage(&self) -> Use {
        let waiting = self.waiting.load(Ordering::SeqCst);
        Use {
            open: usize::try_from(self.pool.size()).unwrap_or(0),
            in_use: self.demand.load(Ordering::SeqCst).saturating_sub(waiting),
            waiting,
        }
    }

    /// The same, for whoever watches.
    pub(super) fn measure(&self) {
        let usage = self.usage();
        for (state, count) in [
            ("open", usage.open),
            ("in_use", usage.in_use),
            ("waiting", usage.waiting),
        ] {
            metrics::gauge!("database_connections", "pool" => Arc::clone(&self.name), "state" => state)
                .set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
        }
    }

    /// Sends back to the pool what has rested for long, and closes of the pool's unused connections all but `idle`.
    pub(super) async fn tidy(&self, idle: usize) {
        let old = {
            let mut rested = self.lock();
            let young = rested.partition_point(|(_, since)| since.elapsed() > SURELY_THERE);
            rested.drain(..young).collect::<Vec<_>>()
        };
        drop(old);
        for _ in idle..self.pool.num_idle() {
            let Some(connection) = self.pool.try_acquire() else {
                return;
            };
            if let Err(error) = connection.close().await {
                tracing::debug!(%error, "an unused connection had gone already");
            }
        }
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
        lent.place = None;
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

/// Counts one who holds a connection or waits for one, until it is dropped.
#[derive(Debug)]
struct Place(Arc<AtomicUsize>);

impl Place {
    /// Also how many there were before.
    fn of(count: &Arc<AtomicUsize>) -> (Self, usize) {
        let before = count.fetch_add(1, Ordering::SeqCst);
        (Self(Arc::clone(count)), before)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
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
    place: Option<Place>,
}

impl Lent {
    fn held(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

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
